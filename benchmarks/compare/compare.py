#!/usr/bin/env python3
"""
RedisLite beside redis-server, on the same machine in one run, taking turns.

    python3 benchmarks/compare/compare.py                  every row; the big data sets need 3 GB and some minutes
    python3 benchmarks/compare/compare.py --quick          under two minutes: fewer rounds, small data sets
    python3 benchmarks/compare/compare.py --rows cpu,startup --loads GET,SET --pipelines 16,64
    python3 benchmarks/compare/compare.py --ours 'redis-server'          what noise looks like

Rows: cpu (server CPU per request and requests per second), big (commands on keys of a million elements), get (random GET over many keys), latency (one client, p50),
memory (bytes of resident growth per item), churn (changing sizes, then deletes, then FLUSHALL), startup (first PONG, idle size);
aof (SET with an append-only file), save (SAVE, BGSAVE, loading an RDB file), bgsave (what clients feel meanwhile).
CPU is the process's own clock (user and system time of all its threads); figures are medians over rounds. A ratio is ours
divided by redis-server's: below 1 is better for CPU, memory and latency. `<= x` is the figure that the project has promised.
"""
import argparse, csv, io, json, os, shlex, statistics, subprocess, sys

sys.dont_write_bytecode = True
import durability
import rows
from servers import ROOT, Server

ALL_ROWS = ("cpu", "get", "latency", "memory", "churn", "startup", "big", "aof", "save", "bgsave")
DEFAULT_ROWS = ALL_ROWS[:6]


class Run:
    def __init__(self, options):
        self.o, self.results, self.missed = options, [], 0
        self.commands = {"redis-server": shlex.split(options.redis), "ours": shlex.split(options.ours)}

    def server(self, name, *extra):
        return Server(name, self.commands[name], extra)

    def report(self, section, name, redis, ours, unit, target=None):
        """One line: both figures, their ratio and whether a promised figure is kept. target: ("ratio"|"ours", most)."""
        ratio = ours / redis if redis else float("nan")
        kept = ""
        if target and target[1] is not None:
            good = (ratio if target[0] == "ratio" else ours) <= target[1]
            kept = "<= %g%s" % (target[1], "" if good else "   MISSED")
            self.missed += not good
        print("%-10s %-34s %12s %12s %-8s %6.2f  %s" % (section, name, show(redis), show(ours), unit, ratio, kept), flush=True)
        self.results.append(dict(section=section, name=name, redis=redis, ours=ours, unit=unit, ratio=ratio, target=target))


def show(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.3f" % value


def benchmark(server, arguments, requests, clients, pipeline, keys):
    """One run of redis-benchmark: CPU nanoseconds per request, requests per second and p50 in microseconds."""
    before = server.cpu_ns()
    command = ["redis-benchmark", "-p", str(server.port), "-n", str(requests), "-c", str(clients), "-P", str(pipeline), "-r", str(keys), "--csv"]
    done = subprocess.run(command + arguments, capture_output=True, text=True)
    cpu = server.cpu_ns() - before
    table = list(csv.DictReader(io.StringIO(done.stdout[done.stdout.find('"test"'):])))
    if done.returncode or not table or "rror" in done.stderr:
        raise SystemExit("redis-benchmark %s on %s: %s %s" % (arguments, server.name, done.stdout, done.stderr))
    return cpu / requests, float(table[0]["rps"]), float(table[0]["p50_latency_ms"]) * 1000


def alternating(run, servers, rounds, measure):
    """measure(server) for each server in turn, `rounds` times; medians of each figure by server."""
    taken = {s.name: [] for s in servers}
    for turn in range(rounds):
        for server in servers if turn % 2 == 0 else reversed(servers):
            taken[server.name].append(measure(server))
    return {name: [statistics.median(column) for column in zip(*values)] for name, values in taken.items()}


def cpu_rows(run):
    scale = 0.15 if run.o.quick else 1
    for name, before, arguments in rows.LOADS:
        if name not in run.o.loads:
            continue
        for pipeline in run.o.pipelines:
            requests = int({1: 120_000, 16: 1_000_000}.get(pipeline, 2_000_000) * scale / (5 if name in rows.HEAVY else 10 if name == "LRANGE_100" else 1))
            if name in rows.USED_UP:
                requests = min(requests, rows.FILLED)
            with run.server("redis-server") as redis, run.server("ours") as ours:
                both = (redis, ours)
                for server in both:
                    for step in before:
                        rows.prepare(server, *step)
                    for _ in range(2):          # warm caches, and code that a runtime compiles again once it is hot
                        benchmark(server, arguments, max(requests // 2, 100_000 if pipeline == 1 else 300_000), 50, pipeline, rows.KEYS)

                def measure(server):
                    for step in before if name in rows.USED_UP else ():
                        rows.prepare(server, *step)
                    return benchmark(server, arguments, requests, 50, pipeline, rows.KEYS)

                figures = alternating(run, both, run.o.rounds, measure)
            label = "%s, pipeline %d" % (name, pipeline)
            run.report("cpu", label, figures["redis-server"][0], figures["ours"][0], "ns/req", ("ratio", rows.target(name, pipeline)))
            run.report("rate", label, figures["redis-server"][1], figures["ours"][1], "req/s")


def big_rows(run):
    for name, before, arguments, requests, pipeline, most in rows.BIG:
        if run.o.big not in name:
            continue
        with run.server("redis-server") as redis, run.server("ours") as ours:
            for server in (redis, ours):
                rows.prepare(server, *before)
                benchmark(server, arguments, requests, 10, pipeline, 1_000_000)
            figures = alternating(run, (redis, ours), min(run.o.rounds, 3), lambda s: benchmark(s, arguments, requests, 10, pipeline, 1_000_000))
        run.report("big", name, figures["redis-server"][0], figures["ours"][0], "ns/req", ("ratio", most))


def get_row(run):
    keys = 1_000_000 if run.o.quick else 10_000_000
    with run.server("redis-server") as redis, run.server("ours") as ours:
        for server in (redis, ours):
            server.feed(rows.strings(keys, 16, 16), keys)
        arguments = ["GET", "key:__rand_int__"]
        for server in (redis, ours):
            benchmark(server, arguments, 500_000, 50, 16, keys)
        requests = 300_000 if run.o.quick else 2_000_000
        figures = alternating(run, (redis, ours), run.o.rounds, lambda s: benchmark(s, arguments, requests, 50, 16, keys))
    label = "random GET of %d M keys, pipeline 16" % (keys // 1_000_000)
    run.report("get", label, figures["redis-server"][0], figures["ours"][0], "ns/req", ("ratio", 0.45))
    run.report("rate", label, figures["redis-server"][1], figures["ours"][1], "req/s")


def latency_rows(run):
    requests = 20_000 if run.o.quick else 60_000
    with run.server("redis-server") as redis, run.server("ours") as ours:
        for name, arguments in (("PING", ["PING"]), ("SET", ["SET", "key:__rand_int__", "valuevaluevalue1"]), ("GET", ["GET", "key:__rand_int__"])):
            for server in (redis, ours):
                benchmark(server, arguments, requests, 1, 1, 10_000)
            figures = alternating(run, (redis, ours), max(run.o.rounds, 3), lambda s: benchmark(s, arguments, requests, 1, 1, 10_000))
            run.report("latency", "%s, one client, p50" % name, figures["redis-server"][2], figures["ours"][2], "us", ("ratio", 1.0))


def memory_rows(run):
    for name, items, per_request, make, most, share in rows.MEMORY:
        if name not in run.o.data:
            continue
        count = items // 20 if run.o.quick else items
        bytes_each = {}
        for server_name in ("redis-server", "ours"):
            with run.server(server_name) as server:
                empty = server.started_rss()
                server.feed(make(count), count // per_request)
                bytes_each[server_name] = (server.settled_rss(5) - empty) / count
        target = ("ours", most) if most else ("ratio", share)
        label = name if not run.o.quick else "1/20 of " + name
        run.report("memory", label, bytes_each["redis-server"], bytes_each["ours"], "B/item", target)


def churn_rows(run):
    count = rows.CHURN_KEYS // (10 if run.o.quick else 1)
    taken = {}
    for name in ("redis-server", "ours"):
        with run.server(name) as server:
            empty = server.started_rss()
            server.feed(rows.churn(0, count), count)
            first = server.settled_rss(1.5) - empty
            for number in range(1, rows.CHURN_ROUNDS + 1):
                server.feed(rows.churn(number, count), count)
            churned = server.settled_rss(5) - empty
            gone, chunks = rows.deletes(count)
            server.feed(chunks, gone)
            deleted = server.settled_rss(5) - empty
            server.call("FLUSHALL")
            taken[name] = (churned / first, deleted / churned, (server.settled_rss(5) - empty) / 1e6)
    for index, (label, unit, target) in enumerate((
            ("size after churn / before", "x", ("ours", 1.15)),
            ("size after deleting 60 % / before", "x", ("ours", 0.6)),
            ("left after FLUSHALL", "MB", None))):
        run.report("churn", label, taken["redis-server"][index], taken["ours"][index], unit, target)


def startup_rows(run):
    taken = {name: [] for name in run.commands}
    for _ in range(3 if run.o.quick else 9):
        for name in run.commands:
            with run.server(name) as server:
                taken[name].append((server.startup_seconds * 1000, server.settled_rss(0.3) / 1e6))
    figures = {name: [statistics.median(column) for column in zip(*values)] for name, values in taken.items()}
    run.report("startup", "first PONG", figures["redis-server"][0], figures["ours"][0], "ms")
    run.report("startup", "idle resident size", figures["redis-server"][1], figures["ours"][1], "MB")


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = "dotnet " + shlex.quote(os.path.join(ROOT, "src", "RedisLite", "bin", "Release", "net10.0", "redislite.dll"))
    names = lambda text: text.split(",")
    p.add_argument("--ours", default=default, help="command that starts the server under test (default: the Release build)")
    p.add_argument("--redis", default="redis-server", help="command that starts the reference")
    p.add_argument("--quick", action="store_true", help="under two minutes")
    p.add_argument("--rounds", type=int, help="turns of each server (default 5, quick 2)")
    p.add_argument("--rows", type=names, default=list(DEFAULT_ROWS), help="of " + ",".join(ALL_ROWS) + " (default: the first six)")
    p.add_argument("--loads", type=names, default=list(rows.DEFAULT_LOADS), help="of " + ",".join(r[0] for r in rows.LOADS))
    p.add_argument("--pipelines", type=lambda t: [int(n) for n in t.split(",")], default=list(rows.PIPELINES))
    p.add_argument("--data", default="", help="memory rows whose name contains this text (default: the first five)")
    p.add_argument("--big", default="", help="big rows whose name contains this text")
    p.add_argument("--json", help="write the figures to this file")
    o = p.parse_args()
    o.loads = [name for given in o.loads for name in (rows.FAMILIES if given == "families" else [given])]
    o.rounds = o.rounds or (2 if o.quick else 5)
    o.data = [r[0] for r in rows.MEMORY if o.data in r[0]] if o.data else list(rows.DEFAULT_MEMORY)
    if unknown := set(o.rows) - set(ALL_ROWS):
        p.error("no such rows: " + ", ".join(sorted(unknown)))
    return o


def main():
    options = parse()
    run = Run(options)
    print("%-10s %-34s %12s %12s %-8s %6s" % ("", "", "redis-server", "ours", "", "ratio"))
    table = dict(cpu=cpu_rows, big=big_rows, get=get_row, latency=latency_rows, memory=memory_rows, churn=churn_rows, startup=startup_rows,
                 aof=lambda run: durability.aof_rows(run, benchmark, alternating), save=lambda run: durability.save_and_load_rows(run, alternating),
                 bgsave=durability.bgsave_rows)
    for row in options.rows:
        table[row](run)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(run.results, f, indent=1)
    print("%d figures, %d promised ones missed" % (len(run.results), run.missed))
    return 1 if run.missed else 0


if __name__ == "__main__":
    sys.exit(main())

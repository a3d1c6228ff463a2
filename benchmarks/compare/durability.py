"""
Files beside redis-server: what the append-only file costs (section aof), what loading and saving an RDB file cost (load, save), and what clients feel while a
snapshot of many keys is written under load (bgsave).
"""
import math, multiprocessing, os, random, shutil, socket, statistics, time

import rows
from servers import START_SECONDS, request

MILLION = 1_000_000

# A SET of 16+16 bytes; clients, pipeline, requests at full size.
AOF = [
    ("SET, everysec, pipeline 1", "everysec", 50, 1, 200_000),
    ("SET, everysec, pipeline 16", "everysec", 50, 16, 2_000_000),
    ("SET, always, 50 clients", "always", 50, 1, 50_000),
]


def aof_rows(run, benchmark, alternating):
    scale = 0.2 if run.o.quick else 1
    arguments = ["SET", "key:__rand_int__", "valuevaluevalue1"]
    for label, policy, clients, pipeline, requests in AOF:
        options = ("--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0")
        count = int(requests * scale)
        with run.server("redis-server", *options) as redis, run.server("ours", *options) as ours:
            for server in (redis, ours):
                benchmark(server, arguments, max(count // 2, 60_000), clients, pipeline, rows.KEYS)
            figures = alternating(run, (redis, ours), run.o.rounds, lambda s: benchmark(s, arguments, count, clients, pipeline, rows.KEYS))
        run.report("aof", label, figures["redis-server"][0], figures["ours"][0], "ns/req", ("ratio", 1.0))
        # Wall time is promised here, not only CPU: the seconds for the same number of requests.
        run.report("aof", label + ", wall", count / figures["redis-server"][1], count / figures["ours"][1], "s", ("ratio", 1.0))


def keys_of(run):
    return 2 * MILLION if run.o.quick else 10 * MILLION


def info(server, field):
    with socket.create_connection(("127.0.0.1", server.port), timeout=START_SECONDS) as s:
        s.sendall(request("INFO", "persistence"))
        data = b""
        while b"\r\n" not in data:
            data += s.recv(1 << 16)
        length = int(data[1:data.index(b"\r\n")])
        while len(data) < length:
            data += s.recv(1 << 16)
    for line in data.decode().splitlines():
        if line.startswith(field + ":"):
            return line.split(":", 1)[1]
    return "0"


def children_ns(server):
    """CPU of children that have ended: the fork that wrote a snapshot."""
    with open("/proc/%d/stat" % server.pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def total_cpu(server):
    return server.cpu_ns() + children_ns(server)


def save_once(server, background):
    """CPU and wall seconds of one save, the fork's included."""
    cpu, began = total_cpu(server), time.perf_counter()
    if not background:
        server.call("SAVE")
    else:
        server.call("BGSAVE")
        while info(server, "rdb_bgsave_in_progress") == "1":
            time.sleep(0.01)
    wall = time.perf_counter() - began
    time.sleep(0.15)                                   # the parent counts its child when it has waited for it
    return (total_cpu(server) - cpu) / 1e9, wall


def save_and_load_rows(run, alternating):
    """Both save the same data; then both load the same files, each server's own and the other's."""
    keys, files = keys_of(run), {}
    folder = None
    with run.server("redis-server") as redis, run.server("ours") as ours:
        for server in (redis, ours):
            server.feed(rows.strings(keys, 16, 16), keys)
        rounds = 2 if run.o.quick else 3
        for name, background in (("SAVE", False), ("BGSAVE", True)):
            for server in (redis, ours):
                save_once(server, background)
            figures = alternating(run, (redis, ours), rounds, lambda s: save_once(s, background))
            label = "%s of %d M keys" % (name, keys // MILLION)
            run.report("save", label + ", CPU", figures["redis-server"][0], figures["ours"][0], "s", ("ratio", 1.0))
            run.report("save", label + ", wall", figures["redis-server"][1], figures["ours"][1], "s", ("ratio", 1.0))
        folder = redis.dir + "-files"
        os.mkdir(folder)
        for server in (redis, ours):
            files[server.name] = os.path.join(folder, server.name + ".rdb")
            shutil.move(os.path.join(server.dir, "dump.rdb"), files[server.name])
    try:
        for writer, path in files.items():
            taken = {name: [] for name in run.commands}
            for turn in range(2 if run.o.quick else 3):
                for name in list(run.commands) if turn % 2 == 0 else reversed(list(run.commands)):
                    taken[name].append(load_once(run, name, folder, os.path.basename(path), keys))
            figures = {name: [statistics.median(column) for column in zip(*values)] for name, values in taken.items()}
            label = "%d M keys, file of %s" % (keys // MILLION, writer)
            run.report("load", label + ", CPU", figures["redis-server"][0], figures["ours"][0], "s", ("ratio", 0.8))
            run.report("load", label + ", wall", figures["redis-server"][1], figures["ours"][1], "s", ("ratio", 0.8))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load_once(run, name, folder, file, keys):
    """CPU and wall seconds from the start of the process until all keys are there, less those of an empty start."""
    with run.server(name) as empty:
        base = empty.cpu_ns() / 1e9, empty.startup_seconds
    began = time.perf_counter()
    with run.server(name, "--dir", folder, "--dbfilename", file) as server:
        while server.call("DBSIZE") != ":%d" % keys:
            time.sleep(0.005)
        wall, cpu = time.perf_counter() - began, server.cpu_ns() / 1e9
    return cpu - base[0], wall - base[1]


# --- a snapshot under load -----------------------------------------------------------------------------------------------
WRITES_PER_SECOND = 100_000
BATCH = 50
RECORD = 40                                             # bytes of a key of 16 bytes with a value of 16, which a save must keep twice when it is rewritten


class Load:
    """Pipelined SETs of random existing keys at a steady rate; how long each batch took."""

    def __init__(self, server, keys):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chosen = random.Random(1)
        shape = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$16\r\nvaluevaluevalue2\r\n"
        self.batches = [b"".join(shape % chosen.randrange(keys) for _ in range(BATCH)) for _ in range(20_000)]
        self.next = 0

    def run(self, seconds=None, until=None):
        """The latencies (ms) of batches sent within the time, or until something is over."""
        times, interval = [], BATCH / WRITES_PER_SECOND
        began = due = time.perf_counter()
        while (seconds is not None and due < began + seconds) or (until is not None and not until()):
            now = time.perf_counter()
            if now < due:
                time.sleep(due - now)
            sent = time.perf_counter()
            self.socket.sendall(self.batches[self.next % len(self.batches)])
            self.next += 1
            left = BATCH * 5
            while left > 0:
                left -= len(self.socket.recv(65536))
            times.append((time.perf_counter() - sent) * 1000)
            due = max(due + interval, time.perf_counter() - 1)       # a stall is not paid back for ever
        return times


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def memory(pid):
    """Proportional size of the process and its children: a page that a fork still shares is counted once."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        pids = [str(pid)] + f.read().split()
    total = 0
    for each in pids:
        try:
            with open("/proc/%s/smaps_rollup" % each) as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))
        except OSError:
            pass                                        # it has just ended
    return total


def watch_memory(pid, stop, peak):
    """A process of its own, and a polite one: a thread would make the load wait for the interpreter's lock, and that would be measured."""
    os.nice(10)
    while not stop.wait(0.5):
        peak.value = max(peak.value, memory(pid))


def bgsave_rows(run):
    keys, taken = keys_of(run), {}
    for name in ("redis-server", "ours"):
        with run.server(name) as server:
            server.feed(rows.strings(keys, 16, 16), keys)
            load = Load(server, keys)
            peak, stop = multiprocessing.Value("q", 0), multiprocessing.Event()
            sampler = multiprocessing.Process(target=watch_memory, args=(server.pid, stop, peak))
            sampler.start()
            checked = [0.0]

            def saves():
                if time.perf_counter() - checked[0] < 0.1:
                    return True
                checked[0] = time.perf_counter()
                return info(server, "rdb_bgsave_in_progress") == "1"

            def watched(seconds):                       # before the save as during it: asked and measured just as often
                end = time.perf_counter() + seconds
                return load.run(until=lambda: not saves() and time.perf_counter() > end)
            watched(3)
            idle = watched(5)
            size_before = memory(server.pid)
            written, peak.value = load.next, 0
            server.call("BGSAVE")
            checked[0] = time.perf_counter()
            began = time.perf_counter()
            during = load.run(until=lambda: not saves())
            seconds = time.perf_counter() - began
            stop.set()
            sampler.join()
            written = (load.next - written) * BATCH
            extra = max(0, peak.value - size_before)
            rewritten = keys * (1 - math.exp(-written / keys)) * RECORD
            taken[name] = (percentile(idle, 0.5), percentile(idle, 0.99), percentile(during, 0.5), percentile(during, 0.99), max(during),
                           100.0 * extra / size_before, 100.0 * max(0, extra - rewritten) / size_before, seconds, written / seconds)
    label = "%d M keys, 100 k SET/s" % (keys // MILLION)
    for index, what, unit in ((0, "p50 before", "ms"), (1, "p99 before", "ms"), (2, "p50 during", "ms"), (3, "p99 during", "ms"), (4, "longest during", "ms"),
                              (5, "extra memory", "%"), (6, "extra but for rewritten records", "%"), (7, "duration", "s"), (8, "writes a second during", "1/s")):
        run.report("bgsave", "%s: %s" % (label, what), taken["redis-server"][index], taken["ours"][index], unit, ("ours", 25) if index == 6 else None)
    ratios = [taken[name][3] / taken[name][1] for name in ("redis-server", "ours")]
    run.report("bgsave", label + ": p99 during / before", ratios[0], ratios[1], "x", ("ours", 2.0))

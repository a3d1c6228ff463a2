#!/usr/bin/env python3
"""
How long after its time an `expired` event arrives, with many keys that have TTLs, on both servers in turn.

    python3 benchmarks/compare/expiry.py                        1 M keys that live for an hour, 20 000 more that expire over 20 s
    python3 benchmarks/compare/expiry.py --keys 0 --due 500000  half a million expire over 20 s

Each key is named after its time in ms, so an event says how late it is. The clock is that of this machine for all three processes.
"""
import argparse, re, shlex, socket, sys, time

sys.dont_write_bytecode = True
from servers import ROOT, Server


def pipeline(port, commands, batch=5000):
    with socket.create_connection(("127.0.0.1", port)) as s:
        stream, sent, buffer = s.makefile("rb"), 0, []
        for command in commands:
            buffer.append(command)
            if len(buffer) == batch:
                s.sendall(b"".join(buffer))
                for _ in buffer: stream.readline()
                buffer = []
        s.sendall(b"".join(buffer))
        for _ in buffer: stream.readline()


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def measure(server, o):
    port = server.port
    hour = b"%d" % int((time.time() + 3600) * 1000)
    pipeline(port, (command(b"SET", b"far:%d" % i, b"v", b"PXAT", hour) for i in range(o.keys)))
    pipeline(port, [command(b"CONFIG", b"SET", b"notify-keyspace-events", b"Ex")])
    first = int(time.time() * 1000) + 3000 + o.due // 100
    times = [first + i * o.seconds * 1000 // o.due for i in range(o.due)]
    pipeline(port, (command(b"SET", b"due:%d:%d" % (i, at), b"v", b"PXAT", b"%d" % at) for i, at in enumerate(times)))

    late, rest = [], b""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(command(b"SUBSCRIBE", b"__keyevent@0__:expired"))
        s.settimeout(o.seconds + 30)
        while len(late) < o.due and time.time() * 1000 < first + o.seconds * 1000 + 20000:
            data = rest + s.recv(1 << 20)
            now = time.time() * 1000
            end = data.rfind(b"\r\n") + 2
            late += [now - int(at) for at in re.findall(rb"due:\d+:(\d+)\r\n", data[:end])]
            rest = data[end:]
    late.sort()
    at = lambda share: late[min(len(late) - 1, int(len(late) * share))]
    print("%-14s %9d events   p50 %7.1f   p90 %7.1f   p99 %7.1f   max %7.1f ms late" % (server.name, len(late), at(.5), at(.9), at(.99), late[-1]), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--keys", type=int, default=1000000, help="keys whose TTL does not end in the run")
    p.add_argument("--due", type=int, default=20000, help="keys that expire during the run")
    p.add_argument("--seconds", type=int, default=20)
    p.add_argument("--redis", default="redis-server")
    p.add_argument("--ours", default=str(ROOT) + "/src/RedisLite/bin/Release/net10.0/redislite")
    o = p.parse_args()
    for name, program in (("redis-server", o.redis), ("ours", o.ours)):
        with Server(name, shlex.split(program)) as server:
            measure(server, o)


if __name__ == "__main__":
    main()

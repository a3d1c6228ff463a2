"""Starting, feeding and measuring the servers that are compared."""
import os, shutil, signal, socket, subprocess, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


START_SECONDS = 600                                     # loading ten million keys on a busy machine is part of starting


class Server:
    """One server process on a free port of the loopback interface, in a directory of its own."""

    def __init__(self, name, command, options=()):
        self.name, self.port = name, free_port()
        self.dir = tempfile.mkdtemp(prefix="compare-")
        args = command + ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir, "--save", "", "--appendonly", "no"] + list(options)
        started = time.perf_counter()
        self.process = subprocess.Popen(args, cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.startup_seconds = self._wait_for_pong(started)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _wait_for_pong(self, started):
        while time.perf_counter() - started < START_SECONDS:
            if self.process.poll() is not None:
                raise SystemExit("%s ended with %d" % (self.name, self.process.returncode))
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                    s.sendall(b"PING\r\n")
                    if s.recv(100).startswith(b"+PONG"):
                        return time.perf_counter() - started
            except OSError:
                pass
            time.sleep(0.0005)
        raise SystemExit("%s did not answer" % self.name)

    def cpu_ns(self):
        """User and system time of the whole process, also of threads that have ended, in nanoseconds."""
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def rss(self):
        with open("/proc/%d/statm" % self.pid) as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def settled_rss(self, seconds):
        """The smallest resident size within a few seconds: memory goes back in slices."""
        end, least = time.time() + seconds, self.rss()
        while time.time() < end:
            time.sleep(0.1)
            least = min(least, self.rss())
        return least

    def started_rss(self):
        """The resident size of a server that has finished starting: it answers before, and goes on growing for a moment on a busy machine."""
        before = 0
        while self.rss() > before * 1.005:
            before = self.rss()
            time.sleep(2)
        return self.rss()

    def call(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as s:
            s.sendall(request(*words))
            return read_line(s)

    def feed(self, chunks, replies):
        """Pipes ready-made requests and waits for `replies` reply lines (+OK or :n), which a second thread counts."""
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            counted = []

            def drain():
                left = replies
                while left > 0:
                    data = s.recv(1 << 20)
                    if not data:
                        break
                    left -= data.count(b"\n")
                    if b"-" in data[:1] or b"\r\n-" in data:
                        raise SystemExit("%s: %r" % (self.name, data[:200]))
                counted.append(left)

            reader = threading.Thread(target=drain)
            reader.start()
            for chunk in chunks:
                s.sendall(chunk)
            reader.join()
            if counted != [0]:
                raise SystemExit("%s: %s replies are missing" % (self.name, counted))


def request(*words):
    parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def read_line(s):
    data = b""
    while not data.endswith(b"\n"):
        data += s.recv(4096)
    return data.decode().strip()


def chunked(count, make, per_chunk=2000):
    """make(i) for every i, joined in big pieces: the sender must not be the bottleneck."""
    for start in range(0, count, per_chunk):
        yield b"".join([make(i) for i in range(start, min(start + per_chunk, count))])

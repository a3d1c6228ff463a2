using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using RedisLite.Data.Memory;
using RedisLite.Server;

namespace RedisLite.Benchmarks;

/// <summary>
/// How long the loop of a real server works without a pause, in CPU time of its thread (StallDetector), while something large happens beside a client that
/// only pings; and whether collections happen.
///
///     dotnet run -c Release --project benchmarks/RedisLite.Benchmarks -- pauses [millions of elements]
///
/// Every line is the longest iteration of its step. The server is a process of its own, this program again (`pauses server`), which is told over its standard input to
/// begin a step and to report it: a thread that shared the server's memory would have to acknowledge every page the server gives back, and the loop would wait for it (2 to 83 ms
/// where the host had put that processor aside). An iteration in which the thread was preempted is told apart, because the system's account of such a thread is not to be relied on
/// (up to 65 ms more than a trace has seen it run, docs/design/keyspace.md). The work is made of small requests, so whatever is long is what the server does by itself: growth, expiry, freeing,
/// defragmentation, collection. The promise is 2 ms. An iteration above that is told with what happened to the thread in it. What the machine does by itself is told first and last:
/// a thread that only looks at its clock, and one that only touches fresh memory, and the longest pieces of theirs.
/// </summary>
internal static class PauseCheck
{
    private const int RequestsPerChunk = 64;
    private const int StallsShown = 20;
    private const int SettleMs = 1500;
    private const long TouchedBytes = 512 << 20;

    public static void Run(string[] args)
    {
        var count = (args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1) * 1_000_000;
        using var server = new ServerProcess();
        var client = new Client(server);

        Machine();
        for (var i = 0; i < 3; i++) client.Step($"warming up {i}", 100_000, n => $"SET warm{n % 1000} value");
        client.Step("BGSAVE of few keys", 100_000, n => n == 0 ? "BGSAVE" : $"SET warm{n % 1000} value");
        // What a command costs once, when its code is first needed: the runtime compiles what the build could not compile ahead.
        var kinds = new (string Name, Func<int, string> Add)[]
        {
            ("hash", n => $"HSET big field:{n:d9} value:{n:d9}"), ("set", n => $"SADD big member:{n:d9}"),
            ("zset", n => $"ZADD big {n * 7919L % count} member:{n:d9}"), ("list", n => $"RPUSH big element:{n:d9}"),
        };
        foreach (var (name, add) in kinds)
        {
            client.Step($"first use: {name}", 2000, add);
            client.Step($"first use: DEL of the {name}", 1, _ => "DEL big");
        }
        client.Step("first use: expiry", 2000, n => $"SET expiring{n} value PX 10");
        client.Step("first use: FLUSHALL ASYNC", 1, _ => "FLUSHALL ASYNC");
        // Twice, as the first round still compiles: its code becomes hot only here.
        for (var round = 1; round <= 2; round++)
        {
            Console.WriteLine($"round {round}");
            Round(client, count, kinds);
        }
        Machine();
    }

    private static void Round(Client client, int count, (string Name, Func<int, string> Add)[] kinds)
    {
        client.Step("growth: SET of new keys", count * 2, n => $"SET key:{n:d12} valuevaluevalue1");
        client.Step("steady GET and SET", 500_000, n => n % 2 == 0 ? $"GET key:{n:d12}" : $"SET key:{n:d12} valuevaluevalue2");
        client.Step("BGSAVE beside random SETs", count, n => n == 0 ? "BGSAVE" : $"SET key:{n * 7919L % (count * 2):d12} valuevaluevalue3");
        client.Step("SETs after the BGSAVE", 500_000, n => $"SET key:{n * 7919L % (count * 2):d12} valuevaluevalue4");
        client.Step("defragmentation: DEL of 60 %", count * 2, n => n % 10 < 6 ? $"DEL key:{n:d12}" : "PING");
        client.Step("FLUSHALL ASYNC", 1, _ => "FLUSHALL ASYNC");
        var at = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 30_000;
        client.Step("SET of keys with one expiry", count, n => $"SET key:{n:d12} valuevaluevalue1 PXAT {at}");
        client.Wait("all of them expire", () => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() > at + 5000);
        foreach (var (name, add) in kinds)
        {
            client.Step($"growth of a {name}", count, add);
            client.Step($"DEL of the {name}", 1, _ => "DEL big");
        }
        client.Step("growth of a hash", count, kinds[0].Add);
        client.Step("UNLINK of the hash", 1, _ => "UNLINK big");
    }

    /// <summary>The server's half: "reset" begins a step, any other line is the name of the one that ends, and is answered with its report and an empty line.</summary>
    public static async Task Serve()
    {
        var directory = Directory.CreateTempSubdirectory("redislite-pauses-").FullName;
        var options = new RedisLiteOptions { StallThreshold = TimeSpan.FromMilliseconds(2), Port = RedisLiteOptions.AnyFreePort };
        options.Set("bind", "127.0.0.1");
        options.Set("dir", directory);
        options.Set("save", "");
        await using (var server = await RedisLiteServer.StartAsync(options))
        {
            Console.WriteLine(server.Port);
            var (gen1, gen2) = (0, 0);
            while (Console.ReadLine() is { } line)
            {
                if (line == "reset")
                {
                    (gen1, gen2) = (GC.CollectionCount(1), GC.CollectionCount(2));
                    server.Stalls!.Reset();
                    Console.WriteLine();
                    continue;
                }
                Report(line, server.Stalls!, $", collections of generation 1: {GC.CollectionCount(1) - gen1}, 2: {GC.CollectionCount(2) - gen2}");
                Console.WriteLine();
            }
        }
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>The server in a process of its own.</summary>
    private sealed class ServerProcess : IDisposable
    {
        private readonly Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["pauses", "server"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

        public ServerProcess() => Port = int.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);

        public int Port { get; }

        public void Begin() => Tell("reset");

        public void Report(string step) => Tell(step);

        private void Tell(string line)
        {
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
            while (process.StandardOutput.ReadLine() is { Length: > 0 } answer) Console.WriteLine(answer);
        }

        public void Dispose()
        {
            process.StandardInput.Close();
            process.WaitForExit();
            process.Dispose();
        }
    }

    /// <summary>The longest CPU times that nobody's code is the reason of.</summary>
    private static void Machine()
    {
        Piece("machine: only the clock", pieces: 100_000, static _ => Thread.SpinWait(500));
        foreach (var huge in new[] { false, true })
        {
            var size = huge ? Arena.HugePageBytes : SizeClasses.PageBytes;
            var start = OsMemory.Map(TouchedBytes);
            OsMemory.AdviseHuge(start, TouchedBytes, huge);
            Piece($"machine: touching {size / 1024} KB", (int)(TouchedBytes / size), piece => Touch(start + (nint)(piece * size), size));
            OsMemory.Unmap(start, TouchedBytes);
        }
    }

    private static void Piece(string name, int pieces, Action<int> work)
    {
        var stalls = new StallDetector(TimeSpan.FromMilliseconds(2));
        for (var i = 0; i < pieces; i++)
        {
            stalls.Begin();
            work(i);
            stalls.End();
        }
        Report(name, stalls);
    }

    private static void Touch(nint start, long bytes)
    {
        for (var at = 0; at < bytes; at += Environment.SystemPageSize) Marshal.WriteByte(start, at, 1);
    }

    private static void Report(string name, StallDetector stalls, string more = "")
    {
        Console.WriteLine($"{name,-32} longest {stalls.Longest}, above 2 ms: {stalls.Stalls.Count} of {stalls.Iterations}, not preempted in {stalls.Stalls.Count(s => s.Preemptions == 0)}{more}");
        foreach (var stall in stalls.Stalls.Take(StallsShown)) Console.WriteLine($"{"",-34} above {stall}");
    }

    /// <summary>One connection; its own buffers are reused, so that it makes no garbage worth a collection.</summary>
    private sealed class Client
    {
        private readonly ServerProcess server;
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] received = new byte[64 * 1024];
        private byte[] sent = new byte[64 * 1024];

        public Client(ServerProcess server)
        {
            this.server = server;
            socket.Connect(IPAddress.Loopback, server.Port);
        }

        public void Step(string name, int requests, Func<int, string> request)
        {
            server.Begin();
            for (var first = 0; first < requests; first += RequestsPerChunk) Chunk(first, Math.Min(requests - first, RequestsPerChunk), request);
            for (var end = Environment.TickCount64 + SettleMs; Environment.TickCount64 < end; Thread.Sleep(1)) Chunk(0, 1, static _ => "PING");
            server.Report(name);
        }

        public void Wait(string name, Func<bool> isOver)
        {
            server.Begin();
            for (; !isOver(); Thread.Sleep(1)) Chunk(0, 1, static _ => "PING");
            server.Report(name);
        }

        /// <summary>Every reply of these commands begins with one of ":+$" and only "$" has a second line.</summary>
        private void Chunk(int first, int count, Func<int, string> request)
        {
            var length = 0;
            for (var i = 0; i < count; i++)
            {
                var text = request(first + i);
                if (sent.Length - length < text.Length + 2) Array.Resize(ref sent, sent.Length * 2);
                length += Encoding.ASCII.GetBytes(text, sent.AsSpan(length));
                sent[length++] = (byte)'\n';
            }
            socket.Send(sent.AsSpan(0, length));
            for (var left = count; left > 0;)
            {
                var n = socket.Receive(received);
                foreach (var b in received.AsSpan(0, n))
                {
                    if (b is (byte)'$') left++;
                    else if (b == (byte)'\n') left--;
                }
            }
        }
    }
}

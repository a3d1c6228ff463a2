using System.Diagnostics;
using System.Globalization;
using RedisLite.Testing;
using Xunit.Abstractions;

namespace RedisLite.SystemTests;

/// <summary>
/// kill -9 in the middle of random writes, again and again, on one directory. Each writer owns some keys and counts what it wrote; what came back after the
/// restart must lie between what was acknowledged and what was sent. REDISLITE_LONG=67 makes 2,000 kills of it.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Writers = 4;
    private const int KillsEach = 15;

    /// <summary>What a kill may take under everysec: the write may wait two seconds for a running fsync, whose second began before.</summary>
    private static readonly TimeSpan EverysecMayLose = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData("always")]
    [InlineData("everysec")]
    public void Kill_9_during_random_load(string policy)
    {
        using var server = new ServerProcess("--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-min-size", "64kb", "--auto-aof-rewrite-percentage", "50");
        var writers = Enumerable.Range(0, Writers).Select(static n => new Writer(n)).ToArray();
        var random = new Random(11);
        var mayLose = policy == "always" ? TimeSpan.Zero : EverysecMayLose;
        var kills = KillsEach * LongRun.Factor;
        long acknowledged = 0;
        for (var round = 0; round < kills; round++)
        {
            var threads = writers.Select(writer => new Thread(() => writer.Run(server.Port))).ToArray();
            foreach (var thread in threads) thread.Start();
            Thread.Sleep(random.Next(5, 150));
            var killedAt = Stopwatch.GetTimestamp();
            server.Signal("KILL");
            foreach (var thread in threads) thread.Join();
            server.Restart();
            using var client = server.Connect();
            foreach (var writer in writers) acknowledged += writer.Check(client, killedAt, mayLose);
        }
        output.WriteLine($"{policy}: {kills} kills, {acknowledged} acknowledged writes checked");
        Assert.True(acknowledged > kills);
    }

    /// <summary>One connection that writes as fast as it is answered.</summary>
    private sealed class Writer(int number)
    {
        private readonly Random _random = new(number);
        private readonly Queue<(long Time, long Value)> _recent = new();
        private long _sent;
        private long _acknowledged;
        private long _base;

        /// <summary>An error that a write got; there should be none.</summary>
        public string? Refusal { get; private set; }

        public void Run(int port)
        {
            try
            {
                using var client = RespClient.Connect(port);
                while (true)
                {
                    var next = _sent = _acknowledged + 1;
                    var replies = client.Pipeline(Commands(next));
                    if (replies[^1][0] == '-') Refusal ??= CommandText.Escape(replies[^1]);
                    _acknowledged = next;
                    _recent.Enqueue((Stopwatch.GetTimestamp(), next));
                    if (_recent.Count > 100_000) _recent.Dequeue();
                }
            }
            catch (Exception e) when (e is System.Net.Sockets.SocketException or EndOfStreamException or IOException)
            {
                // The server is gone, as it should be.
            }
        }

        /// <summary>Write number n, in one of several forms, each of which leaves n in two keys at once.</summary>
        private byte[][][] Commands(long n)
        {
            var (a, b, text) = ($"a{number}", $"b{number}", n.ToString(CultureInfo.InvariantCulture));
            var filler = new string('x', _random.Next(200));
            return _random.Next(6) switch
            {
                0 => [Words("MULTI"), Words("SET", a, text), Words("SET", b, text), Words("EXEC")],
                1 => [Words("MULTI"), Words("SET", a, text), Words("LPUSH", $"l{number}", filler), Words("LTRIM", $"l{number}", "0", "300"), Words("SET", b, text), Words("EXEC")],
                2 => [Words("MULTI"), Words("SET", a, text, "EX", "10000"), Words("HSET", $"h{number}", $"f{n % 400}", filler), Words("SET", b, text), Words("EXEC")],
                3 when n % 50 == 0 => [Words("BGREWRITEAOF"), Words("MSET", a, text, b, text)],
                _ => [Words("MSET", a, text, b, text)],
            };
        }

        private static byte[][] Words(params string[] words) => CommandText.Arguments(words);

        public long Check(RespClient client, long killedAt, TimeSpan mayLose)
        {
            Assert.Null(Refusal);
            var values = client.Ask("MGET", $"a{number}", $"b{number}").Items!;
            Assert.Equal(values[0].Text, values[1].Text);                                   // what was written together is there together
            var found = values[0].Text is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : 0;
            Assert.InRange(found, LeastExpected(killedAt, mayLose), _sent);
            var written = Math.Max(0, _acknowledged - _base);
            (_base, _acknowledged) = (found, found);
            _recent.Clear();
            return written;
        }

        private long LeastExpected(long killedAt, TimeSpan mayLose)
        {
            if (mayLose == TimeSpan.Zero) return _acknowledged;
            var least = _base;
            foreach (var (time, value) in _recent)
            {
                if (Stopwatch.GetElapsedTime(time, killedAt) > mayLose) least = Math.Max(least, value);
            }
            return least;
        }
    }
}

using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Keyspace notifications while a generated workload runs: behind every request of it a marker is published, and what a subscriber to all key events
/// hears between two markers is equal, event for event and in the same order.
/// </summary>
[Collection(ServerPair.Collection)]
public sealed class KeyEventTests(ServerPair pair)
{
    private const int Commands = 3000;
    private const int ChunkSize = 50;
    private const string Marker = "event-marker";

    /// <summary>All classes; A stands for all but m and n.</summary>
    private const string AllEvents = "KEAmn";

    public static TheoryData<string, int> Sequences()
    {
        var rows = new TheoryData<string, int>();
        foreach (var families in Families.ActiveSequences) rows.Add(families, rows.Count + 1);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Events_equal_those_of_redis_server(string families, int seed)
    {
        var difference = FirstDifference(families, seed);
        if (difference is null) return;
        pair.Renew();
        Assert.Fail(difference);
    }

    private string? FirstDifference(string families, int seed)
    {
        pair.Reset();
        using var real = new Listener(pair.Real);
        using var ours = new Listener(pair.Ours);
        var requests = new Workload(seed, families.Split(',')).Take(Commands).ToList();
        foreach (var chunk in requests.Chunk(ChunkSize))
        {
            var expected = real.Play(chunk);
            var actual = ours.Play(chunk);
            for (var i = 0; i < Math.Max(expected.Count, actual.Count); i++)
            {
                var command = i < chunk.Length ? CommandText.Quote(chunk[i][0]).ToUpperInvariant() : "";
                var (wanted, got) = (TextAt(expected, i, command), TextAt(actual, i, command));
                if (wanted == got) continue;
                var played = string.Join('\n', chunk.Take(i + 1).TakeLast(3).Select(request => "    " + CommandText.Format(request)));
                return $"Seed {seed}, {families}, about:\n{played}\n    redis-server: {wanted}\n    ours:         {got}";
            }
        }

        return null;
    }

    /// <summary>
    /// SORT looks its weights up in the order in which the elements of a set lie in its table, which hangs on the hash seed. XREADGROUP makes its consumer
    /// since 7.2 also where there is nothing to read; 7.0 only where there is.
    /// </summary>
    private static string TextAt(List<List<string>> heard, int i, string command)
    {
        if (i >= heard.Count) return "(nothing more)";
        IEnumerable<string> events = heard[i];
        if (command.StartsWith("SORT", StringComparison.Ordinal)) events = events.Order(StringComparer.Ordinal);
        if (command is "XREADGROUP" or "EXEC") events = events.Where(text => !text.Contains("xgroup-createconsumer", StringComparison.Ordinal));
        return string.Join(", ", events);
    }

    /// <summary>One server with three connections: one asks, one hears the events, one says when all has been asked.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly RespClient _ending;
        private readonly RespClient _asking;
        private readonly RespClient _hearing;

        public Listener(RedisProcess server)
        {
            _asking = server.Connect();
            _hearing = server.Connect();
            _ending = server.Connect();
            Assert.Equal("+OK\r\n", _asking.Text("CONFIG", "SET", "notify-keyspace-events", AllEvents));
            Assert.Equal("+OK\r\n", _asking.Text("DEBUG", "SET-ACTIVE-EXPIRE", "0"));           // when nobody asks, an expiry has no place in the order
            _hearing.Call("PSUBSCRIBE", "__key*__:*");
            _hearing.Call("SUBSCRIBE", Marker);
        }

        /// <summary>For each request what was heard of it. A request inside MULTI is followed by a queued marker, which EXEC publishes in its place.</summary>
        public List<List<string>> Play(byte[][][] requests)
        {
            var commands = new List<byte[][]>();
            var marker = CommandText.Arguments(["PUBLISH", Marker, "next"]);
            foreach (var request in requests) commands.AddRange([request, marker]);
            _asking.Pipeline(commands);
            _ending.Call("PUBLISH", Marker, "end");

            var heard = new List<List<string>> { new() };
            while (true)
            {
                var message = Reply.Parse(_hearing.ReadReply()).Texts.ToArray();
                if (message[1] == Marker && message[2] == "end") break;
                if (message[1] == Marker) heard.Add([]);
                else heard[^1].Add($"{message[2]} {message[3]}");
            }

            return heard;
        }

        public void Dispose()
        {
            _ending.Call("CONFIG", "SET", "notify-keyspace-events", "");
            _ending.Call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
            _asking.Dispose();
            _ending.Dispose();
            _hearing.Dispose();
        }
    }
}

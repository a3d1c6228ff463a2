using System.Net.Sockets;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Long random sequences in pipelines of changing length: every reply equal, and at the end everything the two servers hold.
/// REDISLITE_DIFF_COMMANDS sets the commands of a sequence, REDISLITE_DIFF_SEED moves all seeds.
/// </summary>
[Collection(ServerPair.Collection)]
public sealed class GeneratedSequenceTests(ServerPair pair)
{
    private const int DefaultCommands = 2000;
    private const int ContextLines = 6;

    private static readonly int Commands = FromEnvironment("REDISLITE_DIFF_COMMANDS", DefaultCommands);
    private static readonly int SeedOffset = FromEnvironment("REDISLITE_DIFF_SEED", 0);

    /// <summary>Every combination in both protocols; the place in the list is the seed. Those of 7.4 are there where a server of that version is.</summary>
    public static TheoryData<string, int, int> Sequences()
    {
        var rows = new TheoryData<string, int, int>();
        foreach (var families in Families.ActiveSequences.Concat(RealRedis74.Path is null ? [] : Families.SequencesOf74))
            foreach (var protocol in new[] { 2, 3 }) rows.Add(families, rows.Count + 1, protocol);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Replies_and_state_equal_those_of_redis_server(string families, int seed, int protocol)
    {
        seed += SeedOffset;
        var difference = FirstDifference(families, seed, protocol);
        if (difference is null) return;
        pair.Renew();
        Assert.Fail(difference);
    }

    private string? FirstDifference(string families, int seed, int protocol)
    {
        var oracle = Families.SequencesOf74.Contains(families) ? (RedisProcess)pair.Real74 : pair.Real;
        pair.Reset();
        using var real = oracle.Connect(protocol);
        using var ours = pair.Ours.Connect(protocol);
        var requests = new Workload(seed, families.Split(',')).Take(Commands).ToList();
        var chunks = new Random(seed);
        var comparer = new SequenceComparer();

        for (var start = 0; start < requests.Count;)
        {
            var chunk = requests.GetRange(start, Math.Min(chunks.Next(1, 100), requests.Count - start));
            var expected = real.Pipeline(chunk);
            List<byte[]> actual;
            try
            {
                actual = ours.Pipeline(chunk);
            }
            catch (Exception e) when (e is IOException or TimeoutException or SocketException)
            {
                return $"Seed {seed}, RESP{protocol}, commands {start} to {start + chunk.Count}: {e.Message}\n{string.Join('\n', chunk.Select(CommandText.Format))}\n{pair.Ours.Output}";
            }

            for (var i = 0; i < chunk.Count; i++)
            {
                if (comparer.Agree(chunk[i], expected[i], actual[i])) continue;
                return Explain(requests, start + i, expected[i], actual[i], seed, protocol) + comparer.Detail;
            }

            start += chunk.Count;
        }

        var differences = DatabaseState.Differences(oracle, pair.Ours);
        return differences.Count == 0 ? null : $"State after seed {seed}:\n" + string.Join('\n', differences.Take(10));
    }

    /// <summary>The failing request and the last ones that shared an argument with it.</summary>
    private static string Explain(List<byte[][]> requests, int index, byte[] expected, byte[] actual, int seed, int protocol)
    {
        var failing = requests[index];
        var related = requests.Take(index).Where(r => r.Skip(1).Any(argument => failing.Skip(1).Any(other => other.AsSpan().SequenceEqual(argument)))).TakeLast(ContextLines);
        return $"Seed {seed}, RESP{protocol}, command {index}:\n{string.Join('\n', related.Select(r => "    " + CommandText.Format(r)))}\n--> {CommandText.Format(failing)}\n" +
            $"    redis-server: {CommandText.Escape(expected)}\n    ours:         {CommandText.Escape(actual)}\n";
    }

    private static int FromEnvironment(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value) : otherwise;
}

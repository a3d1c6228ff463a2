using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.Tests.Differential;

/// <summary>Random scripts on both servers, one after another over the same keys: raw replies equal, and in the end everything the servers hold.</summary>
[Collection(ServerPair.Collection)]
public sealed class GeneratedScriptTests(ServerPair pair)
{
    private const int ScriptsEach = 400;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    public void Scripts_reply_as_those_of_redis_server(int seed, int protocol)
    {
        pair.Reset();
        using var real = pair.Real.Connect(protocol);
        using var ours = pair.Ours.Connect(protocol);
        var generator = new ScriptGenerator(seed);
        var differences = new List<string>();
        for (var i = 0; i < ScriptsEach * LongRun.Factor; i++)
        {
            var request = Array.ConvertAll(generator.Next(), System.Text.Encoding.Latin1.GetBytes);
            real.Send(request);
            ours.Send(request);
            var (expected, actual) = (real.ReadReply(), ours.ReadReply());
            if (!expected.AsSpan().SequenceEqual(actual))
                differences.Add($"{CommandText.Format(request)}\n    redis-server: {System.Text.Encoding.Latin1.GetString(expected)}\n    ours:         {System.Text.Encoding.Latin1.GetString(actual)}");
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ\n" + string.Join('\n', differences.Take(5)));
        Assert.Empty(DatabaseState.Differences(pair.Real, pair.Ours));
    }
}

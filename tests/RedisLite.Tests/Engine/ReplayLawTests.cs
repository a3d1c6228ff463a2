using System.Text;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>
/// The replay law: after any workload, a second server that was given the recorded effects, and nothing else, holds the same data. It covers the
/// propagation of every command of the families named here; AOF and replicas live on it.
/// </summary>
public class ReplayLawTests
{
    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (var families in new[] { "strings,keys", "hashes,keys", "strings,keys,hashes", "lists,keys", "sets,keys", "zsets,keys",
            "bits,strings,keys", "hyperloglog,strings", "geo,zsets", "sorts,keys" })
        {
            for (var seed = 1; seed <= 6; seed++) cases.Add(families, seed);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Effects_rebuild_the_state(string families, int seed)
    {
        var original = new TestEngine(seed: seed);
        var sink = original.Record();
        var random = new Random(seed);
        var workload = new Workload(seed, families.Split(','));
        foreach (var request in workload.Take(2500))
        {
            Step(original, request, random);
        }

        if (original.Main.Client!.Has(RedisLite.Engine.ClientFlags.InMulti)) original.Run("DISCARD");
        var replica = new TestEngine(seed: seed + 1000);
        replica.Clock.Advance(original.Clock.GetUtcNow() - replica.Clock.GetUtcNow());
        Replay(sink, replica);

        var expected = Dump(original);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Dump(replica));
    }

    private static void Step(TestEngine original, byte[][] request, Random random)
    {
        switch (random.Next(40))
        {
            case 0: original.Advance(random.Next(300)); break;
            case 1: original.Run("MULTI"); break;
            case 2 or 3: original.Run("EXEC"); break;
            default: break;
        }

        if (request.Length > 0 && Encoding.Latin1.GetString(request[0]).ToUpperInvariant() is "QUIT" or "RESET" or "SHUTDOWN" or "SELECT") return;
        original.RunRaw(request);
    }

    private static void Replay(RecordingSink sink, TestEngine replica)
    {
        var db = 0;
        foreach (var (target, args) in sink.Commands)
        {
            if (target != db) Assert.Equal("OK", replica.Run($"SELECT {db = target}"));
            var reply = Encoding.Latin1.GetString(replica.RunRaw(args));
            Assert.False(reply.StartsWith('-'), $"{string.Join(' ', args.Select(Encoding.Latin1.GetString))} -> {reply}");
        }
    }

    /// <summary>Everything a client can see, keys in order.</summary>
    private static string Dump(TestEngine redis)
    {
        var text = new StringBuilder();
        for (var db = 0; db < 16; db++)
        {
            redis.Run($"SELECT {db}");
            foreach (var key in Keys(redis)) text.AppendLine($"{db} {Encoding.Latin1.GetString(key)} {Describe(redis, key)}");
        }

        return text.ToString();
    }

    private static IEnumerable<byte[]> Keys(TestEngine redis) =>
        RedisLite.Protocol.ReplyReader.ReadAll(redis.RunRaw("KEYS"u8.ToArray(), "*"u8.ToArray()))[0].Items
            .Select(item => item.Bytes).OrderBy(Convert.ToHexString, StringComparer.Ordinal);

    private static string Describe(TestEngine redis, byte[] key)
    {
        string Ask(params string[] words) =>
            Encoding.Latin1.GetString(redis.RunRaw([Encoding.Latin1.GetBytes(words[0]), key, .. words.Skip(1).Select(Encoding.Latin1.GetBytes)]));

        var type = Ask("TYPE").Trim();
        var value = type switch
        {
            "+string" => Ask("GET"),
            "+hash" => Sorted(Ask("HGETALL"), 2),
            "+list" => Ask("LRANGE", "0", "-1"),
            "+set" => Sorted(Ask("SMEMBERS"), 1),
            "+zset" => Ask("ZRANGE", "0", "-1", "WITHSCORES"),
            _ => throw new InvalidOperationException("a type without a dump: " + type),
        };
        return $"{type} {Ask("PEXPIRETIME").Trim()} {value}";
    }

    private static string Sorted(string reply, int wordsPerItem) =>
        string.Join(',', RedisLite.Protocol.ReplyReader.ReadAll(Encoding.Latin1.GetBytes(reply))[0].Items.Chunk(wordsPerItem)
            .Select(item => string.Join('=', item.Select(word => word.Text))).Order(StringComparer.Ordinal));
}

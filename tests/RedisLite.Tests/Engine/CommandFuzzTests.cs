using System.Text;
using RedisLite.Engine;
using RedisLite.Protocol;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>
/// Every command of the table under hostile arguments, RESP2 and RESP3. Whatever a client sends: it gets exactly one whole reply, no handler throws, no
/// structure loses an invariant, what DUMP gives can be restored, and when all keys are gone not one byte of the arena is left.
/// REDISLITE_LONG=10 makes it a million requests.
/// </summary>
public class CommandFuzzTests
{
    private const int RequestsPerSeed = 2500;

    public static TheoryData<int> Seeds()
    {
        var seeds = new TheoryData<int>();
        for (var seed = 1; seed <= 40 * LongRun.Factor; seed++) seeds.Add(seed);
        return seeds;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_request_gets_one_reply_and_breaks_nothing(int seed)
    {
        var redis = new TestEngine(config => config.Set("proto-max-bulk-len", "1mb"), seed: seed);
        var requests = new HostileRequests(redis.Engine.Commands, seed);
        var client = NewClient(redis, seed);
        var random = new Random(seed);
        for (var i = 0; i < RequestsPerSeed; i++)
        {
            var (spec, words) = requests.Next();
            var shown = $"seed {seed}, request {i}: {string.Join(' ', words.Select(word => CommandText.Escape(word)))}";
            client.Send(words);
            // What (un)subscribing says is a push per channel, in a transaction too.
            Answer(redis, client, shown, exactlyOne: !spec.Has(CommandFlags.PubSub) && spec.Name != "EXEC");
            Assert.DoesNotContain(redis.Log.Lines, line => line.Message.StartsWith("Bug in", StringComparison.Ordinal));
            Assert.Null(redis.Process.ExitCode);
            if (random.Next(200) == 0) redis.Advance(random.Next(2000));
            if (client.IsClosed || client.Client!.Has(ClientFlags.Subscribed) || random.Next(300) == 0) client = Replace(redis, client, seed + i);
        }

        CheckState(redis);
    }

    private static TestClient NewClient(TestEngine redis, int seed)
    {
        var client = redis.Connect();
        if (seed % 2 == 0) Assert.StartsWith("{", client.Run("HELLO 3"), StringComparison.Ordinal);
        return client;
    }

    private static TestClient Replace(TestEngine redis, TestClient old, int seed)
    {
        old.Close();
        redis.Iterate();
        return NewClient(redis, seed);
    }

    /// <summary>All replies are whole; a client that waits is let go, and that answers too.</summary>
    private static void Answer(TestEngine redis, TestClient client, string shown, bool exactlyOne)
    {
        var raw = client.TakeRaw().ToList();
        if (client.Client!.Has(ClientFlags.Blocked))
        {
            Assert.True(raw.Count == 0 || client.Client.Reply.Protocol == 3, shown);
            Assert.Equal("1", redis.Run($"CLIENT UNBLOCK {client.Client.Id}"));
            raw.AddRange(client.TakeRaw());
        }

        List<RespValue> replies;
        try
        {
            replies = ReplyReader.ReadAll(raw.ToArray());
        }
        catch (RespFormatException broken)
        {
            throw new InvalidOperationException($"{shown}: {broken.Message}: {CommandText.Escape(raw.ToArray())}", broken);
        }

        var count = replies.Count(reply => reply.Kind != RespKind.Push);
        var expected = exactlyOne ? count == 1 : replies.Count >= 1;
        Assert.True(expected || client.IsClosed, $"{shown}: {count} replies: {CommandText.Escape(raw.ToArray())}");
    }

    private static void CheckState(TestEngine redis)
    {
        var copy = new TestEngine(seed: 99);
        copy.Clock.Advance(redis.Clock.GetUtcNow() - copy.Clock.GetUtcNow());
        for (var db = 0; db < 16; db++)
        {
            redis.Engine.Databases[db].Keys.CheckInvariants();
            redis.Run($"SELECT {db}");
            copy.Run($"SELECT {db}");
            foreach (var key in ReplyReader.ReadAll(redis.RunRaw("KEYS"u8.ToArray(), "*"u8.ToArray()))[0].Items)
            {
                redis.RunRaw("PERSIST"u8.ToArray(), key.Bytes);               // DUMP carries no expiry, the digest does
                var payload = ReplyReader.ReadAll(redis.RunRaw("DUMP"u8.ToArray(), key.Bytes))[0];
                if (payload.Kind != RespKind.Bulk) continue;                  // it expired in this very moment
                var reply = Encoding.Latin1.GetString(copy.RunRaw("RESTORE"u8.ToArray(), key.Bytes, "0"u8.ToArray(), payload.Bytes));
                Assert.Equal("+OK\r\n", reply);
                var digest = redis.RunRaw("DEBUG"u8.ToArray(), "DIGEST-VALUE"u8.ToArray(), key.Bytes);
                Assert.Equal(digest, copy.RunRaw("DEBUG"u8.ToArray(), "DIGEST-VALUE"u8.ToArray(), key.Bytes));
            }
        }

        redis.Engine.Heap.Arena.CheckInvariants();
        Assert.Equal("OK", redis.Run("FLUSHALL SYNC"));
        for (var turns = 0; redis.Engine.Heap.HasLazyFree && turns < 100_000; turns++) redis.Iterate();
        Assert.Equal(0, redis.Engine.Heap.Arena.LiveBytes);
    }
}

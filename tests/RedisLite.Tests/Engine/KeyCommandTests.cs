using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class KeyCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("DEL a b nokey", "2", "EXISTS a b", "0")]
    [InlineData("UNLINK a b a", "2", "DBSIZE", "0")]
    [InlineData("EXISTS a a b nokey", "3", "TYPE a", "string")]
    [InlineData("TYPE nokey", "none", "TYPE h", "none")]
    [InlineData("RENAME a c", "OK", "MGET a c", "[(nil), 1]")]
    [InlineData("RENAME a b", "OK", "MGET a b", "[(nil), 1]")]
    [InlineData("RENAME a a", "OK", "GET a", "1")]
    [InlineData("RENAME nokey a", "ERR no such key", "GET a", "1")]
    [InlineData("RENAME nokey nokey", "ERR no such key", "GET a", "1")]
    [InlineData("RENAMENX a b", "0", "MGET a b", "[1, 2]")]
    [InlineData("RENAMENX a a", "0", "GET a", "1")]
    [InlineData("RENAMENX a c", "1", "MGET a c", "[(nil), 1]")]
    [InlineData("COPY a c", "1", "MGET a c", "[1, 1]")]
    [InlineData("COPY a b", "0", "GET b", "2")]
    [InlineData("COPY a b REPLACE", "1", "GET b", "1")]
    [InlineData("COPY nokey b REPLACE", "0", "GET b", "2")]
    [InlineData("COPY a a", "ERR source and destination objects are the same", "GET a", "1")]
    [InlineData("COPY a b DB 100", "ERR DB index is out of range", "GET b", "2")]
    [InlineData("COPY a b DB x", "ERR value is not an integer or out of range", "GET b", "2")]
    [InlineData("COPY a b foo", "ERR syntax error", "GET b", "2")]
    [InlineData("MOVE a 0", "ERR source and destination objects are the same", "GET a", "1")]
    [InlineData("MOVE a 16", "ERR DB index is out of range", "GET a", "1")]
    [InlineData("MOVE a -1", "ERR DB index is out of range", "GET a", "1")]
    [InlineData("MOVE a x", "ERR value is not an integer or out of range", "GET a", "1")]
    [InlineData("MOVE nokey 1", "0", "GET a", "1")]
    [InlineData("MOVE a 1", "1", "GET a", "(nil)")]
    [InlineData("TOUCH a b nokey", "2", "OBJECT IDLETIME a", "0")]
    [InlineData("KEYS nomatch", "[]", "KEYS a*", "[a]")]
    [InlineData("OBJECT ENCODING a", "int", "OBJECT REFCOUNT a", "2147483647")]
    [InlineData("OBJECT ENCODING nokey", "(nil)", "OBJECT FREQ nokey", "(nil)")]
    [InlineData("OBJECT nonsense a", "ERR unknown subcommand 'nonsense'. Try OBJECT HELP.", "GET a", "1")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        _redis.Run("MSET a 1 b 2");
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void Renamed_and_moved_and_copied_keys_keep_their_time_to_live()
    {
        _redis.Run("SET a 1 PX 5000");
        _redis.Run("RENAME a b");
        Assert.Equal("5000", _redis.Run("PTTL b"));
        _redis.Run("COPY b c");
        Assert.Equal("5000", _redis.Run("PTTL c"));
        _redis.Run("MOVE b 3");
        _redis.Run("SELECT 3");
        Assert.Equal("5000", _redis.Run("PTTL b"));
        _redis.Run("SET free 1");
        _redis.Run("RENAME free b");
        Assert.Equal("-1", _redis.Run("TTL b"));
    }

    [Theory]
    [InlineData(3, "listpack")]
    [InlineData(1000, "hashtable")]
    public void A_collection_is_renamed_moved_and_copied_whole(int fields, string encoding)
    {
        for (var i = 0; i < fields; i++) _redis.Run($"HSET h f{i} value-{i}");
        var digest = _redis.Run("DEBUG DIGEST-VALUE h");
        var memory = _redis.Engine.Heap.MemoryInUse;

        Assert.Equal("OK", _redis.Run("RENAME h g"));
        Assert.Equal(memory, _redis.Engine.Heap.MemoryInUse);
        Assert.Equal("1", _redis.Run("COPY g copy DB 2"));
        Assert.Equal("1", _redis.Run("MOVE g 2"));
        _redis.Run("SELECT 2");
        Assert.Equal(digest, _redis.Run("DEBUG DIGEST-VALUE g"));
        Assert.Equal(digest, _redis.Run("DEBUG DIGEST-VALUE copy"));
        Assert.Equal(encoding, _redis.Run("OBJECT ENCODING copy"));

        _redis.Run("HSET g f0 other");
        Assert.Equal(digest, _redis.Run("DEBUG DIGEST-VALUE copy"));
        Assert.Equal("1", _redis.Run("DEL copy"));
        Assert.Equal(fields.ToString(), _redis.Run("HLEN g"));
        Assert.Equal("1", _redis.Run("DEL g"));
        _redis.Iterate();
        Assert.Equal(0, _redis.Engine.Databases[2].Keys.Count);
        Assert.Equal(0, _redis.Engine.Heap.MemoryInUse);
    }

    [Fact]
    public void Events_come_in_Redis_order()
    {
        _redis.Run("CONFIG SET notify-keyspace-events KEA");
        var listener = _redis.Connect();
        listener.Run("PSUBSCRIBE __keyevent@*");
        _redis.Run("SET a 1");
        Events();

        _redis.Run("RENAME a b");
        Assert.Equal("0:rename_from a, 0:rename_to b", Events());
        _redis.Run("COPY b c");
        Assert.Equal("0:copy_to c", Events());
        _redis.Run("MOVE c 1");
        Assert.Equal("0:move_from c, 1:move_to c", Events());
        _redis.Run("EXPIRE b 100");
        _redis.Run("PERSIST b");
        _redis.Run("EXPIRE b -1");
        Assert.Equal("0:expire b, 0:persist b, 0:del b", Events());
        _redis.Run("MSET x 1 y 2");
        Events();
        _redis.Run("DEL x nokey");
        _redis.Run("UNLINK y");
        Assert.Equal("0:del x, 0:del y", Events());

        string Events() => string.Join(", ", Messages(listener).Select(m => $"{m[2].Text["__keyevent@".Length..].Replace("__", "", StringComparison.Ordinal)} {m[3].Text}"));
    }

    private static IEnumerable<RedisLite.Protocol.RespValue> Messages(TestClient client) => RedisLite.Protocol.ReplyReader.ReadAll(client.TakeRaw());

    [Fact]
    public void New_keys_announce_themselves_before_the_rename()
    {
        _redis.Run("CONFIG SET notify-keyspace-events KEAn");
        _redis.Run("SET a 1");
        var listener = _redis.Connect();
        listener.Run("PSUBSCRIBE __keyevent@*");
        _redis.Run("RENAME a b");
        Assert.Equal(["new", "rename_from", "rename_to"], Messages(listener).Select(m => m[2].Text.Split(':')[1]));
    }

    [Fact]
    public void Effects_are_outcomes()
    {
        var sink = _redis.Record();
        _redis.Run("MSET a 1 b 2");
        _redis.Run("DEL a nokey");
        Assert.Equal("DEL a nokey", sink.Last);
        _redis.Run("EXPIRE b 100");
        Assert.Equal($"PEXPIREAT b {_redis.Clock.NowMs + 100_000}", sink.Last);
        var before = sink.Units.Count;
        _redis.Run("EXPIRE b 50 GT");
        _redis.Run("DEL nokey");
        Assert.Equal(before, sink.Units.Count);
        _redis.Run("PEXPIREAT b 1");
        Assert.Equal("DEL b", sink.Last);
        _redis.Run("FLUSHALL");
        Assert.Equal("FLUSHALL", sink.Last);
        _redis.Run("SWAPDB 0 1");
        Assert.Equal("SWAPDB 0 1", sink.Last);
    }

    [Fact]
    public void A_watched_key_that_is_renamed_over_fails_the_transaction()
    {
        var other = _redis.Connect();
        _redis.Run("MSET a 1 b 2");
        other.Run("WATCH b");
        _redis.Run("RENAME a b");
        other.Run("MULTI");
        other.Run("PING");
        Assert.Equal("(nil)", other.Run("EXEC"));
    }

    [Fact]
    public void Looking_is_not_using()
    {
        _redis.Run("SET a 1");
        _redis.Advance(100_000);
        foreach (var look in new[] { "EXISTS a", "TYPE a", "TTL a", "OBJECT ENCODING a" }) _redis.Run(look);
        Assert.Equal("100", _redis.Run("OBJECT IDLETIME a"));
        _redis.Run("TOUCH a");
        Assert.Equal("0", _redis.Run("OBJECT IDLETIME a"));
    }

    [Fact]
    public void Small_integers_count_as_shared_unless_access_times_matter()
    {
        _redis.Run("MSET small 9999 big 10000 text x");
        Assert.Equal("2147483647", _redis.Run("OBJECT REFCOUNT small"));
        Assert.Equal("1", _redis.Run("OBJECT REFCOUNT big"));
        Assert.Equal("1", _redis.Run("OBJECT REFCOUNT text"));
        _redis.Run("CONFIG SET maxmemory 1gb maxmemory-policy allkeys-lru");
        Assert.Equal("1", _redis.Run("OBJECT REFCOUNT small"));
    }

    [Fact]
    public void Access_frequency_needs_an_lfu_policy()
    {
        _redis.Run("SET a 1");
        Assert.StartsWith("ERR An LFU maxmemory policy is not selected", _redis.Run("OBJECT FREQ a"), StringComparison.Ordinal);
        _redis.Run("CONFIG SET maxmemory-policy allkeys-lfu");
        _redis.Run("SET b 1");
        Assert.Equal("5", _redis.Run("OBJECT FREQ b"));
        Assert.StartsWith("ERR An LFU maxmemory policy is selected, idle time not tracked.", _redis.Run("OBJECT IDLETIME b"), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_key_never_names_an_expired_one()
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        for (var i = 0; i < 300; i++) _redis.Run($"SET k{i} v PX 10");
        _redis.Run("SET stays v");
        _redis.Advance(20);
        Assert.Equal("stays", _redis.Run("RANDOMKEY"));
        _redis.Run("DEL stays");
        Assert.Equal("(nil)", _redis.Run("RANDOMKEY"));
        Assert.Equal("0", _redis.Run("DBSIZE"));
    }
}

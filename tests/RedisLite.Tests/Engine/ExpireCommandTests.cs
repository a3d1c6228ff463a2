using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ExpireCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("EXPIRE k 10", "1", "TTL k", "10")]
    [InlineData("PEXPIRE k 1499", "1", "TTL k", "1")]
    [InlineData("PEXPIRE k 1500", "1", "TTL k", "2")]
    [InlineData("EXPIRE k -1", "1", "EXISTS k", "0")]
    [InlineData("EXPIRE nokey 10", "0", "TTL nokey", "-2")]
    [InlineData("EXPIREAT k 2000000000", "1", "EXPIRETIME k", "2000000000")]
    [InlineData("PEXPIREAT k 2000000000123", "1", "PEXPIRETIME k", "2000000000123")]
    [InlineData("PEXPIREAT k 9223372036854775807", "1", "EXPIRETIME k", "9223372036854776")]
    [InlineData("EXPIRE k 10 NX XX", "ERR NX and XX, GT or LT options at the same time are not compatible", "TTL k", "-1")]
    [InlineData("EXPIRE k 10 NX GT", "ERR NX and XX, GT or LT options at the same time are not compatible", "TTL k", "-1")]
    [InlineData("EXPIRE k 10 GT LT", "ERR GT and LT options at the same time are not compatible", "TTL k", "-1")]
    [InlineData("EXPIRE k 10 AB", "ERR Unsupported option AB", "TTL k", "-1")]
    [InlineData("EXPIRE k x", "ERR value is not an integer or out of range", "TTL k", "-1")]
    [InlineData("EXPIRE k 9223372036854775807", "ERR invalid expire time in 'expire' command", "TTL k", "-1")]
    [InlineData("EXPIRE k -9223372036854775808", "ERR invalid expire time in 'expire' command", "TTL k", "-1")]
    [InlineData("PEXPIRE k 9223372036854775807", "ERR invalid expire time in 'pexpire' command", "TTL k", "-1")]
    [InlineData("EXPIREAT k 9223372036854775807", "ERR invalid expire time in 'expireat' command", "TTL k", "-1")]
    [InlineData("PERSIST k", "0", "PERSIST nokey", "0")]
    [InlineData("EXPIRE k 10 XX", "0", "TTL k", "-1")]
    [InlineData("EXPIRE k 10 GT", "0", "TTL k", "-1")]
    [InlineData("EXPIRE k 10 LT", "1", "TTL k", "10")]
    [InlineData("EXPIRE k 10 NX", "1", "EXPIRE k 20 NX", "0")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        _redis.Run("SET k v");
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Theory]
    [InlineData("200 XX", "1", "200")]
    [InlineData("200 GT", "1", "200")]
    [InlineData("100 GT", "0", "100")]
    [InlineData("50 GT", "0", "100")]
    [InlineData("50 LT", "1", "50")]
    [InlineData("100 LT", "0", "100")]
    [InlineData("200 LT", "0", "100")]
    [InlineData("200 XX GT", "1", "200")]
    [InlineData("-10 GT", "0", "100")]
    [InlineData("-10 LT", "1", "-2")]
    public void Conditions_on_a_key_that_lives_for_100_seconds(string arguments, string reply, string ttl)
    {
        _redis.Run("SET k v EX 100");
        Assert.Equal(reply, _redis.Run("EXPIRE k " + arguments));
        Assert.Equal(ttl, _redis.Run("TTL k"));
    }

    [Fact]
    public void A_key_without_expiry_after_persist()
    {
        _redis.Run("SET k v EX 100");
        Assert.Equal("1", _redis.Run("PERSIST k"));
        Assert.Equal("-1", _redis.Run("PTTL k"));
        Assert.Equal("-1", _redis.Run("EXPIRETIME k"));
    }

    [Fact]
    public void Expired_event_and_DEL_follow_without_anybody_asking()
    {
        var sink = _redis.Record();
        _redis.Run("CONFIG SET notify-keyspace-events Ex");
        var listener = _redis.Connect();
        listener.Run("SUBSCRIBE __keyevent@0__:expired");
        _redis.Run("SET k v PX 100");
        for (var ms = 0; ms < 99; ms++) _redis.Advance(1);
        Assert.Equal("", listener.Take());
        Assert.True(_redis.Engine.NextWakeMs() <= 1);
        for (var ms = 0; ms < 50; ms++) _redis.Advance(1);
        Assert.Equal("[message, __keyevent@0__:expired, k]", listener.Take());
        Assert.Equal("DEL k", sink.Last);
        Assert.Equal(1, _redis.Engine.Stats.ExpiredKeys);
    }

    [Fact]
    public void The_loop_sleeps_until_something_is_due()
    {
        _redis.Run("CONFIG SET hz 1");
        _redis.Run("SET far v EX 1000");
        for (var i = 0; i < 30; i++) _redis.Advance(50);
        Assert.True(_redis.Engine.Expiry.NextRunMs > _redis.Clock.NowMs + 900_000);
        _redis.Run("SET near v PX 30");
        Assert.Equal(30, _redis.Engine.Expiry.NextRunMs - _redis.Clock.NowMs);
        _redis.Advance(30);
        Assert.Equal("1", _redis.Run("DBSIZE"));
        _redis.Run("DEL far");
        _redis.Advance(1_000_000);
        _redis.Advance(20);
        Assert.Equal(long.MaxValue, _redis.Engine.Expiry.NextRunMs);
    }

    [Fact]
    public void Many_keys_at_once_expire_in_slices_and_completely()
    {
        _redis.Run("DEBUG POPULATE 20000");
        for (var i = 0; i < 20000; i++) _redis.Run($"PEXPIRE key:{i} 1000");
        _redis.Run("SET stays v");
        _redis.Advance(1000);
        for (var i = 0; i < 1000 && _redis.Engine.Databases[0].Keys.Count > 1; i++) _redis.Advance(1);
        Assert.Equal("1", _redis.Run("DBSIZE"));
        Assert.Equal("v", _redis.Run("GET stays"));
        Assert.Equal(20000, _redis.Engine.Stats.ExpiredKeys);
        _redis.Engine.Databases[0].Keys.CheckInvariants();
    }

    [Fact]
    public void Expiry_in_every_database_and_not_under_SET_ACTIVE_EXPIRE_0()
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        for (var db = 0; db < 16; db++)
        {
            _redis.Run($"SELECT {db}");
            _redis.Run("SET k v PX 5");
        }

        for (var i = 0; i < 20; i++) _redis.Advance(10);
        Assert.Equal("1", _redis.Run("DBSIZE"));
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 1");
        _redis.Advance(20);
        foreach (var db in _redis.Engine.Databases) Assert.Equal(0, db.Keys.Count);
    }

    [Fact]
    public void Keys_of_a_swapped_database_expire_too()
    {
        _redis.Run("SET k v PX 500");
        for (var i = 0; i < 5; i++) _redis.Advance(20);
        _redis.Run("SWAPDB 0 7");
        for (var i = 0; i < 45; i++) _redis.Advance(10);
        Assert.Equal(0, _redis.Engine.Databases[7].Keys.Count);
    }

    [Fact]
    public void Writes_paused_means_nothing_expires()
    {
        _redis.Run("SET k v PX 10");
        _redis.Run("CLIENT PAUSE 1000 WRITE");
        for (var i = 0; i < 10; i++) _redis.Advance(10);
        Assert.Equal(1, _redis.Engine.Databases[0].Keys.Count);
        for (var i = 0; i < 100; i++) _redis.Advance(10);
        Assert.Equal(0, _redis.Engine.Databases[0].Keys.Count);
    }

    [Fact]
    public void Nobody_sees_a_key_past_its_time_while_writes_are_paused()
    {
        _redis.Run("SET k v PX 10");
        _redis.Run("CLIENT PAUSE 100000 WRITE");
        _redis.Advance(20);
        Assert.Equal("(nil)", _redis.Run("GET k"));
        Assert.Equal("0", _redis.Run("EXISTS k"));
        Assert.Equal("[0, []]", _redis.Run("SCAN 0"));
        Assert.Contains("expired_keys:0", _redis.Run("INFO stats"), StringComparison.Ordinal);
        _redis.Run("CLIENT UNPAUSE");
        Assert.Equal("(nil)", _redis.Run("GET k"));
        Assert.Contains("expired_keys:1", _redis.Run("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_after_the_pause_in_the_same_transaction_replaces_what_expired()
    {
        _redis.Run("SET k v PX 10");
        _redis.Run("MULTI");
        _redis.Run("CLIENT PAUSE 100000 WRITE");
        _redis.Run("GET k");
        _redis.Run("SET k new");
        _redis.Run("DBSIZE");
        _redis.Clock.AdvanceMs(20);                     // and no cron in between
        Assert.Equal("[OK, (nil), OK, 1]", _redis.Run("EXEC"));
    }

    [Fact]
    public void Average_lifetime_in_INFO()
    {
        for (var i = 0; i < 10; i++) _redis.Run($"SET k{i} v EX 1000");
        for (var i = 0; i < 5; i++) _redis.Advance(100);
        var line = _redis.Run("INFO keyspace");
        var average = long.Parse(line[(line.IndexOf("avg_ttl=", StringComparison.Ordinal) + 8)..].Trim());
        Assert.InRange(average, 900_000, 1_000_000);
        Assert.Contains("db0:keys=10,expires=10,", line, StringComparison.Ordinal);
    }
}

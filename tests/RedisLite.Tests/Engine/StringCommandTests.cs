using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class StringCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("SET k v", "OK", "GET k", "v")]
    [InlineData("SET k v NX", "OK", "SET k w NX", "(nil)")]
    [InlineData("SET k v XX", "(nil)", "GET k", "(nil)")]
    [InlineData("SET k v GET", "(nil)", "SET k w GET", "v")]
    [InlineData("SET k 10", "OK", "INCRBY k 5", "15")]
    [InlineData("SET k 10", "OK", "DECR k", "9")]
    [InlineData("SET k x", "OK", "INCR k", "ERR value is not an integer or out of range")]
    [InlineData("SET k 9223372036854775807", "OK", "INCR k", "ERR increment or decrement would overflow")]
    [InlineData("SET k 10.5", "OK", "INCRBYFLOAT k 0.1", "10.6")]
    [InlineData("SET k 3.0e3", "OK", "INCRBYFLOAT k 200", "3200")]
    [InlineData("APPEND k abc", "3", "APPEND k def", "6")]
    [InlineData("SET k 12", "OK", "APPEND k 3", "3")]
    [InlineData("SETRANGE k 3 xy", "5", "GET k", "\0\0\0xy")]
    [InlineData("SET k 'Hello", "OK", "GETRANGE k 1 -2", "Hell")]
    [InlineData("SET k 1234", "OK", "GETRANGE k 1 2", "23")]
    [InlineData("MSET a 1 b 2", "OK", "MGET a b c", "[1, 2, (nil)]")]
    [InlineData("MSETNX a 1 b 2", "1", "MSETNX b 3 c 4", "0")]
    [InlineData("SET k v", "OK", "GETDEL k", "v")]
    [InlineData("SET k v", "OK", "GETSET k w", "v")]
    [InlineData("SET k v", "OK", "STRLEN k", "1")]
    [InlineData("SETNX k v", "1", "SETNX k w", "0")]
    [InlineData("SET k v EX 10 PX 5", "ERR syntax error", "GET k", "(nil)")]
    [InlineData("SET k v EX 0", "ERR invalid expire time in 'set' command", "GET k", "(nil)")]
    [InlineData("SET k v EX x", "ERR value is not an integer or out of range", "GET k", "(nil)")]
    [InlineData("SET k v NX XX", "ERR syntax error", "GET k", "(nil)")]
    [InlineData("SET k", "ERR wrong number of arguments for 'set' command", "GET k", "(nil)")]
    [InlineData("MSET a 1 b", "ERR wrong number of arguments for 'mset' command", "GET a", "(nil)")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void Longest_common_subsequence()
    {
        _redis.Run("MSET a ohmytext b mynewtext");
        Assert.Equal("mytext", _redis.Run("LCS a b"));
        Assert.Equal("6", _redis.Run("LCS a b LEN"));
        Assert.Equal("[matches, [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], len, 6]", _redis.Run("LCS a b IDX"));
        Assert.Equal("[matches, [[[4, 7], [5, 8], 4]], len, 6]", _redis.Run("LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN"));
    }

    [Fact]
    public void Expiry_comes_with_time()
    {
        _redis.Run("SET k v PX 100");
        _redis.Advance(99);
        Assert.Equal("v", _redis.Run("GET k"));
        _redis.Advance(1);
        Assert.Equal("(nil)", _redis.Run("GET k"));
    }

    [Fact]
    public void Effects_are_outcomes()
    {
        var sink = _redis.Record();
        var now = _redis.Clock.NowMs;
        _redis.Run("SET k v EX 10");
        Assert.Equal($"SET k v PXAT {now + 10_000}", sink.Last);
        _redis.Run("INCRBYFLOAT n 1.5");
        Assert.Equal("SET n 1.5 KEEPTTL", sink.Last);
        _redis.Run("GETDEL n");
        Assert.Equal("DEL n", sink.Last);
        _redis.Run("GETEX k PERSIST");
        Assert.Equal("PERSIST k", sink.Last);
        _redis.Run("SET k w GET");
        Assert.Equal("SET k w", sink.Last);
        var count = sink.Units.Count;
        _redis.Run("GET k");
        _redis.Run("SET k v NX");
        Assert.Equal(count, sink.Units.Count);
    }
}

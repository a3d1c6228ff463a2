using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class HashCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("HSET h a 1 b 2", "2", "HGETALL h", "[a, 1, b, 2]")]
    [InlineData("HSET h a 1", "1", "HSET h a 2 c 3", "1")]
    [InlineData("HSET h a", "ERR wrong number of arguments for 'hset' command", "EXISTS h", "0")]
    [InlineData("HMSET h a 1 b x", "OK", "HMGET h b c a", "[x, (nil), 1]")]
    [InlineData("HSETNX h a 1", "1", "HSETNX h a 2", "0")]
    [InlineData("HSET h a 1 b 2", "2", "HDEL h a b c", "2")]
    [InlineData("HSET h a 1 b 2", "2", "HKEYS h", "[a, b]")]
    [InlineData("HSET h a 1 b 2", "2", "HVALS h", "[1, 2]")]
    [InlineData("HSET h a 1 b 2", "2", "HLEN h", "2")]
    [InlineData("HSET h a 12345", "1", "HSTRLEN h a", "5")]
    [InlineData("HSET h a 1", "1", "HEXISTS h a", "1")]
    [InlineData("HINCRBY h a 5", "5", "HINCRBY h a -7", "-2")]
    [InlineData("HSET h a x", "1", "HINCRBY h a 1", "ERR hash value is not an integer")]
    [InlineData("HINCRBYFLOAT h a 1.5", "1.5", "HINCRBYFLOAT h a 1.25", "2.75")]
    [InlineData("HSET h a x", "1", "HINCRBYFLOAT h a 1", "ERR hash value is not a float")]
    [InlineData("HSET h a 9223372036854775807", "1", "HINCRBY h a 1", "ERR increment or decrement would overflow")]
    [InlineData("SET h x", "OK", "HSET h a 1", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData("HSET h a 1", "1", "HRANDFIELD h", "a")]
    [InlineData("HSET h a 1", "1", "HRANDFIELD h -3", "[a, a, a]")]
    [InlineData("HSET h a 1", "1", "HRANDFIELD h 5 WITHVALUES", "[a, 1]")]
    [InlineData("HSET h a 1", "1", "HRANDFIELD h 5 WITHSCORES", "ERR syntax error")]
    [InlineData("HSET h a 1", "1", "HSCAN h 0", "[0, [a, 1]]")]
    [InlineData("HSET h a 1 b 2", "2", "HSCAN h 0 MATCH b* COUNT 5", "[0, [b, 2]]")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Fact]
    public void The_last_field_takes_the_key_with_it()
    {
        _redis.Run("HSET h a 1");
        Assert.Equal("1", _redis.Run("HDEL h a"));
        Assert.Equal("0", _redis.Run("EXISTS h"));
    }

    [Fact]
    public void Encoding_turns_where_redis_turns()
    {
        _redis.Run("HSET h a 1");
        Assert.Equal("listpack", _redis.Run("OBJECT ENCODING h"));
        _redis.Run("HSET h b " + new string('x', 64));
        Assert.Equal("listpack", _redis.Run("OBJECT ENCODING h"));
        _redis.Run("HSET h b " + new string('x', 65));
        Assert.Equal("hashtable", _redis.Run("OBJECT ENCODING h"));
        _redis.Run("HDEL h b");
        Assert.Equal("hashtable", _redis.Run("OBJECT ENCODING h"));
    }

    [Fact]
    public void Big_hashes_scan_completely()
    {
        for (var i = 0; i < 2000; i++) _redis.Run($"HSET h f{i} {i}");
        Assert.Equal("2000", _redis.Run("HLEN h"));
        var seen = new HashSet<string>();
        var cursor = "0";
        do
        {
            var reply = _redis.Run($"HSCAN h {cursor} COUNT 100");
            var parts = reply.Trim('[', ']').Replace("[", "", StringComparison.Ordinal).Split(", ", StringSplitOptions.RemoveEmptyEntries);
            cursor = parts[0];
            for (var i = 1; i + 1 < parts.Length; i += 2) seen.Add(parts[i]);
        }
        while (cursor != "0");
        Assert.Equal(2000, seen.Count);
    }

    [Fact]
    public void Effects_are_outcomes()
    {
        var sink = _redis.Record();
        _redis.Run("HINCRBYFLOAT h a 1.5");
        Assert.Equal("HSET h a 1.5", sink.Last);
        _redis.Run("HINCRBY h b 2");
        Assert.Equal("HINCRBY h b 2", sink.Last);
        var count = sink.Units.Count;
        _redis.Run("HDEL h nothing");
        Assert.Equal(count, sink.Units.Count);
    }
}

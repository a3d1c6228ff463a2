using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class SortedSetCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZRANGE z 0 -1 WITHSCORES", "[a, 1, b, 2, c, 3]")]
    [InlineData("ZADD z 1 a", "1", "ZADD z CH 2 a 3 b", "2")]
    [InlineData("ZADD z 1 a", "1", "ZADD z NX 5 a", "0")]
    [InlineData("ZADD z XX 1 a", "0", "EXISTS z", "0")]
    [InlineData("ZADD z 5 a", "1", "ZADD z GT INCR -1 a", "(nil)")]
    [InlineData("ZADD z NX XX 1 a", "ERR XX and NX options at the same time are not compatible", "EXISTS z", "0")]
    [InlineData("ZADD z GT LT 1 a", "ERR GT, LT, and/or NX options at the same time are not compatible", "EXISTS z", "0")]
    [InlineData("ZADD z INCR 1 a 2 b", "ERR INCR option supports a single increment-element pair", "EXISTS z", "0")]
    [InlineData("ZADD z x a", "ERR value is not a valid float", "EXISTS z", "0")]
    [InlineData("ZADD z inf a", "1", "ZINCRBY z -inf a", "ERR resulting score is not a number (NaN)")]
    [InlineData("ZINCRBY z 1.5 a", "1.5", "ZSCORE z a", "1.5")]
    [InlineData("ZADD z 1 a 2 b", "2", "ZMSCORE z a x b", "[1, (nil), 2]")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZRANK z c WITHSCORE", "[2, 3]")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREVRANK z c", "0")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREVRANGE z 0 1", "[c, b]")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZRANGEBYSCORE z (1 3", "[b, c]")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREVRANGEBYSCORE z +inf 2 LIMIT 0 1", "[c]")]
    [InlineData("ZADD z 0 a 0 b 0 c", "3", "ZRANGEBYLEX z [b +", "[b, c]")]
    [InlineData("ZADD z 0 a 0 b 0 c", "3", "ZREVRANGEBYLEX z (c -", "[b, a]")]
    [InlineData("ZADD z 0 a 0 b 0 c", "3", "ZLEXCOUNT z - (c", "2")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZRANGE z 3 1 BYSCORE REV LIMIT 1 1", "[b]")]
    [InlineData("ZADD z 1 a", "1", "ZRANGE z 0 -1 LIMIT 0 1", "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")]
    [InlineData("ZADD z 1 a", "1", "ZCOUNT z x 1", "ERR min or max is not a float")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZCOUNT z 2 +inf", "2")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREM z a b x", "2")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREMRANGEBYRANK z 0 1", "2")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZREMRANGEBYSCORE z 2 3", "2")]
    [InlineData("ZADD z 0 a 0 b", "2", "ZREMRANGEBYLEX z [a [a", "1")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZPOPMIN z", "[a, 1]")]
    [InlineData("ZADD z 1 a 2 b 3 c", "3", "ZPOPMAX z 2", "[c, 3, b, 2]")]
    [InlineData("ZADD z 1 a 2 b", "2", "ZMPOP 2 x z MAX COUNT 5", "[z, [[b, 2], [a, 1]]]")]
    [InlineData("ZADD z 1 a", "1", "BZPOPMIN x z 0", "[z, a, 1]")]
    [InlineData("ZADD z 1 a", "1", "BZPOPMAX z 0", "[z, a, 1]")]
    [InlineData("ZADD z 1 a", "1", "BZMPOP 0 1 z MIN", "[z, [[a, 1]]]")]
    [InlineData("ZADD z 1 a", "1", "ZRANDMEMBER z -2 WITHSCORES", "[a, 1, a, 1]")]
    [InlineData("ZADD z 1 a", "1", "ZSCAN z 0", "[0, [a, 1]]")]
    [InlineData("ZADD z 1 a", "1", "ZCARD z", "1")]
    [InlineData("ZADD z 1 a 2 b", "2", "ZRANGESTORE d z 1 -1", "1")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Theory]
    [InlineData("ZUNION 2 a b WITHSCORES", "[x, 1, z, 3, y, 12]")]
    [InlineData("ZUNION 2 a b WEIGHTS 10 1 AGGREGATE MAX WITHSCORES", "[z, 3, x, 10, y, 20]")]
    [InlineData("ZINTER 2 a b WITHSCORES", "[y, 12]")]
    [InlineData("ZINTER 2 a s WITHSCORES", "[x, 2]")]
    [InlineData("ZDIFF 2 a b WITHSCORES", "[x, 1]")]
    [InlineData("ZINTERCARD 2 a b LIMIT 5", "1")]
    [InlineData("ZUNIONSTORE d 2 a b", "3")]
    [InlineData("ZINTERSTORE a 2 a b", "1")]
    [InlineData("ZDIFFSTORE d 2 a b", "1")]
    [InlineData("ZUNION 0 a", "ERR at least 1 input key is needed for 'zunion' command")]
    [InlineData("ZUNION 2 a b WEIGHTS 1 x", "ERR weight value is not a float")]
    [InlineData("ZUNION 1 str", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    public void Combinations(string command, string expected)
    {
        _redis.Run("ZADD a 1 x 2 y");
        _redis.Run("ZADD b 10 y 3 z");
        _redis.Run("SADD s x");
        _redis.Run("SET str v");
        Assert.Equal(expected, _redis.Run(command));
    }

    [Fact]
    public void Scores_are_doubles_and_pairs_in_resp3()
    {
        _redis.Run("HELLO 3");
        _redis.Run("ZADD z 1.5 a");
        Assert.Equal(",1.5\r\n"u8.ToArray(), _redis.RunRaw("ZSCORE"u8.ToArray(), "z"u8.ToArray(), "a"u8.ToArray()));
        Assert.Equal("[[a, 1.5]]", _redis.Run("ZRANGE z 0 -1 WITHSCORES"));
    }

    [Fact]
    public void A_waiting_client_is_served()
    {
        var client = _redis.Connect();
        client.Run("BZPOPMIN z 0");
        _redis.Run("ZADD z 1 a");
        Assert.Equal("[z, a, 1]", client.Take());
        Assert.Equal("0", _redis.Run("EXISTS z"));
    }
}

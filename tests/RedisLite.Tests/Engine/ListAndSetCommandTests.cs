using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ListAndSetCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("RPUSH l a b c", "3", "LRANGE l 0 -1", "[a, b, c]")]
    [InlineData("LPUSH l a b c", "3", "LRANGE l 0 1", "[c, b]")]
    [InlineData("LPUSHX l a", "0", "RPUSHX l a", "0")]
    [InlineData("RPUSH l a b c", "3", "LPOP l 2", "[a, b]")]
    [InlineData("RPUSH l a b c", "3", "RPOP l", "c")]
    [InlineData("RPUSH l a b c", "3", "LINDEX l -1", "c")]
    [InlineData("RPUSH l a b c", "3", "LINSERT l BEFORE b x", "4")]
    [InlineData("RPUSH l a b c", "3", "LSET l 5 x", "ERR index out of range")]
    [InlineData("RPUSH l a b a c", "4", "LREM l 1 a", "1")]
    [InlineData("RPUSH l a b a c", "4", "LREM l -9223372036854775808 a", "2")]
    [InlineData("RPUSH l a b c", "3", "LTRIM l 1 1", "OK")]
    [InlineData("RPUSH l a b a c a", "5", "LPOS l a COUNT 0", "[0, 2, 4]")]
    [InlineData("RPUSH l a b a", "3", "LPOS l a RANK -1", "2")]
    [InlineData("RPUSH l a b", "2", "RPOPLPUSH l m", "b")]
    [InlineData("RPUSH l a b", "2", "LMOVE l l LEFT RIGHT", "a")]
    [InlineData("RPUSH l a b", "2", "LMPOP 2 x l RIGHT COUNT 5", "[l, [b, a]]")]
    [InlineData("RPUSH l a b", "2", "BLPOP x l 0", "[l, a]")]
    [InlineData("RPUSH l a b", "2", "BRPOP l 0", "[l, b]")]
    [InlineData("RPUSH l a b", "2", "BLMOVE l m LEFT RIGHT 0", "a")]
    [InlineData("RPUSH l a b", "2", "BRPOPLPUSH l m 0", "b")]
    [InlineData("RPUSH l a b", "2", "BLMPOP 0 1 l LEFT", "[l, [a]]")]
    [InlineData("RPUSH l a", "1", "LLEN l", "1")]
    [InlineData("SADD s a b a", "2", "SCARD s", "2")]
    [InlineData("SADD s 1 2 3", "3", "SMEMBERS s", "[1, 2, 3]")]
    [InlineData("SADD s a b", "2", "SREM s a x", "1")]
    [InlineData("SADD s a", "1", "SISMEMBER s a", "1")]
    [InlineData("SADD s a", "1", "SMISMEMBER s a x", "[1, 0]")]
    [InlineData("SADD s a", "1", "SMOVE s t a", "1")]
    [InlineData("SADD s a", "1", "SPOP s", "a")]
    [InlineData("SADD s a", "1", "SRANDMEMBER s -2", "[a, a]")]
    [InlineData("SADD s a", "1", "SSCAN s 0", "[0, [a]]")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Theory]
    [InlineData("SINTER a b", "[2, 3]")]
    [InlineData("SUNION a b", "[1, 2, 3, 4]")]
    [InlineData("SDIFF a b", "[1]")]
    [InlineData("SINTERCARD 2 a b LIMIT 1", "1")]
    [InlineData("SINTERSTORE a a b", "2")]
    [InlineData("SUNIONSTORE d a b", "4")]
    [InlineData("SDIFFSTORE d a b", "1")]
    public void Several_sets(string command, string expected)
    {
        _redis.Run("SADD a 1 2 3");
        _redis.Run("SADD b 2 3 4");
        Assert.Equal(expected, _redis.Run(command));
    }

    [Fact]
    public void Chains_of_waiting_clients_are_served()
    {
        var (mover, popper) = (_redis.Connect(), _redis.Connect());
        popper.Run("BLPOP second 0");
        mover.Run("BLMOVE first second LEFT LEFT 0");
        var sink = _redis.Record();
        _redis.Run("RPUSH first x");
        Assert.Equal("x", mover.Take());
        Assert.Equal("[second, x]", popper.Take());
        Assert.Equal(["RPUSH first x", "LMOVE first second LEFT LEFT", "LPOP second"], sink.Units);
    }

    [Fact]
    public void Chance_goes_out_as_its_outcome()
    {
        var sink = _redis.Record();
        _redis.Run("SADD s a b c");
        var popped = _redis.Run("SPOP s");
        Assert.Equal("SREM s " + popped, sink.Last);
        _redis.Run("SPOP s 5");
        Assert.Equal("DEL s", sink.Last);
    }
}

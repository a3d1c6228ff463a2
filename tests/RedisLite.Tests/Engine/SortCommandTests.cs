using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class SortCommandTests
{
    private readonly TestEngine _redis = new();

    public SortCommandTests()
    {
        _redis.Run("RPUSH l 3 1 2 10");
        _redis.Run("MSET w_1 3 w_2 1 w_3 2 w_10 0 o_1 a o_2 b");
        _redis.Run("HSET h_1 f 5 g x");
        _redis.Run("ZADD z 1 c 2 b 3 a");
        _redis.Run("SADD s c a b");
    }

    [Theory]
    [InlineData("SORT l", "[1, 2, 3, 10]")]
    [InlineData("SORT l DESC LIMIT 1 2", "[3, 2]")]
    [InlineData("SORT l ALPHA", "[1, 10, 2, 3]")]
    [InlineData("SORT l BY w_* GET # GET o_*", "[10, (nil), 2, b, 3, (nil), 1, a]")]
    [InlineData("SORT l BY h_*->f GET h_*->g", "[(nil), (nil), (nil), x]")]
    [InlineData("SORT l BY nosort", "[3, 1, 2, 10]")]
    [InlineData("SORT l BY nosort DESC LIMIT 0 2", "[10, 2]")]
    [InlineData("SORT z BY nosort DESC LIMIT 1 1", "[b]")]
    [InlineData("SORT z ALPHA", "[a, b, c]")]
    [InlineData("SORT z", "ERR One or more scores can't be converted into double")]
    [InlineData("SORT s ALPHA LIMIT -1 2", "[a, b]")]
    [InlineData("SORT w_1", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData("SORT none LIMIT x y", "ERR value is not an integer or out of range")]
    [InlineData("SORT none", "[]")]
    [InlineData("SORT_RO l BY w_*", "[10, 2, 3, 1]")]
    [InlineData("SORT_RO l STORE d", "ERR syntax error")]
    public void Command_and_reply(string command, string reply) => Assert.Equal(reply, _redis.Run(command));

    [Theory]
    [InlineData("SORT l STORE d", "4", "[1, 2, 3, 10]")]
    [InlineData("SORT l GET o_* STORE d", "4", "[a, b, , ]")]
    [InlineData("SORT s BY nosort STORE d", "3", "[a, b, c]")]
    [InlineData("SORT l STORE l", "4", "[]")]
    [InlineData("SORT none STORE d", "0", "[]")]
    public void Results_are_stored_as_lists(string command, string reply, string list)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(list, _redis.Run("LRANGE d 0 -1"));
    }

    [Theory]
    [InlineData("SORT l STORE d", "sortstore d", "SORT l STORE d")]
    [InlineData("SORT none STORE l", "del l", "SORT none STORE l")]
    [InlineData("SORT none STORE none", "", "")]
    [InlineData("SORT l", "", "")]
    public void Changes_are_announced_and_propagated_and_nothing_else_is(string command, string events, string effects) =>
        BitmapCommandTests.Probe(_redis, command, events, effects);

    [Fact]
    public void A_stored_result_loses_the_expiry_of_what_it_replaces()
    {
        _redis.Run("SET d x EX 100");
        _redis.Run("SORT l STORE d");
        Assert.Equal("-1", _redis.Run("TTL d"));
    }

    [Fact]
    public void Weights_may_expire_while_they_are_looked_at()
    {
        _redis.Run("PEXPIRE w_1 5");
        _redis.Clock.AdvanceMs(10);
        Assert.Equal("[1, 10, 2, 3]", _redis.Run("SORT l BY w_*"));
        Assert.Equal("0", _redis.Run("EXISTS w_1"));
    }

    [Theory]
    [InlineData("1e-310")]
    [InlineData("1e400")]
    [InlineData("nan")]
    [InlineData("1 ")]
    public void What_is_no_number_of_its_size_is_refused(string weight)
    {
        _redis.RunArgs("RPUSH", "n", weight, "1");
        Assert.Equal("ERR One or more scores can't be converted into double", _redis.Run("SORT n"));
    }

    /// <summary>DUMP shows the nodes: they are those that pushing the elements one by one makes.</summary>
    [Theory]
    [InlineData(3, 10)]
    [InlineData(1000, 5)]
    [InlineData(81, 99)]
    [InlineData(82, 99)]
    [InlineData(90, 88)]
    [InlineData(91, 88)]
    [InlineData(3, 9000)]
    [InlineData(1, 8179)]
    [InlineData(1, 8192)]
    public void A_stored_list_is_what_pushes_make(int count, int length)
    {
        for (var i = 0; i < count; i++) _redis.RunArgs("RPUSH", "pushed", i.ToString("d3", null).PadRight(length, 'x'));
        Assert.Equal(count.ToString((IFormatProvider?)null), _redis.Run("SORT pushed BY nosort STORE stored"));
        Assert.Equal(_redis.RunRaw("DUMP"u8.ToArray(), "pushed"u8.ToArray()), _redis.RunRaw("DUMP"u8.ToArray(), "stored"u8.ToArray()));
        Assert.Equal(_redis.Run("OBJECT ENCODING pushed"), _redis.Run("OBJECT ENCODING stored"));
    }

    [Fact]
    public void Equal_numbers_are_ordered_by_their_text_in_both_directions()
    {
        _redis.Run("RPUSH e 1.0 2 1 -0 0 1.00 0.0");
        Assert.Equal("[-0, 0, 0.0, 1, 1.0, 1.00, 2]", _redis.Run("SORT e"));
        Assert.Equal("[2, 1.00, 1.0, 1, 0.0, 0, -0]", _redis.Run("SORT e DESC"));
    }
}

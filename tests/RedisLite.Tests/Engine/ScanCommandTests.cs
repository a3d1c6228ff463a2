using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ScanCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("SCAN x", "ERR invalid cursor")]
    [InlineData("SCAN 1x", "ERR invalid cursor")]
    [InlineData("SCAN \" 1\"", "ERR invalid cursor")]
    [InlineData("SCAN 18446744073709551616", "ERR invalid cursor")]
    [InlineData("SCAN 18446744073709551615", "[0, []]")]
    [InlineData("SCAN -1", "[0, []]")]
    [InlineData("SCAN 0 COUNT 0", "ERR syntax error")]
    [InlineData("SCAN 0 COUNT x", "ERR value is not an integer or out of range")]
    [InlineData("SCAN 0 MATCH", "ERR syntax error")]
    [InlineData("SCAN 0 foo bar", "ERR syntax error")]
    [InlineData("SCAN 0 TYPE foo", "[0, []]")]
    [InlineData("SCAN 0", "[0, [k]]")]
    [InlineData("SCAN 0 MATCH k COUNT 5 TYPE STRING", "[0, [k]]")]
    [InlineData("SCAN 0 TYPE hash", "[0, []]")]
    public void Replies(string command, string reply)
    {
        _redis.Run("SET k v");
        Assert.Equal(reply, _redis.Run(command));
    }

    [Theory]
    [InlineData("", 2000)]
    [InlineData(" COUNT 1", 2000)]
    [InlineData(" COUNT 100000", 2000)]
    [InlineData(" MATCH key:1*", 1108)]
    [InlineData(" TYPE hash COUNT 50", 3)]
    public void A_whole_walk_finds_every_key_once_when_nothing_changes(string options, int expected)
    {
        _redis.Run("DEBUG POPULATE 1997");
        for (var i = 0; i < 3; i++) _redis.Run($"HSET h{i} f v");
        var found = Walk(options);
        Assert.Equal(expected, found.Count);
        Assert.Equal(expected, found.Distinct().Count());
    }

    [Fact]
    public void Keys_that_stay_are_found_while_others_come_and_go()
    {
        _redis.Run("DEBUG POPULATE 1000 stay");
        var found = Walk(" COUNT 20", step => _redis.Run(step % 2 == 0 ? $"DEBUG POPULATE 300 temp{step}" : $"DEL {string.Join(' ', Enumerable.Range(0, 300).Select(i => $"temp{step - 1}:{i}"))}"));
        Assert.Equal(1000, found.Where(key => key.StartsWith("stay", StringComparison.Ordinal)).Distinct().Count());
    }

    [Fact]
    public void Expired_keys_are_not_returned_and_gone_afterwards()
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        _redis.Run("DEBUG POPULATE 100");
        _redis.Run("SET gone v PX 1");
        _redis.Advance(5);
        Assert.Equal("101", _redis.Run("DBSIZE"));
        Assert.Empty(Walk(" TYPE hash"));
        Assert.Equal("100", _redis.Run("DBSIZE"));
    }

    private List<string> Walk(string options, Action<int>? between = null)
    {
        var found = new List<string>();
        var cursor = "0";
        var step = 0;
        do
        {
            var reply = RedisLite.Protocol.ReplyReader.ReadAll(_redis.RunRaw([.. $"SCAN {cursor}{options}".Split(' ').Select(System.Text.Encoding.ASCII.GetBytes)]))[0];
            cursor = reply[0].Text;
            found.AddRange(reply[1].Items.Select(item => item.Text));
            between?.Invoke(step++);
        }
        while (cursor != "0");
        return found;
    }
}

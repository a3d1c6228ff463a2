using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class AclLogTests
{
    private readonly TestEngine _redis = new();

    /// <summary>count, reason, context, object, user name and entry id of each entry.</summary>
    private string[] Log(int count = 10) => ReplyText(_redis.Run($"ACL LOG {count}"));

    private static string[] ReplyText(string log) => [.. System.Text.RegularExpressions.Regex
        .Matches(log, @"count, (\d+), reason, (\w+), context, (\w+), object, ([^,]*), username, ([^,]*), age-seconds, [^,]*, client-info, [^,]*, entry-id, (\d+)")
        .Select(match => string.Join(' ', match.Groups.Values.Skip(1)))];

    private TestClient User(string rules)
    {
        _redis.Run($"ACL SETUSER u on nopass {rules}");
        var client = _redis.Connect();
        client.Run("AUTH u x");
        return client;
    }

    [Fact]
    public void Refusals_are_told_with_reason_context_and_object()
    {
        var client = User("+@all -flushall ~a &c");
        client.Run("FLUSHALL");
        client.Run("GET k1");
        client.Run("PUBLISH d x");
        client.Run("AUTH nobody x");
        client.Run("hello 3 auth nobody x");
        client.Run("MULTI");
        client.Run("MGET a k2");
        Assert.Equal(
            ["1 key multi k2 u 5", "1 auth toplevel hello nobody 4", "1 auth toplevel AUTH nobody 3", "1 channel toplevel d u 2", "1 key toplevel k1 u 1", "1 command toplevel flushall u 0"],
            Log());
        var stats = _redis.Run("INFO stats");
        foreach (var expected in (string[])["auth:2", "cmd:1", "key:2", "channel:1"]) Assert.Contains($"acl_access_denied_{expected}", stats, StringComparison.Ordinal);
        Assert.Equal("[]", _redis.Run("ACL LOG 0"));
        Assert.Equal("[]", _redis.Run("ACL LOG -1"));
        Assert.Equal("OK", _redis.Run("ACL LOG reset"));
        Assert.Empty(Log());
        _redis.Run("CONFIG RESETSTAT");
        Assert.Contains("acl_access_denied_auth:2", _redis.Run("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_transaction_the_client_runs_exec()
    {
        var client = User("+@all ~*");
        client.Run("MULTI");
        client.Run("GET a");
        _redis.Run("ACL SETUSER u -get");
        client.Run("EXEC");
        Assert.Equal(["1 command multi get u 0"], Log());
        Assert.Contains("cmd=exec user=u", _redis.Run("ACL LOG"), StringComparison.Ordinal);
        client.Run("GET a");
        Assert.Contains("cmd=get user=u", _redis.Run("ACL LOG 1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_is_refused_in_its_own_words_and_context()
    {
        var client = User("+@all -get ~a");
        Assert.Equal("ERR ACL failure in script: No permissions to access a key", client.Run("EVAL \"return redis.pcall('set','b','1')\" 0"));
        Assert.Equal("ERR ACL failure in script: User u has no permissions to run the 'get' command", client.Run("EVAL \"return redis.pcall('get','a')\" 0"));
        Assert.Equal("[1, (nil)]", client.Run("EVAL \"return {redis.acl_check_cmd('set','a','1'), redis.acl_check_cmd('get','a')}\" 0"));
        Assert.Equal(["1 command lua get u 1", "1 key lua b u 0"], Log());
        Assert.Contains("cmd=eval user=u", _redis.Run("ACL LOG 1"), StringComparison.Ordinal);
    }

    [Fact]
    public void Like_refusals_within_a_minute_are_one_entry()
    {
        var client = User("-@all");
        client.Run("GET a");
        client.Run("SET a b");
        _redis.Advance(500);
        client.Run("GET a");
        Assert.Equal(["2 command toplevel get u 0", "1 command toplevel set u 1"], Log());
        _redis.Advance(250);
        Assert.Contains("age-seconds, 0.25, ", _redis.Run("ACL LOG 1"), StringComparison.Ordinal);
        _redis.Advance(60_001);
        client.Run("GET a");
        Assert.Equal(["1 command toplevel get u 2", "2 command toplevel get u 0", "1 command toplevel set u 1"], Log());
    }

    [Fact]
    public void The_log_has_a_length()
    {
        var client = User("+@all ~a");
        _redis.Run("CONFIG SET acllog-max-len 3");
        for (var i = 0; i < 5; i++) client.Run($"GET k{i}");
        Assert.Equal(["1 key toplevel k4 u 4", "1 key toplevel k3 u 3", "1 key toplevel k2 u 2"], Log());
        Assert.Single(Log(1));
    }

    [Fact]
    public void What_lies_far_back_is_not_counted_up()
    {
        var client = User("+@all ~a");
        for (var i = 0; i < 11; i++) client.Run($"GET k{i}");
        client.Run("GET k0");
        client.Run("GET k2");
        Assert.Equal(["2 key toplevel k2 u 2", "1 key toplevel k0 u 11"], Log(2));
    }

    [Fact]
    public void The_log_is_made_of_maps_with_a_double_in_resp3()
    {
        User("+@all ~a").Run("GET b");
        _redis.Run("HELLO 3");
        _redis.Advance(1500);
        Assert.StartsWith("*1\r\n%10\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$3\r\nkey\r\n$7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n$1\r\nb\r\n$8\r\nusername\r\n"
            + "$1\r\nu\r\n$11\r\nage-seconds\r\n,1.5\r\n",
            System.Text.Encoding.Latin1.GetString(_redis.RunRaw("ACL"u8.ToArray(), "LOG"u8.ToArray())), StringComparison.Ordinal);
    }
}

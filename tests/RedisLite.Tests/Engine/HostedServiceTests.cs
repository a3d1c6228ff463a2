using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>What hosted services add to Redis: an account inside the one argument of AUTH, and commands that are switched off.</summary>
public class HostedServiceTests
{
    private const string WrongPass = "WRONGPASS invalid username-password pair or user is disabled.";
    private const string NoPassword = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";

    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("secret", "default")]
    [InlineData("app@p", "default")]                       // the very password of the default account
    [InlineData("app@app-pw", "app")]
    [InlineData("app:app-pw", "app")]
    [InlineData("r-bp1abc:secret", "default")]
    [InlineData("r-bp1abc:app@p", "default")]
    [InlineData("odd@a:b@c", "odd")]
    [InlineData("app@wrong", null)]
    [InlineData("nobody@secret", null)]
    [InlineData("r-bp1abc:wrong", null)]
    [InlineData("app:secret", null)]
    [InlineData("@secret", null)]
    [InlineData(":secret", null)]
    [InlineData("", null)]
    public void Auth_takes_an_account_and_its_password_in_one_argument(string argument, string? user)
    {
        _redis.Run("ACL SETUSER app on >app-pw +@all");
        _redis.Run("ACL SETUSER odd on >a:b@c +@all");
        _redis.Run("ACL SETUSER default resetpass >secret >app@p");
        var client = _redis.Connect();
        Assert.Equal(user is null ? WrongPass : "OK", client.RunArgs("AUTH", argument));
        Assert.Equal(user ?? "NOAUTH Authentication required.", client.Run("ACL WHOAMI"));
    }

    [Fact]
    public void Without_a_password_of_the_default_account_other_accounts_still_log_in()
    {
        _redis.Run("ACL SETUSER app on >app-pw +@all");
        Assert.Equal("OK", _redis.Connect().Run("AUTH app@app-pw"));
        Assert.Equal(WrongPass, _redis.Connect().Run("AUTH app@wrong"));
        Assert.Equal(NoPassword, _redis.Connect().Run("AUTH nobody@x"));
        Assert.Equal(NoPassword, _redis.Connect().Run("AUTH r-bp1abc:x"));
    }

    [Fact]
    public void Accounts_in_the_argument_can_be_switched_off()
    {
        _redis.Run("ACL SETUSER app on >app-pw +@all");
        _redis.Run("CONFIG SET auth-account-in-password no");
        Assert.Equal(NoPassword, _redis.Connect().Run("AUTH app@app-pw"));
        _redis.Run("CONFIG SET requirepass secret");
        Assert.Equal(WrongPass, _redis.Connect().Run("AUTH r-bp1abc:secret"));
        Assert.Equal("OK", _redis.Connect().Run("AUTH secret"));
    }

    [Fact]
    public void A_failed_attempt_is_one_attempt()
    {
        _redis.Run("ACL SETUSER app on >app-pw +@all");
        _redis.Run("CONFIG SET requirepass secret");
        _redis.Connect().Run("AUTH app@wrong");
        Assert.Contains("acl_access_denied_auth:1", _redis.Run("INFO stats"), StringComparison.Ordinal);
        Assert.Contains("username, app,", _redis.Run("ACL LOG"), StringComparison.Ordinal);
    }

    [Fact]
    public void Disabled_commands_are_unknown_until_they_leave_the_list()
    {
        Assert.Equal("OK", _redis.Run("CONFIG SET disable-command-list \"keys, FLUSHALL client\""));
        Assert.Equal("ERR unknown command 'keys', with args beginning with: '*' ", _redis.Run("keys *"));
        Assert.Equal("ERR unknown command 'CLIENT', with args beginning with: 'ID' ", _redis.Run("CLIENT ID"));
        Assert.Equal("[(nil)]", _redis.Run("COMMAND INFO flushall"));
        Assert.Equal("[disable-command-list, keys FLUSHALL client]", _redis.Run("CONFIG GET disable-command-list"));
        Assert.Equal("OK", _redis.Run("CONFIG SET disable-command-list flushall"));
        Assert.Equal("[]", _redis.Run("KEYS *"));
        Assert.StartsWith("ERR unknown command 'FLUSHALL'", _redis.Run("FLUSHALL"), StringComparison.Ordinal);
        Assert.Equal("OK", _redis.Run("CONFIG SET disable-command-list \"\""));
        Assert.Equal("OK", _redis.Run("FLUSHALL"));
    }

    [Fact]
    public void A_name_that_is_no_command_is_refused_and_nothing_changes()
    {
        _redis.Run("CONFIG SET disable-command-list keys");
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'disable-command-list') - unknown command 'kyes'",
            _redis.Run("CONFIG SET disable-command-list \"flushall kyes\""));
        Assert.Equal("OK", _redis.Run("FLUSHALL"));
        Assert.StartsWith("ERR unknown command 'KEYS'", _redis.Run("KEYS *"), StringComparison.Ordinal);
        Assert.Equal("disable-command-list: unknown command 'nosuch'",
            Assert.Throws<InvalidOperationException>(() => new TestEngine(config => config.Set("disable-command-list", "nosuch"))).Message);
    }

    [Fact]
    public void Requests_that_came_together_with_the_change_see_it()
    {
        _redis.Main.SendBytes("CONFIG SET disable-command-list keys\r\nKEYS *\r\nCONFIG SET disable-command-list \"\"\r\nKEYS *\r\n"u8);
        Assert.Equal("OK | ERR unknown command 'KEYS', with args beginning with: '*'  | OK | []", _redis.Main.Take());
    }

    [Fact]
    public void A_log_of_writes_made_before_is_read_all_the_same()
    {
        var redis = new TestEngine(config => config.Set("appendonly", "yes"));
        redis.Run("SET k v");
        redis.Run("CONFIG SET disable-command-list \"set\"");
        Assert.Equal("OK", redis.Run("DEBUG LOADAOF"));
        Assert.Equal("v", redis.Run("GET k"));
        Assert.StartsWith("ERR unknown command 'SET'", redis.Run("SET k w"), StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_may_name_a_disabled_command()
    {
        _redis.Run("CONFIG SET disable-command-list keys");
        Assert.Equal("OK", _redis.Run("ACL SETUSER u +keys"));
        Assert.Equal("ERR Command 'keys' not found", _redis.Run("ACL DRYRUN u keys *"));
    }
}

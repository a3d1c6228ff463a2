using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>What a user may do, and what happens when it does something else.</summary>
public class AclPermissionTests
{
    private const string NoKey = "NOPERM No permissions to access a key";
    private const string NoChannel = "NOPERM No permissions to access a channel";

    private readonly TestEngine _redis = new();

    private TestClient As(string rules)
    {
        Assert.Equal("OK", _redis.Run($"ACL SETUSER u on nopass {rules}"));
        var client = _redis.Connect();
        Assert.Equal("OK", client.Run("AUTH u x"));
        return client;
    }

    [Theory]
    [InlineData("+get ~*", "SET a b", "NOPERM User u has no permissions to run the 'set' command")]
    [InlineData("+get ~*", "CONFIG GET save", "NOPERM User u has no permissions to run the 'config|get' command")]
    [InlineData("+config|get", "CONFIG GET save", "[save, ]")]
    [InlineData("+config|get", "CONFIG SET save x", "NOPERM User u has no permissions to run the 'config|set' command")]
    [InlineData("+config|get", "CONFIG NOSUCH", "ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.")]
    [InlineData("+@all -config", "CONFIG GET save", "NOPERM User u has no permissions to run the 'config|get' command")]
    [InlineData("+select|0", "SELECT 0", "OK")]
    [InlineData("+select|0", "SELECT 1", "NOPERM User u has no permissions to run the 'select' command")]
    [InlineData("+@all -get +get|A ~*", "GET a", "(nil)")]
    [InlineData("+@all -get +get|a ~*", "GET b", "NOPERM User u has no permissions to run the 'get' command")]
    [InlineData("+get|a +@read -@read ~*", "GET a", "NOPERM User u has no permissions to run the 'get' command")]
    [InlineData("-@all", "HELLO nosuch", "ERR Protocol version is not an integer or out of range")]
    [InlineData("-@all", "NOSUCH", "ERR unknown command 'NOSUCH', with args beginning with: ")]
    [InlineData("-@all", "GET", "ERR wrong number of arguments for 'get' command")]
    [InlineData("+@all ~a*", "GET a1", "(nil)")]
    [InlineData("+@all ~a*", "GET b1", NoKey)]
    [InlineData("+@all ~a*", "MGET a1 b1", NoKey)]
    [InlineData("+@all ~a*", "MSET a1 b1 a2 b2", "OK")]
    [InlineData("+@all ~a*", "PING", "PONG")]
    [InlineData("+@all %R~a*", "GET a1", "(nil)")]
    [InlineData("+@all %R~a*", "SET a1 x", NoKey)]
    [InlineData("+@all %W~a*", "SET a1 x", "OK")]
    [InlineData("+@all %W~a*", "SET a1 x GET", NoKey)]
    [InlineData("+@all %W~a*", "GET a1", NoKey)]
    [InlineData("+@all %W~a*", "EXISTS a1", "0")]
    [InlineData("+@all %W~a*", "STRLEN a1", "0")]
    [InlineData("+@all %R~r* %W~w*", "COPY r w", "0")]
    [InlineData("+@all %R~r* %W~w*", "COPY w r", NoKey)]
    [InlineData("(+@all %R~r*) (+@all %W~w*)", "COPY r w", NoKey)]
    [InlineData("+get ~a (+set ~b)", "SET b 1", "OK")]
    [InlineData("+get ~a (+set ~b)", "GET b", NoKey)]
    [InlineData("+get ~a (+set ~b)", "DEL b", "NOPERM User u has no permissions to run the 'del' command")]
    [InlineData("+@all &c*", "PUBLISH c1 x", "0")]
    [InlineData("+@all &c*", "PUBLISH d x", NoChannel)]
    [InlineData("+@all &c*", "SPUBLISH d x", NoChannel)]
    [InlineData("+@all &c*", "SUBSCRIBE c1", "[subscribe, c1, 1]")]
    [InlineData("+@all &c*", "SUBSCRIBE c1 d", NoChannel)]
    [InlineData("+@all &c*", "SSUBSCRIBE c1 d", NoChannel)]
    [InlineData("+@all &c*", "PSUBSCRIBE c*", "[psubscribe, c*, 1]")]
    [InlineData("+@all &c*", "PSUBSCRIBE c1", NoChannel)]
    [InlineData("+@all &c*", "UNSUBSCRIBE d", "[unsubscribe, d, 0]")]
    [InlineData("+@all &c*", "SUNSUBSCRIBE d", "[sunsubscribe, d, 0]")]
    public void A_request_is_allowed_or_not(string rules, string request, string reply) => Assert.Equal(reply, As(rules).Run(request));

    [Theory]
    [InlineData("GET a", "User u has no permissions to run the 'get' command")]
    [InlineData("SET b 1", "User u has no permissions to access the 'b' key")]
    [InlineData("SET a 1", "OK")]
    [InlineData("PUBLISH c x", "User u has no permissions to access the 'c' channel")]
    [InlineData("AUTH x", "OK")]
    [InlineData("SET a", "ERR wrong number of arguments for 'set' command")]
    [InlineData("CONFIG", "ERR wrong number of arguments for 'config' command")]
    [InlineData("CONFIG NOSUCH", "ERR Command 'CONFIG' not found")]
    [InlineData("nosuch", "ERR Command 'nosuch' not found")]
    [InlineData("config|get x", "ERR Command 'config|get' not found")]
    public void Dryrun_tells_without_running(string request, string reply)
    {
        _redis.Run("ACL SETUSER u +@all -get ~a");
        Assert.Equal(reply, _redis.Run($"ACL DRYRUN u {request}"));
        Assert.Equal("[]", _redis.Run("ACL LOG"));
        Assert.Equal("ERR User 'v' not found", _redis.Run($"ACL DRYRUN v {request}"));
        Assert.Equal("0", _redis.Run("EXISTS a"));
    }

    [Fact]
    public void A_user_that_may_do_everything_is_not_looked_at()
    {
        var client = As("+@all ~* &*");
        Assert.False(client.Client!.Has(RedisLite.Engine.ClientFlags.Restricted));
        _redis.Run("ACL SETUSER u -keys");
        Assert.True(client.Client!.Has(RedisLite.Engine.ClientFlags.Restricted));
        Assert.Equal("NOPERM User u has no permissions to run the 'keys' command", client.Run("KEYS *"));
        _redis.Run("ACL SETUSER u (+@all allkeys allchannels)");
        Assert.False(client.Client!.Has(RedisLite.Engine.ClientFlags.Restricted));
    }

    [Fact]
    public void Queued_commands_are_asked_again_when_they_run()
    {
        var client = As("+@all ~* &*");
        client.Run("MULTI");
        foreach (var request in (string[])["GET a", "SET a b", "PUBLISH c x", "PING"]) Assert.Equal("QUEUED", client.Run(request));
        _redis.Run("ACL SETUSER u -get resetkeys resetchannels");
        const string prefix = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
            + "This command is no longer allowed for the following reason: ";
        Assert.Equal($"[{prefix}no permission to execute the command or subcommand, {prefix}no permission to touch the specified keys, "
            + $"{prefix}no permission to access one of the channels used as arguments, PONG]", client.Run("EXEC"));
    }

    [Fact]
    public void A_refused_command_spoils_the_transaction()
    {
        var client = As("+@all ~a");
        client.Run("MULTI");
        Assert.Equal(NoKey, client.Run("GET b"));
        Assert.Equal("EXECABORT Transaction discarded because of previous errors.", client.Run("EXEC"));
        _redis.Run("ACL SETUSER u -exec");
        client.Run("MULTI");
        Assert.Equal("EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the 'exec' command", client.Run("EXEC"));
    }

    [Fact]
    public void A_blocked_command_is_asked_again_when_its_key_is_ready()
    {
        var client = As("+@all ~*");
        client.Send("BLPOP q 0");
        _redis.Run("ACL SETUSER u resetkeys");
        _redis.Run("RPUSH q x");
        Assert.Equal(NoKey, client.Take());
        Assert.Equal("1", _redis.Run("LLEN q"));
        Assert.Contains("cmdstat_blpop:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0", _redis.Run("INFO commandstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_of_a_deleted_user_are_closed()
    {
        var client = As("+@all");
        Assert.Equal("1", _redis.Run("ACL DELUSER nobody u u"));
        _redis.Iterate();
        Assert.True(client.IsClosed);
        Assert.Equal("ERR The 'default' user cannot be removed", _redis.Run("ACL DELUSER default"));
    }

    [Fact]
    public void Who_deletes_its_own_user_gets_the_answer()
    {
        var client = As("+@all");
        Assert.Equal("1", client.Run("ACL DELUSER u"));
        Assert.True(client.Client!.CloseAfterReply);
    }

    [Theory]
    [InlineData("SUBSCRIBE foo:1", "resetchannels", true)]
    [InlineData("SUBSCRIBE foo:1", "resetchannels &foo:*", false)]
    [InlineData("SSUBSCRIBE foo:1", "resetchannels &bar", true)]
    [InlineData("PSUBSCRIBE foo:*", "resetchannels &foo:*", false)]
    [InlineData("PSUBSCRIBE foo:*", "resetchannels &foo*", true)]
    [InlineData("PSUBSCRIBE foo:*", "-@all", false)]
    [InlineData("PSUBSCRIBE foo:*", "resetchannels (&foo:*)", false)]
    [InlineData("PSUBSCRIBE foo:*", "allchannels", false)]
    public void Listeners_that_may_no_longer_listen_are_closed(string subscribe, string rules, bool closed)
    {
        var client = As("+@all &foo:* &foo:1");
        client.Run(subscribe);
        Assert.Equal("OK", _redis.Run($"ACL SETUSER u {rules}"));
        _redis.Iterate();
        Assert.Equal(closed, client.IsClosed);
    }

    [Fact]
    public void Disabling_a_user_ends_no_session()
    {
        var client = As("+@all");
        _redis.Run("ACL SETUSER u off");
        Assert.Equal("PONG", client.Run("PING"));
        Assert.Equal("WRONGPASS invalid username-password pair or user is disabled.", _redis.Connect().Run("AUTH u x"));
    }

    [Fact]
    public void Without_an_open_default_user_everybody_has_to_log_in()
    {
        var before = _redis.Connect();
        _redis.Run("ACL SETUSER admin on >secret +@all ~*");
        _redis.Run("ACL SETUSER default off");
        var after = _redis.Connect();
        Assert.Equal("PONG", before.Run("PING"));
        Assert.Equal("NOAUTH Authentication required.", after.Run("PING"));
        Assert.Equal("WRONGPASS invalid username-password pair or user is disabled.", after.Run("AUTH default x"));
        Assert.Equal("OK", after.Run("AUTH admin secret"));
        Assert.Equal("admin", after.Run("ACL WHOAMI"));
        Assert.Equal("RESET", after.Run("RESET"));
        Assert.Equal("NOAUTH Authentication required.", after.Run("PING"));
        _redis.Run("ACL SETUSER default on");
        Assert.Equal("PONG", after.Run("PING"));
    }

    [Fact]
    public void The_password_of_the_configuration_is_that_of_the_default_user()
    {
        _redis.Run("CONFIG SET requirepass foo");
        Assert.Equal("[user default on sanitize-payload #2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae ~* &* +@all]", _redis.Run("ACL LIST"));
        _redis.Run("ACL SETUSER default >bar");
        Assert.Equal("OK", _redis.Connect().Run("AUTH bar"));
        Assert.Equal("OK", _redis.Connect().Run("AUTH default foo"));
        Assert.Equal("[requirepass, foo]", _redis.Run("CONFIG GET requirepass"));
        _redis.Run("CONFIG SET requirepass \"\"");
        Assert.Equal("[user default on nopass sanitize-payload ~* &* +@all]", _redis.Run("ACL LIST"));
    }

    [Fact]
    public void Names_passwords_and_rules_are_in_no_log()
    {
        var monitor = _redis.Connect();
        monitor.Run("MONITOR");
        _redis.Run("CONFIG SET slowlog-log-slower-than 0");
        _redis.Run("ACL SETUSER u on >secret");
        _redis.Run("HELLO 3 AUTH u secret SETNAME x");
        _redis.Run("ACL DELUSER u");
        Assert.DoesNotContain("secret", monitor.Take() + _redis.Run("SLOWLOG GET"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GENPASS", 64)]
    [InlineData("GENPASS 1", 1)]
    [InlineData("GENPASS 5", 2)]
    [InlineData("GENPASS 4096", 1024)]
    public void Genpass_gives_so_many_bits_as_hex(string request, int digits)
    {
        var password = _redis.Run($"ACL {request}");
        Assert.Matches($"^[0-9a-f]{{{digits}}}$", password);
        if (digits > 2) Assert.NotEqual(password, _redis.Run($"ACL {request}"));
    }

    [Theory]
    [InlineData("ACL GENPASS 0", "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")]
    [InlineData("ACL GENPASS 4097", "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")]
    [InlineData("ACL GENPASS x", "ERR value is not an integer or out of range")]
    [InlineData("ACL GENPASS 1 2", "ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.")]
    [InlineData("ACL CAT nosuch", "ERR Unknown category 'nosuch'")]
    [InlineData("ACL CAT a b", "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.")]
    [InlineData("ACL LOG x", "ERR value is not an integer or out of range")]
    [InlineData("ACL LOG RESET x", "ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.")]
    [InlineData("ACL USERS", "[default]")]
    [InlineData("ACL HELP x", "ERR wrong number of arguments for 'acl|help' command")]
    public void Other_subcommands(string request, string reply) => Assert.Equal(reply, _redis.Run(request));
}

using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>The language of ACL rules: what a rule makes of a user, and what cannot be had. Every row was asked of redis-server 7.2.6.</summary>
public class AclRuleTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("", "off sanitize-payload resetchannels -@all")]
    [InlineData("on nopass", "on nopass sanitize-payload resetchannels -@all")]
    [InlineData("ON NoPass ALLKEYS", "on nopass sanitize-payload ~* resetchannels -@all")]
    [InlineData("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all")]
    [InlineData("on nopass >x", "on sanitize-payload #2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 resetchannels -@all")]
    [InlineData(">x >y <x", "off sanitize-payload #a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa resetchannels -@all")]
    [InlineData(">x >x resetpass", "off sanitize-payload resetchannels -@all")]
    [InlineData(">x nopass", "off nopass sanitize-payload resetchannels -@all")]
    [InlineData("#2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 !2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        "off sanitize-payload resetchannels -@all")]
    [InlineData("~foo ~foo %R~bar %W~baz %RW~qux", "off sanitize-payload ~foo %R~bar %W~baz ~qux resetchannels -@all")]
    [InlineData("%R~foo %W~foo", "off sanitize-payload ~foo resetchannels -@all")]
    [InlineData("%r~a %WR~b", "off sanitize-payload %R~a ~b resetchannels -@all")]
    [InlineData("%R", "off sanitize-payload %R~ resetchannels -@all")]
    [InlineData("~foo allkeys", "off sanitize-payload ~* resetchannels -@all")]
    [InlineData("~* resetkeys ~foo", "off sanitize-payload ~foo resetchannels -@all")]
    [InlineData("%RW~* ~foo", "off sanitize-payload ~* ~foo resetchannels -@all")]
    [InlineData("&foo &foo &b*", "off sanitize-payload resetchannels &foo &b* -@all")]
    [InlineData("&foo &*", "off sanitize-payload &* -@all")]
    [InlineData("allchannels resetchannels &x", "off sanitize-payload resetchannels &x -@all")]
    [InlineData("+@all -@hash -@slow +hget -@hash", "off sanitize-payload resetchannels +@all -@slow +hget -@hash")]
    [InlineData("+@all -@hash -@slow +hget +@HASH", "off sanitize-payload resetchannels +@all -@slow +hget +@hash")]
    [InlineData("-@string -@slow +@all", "off sanitize-payload resetchannels +@all")]
    [InlineData("+GET +@HASH +get", "off sanitize-payload resetchannels -@all +@hash +get")]
    [InlineData("+hget -hset +hset -hget", "off sanitize-payload resetchannels -@all +hset -hget")]
    [InlineData("+client|list +client|list +config|get +config +acl|list -acl", "off sanitize-payload resetchannels -@all +client|list +config -acl")]
    [InlineData("+config +config|get -config|set +config", "off sanitize-payload resetchannels -@all +config")]
    [InlineData("+config +config|get", "off sanitize-payload resetchannels -@all +config +config|get")]
    [InlineData("+SELECT|FoO +select|0 +select|0", "off sanitize-payload resetchannels -@all +select|foo +select|0")]
    [InlineData("+select|0 +select", "off sanitize-payload resetchannels -@all +select")]
    [InlineData("+select|0 -select", "off sanitize-payload resetchannels -@all -select")]
    [InlineData("allcommands +select|0", "off sanitize-payload resetchannels +@all +select|0")]
    [InlineData("+set +setex -set", "off sanitize-payload resetchannels -@all +setex -set")]
    [InlineData("-@all -@dangerous", "off sanitize-payload resetchannels -@all -@dangerous")]
    [InlineData("+get (~x +set) ( %R~y +mget &c )", "off sanitize-payload resetchannels -@all +get (~x resetchannels -@all +set) (%R~y resetchannels &c -@all +mget)")]
    [InlineData("(+get +get) clearselectors ()", "off sanitize-payload resetchannels -@all (resetchannels -@all)")]
    [InlineData("(allkeys allchannels allcommands)", "off sanitize-payload resetchannels -@all (~* &* +@all)")]
    [InlineData("on >x +get ~x &x (+set) reset", "off sanitize-payload resetchannels -@all")]
    public void Rules_make_a_user(string rules, string listed)
    {
        Assert.Equal("OK", _redis.Run($"ACL SETUSER u {rules}"));
        Assert.Equal($"[user default on nopass sanitize-payload ~* &* +@all, user u {listed}]", _redis.Run("ACL LIST"));
    }

    private const string KeysAfterAll = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
        + "Try 'resetkeys' to start with an empty list of patterns";

    private const string ChannelsAfterAll = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
        + "Try 'resetchannels' to start with an empty list of channels";

    private const string BadHash = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";

    [Theory]
    [InlineData("zork", "zork", "Syntax error")]
    [InlineData("+zork", "+zork", "Unknown command or category name in ACL")]
    [InlineData("-@zork", "-@zork", "Unknown command or category name in ACL")]
    [InlineData("+config|zork", "+config|zork", "Unknown command or category name in ACL")]
    [InlineData("+config|get|x", "+config|get|x", "Allowing first-arg of a subcommand is not supported")]
    [InlineData("-config|get|x", "-config|get|x", "Unknown command or category name in ACL")]
    [InlineData("+get|a|b", "+get|a|b", "Unknown command or category name in ACL")]
    [InlineData("-get|a", "-get|a", "Unknown command or category name in ACL")]
    [InlineData("+select|", "+select|", "Syntax error")]
    [InlineData("+|", "+|", "Unknown command or category name in ACL")]
    [InlineData("+", "+", "Unknown command or category name in ACL")]
    [InlineData("<x", "<x", "The password you are trying to remove from the user does not exist")]
    [InlineData("!34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6",
        "!34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6", "The password you are trying to remove from the user does not exist")]
    [InlineData("#x", "#x", BadHash)]
    [InlineData("#34344E4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6", "#34344E4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6", BadHash)]
    [InlineData("%~x", "%~x", "Syntax error")]
    [InlineData("%", "%", "Syntax error")]
    [InlineData("%RR~x", "%RR~x", "Syntax error")]
    [InlineData("%X~x", "%X~x", "Syntax error")]
    [InlineData("~* ~foo", "~foo", KeysAfterAll)]
    [InlineData("&* &foo", "&foo", ChannelsAfterAll)]
    [InlineData("\"~a b\"", "~a b", "Syntax error")]
    [InlineData("\"~a\\x00b\"", "~a", "Syntax error")]
    [InlineData("\"&a\\tb\"", "&a\tb", "Syntax error")]
    [InlineData("(on)", "(on)", "Syntax error")]
    [InlineData("(reset)", "(reset)", "Syntax error")]
    [InlineData("(>p )", "(>p )", "Syntax error")]
    [InlineData("(+get  +zork +foo)", "(+get +zork +foo)", "Unknown command or category name in ACL")]
    [InlineData("((+get))", "((+get))", "Syntax error")]
    [InlineData(")", ")", "Syntax error")]
    public void A_wrong_rule_is_refused_and_nothing_changes(string rules, string named, string reason)
    {
        _redis.Run("ACL SETUSER u on >secret +get ~k &c (+set)");
        var before = _redis.Run("ACL LIST");
        Assert.Equal($"ERR Error in ACL SETUSER modifier '{named}': {reason}", _redis.Run($"ACL SETUSER u nopass off {rules}"));
        Assert.Equal($"ERR Error in ACL SETUSER modifier '{named}': {reason}", _redis.Run($"ACL SETUSER fresh {rules}"));
        Assert.Equal(before, _redis.Run("ACL LIST"));
    }

    [Theory]
    [InlineData("( +get", "(")]
    [InlineData("on (+get ~x", "(+get")]
    [InlineData("zork \"(+get)x\"", "(+get)x")]
    public void A_selector_needs_its_end(string rules, string start) =>
        Assert.Equal($"ERR Unmatched parenthesis in acl selector starting at '{start}'.", _redis.Run($"ACL SETUSER u {rules}"));

    [Theory]
    [InlineData("\"a b\"")]
    [InlineData("\"a\\x00b\"")]
    [InlineData("\"a\\nb\"")]
    public void Names_hold_no_blanks(string name) => Assert.Equal("ERR Usernames can't contain spaces or null characters", _redis.Run($"ACL SETUSER {name}"));

    [Fact]
    public void Names_and_patterns_are_bytes()
    {
        Assert.Equal("OK", _redis.Run("ACL SETUSER \"\\xff\\xfe\" \"~\\xff\""));
        var reply = _redis.RunRaw("ACL"u8.ToArray(), "LIST"u8.ToArray());
        Assert.True(reply.AsSpan().IndexOf((byte[])[.. "user "u8, 0xff, 0xfe, .. " off sanitize-payload ~"u8, 0xff, .. " reset"u8]) > 0);
    }

    [Fact]
    public void New_users_and_selectors_hear_every_channel_when_the_configuration_says_so()
    {
        _redis.Run("CONFIG SET acl-pubsub-default allchannels");
        _redis.Run("ACL SETUSER u (+get)");
        Assert.Contains("user u off sanitize-payload &* -@all (&* -@all +get)", _redis.Run("ACL LIST"), StringComparison.Ordinal);
        Assert.Contains("Adding a pattern after the *", _redis.Run("ACL SETUSER u (&x)"), StringComparison.Ordinal);
        _redis.Run("ACL SETUSER u resetchannels reset");
        Assert.Contains("user u off sanitize-payload &* -@all]", _redis.Run("ACL LIST"), StringComparison.Ordinal);
    }

    [Fact]
    public void Getuser_takes_the_rules_apart()
    {
        _redis.Run("ACL SETUSER u on >x -@all +get resetchannels &c %R~foo ~baz (-@all +set &d %W~bar)");
        Assert.Equal(
            "[flags, [on, sanitize-payload], passwords, [2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881], commands, -@all +get, "
            + "keys, %R~foo ~baz, channels, &c, selectors, [[commands, -@all +set, keys, %W~bar, channels, &d]]]",
            _redis.Run("ACL GETUSER u"));
        Assert.Equal("(nil)", _redis.Run("ACL GETUSER nobody"));
    }
}

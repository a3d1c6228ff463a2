using RedisLite.Tests.Engine;
using Xunit;

namespace RedisLite.Tests.Config;

public class ConfigCommandsTests
{
    private readonly EngineProbe probe = new();

    [Theory]
    [InlineData("CONFIG GET maxmemory", "*2 $9 maxmemory $1 0")]
    [InlineData("CONFIG GET SLAVEOF nosuch", "*2 $7 SLAVEOF $0 ")]
    [InlineData("CONFIG GET nosuch*", "*0")]
    [InlineData("CONFIG GET *max-intset* set-max-intset-entries", "*2 $22 set-max-intset-entries $3 512")]
    [InlineData("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command")]
    [InlineData("CONFIG SET maxmemory 1mb timeout 5", "+OK")]
    [InlineData("CONFIG SET maxmemory", "-ERR wrong number of arguments for 'config|set' command")]
    [InlineData("CONFIG SET maxmemory 10 foo", "-ERR syntax error")]
    [InlineData("CONFIG SET foo 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'")]
    [InlineData("CONFIG SET dir /", "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config")]
    [InlineData("CONFIG SET daemonize yes", "-ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config")]
    [InlineData("CONFIG REWRITE", "-ERR The server is running without a config file")]
    [InlineData("DEBUG CONFIG-REWRITE-FORCE-ALL", "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.")]
    [InlineData("CONFIG RESETSTAT", "+OK")]
    [InlineData("CONFIG RESETSTAT x", "-ERR wrong number of arguments for 'config|resetstat' command")]
    [InlineData("CONFIG FOO", "-ERR unknown subcommand 'FOO'. Try CONFIG HELP.")]
    [InlineData("CONFIG", "-ERR wrong number of arguments for 'config' command")]
    public void Replies(string command, string reply) => Assert.Equal(reply.TrimEnd(), probe.Send(command));

    [Theory]
    [InlineData("hz 1 watchdog-period 1", "2000")]
    [InlineData("hz 10 watchdog-period 1", "200")]
    [InlineData("hz 100 watchdog-period 50", "50")]
    [InlineData("hz 500 watchdog-period 1", "4")]
    [InlineData("watchdog-period 0", "0")]
    [InlineData("watchdog-period 201", "201")]
    public void The_watchdog_waits_two_ticks_at_least(string set, string period)
    {
        Assert.Equal("+OK", probe.Send("CONFIG SET " + set));
        Assert.Equal($"*2 $15 watchdog-period ${period.Length} {period}", probe.Send("CONFIG GET watchdog-period"));
    }

    [Fact]
    public void Help_names_every_subcommand()
    {
        var help = probe.Send("CONFIG HELP");
        Assert.All(["GET <", "SET <", "RESETSTAT", "REWRITE", "HELP"], line => Assert.Contains("+" + line, help, StringComparison.Ordinal));
    }

    /// <summary>Beyond 31 bits a limit is none; it once became a negative number, which is always exceeded.</summary>
    [Theory]
    [InlineData("hash-max-listpack-entries", "HSET k a 1", "listpack")]
    [InlineData("hash-max-listpack-value", "HSET k a 1", "listpack")]
    [InlineData("set-max-intset-entries", "SADD k 1", "intset")]
    [InlineData("set-max-listpack-entries", "SADD k a", "listpack")]
    [InlineData("set-max-listpack-value", "SADD k a", "listpack")]
    [InlineData("zset-max-listpack-entries", "ZADD k 1 a", "listpack")]
    [InlineData("zset-max-listpack-value", "ZADD k 1 a", "listpack")]
    public void A_limit_beyond_31_bits_allows_everything(string name, string command, string encoding)
    {
        Assert.Equal("+OK", probe.Send($"CONFIG SET {name} 2147483648"));
        probe.Send(command);
        Assert.Equal($"${encoding.Length} {encoding}", probe.Send("OBJECT ENCODING k"));
    }

    [Fact]
    public void Get_is_a_map_in_RESP3()
    {
        probe.Send("HELLO 3");
        Assert.Equal("%1 $7 timeout $1 0", probe.Send("CONFIG GET timeout"));
    }

    [Theory]
    [InlineData("MAXmemory maxmemor[y]", "*2 $9 MAXmemory $1 0")]
    [InlineData("maxmemor? MAXmemory", "*2 $9 maxmemory $1 0")]
    [InlineData("time?ut nosuch HZ tim*", "*4 $2 HZ $2 10 $7 timeout $1 0")]
    public void Get_gives_each_name_once_in_the_order_of_names_as_the_first_pattern_writes_it(string patterns, string expected) =>
        Assert.Equal(expected, probe.Send("CONFIG GET " + patterns));

    [Fact]
    public void Set_takes_effect_and_protected_directives_open_to_local_clients()
    {
        probe.Client.Engine.Config.Set("enable-protected-configs", "local");
        Assert.Equal("+OK", probe.Send("CONFIG SET dbfilename other.rdb"));
        Assert.Equal("other.rdb", probe.Client.Engine.Config.Dbfilename);
    }

    [Fact]
    public void Set_while_loading_refuses_what_the_loader_depends_on()
    {
        probe.Client.Engine.Config.Set("enable-protected-configs", "yes");
        probe.Client.Engine.IsLoading = true;
        Assert.Equal("+OK", probe.Send("CONFIG SET loglevel debug"));
        Assert.Equal("-LOADING Redis is loading the dataset in memory", probe.Send("CONFIG SET dir asdf"));
    }

    [Fact]
    public void Resetstat_forgets_what_was_counted()
    {
        probe.Send("PING");
        probe.Send("NOSUCH");
        Assert.NotEqual(0, probe.Client.Engine.Stats.ErrorReplies);
        probe.Send("CONFIG RESETSTAT");
        Assert.Equal(0, probe.Client.Engine.Stats.ErrorReplies);
        Assert.Equal(0, probe.Client.Engine.Commands.FindOriginal("ping")!.Calls);
    }

    [Fact]
    public void Slow_log_shows_no_secret_values()
    {
        probe.Send("CONFIG SET slowlog-log-slower-than 0");
        probe.Send("CONFIG SET timeout 7 masterauth verysecret");
        var args = probe.Client.Engine.SlowLog.Entries.First().Args.Select(a => System.Text.Encoding.Latin1.GetString(a));
        Assert.Equal(["CONFIG", "SET", "timeout", "7", "masterauth", "(redacted)"], args);
    }
}

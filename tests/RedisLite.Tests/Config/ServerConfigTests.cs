using System.Text.Json;
using RedisLite.Engine.Config;
using Xunit;

namespace RedisLite.Tests.Config;

public class ServerConfigTests
{
    private readonly ServerConfig config = new();

    private static readonly ConfigAccess Client = new(MayChangeProtected: false, IsLoading: false);

    private string? Set(params string[] words)
    {
        var pairs = words.Chunk(2).Select(p => KeyValuePair.Create(p[0], p[1])).ToList();
        return config.TrySet(pairs, Client, out var error) ? null : error;
    }

    private string Get(string name) => config.TryGet(name, out var value) ? value : throw new KeyNotFoundException(name);

    [Fact]
    public void Every_directive_reports_its_default_and_takes_it_back()
    {
        foreach (var (name, directive) in DirectiveTable.ByName)
        {
            var text = directive.Report(config);
            Assert.True(name == "replicaof" || name == "slaveof" || directive.ReadText(config, text) == null, name);
            Assert.Equal(text, directive.Report(config));
        }
    }

    [Theory]
    // One row per shape of value; the replies are those of redis-server 7.0.15.
    [InlineData("maxmemory", "10mb", "10485760")]
    [InlineData("maxmemory", "1k", "1000")]
    [InlineData("maxmemory", "", "0")]
    [InlineData("maxmemory", "100B", "100")]
    [InlineData("maxmemory-clients", "50%", "50%")]
    [InlineData("maxmemory-clients", "0%", "0")]
    [InlineData("maxmemory-clients", "18446744073709551615", "1%")]
    [InlineData("maxmemory-clients", "18446744073709551516", "100%")]
    [InlineData("appendonly", "YES", "yes")]
    [InlineData("loglevel", "VERBOSE", "verbose")]
    [InlineData("hz", "0", "1")]
    [InlineData("hz", "1000", "500")]
    [InlineData("repl-backlog-size", "1", "16384")]
    [InlineData("save", "900 1 300 10", "900 1 300 10")]
    [InlineData("save", "", "")]
    [InlineData("save", "7 ", "7 0")]
    [InlineData("notify-keyspace-events", "KEA", "AKE")]
    [InlineData("notify-keyspace-events", "Kgxe", "gxeK")]
    [InlineData("notify-keyspace-events", "nA", "A")]
    [InlineData("notify-keyspace-events", "mnE", "nEm")]
    [InlineData("client-output-buffer-limit", "", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60")]
    [InlineData("client-output-buffer-limit", "replica 100 200 3", "normal 0 0 0 slave 100 200 3 pubsub 33554432 8388608 60")]
    [InlineData("client-output-buffer-limit", "pubsub 1gb 1k 5", "normal 0 0 0 slave 268435456 67108864 60 pubsub 1073741824 1000 5")]
    [InlineData("shutdown-on-sigterm", "force now save", "save now force")]
    [InlineData("shutdown-on-sigterm", "nosave default", "nosave")]
    [InlineData("latency-tracking-info-percentiles", "50.5 .5 1e1 0.00001 99.999999", "50.5 0.5 10 0.00001 99.999999")]
    [InlineData("latency-tracking-info-percentiles", "0x10 33.333333333 99.9999999", "16 33.333333 100")]
    [InlineData("loglevel", "nothing", "nothing")]
    [InlineData("cluster-announce-human-nodename", "a b\"c'\\,=é", "a b\"c'\\,=é")]
    [InlineData("oom-score-adj-values", "-1000 0 1000", "-1000 0 1000")]
    [InlineData("oom-score-adj-values", "+1 02 ", "1 2 0")]
    [InlineData("bind", "127.0.0.1 -::1", "127.0.0.1 -::1")]
    [InlineData("requirepass", "a b\uDCFF", "a b\uDCFF")]
    public void Set_reports_the_normal_form(string name, string value, string reported)
    {
        Assert.Null(Set(name, value));
        Assert.Equal(reported, Get(name));
    }

    [Theory]
    [InlineData("maxmemory", "abc", "argument must be a memory value")]
    [InlineData("maxmemory", "1t", "argument must be a memory value")]
    [InlineData("maxmemory", "-1", "argument must be a memory value")]
    [InlineData("hll-sparse-max-bytes", "99999999999999999999", "argument must be between 0 and 9223372036854775807 inclusive")]
    [InlineData("proto-max-bulk-len", "1k", "argument must be between 1048576 and 9223372036854775807 inclusive")]
    [InlineData("maxmemory-clients", "101%", "percentage argument must be less or equal to 100")]
    [InlineData("maxmemory-clients", "-5%", "argument must be a memory or percent value")]
    [InlineData("maxmemory-clients", "05%", "argument must be a memory or percent value")]
    [InlineData("maxmemory-clients", "9223372036854775808", "percentage argument must be less or equal to 100")]
    [InlineData("maxmemory-clients", "18446744073709551515", "percentage argument must be less or equal to 100")]
    [InlineData("appendonly", "1", "argument must be 'yes' or 'no'")]
    [InlineData("set-max-listpack-value", "1kb", "argument couldn't be parsed into an integer")]
    [InlineData("cluster-announce-human-nodename", "a%b", "Announced human node name contained invalid character")]
    [InlineData("hz", "07", "argument couldn't be parsed into an integer")]
    [InlineData("hz", "+7", "argument couldn't be parsed into an integer")]
    [InlineData("hz", "-1", "argument must be between 0 and 2147483647 inclusive")]
    [InlineData("maxclients", "0", "argument must be between 1 and 4294967295 inclusive")]
    [InlineData("appendfsync", "x", "argument(s) must be one of the following: everysec, always, no")]
    [InlineData("save", "900", "Invalid save parameters")]
    [InlineData("save", "0 1", "Invalid save parameters")]
    [InlineData("save", "900  1", "Invalid save parameters")]
    [InlineData("notify-keyspace-events", "q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    [InlineData("client-output-buffer-limit", "normal 1 2", "Wrong number of arguments in buffer limit configuration.")]
    [InlineData("client-output-buffer-limit", "master 1 2 3", "Invalid client class specified in buffer limit configuration.")]
    [InlineData("client-output-buffer-limit", "normal 1 2 -3", "Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    [InlineData("shutdown-on-sigterm", "save nosave", "shutdown options SAVE and NOSAVE can't be used simultaneously")]
    [InlineData("shutdown-on-sigterm", "", "argument(s) must be one of the following: default, save, nosave, now, force")]
    [InlineData("latency-tracking-info-percentiles", "50  60", "Invalid latency-tracking-info-percentiles parameters")]
    [InlineData("latency-tracking-info-percentiles", "nan", "Invalid latency-tracking-info-percentiles parameters")]
    [InlineData("latency-tracking-info-percentiles", "inf", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    [InlineData("oom-score-adj-values", "1 2", "wrong number of arguments")]
    [InlineData("oom-score-adj-values", "a b c", "Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    [InlineData("proc-title-template", "{title}", "template format is invalid or contains unknown variables")]
    [InlineData("cluster-announce-hostname", "a_b", "Hostnames may only contain alphanumeric characters, hyphens or dots")]
    [InlineData("daemonize", "yes", "can't set immutable config")]
    [InlineData("dir", "/", "can't set protected config")]
    [InlineData("slaveof", "a 1", "can't set immutable config")]
    public void Set_refuses_with_Redis_reason_and_changes_nothing(string name, string value, string reason)
    {
        var before = Get(name);
        Assert.Equal($"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}", Set(name, value));
        Assert.Equal(before, Get(name));
    }

    [Fact]
    public void Set_of_several_rolls_back_all_of_them()
    {
        Assert.Null(Set("maxmemory", "10000002"));
        Assert.Equal(
            "ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage argument must be less or equal to 100",
            Set("maxmemory", "10000001", "maxmemory-clients", "200%", "client-query-buffer-limit", "invalid"));
        Assert.Equal(10000002, config.Maxmemory);
    }

    [Fact]
    public void Set_names_unknown_repeated_and_differently_spelled_directives_as_Redis_does()
    {
        Assert.Equal("ERR Unknown option or number of arguments for CONFIG SET - 'foo'", Set("maxmemory", "abc", "foo", "1"));
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'MAXMEMORY') - duplicate parameter", Set("maxmemory", "1", "MAXMEMORY", "2"));
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'hash-max-ziplist-value') - argument must be a memory value", Set("HASH-max-ziplist-VALUE", "x"));
        Assert.Null(Set("hash-max-ziplist-value", "1", "hash-max-listpack-value", "2"));
        Assert.Equal(2, config.HashMaxListpackValue);
    }

    [Fact]
    public void A_refused_change_is_undone_and_those_who_acted_act_again()
    {
        var seen = new List<long>();
        config.OnChange(() => seen.Add(config.Maxmemory), "maxmemory");
        config.OnChange(() => config.Port == 7 ? "Unable to listen on this port" : null, "port", "bind");

        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port", Set("maxmemory", "5", "port", "7"));
        Assert.Equal([5, 0], seen);
        Assert.Equal(6379, config.Port);

        Assert.Null(Set("maxmemory", "0"));
        Assert.Equal(2, seen.Count);                                        // no change, nobody is told
    }

    [Fact]
    public void Patterns_do_not_show_hidden_directives_but_their_full_name_does()
    {
        Assert.DoesNotContain(config.Get("*"), p => p.Key == "key-load-delay");
        Assert.Equal("0", Get("key-load-delay"));
        Assert.Equal(["maxmemory", "maxmemory-clients", "maxmemory-eviction-tenacity", "maxmemory-policy", "maxmemory-samples"],
            config.Get("maxmemory", "MAXMEM*").Select(p => p.Key));
        Assert.Equal(["SLAVEOF"], config.Get("SLAVEOF", "nosuch").Select(p => p.Key));
    }

    [Fact]
    public void Names_and_defaults_are_those_of_7_2()
    {
        using var facts = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Config", "redis-7.2-config.json")));
        var expected = facts.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
        var ours = config.Get("*").ToDictionary(p => p.Key, p => p.Value);

        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), ours.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in expected)
            if (value != "(path)") Assert.True(value == ours[name], $"{name}: expected '{value}', found '{ours[name]}'");
    }
}

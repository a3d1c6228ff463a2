using RedisLite.Engine.Config;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Every directive that redis-server 7.0 knows too, set to good, bad and odd values: the same reply and the same reported value.
/// Our side is the configuration itself, so that no directive has an effect on this process.
/// </summary>
public sealed class ConfigDirectiveTests : IDisposable
{
    private static readonly string[] Values =
    [
        "", "abc", "-1", "0", "1", "5", "99999999999999999999", "9223372036854775807", "9223372036854775808", "2147483648", "yes", "YES", "no",
        "1k", "2Mb", "1gb", "10B", "1 gb", "50%", "101%", "0%", "-5%", "1 2", "3 4 5", "1.5", "\u00ff", " 7", "7 ", "07", "+7", "-0", "0x10", "default", "local",
        "save now", "normal 1 2 3", "KEA", "gxE", "{port}", "a/b", "always", "optional", "allkeys-lru", "ip", "debug", "clients", "swapdb", "panic",
    ];

    /// <summary>What cannot be set to anything without losing the server, or differs for a reason.</summary>
    private static readonly string[] Apart =
    [
        "port", "bind", "unixsocket", "requirepass", "maxclients",              // the connection of this very test
        "tls-port", "tls-cluster", "tls-replication",                           // redis-server tries to start TLS
        "activedefrag",                                                         // Debian's build lacks jemalloc, ours has its own
        "oom-score-adj", "oom-score-adj-values",                                // both act on the process
        "loglevel",                                                             // 7.2 has one more
    ];

    /// <summary>Sizes beyond a signed 64-bit number: redis-server reports them unsigned we stop at the signed maximum.</summary>
    private static readonly string[] Unbounded = ["maxmemory", "cluster-link-sendbuf-limit"];

    private readonly RealRedis real = new("--save", "");
    private readonly ServerConfig config = new();

    public void Dispose() => real.Dispose();

    [Fact]
    public void Every_directive_takes_refuses_and_reports_values_as_redis_server_does()
    {
        using var client = real.Connect();
        config.Set("save", "");
        var differences = new List<string>();
        var compared = 0;
        foreach (var name in DirectiveTable.ByName.Keys)
        {
            if (Apart.Contains(name) || client.Ask("CONFIG", "GET", name).Items!.Count == 0) continue;
            foreach (var value in Values)
            {
                if (value.Length >= 19 && Unbounded.Contains(name)) continue;
                var before = Reported(client, name);
                var ours = SetOurs(name, value);
                var theirs = client.Text("CONFIG", "SET", name, value).TrimEnd();
                compared++;
                if (ours != theirs) differences.Add($"{name} '{value}': {theirs} / ours {ours}");
                else if (theirs == "+OK" && name != "dir" && ReportedOurs(name) != Reported(client, name))
                    differences.Add($"{name} '{value}' reported: {Reported(client, name)} / ours {ReportedOurs(name)}");
                if (theirs == "+OK") client.Call("CONFIG", "SET", name, before!);
                if (ours == "+OK") SetOurs(name, before!);
            }
        }
        Assert.True(compared > 5000, $"only {compared} values were compared");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static string? Reported(RespClient client, string name) => client.Ask("CONFIG", "GET", name).Items![1].Text;

    private string ReportedOurs(string name) => System.Text.Encoding.Latin1.GetString(ConfigText.Encode(config.Get(name).Single().Value));

    private string SetOurs(string name, string value)
    {
        var text = ConfigText.Decode(System.Text.Encoding.Latin1.GetBytes(value));
        return config.TrySet([new(name, text)], default, out var error) ? "+OK" : "-" + error;
    }
}

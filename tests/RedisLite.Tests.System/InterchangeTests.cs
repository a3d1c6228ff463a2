using System.Diagnostics;
using System.Text.RegularExpressions;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.SystemTests;

/// <summary>What redis-server 7.0 and this server hand each other, in both directions: files, payloads of DUMP, keys that move. Compared key by key, streams with their groups.</summary>
public sealed partial class InterchangeTests
{
    private static readonly string[] Options = ["--enable-debug-command", "yes", "--save", ""];

    private static readonly string[] Families =
        ["strings", "hashes", "lists", "sets", "zsets", "streams", "bits", "hyperloglog", "geo"];

    [Fact]
    public void An_rdb_file_with_everything_in_it()
    {
        using var real = new RealRedis(Options);
        Fill(real, seed: 21);
        var before = Contents(real);
        Ask(real, "SAVE");
        using var ours = new ServerProcess([.. Options, "--dir", real.Directory]);
        Assert.Equal(before, Contents(ours));

        Fill(ours, seed: 22);
        before = Contents(ours);
        Ask(ours, "SAVE");
        var check = Run("redis-check-rdb", Path.Combine(real.Directory, "dump.rdb"));
        Assert.True(check.ExitCode == 0, check.Output);
        using var again = new RealRedis([.. Options, "--dir", real.Directory]);
        Assert.Equal(before, Contents(again));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void An_append_only_file_with_everything_in_it(string preamble)
    {
        string[] options = [.. Options, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble];
        using var real = new RealRedis(options);
        Fill(real, seed: 23);
        var before = Contents(real, reads: false);
        Stop(real);
        using var ours = new ServerProcess([.. options, "--dir", real.Directory]);
        Assert.Equal(before, Contents(ours, reads: false));

        // The base holds the first half, the increment the second.
        Fill(ours, seed: 24);
        Assert.StartsWith("+Background", Ask(ours, "BGREWRITEAOF"), StringComparison.Ordinal);
        while (!Ask(ours, "INFO", "persistence").Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal)) Thread.Sleep(20);
        Fill(ours, seed: 25);
        before = Contents(ours, reads: false);
        Stop(ours);
        var check = Run("redis-check-aof", Path.Combine(real.Directory, "appendonlydir", "appendonly.aof.manifest"));
        Assert.True(check.ExitCode == 0, check.Output);
        using var again = new RealRedis([.. options, "--dir", real.Directory]);
        Assert.Equal(before, Contents(again, reads: false));
    }

    [Fact]
    public void Payloads_of_dump()
    {
        using var real = new RealRedis(Options);
        Fill(real, seed: 26);
        using var ours = new ServerProcess(Options);
        Copy(real, ours);
        Assert.Equal(Contents(real), Contents(ours));
        using var again = new RealRedis(Options);
        Copy(ours, again);
        Assert.Equal(Contents(real), Contents(again));
    }

    [Fact]
    public void Keys_that_move()
    {
        using var real = new RealRedis(Options);
        Fill(real, seed: 27);
        Ask(real, "FUNCTION", "FLUSH");
        using var ours = new ServerProcess(Options);
        var before = Contents(real, exactTimes: false);
        Move(real, ours);
        Assert.Equal("", Contents(real));
        Assert.Equal(before, Contents(ours, exactTimes: false));
        Move(ours, real);
        Assert.Equal("", Contents(ours));
        Assert.Equal(before, Contents(real, exactTimes: false));
    }

    /// <summary>Random keys of every type in several databases, some of them big, with times; libraries; groups that wait for acknowledgements.</summary>
    private static void Fill(RedisProcess server, int seed)
    {
        using var client = server.Connect();
        foreach (var database in new[] { "0", "7" })
        {
            client.Text("SELECT", database);
            foreach (var request in new Workload(seed, Families, keysPerType: 15, mistakes: 0).Take(1200))
            {
                if (request.Length > 0 && request[0].Length > 0 && (request[0][0] | 0x20) != 'b') client.Call(request);     // nothing that waits
            }
            for (var i = 0; i < 300; i++)
            {
                client.Text("RPUSH", $"big:{seed}:list", $"element {i}", new string('x', i));
                client.Text("HSET", $"big:{seed}:hash", $"field {i}", $"{i}");
                client.Text("SADD", $"big:{seed}:set", $"member {i}");
                client.Text("SADD", $"big:{seed}:ints", $"{i * 1000}");
                client.Text("ZADD", $"big:{seed}:zset", $"{i / 7.0}", $"member {i}");
                client.Text("XADD", $"big:{seed}:stream", $"{i + 1}-1", "field", $"{i}", "other", new string('y', i % 50));
            }
            client.Text("XGROUP", "CREATE", $"big:{seed}:stream", "readers", "10-1");
            client.Text("XREADGROUP", "GROUP", "readers", "alice", "COUNT", "30", "STREAMS", $"big:{seed}:stream", ">");
            client.Text("XREADGROUP", "GROUP", "readers", "bob", "COUNT", "5", "STREAMS", $"big:{seed}:stream", ">");
            client.Text("XACK", $"big:{seed}:stream", "readers", "12-1", "40-1");
            client.Text("PEXPIRE", $"big:{seed}:list", "100000000");
        }
        Assert.StartsWith("$", client.Text("FUNCTION", "LOAD", "REPLACE", $"#!lua name=lib{seed}\nredis.register_function('f{seed}', function(keys, args) return redis.call('set', keys[1], args[1]) end)"),
            StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", client.Text("FCALL", $"f{seed}", "1", "called", "1"));
    }

    /// <summary>One line a key of any database, and the libraries; without what is about to expire. What moves takes its time along as what is left
    /// of it; what a group has read is in no log, redis-server forgets it too when it replays one.</summary>
    private static string Contents(RedisProcess server, bool exactTimes = true, bool reads = true)
    {
        using var client = server.Connect();
        client.Text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        var all = new List<string>();
        for (var db = 0; db < 16; db++)
        {
            client.Text("SELECT", $"{db}");
            foreach (var key in Keys(client))
            {
                var stream = client.Text("XINFO", "STREAM", key, "FULL", "COUNT", "0");
                all.Add($"{db} {key} {client.Text("TYPE", key)} {(exactTimes ? client.Text("PEXPIRETIME", key) : client.Text("PTTL", key)[1] == '-')} {client.Text("DEBUG", "DIGEST-VALUE", key)} {(stream[0] == '-' ? "" : LeftOut().Replace(reads ? stream : Reads().Replace(stream, ""), ""))}");
            }
        }
        foreach (var library in client.Ask("FUNCTION", "LIST", "WITHCODE").Items!) all.Add(library.Items![7].Text!);
        all.Sort(StringComparer.Ordinal);
        return string.Join('\n', all);
    }

    /// <summary>The lengths of the arrays too: 7.2 tells one time more.</summary>
    [GeneratedRegex(@"\$\d+\r\n(seen|active)-time\r\n:-?\d+\r\n|radix-tree-\w+\r\n:\d+|\*\d+\r\n")]
    private static partial Regex LeftOut();

    [GeneratedRegex(@"\$\d+\r\n(entries-read|lag)\r\n[:$]-?\d+\r\n")]
    private static partial Regex Reads();

    /// <summary>The keys that have time left.</summary>
    private static IEnumerable<string> Keys(RespClient client) =>
        client.Ask("KEYS", "*").Items!.Select(static key => key.Text!).Where(key => client.Ask("PTTL", key) is { } left && left.Integer is -1 or > 10_000);

    private static void Copy(RedisProcess from, RedisProcess to)
    {
        using var source = from.Connect();
        using var target = to.Connect();
        for (var db = 0; db < 16; db++)
        {
            source.Text("SELECT", $"{db}");
            target.Text("SELECT", $"{db}");
            foreach (var key in Keys(source))
            {
                var payload = source.Ask("DUMP", key).Text!;
                var until = Math.Max(0, source.Ask("PEXPIRETIME", key).Integer);
                Assert.Equal("+OK\r\n", target.Text("RESTORE", key, $"{until}", payload, "ABSTTL"));
            }
        }
        Assert.Equal("+OK\r\n", target.Text("FUNCTION", "RESTORE", source.Ask("FUNCTION", "DUMP").Text!));
    }

    private static void Move(RedisProcess from, RedisProcess to)
    {
        using var client = from.Connect();
        for (var db = 0; db < 16; db++)
        {
            client.Text("SELECT", $"{db}");
            foreach (var keys in client.Ask("KEYS", "*").Items!.Select(static key => key.Text!).Chunk(20))
                Assert.Equal("+OK\r\n", client.Text(["MIGRATE", "127.0.0.1", $"{to.Port}", "", $"{db}", "20000", "KEYS", .. keys]));
        }
    }

    private static string Ask(RedisProcess server, params string[] words)
    {
        using var client = server.Connect();
        return client.Text(words);
    }

    private static void Stop(RedisProcess server)
    {
        using (var client = server.Connect()) client.Send("SHUTDOWN", "NOSAVE");
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(20)));
    }

    private static (int ExitCode, string Output) Run(string program, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

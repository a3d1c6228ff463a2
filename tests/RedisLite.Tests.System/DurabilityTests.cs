using System.Diagnostics;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;

namespace RedisLite.SystemTests;

/// <summary>Files between this server and redis-server, kill -9, and the tools that check files.</summary>
public sealed class DurabilityTests
{
    private static readonly string[] Quiet = ["--enable-debug-command", "yes"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_rdb_file_of_either_server_loads_in_the_other(int seed)
    {
        using var real = new RealRedis([.. Quiet, "--save", ""]);
        Fill(real, seed);
        var digest = DigestAfterSave(real);
        using var ours = new ServerProcess([.. Quiet, "--save", "", "--dir", real.Directory]);
        Assert.Equal(digest, Digest(ours));

        using var client = ours.Connect();
        client.Text("SET", "ours", "1");
        digest = DigestAfterSave(ours);
        Assert.Equal(0, Run("redis-check-rdb", Path.Combine(real.Directory, "dump.rdb")).ExitCode);
        using var again = new RealRedis([.. Quiet, "--save", "", "--dir", real.Directory]);
        Assert.Equal(digest, Digest(again));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void An_append_only_file_of_either_server_loads_in_the_other(string preamble)
    {
        string[] options = [.. Quiet, "--save", "", "--appendonly", "yes", "--aof-use-rdb-preamble", preamble];
        using var real = new RealRedis(options);
        Fill(real, seed: 3, "strings", "hashes", "lists", "sets", "keys");
        var digest = Digest(real);
        Stop(real);
        using var ours = new ServerProcess([.. options, "--dir", real.Directory]);
        Assert.Equal(digest, Digest(ours));

        Fill(ours, seed: 4, "strings", "hashes", "lists", "sets", "keys");
        using (var client = ours.Connect())
        {
            Assert.StartsWith("+Background", client.Text("BGREWRITEAOF"), StringComparison.Ordinal);
            while (!client.Text("INFO", "persistence").Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal)) Thread.Sleep(20);
            client.Text("SET", "behind", "the base");
        }
        digest = Digest(ours);
        Stop(ours);
        Assert.Equal(0, Run("redis-check-aof", Path.Combine(real.Directory, "appendonlydir", "appendonly.aof.manifest")).ExitCode);
        using var again = new RealRedis([.. options, "--dir", real.Directory]);
        Assert.Equal(digest, Digest(again));
    }

    [Theory]
    [InlineData("always")]
    [InlineData("everysec")]
    public void Kill_9_loses_nothing_that_was_acknowledged(string policy)
    {
        using var server = new ServerProcess("--appendonly", "yes", "--appendfsync", policy, "--save", "");
        var random = new Random(5);
        long acknowledged = 0;
        for (var round = 0; round < 5; round++)
        {
            using (var client = server.Connect())
            {
                Assert.True(long.Parse(client.Ask("INCRBY", "n", "0").Text!) >= acknowledged);
                if (round % 2 == 1) client.Text("BGREWRITEAOF");
                var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * random.Next(20, 300) / 1000);
                while (Stopwatch.GetTimestamp() < until) acknowledged = long.Parse(client.Ask("INCR", "n").Text!);
            }
            server.Restart();
        }
        using var last = server.Connect();
        Assert.True(long.Parse(last.Ask("GET", "n").Text!) >= acknowledged);
    }

    /// <summary>Pairs of keys are always written together; a snapshot that another thread takes meanwhile never shows half a pair.</summary>
    [Fact]
    public void A_background_save_beside_writers_is_one_moment()
    {
        const int pairs = 20_000;
        using var server = new ServerProcess("--save", "", "--enable-debug-command", "yes");
        var random = new Random(9);
        for (var round = 1; round <= 3; round++)
        {
            using (var client = server.Connect())
            {
                for (var i = 0; i < pairs; i += 500) client.Pipeline([.. Enumerable.Range(i, 500).Select(k => Write(k, round * 1000))]);
                Assert.StartsWith("+Background", client.Text("BGSAVE"), StringComparison.Ordinal);
                var value = 0;
                do client.Pipeline([.. Enumerable.Range(0, 200).Select(_ => Write(random.Next(pairs), (round * 1000) + ++value))]);
                while (client.Text("INFO", "persistence").Contains("rdb_bgsave_in_progress:1", StringComparison.Ordinal));
                Assert.Contains("rdb_last_bgsave_status:ok", client.Text("INFO", "persistence"), StringComparison.Ordinal);
            }
            server.Restart();
            using var reader = server.Connect();
            Assert.InRange(long.Parse(reader.Ask("DBSIZE").Text!), pairs * 2, (pairs * 2) + 3);
            for (var i = 0; i < pairs; i += 100)
            {
                var values = reader.Ask(["MGET", .. Enumerable.Range(i, 100).SelectMany(k => new[] { $"a:{k}", $"b:{k}" })]).Items!;
                for (var k = 0; k < 100; k++) Assert.Equal(values[2 * k].Text, values[(2 * k) + 1].Text);
            }
        }
    }

    /// <summary>A pair, and beside it changes inside collections that are big enough to be trees and tables.</summary>
    private static byte[][] Write(int key, int value) => (value % 4) switch
    {
        1 => CommandText.Arguments(["HSET", "hash", $"{key % 5000}", $"{value}"]),
        2 => CommandText.Arguments(["RPUSH", "list", $"{value}"]),
        3 => CommandText.Arguments(["SADD", "set", $"m{key}"]),
        _ => CommandText.Arguments(["MSET", $"a:{key}", $"{value}:{new string('x', value % 50)}", $"b:{key}", $"{value}:{new string('x', value % 50)}"]),
    };

    [Fact]
    public void A_signal_saves_when_save_points_are_set()
    {
        using var server = new ServerProcess("--save", "3600 1");
        using (var client = server.Connect()) client.Text("SET", "k", "v");
        server.Restart(killed: false);
        using var again = server.Connect();
        Assert.Equal("v", again.Ask("GET", "k").Text);
    }

    [Fact]
    public void The_tools_find_what_is_broken_and_mend_it()
    {
        using var server = new ServerProcess("--appendonly", "yes", "--save", "");
        using (var client = server.Connect())
        {
            client.Text("SET", "a", "1");
            client.Text("SET", "b", "2");
            client.Text("SAVE");
        }
        Stop(server);
        var rdb = Path.Combine(server.Directory, "dump.rdb");
        var good = Tool("check-rdb", rdb);
        Assert.Equal(0, good.ExitCode);
        Assert.Contains(@"\o/ RDB looks OK! \o/", good.Output, StringComparison.Ordinal);
        Assert.Contains("[info] 2 keys read", good.Output, StringComparison.Ordinal);
        File.WriteAllBytes(rdb, File.ReadAllBytes(rdb)[..^9]);
        Assert.Equal(1, Tool("check-rdb", rdb).ExitCode);

        var directory = Path.Combine(server.Directory, "appendonlydir");
        var manifest = Path.Combine(directory, "appendonly.aof.manifest");
        var increment = Path.Combine(directory, "appendonly.aof.1.incr.aof");
        var whole = Tool("check-aof", manifest);
        Assert.Contains("Start to check BASE AOF (RDB format).", whole.Output, StringComparison.Ordinal);
        Assert.Contains("All AOF files and manifest are valid", whole.Output, StringComparison.Ordinal);
        File.WriteAllBytes(increment, File.ReadAllBytes(increment)[..^4]);
        var broken = Tool("check-aof", manifest);
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("is not valid. Use the --fix option to try fixing it.", broken.Output, StringComparison.Ordinal);
        Assert.Contains("Successfully truncated AOF", Tool(["check-aof", "--fix", manifest], input: "y\n").Output, StringComparison.Ordinal);
        Assert.Equal(0, Tool("check-aof", manifest).ExitCode);
    }

    /// <summary>A time before all that the file holds cuts nothing away: an empty log is no repair.</summary>
    [Fact]
    public void A_log_is_cut_at_a_time_but_never_to_nothing()
    {
        var directory = Repository.NewTemporaryDirectory();
        var log = Path.Combine(directory, "appendonly.aof");
        const string first = "#TS:100\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
        File.WriteAllText(log, first + "#TS:200\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n");
        var nothing = Tool("check-aof", "--truncate-to-timestamp", "99", log);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("has nothing before timestamp 99, aborting", nothing.Output, StringComparison.Ordinal);
        Assert.Contains("Truncate nothing", Tool("check-aof", "--truncate-to-timestamp", "200", log).Output, StringComparison.Ordinal);
        Assert.Equal(1, Tool("check-aof", "--truncate-to-timestamp", "soon", log).ExitCode);
        Assert.Equal(0, Tool("check-aof", "--truncate-to-timestamp", "150", log).ExitCode);
        Assert.Equal(first, File.ReadAllText(log));
        File.AppendAllText(log, "!!!");
        Assert.Contains("ok_up_to_line=8", Tool("check-aof", log).Output, StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }

    private static void Fill(RedisProcess server, int seed, params string[] families)
    {
        using var client = server.Connect();
        if (families.Length == 0) families = [.. WorkloadFamilies.All.Keys.Where(static name => name is "strings" or "hashes" or "lists" or "sets" or "zsets" or "streams" or "keys")];
        foreach (var request in new Workload(seed, families, keysPerType: 30, mistakes: 0).Take(3000))
        {
            if (request.Length == 0 || request[0].Length == 0 || (request[0][0] | 0x20) == 'b') continue;      // nothing that waits
            client.Call(request);
        }
        client.Text("SELECT", "0");
        for (var i = 0; i < 300; i++)
        {
            client.Text("RPUSH", "big:list", $"element {i}", new string('x', i));
            client.Text("HSET", "big:hash", $"field {i}", $"{i}");
            client.Text("SADD", "big:set", $"member {i}");
            client.Text("SADD", "big:ints", $"{i * 1000}");
        }
        client.Text("PERSIST", "big:list");
    }

    private static string Digest(RedisProcess server)
    {
        using var client = server.Connect();
        client.Text("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        return client.Text("DEBUG", "DIGEST");
    }

    private static string DigestAfterSave(RedisProcess server)
    {
        using var client = server.Connect();
        Assert.Equal("+OK\r\n", client.Text("SAVE"));
        return Digest(server);
    }

    private static void Stop(RedisProcess server)
    {
        using (var client = server.Connect()) client.Send("SHUTDOWN", "NOSAVE");
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(20)));
    }

    private static (int ExitCode, string Output) Tool(params string[] args) => Tool(args, input: null);

    private static (int ExitCode, string Output) Tool(string[] args, string? input) => Run(ServerProcess.Command[0], [.. ServerProcess.Command.Skip(1), .. args], input);

    private static (int ExitCode, string Output) Run(string program, params string[] args) => Run(program, args, input: null);

    private static (int ExitCode, string Output) Run(string program, string[] args, string? input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

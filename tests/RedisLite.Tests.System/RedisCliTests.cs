using System.Text;
using System.Text.RegularExpressions;
using RedisLite.Testing;

namespace RedisLite.SystemTests;

/// <summary>redis-cli in its modes, as a person types it.</summary>
public sealed partial class RedisCliTests(RedisCliTests.Fixture fixture) : IClassFixture<RedisCliTests.Fixture>
{
    [Fact]
    public void Commands_print_as_they_do_with_redis_server()
    {
        Assert.Equal("OK\n", Cli("SET", "greeting", "hello world"));
        Assert.Equal("hello world\n", Cli("GET", "greeting"));
        Assert.Equal("\n", Cli("GET", "missing"));
        Assert.Equal("(nil)\n", Cli("--no-raw", "GET", "missing"));
        Assert.Equal("(integer) 11\n", Cli("--no-raw", "STRLEN", "greeting"));
        Assert.Equal("(error) ERR wrong number of arguments for 'get' command\n", Cli("--no-raw", "GET"));
        Assert.Equal("\"hello world\"\n", Cli("--json", "-3", "GET", "greeting"));
    }

    [Fact]
    public void Resp3_shows_maps()
    {
        Cli("DEL", "cli:hash");
        Cli("HSET", "cli:hash", "a", "1", "b", "2");
        Assert.Equal("1# \"a\" => \"1\"\n2# \"b\" => \"2\"\n", Cli("-3", "--no-raw", "HGETALL", "cli:hash"));
        Assert.Equal("1) \"a\"\n2) \"1\"\n3) \"b\"\n4) \"2\"\n", Cli("-2", "--no-raw", "HGETALL", "cli:hash"));
    }

    [Fact]
    public void A_script_on_standard_input_runs_line_by_line()
    {
        var run = Run(["--no-raw"], "SET stdin:1 a\nINCR stdin:2\nNOSUCH\nGET stdin:1\n");
        Assert.Equal("OK\n(integer) 1\n(error) ERR unknown command 'NOSUCH', with args beginning with: \n\"a\"\n", run.Output);
    }

    [Fact]
    public void Pipe_mode_loads_a_hundred_thousand_keys()
    {
        var wire = new StringBuilder();
        for (var i = 0; i < 100_000; i++)
        {
            var key = $"pipe:{i}";
            wire.Append($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n$5\r\nvalue\r\n");
        }

        var run = Run(["--pipe"], wire.ToString());
        Assert.Contains("errors: 0, replies: 100000", run.Output, StringComparison.Ordinal);
        Assert.Equal("value\n", Cli("GET", "pipe:99999"));
        Assert.Equal(100_000, Cli("--scan", "--pattern", "pipe:*").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
        Cli("FLUSHALL");
    }

    [Fact]
    public void Scan_with_a_pattern()
    {
        Cli("MSET", "scan:a", "1", "scan:b", "2", "other", "3");
        Assert.Equal(["scan:a", "scan:b"], Cli("--scan", "--pattern", "scan:?").Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public void Bigkeys_names_the_biggest_of_each_type()
    {
        Cli("SET", "big:string", new string('x', 5000));
        Cli("HSET", "big:hash", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6");
        var output = Cli("--bigkeys");
        Assert.Matches(@"Biggest string found '""big:string""' has 5000 bytes", output);
        Assert.Matches(@"Biggest\s+hash found '""big:hash""' has 6 fields", output);
    }

    [Fact]
    public void Memkeys_weighs_keys()
    {
        Cli("SET", "big:string", new string('x', 5000));
        Assert.Matches(@"Biggest string found '""big:string""' has \d{4,5} bytes", Cli("--memkeys"));
    }

    [Fact]
    public void Hotkeys_needs_an_lfu_policy_and_then_counts()
    {
        Assert.Contains("LFU", Run(["--hotkeys"]).Output + Run(["--hotkeys"]).Errors, StringComparison.Ordinal);
        Cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
        for (var i = 0; i < 50; i++) Cli("GET", "hot");
        Cli("SET", "hot", "v");
        for (var i = 0; i < 20; i++) Cli("GET", "hot");
        Assert.Contains("hot key found with counter", Cli("--hotkeys"), StringComparison.Ordinal);
        Cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
    }

    [Fact]
    public void Stat_prints_a_line_a_second()
    {
        Cli("SET", "stat", "v");
        var run = Run(["--stat", "-i", "0.1"], interruptAfter: TimeSpan.FromSeconds(1.5));
        Assert.Contains("keys       mem      clients blocked requests            connections", run.Output, StringComparison.Ordinal);
        Assert.True(Regex.Count(run.Output, @"^\d+ +[\d.]+[KM] +\d+ +\d+ +\d+ \(\+\d+\) +\d+", RegexOptions.Multiline) >= 3, run.Output);
    }

    [Fact]
    public void Latency_samples_round_trips()
    {
        var run = Run(["--latency", "--raw"], interruptAfter: TimeSpan.FromSeconds(1.2));
        Assert.Matches(@"^\d+ \d+ \d+\.\d+ \d+", run.Output);
    }

    [Fact]
    public void Latency_history_prints_a_line_an_interval()
    {
        var run = Run(["--latency-history", "-i", "0.4", "--no-raw"], interruptAfter: TimeSpan.FromSeconds(1.5));
        Assert.True(Regex.Count(run.Output, @"min: \d+, max: \d+, avg: [\d.]+ \(\d+ samples\) -- [\d.]+ seconds range") >= 2, run.Output);
    }

    [Fact]
    public void Help_prints_and_command_docs_holds_what_newer_versions_print()
    {
        var output = Escapes().Replace(Cli("help", "set"), "");
        Assert.Contains("SET key value", output, StringComparison.Ordinal);
        Assert.Contains("since: 1.0.0", output, StringComparison.Ordinal);

        // redis-cli 7.2 and later build their help from these fields.
        using var client = fixture.Server.Connect(protocol: 3);
        foreach (var command in new[] { "set", "get", "hset", "expire", "config|get", "client|kill" })
        {
            var docs = client.Ask("COMMAND", "DOCS", command).Items!;
            Assert.Equal(command, docs[0].Text);
            var fields = docs[1].Items!.Chunk(2).ToDictionary(pair => pair[0].Text!, pair => pair[1]);
            Assert.NotEmpty(fields["summary"].Text!);
            Assert.Matches(@"^\d+\.\d+\.\d+$", fields["since"].Text);
            Assert.NotEmpty(fields["group"].Text!);
            Assert.NotEmpty(fields["complexity"].Text!);
            Assert.NotEmpty(fields["arguments"].Items!);
        }
    }

    [Fact]
    public void Repeat_interval_and_database_options()
    {
        Cli("DEL", "counter");
        Assert.Equal("1\n2\n3\n", Cli("-r", "3", "-i", "0.01", "INCR", "counter"));
        Assert.Equal("OK\n", Cli("-n", "5", "SET", "in-five", "1"));
        Assert.Equal("0\n", Cli("EXISTS", "in-five"));
        Assert.Equal("1\n", Cli("-n", "5", "EXISTS", "in-five"));
    }

    [Fact]
    public void The_last_argument_from_standard_input()
    {
        Assert.Equal("OK\n", Run(["-x", "SET", "from-stdin"], "line one\nline two").Output);
        Assert.Equal("line one\nline two\n", Cli("GET", "from-stdin"));
    }

    [Fact]
    public void A_tagged_argument_from_standard_input()
    {
        Assert.Equal("OK\n", Run(["-X", "<body>", "MSET", "tag:1", "<body>", "tag:2", "two"], "line one\nline two").Output);
        Assert.Equal("line one\nline two\n", Cli("GET", "tag:1"));
    }

    [Fact]
    public void Replies_as_csv_and_json()
    {
        Cli("DEL", "csv:list", "csv:hash");
        Cli("RPUSH", "csv:list", "a,b", "c\"d", "3");
        Cli("HSET", "csv:hash", "f", "v");
        Assert.Equal("\"a,b\",\"c\\\"d\",\"3\"\n", Cli("--csv", "LRANGE", "csv:list", "0", "-1"));
        Assert.Equal("2\n", Cli("--csv", "INCRBY", "csv:n", "2"));
        Assert.Equal("NULL\n", Cli("--csv", "GET", "csv:nothing"));
        Assert.Equal("{\"f\":\"v\"}\n", Cli("--json", "HGETALL", "csv:hash"));
        Assert.Equal("[\"a,b\",\"c\\\"d\",\"3\"]\n", Cli("--json", "LRANGE", "csv:list", "0", "-1"));
        Assert.Equal("null\n", Cli("--json", "GET", "csv:nothing"));
        Cli("DEL", "csv:n");
    }

    [Fact]
    public void A_script_from_a_file()
    {
        var script = Path.GetTempFileName();
        File.WriteAllText(script, "return {KEYS[1], KEYS[2], ARGV[1], redis.call('incrby', KEYS[1], ARGV[1])}");
        try
        {
            Cli("DEL", "eval:1");
            Assert.Equal("eval:1\neval:2\n7\n7\n", Cli("--eval", script, "eval:1", "eval:2", ",", "7"));
            Assert.Equal("eval:1\neval:2\n7\n14\n", Cli("--eval", script, "eval:1", "eval:2", ",", "7"));
        }
        finally
        {
            File.Delete(script);
        }
    }

    [Fact]
    public void Quoted_input_is_binary()
    {
        Assert.Equal("OK\n", Cli("--quoted-input", "SET", "\"quoted\\x00key\"", "\"\\xff\\n\""));
        Assert.Equal("\"\\xff\\n\"\n", Cli("--no-raw", "--quoted-input", "GET", "\"quoted\\x00key\""));
    }

    [Fact]
    public void Monitor_shows_commands_as_they_run()
    {
        var run = WhileRepeating(["SET", "seen", "by monitor"], ["MONITOR"]);
        Assert.Matches(@"^OK\n", run.Output);
        Assert.Matches(@"\n\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] ""SET"" ""seen"" ""by monitor""\n", run.Output);
    }

    [Fact]
    public void Pattern_and_shard_subscriptions_print_messages()
    {
        var patterns = WhileRepeating(["PUBLISH", "cli-page", "hello"], ["PSUBSCRIBE", "cli-p*"]);
        Assert.StartsWith("psubscribe\ncli-p*\n1\npmessage\ncli-p*\ncli-page\nhello\n", patterns.Output, StringComparison.Ordinal);
        var pushed = WhileRepeating(["PUBLISH", "cli-page", "hello"], ["-3", "SUBSCRIBE", "cli-page"]);
        Assert.Contains("message\ncli-page\nhello\n", pushed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Lru_test_counts_hits_and_misses()
    {
        Cli("CONFIG", "SET", "maxmemory", "30mb");
        Cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        var run = Run(["--lru-test", "10000"], interruptAfter: TimeSpan.FromSeconds(2.5));
        Cli("FLUSHALL");
        Cli("CONFIG", "SET", "maxmemory", "0");
        Cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
        Assert.Matches(@"\d+ Gets/sec \| Hits: \d+ \([\d.]+%\) \| Misses: \d+ \([\d.]+%\)", run.Output);
    }

    [Fact]
    public void Subscribing_prints_messages()
    {
        var run = WhileRepeating(["PUBLISH", "cli-news", "hello"], ["SUBSCRIBE", "cli-news"]);
        Assert.StartsWith("subscribe\ncli-news\n1\nmessage\ncli-news\nhello\n", run.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\x1b\[[0-9;]*m")]
    private static partial Regex Escapes();

    /// <summary>Runs redis-cli for a second while another connection sends the same command again and again.</summary>
    private ToolRun WhileRepeating(string[] command, string[] arguments)
    {
        using var publisher = fixture.Server.Connect();
        using var stop = new CancellationTokenSource();
        var publishing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                publisher.Call(command);
                await Task.Delay(50);
            }
        });
        var run = Run(arguments, interruptAfter: TimeSpan.FromSeconds(1));
        stop.Cancel();
        publishing.Wait();
        return run;
    }

    private string Cli(params string[] arguments) => Run(arguments).Output;

    private ToolRun Run(string[] arguments, string? input = null, TimeSpan? interruptAfter = null) =>
        // Line by line, so that what was printed before an interruption is not lost.
        ToolRun.Of("stdbuf", ["-oL", "redis-cli", "-p", fixture.Server.Port.ToString(), .. arguments], input, interruptAfter: interruptAfter);

    public sealed class Fixture : IDisposable
    {
        public ServerProcess Server { get; } = new();

        public void Dispose() => Server.Dispose();
    }
}

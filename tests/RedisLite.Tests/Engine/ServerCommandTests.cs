using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ServerCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("ROLE", "[master, 0, []]")]
    [InlineData("DBSIZE", "0")]
    [InlineData("FLUSHALL foo", "ERR syntax error")]
    [InlineData("FLUSHALL ASYNC SYNC", "ERR syntax error")]
    [InlineData("SWAPDB a 1", "ERR invalid first DB index")]
    [InlineData("SWAPDB 0 a", "ERR invalid second DB index")]
    [InlineData("SWAPDB 0 100", "ERR DB index is out of range")]
    [InlineData("SWAPDB 0 -1", "ERR DB index is out of range")]
    [InlineData("SWAPDB 0 0", "OK")]
    [InlineData("SHUTDOWN ABORT", "ERR No shutdown in progress.")]
    [InlineData("SHUTDOWN NOSAVE SAVE", "ERR syntax error")]
    [InlineData("SHUTDOWN ABORT NOW", "ERR syntax error")]
    [InlineData("LOLWUT VERSION a", "ERR value is not an integer or out of range")]
    [InlineData("SLOWLOG GET -2", "ERR count should be greater than or equal to -1")]
    [InlineData("SLOWLOG GET a", "ERR count should be greater than or equal to -1")]
    [InlineData("SLOWLOG GET 1 2", "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.")]
    [InlineData("SLOWLOG get 1 2", "ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.")]
    [InlineData("CLIENT KILL MAXAGE x", "ERR maxage is not an integer or out of range")]
    [InlineData("CLIENT KILL MAXAGE 0", "ERR maxage should be greater than 0")]
    [InlineData("CLIENT KILL MAXAGE 9223372036854775807", "0")]
    [InlineData("CLIENT KILL MAXAGE 1 ID", "ERR syntax error")]
    [InlineData("LATENCY HISTORY x", "[]")]
    [InlineData("LATENCY GRAPH x", "ERR No samples available for event 'x'")]
    [InlineData("LATENCY HISTOGRAM nosuch", "[]")]
    [InlineData("MEMORY USAGE nokey", "(nil)")]
    [InlineData("MEMORY USAGE k SAMPLES -1", "ERR syntax error")]
    [InlineData("MEMORY USAGE k SAMPLES", "ERR syntax error")]
    [InlineData("MEMORY USAGE k foo 1", "ERR syntax error")]
    [InlineData("MEMORY PURGE", "OK")]
    [InlineData("MODULE LIST", "[]")]
    [InlineData("MODULE UNLOAD m", "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.")]
    [InlineData("DEBUG JMAP", "ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP.")]
    [InlineData("DEBUG LOG", "ERR unknown subcommand or wrong number of arguments for 'LOG'. Try DEBUG HELP.")]
    [InlineData("DEBUG PROTOCOL foo", "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")]
    [InlineData("DEBUG POPULATE -1", "ERR value is out of range, must be positive")]
    [InlineData("DEBUG HTSTATS 99", "ERR Out of range database")]
    [InlineData("DEBUG OBJECT nokey", "ERR no such key")]
    [InlineData("DEBUG ERROR \"MY error\"", "MY error")]
    [InlineData("DEBUG DIGEST", "0000000000000000000000000000000000000000")]
    public void Replies(string command, string reply) => Assert.Equal(reply, _redis.Run(command));

    [Theory]
    [InlineData("MODULE LOAD /tmp/x.so")]
    [InlineData("MODULE LOADEX /tmp/x.so ARGS 1")]
    public void Modules_are_refused_with_a_line_in_the_log(string command)
    {
        var redis = new TestEngine(config => config.Set("enable-module-command", "yes"));
        Assert.Equal("ERR Error loading the extension. Please check the server logs.", redis.Run(command));
        Assert.Contains("/tmp/x.so", redis.Log.Lines[^1].Message, StringComparison.Ordinal);
        Assert.Equal("ERR Error unloading module: no such module with that name", redis.Run("MODULE UNLOAD m"));
    }

    [Theory]
    [InlineData("MODULE HELP")]
    [InlineData("MEMORY HELP")]
    [InlineData("LATENCY HELP")]
    [InlineData("SLOWLOG HELP")]
    [InlineData("OBJECT HELP")]
    [InlineData("DEBUG HELP")]
    public void Helps_name_the_command_and_end_with_help(string command)
    {
        var help = _redis.Run(command);
        Assert.StartsWith($"[{command.Split(' ')[0]} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", help, StringComparison.Ordinal);
        Assert.EndsWith("HELP,     Print this help.]", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_in_words()
    {
        Assert.Contains("too little memory", _redis.Run("MEMORY DOCTOR"), StringComparison.Ordinal);
        _redis.RunArgs("SET", "k", new string('x', 8_000_000));
        Assert.Contains("No problem", _redis.Run("MEMORY DOCTOR"), StringComparison.Ordinal);
        _redis.Advance(1000);
        _redis.RunArgs("SET", "k", new string('x', 5_300_000));
        _redis.RunArgs("SET", "l", new string('x', 1_000));
        _redis.Engine.Stats.PeakMemory = 100_000_000;
        Assert.Contains("Peak:", _redis.Run("MEMORY DOCTOR"), StringComparison.Ordinal);
        Assert.Matches(@"alive +53\d{5} bytes", _redis.Run("MEMORY MALLOC-STATS"));
    }

    [Theory]
    [InlineData("SEGFAULT")]
    [InlineData("PANIC")]
    [InlineData("ASSERT")]
    [InlineData("OOM")]
    public void A_crash_can_be_had_for_the_asking(string how)
    {
        Assert.False(_redis.Process.HasCrashed);
        _redis.Run("DEBUG " + how);
        Assert.True(_redis.Process.HasCrashed);
    }

    [Fact]
    public void Clients_are_shown_by_size()
    {
        Assert.Equal("ERR maxmemory-clients is disabled.", _redis.Run("DEBUG CLIENT-EVICTION"));
        _redis.Run("CONFIG SET maxmemory-clients 100mb");
        var lines = _redis.Run("DEBUG CLIENT-EVICTION").TrimEnd('\n').Split('\n');
        Assert.Equal(19, lines.Length);
        Assert.Matches(@"^bucket          0 -      32767: tot-mem: +\d+, clients: 1$", lines[0]);
        Assert.Equal("bucket      32768 -      65535: tot-mem:          0, clients: 0", lines[1]);
        Assert.Equal("bucket 4294967296+            : tot-mem:          0, clients: 0", lines[18]);
    }

    [Fact]
    public void Digests_are_those_of_Redis()
    {
        _redis.Run("SET k v");
        _redis.Run("DEBUG POPULATE 3");
        Assert.Equal("7e21e2b721a2fa04f59a951300af4077c298d532", _redis.Run("DEBUG DIGEST"));
        Assert.Equal("[0000000000000000000000000000000000000000, d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f]", _redis.Run("DEBUG DIGEST-VALUE nokey k"));
    }

    [Fact]
    public void Digests_of_ordered_values_are_those_of_Redis()
    {
        var keys = _redis.Engine.Databases[0].Keys;
        var entry = new Entry();
        keys.Insert("z"u8, keys.Hash("z"u8), ZSetValue.EmptyKind, ZSetValue.EmptySize, entry);
        ZSetValue.Over(entry).Initialize();
        foreach (var (member, score) in new[] { ("a", 1), ("b", 2.5), ("c", 3.1) }) ZSetValue.Over(entry).Set(System.Text.Encoding.ASCII.GetBytes(member), score);
        _redis.Run("RPUSH l a 1 b");
        _redis.Run("SADD s 1 x");
        Assert.Equal("[e09c7f715290eb262c56088ea87a16960935a9ca, d5f44352f6226abea9252dad248ef5de0d964396, 96257d5cc29f1c46ff96a88360b5c99de66ae13f]", _redis.Run("DEBUG DIGEST-VALUE z l s"));
    }

    [Fact]
    public void A_request_sees_its_own_bytes_in_the_list_of_clients()
    {
        Assert.Contains(" qbuf=26 ", _redis.Run("CLIENT LIST"), StringComparison.Ordinal);
        var other = _redis.Connect();
        Assert.Contains(" qbuf=0 ", other.Run($"CLIENT LIST ID {_redis.Main.Client!.Id}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_for_replicas_that_do_not_come()
    {
        Assert.Equal("0", _redis.Run("WAIT 0 0"));
        Assert.Equal("ERR timeout is negative", _redis.Run("WAIT 1 -1"));
        Assert.Equal("ERR timeout is not an integer or out of range", _redis.Run("WAIT 1 x"));
        Assert.Equal("ERR value is not an integer or out of range", _redis.Run("WAIT x 1"));
        Assert.Equal("", _redis.Run("WAIT 1 100"));
        _redis.Advance(99);
        Assert.Equal("", _redis.Main.Take());
        _redis.Advance(1);
        Assert.Equal("0", _redis.Main.Take());
        _redis.Run("MULTI");
        _redis.Run("WAIT 1 100");
        Assert.Equal("[0]", _redis.Run("EXEC"));
    }

    [Theory]
    [InlineData("string", "$11\r\nHello World\r\n")]
    [InlineData("integer", ":12345\r\n")]
    [InlineData("double", ",3.141\r\n")]
    [InlineData("bignum", "(1234567999999999999999999999999999999\r\n")]
    [InlineData("null", "_\r\n")]
    [InlineData("array", "*3\r\n:0\r\n:1\r\n:2\r\n")]
    [InlineData("set", "~3\r\n:0\r\n:1\r\n:2\r\n")]
    [InlineData("map", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n")]
    [InlineData("attrib", "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n")]
    [InlineData("push", ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n")]
    [InlineData("verbatim", "=29\r\ntxt:This is a verbatim\nstring\r\n")]
    [InlineData("true", "#t\r\n")]
    [InlineData("false", "#f\r\n")]
    public void Protocol_shapes_of_RESP3(string type, string wire)
    {
        _redis.Run("HELLO 3");
        Assert.Equal(wire, System.Text.Encoding.ASCII.GetString(_redis.RunRaw("DEBUG"u8.ToArray(), "PROTOCOL"u8.ToArray(), System.Text.Encoding.ASCII.GetBytes(type))));
    }

    [Fact]
    public void Flushing_empties_one_or_all_databases_and_fails_watchers()
    {
        var watcher = _redis.Connect();
        _redis.Run("SET a 1");
        _redis.Run("SELECT 1");
        _redis.Run("SET b 1");
        watcher.Run("WATCH a missing");
        Assert.Equal("OK", _redis.Run("FLUSHDB ASYNC"));
        Assert.Equal("0", _redis.Run("DBSIZE"));
        watcher.Run("MULTI");
        watcher.Run("GET a");
        Assert.Equal("[1]", watcher.Run("EXEC"));
        watcher.Run("WATCH a");
        Assert.Equal("OK", _redis.Run("FLUSHALL SYNC"));
        watcher.Run("MULTI");
        watcher.Run("GET a");
        Assert.Equal("(nil)", watcher.Run("EXEC"));
        _redis.Iterate();
        Assert.Equal(0, _redis.Engine.Heap.MemoryInUse);
    }

    [Fact]
    public void Swapping_moves_all_keys_and_touches_watched_ones_on_both_sides()
    {
        TestClient here = _redis.Connect(), there = _redis.Connect(), elsewhere = _redis.Connect();
        _redis.Run("SET a 1");
        here.Run("WATCH a");
        there.Run("SELECT 1");
        there.Run("WATCH a");
        elsewhere.Run("WATCH other");
        Assert.Equal("OK", _redis.Run("SWAPDB 0 1"));
        Assert.Equal("(nil)", _redis.Run("GET a"));
        Assert.Equal("1", there.Run("GET a"));
        foreach (var (client, reply) in new[] { (here, "(nil)"), (there, "(nil)"), (elsewhere, "[PONG]") })
        {
            client.Run("MULTI");
            client.Run("PING");
            Assert.Equal(reply, client.Run("EXEC"));
        }
    }

    [Fact]
    public void Time_is_that_of_the_environment()
    {
        _redis.Advance(1.5);
        Assert.Equal($"[{_redis.Clock.NowMs / 1000}, 1500]", _redis.Run("TIME"));
    }

    [Fact]
    public void Sleeping_takes_time_and_reaches_slow_log_latency_events_and_histogram()
    {
        _redis.Run("CONFIG SET latency-monitor-threshold 10 slowlog-log-slower-than 1000 latency-tracking yes");
        _redis.Run("CLIENT SETNAME me");
        _redis.Run("DEBUG SLEEP 0.025");
        Assert.Equal("1", _redis.Run("SLOWLOG LEN"));
        var log = _redis.Run("SLOWLOG GET");
        Assert.Matches(@"^\[\[0, \d+, 25000, \[DEBUG, SLEEP, 0\.025\], 127\.0\.0\.1:\d+, me\]\]$", log);
        Assert.Matches(@"^\[\[command, \d+, 25, 25\]\]$", _redis.Run("LATENCY LATEST"));
        Assert.Matches(@"^\[\[\d+, 25\]\]$", _redis.Run("LATENCY HISTORY command"));
        Assert.Equal("[debug, [calls, 1, histogram_usec, [33, 1]]]", _redis.Run("LATENCY HISTOGRAM debug").Replace("33816", "33", StringComparison.Ordinal));
        Assert.Contains("command - high 25 ms, low 25 ms", _redis.Run("LATENCY GRAPH command"), StringComparison.Ordinal);
        Assert.Contains("1. command: 1 spikes", _redis.Run("LATENCY DOCTOR"), StringComparison.Ordinal);
        Assert.Equal("0", _redis.Run("LATENCY RESET nosuch"));
        Assert.Equal("1", _redis.Run("LATENCY RESET"));
        Assert.Equal("OK", _redis.Run("SLOWLOG RESET"));
        Assert.Equal("[]", _redis.Run("SLOWLOG GET -1"));
    }

    [Fact]
    public void Monitor_sees_what_others_do()
    {
        var monitor = _redis.Connect();
        Assert.Equal("OK", monitor.Run("MONITOR"));
        _redis.Run("SET k \"a\\n\"");
        Assert.Matches("^\\d+\\.\\d{6} \\[0 127\\.0\\.0\\.1:\\d+\\] \"SET\" \"k\" \"a\\\\n\"$", monitor.Take());
        _redis.Run("MULTI");
        _redis.Run("MONITOR");
        Assert.Equal("[ERR MONITOR isn't allowed for DENY BLOCKING client]", _redis.Run("EXEC"));
    }

    [Fact]
    public void Monitor_shows_a_transaction_with_EXEC_at_its_end()
    {
        var monitor = _redis.Connect();
        monitor.Run("MONITOR");
        foreach (var line in new[] { "MULTI", "SET k v", "EXEC" }) _redis.Run(line);
        var seen = monitor.Take().Split(" | ").Select(line => line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..]);
        Assert.Equal(["\"MULTI\"", "\"SET\" \"k\" \"v\"", "\"EXEC\""], seen);
    }

    [Fact]
    public void Monitor_shows_scripts_that_are_not_found_and_scripts_before_their_commands()
    {
        var monitor = _redis.Connect();
        monitor.Run("MONITOR");
        foreach (var line in new[] { "EVALSHA aaaa 0", "FCALL nosuch 0", "EVAL x y", "EVAL \"return redis.call('get','k')\" 0" }) _redis.Run(line);
        var seen = monitor.Take().Split(" | ").Select(line => line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..].Split(' ')[0]);
        Assert.Equal(["\"EVALSHA\"", "\"FCALL\"", "\"EVAL\"", "\"EVAL\"", "\"get\""], seen);
    }

    [Theory]
    [InlineData("SET k 12345", "encoding:int serializedlength:3 ")]
    [InlineData("SET k b", "encoding:embstr serializedlength:2 ")]
    [InlineData("RPUSH k 1 2 3 foo", "encoding:listpack serializedlength:21 ")]
    [InlineData("SADD k 1 2 3", "encoding:intset serializedlength:15 ")]
    public void The_length_of_a_value_in_a_file(string command, string expected)
    {
        _redis.Run(command);
        Assert.Contains(expected, _redis.Run("DEBUG OBJECT k"), StringComparison.Ordinal);
    }

    [Fact]
    public void Stale_keys_and_watches()
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        _redis.Run("SET stale v PX 1");
        _redis.Advance(5);
        Assert.Equal("[PONG]", Transaction("WATCH stale", "EXISTS stale"));          // it goes: no change
        _redis.Run("SET stale v PX 1");
        _redis.Advance(5);
        Assert.Equal("[PONG]", Transaction("WATCH stale", "FLUSHALL"));
        _redis.Run("SET stale v PX 1");
        _redis.Advance(5);
        _redis.Run("SELECT 1");
        Assert.Equal("[PONG]", Transaction("WATCH stale", "SWAPDB 0 1"));            // one that is not there becomes a stale one
        Assert.Equal("(nil)", Transaction("WATCH stale", "SET stale alive"));
        _redis.Run("PEXPIRE stale 1");
        Assert.Equal("(nil)", Transaction("WATCH stale", null));                     // seen alive, expired before EXEC

        string Transaction(string watch, string? change)
        {
            _redis.Run(watch);
            if (change is null) _redis.Advance(5);
            else _redis.Run(change);
            _redis.Run("MULTI");
            _redis.Run("PING");
            return _redis.Run("EXEC");
        }
    }

    [Fact]
    public void Shutdown_exits_with_code_0()
    {
        _redis.Run("SHUTDOWN");
        Assert.Equal(0, _redis.Process.ExitCode);
    }

    [Fact]
    public void Lolwut_draws_and_names_the_version()
    {
        var picture = _redis.Run("LOLWUT 20 5");
        Assert.Equal(5, picture.Split('\n').Count(line => line.Length == 20));
        Assert.Contains("Redis ver. 7.2.6", picture, StringComparison.Ordinal);
        Assert.NotEqual(picture, _redis.Run("LOLWUT 20 5"));
        Assert.Contains("Redis ver. 7.2.6", _redis.Run("LOLWUT anything"), StringComparison.Ordinal);
        Assert.Equal("ERR value is not an integer or out of range", _redis.Run("LOLWUT VERSION 5 anything"));
    }

    [Fact]
    public void Memory_usage_grows_with_the_value_and_counts_what_it_owns()
    {
        _redis.Run("SET k v");
        var small = long.Parse(_redis.Run("MEMORY USAGE k"));
        _redis.RunArgs("SET", "k", new string('x', 10_000));
        Assert.InRange(long.Parse(_redis.Run("MEMORY USAGE k")), 10_000, 12_000);
        Assert.InRange(small, 8, 64);
        var before = _redis.Engine.Heap.MemoryInUse;
        for (var i = 0; i < 5000; i++) _redis.Run($"HSET h field:{i} value:{i}");
        var grown = _redis.Engine.Heap.MemoryInUse - before;
        Assert.InRange(long.Parse(_redis.Run("MEMORY USAGE h SAMPLES 0")), grown * 98 / 100, grown * 102 / 100);
        Assert.InRange(long.Parse(_redis.Run("MEMORY USAGE h")), grown * 80 / 100, grown * 120 / 100);
    }

    [Fact]
    public void Memory_stats_has_the_fields_of_Redis()
    {
        _redis.Run("SET k v");
        _redis.Run("HELLO 3");
        var stats = RedisLite.Protocol.ReplyReader.ReadAll(_redis.RunRaw("MEMORY"u8.ToArray(), "STATS"u8.ToArray()))[0];
        var names = stats.Items.Where((_, i) => i % 2 == 0).Select(item => item.Text);
        Assert.Equal(
            "peak.allocated total.allocated startup.allocated replication.backlog clients.slaves clients.normal cluster.links aof.buffer lua.caches "
            + "functions.caches db.0 overhead.total keys.count keys.bytes-per-key dataset.bytes dataset.percentage peak.percentage allocator.allocated "
            + "allocator.active allocator.resident allocator-fragmentation.ratio allocator-fragmentation.bytes allocator-rss.ratio allocator-rss.bytes "
            + "rss-overhead.ratio rss-overhead.bytes fragmentation fragmentation.bytes", string.Join(' ', names));
    }

    [Fact]
    public void Stale_DEBUG_PAUSE_CRON_stops_the_ticks()
    {
        _redis.Run("DEBUG PAUSE-CRON 1");
        _redis.RunArgs("SET", "k", new string('x', 1_000_000));
        _redis.Advance(1000);
        Assert.Equal(0, _redis.Engine.Stats.PeakMemory);
        Assert.InRange(_redis.Engine.NextWakeMs(), 1, 100);                      // and yet the loop sleeps
        _redis.Run("DEBUG PAUSE-CRON 0");
        _redis.Advance(1000);
        Assert.True(_redis.Engine.Stats.PeakMemory > 1_000_000);
    }

    [Fact]
    public void A_primary_without_replicas_refuses_writes_when_it_shall_have_some()
    {
        Assert.Equal("OK", _redis.Run("SET k v"));
        _redis.Run("CONFIG SET min-replicas-to-write 1");
        Assert.Equal("NOREPLICAS Not enough good replicas to write.", _redis.Run("SET k w"));
        Assert.Equal("v", _redis.Run("GET k"));
        Assert.Contains("min_slaves_good_slaves:0", _redis.Run("INFO replication"));
        Assert.Equal("PONG", _redis.Run("PING"));
        _redis.Run("CONFIG SET min-replicas-max-lag 0");
        Assert.Equal("OK", _redis.Run("SET k w"));
        Assert.DoesNotContain("min_slaves_good_slaves", _redis.Run("INFO replication"));
    }

    [Theory]
    [InlineData("REPLICAOF NO ONE", "OK")]
    [InlineData("SLAVEOF no one", "OK")]
    [InlineData("REPLICAOF somehost notaport", "ERR Invalid master port")]
    [InlineData("REPLICAOF somehost 6379", "ERR replication is not supported yet")]
    [InlineData("FAILOVER", "ERR FAILOVER requires connected replicas.")]
    [InlineData("FAILOVER ABORT", "ERR No failover in progress.")]
    [InlineData("FAILOVER TO somehost 1 ABORT", "ERR syntax error")]
    [InlineData("CLUSTER INFO", "ERR This instance has cluster support disabled")]
    [InlineData("CLUSTER SLOTS x", "ERR wrong number of arguments for 'cluster|slots' command")]
    [InlineData("CLUSTER NOSUCH", "ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.")]
    [InlineData("READONLY", "ERR This instance has cluster support disabled")]
    public void A_lone_server_has_nobody_to_follow_or_to_share_with(string command, string reply) => Assert.Equal(reply, _redis.Run(command));

    [Fact]
    public void Who_is_held_back_by_a_pause_counts_as_blocked()
    {
        var client = _redis.Connect();
        _redis.Run("CLIENT PAUSE 60000 WRITE");
        Assert.Equal("", client.Run("SET k v"));
        Assert.Contains("blocked_clients:1", _redis.Run("INFO clients"));
        Assert.Contains($"id={client.Client!.Id} ", _redis.Run("CLIENT LIST"));
        Assert.Contains(" flags=b ", _redis.Run($"CLIENT LIST ID {client.Client.Id}"));
        Assert.Equal("0", _redis.Run($"CLIENT UNBLOCK {client.Client.Id}"));
        _redis.Run("CLIENT UNPAUSE");
        _redis.Iterate();
        Assert.Equal("OK", client.Take());
        Assert.Contains("blocked_clients:0", _redis.Run("INFO clients"));
    }

    [Fact]
    public void Another_replication_id()
    {
        string Id() => _redis.Run("INFO replication").Split('\n').Single(line => line.StartsWith("master_replid:", StringComparison.Ordinal));
        var redis = Id();
        Assert.Equal("OK", _redis.Run("DEBUG CHANGE-REPL-ID"));
        Assert.NotEqual(redis, Id());
        Assert.Equal(redis.Length, Id().Length);
    }

    [Fact]
    public void Client_kill_maxage_closes_what_is_old_enough()
    {
        var old = _redis.Connect();
        _redis.Advance(2000);
        var young = _redis.Connect();
        Assert.Equal("0", _redis.Run("CLIENT KILL MAXAGE 3"));
        Assert.Equal("1", _redis.Run("CLIENT KILL MAXAGE 2"));
        Assert.True(old.IsClosed);
        Assert.False(young.IsClosed);
    }
}

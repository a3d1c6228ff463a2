using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

public class AppendOnlyTests
{
    private static SavedServer Server(string fsync = "everysec", params string[] more) => new(config =>
    {
        config.Set("appendonly", "yes");
        config.Set("appendfsync", fsync);
        for (var i = 0; i < more.Length; i += 2) config.Set(more[i], more[i + 1]);
    });

    [Fact]
    public void The_log_brings_back_every_workload()
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            using var server = Server();
            server.Work(seed, 1500);
            var before = server.Contents();
            server.Kill();
            Assert.Null(server.Redis.Process.ExitCode);
            Assert.Equal(before, server.Contents());
        }
    }

    [Fact]
    public void Messages_are_not_logged()
    {
        using var server = Server("always");
        var sink = server.Redis.Record();
        server.Run("SET a 1");
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        var before = server.Storage[path];
        server.Run("PUBLISH channel message");
        server.Run("SPUBLISH channel message");
        server.Redis.RunArgs("EVAL", "return redis.call('publish', 'channel', 'message')", "0");
        Assert.Equal(["PUBLISH channel message", "SPUBLISH channel message", "publish channel message"], sink.Units[1..]);
        Assert.Equal(before, server.Storage[path]);

        server.Run("SET b 1");
        Assert.NotEqual(before, server.Storage[path]);
    }

    [Fact]
    public void Debug_loadaof_answers_and_logs_nothing_again()
    {
        using var server = Server("always");
        server.Run("SET a 1");
        server.Run("INCR a");
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        var before = server.Storage[path];
        Assert.Equal("OK", server.Run("DEBUG LOADAOF"));
        Assert.Equal("2", server.Run("GET a"));
        Assert.Equal(before, server.Storage[path]);
    }

    [Fact]
    public void Whoever_waits_is_not_served_from_a_log_that_is_replayed()
    {
        using var server = Server("always");
        server.Run("XGROUP CREATE s g $ MKSTREAM");
        server.Run("XADD s 1-1 a 1");
        server.Run("XREADGROUP GROUP g a STREAMS s >");
        server.Run("RPUSH list x");
        server.Run("LPOP list");
        var (reader, popper) = (server.Redis.Connect(), server.Redis.Connect());
        reader.Run("XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
        popper.Run("BLPOP list 0");
        Assert.Equal("OK", server.Run("DEBUG LOADAOF"));
        Assert.Equal(("", ""), (reader.Take(), popper.Take()));
        server.Run("XADD s 2-1 a 1");
        server.Run("RPUSH list y");
        Assert.Equal(("[[s, [[2-1, [a, 1]]]]]", "[list, y]"), (reader.Take(), popper.Take()));
    }

    [Fact]
    public void A_slow_script_in_a_log_does_not_silence_the_server()
    {
        using var server = Server("always");
        var script = "redis.call('set', KEYS[1], 'y') for i = 1, 200000 do end return 'ok'";
        server.Storage[SavedServer.AofDirectory + "appendonly.aof.1.incr.aof"] += $"*4\r\n$4\r\neval\r\n${script.Length}\r\n{script}\r\n$1\r\n1\r\n$1\r\nx\r\n";
        var other = server.Redis.Connect();
        var replies = new List<string>();
        server.Run("CONFIG SET busy-reply-threshold 50");
        server.Clock.PerReading = TimeSpan.FromMilliseconds(20);
        server.Redis.Engine.OnBusy = () => replies.Add(other.Run("PING"));
        Assert.Equal("OK", server.Run("DEBUG LOADAOF"));
        server.Clock.PerReading = TimeSpan.Zero;
        Assert.Equal("LOADING Redis is loading the dataset in memory", replies[0]);
        Assert.Equal("y", server.Run("GET x"));
        Assert.Contains("Slow script detected", server.Log);
    }

    [Fact]
    public void Transactions_are_whole_or_not_there()
    {
        using var server = Server();
        server.Run("SET a 1");
        server.Run("MULTI");
        server.Run("SET a 2");
        server.Run("SET b 2");
        server.Run("EXEC");
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        var text = server.Storage[path];
        Assert.EndsWith("*1\r\n$4\r\nEXEC\r\n", text);
        server.Storage[path] = text[..^5];
        server.Kill();
        Assert.Equal("1", server.Run("GET a"));
        Assert.Equal("0", server.Run("EXISTS b"));
        Assert.Contains("Truncating the AOF appendonly.aof.1.incr.aof at offset", server.Log);
        server.Run("SET c 3");
        server.Kill();
        Assert.Equal("3", server.Run("GET c"));
    }

    [Fact]
    public void A_truncated_tail_stops_the_server_when_so_configured()
    {
        using var server = Server("always", "aof-load-truncated", "no");
        server.Run("SET a 1");
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        server.Storage[path] = server.Storage[path][..^3];
        server.Kill();
        Assert.Equal(1, server.Redis.Process.ExitCode);
        Assert.Contains("Unexpected end of file reading the append only file", server.Log);
    }

    [Fact]
    public void Nonsense_in_the_log_stops_the_server_with_its_place()
    {
        using var server = Server();
        server.Run("SET a 1");
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        var good = server.Storage[path].Length;
        server.Storage[path] += "*1\r\n$4\r\nNOPE\r\n";
        server.Kill();
        Assert.Equal(1, server.Redis.Process.ExitCode);
        Assert.Contains($"Unknown command 'NOPE' reading the append only file (at byte {good})", server.Log);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void A_rewrite_goes_on_while_commands_come(string preamble)
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            using var server = Server("everysec", "aof-use-rdb-preamble", preamble);
            server.Work(seed, 800);
            server.Redis.Background.RunsAtOnce = false;
            Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
            Assert.Equal("1", server.Info("aof_rewrite_in_progress"));
            Assert.Equal("ERR Background append only file rewriting already in progress", server.Run("BGREWRITEAOF"));
            server.Work(seed + 50, 400);
            server.Redis.Background.RunAll();
            server.Redis.Background.RunsAtOnce = true;
            server.Work(seed + 60, 400);
            var before = server.Contents();
            Assert.Equal($"file appendonly.aof.2.base.{(preamble == "yes" ? "rdb" : "aof")} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n",
                server.Storage[SavedServer.AofDirectory + "appendonly.aof.manifest"]);
            Assert.Equal(3, server.Storage.List("/data/appendonlydir").Count);
            server.Kill();
            Assert.Equal(before, server.Contents());
        }
    }

    [Fact]
    public void It_can_be_switched_on_and_off_while_the_server_runs()
    {
        using var server = new SavedServer();
        server.Run("SET a 1");
        server.Redis.Background.RunsAtOnce = false;
        Assert.Equal("OK", server.Run("CONFIG SET appendonly yes"));
        server.Run("SET b 2");
        server.Redis.Background.RunAll();
        server.Run("SET c 3");
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("[1, 2, 3]", server.Run("MGET a b c"));
        Assert.Equal("OK", server.Run("CONFIG SET appendonly no"));
        Assert.Equal("0", server.Info("aof_enabled"));
        server.Run("SET d 4");
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("[3, (nil)]", server.Run("MGET c d"));
    }

    /// <summary>The first base is of a later moment than the switching on: what came between is in it, and must not be replayed behind it.</summary>
    [Fact]
    public void Switched_on_during_a_save_nothing_counts_twice()
    {
        using var server = new SavedServer();
        server.Run("SET n 1");
        server.Redis.Background.RunsAtOnce = false;
        Assert.Equal("Background saving started", server.Run("BGSAVE"));
        Assert.Equal("OK", server.Run("CONFIG SET appendonly yes"));
        Assert.Equal(("0", "1"), (server.Info("aof_rewrite_in_progress"), server.Info("aof_rewrite_scheduled")));
        server.Run("INCR n");
        server.Redis.Background.RunAll();
        server.Redis.Advance(200);
        Assert.Equal("1", server.Info("aof_rewrite_in_progress"));
        server.Run("INCR n");
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("4", server.Run("GET n"));
    }

    /// <summary>The transaction comes to the log as a whole at its end: a base that is begun in its middle would hold half of it too.</summary>
    [Fact]
    public void Switched_on_in_a_transaction_nothing_counts_twice()
    {
        using var server = Server("always");
        server.Redis.Background.RunsAtOnce = false;
        foreach (var line in new[] { "MULTI", "INCR n", "CONFIG SET appendonly no", "CONFIG SET appendonly yes", "INCR n" }) server.Run(line);
        Assert.Equal("[1, OK, OK, 2]", server.Run("EXEC"));
        Assert.Equal(("0", "1"), (server.Info("aof_rewrite_in_progress"), server.Info("aof_rewrite_scheduled")));
        server.Redis.Advance(200);
        Assert.Equal("1", server.Info("aof_rewrite_in_progress"));
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        server.Kill();
        Assert.Equal("3", server.Run("GET n"));
    }

    /// <summary>The rewrite that runs knows nothing of what was written since it began, and no log does.</summary>
    [Fact]
    public void Switched_on_during_a_rewrite_nothing_is_missing()
    {
        using var server = new SavedServer();
        server.Redis.Background.RunsAtOnce = false;
        server.Run("SET n 1");
        Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
        server.Run("INCR n");
        Assert.Equal("OK", server.Run("CONFIG SET appendonly yes"));
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("3", server.Run("GET n"));
    }

    [Fact]
    public void Switched_off_during_a_rewrite_another_can_begin_at_once()
    {
        using var server = Server();
        server.Redis.Background.RunsAtOnce = false;
        server.Run("SET n 1");
        Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
        Assert.Equal("OK", server.Run("CONFIG SET appendonly no"));
        Assert.Equal("0", server.Info("aof_rewrite_in_progress"));
        Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
    }

    /// <summary>A rewrite that was cancelled when it had just ended is of no use to the AOF that was switched on since.</summary>
    [Fact]
    public void Switched_off_and_on_again_nothing_is_missing()
    {
        using var server = new SavedServer();
        server.Run("SET n 1");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("CONFIG SET appendonly yes");
        var finished = server.Redis.Background.EndWithoutTelling();
        server.Run("CONFIG SET appendonly no");
        server.Run("INCR n");
        server.Run("CONFIG SET appendonly yes");
        server.Run("INCR n");
        finished();
        server.Redis.Advance(200);
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("4", server.Run("GET n"));
    }

    /// <summary>The first base has to wait for a save that is running: what is written meanwhile is in the base, and must not be in the log too.</summary>
    [Fact]
    public void Writes_before_a_first_base_that_had_to_wait_count_once()
    {
        using var server = new SavedServer();
        server.Redis.Background.RunsAtOnce = false;
        server.Run("INCR n");
        server.Run("BGSAVE");
        Assert.Equal("OK", server.Run("CONFIG SET appendonly yes"));
        server.Run("INCR n");
        server.Redis.Background.RunAll();
        for (var i = 0; i < 20; i++) server.Redis.Advance(100);
        server.Run("INCR n");
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        Assert.Equal("2", server.InfoOf("stats", "total_forks"));
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("4", server.Run("GET n"));
    }

    [Fact]
    public void When_the_first_base_fails_nothing_counts_twice()
    {
        using var server = new SavedServer();
        server.Run("SET n 1");
        server.Redis.Background.RunsAtOnce = false;
        Assert.Equal("OK", server.Run("CONFIG SET appendonly yes"));
        server.Run("INCR n");
        server.Storage.Faults = (_, path) => path.Contains("temp-rewriteaof", StringComparison.Ordinal) ? StorageFault.Fails : StorageFault.None;
        server.Redis.Background.RunAll();
        Assert.Equal("err", server.Info("aof_last_bgrewrite_status"));
        Assert.False(server.Storage.Exists(SavedServer.AofDirectory + "appendonly.aof.manifest"));
        server.Storage.Faults = null;
        server.Run("INCR n");
        server.Redis.Advance(1500);
        Assert.Equal("1", server.Info("aof_rewrite_in_progress"));
        server.Run("INCR n");
        server.Redis.Background.RunAll();
        server.Run("INCR n");
        Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n", server.Storage[SavedServer.AofDirectory + "appendonly.aof.manifest"]);
        server.Kill(config => config.Set("appendonly", "yes"));
        Assert.Equal("5", server.Run("GET n"));
    }

    [Fact]
    public void Failed_rewrites_leave_increments_that_the_next_good_one_takes_in()
    {
        using var server = Server("always");
        server.Run("SET n 1");
        server.Storage.Faults = (_, path) => path.Contains("temp-rewriteaof", StringComparison.Ordinal) ? StorageFault.Fails : StorageFault.None;
        for (var i = 0; i < 3; i++)
        {
            server.Run("BGREWRITEAOF");
            server.Run("INCR n");
        }
        Assert.Equal(("err", "3"), (server.Info("aof_last_bgrewrite_status"), server.Info("aof_rewrites_consecutive_failures")));
        Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\n" + string.Concat(Enumerable.Range(1, 4).Select(static i => $"file appendonly.aof.{i}.incr.aof seq {i} type i\n")),
            server.Storage[SavedServer.AofDirectory + "appendonly.aof.manifest"]);
        server.Kill();
        Assert.Equal("4", server.Run("GET n"));
        server.Storage.Faults = null;
        server.Run("BGREWRITEAOF");
        server.Run("INCR n");
        Assert.Equal(3, server.Storage.List("/data/appendonlydir").Count);
        server.Kill();
        Assert.Equal("5", server.Run("GET n"));
    }

    [Fact]
    public void A_slow_rename_of_the_rewritten_file_is_an_event_of_the_latency_monitor()
    {
        using var server = Server("always");
        server.Run("CONFIG SET latency-monitor-threshold 10");
        server.Storage.Faults = (operation, _) =>
        {
            if (operation == StorageOperation.Rename) server.Redis.Clock.Advance(TimeSpan.FromMilliseconds(30));
            return StorageFault.None;
        };
        server.Run("BGREWRITEAOF");
        server.Redis.Advance(100);
        Assert.Contains("[aof-rename, ", server.Run("LATENCY LATEST"), StringComparison.Ordinal);
        Assert.Contains(server.Redis.Log.Lines, static line => line.Message == "Background AOF rewrite finished successfully");
    }

    [Fact]
    public void A_transaction_selects_its_database_inside()
    {
        using var server = Server("always");
        server.Run("MULTI");
        server.Run("SELECT 3");
        server.Run("SET a 1");
        server.Run("SET b 2");
        server.Run("EXEC");
        Assert.StartsWith("*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET", server.Storage[SavedServer.AofDirectory + "appendonly.aof.1.incr.aof"]);
    }

    [Fact]
    public void The_single_file_of_an_older_server_is_taken_over()
    {
        using var server = new SavedServer(config => config.Set("appendonly", "yes"));
        foreach (var path in server.Storage.List("/data/appendonlydir")) server.Storage.Delete(path);
        server.Storage["/data/appendonly.aof"] = "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
        server.Kill();
        server.Run("SELECT 3");
        Assert.Equal("1", server.Run("GET a"));
        Assert.False(server.Storage.Exists("/data/appendonly.aof"));
        server.Run("SET b 2");
        server.Kill();
        server.Run("SELECT 3");
        Assert.Equal("[1, 2]", server.Run("MGET a b"));
    }

    [Fact]
    public void After_three_failures_the_server_tries_rarely_and_says_so()
    {
        using var server = Server("everysec");
        server.Run("CONFIG SET auto-aof-rewrite-percentage 1 auto-aof-rewrite-min-size 100");
        server.Storage.Faults = static (_, path) => path.Contains("temp-rewriteaof", StringComparison.Ordinal) ? StorageFault.Fails : StorageFault.None;
        server.Run($"SET x {new string('x', 1024)}");
        string[] waits = ["1", "2", "4", "8", "16", "32", "60", "60"];
        for (var i = 0; i < waits.Length; i++)
        {
            for (var tick = 0; tick < 8; tick++) server.Redis.Advance(200);
            Assert.Equal((3 + i).ToString(), server.Info("aof_rewrites_consecutive_failures"));
            Assert.EndsWith($"Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {waits[i]} minutes", server.Log);
            server.Redis.Advance(60_000 * int.Parse(waits[i]));
        }
        server.Storage.Faults = null;
        Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
        Assert.Equal("0", server.Info("aof_rewrites_consecutive_failures"));
    }

    /// <summary>As redis-server 7.2.6 writes them: what became history last is first, and what became it together stays in its order.</summary>
    [Fact]
    public void History_stands_in_the_manifest_in_the_order_of_redis()
    {
        using var server = new SavedServer(config =>
        {
            config.Set("appendonly", "yes");
            config.Set("aof-disable-auto-gc", "yes");
        });
        server.Run("BGREWRITEAOF");
        server.Storage.Faults = static (operation, path) => operation == StorageOperation.Rename ? StorageFault.Fails : StorageFault.None;
        server.Run("BGREWRITEAOF");
        server.Storage.Faults = null;
        server.Run("BGREWRITEAOF");
        Assert.Equal(
            "file appendonly.aof.3.base.rdb seq 3 type b\n" +
            "file appendonly.aof.2.incr.aof seq 2 type h\n" +
            "file appendonly.aof.3.incr.aof seq 3 type h\n" +
            "file appendonly.aof.2.base.rdb seq 2 type h\n" +
            "file appendonly.aof.1.incr.aof seq 1 type h\n" +
            "file appendonly.aof.1.base.rdb seq 1 type h\n" +
            "file appendonly.aof.4.incr.aof seq 4 type i\n",
            server.Storage[SavedServer.AofDirectory + "appendonly.aof.manifest"]);
    }

    /// <summary>Redis writes the manifest first and moves the file then.</summary>
    [Fact]
    public void A_takeover_that_redis_began_is_ended()
    {
        using var server = Server("always");
        server.Run("SET a 1");
        server.Storage.Replace("/data/appendonly.aof", System.Text.Encoding.ASCII.GetBytes("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n"));
        server.Storage.Replace(SavedServer.AofDirectory + "appendonly.aof.manifest", System.Text.Encoding.ASCII.GetBytes("file appendonly.aof seq 1 type b\n"));
        server.Kill();
        Assert.Equal("[(nil), 2]", server.Run("MGET a b"));
        Assert.False(server.Storage.Exists("/data/appendonly.aof"));
    }

    [Fact]
    public void A_growing_log_is_rewritten_by_itself()
    {
        using var server = Server("everysec", "auto-aof-rewrite-min-size", "1kb");
        for (var i = 0; i < 100; i++) server.Run($"SET key {i}");
        server.Redis.Advance(1000);
        Assert.Equal("1", server.Info("aof_rewrites"));
        Assert.Contains("Starting automatic rewriting of AOF on", server.Log);
    }

    [Fact]
    public void A_refused_write_is_told_taken_back_and_tried_again()
    {
        using var server = Server();
        server.Run("SET a 1");
        server.Storage.Faults = (operation, _) => operation == StorageOperation.Append ? StorageFault.Tears : StorageFault.None;
        server.Run("SET b 2");
        Assert.Equal("err", server.Info("aof_last_write_status"));
        Assert.Equal("MISCONF Errors writing to the AOF file: Input/output error", server.Run("SET c 3"));
        server.Storage.Faults = null;
        server.Redis.Advance(1500);
        Assert.Equal("ok", server.Info("aof_last_write_status"));
        Assert.Equal("OK", server.Run("SET c 3"));
        server.Kill();
        Assert.Equal("[1, 2, 3]", server.Run("MGET a b c"));
    }

    [Fact]
    public void Under_always_no_reply_leaves_that_the_disk_refused()
    {
        using var server = Server("always");
        server.Run("SET a 1");
        server.Storage.Faults = (operation, _) => operation == StorageOperation.Fsync ? StorageFault.Fails : StorageFault.None;
        Assert.Equal("", server.Run("SET b 2"));
        Assert.Equal(1, server.Redis.Process.ExitCode);
    }

    [Fact]
    public void Under_everysec_a_slow_fsync_holds_writes_back_for_two_seconds()
    {
        using var server = Server();
        server.Redis.Background.RunsAtOnce = false;
        server.Run("SET a 1");
        server.Redis.Advance(1100);
        Assert.Equal("1", server.Info("aof_pending_bio_fsync"));
        server.Run("SET b 2");
        Assert.NotEqual("0", server.Info("aof_buffer_length"));
        server.Redis.Advance(1000);
        Assert.NotEqual("0", server.Info("aof_buffer_length"));
        server.Redis.Advance(1100);
        Assert.Equal("0", server.Info("aof_buffer_length"));
        Assert.Equal("1", server.Info("aof_delayed_fsync"));
    }

    [Fact]
    public void A_base_of_commands_begins_with_its_time()
    {
        using var server = Server("always", "aof-timestamp-enabled", "yes", "aof-use-rdb-preamble", "no");
        server.Run("SET a 1");
        server.Run("BGREWRITEAOF");
        Assert.StartsWith("#TS:", server.Storage[SavedServer.AofDirectory + "appendonly.aof.2.base.aof"]);
        server.Kill();
        Assert.Equal("1", server.Run("GET a"));
    }

    [Theory]
    [InlineData("file a seq 2 type i\nfile b seq 1 type i\n", "Found a non-monotonic sequence number")]
    [InlineData("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information")]
    [InlineData("\n", "Invalid AOF manifest file format")]
    [InlineData("filx a seq 1 type b\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1 type b odd\n", "Invalid AOF manifest file format")]
    [InlineData("file a seq 1 type x\n", "Unknown AOF file type")]
    [InlineData("file a/b seq 1 type b\n", "File can't be a path, just a filename")]
    [InlineData("file a seq 1 type b", "The AOF manifest file contains too long line")]
    [InlineData("", "Found an empty AOF manifest")]
    [InlineData("file a seq 1 type b\n", "the AOF file a cannot be opened: No such file or directory")]
    public void A_wrong_manifest_stops_the_server_with_one_line_about_it(string manifest, string problem)
    {
        using var server = Server("always");
        server.Storage.Replace(SavedServer.AofDirectory + "appendonly.aof.manifest", System.Text.Encoding.ASCII.GetBytes(manifest));
        server.Kill();
        Assert.Equal(1, server.Redis.Process.ExitCode);
        Assert.Single(server.Redis.Log.Lines, line => line.Message.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void File_names_may_hold_anything()
    {
        using var server = Server("always", "appendfilename", " a\n\t\"b ");
        server.Run("SET a 1");
        Assert.Contains("file \" a\\n\\t\\\"b .1.incr.aof\" seq 1 type i", server.Storage[SavedServer.AofDirectory + " a\n\t\"b .manifest"]);
        server.Kill();
        Assert.Equal("1", server.Run("GET a"));
    }

    [Fact]
    public void Timestamps_are_written_and_passed_over()
    {
        using var server = Server("always", "aof-timestamp-enabled", "yes");
        server.Run("SET a 1");
        server.Redis.Advance(2000);
        server.Run("SET b 2");
        Assert.Equal(2, server.Storage[SavedServer.AofDirectory + "appendonly.aof.1.incr.aof"].Split("#TS:").Length - 1);
        server.Kill();
        Assert.Equal("[1, 2]", server.Run("MGET a b"));
    }

    [Fact]
    public void Broken_logs_are_loaded_cut_or_refused()
    {
        using var source = Server("always");
        source.Work(11, 400);
        var path = SavedServer.AofDirectory + "appendonly.aof.1.incr.aof";
        var good = source.Storage.ReadAll(path)!;
        var random = new Random(12);
        int loaded = 0, refused = 0;
        for (var round = 0; round < 1500 * LongRun.Factor; round++)
        {
            var broken = good.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--) broken[random.Next(broken.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) broken = broken[..random.Next(broken.Length)];
            using var server = Server("no");
            server.Storage.Replace(path, broken);
            server.Kill();
            if (server.Redis.Process.ExitCode is null)
            {
                loaded++;
                server.Redis.Engine.Databases[0].Keys.CheckInvariants();
                continue;
            }
            refused++;
            Assert.Contains("Bad file format reading the append only file", server.Log);
        }
        Assert.True(loaded > 50 && refused > 50, $"{loaded} loaded, {refused} refused");
    }

    [Fact]
    public void What_always_has_acknowledged_survives_any_crash()
    {
        for (var seed = 0; seed < 1500 * LongRun.Factor; seed++) Crash(seed, always: true);
    }

    [Fact]
    public void What_everysec_may_lose_is_the_last_second()
    {
        for (var seed = 0; seed < 1500 * LongRun.Factor; seed++) Crash(seed, always: false);
    }

    /// <summary>Random increments, rewrites and saves; the machine stops at a random operation of the disk; then the log is what was promised.</summary>
    private static void Crash(int seed, bool always)
    {
        var random = new Random(seed);
        using var server = Server(always ? "always" : "everysec");
        var crashAt = server.Storage.Operations + random.Next(1, 60);
        var fault = random.Next(2) == 0 ? StorageFault.Crashes : StorageFault.CrashesAfter;
        var count = server.Storage.Operations;
        server.Storage.Faults = (_, _) => count++ == crashAt ? fault : StorageFault.None;
        server.Redis.Background.RunsAtOnce = false;
        var acknowledged = new List<(long AtMs, int Value)> { (server.Clock.NowMs, 0) };
        var value = 0;
        try
        {
            while (count <= crashAt)
            {
                switch (random.Next(12))
                {
                    case 0: server.Run("BGREWRITEAOF"); break;
                    case 1: server.Run("BGSAVE"); break;
                    case 2 or 3: server.Redis.Background.Step(); break;
                    case 4: server.Redis.Advance(random.Next(700)); server.Redis.Background.RunAll(); break;
                    default:
                        value++;
                        if (server.Run($"SET n {value}") == "OK") acknowledged.Add((server.Clock.NowMs, value));
                        break;
                }
            }
        }
        catch (SimCrashException)
        {
        }

        var now = server.Clock.NowMs;
        server.PowerCut(seed);
        Assert.True(server.Redis.Process.ExitCode is null, $"seed {seed}: {server.Log}");
        var found = server.Run("GET n") is var text && text == "(nil)" ? 0 : int.Parse(text);
        var promised = always ? acknowledged[^1].Value : acknowledged.Last(ack => ack.AtMs <= now - 2100 || ack.Value == 0).Value;
        Assert.True(found >= promised && found <= value, $"seed {seed}: found {found}, promised {promised}, sent {value}");
    }
}

using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

public class SnapshotTests
{
    [Fact]
    public void Save_and_restart_keep_everything()
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            using var server = new SavedServer();
            server.Work(seed, 1500);
            var before = server.Contents();
            Assert.Equal("OK", server.Run("SAVE"));
            Assert.Equal("0", server.Info("rdb_changes_since_last_save"));
            server.Kill();
            Assert.Equal((seed, before), (seed, server.Contents()));
            Assert.DoesNotContain(new string('0', 40), before);
        }
    }

    /// <summary>SHUTDOWN and CONFIG SET appendonly wait for it.</summary>
    [Fact]
    public void A_save_that_is_stopped_ends_in_the_middle_of_a_large_key()
    {
        using var server = new SavedServer(config => config.Set("rdbcompression", "no"));
        for (var i = 0; i < 200; i++) server.Run($"RPUSH list {i}{new string('x', 16_000)}");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("BGSAVE");
        var writes = 0;
        server.Storage.Faults = (operation, _) =>
        {
            if (operation == StorageOperation.Append && ++writes == 2) server.Redis.Engine.Durability.Saver.Cancel();
            return StorageFault.None;
        };
        server.Redis.Background.RunAll();
        Assert.Equal((2, "0"), (writes, server.Info("rdb_bgsave_in_progress")));
        Assert.Equal(("ok", false), (server.Info("rdb_last_bgsave_status"), server.Storage.Exists(SavedServer.Rdb)));
    }

    [Fact]
    public void A_background_save_holds_the_state_of_its_start()
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            using var server = new SavedServer();
            server.Work(seed, 1000);
            server.Redis.Background.RunsAtOnce = false;
            var before = server.Contents();
            Assert.Equal("Background saving started", server.Run("BGSAVE"));
            Assert.Equal("1", server.Info("rdb_bgsave_in_progress"));
            Assert.Equal("ERR Background save already in progress", server.Run("BGSAVE"));
            Assert.Equal("ERR Background save already in progress", server.Run("SAVE"));
            server.Work(seed + 100, 500);
            Assert.NotEqual("0", server.Info("current_cow_size"));
            Assert.True(server.Redis.Background.Step());
            server.Work(seed + 200, 500);
            server.Redis.Background.RunAll();
            Assert.Equal("0", server.Info("rdb_bgsave_in_progress"));
            Assert.Equal("ok", server.Info("rdb_last_bgsave_status"));
            server.Kill();
            Assert.Equal((seed, before), (seed, server.Contents()));
        }
    }

    /// <summary>SAVE and DEBUG RELOAD hold the loop, so they need no frozen index and go beside a rewrite that has one.</summary>
    [Fact]
    public void A_save_in_the_foreground_goes_beside_a_rewrite()
    {
        using var server = new SavedServer(config => config.Set("appendonly", "yes"));
        server.Work(31, 800);
        server.Redis.Background.RunsAtOnce = false;
        Assert.Equal("Background append only file rewriting started", server.Run("BGREWRITEAOF"));
        server.Redis.Background.Step();
        server.Work(32, 200);
        var before = server.Contents();
        Assert.Equal("OK", server.Run("SAVE"));
        Assert.Equal("OK", server.Run("DEBUG RELOAD"));
        Assert.Equal(before, server.Contents());
        server.Redis.Background.RunAll();
        Assert.Equal("ok", server.Info("aof_last_bgrewrite_status"));
        server.Kill();
        Assert.Equal(before, server.Contents());
        server.Kill(config => config.Set("appendonly", "no"));
        Assert.Equal(before, server.Contents());
    }

    [Fact]
    public void Save_points_save_when_enough_changed()
    {
        using var server = new SavedServer(config => config.Set("save", "10 3"));
        server.Run("SET a 1");
        server.Run("SET b 1");
        server.Redis.Advance(11_000);
        server.Redis.Advance(200);
        Assert.False(server.Storage.Exists(SavedServer.Rdb));
        server.Run("SET c 1");
        server.Redis.Advance(200);
        Assert.True(server.Storage.Exists(SavedServer.Rdb));
        Assert.Contains("3 changes in 10 seconds. Saving...", server.Log);
        Assert.Equal("0", server.Info("rdb_changes_since_last_save"));
        Assert.Equal((server.Clock.NowMs / 1000).ToString(), server.Run("LASTSAVE"));
    }

    [Fact]
    public void A_full_disk_keeps_the_old_file_refuses_writes_and_recovers()
    {
        using var server = new SavedServer(config => config.Set("save", "3600 1000000"));
        server.Run("SET a 1");
        server.Run("SAVE");
        var old = server.Storage.ReadAll(SavedServer.Rdb);
        server.Run("SET b 2");
        server.Storage.Capacity = 10;
        Assert.Equal("ERR", server.Run("SAVE")[..3]);
        Assert.Equal("Background saving started", server.Run("BGSAVE"));
        Assert.Equal("err", server.Info("rdb_last_bgsave_status"));
        Assert.Equal(old, server.Storage.ReadAll(SavedServer.Rdb));
        Assert.StartsWith("MISCONF Redis is configured to save RDB snapshots", server.Run("SET c 3"));
        Assert.StartsWith("MISCONF", server.Run("PING"));
        Assert.Equal("2", server.Run("GET b"));
        server.Run("CONFIG SET stop-writes-on-bgsave-error no");
        Assert.Equal("OK", server.Run("SET c 3"));
        server.Run("CONFIG SET stop-writes-on-bgsave-error yes");
        Assert.StartsWith("MISCONF", server.Run("SET c 4"));
        server.Storage.Capacity = long.MaxValue;
        server.Run("BGSAVE");
        Assert.Equal("OK", server.Run("SET c 4"));
        Assert.DoesNotContain(server.Storage.List("/data"), path => path.Contains("temp", StringComparison.Ordinal));
    }

    [Fact]
    public void Whatever_the_disk_does_during_a_save_one_whole_file_is_there()
    {
        for (var seed = 0; seed < 300 * LongRun.Factor; seed++)
        {
            using var server = new SavedServer();
            server.Run("SET old 1");
            server.Run("SAVE");
            server.Run("SET new 2");
            var random = new Random(seed);
            var at = server.Storage.Operations + random.Next(8);
            var fault = (StorageFault)random.Next(1, 5);
            var count = server.Storage.Operations;
            server.Storage.Faults = (_, _) => count++ == at ? fault : StorageFault.None;
            try
            {
                server.Run("SAVE");
            }
            catch (SimCrashException)
            {
            }
            server.PowerCut(seed);
            Assert.Equal((seed, "1"), (seed, server.Run("GET old")));
            Assert.Null(server.Redis.Process.ExitCode);
        }
    }

    [Fact]
    public void Expired_keys_are_not_loaded()
    {
        using var server = new SavedServer();
        server.Run("SET gone 1 PX 1000");
        server.Run("SET stays 1 PX 100000");
        server.Run("SAVE");
        server.Clock.AdvanceMs(2000);
        server.Kill();
        Assert.Equal("1", server.Run("DBSIZE"));
        Assert.Equal("1", server.Info("rdb_last_load_keys_expired"));
        Assert.Equal("98000", server.Run("PTTL stays"));
    }

    [Fact]
    public void A_broken_file_stops_the_server_with_its_place()
    {
        using var server = new SavedServer();
        server.Run("SET a 1");
        server.Run("SAVE");
        var bytes = server.Storage.ReadAll(SavedServer.Rdb)!;
        server.Storage.Replace(SavedServer.Rdb, bytes.AsSpan(0, bytes.Length - 12));
        server.Kill();
        Assert.Equal(1, server.Redis.Process.ExitCode);
        Assert.Matches(@"Error loading the RDB file /data/dump\.rdb: .*\(at byte \d+\)", server.Log);
    }

    /// <summary>Files of every type, functions and times of fields included, with a few bytes changed and a checksum that is right again.</summary>
    [Fact]
    public void Broken_files_are_loaded_or_refused_within_their_memory()
    {
        var files = Enumerable.Range(1, 6).Select(Corpus).ToArray();
        var random = new Random(13);
        int loaded = 0, refused = 0;
        for (var round = 0; round < 1500 * LongRun.Factor; round++)
        {
            var file = Mutations.Of(files[random.Next(files.Length)], random);
            using var server = new SavedServer();
            server.Storage.Replace(SavedServer.Rdb, file);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            server.Kill();
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Assert.True(allocated + server.Redis.Engine.Heap.CommittedBytes < 64 << 20, $"round {round}: {allocated} bytes allocated, {server.Redis.Engine.Heap.CommittedBytes} in the heap");
            if (server.Redis.Process.ExitCode is null)
            {
                loaded++;
                server.Redis.Engine.Databases[0].Keys.CheckInvariants();
                if (round % 8 == 0) server.Contents();
                continue;
            }
            refused++;
            Assert.Contains("Error loading the RDB file", server.Log);
        }
        Assert.True(loaded > 100 && refused > 100, $"{loaded} loaded, {refused} refused");
    }

    private static byte[] Corpus(int seed)
    {
        using var server = new SavedServer(config => config.Set("rdbcompression", seed % 2 == 0 ? "yes" : "no"));
        server.Work(seed, 700);
        Assert.Equal("OK", server.Run("SAVE"));
        return server.Storage.ReadAll(SavedServer.Rdb)!;
    }

    [Fact]
    public void Shutdown_saves_when_save_points_are_set_or_when_asked()
    {
        using var server = new SavedServer();
        server.Run("SET a 1");
        Assert.Equal("", server.Run("SHUTDOWN"));
        Assert.False(server.Storage.Exists(SavedServer.Rdb));
        server.Run("SHUTDOWN SAVE");
        Assert.True(server.Storage.Exists(SavedServer.Rdb));
        server.Kill();
        Assert.Equal("1", server.Run("GET a"));
        server.Storage.Capacity = 1;
        server.Run("SET a 2");
        Assert.Equal("ERR Errors trying to SHUTDOWN. Check logs.", server.Run("SHUTDOWN SAVE"));
        Assert.Null(server.Redis.Process.ExitCode);
        server.Run("SHUTDOWN SAVE FORCE");
        Assert.Equal(0, server.Redis.Process.ExitCode);
    }

    [Fact]
    public void Flushall_ends_a_running_save()
    {
        using var server = new SavedServer(config => config.Set("save", "3600 1000"));
        server.Run("SET a 1");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("BGSAVE");
        server.Run("FLUSHALL");
        server.Redis.Background.RunAll();
        Assert.False(server.Storage.Exists(SavedServer.Rdb));
        Assert.Equal("ok", server.Info("rdb_last_bgsave_status"));
        server.Redis.Background.RunsAtOnce = true;
        server.Redis.Advance(200);
        Assert.True(server.Storage.Exists(SavedServer.Rdb));
    }

    [Fact]
    public void Debug_reload_brings_everything_back()
    {
        using var server = new SavedServer();
        server.Work(5, 1500);
        var before = server.Digest;
        Assert.Equal("OK", server.Run("DEBUG RELOAD"));
        Assert.Equal(before, server.Digest);
        server.Run("SET x 1");
        Assert.Equal("OK", server.Run("DEBUG RELOAD NOSAVE"));
        Assert.Equal("0", server.Run("EXISTS x"));
        Assert.StartsWith("ERR DEBUG RELOAD only supports", server.Run("DEBUG RELOAD NONSENSE"));
    }
}

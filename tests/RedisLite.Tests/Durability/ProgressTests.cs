using Xunit;

namespace RedisLite.Tests.Durability;

public class ProgressTests
{
    [Fact]
    public void A_long_save_tells_how_far_it_is()
    {
        using var server = new SavedServer();
        server.Run("DEBUG POPULATE 2000");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("BGSAVE");
        server.Redis.Background.Step();
        server.Redis.Background.Step();
        server.Redis.Advance(6000);
        Assert.Equal("1024", server.Info("current_save_keys_processed"));
        Assert.Equal("2000", server.Info("current_save_keys_total"));
        Assert.Equal("51.20", server.Info("current_fork_perc"));
        Assert.Equal("170", server.Info("current_save_keys_per_sec"));
        Assert.Equal("5", server.Info("current_save_eta_seconds"));
        Assert.NotEqual("0", server.Info("current_save_bytes_written"));
        Assert.Matches(@"Background saving: 51\.2% \(1024 of 2000 keys, .* Mb\), 170 keys/s, about 5 seconds left", server.Log);
        server.Redis.Background.RunAll();
        Assert.Equal("(no such field)", server.Info("current_save_eta_seconds"));
    }

    [Fact]
    public void The_delay_of_a_save_can_be_changed_while_it_runs()
    {
        using var server = new SavedServer(config => config.Set("rdb-key-save-delay", "10000000"));
        server.Run("MSET a 1 b 2 c 3 d 4");
        server.Redis.Background.RunsAtOnce = false;
        var began = server.Redis.Clock.NowMs;
        server.Run("BGSAVE");
        server.Redis.Background.Step();
        Assert.Equal(10_000, server.Redis.Clock.NowMs - began, tolerance: 100);
        server.Run("CONFIG SET rdb-key-save-delay 0");
        server.Redis.Background.RunAll();
        Assert.InRange(server.Redis.Clock.NowMs - began, 0, 11_000);
        Assert.Equal("ok", server.Info("rdb_last_bgsave_status"));
    }
}

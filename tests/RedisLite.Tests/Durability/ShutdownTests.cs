using RedisLite.Engine.Config;
using Xunit;

namespace RedisLite.Tests.Durability;

public class ShutdownTests
{
    private static SavedServer Server(params string[] settings) => new(config =>
    {
        for (var i = 0; i < settings.Length; i += 2) config.Set(settings[i], settings[i + 1]);
    });

    [Fact]
    public void A_refused_shutdown_leaves_the_append_only_file_open()
    {
        using var server = Server("appendonly", "yes", "appendfsync", "always");
        server.Run("SET a 1");
        server.Storage.Capacity = server.Storage.Used + 40;                       // room for a command, not for a snapshot
        for (var round = 0; round < 2; round++) Assert.Equal("ERR Errors trying to SHUTDOWN. Check logs.", server.Run("SHUTDOWN SAVE"));
        Assert.Null(server.Redis.Process.ExitCode);
        Assert.Equal("OK", server.Run("SET b 2"));
        server.Storage.Capacity = long.MaxValue;
        server.Kill();
        Assert.Equal("[1, 2]", server.Run("MGET a b"));
    }

    [Fact]
    public void A_shutdown_waits_for_nobody_while_the_first_base_is_written()
    {
        using var server = Server();
        server.Run("SET a 1");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("CONFIG SET appendonly yes");
        Assert.Equal("ERR Errors trying to SHUTDOWN. Check logs.", server.Run("SHUTDOWN"));
        Assert.Contains("Writing initial AOF, can't exit.", server.Log);
        server.Redis.Background.RunAll();
        Assert.Equal("1", server.Info("aof_enabled"));
        server.Redis.Background.RunsAtOnce = true;
        server.Redis.Advance(200);
        Assert.Equal("", server.Run("SHUTDOWN"));
        Assert.Equal(0, server.Redis.Process.ExitCode);
    }

    [Fact]
    public void A_forced_shutdown_does_not_wait_for_the_first_base()
    {
        using var server = Server();
        server.Redis.Background.RunsAtOnce = false;
        server.Run("CONFIG SET appendonly yes");
        Assert.Equal("", server.Run("SHUTDOWN FORCE"));
        Assert.Equal(0, server.Redis.Process.ExitCode);
    }

    /// <summary>Whoever finds the port closed finds no half-written file either.</summary>
    [Theory]
    [InlineData("BGSAVE", "/data/temp-bg")]
    [InlineData("BGREWRITEAOF", SavedServer.AofDirectory + "temp-rewriteaof-bg-")]
    public void What_was_being_saved_is_gone_when_the_server_ends(string command, string temporary)
    {
        using var server = Server("appendonly", "yes", "save", "");
        server.Run("SET a 1");
        server.Redis.Background.RunsAtOnce = false;
        server.Run("CONFIG SET rdb-key-save-delay 10");
        server.Run(command);
        server.Redis.Background.Step();
        Assert.Contains(Files(), name => name.StartsWith(temporary, StringComparison.Ordinal));
        Assert.Equal("", server.Run("SHUTDOWN NOSAVE"));
        Assert.Equal(0, server.Redis.Process.ExitCode);
        Assert.DoesNotContain(Files(), static name => name.Contains("/temp-", StringComparison.Ordinal));
        Assert.Contains(command == "BGSAVE" ? "There is a child saving an .rdb. Killing it!" : "There is a child rewriting the AOF. Killing it!", server.Log);

        IEnumerable<string> Files() => server.Storage.List("/data").Concat(server.Storage.List(SavedServer.AofDirectory.TrimEnd('/')));
    }

    [Fact]
    public void What_a_signal_asked_for_can_be_taken_back_until_the_cron_comes()
    {
        using var server = Server();
        Assert.Equal("ERR No shutdown in progress.", server.Run("SHUTDOWN ABORT"));
        server.Run("DEBUG PAUSE-CRON 1");
        server.Redis.Engine.Shutdown.Request(ShutdownOptions.Default);
        Assert.True(server.Redis.Engine.Shutdown.IsRequested);
        server.Redis.Advance(1000);
        Assert.Equal("OK", server.Run("SHUTDOWN ABORT"));
        server.Run("DEBUG PAUSE-CRON 0");
        server.Redis.Advance(1000);
        Assert.Null(server.Redis.Process.ExitCode);
        server.Redis.Engine.Shutdown.Request(ShutdownOptions.Default);
        server.Redis.Advance(1000);
        Assert.Equal(0, server.Redis.Process.ExitCode);
    }

    [Fact]
    public void A_signal_that_cannot_be_followed_is_forgotten()
    {
        using var server = Server("save", "900 1");
        server.Run("SET a 1");
        server.Storage.Capacity = 1;
        server.Redis.Engine.Shutdown.Request(ShutdownOptions.Default);
        server.Redis.Advance(1000);
        Assert.Null(server.Redis.Process.ExitCode);
        Assert.False(server.Redis.Engine.Shutdown.IsRequested);
        Assert.Contains("Errors trying to shut down the server", server.Log);
    }
}

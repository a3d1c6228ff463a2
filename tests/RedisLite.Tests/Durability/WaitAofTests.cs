using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

public sealed class WaitAofTests
{
    private static TestEngine Started(string policy) => new(config =>
    {
        config.Set("appendonly", "yes");
        config.Set("appendfsync", policy);
    });

    [Theory]
    [InlineData("WAITAOF 2 0 0", "ERR value is out of range, value must between 0 and 1")]
    [InlineData("WAITAOF a 0 0", "ERR value is not an integer or out of range")]
    [InlineData("WAITAOF 0 -1 0", "ERR value is out of range, must be positive")]
    [InlineData("WAITAOF 0 a 0", "ERR value is out of range, must be positive")]
    [InlineData("WAITAOF 0 0 a", "ERR timeout is not an integer or out of range")]
    [InlineData("WAITAOF 0 0 -1", "ERR timeout is negative")]
    [InlineData("WAITAOF 0 0 9223372036854775807", "ERR timeout is out of range")]
    [InlineData("WAITAOF 1 0 0", "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")]
    [InlineData("WAITAOF 0 0 0", "[0, 0]")]
    public void Waitaof_without_an_aof(string line, string reply) => Assert.Equal(reply, new TestEngine().Run(line));

    [Fact]
    public void Waitaof_waits_for_the_fsync_under_everysec()
    {
        var redis = Started("everysec");
        redis.Run("SET k v");
        Assert.Equal("", redis.Run("WAITAOF 1 0 0"));
        redis.Advance(1100);
        redis.Background.RunAll();
        redis.Advance(1);
        Assert.Equal("[1, 0]", redis.Main.Take());
    }

    [Fact]
    public void Waitaof_ends_with_the_iteration_under_always()
    {
        var redis = Started("always");
        redis.Run("SET k v");
        Assert.Equal("[1, 0]", redis.Run("WAITAOF 1 0 0"));
    }

    [Fact]
    public void Waitaof_times_out_when_nobody_syncs()
    {
        var redis = Started("no");
        redis.Run("SET k v");
        Assert.Equal("", redis.Run("WAITAOF 1 0 50"));
        redis.Advance(60);
        Assert.Equal("[0, 0]", redis.Main.Take());
        Assert.Equal("[1, 0]", redis.Connect().Run("WAITAOF 1 0 0"));          // this connection wrote nothing
    }

    [Fact]
    public void Waitaof_waits_for_replicas_that_do_not_come()
    {
        var redis = Started("always");
        Assert.Equal("", redis.Run("WAITAOF 1 1 50"));
        redis.Advance(60);
        Assert.Equal("[1, 0]", redis.Main.Take());
    }

    [Fact]
    public void Waitaof_in_a_transaction_answers_at_once()
    {
        var redis = Started("no");
        redis.Run("MULTI");
        redis.Run("WAITAOF 1 1 0");
        Assert.Equal("[[1, 0]]", redis.Run("EXEC"));
    }

    [Fact]
    public void Waitaof_fails_when_the_aof_is_switched_off()
    {
        var redis = Started("everysec");
        redis.Run("SET k v");
        Assert.Equal("", redis.Run("WAITAOF 1 0 0"));
        redis.Connect().Run("CONFIG SET appendonly no");
        Assert.Equal("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.", redis.Main.Take());
    }

    [Fact]
    public void Waitaof_counts_from_the_first_base_on()
    {
        var redis = new TestEngine();
        redis.Run("SET k v");
        redis.Background.RunsAtOnce = false;
        redis.Run("CONFIG SET appendonly yes");
        redis.Run("SET k w");
        Assert.Equal("", redis.Run("WAITAOF 1 0 0"));
        redis.Background.RunAll();
        redis.Advance(200);
        Assert.Equal("[1, 0]", redis.Main.Take());
    }
}

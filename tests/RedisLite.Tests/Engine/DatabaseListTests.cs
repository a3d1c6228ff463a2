using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>As many databases as the directive allows, of which a few are used: they cost nothing, and every walk meets the few in the order of their numbers.</summary>
public class DatabaseListTests
{
    private static readonly int[] Used = [2147483646, 5, 1024, 1023];

    private readonly TestEngine _redis = new(static config => config.Databases = int.MaxValue);

    [Fact]
    public void Keyspace_of_INFO_names_used_databases_in_order()
    {
        SetInEach("SET k v");
        Assert.Equal(["db5:keys=1", "db1023:keys=1", "db1024:keys=1", "db2147483646:keys=1"], Keyspace());
        Assert.Equal("ERR DB index is out of range", _redis.Run("SELECT 2147483647"));
    }

    [Fact]
    public void Commands_between_databases_reach_far_ones()
    {
        _redis.Run("SET k v");
        Assert.Equal("1", _redis.Run("MOVE k 2147483646"));
        Assert.Equal("OK", _redis.Run("SWAPDB 2147483646 100000"));
        _redis.Run("SELECT 100000");
        Assert.Equal("1", _redis.Run("COPY k k DB 70000"));
        Assert.Equal(["db70000:keys=1", "db100000:keys=1"], Keyspace());
    }

    [Fact]
    public void Keys_of_every_used_database_expire_and_one_that_comes_in_between_too()
    {
        SetInEach("SET k v PX 100");
        _redis.Advance(50);
        _redis.Run("SELECT 6");
        _redis.Run("SET k v PX 100");
        for (var i = 0; i < 20; i++) _redis.Advance(10);
        Assert.Empty(Keyspace());
        Assert.Equal(Used.Length + 1, _redis.Engine.Stats.ExpiredKeys);
    }

    [Theory]
    [InlineData("allkeys-random")]
    [InlineData("allkeys-lru")]
    public void Eviction_takes_from_every_used_database(string policy)
    {
        SetInEach("SET k v");
        _redis.Run("SELECT 0");
        _redis.Run($"CONFIG SET maxmemory-policy {policy} maxmemory 1");
        _redis.Run("SET k v");
        Assert.DoesNotContain(Keyspace(), static line => !line.StartsWith("db0:", StringComparison.Ordinal));
        Assert.Equal(Used.Length, _redis.Engine.Stats.EvictedKeys);
    }

    [Fact]
    public void FLUSHALL_and_a_snapshot_reach_every_used_database()
    {
        SetInEach("SET k v");
        var before = Keyspace();
        Assert.Equal("OK", _redis.Run("DEBUG RELOAD"));
        Assert.Equal(before, Keyspace());
        Assert.Equal("OK", _redis.Run("FLUSHALL"));
        Assert.Empty(Keyspace());
    }

    private void SetInEach(string command)
    {
        foreach (var db in Used)
        {
            Assert.Equal("OK", _redis.Run($"SELECT {db}"));
            Assert.Equal("OK", _redis.Run(command));
        }
    }

    private string[] Keyspace() => [.. _redis.Run("INFO keyspace").Split("\r\n").Where(static line => line.StartsWith("db", StringComparison.Ordinal)).Select(static line => line.Split(',')[0])];
}

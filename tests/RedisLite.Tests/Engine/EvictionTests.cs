using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class EvictionTests
{
    private readonly TestEngine _redis = new();

    [Fact]
    public void Without_a_policy_writes_are_refused_and_reads_served()
    {
        _redis.Run("SET k v");
        _redis.Run("CONFIG SET maxmemory 1");
        Assert.Equal("OOM command not allowed when used memory > 'maxmemory'.", _redis.Run("SET a b"));
        Assert.Equal("v", _redis.Run("GET k"));
        Assert.Equal("1", _redis.Run("DEL k"));
        _redis.Run("MULTI");
        Assert.StartsWith("OOM", _redis.Run("SET a b"), StringComparison.Ordinal);
        Assert.StartsWith("EXECABORT", _redis.Run("EXEC"), StringComparison.Ordinal);
        _redis.Run("CONFIG SET maxmemory 0");
        Assert.Equal("OK", _redis.Run("SET a b"));
    }

    [Fact]
    public void A_new_limit_holds_from_the_next_request_on()
    {
        var before = Used();                    // a measure that is kept for a while
        _redis.Connect();
        _redis.Run($"CONFIG SET maxmemory {before + 1}");
        Assert.StartsWith("OOM", _redis.Run("SET a b"), StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_of_scripts_and_functions_are_memory_in_use()
    {
        _redis.Run("PING");
        var before = Used();
        _redis.RunArgs("SCRIPT", "LOAD", "return '" + new string('x', 10_000) + "'");
        _redis.RunArgs("FUNCTION", "LOAD", "#!lua name=a\n--" + new string('x', 10_000) + "\nredis.register_function('f', function() return 1 end)");
        _redis.Advance(1000);
        Assert.InRange(Used() - before, 20_000, 40_000);
    }

    [Theory]
    [InlineData("allkeys-lru")]
    [InlineData("allkeys-lfu")]
    [InlineData("allkeys-random")]
    [InlineData("volatile-lru")]
    [InlineData("volatile-lfu")]
    [InlineData("volatile-random")]
    [InlineData("volatile-ttl")]
    public void Every_policy_keeps_to_the_limit(string policy)
    {
        var limit = Used() + 300_000;
        _redis.Run($"CONFIG SET maxmemory-policy {policy} maxmemory {limit}");
        for (var i = 0; i < 5000; i++)
        {
            Assert.Equal("OK", _redis.RunArgs("SET", $"key:{i}", new string('x', 100), "EX", "10000"));
            Assert.True(_redis.Engine.Heap.MemoryInUse < limit + 10_000);
        }

        var left = long.Parse(_redis.Run("DBSIZE"));
        Assert.InRange(left, 1000, 4000);
        Assert.Equal(5000 - left, _redis.Engine.Stats.EvictedKeys);
        _redis.Engine.Databases[0].Keys.CheckInvariants();
    }

    [Theory]
    [InlineData("volatile-lru")]
    [InlineData("volatile-lfu")]
    [InlineData("volatile-random")]
    [InlineData("volatile-ttl")]
    public void Volatile_policies_spare_keys_that_never_expire(string policy)
    {
        for (var i = 0; i < 300; i++) _redis.RunArgs(i % 2 == 0 ? ["SET", $"key:{i}", new string('x', 1000)] : ["SET", $"key:{i}", new string('x', 1000), "EX", "1000"]);
        _redis.Run($"CONFIG SET maxmemory-policy {policy} maxmemory {Used() / 10}");
        for (var i = 0; i < 100; i++) _redis.Advance(2);
        Assert.Equal("150", _redis.Run("DBSIZE"));
        Assert.StartsWith("OOM", _redis.Run("SET more v"), StringComparison.Ordinal);
        for (var i = 0; i < 300; i += 2) Assert.Equal("1", _redis.Run($"EXISTS key:{i}"));
    }

    [Fact]
    public void Lru_keeps_what_was_used_lately()
    {
        for (var i = 0; i < 1000; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 500));
        _redis.Advance(60_000);
        for (var i = 0; i < 500; i++) _redis.Run($"GET key:{i}");
        _redis.Run($"CONFIG SET maxmemory-policy allkeys-lru maxmemory-samples 10 maxmemory {Used() - 150_000}");
        for (var i = 0; i < 100; i++) _redis.Advance(2);
        var kept = Enumerable.Range(0, 1000).Where(i => _redis.Run($"EXISTS key:{i}") == "1").ToArray();
        Assert.InRange(kept.Length, 500, 800);
        Assert.Equal(500, kept.Count(i => i < 500));
    }

    [Fact]
    public void The_shortest_time_to_live_goes_first()
    {
        for (var i = 0; i < 1000; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 500), "EX", i < 500 ? "100000" : "1000");
        _redis.Run($"CONFIG SET maxmemory-policy volatile-ttl maxmemory-samples 10 maxmemory {Used() - 150_000}");
        for (var i = 0; i < 100; i++) _redis.Advance(2);
        Assert.Equal(500, Enumerable.Range(0, 500).Count(i => _redis.Run($"EXISTS key:{i}") == "1"));
    }

    [Fact]
    public void Evicted_keys_are_announced_and_propagated_one_by_one()
    {
        var sink = _redis.Record();
        _redis.Run("CONFIG SET notify-keyspace-events Ee");
        var listener = _redis.Connect();
        listener.Run("SUBSCRIBE __keyevent@0__:evicted");
        for (var i = 0; i < 100; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 1000));
        var units = sink.Units.Count;
        _redis.Run($"CONFIG SET maxmemory-policy allkeys-lru maxmemory {Used() - 20_000}");
        for (var i = 0; i < 20; i++) _redis.Advance(2);
        var evicted = _redis.Engine.Stats.EvictedKeys;
        Assert.InRange(evicted, 15, 40);
        Assert.Equal(evicted, listener.Take().Split(" | ").Length);
        Assert.Equal(evicted, sink.Units.Skip(units).Count(unit => unit.StartsWith("DEL key:", StringComparison.Ordinal) && !unit.Contains(';')));

        _redis.Run($"CONFIG SET lazyfree-lazy-eviction yes maxmemory {Used() - 5_000}");
        for (var i = 0; i < 20; i++) _redis.Advance(2);
        Assert.StartsWith("UNLINK key:", sink.Last, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_freed_lazily_is_freed_before_more_keys_go()
    {
        for (var i = 0; i < 20_000; i++) _redis.Run($"HSET big field:{i} value:{i}");
        for (var i = 0; i < 50; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 1000));
        _redis.Run("CONFIG SET lazyfree-lazy-eviction yes maxmemory-samples 64");
        _redis.Advance(100_000);
        for (var i = 0; i < 50; i++) _redis.Run($"GET key:{i}");
        _redis.Run($"CONFIG SET maxmemory-policy allkeys-lru maxmemory {Used() - 100_000}");
        for (var i = 0; i < 50; i++) _redis.Advance(2);
        Assert.Equal("0", _redis.Run("EXISTS big"));
        Assert.Equal("50", _redis.Run("DBSIZE"));
    }

    [Fact]
    public void Buffers_of_clients_count()
    {
        for (var i = 0; i < 100; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 1000));
        _redis.Run($"CONFIG SET maxmemory-policy allkeys-lru maxmemory {Used() + 50_000}");
        var slow = _redis.Connect();
        for (var i = 0; i < 300; i++) slow.Send("GET key:0");
        _redis.Advance(20);
        for (var i = 0; i < 100; i++) _redis.Run("PING");
        Assert.True(_redis.Engine.Stats.EvictedKeys > 50);
    }

    [Fact]
    public void Buffers_that_are_gone_do_not_count_any_more()
    {
        for (var i = 0; i < 100; i++) _redis.RunArgs("SET", $"key:{i}", new string('x', 1000));
        var slow = _redis.Connect();
        for (var i = 0; i < 300; i++) slow.Send("GET key:0");
        _redis.Advance(100);
        _redis.Run($"CONFIG SET maxmemory-policy allkeys-lru maxmemory {Used() + 10_000}");
        slow.Close();
        for (var i = 0; i < 20; i++) Assert.Equal("OK", _redis.RunArgs("SET", $"more:{i}", new string('x', 1000)));
        Assert.Equal(0, _redis.Engine.Stats.EvictedKeys);
    }

    [Fact]
    public void The_biggest_clients_are_evicted_when_all_take_too_much()
    {
        _redis.RunArgs("SET", "k", new string('x', 10_000));
        TestClient big = _redis.Connect(), exempt = _redis.Connect(), small = _redis.Connect();
        exempt.Run("CLIENT NO-EVICT ON");
        for (var i = 0; i < 5; i++) big.Send("GET k");
        for (var i = 0; i < 10; i++) exempt.Send("GET k");
        small.Send("GET k");
        _redis.Advance(30);
        Assert.False(big.IsClosed);
        _redis.Run("CONFIG SET maxmemory-clients 128kb");
        _redis.Advance(30);
        Assert.False(big.IsClosed);
        for (var i = 0; i < 20; i++) big.Send("GET k");
        _redis.Advance(30);
        Assert.True(big.IsClosed);
        Assert.False(exempt.IsClosed || small.IsClosed);
        Assert.Equal(1, _redis.Engine.Stats.EvictedClients);
        _redis.Run("CONFIG SET maxmemory-clients 10%");
        Assert.Equal(0, _redis.Engine.ClientEviction.Limit);
        _redis.Run("CONFIG SET maxmemory 100mb");
        Assert.Equal(10 * 1024 * 1024, _redis.Engine.ClientEviction.Limit);
    }

    [Fact]
    public void Time_over_the_limit_is_counted()
    {
        _redis.Run("SET k v");
        _redis.Run("CONFIG SET maxmemory 1");
        _redis.Run("SET a b");
        _redis.Advance(50);
        Assert.Contains("current_eviction_exceeded_time:50\r\n", _redis.Run("INFO stats"), StringComparison.Ordinal);
        _redis.Run("CONFIG SET maxmemory 0");
        _redis.Run("CONFIG SET maxmemory 1gb");
        _redis.Run("SET a b");
        var info = _redis.Run("INFO stats");
        Assert.Contains("current_eviction_exceeded_time:0\r\n", info, StringComparison.Ordinal);
        Assert.Contains("total_eviction_exceeded_time:50\r\n", info, StringComparison.Ordinal);
    }

    private long Used() => _redis.Engine.Eviction.UsedMemory;
}

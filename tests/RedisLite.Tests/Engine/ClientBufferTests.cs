using System.Text;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>What clients hold, and what happens when it is too much.</summary>
public class ClientBufferTests
{
    private readonly TestEngine _redis = new();

    [Fact]
    public void Watched_keys_and_subscriptions_count_until_they_go()
    {
        var client = _redis.Main.Client!;
        _redis.Run("WATCH a bb");
        Assert.Equal(2 * 64 + 3, client.HeldBytes);
        _redis.Run("UNWATCH");
        _redis.Run("SUBSCRIBE abc");
        _redis.Run("PSUBSCRIBE d*");
        Assert.Equal(2 * 64 + 5, client.HeldBytes);
        _redis.Run("RESET");
        Assert.Equal(0, client.HeldBytes);
    }

    [Fact]
    public void Clients_over_their_share_are_evicted_biggest_first()
    {
        var small = _redis.Connect();
        var big = _redis.Connect();
        _redis.Run("CLIENT NO-EVICT ON");
        small.Run("MULTI");
        small.RunArgs("SET", "k", new string('x', 50_000));
        big.Run("MULTI");
        big.RunArgs("SET", "k", new string('x', 100_000));
        _redis.Run("CONFIG SET maxmemory-clients 131072");
        _redis.Iterate();
        Assert.True(big.IsClosed);
        Assert.False(small.IsClosed);
        Assert.Contains("evicted_clients:1\r\n", _redis.Run("INFO stats"));
    }

    [Fact]
    public void An_output_limit_ends_the_batch_that_exceeds_it()
    {
        _redis.RunArgs("SET", "big", new string('x', 50_000));
        _redis.Run("CONFIG SET client-output-buffer-limit \"normal 60000 0 0\"");
        var client = _redis.Connect();
        client.SendBytes("GET big\r\nGET big\r\nSET later x\r\n"u8);
        Assert.True(client.IsClosed);
        Assert.Equal("0", _redis.Run("EXISTS later"));
    }

    /// <summary>What follows the header of an aggregate whose length is not known counts from its first byte, as in redis-server.</summary>
    [Fact]
    public void An_output_limit_counts_all_keys()
    {
        for (var i = 0; i < 10; i++) _redis.RunArgs("SET", $"{i}" + new string('k', 998), "v");
        _redis.Run("CONFIG SET client-output-buffer-limit \"normal 20464 0 0\"");
        var client = _redis.Connect();
        client.SendBytes("KEYS *\r\n"u8);
        Assert.True(client.IsClosed);
    }

    /// <summary>The first 16 KB do not count, as in redis-server: the smallest limit still lets a client have answers.</summary>
    [Fact]
    public void An_output_limit_counts_what_is_beyond_sixteen_kilobytes()
    {
        _redis.Run("CONFIG SET client-output-buffer-limit \"normal 1 1 0\"");
        var client = _redis.Connect();
        var big = new string('x', 16 * 1024 - "$16375\r\n\r\n".Length);
        Assert.Equal("PONG", client.Run("PING"));
        Assert.Equal(big, client.RunArgs("ECHO", big));
        Assert.False(client.IsClosed);
        client.SendBytes(Encoding.ASCII.GetBytes($"*2\r\n$4\r\nECHO\r\n${big.Length + 1}\r\n{big}y\r\n"));
        Assert.True(client.IsClosed);
    }

    /// <summary>What redis-server 7.2.6 lists for the same transaction: bytes of arguments and a pointer for each.</summary>
    [Fact]
    public void Client_list_counts_queued_arguments_as_redis_does()
    {
        var client = _redis.Connect();
        client.Run("MULTI");
        client.Run("SET a b");
        client.Run("CLIENT INFO");
        Assert.Contains(" multi=2 ", _redis.Run("CLIENT LIST"), StringComparison.Ordinal);
        Assert.Contains(" multi-mem=55 ", _redis.Run("CLIENT LIST"), StringComparison.Ordinal);
        Assert.Contains(" flags=x ", client.Run("EXEC"), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_list_counts_the_arguments_of_what_runs_or_waits()
    {
        Assert.Contains(" argv-mem=20 ", _redis.Run("CLIENT LIST TYPE normal"), StringComparison.Ordinal);
        _redis.Run("MULTI");
        _redis.Run("CLIENT INFO");
        Assert.Contains(" argv-mem=4 ", _redis.Run("EXEC"), StringComparison.Ordinal);

        var client = _redis.Connect();
        client.Run("SET key value");
        Assert.Contains(" argv-mem=0 ", _redis.Run($"CLIENT LIST ID {client.Client!.Id}"), StringComparison.Ordinal);
        client.Run("BLPOP nokey 0");
        Assert.Contains(" argv-mem=11 ", _redis.Run($"CLIENT LIST ID {client.Client.Id}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_below_what_is_in_use_is_logged()
    {
        _redis.RunArgs("SET", "big", new string('x', 2_000_000));
        foreach (var limit in (string[])["1gb", "1mb", "1mb", "0"]) _redis.Run("CONFIG SET maxmemory " + limit);
        _redis.Run("CONFIG SET maxmemory-policy allkeys-lru");
        var line = Assert.Single(_redis.Log.Lines, static line => line.Message.StartsWith("WARNING", StringComparison.Ordinal)).Message;
        Assert.StartsWith("WARNING: the new maxmemory value set via CONFIG SET (1048576) is smaller than the current memory usage (", line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_refused_for_lack_of_memory_says_so()
    {
        _redis.Run("MULTI");
        _redis.Run("SET k v");
        _redis.Connect().Run("CONFIG SET maxmemory 1");
        Assert.Equal("EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.", _redis.Run("EXEC"));
    }

    [Fact]
    public void Flushing_counts_the_keys_that_went_and_nothing_once_the_empty_state_is_saved()
    {
        _redis.Run("MSET a 1 b 2");
        _redis.Run("FLUSHALL");
        Assert.Contains("rdb_changes_since_last_save:4\r\n", _redis.Run("INFO persistence"));
        _redis.Run("CONFIG SET save \"3600 1\"");
        _redis.Run("SET a 1");
        _redis.Run("FLUSHALL");
        Assert.Contains("rdb_changes_since_last_save:0\r\n", _redis.Run("INFO persistence"));
    }

    [Fact]
    public void An_intersection_of_big_sets_that_holds_integers_only_is_an_intset()
    {
        var numbers = Enumerable.Range(1, 150).Select(i => i.ToString()).ToArray();
        _redis.RunArgs(["SADD", "s1", "a", .. numbers]);
        _redis.RunArgs(["SADD", "s2", "b", .. numbers]);
        Assert.Equal("150", _redis.Run("SINTERSTORE to s1 s2"));
        Assert.Equal("intset", _redis.Run("OBJECT ENCODING to"));
    }

    [Fact]
    public void List_elements_over_the_packed_threshold_keep_their_order()
    {
        _redis.Run("CONFIG SET list-max-listpack-size 4");
        Assert.Equal("OK", _redis.Run("DEBUG QUICKLIST-PACKED-THRESHOLD 10b"));
        Assert.Equal("ERR argument must be a memory value bigger than 1 and smaller than 4gb", _redis.Run("DEBUG QUICKLIST-PACKED-THRESHOLD 5gb"));
        _redis.Run("RPUSH l a bbbbbbbbbbbbbbbb c d eeeeeeeeeeeeeeeee f");
        _redis.Run("LINSERT l BEFORE d ggggggggggggggggg");
        _redis.Run("LSET l 0 hhhhhhhhhhhhhhhhhhh");
        Assert.Equal("[hhhhhhhhhhhhhhhhhhh, bbbbbbbbbbbbbbbb, c, ggggggggggggggggg, d, eeeeeeeeeeeeeeeee, f]", _redis.Run("LRANGE l 0 -1"));
    }

    [Fact]
    public void A_request_that_announces_more_than_all_clients_may_hold_is_not_waited_for()
    {
        var redis = new TestEngine();
        redis.Run("CONFIG SET maxmemory-clients 200000");
        var client = redis.Connect();
        client.SendBytes("*1\r\n$150000\r\nabc"u8);
        redis.Iterate();
        Assert.False(client.Client!.Has(RedisLite.Engine.ClientFlags.Closing));
        var greedy = redis.Connect();
        greedy.SendBytes("*1\r\n$250000\r\nabc"u8);
        redis.Iterate();
        Assert.True(greedy.Client!.Has(RedisLite.Engine.ClientFlags.Closing));
        Assert.Contains("evicted_clients:1", redis.Run("INFO stats"), StringComparison.Ordinal);
        var exempt = redis.Connect();
        exempt.Run("CLIENT NO-EVICT ON");
        exempt.SendBytes("*1\r\n$250000\r\nabc"u8);
        redis.Iterate();
        Assert.False(exempt.Client!.Has(RedisLite.Engine.ClientFlags.Closing));
    }
}

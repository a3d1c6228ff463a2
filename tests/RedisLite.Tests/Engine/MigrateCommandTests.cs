using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public sealed class MigrateCommandTests
{
    private readonly TestEngine here = new();
    private readonly TestEngine there = new();

    public MigrateCommandTests() => here.Peers.Add("there", 7000, there);

    [Fact]
    public void Migrate_moves_a_key_with_its_expiry()
    {
        var effects = here.Record();
        here.Run("SET k v PX 5000");
        Assert.Equal("OK", here.Run("MIGRATE there 7000 k 3 1000"));
        Assert.Equal("0", here.Run("EXISTS k"));
        there.Run("SELECT 3");
        Assert.Equal("v", there.Run("GET k"));
        Assert.Equal("5000", there.Run("PTTL k"));
        Assert.Equal("DEL k", effects.Last);
    }

    [Fact]
    public void Migrate_copy_leaves_the_key_and_says_nothing_to_others()
    {
        here.Run("RPUSH l a b");
        var effects = here.Record();
        Assert.Equal("OK", here.Run("MIGRATE there 7000 l 0 1000 COPY"));
        Assert.Equal("2", here.Run("LLEN l"));
        Assert.Equal("2", there.Run("LLEN l"));
        Assert.Empty(effects.Units);
    }

    [Fact]
    public void Migrate_replaces_only_when_asked()
    {
        here.Run("SET k new");
        there.Run("SET k old");
        Assert.Equal("ERR Target instance replied with error: BUSYKEY Target key name already exists.", here.Run("MIGRATE there 7000 k 0 1000"));
        Assert.Equal("new", here.Run("GET k"));
        Assert.Equal("OK", here.Run("MIGRATE there 7000 k 0 1000 REPLACE"));
        Assert.Equal("new", there.Run("GET k"));
    }

    [Fact]
    public void Migrate_of_many_keys_removes_those_that_arrived()
    {
        var effects = here.Record();
        here.Run("MSET a 1 b 2 c 3 d 4");
        there.Run("MSET b _ c _");
        Assert.StartsWith("ERR Target instance replied with error: BUSYKEY", here.Run("MIGRATE there 7000 \"\" 0 1000 KEYS a missing b c d"), StringComparison.Ordinal);
        Assert.Equal("[b, c]", here.Run("MGET b c").Replace("2", "b", StringComparison.Ordinal).Replace("3", "c", StringComparison.Ordinal));
        Assert.Equal("2", here.Run("DBSIZE"));
        Assert.Equal("[1, 4]", there.Run("MGET a d"));
        Assert.Equal("DEL a d", effects.Last);
    }

    [Theory]
    [InlineData("MIGRATE there 7000 missing 0 1000", "NOKEY")]
    [InlineData("MIGRATE there 7000 \"\" 0 1000 KEYS", "NOKEY")]
    [InlineData("MIGRATE there 7000 k 0 1000 KEYS k", "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")]
    [InlineData("MIGRATE there 7000 k 0 1000 AUTH", "ERR syntax error")]
    [InlineData("MIGRATE there 7000 k 0 1000 AUTH2 u", "ERR syntax error")]
    [InlineData("MIGRATE there 7000 k 0 1000 MOVE", "ERR syntax error")]
    [InlineData("MIGRATE there 7000 k x 1000", "ERR value is not an integer or out of range")]
    [InlineData("MIGRATE there 7000 k 0 y", "ERR value is not an integer or out of range")]
    [InlineData("MIGRATE there 7000 k 99 1000", "ERR Target instance replied with error: ERR DB index is out of range")]
    [InlineData("MIGRATE nowhere 7000 k 0 1000", "IOERR error or timeout connecting to the client")]
    [InlineData("MIGRATE silent 7000 k 0 1000", "IOERR error or timeout connecting to the client")]
    [InlineData("MIGRATE there 1 k 0 1000", "IOERR error or timeout writing to target instance")]
    [InlineData("MIGRATE there x k 0 1000", "IOERR error or timeout writing to target instance")]
    [InlineData("MIGRATE there 7000 k 0 -5", "OK")]
    public void Migrate_answers(string line, string reply)
    {
        here.Run("SET k v");
        Assert.Equal(reply, here.Run(line));
        Assert.Equal(reply == "OK" ? "0" : "1", here.Run("EXISTS k"));
    }

    [Fact]
    public void Migrate_logs_in_and_hides_the_password()
    {
        there.Run("CONFIG SET requirepass secret");
        here.Run("CONFIG SET slowlog-log-slower-than 0");
        here.Run("SET k v");
        Assert.StartsWith("ERR Target instance replied with error: NOAUTH", here.Run("MIGRATE there 7000 k 0 1000"), StringComparison.Ordinal);
        Assert.StartsWith("ERR Target instance replied with error: WRONGPASS", here.Run("MIGRATE there 7000 k 0 1000 AUTH wrong"), StringComparison.Ordinal);
        Assert.Equal("1", here.Run("EXISTS k"));
        Assert.Equal("OK", here.Run("MIGRATE there 7000 k 0 1000 AUTH2 default secret"));
        Assert.DoesNotContain("secret", here.Run("SLOWLOG GET"), StringComparison.Ordinal);
    }

    [Fact]
    public void Migrate_keeps_links_for_a_while()
    {
        for (var i = 0; i < 3; i++)
        {
            here.Run("SET k v");
            Assert.Equal("OK", here.Run("MIGRATE there 7000 k 0 1000 REPLACE"));
        }
        Assert.Equal(1, here.Peers.Connections);
        Assert.Contains("migrate_cached_sockets:1", here.Run("INFO stats"), StringComparison.Ordinal);
        here.Advance(11_000);
        Assert.Contains("migrate_cached_sockets:0", here.Run("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Migrate_tries_again_when_a_kept_link_is_dead()
    {
        here.Run("MSET k v l w");
        here.Run("MIGRATE there 7000 k 0 1000");
        here.Peers.CutAll();
        Assert.Equal("OK", here.Run("MIGRATE there 7000 l 0 1000"));
        Assert.Equal(2, here.Peers.Connections);
    }

    [Fact]
    public void Migrate_keeps_what_was_not_acknowledged()
    {
        var effects = here.Record();
        here.Run("MSET a 1 b 2 c 3");
        here.Peers.BytesLeft = 5 + 5 + 2;                     // SELECT, the first key, and no more
        here.Peers.IsSilent = true;
        Assert.Equal("IOERR error or timeout reading to target instance", here.Run("MIGRATE there 7000 \"\" 1 1000 KEYS a b c"));
        Assert.Equal("[(nil), 2, 3]", here.Run("MGET a b c"));
        Assert.Equal("DEL a", effects.Last);
        Assert.Contains("migrate_cached_sockets:0", here.Run("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Migrate_runs_in_a_transaction()
    {
        here.Run("MULTI");
        here.Run("SET k v");
        here.Run("MIGRATE there 7000 k 0 1000");
        Assert.Equal("[OK, OK]", here.Run("EXEC"));
        Assert.Equal("v", there.Run("GET k"));
    }
}

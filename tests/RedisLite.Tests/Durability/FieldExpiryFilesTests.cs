using System.Text;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

/// <summary>Times to live of fields in files: nothing is lost, whatever format was asked for.</summary>
public class FieldExpiryFilesTests
{
    private static void Fill(SavedServer server)
    {
        server.Run("HSET small a 1 b 2 c 3");
        server.Run("HEXPIRE small 100 FIELDS 2 a b");
        for (var i = 0; i < 700; i++) server.Run($"HSET big f{i} {i}");
        for (var i = 0; i < 700; i += 3) server.Run($"HPEXPIRE big {100_000 + i} FIELDS 1 f{i}");
        server.Run("HSET plain a 1");
        server.Run("SELECT 5");
        server.Run("HSET other a 1");
        server.Run("HEXPIRE other 100 FIELDS 1 a");
        server.Run("SELECT 0");
    }

    [Theory]
    [InlineData("9")]
    [InlineData("10")]
    [InlineData("11")]
    [InlineData("12")]
    public void A_file_with_such_fields_is_of_version_12_whatever_was_asked_for(string version)
    {
        using var server = new SavedServer(config => config.Set("rdb-version-to-write", version));
        server.Run("HSET plain a 1");
        server.Run("SAVE");
        Assert.Equal($"REDIS00{int.Parse(version):D2}", Head(server));
        Fill(server);
        var before = server.Contents();
        server.Run("SAVE");
        Assert.Equal("REDIS0012", Head(server));
        server.Kill();
        Assert.Equal(before, server.Contents());
        Assert.Contains(" a@", before, StringComparison.Ordinal);
        Assert.Equal("listpackex", server.Run("OBJECT ENCODING small"));
        Assert.Equal("hashtable", server.Run("OBJECT ENCODING big"));
        foreach (var db in server.Redis.Engine.Databases) db.Keys.CheckInvariants();

        server.Redis.Advance(101_000);
        for (var i = 0; i < 10; i++) server.Redis.Advance(30);
        Assert.Equal("[c]", server.Run("HKEYS small"));
        Assert.Equal("466", server.Run("HLEN big"));
        server.Run("SAVE");
        Assert.Equal($"REDIS00{int.Parse(version):D2}", Head(server));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void A_rewritten_log_holds_them_as_file_and_as_text(string preamble)
    {
        using var server = new SavedServer(config =>
        {
            config.Set("appendonly", "yes");
            config.Set("aof-use-rdb-preamble", preamble);
        });
        Fill(server);
        server.Run("BGREWRITEAOF");
        server.Redis.Background.RunAll();
        server.Run("HPEXPIRE small 50000 FIELDS 1 c");
        server.Run("HPERSIST small FIELDS 1 a");
        server.Run("HSETEX small EX 70 FIELDS 1 d 4");
        var before = server.Contents();
        server.Kill();
        Assert.Equal(before, server.Contents());
        foreach (var db in server.Redis.Engine.Databases) db.Keys.CheckInvariants();
    }

    [Fact]
    public void What_expired_while_the_server_was_down_goes_after_the_start()
    {
        using var server = new SavedServer(config => config.Set("appendonly", "yes"));
        server.Run("HSET h a 1 b 2");
        server.Run("HPEXPIRE h 1000 FIELDS 1 a");
        server.Run("HSET gone a 1");
        server.Run("HPEXPIRE gone 1000 FIELDS 1 a");
        server.Run("BGREWRITEAOF");
        server.Redis.Background.RunAll();
        server.Run("HINCRBY h a 5");
        server.Clock.AdvanceMs(5000);
        server.Kill();
        Assert.Equal("[b]", server.Run("HKEYS h"));
        for (var i = 0; i < 5; i++) server.Redis.Advance(30);
        Assert.Equal("1", server.Run("HLEN h"));
        Assert.Equal("0", server.Run("EXISTS gone"));
        server.Kill();
        Assert.Equal("1", server.Run("HLEN h"));
    }

    private static string Head(SavedServer server) => Encoding.ASCII.GetString(server.Storage.ReadAll(SavedServer.Rdb).AsSpan(0, 9));
}

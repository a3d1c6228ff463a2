using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

public class RestoreTests
{
    private readonly TestEngine _redis = new();

    [Fact]
    public void Dump_and_restore_make_a_copy_of_every_type()
    {
        _redis.Run("SET s hello");
        _redis.Run("RPUSH l a b 3");
        _redis.Run("HSET h f v g 2");
        foreach (var key in new[] { "s", "l", "h" })
        {
            var payload = Payload(key);
            Assert.Equal("+OK\r\n"u8.ToArray(), _redis.RunRaw("RESTORE"u8.ToArray(), Bytes(key + "2"), "0"u8.ToArray(), payload));
            Assert.Equal(_redis.Run($"DEBUG DIGEST-VALUE {key}"), _redis.Run($"DEBUG DIGEST-VALUE {key}2"));
        }
        Assert.Equal("(nil)", _redis.Run("DUMP none"));
    }

    [Fact]
    public void Restore_knows_all_options()
    {
        _redis.Run("SET s hello");
        var payload = Payload("s");
        Assert.Equal("-BUSYKEY Target key name already exists.\r\n", Restore("s", "0", payload));
        Assert.Equal("+OK\r\n", Restore("s", "5000", payload, "REPLACE"));
        Assert.Equal("5000", _redis.Run("PTTL s"));
        Assert.Equal("+OK\r\n", Restore("s", (_redis.Clock.NowMs + 7000).ToString(), payload, "REPLACE", "ABSTTL"));
        Assert.Equal("7000", _redis.Run("PTTL s"));
        Assert.Equal("+OK\r\n", Restore("s", "0", payload, "REPLACE", "IDLETIME", "1000"));
        Assert.Equal("1000", _redis.Run("OBJECT IDLETIME s"));
        Assert.Equal("-ERR Invalid TTL value, must be >= 0\r\n", Restore("t", "-1", payload));
        Assert.Equal("-ERR Invalid IDLETIME value, must be >= 0\r\n", Restore("t", "0", payload, "IDLETIME", "-1"));
        Assert.Equal("-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n", Restore("t", "0", payload, "FREQ", "256"));
        Assert.Equal("-ERR syntax error\r\n", Restore("t", "0", payload, "FREQ", "2", "IDLETIME", "1"));
        Assert.Equal("+OK\r\n", Restore("s", "1", payload, "REPLACE", "ABSTTL"));
        Assert.Equal("0", _redis.Run("EXISTS s"));
        payload[0] = 99;
        Assert.Equal("-ERR DUMP payload version or checksum are wrong\r\n", Restore("t", "0", payload));
        Assert.Equal("+OK\r\n", System.Text.Encoding.Latin1.GetString(_redis.RunRaw(Bytes("RESTORE-ASKING"), Bytes("u"), Bytes("0"), Fresh())));
    }

    /// <summary>What redis-server 7.2.6 dumps (RDB version 11), with the digest it gives the value.</summary>
    [Theory]
    [InlineData("string", "000b68656c6c6f20776f726c640b006223f4ca5b5849bd", "19bfad8f2007c7c5d8559839d8798339f62ccc52")]
    [InlineData("number", "00c139300b00f44b57546e63e130", "e1cf90774e995ae03de66e8109dc5cb9d9c2dc83")]
    [InlineData("compressed", "00c30a40c802616261e0ba010161620b004d7955328d5f2f05", "bac7b65b4a2ea8ef52ca23e4fad7b1311e402edc")]
    [InlineData("list", "12010210100000000300816102826262030301ff0b00a431510a5afe4822", "f614073de2d413ac712f0719c845300e027534dc")]
    [InlineData("ints", "0b0e0200000003000000010002002c010b008ccf0ffd860ac023", "bff1310353f341fe4488c7323df3673679c04f02")]
    [InlineData("pack", "140f0f00000003008161028162020701ff0b006a750918eeda17da", "4db2915dc242371e719444ddc8b328e38ac18e1c")]
    [InlineData("zset", "1114140000000400816102010181620283322e3504ff0b00bd93d3d70bdb305e", "c45c5b051acd64070e5ed1a949939d5145f806c5")]
    [InlineData("hash", "1012120000000400816602817602816e020101ff0b00953bb58284bd099f", "ad9a818d75d51dd3c55d5905f22259a91bbc4b14")]
    [InlineData("bighash", "04030161c0010163c0030162c0020b0054cf6a5e700c2619", "b60c36e529712296d694f27b5914cbe84950995e")]
    [InlineData("bigset", "02030161016301620b0064a13772b161dbe5", "593c2414786d75446e97f4ea5d4b731f3313da72")]
    [InlineData("bigzset", "05030163000000000000f07f016200000000000000400161000000000000f03f0b0036c5b7f714659c6a", "e092252a8d92a22120258cbd42294c38577ef90e")]
    [InlineData("stream", "15011000000000000000010000000000000001303000000013000101010102018161028162020001020100010001010102010501010101010001010181610203010601ff0102010101020102010167010101010000000000000001000000000000000143484b14a20100000101016343484b14a201000043484b14a201000001000000000000000100000000000000010b00ab99bf7796a6b8aa", "e4a21e3ca2d9a960e9859bb0985cc334bb4f2e58")]
    public void Payloads_of_redis_7_2_are_taken(string key, string payload, string digest)
    {
        Assert.Equal("+OK\r\n", Restore(key, "0", Convert.FromHexString(payload)));
        Assert.Equal($"[{digest}]", _redis.Run($"DEBUG DIGEST-VALUE {key}"));
    }

    /// <summary>A ziplist whose entry lies about the length before it, one that lies about its last entry, a plain node without bytes.</summary>
    [Theory]
    [InlineData("0E011313000000" + "0E000000" + "0200" + "000261" + "00" + "0E0262" + "00FF")]
    [InlineData("0E011313000000" + "0A000000" + "0200" + "000261" + "00" + "040262" + "00FF")]
    [InlineData("12010100")]
    public void Old_lists_are_checked_to_the_last_byte(string hex)
    {
        _redis.Run("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
        Assert.Equal("-ERR Bad data format\r\n", Restore("k", "0", [.. Convert.FromHexString(hex), 9, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.Equal("0", _redis.Run("EXISTS k"));
        _redis.Run("DEBUG SET-SKIP-CHECKSUM-VALIDATION 0");
        Assert.Equal("-ERR DUMP payload version or checksum are wrong\r\n", Restore("k", "0", [.. Convert.FromHexString(hex), 9, 0, 1, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Fact]
    public void Restore_is_propagated_with_an_absolute_time()
    {
        _redis.Run("SET s hello");
        var payload = Payload("s");
        var sink = _redis.Record();
        Restore("t", "5000", payload);
        Assert.Equal(["RESTORE", "t", (_redis.Clock.NowMs + 5000).ToString(), "ABSTTL"],
            sink.Commands[0].Args.Where((_, i) => i != 3).Select(System.Text.Encoding.Latin1.GetString));
    }

    [Theory]
    [InlineData("0", "replace")]
    [InlineData("99999999999999", "absttl", "IDLETIME", "5")]
    public void Restore_without_a_time_of_its_own_is_propagated_as_it_came(string ttl, params string[] options)
    {
        _redis.Run("SET s hello");
        var payload = Payload("s");
        var sink = _redis.Record();
        Restore("t", ttl, payload, options);
        Assert.Equal(["RESTORE", "t", ttl, .. options], sink.Commands[0].Args.Where((_, i) => i != 3).Select(System.Text.Encoding.Latin1.GetString));
    }

    [Fact]
    public void Payloads_that_lie_are_refused_and_leave_nothing()
    {
        var random = new Random(1);
        using var source = new SavedServer();
        source.Work(3, 800);
        int refused = 0, taken = 0;
        for (var round = 0; round < 4000 * LongRun.Factor; round++)
        {
            var key = source.Redis.RunRaw("RANDOMKEY"u8.ToArray());
            var name = RedisLite.Protocol.ReplyReader.ReadAll(key)[0].Bytes;
            var payload = RedisLite.Protocol.ReplyReader.ReadAll(source.Redis.RunRaw("DUMP"u8.ToArray(), name))[0].Bytes;
            for (var i = random.Next(1, 5); i > 0; i--) payload[random.Next(payload.Length - 10)] = (byte)random.Next(256);
            Mutations.Seal(payload);
            var reply = Restore("t", "0", payload, "REPLACE");
            if (reply == "+OK\r\n") taken++;
            else refused++;
            Assert.True(reply is "+OK\r\n" or "-ERR Bad data format\r\n", reply);
            if (round % 64 == 0) _redis.Run("DEBUG DIGEST");
        }
        Assert.True(refused > 300 && taken > 300, $"{refused} refused, {taken} taken");
        _redis.Engine.Databases[0].Keys.CheckInvariants();
        _redis.Run("FLUSHALL");
        while (_redis.Engine.Heap.RunLazyFree(100_000))
        {
        }
        Assert.Equal(0, _redis.Engine.Heap.Arena.LiveBytes);
    }

    [Fact]
    public void Libraries_that_lie_are_refused_or_loaded()
    {
        var random = new Random(2);
        var source = new TestEngine();
        for (var i = 0; i < 3; i++)
            source.Run($"FUNCTION LOAD \"#!lua name=lib{i}\\nlocal function f(keys, args) return {{keys[1], #args}} end\\nredis.register_function{{function_name='f{i}', callback=f, flags={{'no-writes'}}}}\"");
        var good = RedisLite.Protocol.ReplyReader.ReadAll(source.RunRaw("FUNCTION"u8.ToArray(), "DUMP"u8.ToArray()))[0].Bytes;
        int refused = 0, taken = 0;
        for (var round = 0; round < 500 * LongRun.Factor; round++)
        {
            var payload = good.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--) payload[random.Next(payload.Length - 10)] = (byte)random.Next(random.Next(2) == 0 ? 128 : 256);
            Mutations.Seal(payload);
            var reply = System.Text.Encoding.Latin1.GetString(_redis.RunRaw("FUNCTION"u8.ToArray(), "RESTORE"u8.ToArray(), payload, "FLUSH"u8.ToArray()));
            if (reply == "+OK\r\n") taken++;
            else refused++;
            Assert.True(reply == "+OK\r\n" || (reply.StartsWith("-ERR ", StringComparison.Ordinal) && !reply.Contains("internal", StringComparison.Ordinal)), reply);
        }
        Assert.True(refused > 50 && taken > 2, $"{refused} refused, {taken} taken");
        Assert.DoesNotContain(_redis.Log.Lines, static line => line.Message.Contains("Bug", StringComparison.Ordinal));
    }

    private byte[] Fresh()
    {
        _redis.Run("SET fresh 1");
        return Payload("fresh");
    }

    private byte[] Payload(string key) => RedisLite.Protocol.ReplyReader.ReadAll(_redis.RunRaw("DUMP"u8.ToArray(), Bytes(key)))[0].Bytes;

    private string Restore(string key, string ttl, byte[] payload, params string[] options) =>
        System.Text.Encoding.Latin1.GetString(_redis.RunRaw([Bytes("RESTORE"), Bytes(key), Bytes(ttl), payload, .. options.Select(Bytes)]));

    private static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes(text);
}

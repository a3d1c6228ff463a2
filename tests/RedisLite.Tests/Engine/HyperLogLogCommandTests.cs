using System.Text;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class HyperLogLogCommandTests
{
    private const string NotValid = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    private const string Corrupted = "INVALIDOBJ Corrupted HLL object detected";

    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("PFADD h a b c", "1", "PFCOUNT h", "3")]
    [InlineData("PFADD h", "1", "PFADD h", "0")]
    [InlineData("PFCOUNT none", "0", "EXISTS none", "0")]
    [InlineData("PFADD h a b", "1", "PFCOUNT h none", "2")]
    [InlineData("PFMERGE d none", "OK", "PFCOUNT d", "0")]
    [InlineData("SET s v", "OK", "PFADD s a", NotValid)]
    [InlineData("SET s v", "OK", "PFCOUNT none s", NotValid)]
    [InlineData("SET s 123", "OK", "PFMERGE d s", NotValid)]
    [InlineData("LPUSH l a", "1", "PFADD l a", "WRONGTYPE Operation against a key holding the wrong kind of value")]
    [InlineData("PFADD h a", "1", "PFDEBUG ENCODING h", "sparse")]
    [InlineData("PFADD h a", "1", "PFDEBUG DECODE h", "Z:12711 v:2,1 Z:3672")]
    [InlineData("PFADD h a", "1", "PFDEBUG TODENSE h", "1")]
    [InlineData("PFADD h a", "1", "PFDEBUG NOSUCH h", "ERR Unknown PFDEBUG subcommand 'NOSUCH'")]
    [InlineData("PFDEBUG GETREG none", "ERR The specified key does not exist", "PFSELFTEST", "OK")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Theory]
    [InlineData("PFADD h a", "pfadd h", "PFADD h a")]
    [InlineData("PFADD k a", "", "")]
    [InlineData("PFCOUNT k", "", "PFCOUNT k")]
    [InlineData("PFCOUNT k none", "", "")]
    [InlineData("PFMERGE d k", "pfadd d", "PFMERGE d k")]
    [InlineData("PFDEBUG TODENSE k", "", "PFDEBUG TODENSE k")]
    public void Changes_are_announced_and_propagated_and_nothing_else_is(string command, string events, string effects)
    {
        _redis.Run("PFADD k a");
        BitmapCommandTests.Probe(_redis, command, events, effects);
    }

    [Fact]
    public void A_count_is_propagated_once()
    {
        _redis.Run("PFADD k a");
        var sink = _redis.Record();
        _redis.Run("PFCOUNT k");
        _redis.Run("PFCOUNT k");
        Assert.Single(sink.Units);
    }

    [Fact]
    public void The_limit_decides_when_sparse_becomes_dense()
    {
        _redis.Run("CONFIG SET hll-sparse-max-bytes 40");
        _redis.Run("PFADD h a b c d e f g h i");
        Assert.Equal("dense", _redis.Run("PFDEBUG ENCODING h"));
        Assert.Equal("12304", _redis.Run("STRLEN h"));
        Assert.Equal("9", _redis.Run("PFCOUNT h"));
    }

    [Fact]
    public void A_union_is_dense_when_one_of_its_sources_is()
    {
        _redis.Run("PFADD a x y");
        _redis.Run("PFADD b z");
        _redis.Run("PFDEBUG TODENSE b");
        Assert.Equal("OK", _redis.Run("PFMERGE a b"));
        Assert.Equal("dense", _redis.Run("PFDEBUG ENCODING a"));
        Assert.Equal("3", _redis.Run("PFCOUNT a"));
    }

    /// <summary>Strings that were damaged on purpose get one of Redis's errors or an answer; the server goes on.</summary>
    [Fact]
    public void Damaged_strings_are_refused_or_answered()
    {
        var random = new Random(1);
        byte[][] honest = [Counted(0), Counted(5), Counted(300), Counted(3000)];
        var replies = new HashSet<string>();
        for (var round = 0; round < 600; round++)
        {
            var bytes = honest[random.Next(honest.Length)].ToList();
            for (var damage = random.Next(1, 6); damage > 0; damage--) Damage(random, bytes);
            _redis.RunRaw("SET"u8.ToArray(), "z"u8.ToArray(), [.. bytes]);
            _redis.Run("DEL y");
            string[] commands = ["PFCOUNT z", "PFADD z a b c d e f g", "PFMERGE y z", "PFCOUNT z y", "PFDEBUG DECODE z", "PFDEBUG GETREG z", "PFADD z q r s", "PFDEBUG TODENSE z", "PFCOUNT z"];
            foreach (var command in commands)
            {
                var reply = _redis.Run(command);
                if (reply.StartsWith("ERR ", StringComparison.Ordinal) || reply == NotValid || reply == Corrupted) replies.Add(reply);
                Assert.DoesNotContain("internal error", reply, StringComparison.Ordinal);
            }
        }

        Assert.Equal(new HashSet<string> { NotValid, Corrupted, "ERR HLL encoding is not sparse" }, replies);
        Assert.Equal("1", _redis.Run("PFADD fresh a"));
    }

    private byte[] Counted(int elements)
    {
        _redis.Run("DEL h");
        _redis.RunArgs(["PFADD", "h", .. Enumerable.Range(0, elements).Select(i => "element:" + i)]);
        var reply = _redis.RunRaw("GET"u8.ToArray(), "h"u8.ToArray());
        return RedisLite.Protocol.ReplyReader.ReadAll(reply)[0].Bytes;
    }

    private static void Damage(Random random, List<byte> bytes)
    {
        var at = random.Next(Math.Max(1, bytes.Count));
        switch (random.Next(5))
        {
            case 0 when bytes.Count > 1: bytes.RemoveRange(at, bytes.Count - at); break;
            case 1: bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 6)).Select(_ => (byte)random.Next(256))); break;
            case 2 when bytes.Count > 18: bytes[random.Next(16, bytes.Count)] = new byte[] { 0, 0x3F, 0x40, 0x7F, 0x80, 0xFF }[random.Next(6)]; break;
            default:
                if (bytes.Count > 0) bytes[Math.Min(at, bytes.Count - 1)] = (byte)random.Next(256);
                break;
        }
    }
}

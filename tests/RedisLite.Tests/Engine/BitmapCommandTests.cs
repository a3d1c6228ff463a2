using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class BitmapCommandTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData("SETBIT b 7 1", "0", "GETBIT b 7", "1")]
    [InlineData("SETBIT b 7 0", "0", "STRLEN b", "1")]
    [InlineData("SETBIT b 4294967296 1", "ERR bit offset is not an integer or out of range", "EXISTS b", "0")]
    [InlineData("SETBIT b -1 1", "ERR bit offset is not an integer or out of range", "EXISTS b", "0")]
    [InlineData("SETBIT b 1 2", "ERR bit is not an integer or out of range", "EXISTS b", "0")]
    [InlineData("SET k foobar", "OK", "BITCOUNT k", "26")]
    [InlineData("SET k foobar", "OK", "BITCOUNT k 5 30 BIT", "17")]
    [InlineData("SET k foobar", "OK", "BITCOUNT k 0", "ERR syntax error")]
    [InlineData("SET k 123", "OK", "BITCOUNT k", "10")]
    [InlineData("SET k \"\\xff\\xf0\\x00\"", "OK", "BITPOS k 0", "12")]
    [InlineData("SET k \"\\xff\\xff\"", "OK", "BITPOS k 0", "16")]
    [InlineData("SET k \"\\xff\\xff\"", "OK", "BITPOS k 0 0 -1", "-1")]
    [InlineData("SET k \"\\x00\\xff\"", "OK", "BITPOS k 1 2 11 BIT", "8")]
    [InlineData("SET a abc", "OK", "BITOP NOT d a b", "ERR BITOP NOT must be called with a single source key.")]
    [InlineData("SET a abc", "OK", "BITOP XOR a a a", "3")]
    [InlineData("BITFIELD f SET u8 0 255 GET u8 0 INCRBY u8 0 1", "[0, 255, 0]", "STRLEN f", "1")]
    [InlineData("BITFIELD f OVERFLOW SAT INCRBY i8 0 200 OVERFLOW FAIL INCRBY i8 0 1", "[127, (nil)]", "STRLEN f", "1")]
    [InlineData("BITFIELD f SET u8 #2 7", "[0]", "BITFIELD_RO f GET u8 #2 GET u8 16", "[7, 7]")]
    [InlineData("BITFIELD_RO f SET u8 0 1", "ERR BITFIELD_RO only supports the GET subcommand", "EXISTS f", "0")]
    [InlineData("BITFIELD f GET u64 0", "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.", "EXISTS f", "0")]
    [InlineData("BITFIELD f SET u8 0 1 SET u8 x 1", "ERR bit offset is not an integer or out of range", "EXISTS f", "0")]
    [InlineData("BITFIELD f GET u8 #9223372036854775807", "ERR bit offset is not an integer or out of range", "EXISTS f", "0")]
    public void Command_then_check(string command, string reply, string check, string expected)
    {
        Assert.Equal(reply, _redis.Run(command));
        Assert.Equal(expected, _redis.Run(check));
    }

    [Theory]
    [InlineData("SETBIT b 9 0", "setbit b", "SETBIT b 9 0")]
    [InlineData("BITFIELD f SET u8 0 1 GET u8 0", "setbit f", "BITFIELD f SET u8 0 1 GET u8 0")]
    [InlineData("BITFIELD f OVERFLOW FAIL INCRBY u8 0 300", "setbit f", "BITFIELD f OVERFLOW FAIL INCRBY u8 0 300")]
    [InlineData("BITOP OR d k none", "set d", "BITOP OR d k none")]
    [InlineData("BITOP OR k none", "del k", "BITOP OR k none")]
    [InlineData("BITOP OR none none", "", "")]
    [InlineData("SETBIT k 1 1", "", "")]
    [InlineData("BITFIELD k GET u8 0", "", "")]
    public void Changes_are_announced_and_propagated_and_nothing_else_is(string command, string events, string effects)
    {
        _redis.Run("SET k foobar");
        Probe(_redis, command, events, effects);
    }

    [Fact]
    public void A_length_beyond_proto_max_bulk_len_is_refused()
    {
        _redis.Run("CONFIG SET proto-max-bulk-len 1mb");
        Assert.Equal("ERR bit offset is not an integer or out of range", _redis.Run("SETBIT b 8388608 1"));
        Assert.Equal("0", _redis.Run("SETBIT b 8388607 1"));
        Assert.Equal("1048576", _redis.Run("STRLEN b"));
        Assert.Equal("ERR bit offset is not an integer or out of range", _redis.Run("BITFIELD b SET u8 #1048576 1"));
    }

    /// <summary>Events of one command ("name key name key") and what was propagated.</summary>
    internal static void Probe(TestEngine redis, string command, string events, string effects)
    {
        redis.Run("CONFIG SET notify-keyspace-events AE");
        var listener = redis.Connect();
        listener.Run("PSUBSCRIBE __keyevent@0__:*");
        var sink = redis.Record();
        redis.Run(command);
        var heard = listener.Take().Split(" | ", StringSplitOptions.RemoveEmptyEntries)
            .Select(message => message.Trim('>', '[', ']').Split(", ")).Select(words => $"{words[2]["__keyevent@0__:".Length..]} {words[3]}");
        Assert.Equal(events, string.Join(' ', heard));
        Assert.Equal(effects, sink.Last);
    }
}

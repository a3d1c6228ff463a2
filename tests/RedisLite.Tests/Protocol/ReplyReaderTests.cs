using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

public class ReplyReaderTests
{
    [Fact]
    public void Reads_what_the_writer_writes()
    {
        var writer = new ReplyWriter(new OutputBuffer()) { Protocol = 3 };
        writer.Array(9);
        writer.Simple("PONG"u8);
        writer.Error("ERR no");
        writer.Integer(-7);
        writer.Null();
        writer.Double(0.5);
        writer.Bool(true);
        writer.Verbatim("v"u8, "txt");
        writer.Map(1);
        writer.Bulk("k"u8);
        writer.Set(0);
        writer.Push(1);
        writer.BigNumber("99"u8);
        var bytes = writer.Output.ToArray();

        for (var end = 0; end < bytes.Length; end++) Assert.False(ReplyReader.TryRead(bytes.AsSpan(0, end), out _, out _));
        Assert.True(ReplyReader.TryRead(bytes, out var value, out var consumed));
        Assert.Equal(bytes.Length, consumed);
        Assert.Equal("[+PONG, -ERR no, -7, Null, 0.5, true, \"v\", Map[\"k\", Set[]], Push[99]]", value.ToString());
        Assert.Equal(0.5, value[4].Double);
    }

    [Fact]
    public void Tells_the_nulls_apart()
    {
        var all = ReplyReader.ReadAll("$-1\r\n*-1\r\n_\r\n$0\r\n\r\n"u8);
        Assert.Equal([RespKind.NullBulk, RespKind.NullArray, RespKind.Null, RespKind.Bulk], all.Select(v => v.Kind));
    }

    [Theory]
    [InlineData("?\r\n")]
    [InlineData("\r\n")]
    [InlineData(":x\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("*-2\r\n")]
    [InlineData("$1\r\nabc")]
    [InlineData("=1\r\na\r\n")]
    [InlineData(",abc\r\n")]
    public void Refuses_what_is_no_reply(string input)
    {
        Assert.Throws<RespFormatException>(() => ReplyReader.TryRead(System.Text.Encoding.ASCII.GetBytes(input), out _, out _));
    }

    [Fact]
    public void Refuses_bottomless_nesting()
    {
        var input = System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", 1000)));
        Assert.Throws<RespFormatException>(() => ReplyReader.TryRead(input, out _, out _));
    }
}

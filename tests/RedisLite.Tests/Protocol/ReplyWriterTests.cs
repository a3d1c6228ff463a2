using System.Globalization;
using System.Text;
using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

public class ReplyWriterTests
{
    private static string Written(int protocol, Action<ReplyWriter> write)
    {
        var writer = new ReplyWriter(new OutputBuffer()) { Protocol = protocol };
        write(writer);
        return Encoding.Latin1.GetString(writer.Output.ToArray()).Replace("\r\n", "~", StringComparison.Ordinal);
    }

    private static void Check(string resp2, string resp3, Action<ReplyWriter> write)
    {
        Assert.Equal(resp2, Written(2, write));
        Assert.Equal(resp3, Written(3, write));
    }

    [Fact]
    public void Scalars_take_the_form_of_the_protocol()
    {
        Check("+OK~", "+OK~", w => w.Ok());
        Check("+QUEUED~", "+QUEUED~", w => w.Simple("QUEUED"u8));
        Check("$-1~", "_~", w => w.Null());
        Check("*-1~", "_~", w => w.NullArray());
        Check(":1~", "#t~", w => w.Bool(true));
        Check(":0~", "#f~", w => w.Bool(false));
        Check("$3~1.5~", ",1.5~", w => w.Double(1.5));
        Check("$3~inf~", ",inf~", w => w.Double(double.PositiveInfinity));
        Check("$4~-inf~", ",-inf~", w => w.Double(double.NegativeInfinity));
        Check("$3~nan~", ",nan~", w => w.Double(double.NaN));
        Check("$4~10.0~", ",10.0~", w => w.DoubleAsText("10.0"u8));
        Check("$4~1234~", "(1234~", w => w.BigNumber("1234"u8));
        Check("$2~hi~", "=6~txt:hi~", w => w.Verbatim("hi"u8, "txt"));
        Check("$2~42~", "$2~42~", w => w.BulkLong(42));
        Check("$3~\xc3\xa9x~", "$3~\xc3\xa9x~", w => w.Bulk("éx"));
    }

    [Fact]
    public void Aggregates_take_the_form_of_the_protocol()
    {
        Check("*2~", "*2~", w => w.Array(2));
        Check("*4~", "%2~", w => w.Map(2));
        Check("*2~", "~2~", w => w.Set(2));
        Check("*2~", ">2~", w => w.Push(2));
        Check("*4~:1~:2~", "%2~:1~:2~", w => { var m = w.DeferMap(); w.Integer(1); w.Integer(2); w.EndMap(m, 2); });
        Check("+OK~*-1~", "+OK~_~", w => { w.Ok(); var m = w.DeferArray(); w.EndNullArray(m); });
    }

    [Theory]
    [InlineData(0, ":0~")]
    [InlineData(9, ":9~")]
    [InlineData(10, ":10~")]
    [InlineData(99, ":99~")]
    [InlineData(100, ":100~")]
    [InlineData(-1, ":-1~")]
    [InlineData(-10, ":-10~")]
    [InlineData(long.MaxValue, ":9223372036854775807~")]
    [InlineData(long.MinValue, ":-9223372036854775808~")]
    public void Integers_of_every_length(long value, string expected) => Assert.Equal(expected, Written(2, w => w.Integer(value)));

    [Fact]
    public void Errors_stay_on_one_line_and_are_counted()
    {
        Assert.Equal("-ERR a  b~", Written(2, w => w.Error("ERR a\r\nb\r\n"u8)));
        Assert.Equal("-ERR \xff~", Written(2, w => w.Error("ERR \xff")));
        var seen = "";
        var writer = new ReplyWriter(new OutputBuffer()) { OnError = text => seen += Encoding.ASCII.GetString(text) };
        writer.Error("WRONGTYPE x");
        Assert.Equal("WRONGTYPE x", seen);
        Assert.Equal(1, writer.Errors);
    }

    [Theory]
    [InlineData(1.0, "1")]
    [InlineData(-0.0, "-0")]
    [InlineData(0.1, "0.1")]
    [InlineData(-1.5e-7, "-1.5e-7")]
    [InlineData(1e-6, "0.000001")]
    [InlineData(0.000123, "0.000123")]
    [InlineData(1e20, "1e+20")]
    [InlineData(1.2345e9, "1234500000")]
    [InlineData(1e17, "100000000000000000")]
    [InlineData(4611686018427387904, "4611686018427387904")]
    [InlineData(4611686018427388928, "4611686018427389000")]
    [InlineData(9.3e18, "9.3e+18")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(4503599627370495, "4503599627370495")]
    [InlineData(3.0000000000000004, "3.0000000000000004")]
    public void Doubles_print_as_Redis_7_2_does(double value, string expected)
    {
        Span<byte> text = stackalloc byte[DoubleText.LengthMax];
        Assert.Equal(expected, Encoding.ASCII.GetString(text[..DoubleText.Format(value, text)]));
    }

    [Fact]
    public void Doubles_read_back_as_themselves_and_print_as_those_in_files()
    {
        var random = new Random(7);
        Span<byte> text = stackalloc byte[DoubleText.LengthMax];
        Span<byte> stored = stackalloc byte[RedisLite.Data.NumberText.DoubleTextMax];
        for (var i = 0; i < 200_000; i++)
        {
            var value = i % 2 == 0 ? BitConverter.Int64BitsToDouble(random.NextInt64()) : Math.Round(random.NextDouble() * 1e6, i % 9);
            if (double.IsNaN(value)) continue;
            var printed = Encoding.ASCII.GetString(text[..DoubleText.Format(value, text)]);
            Assert.Equal(value, double.Parse(printed, CultureInfo.InvariantCulture));
            Assert.Equal(printed, Encoding.ASCII.GetString(stored[..RedisLite.Data.NumberText.FormatDouble(value, stored)]));
        }
    }
}

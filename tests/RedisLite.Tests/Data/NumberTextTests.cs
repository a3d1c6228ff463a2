using System.Globalization;
using System.Text;
using RedisLite.Data;
using Xunit;

namespace RedisLite.Tests.Data;

public class NumberTextTests
{
    [Theory]
    [InlineData("0", true)]
    [InlineData("-1", true)]
    [InlineData("9223372036854775807", true)]
    [InlineData("-9223372036854775808", true)]
    [InlineData("9223372036854775808", false)]
    [InlineData("-9223372036854775809", false)]
    [InlineData("18446744073709551616", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("-0", false)]
    [InlineData("00", false)]
    [InlineData("01", false)]
    [InlineData("+1", false)]
    [InlineData(" 1", false)]
    [InlineData("1 ", false)]
    [InlineData("-", false)]
    [InlineData("", false)]
    [InlineData("1.0", false)]
    [InlineData("12a", false)]
    public void Only_canonical_integers_are_integers(string text, bool valid)
    {
        Assert.Equal(valid, NumberText.TryParseInt64(Bytes(text), out var value));
        if (valid) Assert.Equal(text, value.ToString(CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("18446744073709551615", true, ulong.MaxValue)]
    [InlineData("18446744073709551616", false, 0)]
    [InlineData("-1", false, 0)]
    [InlineData("", false, 0)]
    [InlineData("007", true, 7)]
    [InlineData("7x", false, 0)]
    public void Unsigned_halves_of_ids(string text, bool valid, ulong expected)
    {
        Assert.Equal(valid, NumberText.TryParseUInt64(Bytes(text), out var value));
        if (valid) Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("3.0", 3.0)]
    [InlineData("-.5e1", -5.0)]
    [InlineData("5.", 5.0)]
    [InlineData("+7", 7.0)]
    [InlineData("inf", double.PositiveInfinity)]
    [InlineData("-Infinity", double.NegativeInfinity)]
    [InlineData("0x10", 16.0)]
    [InlineData("0x1.8p1", 3.0)]
    [InlineData("1e308", 1e308)]
    [InlineData("4.9e-324", 4.9e-324)]
    public void Floats_that_are_read(string text, double expected)
    {
        Assert.True(NumberText.TryParseDouble(Bytes(text), out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("nan")]
    [InlineData("1e400")]
    [InlineData("1e-400")]
    [InlineData("1e")]
    [InlineData("0x")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData("1\0")]
    [InlineData("infx")]
    public void Floats_that_are_refused(string text)
    {
        Assert.False(NumberText.TryParseDouble(Bytes(text), out _));
        Assert.False(ExtendedFloat.TryParse(Bytes(text), out var value) && text is not ("1e400" or "1e-400"), $"{value.Kind}");
    }

    [Theory]
    [InlineData("(5", 5.0, true)]
    [InlineData("-inf", double.NegativeInfinity, false)]
    [InlineData("(+inf", double.PositiveInfinity, true)]
    [InlineData(" 5", 5.0, false)]
    [InlineData("", 0.0, false)]
    [InlineData("1e999", double.PositiveInfinity, false)]
    public void Ends_of_score_ranges(string text, double expected, bool exclusive)
    {
        Assert.True(NumberText.TryParseScoreBound(Bytes(text), out var value, out var isExclusive));
        Assert.Equal((expected, exclusive), (value, isExclusive));
    }

    [Theory]
    [InlineData(3.0, "3", "3")]
    [InlineData(-0.0, "-0", "-0")]
    [InlineData(3.1, "3.1", "3.1000000000000001")]
    [InlineData(0.1, "0.1", "0.10000000000000001")]
    [InlineData(1e17, "100000000000000000", "1e+17")]
    [InlineData(1e16, "10000000000000000", "10000000000000000")]
    [InlineData(1e19, "1e+19", "1e+19")]
    [InlineData(1.5e300, "1.5e+300", "1.5000000000000001e+300")]
    [InlineData(0.00001, "0.00001", "1.0000000000000001e-05")]
    [InlineData(1e-7, "1e-7", "9.9999999999999995e-08")]
    [InlineData(1.5e-7, "1.5e-7", "1.4999999999999999e-07")]
    [InlineData(-123.456, "-123.456", "-123.456")]
    [InlineData(double.MaxValue, "1.7976931348623157e+308", "1.7976931348623157e+308")]
    [InlineData(double.Epsilon, "5e-324", "4.9406564584124654e-324")]
    [InlineData(double.PositiveInfinity, "inf", "inf")]
    [InlineData(double.NegativeInfinity, "-inf", "-inf")]
    [InlineData(double.NaN, "nan", "nan")]
    public void Doubles_print_as_redis_prints_them(double value, string shortest, string seventeen)
    {
        Span<byte> buffer = stackalloc byte[NumberText.DoubleTextMax];
        Assert.Equal(shortest, Encoding.ASCII.GetString(buffer[..NumberText.FormatDouble(value, buffer)]));
        Assert.Equal(seventeen, Encoding.ASCII.GetString(buffer[..NumberText.FormatDouble17(value, buffer)]));
    }

    [Fact]
    public void Doubles_read_back_as_they_were()
    {
        var random = new Random(4);
        Span<byte> buffer = stackalloc byte[NumberText.DoubleTextMax];
        for (var i = 0; i < 20_000; i++)
        {
            var value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (!double.IsFinite(value)) continue;
            if (i % 2 == 0) value = Math.Round(random.NextDouble() * 1e6, random.Next(10));
            Assert.True(NumberText.TryParseDouble(buffer[..NumberText.FormatDouble(value, buffer)], out var shortest));
            Assert.True(NumberText.TryParseDouble(buffer[..NumberText.FormatDouble17(value, buffer)], out var seventeen));
            Assert.Equal((value, value), (shortest, seventeen));
        }
    }

    // Results of INCRBYFLOAT of a real redis-server.
    [Theory]
    [InlineData("0", "0.1", "0.1")]
    [InlineData("0.1", "0.2", "0.3")]
    [InlineData("10.50", "0.1", "10.6")]
    [InlineData("3.0e3", "200", "3200")]
    [InlineData("1", "-1.00000000000000001", "-0.00000000000000001")]
    [InlineData("5", "-5", "0")]
    [InlineData("17179869184", "1.5", "17179869185.5")]
    [InlineData("1e17", "0.3", "100000000000000000.296875")]
    [InlineData("123456789012345678", "0.7", "123456789012345678.703125")]
    [InlineData("0x10", "0x1p-3", "16.125")]
    [InlineData("1e30", "1", "1000000000000000000024696061952")]
    public void Long_double_sums(string a, string b, string sum) => Assert.Equal(sum, Sum(a, b));

    [Fact]
    public void Fast_and_exact_paths_agree()
    {
        var random = new Random(5);
        for (var i = 0; i < 3000; i++)
        {
            var whole = random.NextInt64() >> random.Next(63);
            var fraction = random.NextInt64(1_000_000_000_000) + 1;
            var text = $"{whole % 100_000}.{fraction}";
            var padded = text + "00000000000000000000";                    // too long for the fast path, the same number
            Assert.Equal(Sum(text, "0"), Sum(padded, "0"));
            Assert.Equal(Sum(text, "1.5"), Sum(padded, "0x1.8p0"));
        }
    }

    private static string Sum(string a, string b)
    {
        Assert.True(ExtendedFloat.TryParse(Bytes(a), out var x));
        Assert.True(ExtendedFloat.TryParse(Bytes(b), out var y));
        var buffer = new byte[ExtendedFloat.TextMax];
        return Encoding.ASCII.GetString(buffer, 0, (x + y).Format(buffer));
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    // What redis-server 7.2.6 made of distances where %.4f would end in another digit.
    [Theory]
    [InlineData(31747611.179250002, "31747611.1792")]
    [InlineData(55094445.91535, "55094445.9154")]
    [InlineData(37386880.68185, "37386880.6818")]
    [InlineData(0, "0.0000")]
    [InlineData(0.00004, "0.0000")]
    [InlineData(166274.1516, "166274.1516")]
    public void Distances_have_four_decimals(double value, string text)
    {
        Span<byte> written = stackalloc byte[64];
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(written[..NumberText.FormatDistance(value, written)]));
    }
}

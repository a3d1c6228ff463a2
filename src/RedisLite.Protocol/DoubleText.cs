using System.Buffers.Text;
using System.Globalization;

namespace RedisLite.Protocol;

/// The text of a double in replies, as Redis 7.2 prints it: integers up to 2^62 plainly, everything else with the fewest digits that read back as the
/// same double, plain when it is short and with an exponent (no padding: 1e-7, 1e+20) when it is not.
internal static class DoubleText
{
    public const int LengthMax = 32;

    private const double IntegerBound = 1L << 62;

    public static int Format(double value, Span<byte> destination)
    {
        if (double.IsNaN(value)) return Copy("nan"u8, destination);
        if (double.IsInfinity(value)) return Copy(value < 0 ? "-inf"u8 : "inf"u8, destination);
        if (value == 0) return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, destination);

        if (Math.Abs(value) <= IntegerBound && value == Math.Truncate(value))
        {
            Utf8Formatter.TryFormat((long)value, destination, out var written);
            return written;
        }
        return FormatShortest(value, destination);
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }

    private static int FormatShortest(double value, Span<byte> destination)
    {
        var sign = 0;
        if (value < 0)
        {
            destination[sign++] = (byte)'-';
            value = -value;
        }

        Span<byte> digits = stackalloc byte[32];
        var count = ShortestDigits(value, digits, out var exponent);
        digits = digits[..count];
        destination = destination[sign..];
        var scientific = Math.Abs(exponent + count - 1);
        if (exponent >= 0 && scientific < count + 7)
        {
            digits.CopyTo(destination);
            destination.Slice(count, exponent).Fill((byte)'0');
            return sign + count + exponent;
        }
        if (exponent < 0 && (exponent > -7 || scientific < 4)) return sign + FormatPlain(digits, -exponent, destination);
        return sign + FormatScientific(digits, exponent + count - 1, destination);
    }

    /// value = digits * 10^exponent
    private static int ShortestDigits(double value, Span<byte> digits, out int exponent)
    {
        Span<byte> text = stackalloc byte[40];
        // The layout of "R" varies, so it is taken apart into digits and a scale.
        value.TryFormat(text, out var length, "R", null);
        text = text[..length];

        exponent = 0;
        var e = text.IndexOf((byte)'E');
        if (e >= 0)
        {
            exponent = int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            text = text[..e];
        }

        var count = 0;
        var point = text.IndexOf((byte)'.');
        if (point >= 0) exponent -= text.Length - point - 1;
        foreach (var b in text)
        {
            if (b == (byte)'.' || (count == 0 && b == (byte)'0')) continue;
            digits[count++] = b;
        }
        while (count > 1 && digits[count - 1] == (byte)'0')
        {
            count--;
            exponent++;
        }
        return count;
    }

    private static int FormatPlain(ReadOnlySpan<byte> digits, int decimals, Span<byte> destination)
    {
        var whole = digits.Length - decimals;
        if (whole > 0)
        {
            digits[..whole].CopyTo(destination);
            destination[whole] = (byte)'.';
            digits[whole..].CopyTo(destination[(whole + 1)..]);
            return digits.Length + 1;
        }
        destination[0] = (byte)'0';
        destination[1] = (byte)'.';
        destination.Slice(2, -whole).Fill((byte)'0');
        digits.CopyTo(destination[(2 - whole)..]);
        return digits.Length + 2 - whole;
    }

    private static int FormatScientific(ReadOnlySpan<byte> digits, int exponent, Span<byte> destination)
    {
        var at = 0;
        destination[at++] = digits[0];
        if (digits.Length > 1)
        {
            destination[at++] = (byte)'.';
            digits[1..].CopyTo(destination[at..]);
            at += digits.Length - 1;
        }
        destination[at++] = (byte)'e';
        destination[at++] = exponent < 0 ? (byte)'-' : (byte)'+';
        Utf8Formatter.TryFormat(Math.Abs(exponent), destination[at..], out var written);
        return at + written;
    }
}

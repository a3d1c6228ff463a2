using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace RedisLite.Data;

/// <summary>
/// Numbers as text, exactly as Redis reads and writes them. What counts as an integer decides encodings, and how a double prints decides
/// replies, AOF files and RDB files, so nothing here may be lenient or pretty on its own account.
/// </summary>
internal static class NumberText
{
    /// <summary>Longest text of a 64-bit integer, with its sign.</summary>
    public const int Int64TextMax = 20;

    /// <summary>Room for every double that <see cref="FormatDouble"/> and <see cref="FormatDouble17"/> write.</summary>
    public const int DoubleTextMax = 32;

    // ---- integers ----

    /// <summary>Only the text that formatting the number would give: no plus, no leading zero, no <c>-0</c>, no space.</summary>
    public static bool TryParseInt64(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > Int64TextMax) return false;
        if (text.Length == 1 && text[0] == '0') return true;

        var negative = text[0] == '-';
        if (negative) text = text[1..];
        if (text.IsEmpty || text[0] is < (byte)'1' or > (byte)'9') return false;

        ulong magnitude = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var digit = (uint)text[i] - '0';
            if (digit > 9) return false;
            if (i >= 18 && magnitude > (ulong.MaxValue - digit) / 10) return false;
            magnitude = magnitude * 10 + digit;
        }

        if (magnitude > (negative ? 1UL << 63 : long.MaxValue)) return false;
        value = negative ? -(long)magnitude : (long)magnitude;
        return true;
    }

    /// <summary>Unsigned as Redis reads halves of stream IDs: strict first, then whatever strtoull takes.</summary>
    public static bool TryParseUInt64(ReadOnlySpan<byte> text, out ulong value)
    {
        if (TryParseInt64(text, out var signed))
        {
            value = (ulong)signed;
            return signed >= 0;
        }

        value = 0;
        while (!text.IsEmpty && IsSpace(text[0])) text = text[1..];
        var negative = !text.IsEmpty && text[0] == '-';
        if (!text.IsEmpty && text[0] is (byte)'+' or (byte)'-') text = text[1..];
        if (text.IsEmpty) return false;

        foreach (var b in text)
        {
            var digit = (uint)b - '0';
            if (digit > 9 || value > (ulong.MaxValue - digit) / 10) return false;
            value = value * 10 + digit;
        }
        if (negative) value = 0 - value;
        return true;
    }

    public static int FormatInt64(long value, Span<byte> destination)
    {
        Utf8Formatter.TryFormat(value, destination, out var written);
        return written;
    }

    public static int LengthOf(long value)
    {
        Span<byte> scratch = stackalloc byte[Int64TextMax];
        return FormatInt64(value, scratch);
    }

    // ---- doubles ----

    /// <summary>A float argument or score: strtod over the whole text, without space around it, overflow, underflow to zero, or NaN.</summary>
    public static bool TryParseDouble(ReadOnlySpan<byte> text, out double value) =>
        TryConvert(FloatScanner.Scan(text), text, refuseRange: true, out value) && !double.IsNaN(value);

    /// <summary>
    /// One end of a score range: <c>(</c> excludes, then strtod as it is: leading space is skipped, no text at all is 0, too large is infinity.
    /// </summary>
    public static bool TryParseScoreBound(ReadOnlySpan<byte> text, out double value, out bool exclusive)
    {
        exclusive = !text.IsEmpty && text[0] == '(';
        if (exclusive) text = text[1..];
        value = 0;
        if (text.IsEmpty) return true;
        while (!text.IsEmpty && IsSpace(text[0])) text = text[1..];
        return TryConvert(FloatScanner.Scan(text), text, refuseRange: false, out value) && !double.IsNaN(value);
    }

    /// <summary>
    /// What SORT compares by: strtod of a C string, so it ends at a zero byte, leading space is skipped and no text at all is 0. Out of range is refused,
    /// and that includes numbers too small for all their digits.
    /// </summary>
    public static bool TryParseWeight(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        var end = text.IndexOf((byte)0);
        if (end >= 0) text = text[..end];
        if (text.IsEmpty) return true;
        while (!text.IsEmpty && IsSpace(text[0])) text = text[1..];
        return TryConvert(FloatScanner.Scan(text), text, refuseRange: true, out value) && !double.IsNaN(value) && !double.IsSubnormal(value);
    }

    private static bool TryConvert(scoped in FloatScanner scan, ReadOnlySpan<byte> text, bool refuseRange, out double value)
    {
        value = 0;
        switch (scan.Kind)
        {
            case FloatKind.Invalid: return false;
            case FloatKind.NaN:
                value = double.NaN;
                return true;
            case FloatKind.Infinity:
                value = scan.Negative ? double.NegativeInfinity : double.PositiveInfinity;
                return true;
        }

        if (scan.IsHex) value = HexToDouble(scan);
        else if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)) return false;
        if (!refuseRange) return true;
        if (double.IsInfinity(value)) return false;
        return value != 0 || scan.GetDigits(out _).IsZero;
    }

    private static double HexToDouble(scoped in FloatScanner scan)
    {
        var digits = scan.GetDigits(out var power);
        if (digits.IsZero) return scan.Negative ? -0.0 : 0;

        // Keep 64 bits and a sticky one, so that the conversion below rounds once.
        var excess = (int)digits.GetBitLength() - 62;
        if (excess > 0)
        {
            var rest = digits & ((System.Numerics.BigInteger.One << excess) - 1);
            digits = digits >> excess << 1 | (rest.IsZero ? 0 : 1);
            power += excess - 1;
        }
        var magnitude = Math.ScaleB((double)(ulong)digits, power);
        return scan.Negative ? -magnitude : magnitude;
    }

    /// <summary>
    /// A double as 7.2 replies and stores it: integers up to 2^62 plainly, everything else with the fewest digits that read back the same,
    /// with an exponent only when the plain form would be long. <c>inf</c>, <c>-inf</c>, <c>nan</c>, <c>-0</c>.
    /// </summary>
    public static int FormatDouble(double value, Span<byte> destination)
    {
        if (!double.IsFinite(value)) return FormatSpecial(value, destination);
        if (value == 0) return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, destination);
        if (Math.Abs(value) <= long.MaxValue / 2 && value == (long)value) return FormatInt64((long)value, destination);

        Span<byte> raw = stackalloc byte[DoubleTextMax];
        Span<byte> digits = stackalloc byte[DoubleTextMax];
        value.TryFormat(raw, out var written, "R", CultureInfo.InvariantCulture);
        var count = SplitDigits(raw[..written], digits, out var exponent);
        return LayOutShortest(digits[..count], exponent - count + 1, value < 0, destination);
    }

    /// <summary>C's <c>%.17g</c>: 17 significant digits, trailing zeros dropped. RDB's text scores and older replies.</summary>
    public static int FormatDouble17(double value, Span<byte> destination)
    {
        if (!double.IsFinite(value)) return FormatSpecial(value, destination);
        if (value == 0) return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, destination);

        Span<byte> raw = stackalloc byte[DoubleTextMax];
        Span<byte> digits = stackalloc byte[DoubleTextMax];
        value.TryFormat(raw, out var written, "E16", CultureInfo.InvariantCulture);
        var count = SplitDigits(raw[..written], digits, out var exponent);
        digits = digits[..count];
        if (exponent is >= -4 and < 17) return LayOutPlain(digits, exponent - count + 1, value < 0, destination);

        var length = LayOutMantissa(digits, value < 0, destination);
        if (Math.Abs(exponent) < 10)
        {
            destination[length] = (byte)'e';
            destination[length + 1] = exponent < 0 ? (byte)'-' : (byte)'+';
            destination[length + 2] = (byte)'0';
            destination[length + 3] = (byte)('0' + Math.Abs(exponent));
            return length + 4;
        }
        return length + WriteExponent(exponent, destination[length..]);
    }

    /// <summary>A double through long double's <c>%.17Lf</c> without trailing zeros: coordinates. The value must be finite.</summary>
    public static int FormatHuman(double value, Span<byte> destination) => ExtendedFloat.FromDouble(value).Format(destination);

    /// <summary>
    /// Four decimals, for distances: ten thousand times the value is rounded half to even, so the last digit can differ from C's <c>%.4f</c>, which rounds the
    /// exact value. Not negative.
    /// </summary>
    public static int FormatDistance(double value, Span<byte> destination)
    {
        const double unit = 10_000;
        if (value * unit > long.MaxValue / 2)
        {
            value.TryFormat(destination, out var all, "F4", CultureInfo.InvariantCulture);
            return all;
        }

        var (whole, fraction) = Math.DivRem((long)Math.Round(value * unit), (long)unit);
        Utf8Formatter.TryFormat(whole, destination, out var written);
        destination[written++] = (byte)'.';
        Utf8Formatter.TryFormat(fraction, destination[written..], out var decimals, new StandardFormat('D', 4));
        return written + decimals;
    }

    private static int FormatSpecial(double value, Span<byte> destination) =>
        Copy(double.IsNaN(value) ? "nan"u8 : value < 0 ? "-inf"u8 : "inf"u8, destination);

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        text.CopyTo(destination);
        return text.Length;
    }

    /// <summary>Significant digits without zeros at either end, and the power of ten of the first one.</summary>
    private static int SplitDigits(ReadOnlySpan<byte> raw, Span<byte> digits, out int exponent)
    {
        var count = 0;
        var beforeDot = 0;
        var seenDot = false;
        exponent = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var b = raw[i];
            if (b == '-') continue;
            if (b == '.') seenDot = true;
            else if (b == 'E')
            {
                exponent = int.Parse(raw[(i + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                break;
            }
            else
            {
                if (count == 0 && b == '0')
                {
                    if (seenDot) beforeDot--;                              // 0.00123: leading zeros only move the exponent
                    continue;
                }
                digits[count++] = b;
                if (!seenDot) beforeDot++;
            }
        }
        while (count > 1 && digits[count - 1] == '0') count--;
        exponent += beforeDot - 1;
        return count;
    }

    /// <summary>digits × 10^<paramref name="power"/>, plain or with exponent by the rules of the shortest printer in 7.2.</summary>
    private static int LayOutShortest(ReadOnlySpan<byte> digits, int power, bool negative, Span<byte> destination)
    {
        var exponent = power + digits.Length - 1;
        var distance = Math.Abs(exponent);
        var plain = power >= 0 ? distance < digits.Length + 7 : power > -7 || distance < 4;
        if (plain) return LayOutPlain(digits, power, negative, destination);

        digits = digits[..Math.Min(digits.Length, negative ? 17 : 18)];
        var length = LayOutMantissa(digits, negative, destination);
        return length + WriteExponent(exponent, destination[length..]);
    }

    private static int LayOutPlain(ReadOnlySpan<byte> digits, int power, bool negative, Span<byte> destination)
    {
        var length = 0;
        if (negative) destination[length++] = (byte)'-';
        if (power >= 0)
        {
            digits.CopyTo(destination[length..]);
            destination.Slice(length + digits.Length, power).Fill((byte)'0');
            return length + digits.Length + power;
        }

        var before = digits.Length + power;
        if (before <= 0)
        {
            "0."u8.CopyTo(destination[length..]);
            destination.Slice(length + 2, -before).Fill((byte)'0');
            digits.CopyTo(destination[(length + 2 - before)..]);
            return length + 2 - before + digits.Length;
        }
        digits[..before].CopyTo(destination[length..]);
        destination[length + before] = (byte)'.';
        digits[before..].CopyTo(destination[(length + before + 1)..]);
        return length + digits.Length + 1;
    }

    private static int LayOutMantissa(ReadOnlySpan<byte> digits, bool negative, Span<byte> destination)
    {
        var length = 0;
        if (negative) destination[length++] = (byte)'-';
        destination[length++] = digits[0];
        if (digits.Length == 1) return length;
        destination[length++] = (byte)'.';
        digits[1..].CopyTo(destination[length..]);
        return length + digits.Length - 1;
    }

    private static int WriteExponent(int exponent, Span<byte> destination)
    {
        destination[0] = (byte)'e';
        destination[1] = exponent < 0 ? (byte)'-' : (byte)'+';
        Utf8Formatter.TryFormat(Math.Abs(exponent), destination[2..], out var written);
        return written + 2;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (>= 9 and <= 13);
}

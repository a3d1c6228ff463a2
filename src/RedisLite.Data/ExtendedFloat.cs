using System.Numerics;

namespace RedisLite.Data;

/// <summary>
/// The 80-bit float that C calls <c>long double</c> on x86: 64 bits of mantissa, 15 of exponent, rounding to nearest even. INCRBYFLOAT and
/// HINCRBYFLOAT add in it, and their replies and stored texts show digits that a double does not have, so it is rebuilt here:
/// value = mantissa × 2^exponent. Only what these commands need: read, add, write with 17 decimals.
///
/// 128-bit arithmetic covers every number that people use; whatever is longer takes BigInteger, which allocates but is exact.
/// </summary>
internal readonly struct ExtendedFloat
{
    private const int MantissaBits = 64;
    private const int ExponentMin = -16445;                                // of the last bit of a denormal
    private const int MagnitudeMax = 16384;                                // 2^16384 is infinity
    private const int Decimals = 17;

    /// <summary>Redis takes no text of this length or more for a long double; any result fits too.</summary>
    public const int TextMax = 5 * 1024;

    private static readonly ulong[] PowersOfTen = BuildPowersOfTen();

    private readonly ulong mantissa;
    private readonly int exponent;
    private readonly bool negative;

    private ExtendedFloat(bool negative, ulong mantissa, int exponent, FloatKind kind = FloatKind.Finite)
    {
        this.negative = negative;
        this.mantissa = mantissa;
        this.exponent = mantissa == 0 ? 0 : exponent;
        Kind = kind;
    }

    public FloatKind Kind { get; }

    public bool IsFinite => Kind == FloatKind.Finite;

    public static ExtendedFloat FromInt64(long value) => new(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, 0);

    public static ExtendedFloat FromDouble(double value)
    {
        if (!double.IsFinite(value)) return new(value < 0, 0, 0, double.IsNaN(value) ? FloatKind.NaN : FloatKind.Infinity);
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var power = (int)(bits >> 52 & 0x7FF);
        var fraction = bits & 0xF_FFFF_FFFF_FFFF;
        return new(double.IsNegative(value), power == 0 ? fraction : fraction | 1UL << 52, Math.Max(power, 1) - 1075);
    }

    /// <summary>
    /// As Redis reads a long double: no white space, no overflow, no underflow to zero, no NaN. Infinity is read; the commands refuse results.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        value = default;
        if (text.Length >= TextMax) return false;
        var scan = FloatScanner.Scan(text);
        if (scan.Kind == FloatKind.Infinity)
        {
            value = new(scan.Negative, 0, 0, FloatKind.Infinity);
            return true;
        }
        if (scan.Kind != FloatKind.Finite) return false;

        var isSmall = scan.TryGetSmall(out var digits, out var power);
        if (isSmall && digits == 0)
        {
            value = new(scan.Negative, 0, 0);
            return true;
        }
        if (isSmall && !scan.IsHex && power is <= 0 and >= -17)
            value = Divide(scan.Negative, digits, PowersOfTen[-power]);
        else if (!ParseLong(scan, out value))
            return false;
        return value.Kind == FloatKind.Finite;
    }

    private static bool ParseLong(scoped in FloatScanner scan, out ExtendedFloat value)
    {
        value = new(scan.Negative, 0, 0);
        var digits = scan.GetDigits(out var power);
        if (digits.IsZero) return true;

        var magnitude = scan.IsHex ? power + (double)digits.GetBitLength() : power + digits.GetBitLength() * 0.30103;
        var limit = scan.IsHex ? 16500 : 5000;
        if (magnitude > limit || magnitude < -limit) return false;         // far out: do not build the number

        BigInteger numerator = digits, denominator = BigInteger.One;
        var scale = scan.IsHex ? BigInteger.One << Math.Abs(power) : BigInteger.Pow(10, Math.Abs(power));
        if (power >= 0) numerator *= scale;
        else denominator = scale;
        value = Round(scan.Negative, numerator, denominator);
        return value.mantissa != 0 || value.Kind != FloatKind.Finite;
    }

    public static ExtendedFloat operator +(ExtendedFloat a, ExtendedFloat b)
    {
        if (!a.IsFinite || !b.IsFinite)
        {
            if (!a.IsFinite && !b.IsFinite && a.negative != b.negative) return new(false, 0, 0, FloatKind.NaN);
            return a.IsFinite ? b : a;
        }
        if (a.mantissa == 0) return b.mantissa == 0 ? new(a.negative && b.negative, 0, 0) : b;
        if (b.mantissa == 0) return a;
        if (a.exponent < b.exponent) (a, b) = (b, a);

        var gap = a.exponent - b.exponent;
        if (gap < 63)
        {
            var high = (UInt128)a.mantissa << gap;
            UInt128 low = b.mantissa;
            if (a.negative == b.negative) return Round(a.negative, high + low, b.exponent);
            if (high == low) return new(false, 0, 0);
            return high > low ? Round(a.negative, high - low, b.exponent) : Round(b.negative, low - high, b.exponent);
        }

        var sum = (a.Signed() << gap) + b.Signed();
        return RoundScaled(sum.Sign < 0, BigInteger.Abs(sum), b.exponent);
    }

    /// <summary>The text of <c>%.17Lf</c> without trailing zeros, and never <c>-0</c>. The value must be finite.</summary>
    public int Format(Span<byte> destination)
    {
        if (!IsFinite) throw new InvalidOperationException("Only finite numbers have this text.");
        if (exponent > 0) return FormatInteger(destination, (BigInteger)mantissa << exponent);

        // mantissa × 10^17 has at most 121 bits.
        var scaled = (UInt128)mantissa * PowersOfTen[Decimals];
        var shift = -exponent;
        UInt128 whole = 0, rest = 0, half = 1;
        if (shift == 0) whole = scaled;
        else if (shift < 128)
        {
            whole = scaled >> shift;
            rest = scaled & (UInt128.One << shift) - 1;
            half = UInt128.One << shift - 1;
        }
        if (rest > half || rest == half && (whole & 1) == 1) whole++;

        var (integral, fraction) = UInt128.DivRem(whole, PowersOfTen[Decimals]);
        var length = 0;
        if (negative && whole != 0) destination[length++] = (byte)'-';
        ((ulong)integral).TryFormat(destination[length..], out var written);
        length += written;
        if (fraction == 0) return length;

        destination[length++] = (byte)'.';
        ((ulong)fraction).TryFormat(destination[length..], out written, "D17");
        length += Decimals;
        while (destination[length - 1] == '0') length--;
        return length;
    }

    private int FormatInteger(Span<byte> destination, BigInteger magnitude)
    {
        var text = magnitude.ToString();
        var length = 0;
        if (negative) destination[length++] = (byte)'-';
        return length + System.Text.Encoding.ASCII.GetBytes(text, destination[length..]);
    }

    private BigInteger Signed() => negative ? -(BigInteger)mantissa : mantissa;

    // ---- rounding to 64 bits, half to even ----

    private static ExtendedFloat Divide(bool negative, ulong numerator, ulong denominator)
    {
        // Shift so that the quotient has 64 or 65 bits; the remainder becomes a sticky bit below them.
        var shift = MantissaBits + 1 - BitLength(numerator) + BitLength(denominator);
        shift = Math.Min(shift, 128 - BitLength(numerator));
        var (quotient, remainder) = UInt128.DivRem((UInt128)numerator << shift, denominator);
        return Round(negative, quotient << 1 | (remainder == 0 ? 0u : 1u), -shift - 1);
    }

    private static ExtendedFloat Round(bool negative, UInt128 value, int exponent)
    {
        var excess = 128 - (int)UInt128.LeadingZeroCount(value) - MantissaBits;
        if (excess <= 0) return new(negative, (ulong)value, exponent);

        var kept = value >> excess;
        var rest = value & (UInt128.One << excess) - 1;
        var half = UInt128.One << excess - 1;
        if (rest > half || rest == half && (kept & 1) == 1) kept++;
        if (kept >> MantissaBits != 0)
        {
            kept >>= 1;
            excess++;
        }
        return new(negative, (ulong)kept, exponent + excess);
    }

    private static ExtendedFloat Round(bool negative, BigInteger numerator, BigInteger denominator)
    {
        var exponent = (int)(numerator.GetBitLength() - denominator.GetBitLength()) - MantissaBits - 2;
        exponent = Math.Max(exponent, ExponentMin - 2);                    // two bits more than kept, then one rounding below
        if (exponent < 0) numerator <<= -exponent;
        else denominator <<= exponent;
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        return RoundScaled(negative, quotient << 1 | (remainder.IsZero ? 0 : 1), exponent - 1);
    }

    private static ExtendedFloat RoundScaled(bool negative, BigInteger value, int exponent)
    {
        if (value.IsZero) return new(false, 0, 0);
        var excess = Math.Max((int)value.GetBitLength() - MantissaBits, ExponentMin - exponent);
        if (excess > 0)
        {
            var kept = value >> excess;
            var rest = value - (kept << excess);
            var half = BigInteger.One << excess - 1;
            if (rest > half || rest == half && !kept.IsEven) kept += 1;
            if (kept.GetBitLength() > MantissaBits)
            {
                kept >>= 1;
                excess++;
            }
            value = kept;
            exponent += excess;
        }
        if (value.GetBitLength() + exponent > MagnitudeMax) return new(negative, 0, 0, FloatKind.Infinity);
        return new(negative, (ulong)value, exponent);
    }

    private static int BitLength(ulong value) => 64 - BitOperations.LeadingZeroCount(value);

    private static ulong[] BuildPowersOfTen()
    {
        var powers = new ulong[Decimals + 1];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++) powers[i] = powers[i - 1] * 10;
        return powers;
    }
}

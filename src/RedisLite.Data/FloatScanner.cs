using System.Numerics;

namespace RedisLite.Data;

internal enum FloatKind { Invalid, Finite, Infinity, NaN }

/// <summary>
/// What C's strtod and strtold accept, taken apart without giving it a width yet: sign, digits, exponent. Decimal and hexadecimal
/// (<c>0x1.8p3</c>), <c>inf</c>, <c>infinity</c>, <c>nan</c>, <c>nan(chars)</c> in any case. White space is the caller's matter.
/// </summary>
internal readonly ref struct FloatScanner
{
    /// <summary>Beyond this, an exponent means overflow or underflow in every format that is read here.</summary>
    private const long ExponentMax = 1_000_000;

    private readonly ReadOnlySpan<byte> text;                              // digits with at most one dot

    public FloatKind Kind { get; }

    public bool Negative { get; }

    public bool IsHex { get; }

    /// <summary>Power of ten (or of two, for hex) written after the digits.</summary>
    public int Exponent { get; }

    private FloatScanner(FloatKind kind, bool negative, bool isHex = false, ReadOnlySpan<byte> text = default, long exponent = 0)
    {
        Kind = kind;
        Negative = negative;
        IsHex = isHex;
        this.text = text;
        Exponent = (int)Math.Clamp(exponent, -ExponentMax, ExponentMax);
    }

    /// <summary>The whole text must be one number; otherwise Kind is Invalid.</summary>
    public static FloatScanner Scan(ReadOnlySpan<byte> text)
    {
        var negative = false;
        if (!text.IsEmpty && text[0] is (byte)'+' or (byte)'-')
        {
            negative = text[0] == '-';
            text = text[1..];
        }
        if (text.IsEmpty) return default;
        if (text[0] is not ((>= (byte)'0' and <= (byte)'9') or (byte)'.')) return ScanWord(text, negative);

        if (text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') return ScanDigits(text[2..], negative, isHex: true);
        return ScanDigits(text, negative, isHex: false);
    }

    private static FloatScanner ScanWord(ReadOnlySpan<byte> text, bool negative)
    {
        if (EqualsIgnoreCase(text, "inf"u8) || EqualsIgnoreCase(text, "infinity"u8)) return new(FloatKind.Infinity, negative);
        if (text.Length < 3 || !EqualsIgnoreCase(text[..3], "nan"u8)) return default;
        text = text[3..];
        if (text.IsEmpty) return new(FloatKind.NaN, negative);
        if (text.Length < 2 || text[0] != '(' || text[^1] != ')') return default;
        foreach (var b in text[1..^1])
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '_') return default;
        return new(FloatKind.NaN, negative);
    }

    private static FloatScanner ScanDigits(ReadOnlySpan<byte> text, bool negative, bool isHex)
    {
        int i = 0, digits = 0;
        var dot = false;
        for (; i < text.Length; i++)
        {
            if (text[i] == '.' && !dot) dot = true;
            else if (isHex ? char.IsAsciiHexDigit((char)text[i]) : char.IsAsciiDigit((char)text[i])) digits++;
            else break;
        }
        if (digits == 0) return default;
        if (i == text.Length) return new(FloatKind.Finite, negative, isHex, text);
        if ((text[i] | 0x20) != (isHex ? 'p' : 'e')) return default;

        var rest = text[(i + 1)..];
        var down = false;
        if (!rest.IsEmpty && rest[0] is (byte)'+' or (byte)'-')
        {
            down = rest[0] == '-';
            rest = rest[1..];
        }
        if (rest.IsEmpty) return default;

        long exponent = 0;
        foreach (var b in rest)
        {
            if (!char.IsAsciiDigit((char)b)) return default;
            exponent = Math.Min(exponent * 10 + (b - '0'), ExponentMax);
        }
        return new(FloatKind.Finite, negative, isHex, text[..i], down ? -exponent : exponent);
    }

    /// <summary>
    /// The digits as an integer, with the power that goes with it (of ten, or of two for hex). False when they do not fit 64 bits.
    /// </summary>
    public bool TryGetSmall(out ulong digits, out int power)
    {
        digits = 0;
        power = Exponent;
        if (text.Length > (IsHex ? 17 : 20)) return false;
        var dot = false;
        foreach (var b in text)
        {
            if (b == '.')
            {
                dot = true;
                continue;
            }
            digits = IsHex ? digits << 4 | (uint)HexValue(b) : digits * 10 + (uint)(b - '0');
            if (dot) power -= IsHex ? 4 : 1;
        }
        return text.Length <= (IsHex ? 16 : 19) || dot;
    }

    public BigInteger GetDigits(out int power)
    {
        power = Exponent;
        var value = BigInteger.Zero;
        var dot = text.IndexOf((byte)'.');
        if (dot >= 0) power -= (text.Length - dot - 1) * (IsHex ? 4 : 1);

        // Eighteen digits a step keeps long inputs (they end at some 5000 bytes) cheap enough.
        ulong chunk = 0, scale = 1;
        foreach (var b in text)
        {
            if (b == '.') continue;
            chunk = IsHex ? chunk << 4 | (uint)HexValue(b) : chunk * 10 + (uint)(b - '0');
            scale *= IsHex ? 16u : 10u;
            if (scale < 100_000_000_000_000_000) continue;
            value = value * scale + chunk;
            chunk = 0;
            scale = 1;
        }
        return value * scale + chunk;
    }

    private static int HexValue(byte b) => b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10;

    private static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length != lower.Length) return false;
        for (var i = 0; i < text.Length; i++)
            if ((text[i] | 0x20) != lower[i]) return false;
        return true;
    }
}

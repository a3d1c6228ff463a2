using System.Buffers.Text;
using System.Globalization;

namespace RedisLite.Lua;

// Numbers to text and back exactly as the C library does it for Lua 5.1: "%.14g" one way, strtod the other (with its hexadecimal
// floats, "inf" and "nan", and with a NUL ending the text).
internal static class NumberText
{
    private const int CachedIntegers = 256;
    private static readonly LuaString?[] SmallIntegers = new LuaString?[CachedIntegers];

    internal static LuaString ToLuaString(double number)
    {
        var small = (int)number;
        if (small == number && (uint)small < CachedIntegers && (small != 0 || !double.IsNegative(number)))
            return SmallIntegers[small] ??= Format(number);
        return Format(number);
    }

    private static LuaString Format(double number)
    {
        Span<byte> buffer = stackalloc byte[40];
        return LuaString.From(buffer[..Write(number, buffer)]);
    }

    /// <summary>Writes "%.14g" of the number; 32 bytes are always enough.</summary>
    internal static int Write(double number, Span<byte> target)
    {
        if (Math.Abs(number) < 1e14 && number == Math.Truncate(number) && !(number == 0 && double.IsNegative(number)))
        {
            Utf8Formatter.TryFormat((long)number, target, out var written);
            return written;
        }
        return Printf.WriteG(number, 14, target);
    }

    /// <summary>A whole text as a number: white space around it is allowed, a NUL ends it.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out double number)
    {
        var nul = text.IndexOf((byte)0);
        if (nul >= 0) text = text[..nul];
        text = TrimStart(text);
        var length = ParsePrefix(text, out number);
        if (length == 0) return false;
        return TrimStart(text[length..]).IsEmpty;
    }

    /// <summary>tonumber(text, base) of Lua 5.1, that is strtoul: wraps negatives, saturates.</summary>
    internal static bool TryParseInBase(ReadOnlySpan<byte> text, int radix, out double number)
    {
        number = 0;
        var nul = text.IndexOf((byte)0);
        if (nul >= 0) text = text[..nul];
        text = TrimStart(text);
        var negative = TakeSign(ref text);
        if (radix == 16 && text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' && DigitOf(text[2]) < 16) text = text[2..];

        ulong value = 0;
        var overflow = false;
        var i = 0;
        for (; i < text.Length && DigitOf(text[i]) < radix; i++)
        {
            var high = Math.BigMul(value, (ulong)radix, out var low);
            var next = low + (ulong)DigitOf(text[i]);
            overflow |= high != 0 || next < low;
            value = next;
        }
        if (i == 0 || !TrimStart(text[i..]).IsEmpty) return false;
        number = overflow ? ulong.MaxValue : negative ? 0 - value : value;
        return true;
    }

    internal static int DigitOf(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => c - '0',
        >= (byte)'a' and <= (byte)'z' => c - 'a' + 10,
        >= (byte)'A' and <= (byte)'Z' => c - 'A' + 10,
        _ => 99,
    };

    internal static bool IsSpace(byte c) => c == ' ' || (c >= 9 && c <= 13);

    private static ReadOnlySpan<byte> TrimStart(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty && IsSpace(text[0])) text = text[1..];
        return text;
    }

    private static bool TakeSign(ref ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || (text[0] != '-' && text[0] != '+')) return false;
        var negative = text[0] == '-';
        text = text[1..];
        return negative;
    }

    // The longest prefix that strtod takes; 0 when there is none.
    internal static int ParsePrefix(ReadOnlySpan<byte> text, out double number)
    {
        var rest = text;
        var negative = TakeSign(ref rest);
        var sign = text.Length - rest.Length;
        var length = 0;
        number = 0;
        if (!rest.IsEmpty)
        {
            length = (rest[0] | 0x20) is 'i' or 'n' ? ParseWord(rest, out number)
                : rest.Length > 1 && rest[0] == '0' && (rest[1] | 0x20) == 'x' ? ParseHex(rest, out number)
                : ParseDecimal(rest, out number);
        }
        if (negative) number = -number;
        return length == 0 ? 0 : length + sign;
    }

    private static int ParseWord(ReadOnlySpan<byte> text, out double number)
    {
        number = double.PositiveInfinity;
        if (StartsWith(text, "infinity"u8)) return 8;
        if (StartsWith(text, "inf"u8)) return 3;
        number = Math.CopySign(double.NaN, 1);   // the one of .NET has its sign bit set
        return StartsWith(text, "nan"u8) ? 3 : 0;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        if (text.Length < word.Length) return false;
        for (var i = 0; i < word.Length; i++)
        {
            if ((text[i] | 0x20) != word[i]) return false;
        }
        return true;
    }

    private static int ParseDecimal(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;
        var i = 0;
        var digits = 0;
        while (i < text.Length && char.IsAsciiDigit((char)text[i])) { i++; digits++; }
        if (digits == i && i is > 0 and < 16 && (i == text.Length || !(text[i] == '.' || (text[i] | 0x20) == 'e')))
        {
            long value = 0;
            foreach (var c in text[..i]) value = (value * 10) + (c - '0');
            number = value;
            return i;
        }
        if (i < text.Length && text[i] == '.')
        {
            i++;
            while (i < text.Length && char.IsAsciiDigit((char)text[i])) { i++; digits++; }
        }
        if (digits == 0) return 0;
        i += ExponentLength(text[i..], 'e');
        double.TryParse(text[..i], NumberStyles.Float, CultureInfo.InvariantCulture, out number);
        return i;
    }

    private static int ExponentLength(ReadOnlySpan<byte> text, char letter)
    {
        if (text.IsEmpty || (text[0] | 0x20) != letter) return 0;
        var i = 1;
        if (i < text.Length && (text[i] == '+' || text[i] == '-')) i++;
        var start = i;
        while (i < text.Length && char.IsAsciiDigit((char)text[i])) i++;
        return i == start ? 0 : i;
    }

    private static int ParseHex(ReadOnlySpan<byte> text, out double number)
    {
        // 0x, digits with an optional point, an optional binary exponent. "0x" alone is the number 0 followed by an x.
        ulong mantissa = 0;
        int exponent = 0, digits = 0, i = 2;
        var seenPoint = false;
        var sticky = false;
        for (; i < text.Length; i++)
        {
            if (text[i] == '.' && !seenPoint) { seenPoint = true; continue; }
            var digit = DigitOf(text[i]);
            if (digit >= 16) break;
            digits++;
            if (mantissa < 1UL << 59)
            {
                mantissa = (mantissa << 4) | (uint)digit;
                if (seenPoint) exponent -= 4;
            }
            else
            {
                sticky |= digit != 0;
                if (!seenPoint) exponent += 4;
            }
        }
        number = 0;
        if (digits == 0) return 1;
        var length = ExponentLength(text[i..], 'p');
        if (length > 0)
        {
            var negative = text[i + 1] == '-';
            long value = 0;
            foreach (var c in text.Slice(i + 1, length - 1))
            {
                if (char.IsAsciiDigit((char)c)) value = Math.Min((value * 10) + (c - '0'), 1_000_000);
            }
            exponent = (int)Math.Clamp(exponent + (negative ? -value : value), -1_000_000, 1_000_000);
        }
        if (sticky) mantissa |= 1;
        number = Math.ScaleB((double)mantissa, exponent);
        return i + length;
    }
}

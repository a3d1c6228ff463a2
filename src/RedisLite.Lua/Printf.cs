using System.Buffers.Text;

namespace RedisLite.Lua;

// The conversions of C's printf that string.format offers. .NET formats doubles with exact digits at any precision and rounds
// half to even, as the C library does; what differs is only the shape of the text, which is made here.
internal ref struct FormatSpec
{
    internal bool Left, Plus, Space, Alternate, Zero;
    internal int Width;
    internal int Precision;     // -1: not given
}

internal static class Printf
{
    internal static void WriteInteger(ByteBuffer output, long value, in FormatSpec spec)
    {
        Span<byte> digits = stackalloc byte[24];
        var magnitude = value < 0 ? (ulong)-value : (ulong)value;
        Utf8Formatter.TryFormat(magnitude, digits, out var length);
        if (spec.Precision == 0 && value == 0) length = 0;
        ReadOnlySpan<byte> sign = value < 0 ? "-"u8 : spec.Plus ? "+"u8 : spec.Space ? " "u8 : default;
        WriteDigits(output, sign, digits[..length], spec);
    }

    internal static void WriteUnsigned(ByteBuffer output, ulong value, byte conversion, in FormatSpec spec)
    {
        Span<byte> reversed = stackalloc byte[24];
        var length = 0;
        var radix = conversion == 'o' ? 8u : conversion == 'u' ? 10u : 16u;
        var alphabet = conversion == 'X' ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        for (var rest = value; rest != 0; rest /= radix) reversed[length++] = alphabet[(int)(rest % radix)];
        if (value == 0 && spec.Precision != 0) reversed[length++] = (byte)'0';
        if (conversion == 'o' && spec.Alternate && spec.Precision <= length && (length == 0 || reversed[length - 1] != '0')) reversed[length++] = (byte)'0';
        var digits = reversed[..length];
        digits.Reverse();
        var prefix = !spec.Alternate || value == 0 || radix != 16 ? default : conversion == 'X' ? "0X"u8 : "0x"u8;
        WriteDigits(output, prefix, digits, spec);
    }

    internal static void WriteDouble(ByteBuffer output, double value, byte conversion, in FormatSpec spec)
    {
        var negative = double.IsNegative(value) && !double.IsNaN(value);
        ReadOnlySpan<byte> sign = negative ? "-"u8 : spec.Plus ? "+"u8 : spec.Space ? " "u8 : default;
        if (double.IsNaN(value) && double.IsNegative(value)) sign = "-"u8;
        var upper = conversion is (byte)'E' or (byte)'F' or (byte)'G';
        if (!double.IsFinite(value))
        {
            var word = double.IsNaN(value) ? (upper ? "NAN"u8 : "nan"u8) : upper ? "INF"u8 : "inf"u8;
            Pad(output, sign, word, spec, zero: false);
            return;
        }
        var precision = spec.Precision < 0 ? 6 : spec.Precision;
        Span<byte> text = stackalloc byte[520];
        var length = (conversion | 0x20) switch
        {
            'e' => WriteE(Math.Abs(value), precision, spec.Alternate, text),
            'f' => WriteF(Math.Abs(value), precision, spec.Alternate, text),
            _ => WriteG(Math.Abs(value), precision, text, spec.Alternate),
        };
        if (upper)
        {
            var e = text[..length].IndexOf((byte)'e');
            if (e >= 0) text[e] = (byte)'E';
        }
        Pad(output, sign, text[..length], spec, spec.Zero);
    }

    /// <summary>%c, with C's end at a NUL: a NUL character hides itself and what would follow.</summary>
    internal static void WriteCharacter(ByteBuffer output, byte c, in FormatSpec spec)
    {
        if (c != 0) Pad(output, default, [c], spec, zero: false);
        else if (!spec.Left) output.Fill((byte)' ', spec.Width - 1);
    }

    internal static void WriteString(ByteBuffer output, ReadOnlySpan<byte> text, in FormatSpec spec)
    {
        if (spec.Precision >= 0 && spec.Precision < text.Length) text = text[..spec.Precision];
        Pad(output, default, text, spec, zero: false);
    }

    /// <summary>"%.{precision}g" into the target; returns the length.</summary>
    internal static int WriteG(double value, int precision, Span<byte> target, bool alternate = false)
    {
        var start = 0;
        if (double.IsNegative(value))
        {
            target[start++] = (byte)'-';
            value = -value;
        }
        if (!double.IsFinite(value))
        {
            (double.IsNaN(value) ? "nan"u8 : "inf"u8).CopyTo(target[start..]);
            return start + 3;
        }
        if (precision == 0) precision = 1;
        Span<byte> digits = stackalloc byte[precision + 1];
        var exponent = Digits(value, digits[..precision]);
        var count = precision;
        if (!alternate)
        {
            while (count > 1 && digits[count - 1] == '0') count--;
        }
        var output = target[start..];
        if (exponent < -4 || exponent >= precision) return start + Scientific(digits[..count], exponent, alternate, output);
        return start + Positional(digits[..count], exponent, alternate, output);
    }

    private static int WriteE(double value, int precision, bool alternate, Span<byte> target)
    {
        Span<byte> digits = stackalloc byte[precision + 1];
        var exponent = Digits(value, digits);
        return Scientific(digits, exponent, alternate, target);
    }

    private static int WriteF(double value, int precision, bool alternate, Span<byte> target)
    {
        Span<char> format = stackalloc char[8];
        format[0] = 'F';
        precision.TryFormat(format[1..], out var formatLength);
        value.TryFormat(target, out var length, format[..(formatLength + 1)]);
        if (precision == 0 && alternate) target[length++] = (byte)'.';
        return length;
    }

    // Correctly rounded significant digits of a finite, non-negative value; returns the decimal exponent of the first one.
    private static int Digits(double value, Span<byte> digits)
    {
        if (value == 0)
        {
            digits.Fill((byte)'0');
            return 0;
        }
        Span<char> format = stackalloc char[8];
        format[0] = 'E';
        (digits.Length - 1).TryFormat(format[1..], out var formatLength);
        Span<byte> text = stackalloc byte[digits.Length + 12];
        value.TryFormat(text, out var length, format[..(formatLength + 1)]);
        digits[0] = text[0];
        var e = 1;
        if (digits.Length > 1)
        {
            text.Slice(2, digits.Length - 1).CopyTo(digits[1..]);
            e = digits.Length + 1;
        }
        return Utf8Parser.TryParse(text[(e + 1)..length], out int exponent, out _) ? exponent : 0;
    }

    private static int Scientific(ReadOnlySpan<byte> digits, int exponent, bool alternate, Span<byte> target)
    {
        var n = 0;
        target[n++] = digits[0];
        if (digits.Length > 1 || alternate) target[n++] = (byte)'.';
        digits[1..].CopyTo(target[n..]);
        n += digits.Length - 1;
        target[n++] = (byte)'e';
        target[n++] = exponent < 0 ? (byte)'-' : (byte)'+';
        var magnitude = Math.Abs(exponent);
        if (magnitude >= 100) target[n++] = (byte)('0' + (magnitude / 100));
        target[n++] = (byte)('0' + (magnitude / 10 % 10));
        target[n++] = (byte)('0' + (magnitude % 10));
        return n;
    }

    private static int Positional(ReadOnlySpan<byte> digits, int exponent, bool alternate, Span<byte> target)
    {
        var n = 0;
        if (exponent < 0)
        {
            target[n++] = (byte)'0';
            target[n++] = (byte)'.';
            for (var i = -1; i > exponent; i--) target[n++] = (byte)'0';
            digits.CopyTo(target[n..]);
            return n + digits.Length;
        }
        for (var i = 0; i < digits.Length || i <= exponent; i++)
        {
            if (i == exponent + 1) target[n++] = (byte)'.';
            target[n++] = i < digits.Length ? digits[i] : (byte)'0';
        }
        if (alternate && digits.Length <= exponent + 1) target[n++] = (byte)'.';
        return n;
    }

    private static void WriteDigits(ByteBuffer output, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> digits, in FormatSpec spec)
    {
        var zeros = Math.Max(0, spec.Precision - digits.Length);
        if (spec.Precision < 0 && spec.Zero && !spec.Left) zeros = Math.Max(0, spec.Width - prefix.Length - digits.Length);
        var padding = Math.Max(0, spec.Width - prefix.Length - zeros - digits.Length);
        if (!spec.Left) output.Fill((byte)' ', padding);
        output.Write(prefix);
        output.Fill((byte)'0', zeros);
        output.Write(digits);
        if (spec.Left) output.Fill((byte)' ', padding);
    }

    private static void Pad(ByteBuffer output, ReadOnlySpan<byte> sign, ReadOnlySpan<byte> text, in FormatSpec spec, bool zero)
    {
        var padding = Math.Max(0, spec.Width - sign.Length - text.Length);
        if (!spec.Left && !zero) output.Fill((byte)' ', padding);
        output.Write(sign);
        if (!spec.Left && zero) output.Fill((byte)'0', padding);
        output.Write(text);
        if (spec.Left) output.Fill((byte)' ', padding);
    }
}

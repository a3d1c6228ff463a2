namespace RedisLite.Lua.Library;

/// <summary>string.format: C's printf with the restrictions and messages of Lua 5.1.</summary>
internal static class StringFormat
{
    internal static int Format(LuaCall call)
    {
        var format = call.CheckString(0).Bytes;
        var output = call.Runtime.Buffer;   // nothing below calls back into Lua
        output.Clear();
        var argument = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Write(format[i]);
                continue;
            }
            if (++i < format.Length && format[i] == '%')
            {
                output.Write((byte)'%');
                continue;
            }
            if (++argument >= call.Count) throw call.ArgumentError(argument, "no value");
            var spec = ReadSpec(call, format, ref i);
            Convert(call, argument, i < format.Length ? format[i] : (byte)0, spec, output);
        }
        return call.Return(output.ToLuaString());
    }

    private static FormatSpec ReadSpec(LuaCall call, ReadOnlySpan<byte> format, ref int i)
    {
        var spec = new FormatSpec { Precision = -1 };
        var start = i;
        for (; i < format.Length; i++)
        {
            if (format[i] == '-') spec.Left = true;
            else if (format[i] == '+') spec.Plus = true;
            else if (format[i] == ' ') spec.Space = true;
            else if (format[i] == '#') spec.Alternate = true;
            else if (format[i] == '0') spec.Zero = true;
            else break;
        }
        if (i - start > 5) throw call.Error("invalid format (repeated flags)");
        spec.Width = ReadTwoDigits(format, ref i);
        if (i < format.Length && format[i] == '.')
        {
            i++;
            spec.Precision = ReadTwoDigits(format, ref i);
        }
        if (i < format.Length && char.IsAsciiDigit((char)format[i])) throw call.Error("invalid format (width or precision too long)");
        return spec;
    }

    private static int ReadTwoDigits(ReadOnlySpan<byte> format, ref int i)
    {
        var value = 0;
        for (var n = 0; n < 2 && i < format.Length && char.IsAsciiDigit((char)format[i]); n++) value = (value * 10) + (format[i++] - '0');
        return value;
    }

    private static void Convert(LuaCall call, int argument, byte conversion, in FormatSpec spec, ByteBuffer output)
    {
        switch ((char)conversion)
        {
            case 'c':
                Printf.WriteCharacter(output, ToCharacter(call.CheckNumber(argument)), spec);
                break;
            case 'd' or 'i':
                Printf.WriteInteger(output, LuaCall.ToInteger(call.CheckNumber(argument)), spec);
                break;
            case 'o' or 'u' or 'x' or 'X':
                Printf.WriteUnsigned(output, ToUnsigned(call.CheckNumber(argument)), conversion, spec);
                break;
            case 'e' or 'E' or 'f' or 'g' or 'G':
                Printf.WriteDouble(output, call.CheckNumber(argument), conversion, spec);
                break;
            case 'q':
                WriteQuoted(output, call.CheckString(argument).Bytes);
                break;
            case 's':
                WriteText(output, call.CheckString(argument).Bytes, spec);
                break;
            default:
                var shown = conversion == 0 ? "%" : $"%{(char)conversion}";
                throw call.Error($"invalid option '{shown}' to 'format'");
        }
    }

    /// <summary>The low byte of the number as a 32-bit integer, which a number out of that range is not: it is the character 0 then.</summary>
    private static byte ToCharacter(double value) => Math.Truncate(value) is >= int.MinValue and <= int.MaxValue ? (byte)(int)value : (byte)0;

    private static ulong ToUnsigned(double value) =>
        value < 9223372036854775808.0 ? (ulong)LuaCall.ToInteger(value) : (ulong)LuaCall.ToInteger(value - 9223372036854775808.0) ^ 0x8000000000000000;

    // Short text goes through printf in the reference, where a NUL ends it; long text without a precision is copied.
    private static void WriteText(ByteBuffer output, ReadOnlySpan<byte> text, in FormatSpec spec)
    {
        if (spec.Precision < 0 && text.Length >= 100)
        {
            output.Write(text);
            return;
        }
        var nul = text.IndexOf((byte)0);
        Printf.WriteString(output, nul < 0 ? text : text[..nul], spec);
    }

    private static void WriteQuoted(ByteBuffer output, ReadOnlySpan<byte> text)
    {
        output.Write((byte)'"');
        foreach (var c in text)
        {
            switch (c)
            {
                case (byte)'"' or (byte)'\\' or (byte)'\n':
                    output.Write((byte)'\\');
                    output.Write(c);
                    break;
                case (byte)'\r': output.Write("\\r"u8); break;
                case 0: output.Write("\\000"u8); break;
                default: output.Write(c); break;
            }
        }
        output.Write((byte)'"');
    }
}

namespace RedisLite.Lua.Library;

/// <summary>string.*, except patterns (PatternFunctions) and format (StringFormat). Strings carry these as methods.</summary>
internal static class StringLibrary
{
    internal static void Open(LuaRuntime runtime)
    {
        var table = Libraries.New(runtime, "string",
            ("byte", Byte), ("char", Char), ("dump", Dump), ("find", PatternFunctions.Find), ("format", StringFormat.Format),
            ("gmatch", PatternFunctions.GMatch), ("gsub", PatternFunctions.GSub), ("len", static call => call.Return(call.CheckString(0).Length)),
            ("lower", static call => ChangeCase(call, toUpper: false)), ("match", PatternFunctions.Match), ("rep", Repeat), ("reverse", Reverse),
            ("sub", Sub), ("upper", static call => ChangeCase(call, toUpper: true)));
        table["gfind"] = table["gmatch"];
        runtime.StringMetatable["__index"] = table;
    }

    /// <summary>A position counted from the end when negative.</summary>
    internal static long Absolute(long position, int length)
    {
        if (position < 0) position += (long)length + 1;
        return position >= 0 ? position : 0;
    }

    private static int Sub(LuaCall call)
    {
        var text = call.CheckString(0);
        var start = Math.Max(1, Absolute(call.CheckInteger(1), text.Length));
        var end = Math.Min(text.Length, Absolute(call.OptionalInteger(2, -1), text.Length));
        if (start > end) return call.Return(LuaString.Empty);
        if (start == 1 && end == text.Length) return call.Return(text);
        return call.ReturnBytes(text.Bytes[(int)(start - 1)..(int)end]);
    }

    private static int Byte(LuaCall call)
    {
        var text = call.CheckString(0);
        var first = Absolute(call.OptionalInteger(1, 1), text.Length);
        var last = Math.Min(text.Length, Absolute(call.OptionalInteger(2, first), text.Length));
        first = Math.Max(1, first);
        if (first > last) return 0;
        var count = last - first + 1;
        if (count >= Limits.HostStackSlots) throw call.Error("string slice too long");
        for (var i = first; i <= last; i++) call.Push(text.Bytes[(int)i - 1]);
        return (int)count;
    }

    private static int Char(LuaCall call)
    {
        var buffer = call.Runtime.Buffer;
        buffer.Clear();
        for (var i = 0; i < call.Count; i++)
        {
            var c = call.CheckInt(i);
            if (c != (byte)c) throw call.ArgumentError(i, "invalid value");
            buffer.Write((byte)c);
        }
        return call.Return(buffer.ToLuaString());
    }

    // Bytecode has no place in a sandbox: of a dumped function there is only the mark that bytecode begins with, and what begins so is never loaded.
    private static int Dump(LuaCall call)
    {
        if (call.CheckFunction(0) is not LuaClosure) throw call.Error("unable to dump given function");
        return call.ReturnBytes("\x1bLua"u8);
    }

    private static int ChangeCase(LuaCall call, bool toUpper)
    {
        var text = call.CheckString(0);
        call.Runtime.Meter.Charge(Meter.StringBytes + text.Length);
        var bytes = text.Bytes.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var c = (char)bytes[i];
            if (toUpper ? char.IsAsciiLetterLower(c) : char.IsAsciiLetterUpper(c)) bytes[i] ^= 0x20;
        }
        return call.Return(new LuaString(bytes));
    }

    private static int Reverse(LuaCall call)
    {
        var text = call.CheckString(0);
        call.Runtime.Meter.Charge(Meter.StringBytes + text.Length);
        var bytes = text.Bytes.ToArray();
        bytes.AsSpan().Reverse();
        return call.Return(new LuaString(bytes));
    }

    private static int Repeat(LuaCall call)
    {
        var text = call.CheckString(0);
        var count = call.CheckInt(1);
        if (count <= 0 || text.Length == 0) return call.Return(LuaString.Empty);
        var length = (long)count * text.Length;
        call.Runtime.Meter.Reserve(length);
        call.Runtime.Meter.Charge(Meter.StringBytes + length);
        call.Runtime.Spend((int)(length >> 10));
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        if (text.Length == 1) bytes.AsSpan().Fill(text.Bytes[0]);
        else FillRepeated(bytes, text.Bytes);
        return call.Return(new LuaString(bytes));
    }

    private static void FillRepeated(Span<byte> target, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target);
        for (var filled = text.Length; filled < target.Length;)
        {
            var part = target[..Math.Min(filled, target.Length - filled)];
            part.CopyTo(target[filled..]);
            filled += part.Length;
        }
    }
}

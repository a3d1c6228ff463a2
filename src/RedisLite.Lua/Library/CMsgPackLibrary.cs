using System.Buffers.Binary;

namespace RedisLite.Lua.Library;

/// <summary>cmsgpack: MessagePack with the choices of the library Redis embeds.</summary>
internal static class CMsgPackLibrary
{
    private const int PackNesting = 16;      // deeper tables become nil
    private const int UnpackNesting = 500;

    internal static void Open(LuaRuntime runtime)
    {
        var table = Libraries.New(runtime, "cmsgpack", ("pack", Pack), ("unpack", Unpack), ("unpack_one", UnpackOne), ("unpack_limit", UnpackLimit));
        table["_NAME"] = LuaValue.Of("cmsgpack");
        table["_VERSION"] = LuaValue.Of("lua-cmsgpack 0.4.0");
        table["_COPYRIGHT"] = LuaValue.Of("Copyright (C) 2012, Salvatore Sanfilippo");
        table["_DESCRIPTION"] = LuaValue.Of("MessagePack C implementation for Lua");
    }

    // ---- packing

    private static int Pack(LuaCall call)
    {
        if (call.Count == 0) throw call.ArgumentError(-1, "MessagePack pack needs input.");
        var output = new ByteBuffer(call.Runtime.Meter);
        for (var i = 0; i < call.Count; i++) Encode(call, output, call[i], 0);
        return call.Return(output.ToLuaString());
    }

    private static void Encode(LuaCall call, ByteBuffer output, in LuaValue value, int level)
    {
        switch (value.Ref)
        {
            case LuaString text: EncodeString(output, text.Bytes); break;
            case LuaTable table when level < PackNesting: EncodeTable(call, output, table, level); break;
            default:
                if (value.IsNumber) EncodeNumber(output, value.Num);
                else if (value.IsBoolean) output.Write(value.IsFalsy ? (byte)0xC2 : (byte)0xC3);
                else output.Write(0xC0);
                break;
        }
    }

    private static void Header(ByteBuffer output, byte code, ulong value, int bytes)
    {
        Span<byte> buffer = stackalloc byte[9];
        buffer[0] = code;
        BinaryPrimitives.WriteUInt64BigEndian(buffer[1..], value << (64 - (bytes * 8)));
        output.Write(buffer[..(bytes + 1)]);
    }

    private static void EncodeString(ByteBuffer output, ReadOnlySpan<byte> text)
    {
        if (text.Length < 32) output.Write((byte)(0xA0 | text.Length));
        else if (text.Length <= 0xFF) Header(output, 0xD9, (ulong)text.Length, 1);
        else if (text.Length <= 0xFFFF) Header(output, 0xDA, (ulong)text.Length, 2);
        else Header(output, 0xDB, (ulong)text.Length, 4);
        output.Write(text);
    }

    private static void EncodeNumber(ByteBuffer output, double number)
    {
        if (number >= -9223372036854775808.0 && number < 9223372036854775808.0 && number == Math.Floor(number)) EncodeInteger(output, (long)number);
        else if (number == (float)number) Header(output, 0xCA, BitConverter.SingleToUInt32Bits((float)number), 4);
        else Header(output, 0xCB, BitConverter.DoubleToUInt64Bits(number), 8);
    }

    private static void EncodeInteger(ByteBuffer output, long n)
    {
        if (n >= 0)
        {
            if (n <= 0x7F) output.Write((byte)n);
            else if (n <= 0xFF) Header(output, 0xCC, (ulong)n, 1);
            else if (n <= 0xFFFF) Header(output, 0xCD, (ulong)n, 2);
            else if (n <= 0xFFFFFFFF) Header(output, 0xCE, (ulong)n, 4);
            else Header(output, 0xCF, (ulong)n, 8);
        }
        else if (n >= -32) output.Write((byte)n);
        else if (n >= sbyte.MinValue) Header(output, 0xD0, (ulong)n, 1);
        else if (n >= short.MinValue) Header(output, 0xD1, (ulong)n, 2);
        else if (n >= int.MinValue) Header(output, 0xD2, (ulong)n, 4);
        else Header(output, 0xD3, (ulong)n, 8);
    }

    private static void EncodeTable(LuaCall call, ByteBuffer output, LuaTable table, int level)
    {
        call.Runtime.Spend(1);
        if (CountIfArray(table, out var count))
        {
            if (count <= 15) output.Write((byte)(0x90 | count));
            else if (count <= 0xFFFF) Header(output, 0xDC, (ulong)count, 2);
            else Header(output, 0xDD, (ulong)count, 4);
            for (var i = 1; i <= count; i++) Encode(call, output, table.GetInt(i), level + 1);
            return;
        }
        if (count <= 15) output.Write((byte)(0x80 | count));
        else if (count <= 0xFFFF) Header(output, 0xDE, (ulong)count, 2);
        else Header(output, 0xDF, (ulong)count, 4);
        for (var position = 0; table.EntryFrom(position, out var key, out var value); position = table.PositionAfter(key))
        {
            Encode(call, output, key, level + 1);
            Encode(call, output, value, level + 1);
        }
    }

    /// <summary>True for keys 1..count without holes; count is the number of entries either way.</summary>
    private static bool CountIfArray(LuaTable table, out int count)
    {
        double max = 0;
        var isArray = true;
        count = 0;
        for (var position = 0; table.EntryFrom(position, out var key, out _); position = table.PositionAfter(key))
        {
            count++;
            if (!key.IsNumber || key.Num <= 0 || key.Num != Math.Floor(key.Num)) isArray = false;
            else max = Math.Max(max, key.Num);
        }
        return isArray && max == count;
    }

    // ---- unpacking

    private static int Unpack(LuaCall call) => UnpackFull(call, limit: 0, offset: 0);

    private static int UnpackOne(LuaCall call) => UnpackFull(call, limit: 1, offset: call.OptionalInteger(1, 0));

    private static int UnpackLimit(LuaCall call)
    {
        var limit = call.CheckInteger(1);
        return UnpackFull(call, limit, call.OptionalInteger(2, 0));
    }

    // Limit and offset both zero mean everything, without the offset in front of the values.
    private static int UnpackFull(LuaCall call, long limit, long offset)
    {
        var all = limit == 0 && offset == 0;
        var input = call.CheckString(0).Bytes;
        if (offset < 0 || limit < 0) throw call.Error($"Invalid request to unpack with offset of {(int)offset} and limit of {input.Length}.");
        if (offset > input.Length) throw call.Error($"Start offset {(int)offset} greater than input length {input.Length}.");
        if (all) limit = int.MaxValue;
        var reader = new Reader(call, input[(int)offset..]);
        var count = 0;
        if (!all) call.Push(default);
        for (; reader.Left > 0 && count < limit; count++)
        {
            if (count >= Limits.HostStackSlots) throw call.Error("stack overflow (too many values to unpack)");
            call.Push(reader.Read(0));
        }
        if (all) return count;
        call.Thread.Stack[call.Thread.Top - count - 1] = reader.Left == 0 ? -1 : input.Length - reader.Left;
        return count + 1;
    }

    private ref struct Reader(LuaCall call, ReadOnlySpan<byte> input)
    {
        private ReadOnlySpan<byte> _rest = input;

        internal readonly int Left => _rest.Length;

        private ReadOnlySpan<byte> Take(long count)
        {
            if (count > _rest.Length) throw call.Error("Missing bytes in input.");
            var taken = _rest[..(int)count];
            _rest = _rest[(int)count..];
            return taken;
        }

        private ulong Unsigned(int bytes)
        {
            ulong value = 0;
            foreach (var b in Take(bytes)) value = (value << 8) | b;
            return value;
        }

        internal LuaValue Read(int depth)
        {
            if (depth > UnpackNesting) throw call.Error("Bad data format in input.");
            var code = Take(1)[0];
            switch (code)
            {
                case <= 0x7F: return code;
                case >= 0xE0: return (sbyte)code;
                case <= 0x8F: return ReadMap(code & 15, depth);
                case <= 0x9F: return ReadArray(code & 15, depth);
                case <= 0xBF: return Text(code & 31);
                case 0xC0: return default;
                case 0xC2: return false;
                case 0xC3: return true;
                case 0xD9: return Text(Unsigned(1));
                case 0xDA: return Text(Unsigned(2));
                case 0xDB: return Text(Unsigned(4));
                case 0xCA: return BitConverter.UInt32BitsToSingle((uint)Unsigned(4));
                case 0xCB: return BitConverter.UInt64BitsToDouble(Unsigned(8));
                case 0xCC: return Unsigned(1);
                case 0xCD: return Unsigned(2);
                case 0xCE: return Unsigned(4);
                case 0xCF: return (long)Unsigned(8);   // wraps, as the library does
                case 0xD0: return (sbyte)Unsigned(1);
                case 0xD1: return (short)Unsigned(2);
                case 0xD2: return (int)Unsigned(4);
                case 0xD3: return (long)Unsigned(8);
                case 0xDC: return ReadArray(Unsigned(2), depth);
                case 0xDD: return ReadArray(Unsigned(4), depth);
                case 0xDE: return ReadMap(Unsigned(2), depth);
                case 0xDF: return ReadMap(Unsigned(4), depth);
                default: throw call.Error("Bad data format in input.");
            }
        }

        private LuaValue Text(ulong length) => call.Runtime.NewString(Take((long)length));

        private LuaValue Text(int length) => Text((ulong)length);

        private LuaValue ReadArray(int count, int depth) => ReadArray((ulong)count, depth);

        private LuaValue ReadMap(int count, int depth) => ReadMap((ulong)count, depth);

        private LuaValue ReadArray(ulong count, int depth)
        {
            call.Runtime.Spend(1);
            var table = call.Runtime.NewTable();
            for (ulong i = 1; i <= count; i++) table.Set(new LuaValue(i), Read(depth + 1));
            return table;
        }

        private LuaValue ReadMap(ulong count, int depth)
        {
            call.Runtime.Spend(1);
            var table = call.Runtime.NewTable();
            for (ulong i = 0; i < count; i++)
            {
                var key = Read(depth + 1);
                Operations.RawSet(call.Thread, table, key, Read(depth + 1));
            }
            return table;
        }
    }
}

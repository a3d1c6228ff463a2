using System.Buffers.Binary;

namespace RedisLite.Lua.Library;

/// <summary>struct: C structures in strings, with byte order, alignment and sizes of a 64-bit Linux.</summary>
internal static class StructLibrary
{
    private const int MaxIntegerSize = 32;
    private const int MaxAlignment = 8;

    internal static void Open(LuaRuntime runtime) => Libraries.New(runtime, "struct", ("pack", Pack), ("unpack", Unpack), ("size", Size));

    private ref struct Format(LuaCall call)
    {
        private readonly ReadOnlySpan<byte> _text = call.CheckString(0).Bytes;
        private int _position;
        private int _alignment = 1;

        internal bool BigEndian { get; private set; }
        internal byte Option { get; private set; }
        internal int Size { get; private set; }

        /// <summary>Reads the next option; false at the end of the format.</summary>
        internal bool Next()
        {
            if (_position >= _text.Length || _text[_position] == 0) return false;
            Option = _text[_position++];
            Size = ReadSize();
            return true;
        }

        /// <summary>Bytes to add at this length so that the option is aligned.</summary>
        internal readonly int Padding(long length)
        {
            var size = Math.Min(Size, _alignment);
            if (Size == 0 || Option == 'c' || size <= 1) return 0;
            return (int)((size - (length & (size - 1))) & (size - 1));
        }

        /// <summary>Options that only change the mode; anything unknown is an error.</summary>
        internal void Control()
        {
            switch ((char)Option)
            {
                case ' ': break;
                case '>': BigEndian = true; break;
                case '<': BigEndian = false; break;
                case '!':
                    var alignment = Number(MaxAlignment);
                    if (alignment == 0 || (alignment & (alignment - 1)) != 0) throw call.Error($"alignment {alignment} is not a power of 2");
                    _alignment = alignment;
                    break;
                default: throw call.ArgumentError(0, $"invalid format option '{(char)Option}'");
            }
        }

        private int ReadSize()
        {
            switch ((char)Option)
            {
                case 'b' or 'B' or 'x': return 1;
                case 'h' or 'H': return 2;
                case 'l' or 'L' or 'T' or 'd': return 8;
                case 'f': return 4;
                case 'c': return Number(1);
                case 'i' or 'I':
                    var size = Number(4);
                    if (size > MaxIntegerSize) throw call.Error($"integral size {size} is larger than limit of {MaxIntegerSize}");
                    return size;
                default: return 0;
            }
        }

        private int Number(int fallback)
        {
            if (_position >= _text.Length || !char.IsAsciiDigit((char)_text[_position])) return fallback;
            long value = 0;
            while (_position < _text.Length && char.IsAsciiDigit((char)_text[_position]))
            {
                value = (value * 10) + (_text[_position++] - '0');
                if (value > int.MaxValue) throw call.Error("integral size overflow");
            }
            return (int)value;
        }
    }

    private static int Pack(LuaCall call)
    {
        var format = new Format(call);
        var output = new ByteBuffer(call.Runtime.Meter);
        var argument = 1;
        while (format.Next())
        {
            output.Fill(0, format.Padding(output.Length));
            switch ((char)format.Option)
            {
                case 'b' or 'B' or 'h' or 'H' or 'l' or 'L' or 'T' or 'i' or 'I':
                    PutInteger(output, Number(call, argument++), format.Size, format.BigEndian);
                    break;
                case 'x':
                    output.Write(0);
                    break;
                case 'f':
                    PutBits(output, BitConverter.SingleToUInt32Bits((float)Number(call, argument++)), 4, format.BigEndian);
                    break;
                case 'd':
                    PutBits(output, BitConverter.DoubleToUInt64Bits(Number(call, argument++)), 8, format.BigEndian);
                    break;
                case 'c' or 's':
                    var text = Text(call, argument++);
                    var size = format.Size == 0 ? text.Length : format.Size;
                    if (text.Length < size) throw call.ArgumentError(argument, "string too short");
                    output.Write(text[..size]);
                    if (format.Option == 's') output.Write(0);
                    break;
                default:
                    format.Control();
                    break;
            }
        }
        return call.Return(output.ToLuaString());
    }

    // The library keeps a nil behind the arguments, so the first missing one is a nil in its messages.
    private static double Number(LuaCall call, int index) =>
        index == call.Count ? throw call.ArgumentError(index, "number expected, got nil") : call.CheckNumber(index);

    private static ReadOnlySpan<byte> Text(LuaCall call, int index) =>
        index == call.Count ? throw call.ArgumentError(index, "string expected, got nil") : call.CheckString(index).Bytes;

    private static void PutInteger(ByteBuffer output, double number, int size, bool bigEndian)
    {
        PutBits(output, ToBits(number), size, bigEndian);
    }

    /// <summary>As compiled C makes 64 bits of a number, also of one that does not fit.</summary>
    private static ulong ToBits(double number)
    {
        const double HalfRange = 9223372036854775808.0;
        if (number < 0) return (ulong)LuaCall.ToInteger(number);
        if (number < HalfRange) return (ulong)number;
        return number >= 2 * HalfRange ? 0 : (ulong)(long)(number - HalfRange) ^ (1UL << 63);
    }

    private static void PutBits(ByteBuffer output, ulong value, int size, bool bigEndian)
    {
        Span<byte> bytes = stackalloc byte[MaxIntegerSize];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes = bytes[..size];
        if (bigEndian) bytes.Reverse();
        output.Write(bytes);
    }

    private static ulong GetBits(ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        ulong value = 0;
        for (var i = 0; i < bytes.Length; i++) value = (value << 8) | (bigEndian ? bytes[i] : bytes[bytes.Length - 1 - i]);
        return value;
    }

    private static double GetInteger(ReadOnlySpan<byte> bytes, bool bigEndian, bool signed)
    {
        var value = GetBits(bytes, bigEndian);
        if (!signed) return value;
        var shift = 64 - (Math.Min(8, bytes.Length) * 8);
        return shift == 64 ? 0 : (long)(value << shift) >> shift;
    }

    private static int Unpack(LuaCall call)
    {
        var format = new Format(call);
        var data = call.CheckString(1).Bytes;
        var position = call.OptionalInteger(2, 1) - 1;
        if (position == -1) throw call.ArgumentError(2, "offset must be 1 or greater");
        var count = 0;
        while (format.Next())
        {
            position += format.Padding(position);
            if (position < 0 || position > data.Length || format.Size > data.Length - position) throw call.ArgumentError(1, "data string too short");
            if (count >= Limits.HostStackSlots) throw call.Error("too many results to unpack");
            var bytes = data.Slice((int)position, format.Size);
            position += format.Size;
            switch ((char)format.Option)
            {
                case 'b' or 'h' or 'l' or 'i': call.Push(GetInteger(bytes, format.BigEndian, signed: true)); count++; break;
                case 'B' or 'H' or 'L' or 'T' or 'I': call.Push(GetInteger(bytes, format.BigEndian, signed: false)); count++; break;
                case 'x': break;
                case 'f': call.Push((double)BitConverter.UInt32BitsToSingle((uint)GetBits(bytes, format.BigEndian))); count++; break;
                case 'd': call.Push(BitConverter.UInt64BitsToDouble(GetBits(bytes, format.BigEndian))); count++; break;
                case 'c':
                    if (format.Size == 0) bytes = SizedText(call, data, ref position, ref count);
                    call.Push(call.Runtime.NewString(bytes));
                    count++;
                    break;
                case 's':
                    var end = data[(int)position..].IndexOf((byte)0);
                    if (end < 0) throw call.Error("unfinished string in data");
                    call.Push(call.Runtime.NewString(data.Slice((int)position, end)));
                    position += end + 1;
                    count++;
                    break;
                default: format.Control(); break;
            }
        }
        call.Push(position + 1);
        return count + 1;
    }

    // c0: the number unpacked just before is the length.
    private static ReadOnlySpan<byte> SizedText(LuaCall call, ReadOnlySpan<byte> data, scoped ref long position, scoped ref int count)
    {
        var thread = call.Thread;
        if (count == 0 || !thread.Stack[thread.Top - 1].TryNumber(out var number)) throw call.Error("format 'c0' needs a previous size");
        var length = LuaCall.ToInteger(number);
        if (length < 0 || length > data.Length - position) throw call.ArgumentError(1, "data string too short");
        thread.Top--;
        count--;
        var text = data.Slice((int)position, (int)length);
        position += length;
        return text;
    }

    private static int Size(LuaCall call)
    {
        var format = new Format(call);
        long total = 0;
        while (format.Next())
        {
            total += format.Padding(total);
            if (format.Option == 's') throw call.ArgumentError(0, "option 's' has no fixed size");
            if (format.Option == 'c' && format.Size == 0) throw call.ArgumentError(0, "option 'c0' has no fixed size");
            if (!char.IsAsciiLetter((char)format.Option)) format.Control();
            total += format.Size;
        }
        return call.Return(total);
    }
}

using System.Buffers.Binary;

namespace RedisLite.Data.Encodings;

/// <summary>What becomes of a value that a field cannot hold.</summary>
internal enum BitFieldOverflow { Wrap, Saturate, Fail }

/// <summary>
/// An integer of 1 to 64 bits (unsigned: 63) at any bit of a string, highest bit first. A field may reach over nine bytes; what lies behind the end of the
/// string reads as zero.
/// </summary>
internal readonly record struct BitField(bool IsSigned, int Bits)
{
    private const int BytesMax = 9;

    private Int128 Min => IsSigned ? -(Int128.One << (Bits - 1)) : 0;

    private Int128 Max => (Int128.One << (IsSigned ? Bits - 1 : Bits)) - 1;

    /// <summary>"i5", "u63".</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out BitField field)
    {
        field = default;
        if (text.IsEmpty || text[0] is not ((byte)'i' or (byte)'u')) return false;
        var isSigned = text[0] == 'i';
        if (!NumberText.TryParseInt64(text[1..], out var bits) || bits < 1 || bits > (isSigned ? 64 : 63)) return false;
        field = new BitField(isSigned, (int)bits);
        return true;
    }

    /// <summary>The last byte that a field at this offset reaches.</summary>
    public long LastByte(long offset) => (offset + Bits - 1) >> 3;

    public long Read(ReadOnlySpan<byte> bytes, long offset)
    {
        var at = Math.Min(offset >> 3, bytes.Length);
        Span<byte> window = stackalloc byte[16];
        window.Clear();
        bytes.Slice((int)at, (int)Math.Min(BytesMax, bytes.Length - at)).CopyTo(window);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(window) << (int)(offset & 7);
        return IsSigned ? (long)((Int128)bits >> (128 - Bits)) : (long)(bits >> (128 - Bits));
    }

    /// <summary>The bytes must reach to <see cref="LastByte"/>. Bits of the value beyond the field's are dropped.</summary>
    public void Write(Span<byte> bytes, long offset, long value)
    {
        var target = bytes[(int)(offset >> 3)..(int)(LastByte(offset) + 1)];
        Span<byte> window = stackalloc byte[16];
        window.Clear();
        target.CopyTo(window);
        var shift = 128 - Bits - (int)(offset & 7);
        var mask = ((UInt128.One << Bits) - 1) << shift;
        var others = BinaryPrimitives.ReadUInt128BigEndian(window) & ~mask;
        BinaryPrimitives.WriteUInt128BigEndian(window, others | ((UInt128)(ulong)value << shift & mask));
        window[..target.Length].CopyTo(target);
    }

    /// <summary>
    /// The value as SET means it: the 64 bits of a negative number are a big number to an unsigned field, and in Redis also to a signed one whose highest
    /// value is too far from it for 64 bits. Saturated, it is the highest value then; a replica must come to the same.
    /// </summary>
    public Int128 Interpret(long value) => IsSigned && (Bits == 64 || Max - value <= long.MaxValue) ? value : (ulong)value;

    /// <summary>Makes a value fit into the field. False: it does not, and may not be made to.</summary>
    public bool TryFit(Int128 value, BitFieldOverflow overflow, out long fitting)
    {
        var fits = value >= Min && value <= Max;
        fitting = overflow == BitFieldOverflow.Saturate ? (long)Int128.Clamp(value, Min, Max) : Wrap(value);
        return fits || overflow != BitFieldOverflow.Fail;
    }

    private long Wrap(Int128 value) => IsSigned ? (long)(value << (128 - Bits) >> (128 - Bits)) : (long)((UInt128)value << (128 - Bits) >> (128 - Bits));
}

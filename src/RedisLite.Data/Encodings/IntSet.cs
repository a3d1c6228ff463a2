using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RedisLite.Data.Encodings;

/// <summary>
/// Redis's intset, byte for byte, over spans: encoding:u32le (2, 4 or 8 bytes a member), count:u32le, members ascending, little endian.
/// A member that does not fit widens all of them, and nothing ever narrows them. As with listpacks, the caller asks for the new size, makes
/// room once, and lets the edit run inside the buffer.
/// </summary>
internal static class IntSet
{
    public const int HeaderSize = 8;

    public static void WriteEmpty(Span<byte> destination) => WriteHeader(destination, width: 2, count: 0);

    public static int Width(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set);

    public static int Count(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set[4..]);

    public static int SizeOf(ReadOnlySpan<byte> set) => HeaderSize + Width(set) * Count(set);

    public static int WidthFor(long value) =>
        value is >= short.MinValue and <= short.MaxValue ? 2 : value is >= int.MinValue and <= int.MaxValue ? 4 : 8;

    public static long Get(ReadOnlySpan<byte> set, int index) => Read(set, Width(set), index);

    public static bool Contains(ReadOnlySpan<byte> set, long value) => Find(set, value, out _);

    /// <summary>Binary search; <paramref name="index"/> is the place of the value or the place where it would go.</summary>
    public static bool Find(ReadOnlySpan<byte> set, long value, out int index)
    {
        var width = Width(set);
        int low = 0, high = Count(set) - 1;
        if (high >= 0 && value > Read(set, width, high))                   // ascending inserts are the common load
        {
            index = high + 1;
            return false;
        }

        while (low <= high)
        {
            var middle = low + high >>> 1;
            var found = Read(set, width, middle);
            if (found == value)
            {
                index = middle;
                return true;
            }
            if (found < value) low = middle + 1;
            else high = middle - 1;
        }
        index = low;
        return false;
    }

    /// <summary>
    /// Whether the set has a value that is above all that were asked for before with this place: the search begins where the last one ended and goes in
    /// growing steps, so that all values of another intset together cost one walk through both.
    /// </summary>
    public static bool FindAscending(ReadOnlySpan<byte> set, long value, ref int from)
    {
        int width = Width(set), count = Count(set);
        int low = from, step = 1;
        if (low < count && Read(set, width, low) < value) low++;             // often the next one is it
        for (; low + step < count && Read(set, width, low + step) <= value; step *= 2) low += step;
        var high = Math.Min(low + step, count);
        while (low < high)
        {
            var middle = low + high >>> 1;
            if (Read(set, width, middle) < value) low = middle + 1;
            else high = middle;
        }
        from = low;
        return low < count && Read(set, width, low) == value;
    }

    /// <summary>Bytes that the set takes once <paramref name="value"/> (absent so far) is in it.</summary>
    public static int SizeWith(ReadOnlySpan<byte> set, long value) =>
        HeaderSize + Math.Max(Width(set), WidthFor(value)) * (Count(set) + 1);

    /// <summary>Puts an absent value in; the buffer is at least <see cref="SizeWith"/> long and begins with the set.</summary>
    public static void Insert(Span<byte> buffer, long value)
    {
        int count = Count(buffer), oldWidth = Width(buffer);
        var width = Math.Max(oldWidth, WidthFor(value));
        if (width > oldWidth)
        {
            // A value that forces a wider encoding is beyond all others, at one end or the other.
            var shift = value < 0 ? 1 : 0;
            for (var i = count - 1; i >= 0; i--) Write(buffer, width, i + shift, Read(buffer, oldWidth, i));
            Write(buffer, width, value < 0 ? 0 : count, value);
        }
        else
        {
            Find(buffer, value, out var index);
            var from = HeaderSize + index * width;
            buffer[from..(HeaderSize + count * width)].CopyTo(buffer[(from + width)..]);
            Write(buffer, width, index, value);
        }
        WriteHeader(buffer, width, count + 1);
    }

    /// <summary>Takes one member out; the caller then gives the last <see cref="Width"/> bytes back.</summary>
    public static void RemoveAt(Span<byte> set, int index)
    {
        int width = Width(set), count = Count(set);
        var from = HeaderSize + index * width;
        set[(from + width)..(HeaderSize + count * width)].CopyTo(set[from..]);
        WriteHeader(set, width, count - 1);
    }

    /// <summary>True when these bytes are exactly one intset with strictly ascending members.</summary>
    public static bool Validate(ReadOnlySpan<byte> set)
    {
        if (set.Length < HeaderSize) return false;
        var width = Width(set);
        if (width is not (2 or 4 or 8)) return false;
        long count = BinaryPrimitives.ReadUInt32LittleEndian(set[4..]);
        if (count == 0 || HeaderSize + count * width != set.Length) return false;

        for (var i = 1; i < count; i++)
            if (Read(set, width, i - 1) >= Read(set, width, i)) return false;
        return true;
    }

    private static void WriteHeader(Span<byte> set, int width, int count)
    {
        BinaryPrimitives.WriteInt32LittleEndian(set, width);
        BinaryPrimitives.WriteInt32LittleEndian(set[4..], count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Read(ReadOnlySpan<byte> set, int width, int index)
    {
        var at = set.Slice(HeaderSize + index * width, width);
        return width switch
        {
            2 => BinaryPrimitives.ReadInt16LittleEndian(at),
            4 => BinaryPrimitives.ReadInt32LittleEndian(at),
            _ => BinaryPrimitives.ReadInt64LittleEndian(at),
        };
    }

    private static void Write(Span<byte> set, int width, int index, long value)
    {
        var at = set.Slice(HeaderSize + index * width, width);
        switch (width)
        {
            case 2: BinaryPrimitives.WriteInt16LittleEndian(at, (short)value); break;
            case 4: BinaryPrimitives.WriteInt32LittleEndian(at, (int)value); break;
            default: BinaryPrimitives.WriteInt64LittleEndian(at, value); break;
        }
    }
}

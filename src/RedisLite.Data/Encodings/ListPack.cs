using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace RedisLite.Data.Encodings;

/// <summary>
/// Redis's listpack, byte for byte, over spans.
///
/// A small collection is one run of bytes:
///
///     total:u32le  count:u16le  entry*  FF          count FFFF = "unknown, walk it"
///     entry = encoding [payload] backlen            backlen lets a reader walk from the end
///
///     0xxxxxxx            7-bit unsigned            11110000 u32le        string
///     10llllll            string to 63 bytes        11110001..11110011    int 16, 24, 32
///     110xxxxx x          13-bit signed             11110100              int 64
///     1110llll l          string to 4095 bytes      11111111              end
///
/// Because the bytes are Redis's own, RDB files and DUMP payloads take the blob as it lies in memory.
///
/// A position is the offset of an entry's first byte. The end byte has a position too (<see cref="End"/>): inserting there appends.
/// Readers trust the bytes; whatever comes from outside goes through <see cref="Validate"/> first. Even bytes that lie cannot reach beyond
/// the span: the worst a wrong blob can do is throw.
///
/// Edits never allocate and never resize: the caller knows the new size before it touches anything (sizes of <see cref="PackedValue"/>s are
/// known up front), makes the buffer big enough once, and <see cref="Splice"/> moves the tail and repairs the header. When the blob shrinks
/// it splices first and gives the bytes back afterwards.
/// </summary>
internal static class ListPack
{
    public const int HeaderSize = 6;
    public const int EmptySize = HeaderSize + 1;
    public const byte EndByte = 0xFF;
    public const int CountUnknown = ushort.MaxValue;

    /// <summary>Redis refuses to grow a listpack beyond this many bytes.</summary>
    public const int SizeMax = 1 << 30;

    // ---- whole blob ----

    public static void WriteEmpty(Span<byte> destination)
    {
        WriteHeader(destination, EmptySize, 0);
        destination[HeaderSize] = EndByte;
    }

    public static void WriteHeader(Span<byte> pack, int totalBytes, int count)
    {
        BinaryPrimitives.WriteInt32LittleEndian(pack, totalBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(pack[4..], (ushort)Math.Min(count, CountUnknown));
    }

    public static int TotalBytes(ReadOnlySpan<byte> pack) => BinaryPrimitives.ReadInt32LittleEndian(pack);

    /// <summary>Number of entries; walks the blob when there are too many for the header.</summary>
    public static int Count(ReadOnlySpan<byte> pack)
    {
        int stored = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        if (stored != CountUnknown) return stored;

        var count = 0;
        for (var at = HeaderSize; pack[at] != EndByte; at += EntrySize(pack, at)) count++;
        return count;
    }

    /// <summary>Position of the end byte.</summary>
    public static int End(ReadOnlySpan<byte> pack) => TotalBytes(pack) - 1;

    public static bool IsEnd(ReadOnlySpan<byte> pack, int at) => pack[at] == EndByte;

    // ---- walking ----

    /// <summary>Position of the first entry, or of the end byte when empty.</summary>
    public static int First => HeaderSize;

    public static int Next(ReadOnlySpan<byte> pack, int at) => at + EntrySize(pack, at);

    /// <summary>Position of the entry before <paramref name="at"/> (an entry or the end byte), or -1 at the front.</summary>
    public static int Previous(ReadOnlySpan<byte> pack, int at)
    {
        if (at <= HeaderSize) return -1;
        var length = ReadBackLength(pack, at - 1, out var lengthBytes);
        var previous = at - lengthBytes - length;
        return length > 0 && previous >= HeaderSize ? previous : throw Corrupt();
    }

    /// <summary>Position of the last entry, or -1 when empty.</summary>
    public static int Last(ReadOnlySpan<byte> pack) => Previous(pack, End(pack));

    /// <summary>Position of the entry with this index (negative counts from the end), or -1 when out of range.</summary>
    public static int Seek(ReadOnlySpan<byte> pack, int index)
    {
        int stored = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        if (stored != CountUnknown)
        {
            if (index < 0) index += stored;
            if ((uint)index >= (uint)stored) return -1;
            if (index > stored / 2) index -= stored;                       // nearer to the end: walk from there
        }

        if (index < 0)
        {
            var back = End(pack);
            for (; index < 0 && back >= 0; index++) back = Previous(pack, back);
            return back;
        }

        var at = HeaderSize;
        for (; index > 0 && pack[at] != EndByte; index--) at += EntrySize(pack, at);
        return pack[at] == EndByte ? -1 : at;
    }

    /// <summary>Bytes of the entry with its backlen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EntrySize(ReadOnlySpan<byte> pack, int at)
    {
        var first = pack[at];
        if (first < 0xC0) return first < 0x80 ? 2 : (first & 0x3F) + 2;   // most entries: small numbers and short texts
        return LongEntrySize(pack, at);
    }

    private static int LongEntrySize(ReadOnlySpan<byte> pack, int at)
    {
        var size = ReadHead(pack, at, out var headBytes) + headBytes;
        return size + BackLengthBytes(size);
    }

    public static PackedValue Get(ReadOnlySpan<byte> pack, int at)
    {
        var payload = ReadHead(pack, at, out var headBytes);
        var first = pack[at];
        return IsStringHead(first)
            ? new PackedValue(pack.Slice(at + headBytes, payload), isEncodedText: true)
            : new PackedValue(ReadInteger(pack, at, first));
    }

    /// <summary>The entry at <paramref name="at"/>, which then moves to the next one.</summary>
    public static PackedValue Read(ReadOnlySpan<byte> pack, scoped ref int at)
    {
        var payload = ReadHead(pack, at, out var headBytes);
        var start = at;
        var size = headBytes + payload;
        at += size + BackLengthBytes(size);
        var first = pack[start];
        return IsStringHead(first)
            ? new PackedValue(pack.Slice(start + headBytes, payload), isEncodedText: true)
            : new PackedValue(ReadInteger(pack, start, first));
    }

    /// <summary>The integer at <paramref name="at"/>, which then moves to the next entry; 0 for a text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadInteger(ReadOnlySpan<byte> pack, scoped ref int at)
    {
        var first = pack[at];
        if (first >= 0x80) return Read(pack, ref at).Integer;
        at += 2;
        return first;
    }

    /// <summary>The text at <paramref name="at"/>, which then moves to the next entry, if it has less than 64 bytes; false for any other entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadShortText(ReadOnlySpan<byte> pack, scoped ref int at, out ReadOnlySpan<byte> text)
    {
        var first = pack[at];
        text = default;
        if ((first & 0xC0) != 0x80) return false;
        text = pack.Slice(at + 1, first & 0x3F);
        at += text.Length + 2;
        return true;
    }

    public static bool Matches(ReadOnlySpan<byte> pack, int at, in PackedValue needle)
    {
        if (TryReadShortText(pack, ref at, out var text)) return needle.TextEquals(text);
        var payload = ReadHead(pack, at, out var headBytes);
        var first = pack[at];
        if (!IsStringHead(first)) return needle.IsInteger && ReadInteger(pack, at, first) == needle.Integer;
        return needle.TextEquals(pack.Slice(at + headBytes, payload));
    }

    /// <summary>
    /// Position of the first entry equal to the needle, looking at one entry and then passing over <paramref name="skip"/> of them, from
    /// position <paramref name="from"/>; -1 when there is none. A field of a hash is found with skip 1.
    /// </summary>
    public static int Find(ReadOnlySpan<byte> pack, int from, scoped in PackedValue needle, int skip)
    {
        if (!needle.IsInteger && needle.TextLength < 64) return FindShort(pack, from, needle, skip);
        var at = from;
        while (pack[at] != EndByte)
        {
            if (Matches(pack, at, needle)) return at;
            at += EntrySize(pack, at);
            for (var i = 0; i < skip && pack[at] != EndByte; i++) at += EntrySize(pack, at);
        }
        return -1;
    }

    /// <summary>A short text can only be an entry whose first byte says text of this length: most others are passed over by one comparison.</summary>
    private static int FindShort(ReadOnlySpan<byte> pack, int from, scoped in PackedValue needle, int skip)
    {
        var text = needle.AsText(default);
        var head = (byte)(0x80 | text.Length);
        var last = text.IsEmpty ? head : text[^1];
        for (var at = from; pack[at] != EndByte;)
        {
            // Names in one collection differ more often at their ends than where they begin.
            if (pack[at] == head && pack[at + text.Length] == last && pack.Slice(at + 1, text.Length).SequenceEqual(text)) return at;
            at += EntrySize(pack, at);
            for (var i = 0; i < skip && pack[at] != EndByte; i++) at += EntrySize(pack, at);
        }
        return -1;
    }

    // ---- editing ----

    /// <summary>
    /// Replaces <paramref name="removeBytes"/> at <paramref name="at"/> by a gap of <paramref name="insertBytes"/> that the caller fills, and
    /// repairs the header. <paramref name="buffer"/> begins with the blob and is at least as long as the longer of before and after.
    /// Returns the gap.
    /// </summary>
    public static Span<byte> Splice(Span<byte> buffer, int at, int removeBytes, int insertBytes, int countDelta)
    {
        var before = TotalBytes(buffer);
        var after = before - removeBytes + insertBytes;
        if (after != before) buffer[(at + removeBytes)..before].CopyTo(buffer[(at + insertBytes)..]);

        int stored = BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]);
        WriteHeader(buffer, after, stored == CountUnknown ? stored : stored + countDelta);
        return buffer.Slice(at, insertBytes);
    }

    /// <summary>After so many entries were written from the end on, up to a position: the end byte and the header follow.</summary>
    public static void EndAt(Span<byte> buffer, int at, int added)
    {
        buffer[at] = EndByte;
        int stored = BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]);
        WriteHeader(buffer, at + 1, stored == CountUnknown ? stored : stored + added);
    }

    /// <summary>Bytes of <paramref name="entries"/> entries from a position (fewer when the end comes first); the number found goes out.</summary>
    public static int MeasureRange(ReadOnlySpan<byte> pack, int at, int entries, out int found)
    {
        var start = at;
        for (found = 0; found < entries && pack[at] != EndByte; found++) at += EntrySize(pack, at);
        return at - start;
    }

    // ---- bytes from outside ----

    /// <summary>True when these bytes are exactly one well-formed listpack: every length inside, every backlen right, the count true.</summary>
    public static bool Validate(ReadOnlySpan<byte> pack) => Validate(pack, out _);

    public static bool Validate(ReadOnlySpan<byte> pack, out int count)
    {
        count = 0;
        if (pack.Length < EmptySize || TotalBytes(pack) != pack.Length || pack[^1] != EndByte) return false;

        var at = HeaderSize;
        var end = pack.Length - 1;
        while (at < end)
        {
            if (!HeadFits(pack[at..end])) return false;
            var size = (long)(uint)ReadHead(pack, at, out var headBytes) + headBytes;
            if (size > end - at) return false;
            var backBytes = BackLengthBytes((int)size);
            if (size + backBytes > end - at) return false;
            at += (int)size + backBytes;
            if (ReadBackLength(pack, at - 1, out var readBytes) != size || readBytes != backBytes) return false;
            count++;
        }

        int stored = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        return stored == CountUnknown || stored == count;
    }

    private static bool HeadFits(ReadOnlySpan<byte> rest) => rest[0] switch
    {
        < 0xC0 => true,
        < 0xF0 => rest.Length >= 2,
        0xF0 => rest.Length >= 5,
        _ => rest[0] <= 0xF4,                                              // payload sizes of integers are fixed; the caller checks them
    };

    // ---- the bytes of one entry ----

    private static bool IsStringHead(byte first) => (first & 0xC0) == 0x80 || (first & 0xF0) == 0xE0 || first == 0xF0;

    /// <summary>Bytes of payload after the head; the 7-bit and 13-bit integers are all head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadHead(ReadOnlySpan<byte> pack, int at, out int headBytes)
    {
        var first = pack[at];
        headBytes = 1;
        if (first < 0x80) return 0;
        if (first < 0xC0) return first & 0x3F;
        return ReadLongHead(pack, at, first, out headBytes);
    }

    private static int ReadLongHead(ReadOnlySpan<byte> pack, int at, byte first, out int headBytes)
    {
        if (first < 0xF0)
        {
            headBytes = 2;
            return first < 0xE0 ? 0 : (first & 0x0F) << 8 | pack[at + 1];
        }

        headBytes = 1;
        switch (first)
        {
            case 0xF0:
                headBytes = 5;
                return BinaryPrimitives.ReadInt32LittleEndian(pack.Slice(at + 1, 4));
            case 0xF1: return 2;
            case 0xF2: return 3;
            case 0xF3: return 4;
            case 0xF4: return 8;
            default: throw Corrupt();
        }
    }

    private static long ReadInteger(ReadOnlySpan<byte> pack, int at, byte first)
    {
        if (first < 0x80) return first;
        if (first < 0xE0) return ((first & 0x1F) << 8 | pack[at + 1]) << 19 >> 19;
        var payload = pack[(at + 1)..];
        return first switch
        {
            0xF1 => BinaryPrimitives.ReadInt16LittleEndian(payload),
            0xF2 => (payload[0] | payload[1] << 8 | payload[2] << 16) << 8 >> 8,
            0xF3 => BinaryPrimitives.ReadInt32LittleEndian(payload),
            _ => BinaryPrimitives.ReadInt64LittleEndian(payload),
        };
    }

    /// <summary>Redis's own bounds, one short of what would fit: 16383 already takes three bytes. Readers rely on it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int BackLengthBytes(int size) => size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;

    internal static void WriteBackLength(Span<byte> destination, int size)
    {
        var bytes = BackLengthBytes(size);
        for (var i = bytes - 1; i >= 0; i--, size >>= 7)
            destination[i] = (byte)(size & 0x7F | (i == 0 ? 0 : 0x80));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadBackLength(ReadOnlySpan<byte> pack, int last, out int bytes)
    {
        bytes = 1;
        return pack[last] < 0x80 && last >= HeaderSize ? pack[last] : ReadLongBackLength(pack, last, out bytes);
    }

    private static int ReadLongBackLength(ReadOnlySpan<byte> pack, int last, out int bytes)
    {
        long value = 0;
        bytes = 0;
        for (var shift = 0; shift <= 28; shift += 7)
        {
            if (last - bytes < HeaderSize) return -1;
            var b = pack[last - bytes];
            bytes++;
            value |= (long)(b & 0x7F) << shift;
            if (b < 0x80) return value <= int.MaxValue ? (int)value : -1;
        }
        return -1;
    }

    private static InvalidDataException Corrupt() => new("A listpack holds bytes that are no listpack.");
}

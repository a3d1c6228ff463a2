using System.Buffers.Binary;
using RedisLite.Data.Encodings;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// The entries of a ziplist, Redis's small encoding before the listpack:
///
///     bytes:u32 tail:u32 count:u16 entry* FF
///     entry = previous entry's length (1 byte, or FE and u32), encoding, payload
///
/// Only read, never made. Every step is checked against the end, and <see cref="IsBroken"/> says that the walk ended early. The lengths of previous entries
/// and the offset of the last one, which only a walk backwards needs, must be right too.
/// </summary>
internal ref struct ZipListWalk
{
    private const int HeaderBytes = 10;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _textAt;
    private int _textLength;
    private long _integer;
    private int _entryAt;
    private int _previousBytes;

    public ZipListWalk(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _at = HeaderBytes;
        IsBroken = bytes.Length < HeaderBytes + 1 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != (uint)bytes.Length || bytes[^1] != 0xFF;
        Declared = IsBroken ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
    }

    public bool IsBroken { get; private set; }

    /// <summary>The count in the header; 65535 = unknown.</summary>
    public int Declared { get; }

    public int Seen { get; private set; }

    public readonly PackedValue Current => _textLength >= 0 ? new PackedValue(_bytes.Slice(_textAt, _textLength)) : new PackedValue(_integer);

    public bool MoveNext()
    {
        if (IsBroken || _bytes[_at] == 0xFF)
        {
            IsBroken |= !IsBroken && !IsEndRight();
            return false;
        }
        _entryAt = _at;
        if (!TryPreviousLength() || !TryEntry())
        {
            IsBroken = true;
            return false;
        }
        _previousBytes = _at - _entryAt;
        Seen++;
        return true;
    }

    private readonly bool IsEndRight() => _at == _bytes.Length - 1 && (Declared == ushort.MaxValue || Declared == Seen)
        && BinaryPrimitives.ReadUInt32LittleEndian(_bytes[4..]) == (uint)(Seen == 0 ? HeaderBytes : _entryAt);

    private bool TryPreviousLength()
    {
        long said = _bytes[_at++];
        if (said == 0xFE)
        {
            if (_bytes.Length - 1 - _at < 4) return false;
            said = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[_at..]);
            _at += 4;
        }
        return said == _previousBytes;
    }

    private bool TryEntry()
    {
        var left = _bytes.Length - 1 - _at;
        if (left < 1) return false;
        int head = _bytes[_at];
        var payload = _bytes[(_at + 1)..];
        if (head < 0x40) return TryText(1, head & 0x3F, left);
        if (head < 0x80) return left >= 2 && TryText(2, (head & 0x3F) << 8 | payload[0], left);
        if (head < 0xC0) return left >= 5 && TryText(5, BinaryPrimitives.ReadUInt32BigEndian(payload), left);

        _textLength = -1;
        var size = head switch { 0xC0 => 2, 0xD0 => 4, 0xE0 => 8, 0xF0 => 3, 0xFE => 1, >= 0xF1 and <= 0xFD => 0, _ => int.MaxValue - 1 };
        if (size + 1 > left) return false;
        _integer = size switch
        {
            0 => (head & 0x0F) - 1,
            1 => (sbyte)payload[0],
            2 => BinaryPrimitives.ReadInt16LittleEndian(payload),
            3 => (payload[0] | payload[1] << 8 | payload[2] << 16) << 8 >> 8,
            4 => BinaryPrimitives.ReadInt32LittleEndian(payload),
            _ => BinaryPrimitives.ReadInt64LittleEndian(payload),
        };
        _at += 1 + size;
        return true;
    }

    private bool TryText(int headBytes, long length, int left)
    {
        if (headBytes + length > left) return false;
        _textAt = _at + headBytes;
        _textLength = (int)length;
        _at = _textAt + _textLength;
        return true;
    }
}

/// <summary>
/// The pairs of a zipmap, the small hash before the ziplist: count:u8 then (length, key, length, free:u8, value, free bytes) and FF. A length is a byte
/// below FE, or FE and u32.
/// </summary>
internal ref struct ZipMapWalk
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _keyAt;
    private int _keyLength;
    private int _valueAt;
    private int _valueLength;

    public ZipMapWalk(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _at = 1;
        IsBroken = bytes.Length < 2 || bytes[^1] != 0xFF;
    }

    public bool IsBroken { get; private set; }

    public readonly ReadOnlySpan<byte> Key => _bytes.Slice(_keyAt, _keyLength);

    public readonly ReadOnlySpan<byte> Value => _bytes.Slice(_valueAt, _valueLength);

    public bool MoveNext()
    {
        if (IsBroken) return false;
        if (_bytes[_at] == 0xFF)
        {
            IsBroken = _at != _bytes.Length - 1;
            return false;
        }
        IsBroken = !TryText(free: false, out _keyAt, out _keyLength) || !TryText(free: true, out _valueAt, out _valueLength);
        return !IsBroken;
    }

    private bool TryText(bool free, out int at, out int length)
    {
        at = length = 0;
        var left = _bytes.Length - 1 - _at;
        if (left < 1) return false;
        long size = _bytes[_at];
        var head = 1;
        if (size == 0xFE)
        {
            if (left < 5) return false;
            size = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(_at + 1)..]);
            head = 5;
        }
        else if (size == 0xFF) return false;

        var unused = 0;
        if (free)
        {
            if (left < head + 1) return false;
            unused = _bytes[_at + head];
            head++;
        }
        if (head + size + unused > left) return false;
        at = _at + head;
        length = (int)size;
        _at = at + length + unused;
        return true;
    }
}

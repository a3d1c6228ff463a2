using System.Buffers.Binary;
using RedisLite.Data;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// The primitive parts of the RDB format, read from a file in big chunks or from a payload in memory. Nothing that the bytes say is believed before it is
/// checked: a length must fit what is left of the input, so that a broken file can make no reader allocate more than its own size (times what LZF can
/// really expand). Spans are good until the next read.
/// </summary>
internal sealed class RdbInput
{
    private const int StreamBuffer = 256 * 1024;
    private const int ScratchKept = 1 << 20;

    private readonly IByteSource? _source;
    private readonly long _length;
    private byte[] _buffer;
    private int _at;
    private int _end;
    private long _bufferOffset;
    private int _crcFrom;
    private ulong _crc;
    private byte[] _scratch = [];
    private byte[] _expanded = [];
    private readonly byte[] _text = new byte[NumberText.Int64TextMax];

    /// <summary>A stream; its length may be unknown (-1), then big strings are taken as they come.</summary>
    public RdbInput(IByteSource source, long length)
    {
        _source = source;
        _length = length < 0 ? long.MaxValue : length;
        _buffer = new byte[StreamBuffer];
    }

    public RdbInput(byte[] payload, int start, int end)
    {
        _buffer = payload;
        _at = _crcFrom = start;
        _end = end;
        _length = end;
    }

    /// <summary>Bytes consumed so far.</summary>
    public long Offset => _bufferOffset + _at;

    /// <summary>Bytes left, as far as that is known.</summary>
    public long Left => _length - Offset;

    /// <summary>Of all bytes consumed so far.</summary>
    public ulong Crc
    {
        get
        {
            _crc = Crc64.Append(_crc, _buffer.AsSpan(_crcFrom, _at - _crcFrom));
            _crcFrom = _at;
            return _crc;
        }
    }

    public RdbException Bad(string problem) => new(Offset, problem);

    /// <summary>What lies ready in the buffer from the byte on that was read last, which was this one.</summary>
    public ReadOnlySpan<byte> Ahead(byte last)
    {
        System.Diagnostics.Debug.Assert(_buffer[_at - 1] == last);
        return _buffer.AsSpan(_at - 1, _end - _at + 1);
    }

    public byte Byte()
    {
        if (_at == _end) Fill(1);
        return _buffer[_at++];
    }

    /// <summary>So many bytes, at most a chunk.</summary>
    public ReadOnlySpan<byte> Fixed(int count)
    {
        if (_end - _at < count) Fill(count);
        var bytes = _buffer.AsSpan(_at, count);
        _at += count;
        return bytes;
    }

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Fixed(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Fixed(8));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Fixed(8));

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Fixed(8));

    /// <summary>A length that must be one.</summary>
    public ulong Length()
    {
        var length = Length(out var isEncoding);
        return isEncoding ? throw Bad("a length was expected, an encoded string was found") : length;
    }

    private ulong Length(out bool isEncoding)
    {
        var first = Byte();
        isEncoding = false;
        switch (first >> 6)
        {
            case 0:
                return (uint)first & 0x3F;
            case 1:
                return (uint)(first & 0x3F) << 8 | Byte();
            case 3:
                isEncoding = true;
                return (uint)first & 0x3F;
            default:
                if (first == RdbFormat.Length32) return BinaryPrimitives.ReadUInt32BigEndian(Fixed(4));
                if (first == RdbFormat.Length64) return BinaryPrimitives.ReadUInt64BigEndian(Fixed(8));
                throw Bad($"unknown length encoding {first}");
        }
    }

    /// <summary>How many elements follow, each of which takes at least so many bytes.</summary>
    public long Count(int bytesEach = 1)
    {
        var count = Length();
        if (count > int.MaxValue || (long)count > Left / bytesEach) throw Bad($"{count} elements cannot follow in {Left} bytes");
        return (long)count;
    }

    public ReadOnlySpan<byte> String() => TryStringHead(out var length, out var integer) ? PlainBytes(length) : NumberOrExpanded(length, integer);

    /// <summary>
    /// The head of a string. True: plain bytes of this length follow, for <see cref="Copy"/> or <see cref="PlainBytes"/>. False: an integer, or (length 0 or
    /// more) something compressed of this expanded length, for <see cref="NumberOrExpanded"/>.
    /// </summary>
    public bool TryStringHead(out int length, out long integer)
    {
        integer = 0;
        var value = Length(out var isEncoding);
        if (!isEncoding)
        {
            length = Fits(value);
            return true;
        }

        length = -1;
        switch ((int)value)
        {
            case RdbFormat.EncodedInt8:
                integer = (sbyte)Byte();
                return false;
            case RdbFormat.EncodedInt16:
                integer = BinaryPrimitives.ReadInt16LittleEndian(Fixed(2));
                return false;
            case RdbFormat.EncodedInt32:
                integer = Int32();
                return false;
            case RdbFormat.EncodedLzf:
                var compressed = Fits(Length());
                var expanded = Length();
                if (expanded > int.MaxValue || (long)expanded > Lzf.ExpandedMax(compressed))
                    throw Bad($"{compressed} compressed bytes cannot stand for {expanded}");
                length = (int)expanded;
                integer = compressed;
                return false;
            default:
                throw Bad($"unknown string encoding {value}");
        }
    }

    public ReadOnlySpan<byte> NumberOrExpanded(int length, long integer)
    {
        if (length < 0) return _text.AsSpan(0, NumberText.FormatInt64(integer, _text));
        var compressed = PlainBytes((int)integer);
        if (_expanded.Length < length || (_expanded.Length > ScratchKept && length < ScratchKept)) _expanded = new byte[Math.Max(length, 4096)];
        var text = _expanded.AsSpan(0, length);
        return Lzf.TryExpand(compressed, text) ? text : throw Bad("a compressed string does not expand to its length");
    }

    /// <summary>So many plain bytes, of any number.</summary>
    public ReadOnlySpan<byte> PlainBytes(int length)
    {
        if (length <= _buffer.Length - 16 || length <= _end - _at) return Fixed(length);
        if (_length == long.MaxValue) return PlainBytesOfUnknown(length);
        if (_scratch.Length < length || (_scratch.Length > ScratchKept && length < ScratchKept)) _scratch = new byte[length];
        Copy(_scratch.AsSpan(0, length));
        return _scratch.AsSpan(0, length);
    }

    private ReadOnlySpan<byte> PlainBytesOfUnknown(int length)
    {
        var have = 0;
        if (_scratch.Length > ScratchKept) _scratch = [];
        while (have < length)
        {
            if (have == _scratch.Length) Array.Resize(ref _scratch, (int)Math.Min(length, Math.Max(ScratchKept, _scratch.Length * 2L)));
            var part = Math.Min(length, _scratch.Length) - have;
            Copy(_scratch.AsSpan(have, part));
            have += part;
        }
        return _scratch.AsSpan(0, length);
    }

    /// <summary>Fills the destination with the bytes that follow.</summary>
    public void Copy(Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            if (_at == _end) Fill(1);
            var part = Math.Min(to.Length, _end - _at);
            _buffer.AsSpan(_at, part).CopyTo(to);
            _at += part;
            to = to[part..];
        }
    }

    private int Fits(ulong length)
    {
        if (length > int.MaxValue || (long)length > Left) throw Bad($"a string of {length} bytes cannot follow in {Left} bytes");
        return (int)length;
    }

    /// <summary>Makes so many bytes lie in the buffer from the current place on.</summary>
    private void Fill(int count)
    {
        _crc = Crc64.Append(_crc, _buffer.AsSpan(_crcFrom, _at - _crcFrom));
        _crcFrom = _at;
        if (_source is null) throw Bad("unexpected end of the payload");
        _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
        _bufferOffset += _at;
        _end -= _at;
        _at = _crcFrom = 0;
        while (_end < count)
        {
            var read = _source.Read(_buffer.AsSpan(_end));
            if (read <= 0) throw new RdbException(_bufferOffset + _end, "unexpected end of file");
            _end += read;
        }
    }
}

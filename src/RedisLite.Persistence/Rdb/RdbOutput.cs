using System.Buffers.Binary;
using RedisLite.Data;
using RedisLite.Data.Encodings;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// The primitive parts of the RDB format, written into a buffer. With a sink the buffer is emptied whenever it is full, and the checksum runs along;
/// without one it grows, and holds the whole payload (DUMP).
/// </summary>
internal sealed class RdbOutput
{
    private const int StreamBuffer = 64 * 1024;

    /// <summary>Shorter strings are never worth compressing, as Redis has it.</summary>
    private const int CompressAbove = 20;

    private readonly IByteSink? _sink;
    private readonly bool _checksum;
    private readonly bool _compress;
    private byte[] _buffer;
    private int _used;
    private ulong _crc;
    private Lzf? _lzf;
    private byte[] _compressed = [];

    public RdbOutput(IByteSink? sink, bool compress, bool checksum)
    {
        _sink = sink;
        _compress = compress;
        _checksum = checksum;
        _buffer = new byte[sink is null ? 512 : StreamBuffer];
    }

    /// <summary>Bytes that have gone to the sink.</summary>
    public long Flushed { get; private set; }

    public long Length => Flushed + _used;

    /// <summary>What has been written since the last Reset or flush.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _used);

    /// <summary>Starts another payload in the same buffer.</summary>
    public void Reset()
    {
        if (_buffer.Length > 1 << 20) _buffer = new byte[512];
        _used = 0;
    }

    public void Flush()
    {
        if (_sink is null || _used == 0) return;
        var bytes = _buffer.AsSpan(0, _used);
        if (_checksum) _crc = Crc64.Append(_crc, bytes);
        _sink.Write(bytes);
        Flushed += _used;
        _used = 0;
    }

    /// <summary>The checksum of all so far (0 = checksums are off), written as the last eight bytes, and the sink gets everything.</summary>
    public void FinishWithChecksum()
    {
        Flush();
        UInt64(_crc);
        Flush();
    }

    public void Byte(byte value)
    {
        Reserve(1);
        _buffer[_used++] = value;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if (_sink is not null && bytes.Length > _buffer.Length)
        {
            Flush();
            if (_checksum) _crc = Crc64.Append(_crc, bytes);
            _sink.Write(bytes);
            Flushed += bytes.Length;
            return;
        }
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void UInt16(ushort value)
    {
        Reserve(2);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_used), value);
        _used += 2;
    }

    public void UInt64(ulong value)
    {
        Reserve(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_used), value);
        _used += 8;
    }

    public void Int64(long value) => UInt64((ulong)value);

    public void Double(double value) => UInt64(BitConverter.DoubleToUInt64Bits(value));

    public void Length64(ulong length)
    {
        Reserve(9);
        var to = _buffer.AsSpan(_used);
        switch (length)
        {
            case < 1 << 6:
                to[0] = (byte)length;
                _used++;
                break;
            case < 1 << 14:
                to[0] = (byte)(RdbFormat.Length14 | length >> 8);
                to[1] = (byte)length;
                _used += 2;
                break;
            case <= uint.MaxValue:
                to[0] = RdbFormat.Length32;
                BinaryPrimitives.WriteUInt32BigEndian(to[1..], (uint)length);
                _used += 5;
                break;
            default:
                to[0] = RdbFormat.Length64;
                BinaryPrimitives.WriteUInt64BigEndian(to[1..], length);
                _used += 9;
                break;
        }
    }

    public void Count(long count) => Length64((ulong)count);

    /// <summary>A string in the shortest form: a small integer, compressed, or as it is.</summary>
    public void String(ReadOnlySpan<byte> text)
    {
        if (text.Length <= 11 && NumberText.TryParseInt64(text, out var integer) && TrySmallInteger(integer)) return;
        Bytes(text);
    }

    public void String(in PackedValue value)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        if (value.IsInteger) Integer(value.Integer);
        else String(value.AsText(scratch));
    }

    /// <summary>A string that is the text of an integer.</summary>
    public void Integer(long value)
    {
        if (TrySmallInteger(value)) return;
        Span<byte> text = stackalloc byte[NumberText.Int64TextMax];
        text = text[..NumberText.FormatInt64(value, text)];
        Length64((ulong)text.Length);
        Raw(text);
    }

    /// <summary>A string that is no small integer: compressed when that saves something.</summary>
    public void Bytes(ReadOnlySpan<byte> text)
    {
        if (_compress && text.Length > CompressAbove && TryCompressed(text)) return;
        Length64((ulong)text.Length);
        Raw(text);
    }

    private bool TryCompressed(ReadOnlySpan<byte> text)
    {
        var max = text.Length - 4;
        if (_compressed.Length < max) _compressed = new byte[Math.Max(max, 4096)];
        var length = (_lzf ??= new Lzf()).Compress(text, _compressed.AsSpan(0, max));
        if (length == 0) return false;
        Byte(RdbFormat.Encoded | RdbFormat.EncodedLzf);
        Length64((ulong)length);
        Length64((ulong)text.Length);
        Raw(_compressed.AsSpan(0, length));
        if (_compressed.Length > 1 << 20) _compressed = [];
        return true;
    }

    private bool TrySmallInteger(long value)
    {
        if (value is < int.MinValue or > int.MaxValue) return false;
        Reserve(5);
        var to = _buffer.AsSpan(_used);
        if (value is >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            to[0] = RdbFormat.Encoded | RdbFormat.EncodedInt8;
            to[1] = (byte)value;
            _used += 2;
        }
        else if (value is >= short.MinValue and <= short.MaxValue)
        {
            to[0] = RdbFormat.Encoded | RdbFormat.EncodedInt16;
            BinaryPrimitives.WriteInt16LittleEndian(to[1..], (short)value);
            _used += 3;
        }
        else
        {
            to[0] = RdbFormat.Encoded | RdbFormat.EncodedInt32;
            BinaryPrimitives.WriteInt32LittleEndian(to[1..], (int)value);
            _used += 5;
        }
        return true;
    }

    private void Reserve(int bytes)
    {
        if (_used + bytes <= _buffer.Length) return;
        if (_sink is not null) Flush();
        if (_used + bytes > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, checked(_used + bytes)));
    }
}

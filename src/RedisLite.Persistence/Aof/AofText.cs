using System.Buffers.Text;
using RedisLite.Data.Encodings;

namespace RedisLite.Persistence.Aof;

/// <summary>Commands as an AOF holds them, in a buffer that grows.</summary>
internal sealed class AofText
{
    private byte[] _buffer = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        if (_buffer.Length > 1 << 20) _buffer = new byte[4096];
    }

    /// <summary>Forgets the first so many bytes.</summary>
    public void RemoveFirst(int bytes)
    {
        _buffer.AsSpan(bytes, Length - bytes).CopyTo(_buffer);
        Length -= bytes;
    }

    public void Begin(long argc) => Head((byte)'*', argc);

    public void Arg(ReadOnlySpan<byte> arg)
    {
        Head((byte)'$', arg.Length);
        Raw(arg);
        Raw("\r\n"u8);
    }

    public void Arg(long number)
    {
        Span<byte> text = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, text, out var written);
        Arg(text[..written]);
    }

    public void Arg(in PackedValue value)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        Arg(value.AsText(scratch));
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    private void Head(byte mark, long number)
    {
        Reserve(24);
        var to = _buffer.AsSpan(Length);
        to[0] = mark;
        Utf8Formatter.TryFormat(number, to[1..], out var digits);
        "\r\n"u8.CopyTo(to[(digits + 1)..]);
        Length += digits + 3;
    }

    private void Reserve(int bytes)
    {
        if (Length + bytes > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, checked(Length + bytes)));
    }
}

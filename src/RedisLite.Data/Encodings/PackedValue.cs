using System.Buffers.Binary;
using System.Buffers.Text;

namespace RedisLite.Data.Encodings;

/// <summary>
/// A string as small encodings see it: an integer when its text is exactly what formatting that integer gives back, else bytes. Made once per
/// argument, it then knows its size in a listpack, compares with entries, and writes itself.
/// </summary>
internal readonly ref struct PackedValue
{
    /// <summary>Enough for the text of any integer.</summary>
    public const int IntegerTextMax = 20;

    /// <summary>The longest integer as an entry.</summary>
    public const int IntegerSizeMax = 10;

    private readonly ReadOnlySpan<byte> text;
    private readonly bool hasText;

    /// <summary>A value from outside: decides between integer and text as Redis does.</summary>
    public PackedValue(ReadOnlySpan<byte> text)
    {
        this.text = text;
        hasText = true;
        IsInteger = NumberText.TryParseInt64(text, out var integer);
        Integer = integer;
    }

    public PackedValue(long integer)
    {
        Integer = integer;
        IsInteger = true;
    }

    /// <summary>Text that lies encoded as text already; it is not looked at again.</summary>
    internal PackedValue(ReadOnlySpan<byte> text, bool isEncodedText)
    {
        this.text = text;
        hasText = isEncodedText;
    }

    public bool IsInteger { get; }

    public long Integer { get; }

    /// <summary>The bytes of the string; an integer without text is written into <paramref name="scratch"/>.</summary>
    public ReadOnlySpan<byte> AsText(Span<byte> scratch)
    {
        if (hasText) return text;
        Utf8Formatter.TryFormat(Integer, scratch, out var written);
        return scratch[..written];
    }

    /// <summary>The integer that this value is or that its text spells, by Redis's strict rules.</summary>
    public bool TryGetInteger(out long value)
    {
        value = Integer;
        return IsInteger || (hasText && MayBeInteger(text) && NumberText.TryParseInt64(text, out value));
    }

    /// <summary>What the first byte of a text says about it, which is the last word on most.</summary>
    private static bool MayBeInteger(ReadOnlySpan<byte> text) => !text.IsEmpty && (uint)(text[0] - '0') <= 9 | text[0] == '-';

    /// <summary>Length of the text in bytes.</summary>
    public int TextLength => hasText ? text.Length : NumberText.LengthOf(Integer);

    public bool TextEquals(ReadOnlySpan<byte> other) => hasText ? text.SequenceEqual(other) : NumberEquals(other);

    private bool NumberEquals(ReadOnlySpan<byte> other)
    {
        Span<byte> scratch = stackalloc byte[IntegerTextMax];
        return AsText(scratch).SequenceEqual(other);
    }

    public bool ValueEquals(in PackedValue other)
    {
        if (IsInteger && other.IsInteger) return Integer == other.Integer;
        if (other.hasText) return TextEquals(other.text);
        return hasText && other.TextEquals(text);
    }

    /// <summary>Bytes that this value takes as an entry of a listpack, backlen included.</summary>
    public int PackedSize
    {
        get
        {
            var size = EncodedSize;
            return size + ListPack.BackLengthBytes(size);
        }
    }

    private int EncodedSize
    {
        get
        {
            if (!IsInteger) return EncodedTextSize(text.Length);
            return Integer switch
            {
                >= 0 and <= 127 => 1,
                >= -4096 and <= 4095 => 2,
                >= short.MinValue and <= short.MaxValue => 3,
                >= -(1 << 23) and <= (1 << 23) - 1 => 4,
                >= int.MinValue and <= int.MaxValue => 5,
                _ => 9,
            };
        }
    }

    /// <summary>Bytes of an entry that holds so long a text, and the most that one takes whose text spells an integer.</summary>
    public static int TextSize(int length)
    {
        var size = EncodedTextSize(length);
        return size + ListPack.BackLengthBytes(size);
    }

    private static int EncodedTextSize(int length) => length + (length < 64 ? 1 : length < 4096 ? 2 : 5);

    /// <summary>Writes the entry; returns its bytes (= <see cref="PackedSize"/>).</summary>
    public int WriteTo(Span<byte> destination)
    {
        if (IsInteger && (ulong)Integer < 128)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)(Integer | 1 << 8));       // all there is to say about most integers
            return 2;
        }
        var size = EncodedSize;
        if (IsInteger)
            WriteInteger(destination, size);
        else
            WriteText(destination);

        ListPack.WriteBackLength(destination[size..], size);
        return size + ListPack.BackLengthBytes(size);
    }

    private void WriteInteger(Span<byte> destination, int size)
    {
        var payload = destination[1..];
        switch (size)
        {
            case 1:
                destination[0] = (byte)Integer;
                break;
            case 2:
                destination[0] = (byte)(0xC0 | (Integer >> 8) & 0x1F);
                destination[1] = (byte)Integer;
                break;
            case 3:
                destination[0] = 0xF1;
                BinaryPrimitives.WriteInt16LittleEndian(payload, (short)Integer);
                break;
            case 4:
                destination[0] = 0xF2;
                BinaryPrimitives.WriteInt16LittleEndian(payload, (short)Integer);
                payload[2] = (byte)(Integer >> 16);
                break;
            case 5:
                destination[0] = 0xF3;
                BinaryPrimitives.WriteInt32LittleEndian(payload, (int)Integer);
                break;
            default:
                destination[0] = 0xF4;
                BinaryPrimitives.WriteInt64LittleEndian(payload, Integer);
                break;
        }
    }

    private void WriteText(Span<byte> destination)
    {
        switch (text.Length)
        {
            case < 64:
                destination[0] = (byte)(0x80 | text.Length);
                text.CopyTo(destination[1..]);
                break;
            case < 4096:
                destination[0] = (byte)(0xE0 | text.Length >> 8);
                destination[1] = (byte)text.Length;
                text.CopyTo(destination[2..]);
                break;
            default:
                destination[0] = 0xF0;
                BinaryPrimitives.WriteInt32LittleEndian(destination[1..], text.Length);
                text.CopyTo(destination[5..]);
                break;
        }
    }
}

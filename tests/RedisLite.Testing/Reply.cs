using System.Globalization;
using System.Text;

namespace RedisLite.Testing;

/// <summary>
/// One reply of RESP2 or RESP3 as a tree, read by code that shares nothing with the server's own.
/// <see cref="Type"/> is the type byte; <see cref="Text"/> the line or payload in Latin-1 (null for a null bulk);
/// <see cref="Items"/> the elements of an aggregate (keys and values in turn for a map), null for a null array.
/// </summary>
public sealed class Reply
{
    private Reply(char type, string? text, IReadOnlyList<Reply>? items) => (Type, Text, Items) = (type, text, items);

    public char Type { get; }
    public string? Text { get; }
    public IReadOnlyList<Reply>? Items { get; }

    public bool IsError => Type is '-' or '!';
    public bool IsNull => Type == '_' || (Type == '$' && Text is null) || (Type == '*' && Items is null);
    public bool IsAggregate => Type is '*' or '%' or '~' or '>' or '|';
    public long Integer => long.Parse(Text!, CultureInfo.InvariantCulture);
    public IEnumerable<string?> Texts => Items!.Select(item => item.Text);

    public static Reply Parse(ReadOnlySpan<byte> wire) =>
        TryParse(wire, out var reply, out var length) && length == wire.Length ? reply! : throw new FormatException($"Not one reply: {CommandText.Escape(wire)}");

    /// <summary>False when the buffer does not hold a whole reply yet; throws when it cannot become one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> buffer, out Reply? reply, out int length)
    {
        reply = null;
        length = 0;
        var position = 0;
        if (Read(buffer, ref position) is not { } read) return false;
        reply = read;
        length = position;
        return true;
    }

    /// <summary>The same reply with the elements in byte order of their text; pairs of a map stay together.</summary>
    public Reply Sorted(int groupSize = 1)
    {
        if (Items is null) return this;
        if (Type == '%') groupSize = 2;
        var groups = Items.Chunk(groupSize).OrderBy(g => string.Join('\0', g.Select(item => item.ToString())), StringComparer.Ordinal);
        return new Reply(Type, Text, [.. groups.SelectMany(g => g)]);
    }

    /// <summary>The same reply with each text that is a floating point number written in its shortest form, and zero without a sign.</summary>
    public Reply WithShortestDoubles()
    {
        if (IsAggregate && Items is not null) return new Reply(Type, Text, [.. Items.Select(item => item.WithShortestDoubles())]);
        var isNumber = Type is '$' or ',' && Text is { Length: > 0 } && Text[^1] is >= '0' and <= '9';
        return isNumber && double.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? new Reply(Type, (number + 0.0).ToString("R", CultureInfo.InvariantCulture), null)
            : this;
    }

    public override string ToString()
    {
        if (IsNull) return Type + "null";
        if (!IsAggregate) return Type + CommandText.Escape(CommandText.Bytes(Text!));
        return $"{Type}{Items!.Count}[{string.Join(", ", Items)}]";
    }

    private static Reply? Read(ReadOnlySpan<byte> buffer, ref int position)
    {
        var rest = buffer[position..];
        var end = rest.IndexOf("\r\n"u8);
        if (end < 0) return null;
        var type = (char)rest[0];
        var line = Encoding.Latin1.GetString(rest[1..end]);
        position += end + 2;

        switch (type)
        {
            case '+' or '-' or ':' or '_' or ',' or '#' or '(':
                return new Reply(type, line, null);
            case '$' or '=' or '!':
                return ReadBulk(buffer, ref position, type, int.Parse(line, CultureInfo.InvariantCulture));
            case '*' or '~' or '>':
                return ReadItems(buffer, ref position, type, int.Parse(line, CultureInfo.InvariantCulture));
            case '%':
                return ReadItems(buffer, ref position, type, 2 * int.Parse(line, CultureInfo.InvariantCulture));
            case '|':
                var attribute = ReadItems(buffer, ref position, type, 2 * int.Parse(line, CultureInfo.InvariantCulture));
                return attribute is null ? null : Read(buffer, ref position);
            default:
                throw new FormatException($"Not a reply: {CommandText.Escape(rest[..Math.Min(rest.Length, 100)])}");
        }
    }

    private static Reply? ReadBulk(ReadOnlySpan<byte> buffer, ref int position, char type, int length)
    {
        if (length < 0) return new Reply(type, null, null);
        if (buffer.Length < position + length + 2) return null;
        var text = Encoding.Latin1.GetString(buffer.Slice(position, length));
        if (!buffer.Slice(position + length, 2).SequenceEqual("\r\n"u8)) throw new FormatException($"A bulk of {length} bytes does not end with CRLF");
        position += length + 2;
        return new Reply(type, text, null);
    }

    private static Reply? ReadItems(ReadOnlySpan<byte> buffer, ref int position, char type, int count)
    {
        if (count < 0) return new Reply(type, null, null);
        var items = new List<Reply>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
        {
            if (Read(buffer, ref position) is not { } item) return null;
            items.Add(item);
        }

        return new Reply(type, null, items);
    }
}

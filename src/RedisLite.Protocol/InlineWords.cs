namespace RedisLite.Protocol;

/// The quoting rules of inline requests (and of redis.conf lines): words split at white space; "..." knows \n \r \t \a \b \xHH and backslash before
/// anything else; '...' knows only \'; a closing quote must end its word. Unquoting never makes a word longer, so it is done in place.
internal static class InlineWords
{
    public static bool IsSpace(byte b) => b is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    /// Vertical tab and form feed separate words but do not end one: so does Redis.
    public static bool EndsWord(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';

    /// Splits and unquotes `line` in place, adding the words to the batch as slices of it. False: unbalanced quotes.
    public static bool TryUnquote(Span<byte> line, RequestBatch batch)
    {
        int read = 0, write = 0;
        while (true)
        {
            while (read < line.Length && IsSpace(line[read])) read++;
            if (read == line.Length) return true;
            var word = write;
            if (!TryReadWord(line, ref read, ref write)) return false;
            batch.AddArg(word, write - word);
        }
    }

    private static bool TryReadWord(Span<byte> line, ref int read, ref int write)
    {
        while (read < line.Length && !EndsWord(line[read]))
        {
            var b = line[read++];
            var quoted = b is (byte)'"' or (byte)'\'';
            if (!quoted)
            {
                line[write++] = b;
                continue;
            }
            var closed = b == (byte)'"' ? TryReadDoubleQuoted(line, ref read, ref write) : TryReadSingleQuoted(line, ref read, ref write);
            if (!closed) return false;
            return read == line.Length || IsSpace(line[read]);
        }
        return true;
    }

    private static bool TryReadDoubleQuoted(Span<byte> line, ref int read, ref int write)
    {
        while (read < line.Length)
        {
            var b = line[read++];
            if (b == (byte)'"') return true;
            if (b == (byte)'\\' && read < line.Length)
            {
                b = line[read++];
                if (b == (byte)'x' && read + 1 < line.Length && char.IsAsciiHexDigit((char)line[read]) && char.IsAsciiHexDigit((char)line[read + 1]))
                {
                    b = (byte)(HexValue(line[read]) << 4 | HexValue(line[read + 1]));
                    read += 2;
                }
                else
                {
                    b = Unescape(b);
                }
            }
            line[write++] = b;
        }
        return false;
    }

    private static bool TryReadSingleQuoted(Span<byte> line, ref int read, ref int write)
    {
        while (read < line.Length)
        {
            var b = line[read++];
            if (b == (byte)'\'') return true;
            if (b == (byte)'\\' && read < line.Length && line[read] == (byte)'\'') b = line[read++];
            line[write++] = b;
        }
        return false;
    }

    private static byte Unescape(byte b) => b switch
    {
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        (byte)'b' => (byte)'\b',
        (byte)'a' => (byte)'\a',
        _ => b,
    };

    private static int HexValue(byte b) => b <= (byte)'9' ? b - '0' : (b | 0x20) - 'a' + 10;
}

using System.Globalization;
using System.Text;

namespace RedisLite.Testing;

/// <summary>
/// Commands as a person writes them: words, "double quotes" with \n \r \t \a \b \\ \" \xHH, 'single quotes' with \'.
/// A character stands for the byte of the same number (Latin-1), so that every byte string can be written down.
/// </summary>
public static class CommandText
{
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static byte[][] Arguments(params string[] words) => Array.ConvertAll(words, Bytes);

    public static byte[][] Parse(string line)
    {
        var arguments = new List<byte[]>();
        var position = 0;
        while (true)
        {
            while (position < line.Length && char.IsWhiteSpace(line[position])) position++;
            if (position == line.Length) return [.. arguments];
            arguments.Add(Bytes(ReadWord(line, ref position)));
        }
    }

    public static string Format(IEnumerable<byte[]> arguments) => string.Join(' ', arguments.Select(Quote));

    /// <summary>A plain word as it is, anything else quoted; long values are cut, for messages.</summary>
    public static string Quote(byte[] argument)
    {
        var plain = argument.Length > 0 && argument.All(b => b is > 0x20 and < 0x7f and not ((byte)'"' or (byte)'\'' or (byte)'\\'));
        return plain ? Encoding.Latin1.GetString(argument) : "\"" + Escape(argument) + "\"";
    }

    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            switch (b)
            {
                case (byte)'\r': text.Append("\\r"); break;
                case (byte)'\n': text.Append("\\n"); break;
                case (byte)'"': text.Append("\\\""); break;
                case (byte)'\\': text.Append("\\\\"); break;
                case >= 0x20 and < 0x7f: text.Append((char)b); break;
                default: text.Append("\\x").Append(b.ToString("x2", CultureInfo.InvariantCulture)); break;
            }
        }

        return text.ToString();
    }

    /// <summary>The request as it goes over the wire.</summary>
    public static byte[] Encode(params IReadOnlyList<byte[]> arguments)
    {
        var wire = new MemoryStream();
        Header(wire, '*', arguments.Count);
        foreach (var argument in arguments)
        {
            Header(wire, '$', argument.Length);
            wire.Write(argument);
            wire.Write("\r\n"u8);
        }

        return wire.ToArray();
    }

    private static void Header(Stream wire, char type, int number) => wire.Write(Encoding.ASCII.GetBytes($"{type}{number}\r\n"));

    private static string ReadWord(string line, ref int position)
    {
        var word = new StringBuilder();
        while (position < line.Length && !char.IsWhiteSpace(line[position]))
        {
            var c = line[position++];
            if (c is '"' or '\'') ReadQuoted(line, ref position, c, word);
            else word.Append(c);
        }

        return word.ToString();
    }

    private static void ReadQuoted(string line, ref int position, char quote, StringBuilder word)
    {
        while (true)
        {
            if (position >= line.Length) throw new FormatException($"Unbalanced quotes: {line}");
            var c = line[position++];
            if (c == quote) return;
            if (c != '\\' || position == line.Length) { word.Append(c); continue; }

            c = line[position++];
            if (quote == '\'') { word.Append(c == '\'' ? "'" : "\\" + c); continue; }
            if (c == 'x')
            {
                word.Append((char)byte.Parse(line.AsSpan(position, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                position += 2;
                continue;
            }

            word.Append(c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'a' => '\a', 'b' => '\b', _ => c });
        }
    }
}

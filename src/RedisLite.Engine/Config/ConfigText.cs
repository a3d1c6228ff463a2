// Configuration values are text to people and bytes to clients. A password may hold any byte, a path is UTF-8, and CONFIG GET
// must give back exactly what CONFIG SET took. So bytes become a string by UTF-8, and each byte that is not UTF-8 becomes a
// lone low surrogate (U+DC80..U+DCFF), which no valid text contains; encoding turns it back. Nothing is lost and every
// ordinary value is an ordinary string.
//
// The second half is the quoting of redis.conf: words separated by blanks, "..." with escapes, '...' with only \' inside.
using System.Buffers;
using System.Globalization;
using System.Text;

namespace RedisLite.Engine.Config;

internal static class ConfigText
{
    private const char EscapedByte = '\uDC00';

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == OperationStatus.Done)
            {
                text.Append(rune);
                bytes = bytes[consumed..];
                continue;
            }
            text.Append((char)(EscapedByte | bytes[0]));
            bytes = bytes[1..];
        }
        return text.ToString();
    }

    public static byte[] Encode(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) == OperationStatus.Done)
                length += rune.EncodeToUtf8(bytes.AsSpan(length));
            else
                bytes[length++] = (byte)text[0];
            text = text[consumed..];
        }
        return bytes[..length];
    }

    /// <summary>Splits a line into words; false when quotes are not balanced or a closing quote touches the next word.</summary>
    public static bool TrySplit(ReadOnlySpan<char> line, out List<string> words)
    {
        words = [];
        var at = 0;
        while (true)
        {
            while (at < line.Length && IsBlank(line[at])) at++;
            if (at >= line.Length) return true;
            if (!TryReadWord(line, ref at, out var word)) return false;
            words.Add(word);
        }
    }

    private static bool TryReadWord(ReadOnlySpan<char> line, ref int at, out string word)
    {
        var bytes = new List<byte>();                                       // \xHH may spell half a character: bytes until the end
        word = "";
        while (at < line.Length && !IsBlank(line[at]))
        {
            var c = line[at++];
            if (c is '"' or '\'')
            {
                if (!TryReadQuoted(line, c, ref at, bytes)) return false;
                if (at < line.Length && !IsBlank(line[at])) return false;
                break;
            }
            if (c == '\0') break;
            AddChar(bytes, line, at - 1, ref at);
        }
        word = Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
        return true;
    }

    private static bool TryReadQuoted(ReadOnlySpan<char> line, char quote, ref int at, List<byte> bytes)
    {
        while (at < line.Length)
        {
            var c = line[at++];
            if (c == quote) return true;
            if (c == '\\' && at < line.Length)
            {
                if (quote == '"')
                {
                    ReadEscape(line, ref at, bytes);
                    continue;
                }
                if (line[at] == '\'')
                {
                    bytes.Add((byte)'\'');
                    at++;
                    continue;
                }
            }
            AddChar(bytes, line, at - 1, ref at);
        }
        return false;
    }

    private static void ReadEscape(ReadOnlySpan<char> line, ref int at, List<byte> bytes)
    {
        var c = line[at++];
        if (c == 'x' && at + 1 < line.Length && char.IsAsciiHexDigit(line[at]) && char.IsAsciiHexDigit(line[at + 1]))
        {
            bytes.Add(byte.Parse(line.Slice(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            at += 2;
            return;
        }
        switch (c)
        {
            case 'n': bytes.Add((byte)'\n'); break;
            case 'r': bytes.Add((byte)'\r'); break;
            case 't': bytes.Add((byte)'\t'); break;
            case 'b': bytes.Add((byte)'\b'); break;
            case 'a': bytes.Add((byte)'\a'); break;
            default: AddChar(bytes, line, at - 1, ref at); break;
        }
    }

    /// <summary>Adds the character at <paramref name="start"/> as bytes and leaves <paramref name="at"/> behind it.</summary>
    private static void AddChar(List<byte> bytes, ReadOnlySpan<char> line, int start, ref int at)
    {
        Rune.DecodeFromUtf16(line[start..], out _, out var consumed);
        bytes.AddRange(Encode(line.Slice(start, consumed)));
        at = start + consumed;
    }

    private static bool IsBlank(char c) => c is ' ' or '\n' or '\r' or '\t' or '\v' or '\f' or '\0';

    /// <summary>The quoted form that <see cref="TrySplit"/> reads back to the same value; bytes outside ASCII are escaped.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var b in Encode(value))
        {
            _ = b switch
            {
                (byte)'\\' or (byte)'"' => text.Append('\\').Append((char)b),
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\t' => text.Append("\\t"),
                7 => text.Append("\\a"),
                8 => text.Append("\\b"),
                >= 32 and < 127 => text.Append((char)b),
                _ => text.Append("\\x").Append(b.ToString("x2", CultureInfo.InvariantCulture)),
            };
        }
        return text.Append('"').ToString();
    }
}

using System.Globalization;
using System.Text;
using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

/// Random and half-random bytes, cut anywhere, against a parser so simple that it can be read at a glance (ReferenceParser below). A case is its seed: a failure
/// names it. REDISLITE_FUZZ_CASES raises the number of cases.
public class RequestParserFuzzTests
{
    private static readonly int Cases = int.Parse(Environment.GetEnvironmentVariable("REDISLITE_FUZZ_CASES") ?? "20000", CultureInfo.InvariantCulture);

    private static readonly string[] Pieces =
    [
        "*", "$", "\r\n", "\r", "\n", "\0", "1", "2", "3", "10", "11", "0", "-1", "-", "+", " ", "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "PING\r\n",
        "SET a b\n", "\"", "'", "\\", "\\x41", "\\x", "\"a b\" 'c'\r\n", "*0\r\n", "*-1\r\n", "$4\r\nPING\r\n", "$0\r\n\r\n", "*3\r\n", "*99999\r\n", "$5\r\n", "$16385\r\n",
        "*2147483648\r\n", "$536870913\r\n", "abcde\r\n", "\t", "\v", "\f", "x", "é", "*1\rX$4\rXPINGXX", "*1\r\n$20\r\n01234567890123456789\r\n",
    ];

    [Fact]
    public void Parses_like_the_reference_however_the_bytes_are_cut()
    {
        var input = new byte[4096];
        var harness = new Feeder();
        for (var seed = 1; seed <= Cases; seed++)
        {
            var random = new Random(seed);
            var length = Generate(random, input);
            var authenticated = random.Next(4) > 0;
            var expected = ReferenceParser.Parse(input.AsSpan(0, length), authenticated);
            var actual = harness.Run(random, input, length, authenticated);
            if (expected != actual) Assert.Fail($"seed {seed}: {Show(input, length)}\nexpected {Show(expected)}\nactual   {Show(actual)}");
        }
    }

    private static int Generate(Random random, byte[] input)
    {
        var length = 0;
        var pieces = random.Next(1, 12);
        for (var i = 0; i < pieces; i++)
        {
            if (random.Next(12) == 0)
            {
                input[length++] = (byte)random.Next(256);
                continue;
            }
            length += Encoding.Latin1.GetBytes(Pieces[random.Next(Pieces.Length)], input.AsSpan(length));
        }
        if (random.Next(3) == 0) input[random.Next(length)] = (byte)random.Next(256);
        return length;
    }

    private static string Show(byte[] input, int length) => Show(Encoding.Latin1.GetString(input, 0, length));

    private static string Show(string text) => text.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\0", "\\0", StringComparison.Ordinal);

    /// Feeds in random cuts, moving the unconsumed bytes to another place before each, and now and then rewinds as a paused client makes the engine do.
    private sealed class Feeder
    {
        private readonly byte[][] _buffers = [new byte[8192], new byte[8192]];
        private readonly RequestBatch _batch = new();

        public string Run(Random random, byte[] input, int length, bool authenticated)
        {
            var parser = new RequestParser(new RespLimits()) { Authenticated = authenticated };
            var text = new StringBuilder();
            int fed = 0, unread = 0, start = 0;
            var current = _buffers[0];
            while (fed < length)
            {
                var piece = random.Next(3) == 0 ? 1 : random.Next(1, length - fed + 1);
                var next = ReferenceEquals(current, _buffers[0]) ? _buffers[1] : _buffers[0];
                var lead = random.Next(100);
                current.AsSpan(start, unread).CopyTo(next.AsSpan(lead));
                input.AsSpan(fed, piece).CopyTo(next.AsSpan(lead + unread));
                next[lead + unread + piece] = (byte)'\n';
                current = next;
                start = lead;
                fed += piece;
                var end = lead + unread + piece;
                if (Drain(random, parser, current, ref start, end, text)) return text.ToString();
                unread = end - start;
            }
            return text.ToString();
        }

        /// True: protocol error.
        private bool Drain(Random random, RequestParser parser, byte[] buffer, ref int start, int end, StringBuilder text)
        {
            while (true)
            {
                var status = parser.Parse(buffer, start, end, _batch);
                var run = _batch.Count;
                var consumed = _batch.Consumed;
                if (run > 0 && random.Next(10) == 0)
                {
                    run = random.Next(run);
                    consumed = run == 0 ? start : _batch.Requests[run - 1].WireEnd;
                    parser.Rewind();
                    status = ParseStatus.Full;
                }
                for (var i = 0; i < run; i++) Append(text, _batch.Requests[i]);
                start = consumed;
                if (status == ParseStatus.NeedMore) return false;
                if (status != ParseStatus.ProtocolError) continue;
                text.Append('!').Append(parser.ErrorText);
                return true;
            }
        }

        private void Append(StringBuilder text, Request request)
        {
            for (var i = 0; i < request.Argc; i++) text.Append('<').Append(Encoding.Latin1.GetString(_batch.Arg(request, i))).Append('>');
            text.Append(';');
        }
    }

    /// The rules of the protocol over a whole buffer, with no thought of speed.
    private static class ReferenceParser
    {
        public static string Parse(ReadOnlySpan<byte> input, bool authenticated)
        {
            var rest = Encoding.Latin1.GetString(input);
            var text = new StringBuilder();
            while (rest.Length > 0)
            {
                var before = rest.Length;
                var error = rest[0] == '*' ? ReadMultibulk(ref rest, text, authenticated) : ReadInline(ref rest, text);
                if (error != null) return text.Append("!Protocol error: ").Append(error).ToString();
                if (rest.Length == before) break;
            }
            return text.ToString();
        }

        /// The line up to `end`, or null when it is not there, or a zero byte comes first.
        private static string? Line(string rest, char end)
        {
            var at = rest.IndexOfAny([end, '\0']);
            return at < 0 || rest[at] == '\0' ? null : rest[..at];
        }

        private static string? ReadMultibulk(ref string whole, StringBuilder text, bool authenticated)
        {
            var rest = whole;
            var line = Line(rest, '\r');
            if (line == null || rest.Length < line.Length + 2) return null;
            if (!TryNumber(line[1..], out var count) || count > int.MaxValue) return "invalid multibulk length";
            if (count > 10 && !authenticated) return "unauthenticated multibulk length";
            rest = rest[(line.Length + 2)..];
            var request = new StringBuilder();
            for (long i = 0; i < count; i++)
            {
                line = Line(rest, '\r');
                if (line == null || rest.Length < line.Length + 2) return null;
                if (rest[0] != '$') return $"expected '$', got '{(rest[0] is '\r' or '\n' ? ' ' : rest[0])}'";
                if (!TryNumber(line[1..], out var length) || length < 0 || length > 512 * 1024 * 1024) return "invalid bulk length";
                if (length > 16384 && !authenticated) return "unauthenticated bulk length";
                rest = rest[(line.Length + 2)..];
                if (rest.Length < length + 2) return null;
                request.Append('<').Append(rest, 0, (int)length).Append('>');
                rest = rest[((int)length + 2)..];
            }
            if (count > 0) text.Append(request).Append(';');
            whole = rest;
            return null;
        }

        private static bool TryNumber(string digits, out long number) =>
            long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) && number.ToString(CultureInfo.InvariantCulture) == digits;

        private static string? ReadInline(ref string rest, StringBuilder text)
        {
            var line = Line(rest, '\n');
            if (line == null) return null;
            var after = rest[(line.Length + 1)..];
            if (line.EndsWith('\r')) line = line[..^1];
            var words = new StringBuilder();
            for (var i = 0; ;)
            {
                while (i < line.Length && (line[i] == ' ' || line[i] is >= '\t' and <= '\r')) i++;
                if (i == line.Length) break;
                if (!TryWord(line, ref i, out var word)) return "unbalanced quotes in request";
                words.Append('<').Append(word).Append('>');
            }
            if (words.Length > 0) text.Append(words).Append(';');
            rest = after;
            return null;
        }

        private static bool TryWord(string line, ref int i, out string word)
        {
            var text = new StringBuilder();
            word = "";
            var quote = '\0';
            for (; i < line.Length; i++)
            {
                var c = line[i];
                if (quote == '\0')
                {
                    if (c is ' ' or '\t' or '\r' or '\n') break;
                    if (c is '"' or '\'') quote = c;
                    else text.Append(c);
                }
                else if (c == quote)
                {
                    i++;
                    word = text.ToString();
                    return i == line.Length || line[i] == ' ' || line[i] is >= '\t' and <= '\r';
                }
                else if (c == '\\' && i + 1 < line.Length && (quote == '"' || line[i + 1] == '\''))
                {
                    text.Append(Escaped(line, ref i, quote));
                }
                else
                {
                    text.Append(c);
                }
            }
            word = text.ToString();
            return quote == '\0';
        }

        private static char Escaped(string line, ref int i, char quote)
        {
            var c = line[++i];
            if (quote == '\'') return c;
            if (c == 'x' && i + 2 < line.Length && char.IsAsciiHexDigit(line[i + 1]) && char.IsAsciiHexDigit(line[i + 2]))
            {
                i += 2;
                return (char)Convert.ToInt32(line.Substring(i - 1, 2), 16);
            }
            return c switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'a' => '\a', _ => c };
        }
    }
}

using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace RedisLite.Protocol;

/// Sees every error reply (error statistics, transactions, scripts): the text after '-', without the line end.
internal delegate void ErrorObserver(ReadOnlySpan<byte> text);

/// Writes replies; the only code that knows RESP2 from RESP3. Handlers say what they mean (a map, a null, a double), the client's protocol picks the bytes.
/// It never fails and allocates nothing in steady state.
internal sealed class ReplyWriter(OutputBuffer output)
{
    /// Longest header line: type, sign, 19 digits, CRLF.
    private const int HeaderMax = 24;

    /// Up to this length a text and what surrounds it are written in one piece.
    private const int DirectMax = 512;

    /// ShortBulk takes texts below this length, and writes no further than its room.
    private const int ShortBulkEnd = 64;
    internal const int ShortBulkRoom = ShortBulkEnd + 16;

    public OutputBuffer Output { get; set; } = output;

    /// 2 or 3.
    public int Protocol { get; set; } = 2;

    public ErrorObserver? OnError { get; set; }

    /// Error replies written so far; compare before and after a command.
    public long Errors { get; private set; }

    private bool Resp3 => Protocol >= 3;

    // ---- scalars ----

    public void Ok() => Output.Write("+OK\r\n"u8);

    public void Simple(ReadOnlySpan<byte> text) => Typed((byte)'+', text);

    /// `text` begins with its code word: "ERR ...", "WRONGTYPE ...". Line ends at the end are dropped, others become spaces.
    public void Error(ReadOnlySpan<byte> text)
    {
        OnError?.Invoke(text.TrimEnd("\r\n"u8));
        ErrorAgain(text);
    }

    /// An error that was seen before: a script passes on what one of its commands replied.
    public void ErrorAgain(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd("\r\n"u8);
        Errors++;
        Output.Write("-"u8);
        while (text.Length > 0)
        {
            var end = text.IndexOfAny((byte)'\r', (byte)'\n');
            Output.Write(end < 0 ? text : text[..end]);
            if (end < 0) break;
            Output.Write(" "u8);
            text = text[(end + 1)..];
        }
        Output.Write("\r\n"u8);
    }

    /// The string's chars are bytes (Latin-1), so that text decoded from a request that way goes back unchanged.
    public void Error(string text)
    {
        Span<byte> stack = stackalloc byte[512];
        var bytes = text.Length <= stack.Length ? stack[..text.Length] : new byte[text.Length];
        Encoding.Latin1.GetBytes(text, bytes);
        Error(bytes);
    }

    public void Integer(long value) => Line((byte)':', value);

    public void Bool(bool value)
    {
        if (Resp3) Output.Write(value ? "#t\r\n"u8 : "#f\r\n"u8);
        else Output.Write(value ? ":1\r\n"u8 : ":0\r\n"u8);
    }

    public void Null() => Output.Write(Resp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    public void NullArray() => Output.Write(Resp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// RESP2: a bulk string with the number's text.
    public void Double(double value)
    {
        Span<byte> text = stackalloc byte[DoubleText.LengthMax];
        DoubleAsText(text[..DoubleText.Format(value, text)]);
    }

    /// For doubles with a format of their own (long double, fixed decimals).
    public void DoubleAsText(ReadOnlySpan<byte> text)
    {
        if (Resp3) Typed((byte)',', text);
        else Bulk(text);
    }

    public void BigNumber(ReadOnlySpan<byte> digits)
    {
        if (Resp3) Typed((byte)'(', digits);
        else Bulk(digits);
    }

    // ---- strings ----

    public void Bulk(ReadOnlySpan<byte> value)
    {
        if (value.Length < ShortBulkEnd)
        {
            Output.Commit(ShortBulk(Output.GetSpan(ShortBulkRoom), value));
            return;
        }
        if (value.Length > DirectMax)
        {
            Line((byte)'$', value.Length);
            Output.Write(value);
            Output.Write("\r\n"u8);
            return;
        }
        var span = Output.GetSpan(value.Length + HeaderMax + 2);
        var at = Header(span, (byte)'$', value.Length);
        value.CopyTo(span[at..]);
        at += value.Length;
        span[at] = (byte)'\r';
        span[at + 1] = (byte)'\n';
        Output.Commit(at + 2);
    }

    /// A bulk string of less than 64 bytes, as nearly all are; returns the bytes written. The destination has ShortBulkRoom.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ShortBulk(Span<byte> destination, ReadOnlySpan<byte> value)
    {
        var (tens, ones) = Math.DivRem((uint)value.Length, 10);
        var at = tens > 0 ? 5 : 4;
        var head = tens > 0 ? '0' + tens | ('0' + ones) << 8 | '\r' << 16 | (ulong)'\n' << 24 : '0' + ones | '\r' << 8 | '\n' << 16;
        BinaryPrimitives.WriteUInt64LittleEndian(destination, '$' | head << 8);
        value.CopyTo(destination[at..]);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[(at + value.Length)..], '\r' | '\n' << 8);
        return at + value.Length + 2;
    }

    /// UTF-8.
    public void Bulk(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > 1024)
        {
            Bulk(Encoding.UTF8.GetBytes(value));
            return;
        }
        Line((byte)'$', length);
        var span = Output.GetSpan(length + 2);
        Encoding.UTF8.GetBytes(value, span);
        "\r\n"u8.CopyTo(span[length..]);
        Output.Commit(length + 2);
    }

    /// A bulk string that holds a number.
    public void BulkLong(long value)
    {
        Span<byte> text = stackalloc byte[HeaderMax];
        Utf8Formatter.TryFormat(value, text, out var length);
        Bulk(text[..length]);
    }

    /// `format` is three letters: "txt" or "mkd".
    public void Verbatim(ReadOnlySpan<byte> text, ReadOnlySpan<byte> format)
    {
        if (!Resp3)
        {
            Bulk(text);
            return;
        }
        Line((byte)'=', text.Length + 4L);
        Output.Write(format[..3]);
        Output.Write(":"u8);
        Output.Write(text);
        Output.Write("\r\n"u8);
    }

    public void Verbatim(ReadOnlySpan<byte> text, string format)
    {
        Span<byte> bytes = stackalloc byte[3];
        Encoding.ASCII.GetBytes(format.AsSpan(0, 3), bytes);
        Verbatim(text, bytes);
    }

    /// Bytes that are a reply already.
    public void Raw(ReadOnlySpan<byte> reply) => Output.Write(reply);

    // ---- aggregates ----

    public void Array(long count) => Line((byte)'*', count);

    /// `pairs` keys, each followed by its value.
    public void Map(long pairs) => Line(Resp3 ? (byte)'%' : (byte)'*', Resp3 ? pairs : pairs * 2);

    public void Set(long count) => Line(Resp3 ? (byte)'~' : (byte)'*', count);

    /// Out-of-band data; an array for RESP2.
    public void Push(long count) => Line(Resp3 ? (byte)'>' : (byte)'*', count);

    /// Attributes precede a reply and exist in RESP3 only: ask before writing them.
    public bool CanAttribute => Resp3;

    public void Attribute(long pairs) => Line((byte)'|', pairs);

    /// An aggregate whose length is not known yet: write the elements, then call the End method of its kind with the mark.
    public int Defer() => Output.Defer();

    public int DeferArray() => Output.Defer();

    public int DeferMap() => Output.Defer();

    public int DeferSet() => Output.Defer();

    public void EndArray(int mark, long count) => End(mark, (byte)'*', count);

    public void EndMap(int mark, long pairs) => End(mark, Resp3 ? (byte)'%' : (byte)'*', Resp3 ? pairs : pairs * 2);

    public void EndSet(int mark, long count) => End(mark, Resp3 ? (byte)'~' : (byte)'*', count);

    public void EndPush(int mark, long count) => End(mark, Resp3 ? (byte)'>' : (byte)'*', count);

    /// A map whose RESP2 form is an array of pairs (XREAD): Pair before each key and value.
    public void EndMapOfPairs(int mark, long pairs) => End(mark, Resp3 ? (byte)'%' : (byte)'*', pairs);

    public void Pair()
    {
        if (!Resp3) Array(2);
    }

    /// An aggregate that turned out to be something else, for example a null.
    public void EndNullArray(int mark) => Output.EndDeferred(mark, Resp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    private void End(int mark, byte type, long count)
    {
        Span<byte> header = stackalloc byte[HeaderMax];
        Output.EndDeferred(mark, header[..Header(header, type, count)]);
    }

    // ---- lines ----

    private void Typed(byte type, ReadOnlySpan<byte> text)
    {
        if (text.Length > DirectMax)
        {
            var head = Output.GetSpan(1);
            head[0] = type;
            Output.Commit(1);
            Output.Write(text);
            Output.Write("\r\n"u8);
            return;
        }
        var span = Output.GetSpan(text.Length + 3);
        span[0] = type;
        text.CopyTo(span[1..]);
        "\r\n"u8.CopyTo(span[(text.Length + 1)..]);
        Output.Commit(text.Length + 3);
    }

    private void Line(byte type, long value) => Output.Commit(Header(Output.GetSpan(HeaderMax), type, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Header(Span<byte> span, byte type, long value)
    {
        if ((ulong)value < 10)
        {
            span[3] = (byte)'\n';
            span[0] = type;
            span[1] = (byte)('0' + value);
            span[2] = (byte)'\r';
            return 4;
        }
        return LongHeader(span, type, value);
    }

    private static int LongHeader(Span<byte> span, byte type, long value)
    {
        span[0] = type;
        int length;
        if ((ulong)value < 100)
        {
            length = 3;
            span[2] = (byte)('0' + value % 10);
            span[1] = (byte)('0' + value / 10);
        }
        else
        {
            Utf8Formatter.TryFormat(value, span[1..], out length);
            length++;
        }
        span[length] = (byte)'\r';
        span[length + 1] = (byte)'\n';
        return length + 2;
    }
}

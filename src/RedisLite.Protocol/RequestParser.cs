using System.Buffers.Text;

namespace RedisLite.Protocol;

internal enum ParseStatus
{
    /// Everything complete is in the batch; the rest, if any, needs more bytes (`BytesWanted`).
    NeedMore,

    /// The batch is full or had to end here: run it, then parse on from `Consumed`.
    Full,

    /// The batch is empty and the next bytes are no request: reply "-ERR " + `ErrorText` and close.
    ProtocolError,
}

/// Turns bytes into requests, one parser per connection.
///
/// A request lies in one contiguous buffer, so arguments are slices and nothing is copied. The common case, whole requests in the buffer, runs without
/// touching the parser's state. Only when the buffer ends inside a multibulk request does the parser remember where it stopped (offsets relative to the
/// start of that request, because the caller may move the bytes): arguments found so far, how many are missing, the length of the one it waits for.
/// So no byte of a big request is looked at twice, however it was split, and `BytesWanted` lets the caller receive a big argument in place.
///
/// Batches end early where looking ahead would change what a client sees: before AUTH every request is a batch of its own, as AUTH lifts the limits for
/// what follows it; an error is reported only by an empty batch, when the requests before it have been run and can have changed the limits.
///
/// Two quirks of Redis are kept because clients can see them: line ends are looked for as in a C string, so a zero byte in a length line or inline
/// request hides all that follows it until the line limit is reached; and the two bytes after an argument are skipped unread, as is the byte after a CR.
internal sealed class RequestParser(RespLimits limits)
{
    private const int NoLength = -1;

    /// From this size on Redis receives an argument into a buffer without anything before it.
    private const int BigArgument = 32 * 1024;

    private bool _inRequest;
    private int _position;
    private int _scanned;
    private int _missing;
    private int _bulkLength = NoLength;
    private ArgSlice[] _args = [];
    private int _argc;

    /// While false, the limits for strangers hold.
    public bool Authenticated { get; set; } = true;

    /// Redis's text after "-ERR ".
    public string ErrorText { get; private set; } = "";

    /// After NeedMore: bytes counted from `Consumed` that must be there before parsing again can get any further.
    public int BytesWanted { get; private set; } = 1;

    /// Bytes of the complete arguments of the incomplete request, for memory accounting.
    public long PendingArgumentBytes => _inRequest ? ArgSlice.TotalLength(_args.AsSpan(0, _argc)) : 0;

    /// While a big argument is being received: bytes of its request that come before it.
    public int BytesBeforeBigArgument => _inRequest && _bulkLength >= BigArgument ? _position : 0;

    /// Forgets the incomplete request. Needed when the caller consumed less than `batch.Consumed` and will show the same bytes again.
    public void Rewind()
    {
        _inRequest = false;
        _argc = 0;
        _scanned = 0;
        BytesWanted = 1;
        if (_args.Length > 1024) _args = [];
    }

    /// Parses `buffer[start..end]`, where `start` is the first byte not consumed so far.
    public ParseStatus Parse(byte[] buffer, int start, int end, RequestBatch batch)
    {
        batch.Start(buffer, start);
        if (end - start < BytesWanted) return ParseStatus.NeedMore;

        BytesWanted = 1;
        var data = buffer.AsSpan(0, end);
        var requestsMax = Authenticated ? RequestBatch.RequestsMax : 1;
        while (batch.Consumed < end)
        {
            var outcome = data[batch.Consumed] == (byte)'*' ? ParseMultibulk(data, batch) : ParseInline(data, batch);
            if (outcome == Outcome.Incomplete) return ParseStatus.NeedMore;
            _scanned = 0;
            if (outcome == Outcome.Request && batch.Count < requestsMax) continue;
            if (outcome == Outcome.Error) Rewind();
            return outcome == Outcome.Error && batch.Count == 0 ? ParseStatus.ProtocolError : ParseStatus.Full;
        }
        return ParseStatus.NeedMore;
    }

    private enum Outcome
    {
        Request,
        Incomplete,
        Error,
        EndBatch,
    }

    // ---- multibulk ----

    private Outcome ParseMultibulk(ReadOnlySpan<byte> data, RequestBatch batch)
    {
        var start = batch.Consumed;
        if (_inRequest) return Resume(data, batch, start);

        if (!TryReadShortLength(data, start, out var count, out var position))
        {
            var outcome = ReadLength(data, start, start, LineKind.Count, out var length, out position);
            if (outcome != Outcome.Request) return outcome;
            if (length > RespLimits.ArgumentsMax) return Fail("Protocol error: invalid multibulk length");
            count = (int)Math.Max(length, 0);
        }
        if (count > RespLimits.ArgumentsMaxUnauthenticated && !Authenticated) return Fail("Protocol error: unauthenticated multibulk length");
        if (count == 0)
        {
            batch.Consumed = position;
            return Outcome.Request;
        }

        var firstArg = batch.ArgCount;
        for (var missing = count; missing > 0; missing--)
        {
            var outcome = ReadBulkLength(data, position, start, out var length, out var content);
            if (outcome == Outcome.Request && data.Length - content >= length + 2L)
            {
                batch.AddArg(content, length);
                position = content + length + 2;
                continue;
            }
            if (outcome == Outcome.Request) Suspend(batch, firstArg, missing, content, length, data.Length);
            if (outcome == Outcome.Incomplete) Suspend(batch, firstArg, missing, position, NoLength, data.Length);
            batch.ArgCount = firstArg;
            return outcome == Outcome.Error ? Outcome.Error : Outcome.Incomplete;
        }
        batch.Add(firstArg, start, position);
        batch.Consumed = position;
        return Outcome.Request;
    }

    /// The request was cut: remember it relative to its start.
    private void Suspend(RequestBatch batch, int firstArg, int missing, int position, int bulkLength, int end)
    {
        var start = batch.Consumed;
        _inRequest = true;
        _missing = missing;
        _bulkLength = bulkLength;
        _position = position - start;
        _argc = 0;
        for (var i = firstArg; i < batch.ArgCount; i++) Remember(batch.Args[i].Offset - start, batch.Args[i].Length);
        SetBytesWanted(start, end);
    }

    private Outcome Resume(ReadOnlySpan<byte> data, RequestBatch batch, int start)
    {
        var position = start + _position;
        while (_missing > 0)
        {
            if (_bulkLength == NoLength)
            {
                var outcome = ReadBulkLength(data, position, start, out var length, out var content);
                if (outcome == Outcome.Error) return outcome;
                if (outcome == Outcome.Incomplete) break;
                _bulkLength = length;
                position = content;
            }
            if (data.Length - position < _bulkLength + 2L) break;
            Remember(position - start, _bulkLength);
            position += _bulkLength + 2;
            _bulkLength = NoLength;
            _missing--;
        }
        _position = position - start;
        if (_missing > 0)
        {
            SetBytesWanted(start, data.Length);
            return Outcome.Incomplete;
        }

        var firstArg = batch.ArgCount;
        batch.AddArgs(_args.AsSpan(0, _argc), start);
        batch.Add(firstArg, start, position);
        batch.Consumed = position;
        Rewind();
        return Outcome.Request;
    }

    private void Remember(int offset, int length)
    {
        if (_argc == _args.Length) Array.Resize(ref _args, Math.Max(16, _args.Length * 2));
        _args[_argc++] = new ArgSlice(offset, length);
    }

    private void SetBytesWanted(int start, int end)
    {
        var wanted = _bulkLength == NoLength ? end - start + 1L : _position + _bulkLength + 2L;
        BytesWanted = (int)Math.Min(wanted, int.MaxValue);
    }

    private Outcome ReadBulkLength(ReadOnlySpan<byte> data, int at, int start, out int length, out int content)
    {
        if ((uint)at < (uint)data.Length && data[at] == (byte)'$' && TryReadShortLength(data, at, out length, out content))
        {
            if (length > limits.BulkMax) return Fail("Protocol error: invalid bulk length");
            if (length > RespLimits.BulkMaxUnauthenticated && !Authenticated) return Fail("Protocol error: unauthenticated bulk length");
            return Outcome.Request;
        }

        var outcome = ReadLength(data, at, start, LineKind.Bulk, out var value, out content);
        length = 0;
        if (outcome != Outcome.Request) return outcome;
        if (value < 0 || value > limits.BulkMax) return Fail("Protocol error: invalid bulk length");
        if (value > RespLimits.BulkMaxUnauthenticated && !Authenticated) return Fail("Protocol error: unauthenticated bulk length");
        length = (int)value;
        return Outcome.Request;
    }

    /// "*n\r\n" or "$n\r\n" with n of one to nine digits and all bytes there: nearly every line of a real client.
    private static bool TryReadShortLength(ReadOnlySpan<byte> data, int at, out int length, out int next)
    {
        length = 0;
        next = 0;
        if (at + 3 >= data.Length) return false;
        uint value = (uint)data[at + 1] - '0';
        if (value > 9) return false;
        var i = at + 2;
        if (value != 0)
        {
            var last = Math.Min(at + 10, data.Length);
            for (; i < last; i++)
            {
                var digit = (uint)data[i] - '0';
                if (digit > 9) break;
                value = value * 10 + digit;
            }
        }
        if (i + 1 >= data.Length || data[i] != (byte)'\r') return false;
        length = (int)value;
        next = i + 2;
        return true;
    }

    private enum LineKind
    {
        Count,
        Bulk,
    }

    /// The careful form: incomplete lines, signs, nonsense and the line limit.
    private Outcome ReadLength(ReadOnlySpan<byte> data, int at, int start, LineKind kind, out long value, out int next)
    {
        value = 0;
        next = at;
        var line = data[at..];
        var skip = Math.Clamp(_scanned - (at - start), 0, line.Length);
        var found = line[skip..].IndexOfAny((byte)'\r', (byte)0);
        var length = skip + found;
        if (found < 0 || line[length] == 0)
        {
            if (line.Length > RespLimits.LineMax)
                return Fail(kind == LineKind.Count ? "Protocol error: too big mbulk count string" : "Protocol error: too big bulk count string");
            return WaitForLine(found < 0 ? data.Length : at + length, data.Length, start);
        }
        if (length + 1 >= line.Length) return WaitForLine(at + length, data.Length, start);

        next = at + length + 2;
        if (kind == LineKind.Bulk && line[0] != (byte)'$') return Fail($"Protocol error: expected '$', got '{Printable(line[0])}'");
        if (TryParseLength(line[1..length], out value)) return Outcome.Request;
        return Fail(kind == LineKind.Count ? "Protocol error: invalid multibulk length" : "Protocol error: invalid bulk length");
    }

    private Outcome WaitForLine(int scannedTo, int end, int start)
    {
        _scanned = scannedTo - start;
        BytesWanted = end - start + 1;
        return Outcome.Incomplete;
    }

    /// Redis's own number syntax: no sign but minus, no leading zero, no spaces.
    private static bool TryParseLength(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > 20) return false;
        var digits = text[0] == (byte)'-' ? text[1..] : text;
        if (digits.Length == 0 || digits[0] is < (byte)'0' or > (byte)'9') return false;
        if (digits[0] == (byte)'0' && text.Length != 1) return false;
        return Utf8Parser.TryParse(text, out value, out var used) && used == text.Length;
    }

    private static char Printable(byte b) => b is (byte)'\r' or (byte)'\n' ? ' ' : (char)b;

    private Outcome Fail(string text)
    {
        ErrorText = text;
        return Outcome.Error;
    }

    // ---- inline ----

    private Outcome ParseInline(ReadOnlySpan<byte> data, RequestBatch batch)
    {
        var start = batch.Consumed;
        var rest = data[start..];
        var skip = Math.Min(_scanned, rest.Length);
        var found = rest[skip..].IndexOfAny((byte)'\n', (byte)0);
        var end = skip + found;
        if (found < 0 || rest[end] == 0)
        {
            if (rest.Length > RespLimits.LineMax) return Fail("Protocol error: too big inline request");
            _scanned = found < 0 ? rest.Length : end;
            BytesWanted = rest.Length + 1;
            return Outcome.Incomplete;
        }

        var line = rest[..end];
        if (line.Length > 0 && line[^1] == (byte)'\r') line = line[..^1];
        var next = start + end + 1;
        if (line.IndexOfAny((byte)'"', (byte)'\'') < 0)
        {
            AddWords(line, start, batch, next);
            return Outcome.Request;
        }

        if (batch.Count > 0) return Outcome.EndBatch;
        if (!InlineWords.TryUnquote(batch.UseUnquoted(line), batch)) return Fail("Protocol error: unbalanced quotes in request");
        batch.Add(0, start, next);
        batch.Consumed = next;
        return Outcome.EndBatch;
    }

    private static void AddWords(ReadOnlySpan<byte> line, int origin, RequestBatch batch, int next)
    {
        var firstArg = batch.ArgCount;
        var i = 0;
        while (true)
        {
            while (i < line.Length && InlineWords.IsSpace(line[i])) i++;
            if (i == line.Length) break;
            var word = i;
            while (i < line.Length && !InlineWords.EndsWord(line[i])) i++;
            batch.AddArg(origin + word, i - word);
        }
        if (batch.ArgCount > firstArg) batch.Add(firstArg, batch.Consumed, next);
        batch.Consumed = next;
    }
}

using RedisLite.Persistence.Rdb;
using RedisLite.Protocol;

namespace RedisLite.Persistence.Aof;

/// <summary>
/// What is wrong with a file of commands, and how far it is good. Line is where reading ended, counted as redis-check-aof does:
/// from 1, without the lines of time.
/// </summary>
internal sealed record AofCheck(long Size, long ValidUpTo, long Line, string? Problem, long TimestampCut)
{
    public bool IsValid => ValidUpTo == Size;
}

/// <summary>
/// Reads a file of commands as the server would, without running anything: whole commands, whole transactions, whole lines of time. Knows nothing of
/// commands but MULTI and EXEC.
/// </summary>
internal sealed class AofChecker
{
    private const int Chunk = 1 << 20;

    private readonly IReadFile _file;
    private readonly long? _untilTimestamp;
    private readonly RequestParser _parser = new(new RespLimits { BulkMax = RespLimits.BulkMaxPossible });
    private readonly RequestBatch _batch = new();
    private byte[] _buffer = new byte[Chunk];
    private long _bufferOffset;
    private int _start;
    private int _end;
    private bool _inMulti;
    private long _validUpTo;
    private long _lines = 1;
    private string? _problem;
    private long _cut = -1;

    /// <param name="file">The file.</param>
    /// <param name="offset">Where the commands begin, behind a snapshot in front.</param>
    /// <param name="untilTimestamp">Note where the first line of a later time is.</param>
    public AofChecker(IReadFile file, long offset, long? untilTimestamp)
    {
        _file = file;
        _untilTimestamp = untilTimestamp;
        _bufferOffset = _validUpTo = offset;
        file.Seek(offset);
    }

    public AofCheck Run()
    {
        while (_problem is null && _cut < 0 && (Batch() || Fill()))
        {
        }
        if (_problem is null && _cut < 0 && _start < _end)
        {
            _problem = "Unexpected end of file";
            _lines += _buffer.AsSpan(_start, _end - _start).Count((byte)'\n');
        }
        if (_problem is null && _inMulti) _problem = "Reached EOF before reading EXEC for MULTI";
        return new AofCheck(_file.Length, _validUpTo, _lines, _problem, _cut);
    }

    private bool Batch()
    {
        if (_start == _end) return false;
        if (_buffer[_start] == (byte)'#') return Annotation();
        if (_buffer[_start] != (byte)'*') return NoCommand(_buffer[_start]);
        var status = _parser.Parse(_buffer, _start, _end, _batch);
        if (status == ParseStatus.ProtocolError)
        {
            _problem = _parser.ErrorText;
            return true;
        }
        for (var i = 0; i < _batch.Count && _problem is null && _cut < 0; i++) One(_batch.Requests[i]);
        var progress = _batch.Consumed > _start;
        _start = _batch.Consumed;
        return progress;
    }

    private void One(in Request request)
    {
        if (_buffer[request.WireStart] == (byte)'#')
        {
            Time(_buffer.AsSpan(request.WireStart, request.WireLength), _bufferOffset + request.WireStart);
        }
        else if (_buffer[request.WireStart] != (byte)'*')
        {
            NoCommand(_buffer[request.WireStart]);
            return;
        }
        else if (Is(request, "MULTI"u8))
        {
            if (_inMulti) _problem = "Unexpected MULTI";
            _inMulti = true;
        }
        else if (Is(request, "EXEC"u8))
        {
            if (!_inMulti) _problem = "Unexpected EXEC";
            _inMulti = false;
        }
        if (_problem is not null || _cut >= 0) return;
        if (_buffer[request.WireStart] == (byte)'*') _lines += 1 + (request.Argc * 2);
        if (_inMulti) return;
        _validUpTo = _bufferOffset + request.WireEnd;
    }

    private bool NoCommand(byte first)
    {
        _problem = $"Expected prefix '*', got: '{(char)first}'";
        return true;
    }

    private bool Is(in Request request, ReadOnlySpan<byte> word) =>
        request.Argc == 1 && System.Text.Ascii.EqualsIgnoreCase(_batch.Arg(request, 0), word);

    private bool Annotation()
    {
        var line = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        if (line < 0) return false;
        Time(_buffer.AsSpan(_start, line), _bufferOffset + _start);
        if (_cut >= 0) return true;
        _start += line + 1;
        if (_inMulti) return true;
        _validUpTo = _bufferOffset + _start;
        return true;
    }

    private void Time(ReadOnlySpan<byte> line, long offset)
    {
        if (_untilTimestamp is not { } until || !line.StartsWith("#TS:"u8)) return;
        var digits = line[4..].TrimEnd("\r\n"u8);
        if (Data.NumberText.TryParseInt64(digits, out var time) && time > until) _cut = offset;
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _bufferOffset += _start;
        _end -= _start;
        _start = 0;
        if (_end == _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, _buffer.Length * 2L));
        var read = _file.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}

/// <summary>Reads an RDB file to its end, keeping nothing.</summary>
internal sealed class RdbChecker : IRdbTarget, IDisposable
{
    private readonly Data.Heap _heap = new(1, 2);
    private readonly Dictionary<int, Data.Keyspace> _databases = [];
    private readonly long _nowMs;

    public RdbChecker(long nowMs) => _nowMs = nowMs;

    public long Keys { get; private set; }

    public long Expires { get; private set; }

    public long Expired { get; private set; }

    public long Functions { get; private set; }

    public List<KeyValuePair<string, string>> AuxFields { get; } = [];

    /// <summary>Throws <see cref="RdbException"/> where the file is broken. Returns where it ends.</summary>
    public long Run(IReadFile file)
    {
        var reader = new RdbReader(_heap, new RdbInput(file, file.Length), this, isStrict: true);
        reader.ReadAll();
        return reader.Offset;
    }

    Data.Keyspace? IRdbTarget.Keys(int database)
    {
        if (!_databases.TryGetValue(database, out var keys)) _databases.Add(database, keys = new Data.Keyspace(_heap));
        return keys;
    }

    public bool IsPast(long expireAtMs) => false;

    public void Aux(string name, string value) => AuxFields.Add(KeyValuePair.Create(name, value));

    public string? Function(ReadOnlySpan<byte> source)
    {
        Functions++;
        return null;
    }

    public void Empty(ReadOnlySpan<byte> key)
    {
        // Left out, and that is all.
    }

    public void Loaded(int database, Data.Entry entry, long idleSeconds, int frequency)
    {
        Keys++;
        if (entry.HasExpiry)
        {
            Expires++;
            if (entry.ExpireAtMs < _nowMs) Expired++;
        }
        entry.Space.Remove(entry);
    }

    public void Dispose() => _heap.Dispose();
}

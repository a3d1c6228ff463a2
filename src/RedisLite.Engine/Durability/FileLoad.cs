using RedisLite.Persistence;
using RedisLite.Persistence.Aof;
using RedisLite.Persistence.Rdb;
using RedisLite.Protocol;

namespace RedisLite.Engine.Durability;

/// <summary>One file being loaded, step by step.</summary>
internal abstract class FileLoad(string path, IReadFile file) : IDisposable
{
    public string Path { get; } = path;

    public long Length => File.Length;

    /// <summary>How far it has been read.</summary>
    public abstract long Offset { get; }

    protected IReadFile File { get; } = file;

    /// <summary>Some work; false when the file is done.</summary>
    public abstract bool Step();

    public void Dispose() => File.Dispose();
}

/// <summary>An RDB file.</summary>
internal sealed class RdbLoad : FileLoad
{
    private const int KeysPerStep = 64;

    private readonly RdbReader reader;

    public RdbLoad(Engine engine, string path, IReadFile file, bool isAofBase)
        : base(path, file)
    {
        var strict = engine.Config.SanitizeDumpPayload == Config.SanitizePayload.Yes;
        reader = new RdbReader(engine.Heap, new RdbInput(file, file.Length), new LoadTarget(engine, isAofBase), strict)
        {
            VerifyChecksum = engine.Config.Rdbchecksum && !engine.Durability.SkipsChecksums,
            Merges = engine.Durability.Loader.Merges,
        };
    }

    public override long Offset => reader.Offset;

    public RdbReader Reader => reader;

    public override bool Step() => reader.Step(KeysPerStep);
}

/// <summary>
/// A file of commands, perhaps with a snapshot in front (AOFs of 4.0 to 6.2, and bases). The commands run as a client's would, only nothing is refused and
/// nobody reads the replies. A file may end in the middle of a command or a transaction, because the process was killed while it wrote; then the transaction
/// counts for nothing, and <see cref="ValidUpTo"/> says where the last whole unit ends.
/// </summary>
internal sealed class AofLoad : FileLoad
{
    private const int Chunk = 256 * 1024;

    private readonly Engine engine;
    private readonly Client client;
    private readonly RequestParser parser = new(new RespLimits { BulkMax = RespLimits.BulkMaxPossible });
    private readonly RequestBatch batch = new();
    private RdbLoad? preamble;
    private byte[] buffer = new byte[Chunk];
    private long bufferOffset;
    private int start;
    private int end;
    private bool hasStarted;

    public AofLoad(Engine engine, string path, IReadFile file)
        : base(path, file)
    {
        this.engine = engine;
        client = engine.NewInternalClient();
    }

    public override long Offset => preamble?.Offset ?? bufferOffset + start;

    /// <summary>Every byte before this has been applied.</summary>
    public long ValidUpTo { get; private set; }

    /// <summary>The file ends in the middle of something.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Keys of the snapshot in front.</summary>
    public RdbReader? Preamble { get; private set; }

    public override bool Step()
    {
        if (!hasStarted) Begin();
        if (preamble is not null)
        {
            if (preamble.Step()) return true;
            BeginCommandsAt(preamble.Offset);
            Preamble = preamble.Reader;
            preamble = null;
        }
        if (TryBatch()) return true;
        if (Fill()) return true;
        IsTruncated = start < end || client.Has(ClientFlags.InMulti);
        if (client.Has(ClientFlags.InMulti)) Transactions.TransactionState.Discard(client);
        return false;
    }

    private void Begin()
    {
        hasStarted = true;
        Span<byte> magic = stackalloc byte[5];
        var isSnapshot = File.Read(magic) == 5 && magic.SequenceEqual("REDIS"u8);
        BeginCommandsAt(0);
        if (!isSnapshot) return;
        engine.Log.Write(LogLevel.Notice, "Reading RDB base file on AOF loading...");
        preamble = new RdbLoad(engine, Path, File, isAofBase: true);
    }

    private void BeginCommandsAt(long offset)
    {
        File.Seek(offset);
        bufferOffset = ValidUpTo = offset;
        start = end = 0;
    }

    /// <summary>Runs the commands that are whole in the buffer.</summary>
    private bool TryBatch()
    {
        if (start == end) return false;
        if (buffer[start] == (byte)'#') return TrySkipAnnotation();
        var status = parser.Parse(buffer, start, end, batch);
        if (status == ParseStatus.ProtocolError) throw Bad(parser.ErrorText, bufferOffset + start);
        for (var i = 0; i < batch.Count; i++)
        {
            ref readonly var request = ref batch.Requests[i];
            var mark = buffer[request.WireStart];
            if (mark != (byte)'*' && mark != (byte)'#') throw Bad("a command was expected", bufferOffset + request.WireStart);
            if (mark == (byte)'*' && engine.Executor.Replay(client, batch, request) is { } problem) throw Bad(problem, bufferOffset + request.WireStart);
            if (!client.Has(ClientFlags.InMulti)) ValidUpTo = bufferOffset + request.WireEnd;
        }
        var progress = batch.Consumed > start;
        start = batch.Consumed;
        return progress;
    }

    /// <summary>A line that only tells the time.</summary>
    private bool TrySkipAnnotation()
    {
        var line = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
        if (line < 0) return false;
        start += line + 1;
        if (!client.Has(ClientFlags.InMulti)) ValidUpTo = bufferOffset + start;
        return true;
    }

    private bool Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        bufferOffset += start;
        end -= start;
        start = 0;
        var wanted = Math.Max(Chunk, (long)parser.BytesWanted);
        if (bufferOffset + wanted > Length) wanted = Math.Min(wanted, Math.Max(Chunk, Length - bufferOffset));      // no more room than there are bytes
        if (buffer.Length < wanted || end == buffer.Length) Array.Resize(ref buffer, (int)Math.Max(wanted, end + Chunk));
        var read = File.Read(buffer.AsSpan(end));
        end += read;
        return read > 0;
    }

    private static AofException Bad(string problem, long offset) => new($"{problem} (at byte {offset})");
}

using RedisLite.Data;
using RedisLite.Persistence;
using RedisLite.Persistence.Aof;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Engine.Durability;

/// <summary>
/// One RDB file made from the data as they are at the moment of construction (the frozen index: nothing is copied, the loop goes on). Written beside its
/// place, synced, renamed, its directory synced: at any moment the old file or the new one is there, whole. Used by SAVE, BGSAVE and the base of an AOF.
/// </summary>
internal sealed class SnapshotJob : BackgroundJob
{
    private const int KeysPerStep = 512;
    private const int DelayPieceUs = 10_000;
    private const string Stopped = "the save was stopped";

    /// <summary>So many bytes at a time go to the disk, so that the last fsync is not one big stall of everybody who writes.</summary>
    private const long BytesPerFsync = 4 << 20;

    private readonly Engine engine;
    private readonly IStorage storage;
    private readonly string path;
    private readonly string temporary;
    private readonly RdbWriteOptions options;
    private readonly RdbDatabase[] databases;
    private readonly Action<SnapshotJob> onCompleted;
    private readonly KeyDelay delay;
    private volatile int delayUs;
    private IAppendFile? file;
    private readonly bool isText;
    private ISnapshotWriter? writer;
    private long syncedBytes;
    private readonly bool holdsLoop;
    private volatile bool isDone;

    /// <summary>
    /// On the loop. A snapshot must not be running, unless this job is run to its end before anything can change (<paramref name="holdsLoop"/>): that one
    /// needs no frozen index, and goes beside another.
    /// </summary>
    public SnapshotJob(Engine engine, string path, string temporary, bool isAofBase, Action<SnapshotJob> onCompleted, bool holdsLoop = false)
    {
        this.holdsLoop = holdsLoop;
        this.engine = engine;
        this.path = path;
        this.temporary = temporary;
        this.onCompleted = onCompleted;
        storage = engine.Environment.Storage;
        delay = new KeyDelay(engine.Environment.Process);
        isText = isAofBase && !engine.Config.AofUseRdbPreamble;
        options = SnapshotOptions.Create(engine, isAofBase);
        StartedTicks = engine.Clock.Timestamp();
        StartedMs = engine.Clock.NowMs;
        delayUs = engine.Config.RdbKeySaveDelay;
        if (!holdsLoop) engine.Heap.BeginSnapshot();
        databases = new RdbDatabase[engine.Databases.MadeCount];
        var count = 0;
        foreach (var db in engine.Databases)
        {
            databases[count++] = new RdbDatabase(db.Index, db.Keys.Freeze(unchanged: holdsLoop));
            KeysTotal += db.Keys.Count;
        }
        MemoryAtStart = engine.Heap.CommittedBytes;
    }

    public long StartedTicks { get; }

    public long StartedMs { get; }

    public long KeysTotal { get; }

    public long MemoryAtStart { get; }

    public long KeysWritten => writer?.KeysWritten ?? 0;

    public long BytesWritten => writer?.BytesWritten ?? 0;

    public Progress Progress => new(KeysWritten, KeysTotal, engine.Clock.NowMs - StartedMs);

    /// <summary>Why there is no new file; null when there is one.</summary>
    public string? Failure { get; private set; }

    /// <summary>rdb-key-save-delay was set; there is no child with a configuration of its own.</summary>
    public void ChangeDelay(int microseconds) => delayUs = microseconds;

    public override bool Step()
    {
        if (isDone) return false;
        try
        {
            if (IsCancelled) Fail(Stopped);
            else WriteSome();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e.Message);
        }
        catch
        {
            Fail("a bug");
            throw;
        }
        return !isDone;
    }

    private void WriteSome()
    {
        if (file is null)
        {
            file = storage.Create(temporary);
            var sink = new StoppableSink(this, file);
            writer = isText ? new AofBaseWriter(engine.Heap, sink, databases, options) : new RdbWriter(engine.Heap, sink, databases, options);
        }
        if (delayUs != 0) Delay();
        var more = writer!.Step(delayUs != 0 ? 1 : KeysPerStep);
        if (more && writer.BytesWritten - syncedBytes < BytesPerFsync) return;

        file.Fsync();
        syncedBytes = writer.BytesWritten;
        if (more) return;
        file.Dispose();
        file = null;
        storage.Rename(temporary, path);
        isDone = true;
    }

    /// <summary>In small pieces: a job that is to end does not sleep on.</summary>
    private void Delay()
    {
        if (delayUs < 0) delay.Sleep(delayUs);
        for (long slept = 0; slept < delayUs && !IsCancelled; slept += DelayPieceUs)
            engine.Environment.Process.Sleep(TimeSpan.FromMicroseconds(Math.Min(delayUs - slept, DelayPieceUs)));
    }

    private void Fail(string reason)
    {
        Failure = reason;
        isDone = true;
        try
        {
            file?.Dispose();
            file = null;
            storage.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk that refused the file may refuse this too; the next save overwrites the rest.
        }
    }

    protected override void OnCompleted()
    {
        if (!holdsLoop) engine.Heap.EndSnapshot();
        if (Bug is not null) engine.Log.Write(LogLevel.Warning, $"Bug while saving: {Bug}");
        onCompleted(this);
    }

    /// <summary>Somebody may be waiting for a stopped job to end: it does so in the middle of a large key too.</summary>
    private sealed class StoppableSink(SnapshotJob job, IAppendFile file) : IByteSink
    {
        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (job.IsCancelled) throw new IOException(Stopped);
            file.Append(bytes);
        }
    }
}

internal static class SnapshotOptions
{
    public static RdbWriteOptions Create(Engine engine, bool isAofBase)
    {
        var config = engine.Config;
        var options = new RdbWriteOptions
        {
            Version = config.RdbVersionToWrite,
            Compress = config.Rdbcompression,
            Checksum = config.Rdbchecksum,
            NowMs = engine.Clock.NowMs,
            Timestamp = config.AofTimestampEnabled ? engine.Clock.NowMs / 1000 : 0,
            Access = config.MaxmemoryPolicy switch
            {
                Config.MaxmemoryPolicy.AllkeysLfu or Config.MaxmemoryPolicy.VolatileLfu => RdbAccess.Frequency,
                Config.MaxmemoryPolicy.AllkeysLru or Config.MaxmemoryPolicy.VolatileLru => RdbAccess.Idle,
                _ => RdbAccess.None,
            },
        };
        Add("redis-ver", ServerVersion.Redis);
        Add("redis-bits", "64");
        Add("ctime", (engine.Clock.NowMs / 1000).ToString());
        Add("used-mem", engine.Eviction.UsedMemory.ToString());
        Add("aof-base", isAofBase ? "1" : "0");
        foreach (var library in engine.Scripts.Functions.Libraries) options.Functions.Add(library.Source);
        return options;

        void Add(string name, string value) => options.Aux.Add(KeyValuePair.Create(name, value));
    }
}

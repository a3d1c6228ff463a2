using RedisLite.Data;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Engine.Durability;

/// <summary>
/// Everything that outlives the process: the RDB file, the append-only file, loading them at the start, saving at the end. The parts are
/// <see cref="Saver"/>, <see cref="Aof"/> and <see cref="Loader"/>; here is what they share.
/// </summary>
internal sealed class Durability
{
    private readonly Engine engine;

    public Durability(Engine engine)
    {
        this.engine = engine;
        Staging = new Keyspace(engine.Heap);
        Values = new ValueReader(engine.Heap);
        Saver = new RdbSaver(engine);
        Aof = new AofLog(engine);
        Loader = new StartupLoader(engine);
        Progress = new ProgressLog(engine);
        engine.Config.OnChange(UpdateDiskRefusal, "save", "stop-writes-on-bgsave-error");
        engine.Config.OnChange(() => Aof.ApplyConfig(), "appendonly");
        engine.Config.OnChange(() => RunningJob?.ChangeDelay(engine.Config.RdbKeySaveDelay), "rdb-key-save-delay");
        engine.Config.OnChange(Aof.DeleteHistory, "aof-disable-auto-gc");
    }

    /// <summary>Where a value is made before it is known to be whole (RESTORE).</summary>
    public Keyspace Staging { get; }

    public ValueReader Values { get; }

    public RdbOutput DumpBuffer { get; } = new(sink: null, compress: true, checksum: false);

    /// <summary>DEBUG SET-SKIP-CHECKSUM-VALIDATION.</summary>
    public bool SkipsChecksums { get; set; }

    public RdbSaver Saver { get; }

    public AofLog Aof { get; }

    public ProgressLog Progress { get; }

    public StartupLoader Loader { get; }

    public string PathOf(string fileName) => System.IO.Path.Combine(engine.Config.Dir, fileName);

    /// <summary>The configuration is read: from here on it is acted on.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>The loop starts: load what is there, in slices, while clients are told to wait.</summary>
    public void Start()
    {
        HasStarted = true;
        Loader.Begin();
    }

    /// <summary>At the end of every iteration, before replies leave.</summary>
    public void EndIteration()
    {
        if (engine.IsLoading)
        {
            Loader.RunSlice();
            return;
        }
        Aof.Flush();
        Aof.Waiters.ServeSignalled();
    }

    /// <summary>A value as DUMP gives it; good until the next one.</summary>
    public ReadOnlySpan<byte> DumpOf(Entry entry) =>
        DumpPayload.Write(engine.Heap, DumpBuffer, new Record(engine.Heap.Arena.Slot(entry.Handle)), engine.Config.RdbVersionToWrite);

    /// <summary>From time to time.</summary>
    public void Tick(long nowMs)
    {
        if (engine.IsLoading) return;
        Aof.Tick(nowMs);
        Saver.Tick(nowMs);
        if (RunningJob is { } job) Progress.Tell(job.StartedMs, job == Saver.Running ? "Background saving" : "Background AOF rewrite", "keys", job.Progress, job.BytesWritten);
    }

    /// <summary>Writes are refused while the disk refuses ours (stop-writes-on-bgsave-error), or the AOF's.</summary>
    public void UpdateDiskRefusal()
    {
        if (Aof.LastWriteFailure is { } failure) engine.DiskRefusal = $"MISCONF Errors writing to the AOF file: {failure}";
        else if (!Saver.LastSucceeded && engine.Config.StopWritesOnBgsaveError && engine.Config.Save.Length > 0) engine.DiskRefusal = Errors.MisConf;
        else engine.DiskRefusal = null;
    }

    /// <summary>All keys went: a snapshot of them is worth nothing, and with save points the empty state is saved at once.</summary>
    public bool AllFlushed()
    {
        if (engine.IsLoading) return false;
        var wasSaving = Saver.Running is not null;
        Saver.Cancel();
        if (engine.Config.Save.Length == 0) return false;
        if (!wasSaving) return Saver.SaveNow() is null;
        Saver.Schedule();                                       // the save that was stopped may be about to put its file in place
        return false;
    }

    /// <summary>Before the process ends: saves as asked or as configured. Null, or why it must not end.</summary>
    public string? PrepareShutdown(bool save, bool noSave, bool force)
    {
        if (engine.IsLoading || Loader.HasFailed) noSave = true;                   // half a data set must not replace the whole one
        if (Saver.Running is not null) engine.Log.Write(LogLevel.Warning, "There is a child saving an .rdb. Killing it!");
        Saver.Cancel();
        if (Aof.PrepareShutdown(force) is { } refusal) return refusal;
        StopSnapshot();                                         // its file is gone before a client can see the end
        if (noSave || (!save && engine.Config.Save.Length == 0)) return null;

        engine.Log.Write(LogLevel.Notice, "Saving the final RDB snapshot before exiting.");
        if (Saver.SaveNow() is not { } failure) return null;
        if (force)
        {
            engine.Log.Write(LogLevel.Warning, $"Error trying to save the DB ({failure}), shutting down anyway.");
            return null;
        }
        engine.Log.Write(LogLevel.Warning, "Error trying to save the DB, can't exit.");
        return failure;
    }

    /// <summary>The snapshot that is being written in the background.</summary>
    public SnapshotJob? RunningJob => Saver.Running ?? Aof.RewriteJob;

    /// <summary>A snapshot that is not wanted any more ends now, within a buffer: what comes next may begin another.</summary>
    public void StopSnapshot()
    {
        if (RunningJob is not { } job) return;
        job.Cancel();
        engine.Environment.Background.Finish(job);
        job.Complete();
    }
}

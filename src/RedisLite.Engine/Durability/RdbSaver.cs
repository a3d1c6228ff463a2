using RedisLite.Persistence;

namespace RedisLite.Engine.Durability;

/// <summary>SAVE, BGSAVE and save points: when snapshots are made, and what became of them.</summary>
internal sealed class RdbSaver
{
    /// <summary>After a failure the next attempt waits so long, as Redis does.</summary>
    private const long RetryMs = 5000;

    private readonly Engine engine;
    private long dirtyAtStart;
    private long lastTryMs;
    private bool scheduled;

    public RdbSaver(Engine engine)
    {
        this.engine = engine;
        LastSaveSeconds = engine.Clock.NowMs / 1000;
    }

    /// <summary>The BGSAVE that runs.</summary>
    public SnapshotJob? Running { get; private set; }

    /// <summary>Unix time of the last good save; at first, of the start.</summary>
    public long LastSaveSeconds { get; private set; }

    public bool LastSucceeded { get; private set; } = true;

    /// <summary>Seconds the last BGSAVE took, -1 = none yet.</summary>
    public long LastDurationSeconds { get; private set; } = -1;

    /// <summary>Of the one that runs, -1 = none does.</summary>
    public long CurrentDurationSeconds => Running is { } job ? (engine.Clock.NowMs - job.StartedMs) / 1000 : -1;

    /// <summary>Good saves since the start.</summary>
    public long Saves { get; private set; }

    /// <summary>Memory that the last snapshot took beside the data.</summary>
    public long LastExtraBytes { get; private set; }

    private string Path => engine.Durability.PathOf(engine.Config.Dbfilename);

    private string TemporaryPath(string kind) => engine.Durability.PathOf($"temp-{kind}{engine.Environment.Process.ProcessId}.rdb");

    /// <summary>Any thread: what SAVE is writing is not wanted any more, and nobody will go on with it.</summary>
    public void DeleteTemporaryFile()
    {
        try
        {
            engine.Environment.Storage.Delete(TemporaryPath(""));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ends; the next one overwrites the rest.
        }
    }

    /// <summary>While everybody waits. Null, or why there is no new file.</summary>
    public string? SaveNow()
    {
        string? failure = null;
        var job = new SnapshotJob(engine, Path, TemporaryPath(""), isAofBase: false, job => failure = job.Failure, holdsLoop: true);
        job.RunToEnd();
        job.Complete();
        if (failure is null)
        {
            engine.Log.Write(LogLevel.Notice, "DB saved on disk");
            Succeeded(0);
        }
        else
        {
            engine.Log.Write(LogLevel.Warning, $"Failed saving the DB: {failure}");
        }
        return failure;
    }

    /// <summary>Begins a save in the background. False when one, or a rewrite of the AOF, is running.</summary>
    public bool TryStart()
    {
        if (engine.Heap.SnapshotActive) return false;
        scheduled = false;
        dirtyAtStart = engine.Stats.Dirty;
        lastTryMs = engine.Clock.NowMs;
        engine.Log.Write(LogLevel.Notice, $"Background saving started by pid {engine.Environment.Process.ProcessId}");
        engine.Stats.BackgroundSnapshots++;
        var job = Running = new SnapshotJob(engine, Path, TemporaryPath("bg"), isAofBase: false, Finished);
        engine.Environment.Background.Start(BackgroundLane.Snapshot, job);
        return true;
    }

    /// <summary>As soon as nothing else is being saved.</summary>
    public void Schedule() => scheduled = true;

    /// <summary>What the file would hold is not wanted any more (FLUSHALL, SHUTDOWN).</summary>
    public void Cancel() => Running?.Cancel();

    private void Finished(SnapshotJob job)
    {
        Running = null;
        LastDurationSeconds = (engine.Clock.NowMs - job.StartedMs) / 1000;
        LastExtraBytes = Math.Max(0, engine.Heap.CommittedBytes - job.MemoryAtStart);
        if (job.Failure is null)
        {
            engine.Log.Write(LogLevel.Notice, $"DB saved on disk: {job.KeysWritten} keys, {job.BytesWritten} bytes");
            engine.Log.Write(LogLevel.Notice, "Background saving terminated with success");
            Succeeded(engine.Stats.Dirty - dirtyAtStart);
            return;
        }
        engine.Log.Write(LogLevel.Warning, job.IsCancelled ? "Background saving terminated by signal" : $"Background saving error: {job.Failure}");
        if (!job.IsCancelled) LastSucceeded = false;
        engine.Durability.UpdateDiskRefusal();
    }

    private void Succeeded(long dirty)
    {
        engine.Stats.Dirty = Math.Max(0, dirty);
        LastSaveSeconds = engine.Clock.NowMs / 1000;
        LastSucceeded = true;
        Saves++;
        engine.Durability.UpdateDiskRefusal();
    }

    /// <summary>Save points, and what had to wait.</summary>
    public void Tick(long nowMs)
    {
        if (engine.Heap.SnapshotActive || engine.IsLoading) return;
        if (scheduled && (LastSucceeded || nowMs - lastTryMs > RetryMs))
        {
            TryStart();
            return;
        }
        foreach (var point in engine.Config.Save)
        {
            var isDue = engine.Stats.Dirty >= point.Changes && (nowMs / 1000) - LastSaveSeconds > point.Seconds;
            if (!isDue || (!LastSucceeded && nowMs - lastTryMs <= RetryMs)) continue;
            engine.Log.Write(LogLevel.Notice, $"{point.Changes} changes in {point.Seconds} seconds. Saving...");
            TryStart();
            return;
        }
    }
}

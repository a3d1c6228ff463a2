using RedisLite.Engine.Config;
using RedisLite.Persistence;
using RedisLite.Persistence.Aof;

namespace RedisLite.Engine.Durability;

internal enum AofState
{
    Off,
    On,

    /// <summary>Switched on, and its first base is still being written: until then the log counts for nothing.</summary>
    WaitsForBase,
}

/// <summary>
/// The append-only file: a sink that turns the effects of units into commands, a buffer that is written at the end of every iteration before any reply leaves,
/// and the policy when the disk must really have it.
///
/// always: the fsync is part of the iteration, so a reply is a promise; all clients served in one iteration share one fsync. When the disk refuses, the server
/// stops, because it cannot take its word back. everysec: the fsync runs on the disk thread, once a second; if one takes longer than two seconds the
/// write waits for it, which bounds the loss. no: the kernel decides.
///
/// A rewrite makes a snapshot the new base: at its start a new increment is begun (and named in the manifest), so that base + later increments is the data set
/// again when the snapshot is done; then the manifest is replaced, and what came before is history and deleted.
/// </summary>
internal sealed class AofLog : IEffectSink
{
    private const long FsyncEveryMs = 1000;
    private const long PostponeMs = 2000;
    private const long RetryMs = 1000;

    private const int FailuresBeforeWait = 3, WaitMinutesMax = 60;

    private readonly Engine engine;
    private readonly AofText text = new();
    private AofManifest manifest = new();
    private IAppendFile? file;
    private string temporaryIncrement = "";
    private int selectedDb = -1;
    private long lastFsyncMs;
    private long postponedSinceMs;
    private long lastTimestamp;
    private long unsyncedBytes;
    private bool isSyncing;
    private bool rewriteScheduled;
    private AofFile? firstKept;
    private int waitMinutes;
    private long waitEndsMs;
    private long lastWriteTryMs;

    public AofLog(Engine engine)
    {
        this.engine = engine;
        Waiters = new AofWaiters(engine, this);
    }

    /// <summary>DEBUG AOF-FLUSH-SLEEP.</summary>
    public long FlushSleepUs { get; set; }

    /// <summary>Clients that wait for the disk.</summary>
    public AofWaiters Waiters { get; }

    public AofState State { get; private set; }

    /// <summary>The rewrite that runs.</summary>
    public SnapshotJob? RewriteJob { get; private set; }

    public bool IsRewriteScheduled => rewriteScheduled;

    public bool LastRewriteSucceeded { get; private set; } = true;

    public long LastRewriteSeconds { get; private set; } = -1;

    public long CurrentRewriteSeconds => RewriteJob is { } job ? (engine.Clock.NowMs - job.StartedMs) / 1000 : -1;

    public long Rewrites { get; private set; }

    /// <summary>Memory that the last rewrite took beside the data.</summary>
    public long LastExtraBytes { get; private set; }

    public long RewriteFailuresInARow { get; private set; }

    /// <summary>Why the last write was refused; null when it was not.</summary>
    public string? LastWriteFailure { get; private set; }

    /// <summary>Bytes of all files, and of the base when it was made.</summary>
    public long CurrentSize { get; private set; }

    public long BaseSize { get; private set; }

    public int BufferLength => text.Length;

    public bool IsFsyncPending => isSyncing;

    public long DelayedFsyncs { get; private set; }

    /// <summary>Bytes of the log ever appended, and of those the disk has for sure.</summary>
    public long Appended { get; private set; }

    public long Synced { get; private set; }

    private IStorage Storage => engine.Environment.Storage;

    private ServerConfig Config => engine.Config;

    private string Directory => engine.Durability.PathOf(Config.Appenddirname);

    private string ManifestPath => Path(Config.Appendfilename + ".manifest");

    public string Path(string name) => System.IO.Path.Combine(Directory, name);

    // ---- taking effects ---------------------------------------------------------------------------------------------

    public void Append(Effects unit)
    {
        if (engine.IsLoading) return;
        var count = unit.CountFor(EffectTargets.Aof);
        if (count == 0) return;
        var before = text.Length;
        if (Config.AofTimestampEnabled) AddTimestamp();
        if (count > 1)
        {
            text.Begin(1);
            text.Arg("MULTI"u8);
        }
        for (var i = 0; i < unit.Count; i++)
        {
            if (!unit.Reaches(i, EffectTargets.Aof)) continue;
            SelectDb(unit.Db(i));
            text.Begin(unit.Argc(i));
            foreach (var arg in unit.ArgsOf(i)) text.Arg(arg);
        }
        if (count > 1)
        {
            text.Begin(1);
            text.Arg("EXEC"u8);
        }
        Appended += text.Length - before;
    }

    private void SelectDb(int db)
    {
        if (db == selectedDb) return;
        text.Begin(2);
        text.Arg("SELECT"u8);
        text.Arg(db);
        selectedDb = db;
    }

    private void AddTimestamp()
    {
        var seconds = engine.Clock.NowMs / 1000;
        if (seconds <= lastTimestamp) return;
        lastTimestamp = seconds;
        text.Raw(System.Text.Encoding.ASCII.GetBytes($"#TS:{seconds}\r\n"));
    }

    // ---- writing ----------------------------------------------------------------------------------------------------

    /// <summary>At the end of the iteration: nobody gets a reply before its effects are where the policy wants them.</summary>
    public void Flush(bool force = false)
    {
        if (file is null) return;
        if (text.Length > 0)
        {
            if (!force && MustWaitForFsync()) return;
            if (LastWriteFailure is not null && !force && engine.Clock.NowMs - lastWriteTryMs < RetryMs) return;
            if (!TryWrite()) return;
        }
        if (unsyncedBytes == 0) return;
        if (Config.NoAppendfsyncOnRewrite && engine.Heap.SnapshotActive) return;
        if (Config.Appendfsync == FsyncPolicy.Always) FsyncNow();
        else if (Config.Appendfsync == FsyncPolicy.Everysec && !isSyncing && engine.Clock.NowMs - lastFsyncMs >= FsyncEveryMs) StartFsync();
    }

    /// <summary>A write to a file whose fsync is running would block; for two seconds it can wait, as it would have under everysec.</summary>
    private bool MustWaitForFsync()
    {
        if (Config.Appendfsync != FsyncPolicy.Everysec || !isSyncing)
        {
            postponedSinceMs = 0;
            return false;
        }
        if (postponedSinceMs == 0) postponedSinceMs = engine.Clock.NowMs;
        if (engine.Clock.NowMs - postponedSinceMs < PostponeMs) return true;
        DelayedFsyncs++;
        postponedSinceMs = 0;
        engine.Log.Write(LogLevel.Notice, "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.");
        return false;
    }

    private bool TryWrite()
    {
        lastWriteTryMs = engine.Clock.NowMs;
        if (FlushSleepUs > 0) engine.Environment.Process.Sleep(TimeSpan.FromMicroseconds(FlushSleepUs));
        var length = file!.Length;
        var began = engine.Clock.Timestamp();
        try
        {
            file.Append(text.Bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteFailed(e, length);
            return false;
        }
        engine.AddLatencySince("aof-write", began);
        engine.AddLatencySince(isSyncing ? "aof-write-pending-fsync" : engine.Heap.SnapshotActive ? "aof-write-active-child" : "aof-write-alone", began);
        unsyncedBytes += text.Length;
        CurrentSize += text.Length;
        text.Clear();
        if (LastWriteFailure is null) return true;
        LastWriteFailure = null;
        engine.Log.Write(LogLevel.Warning, "AOF write error looks solved. The server can write again.");
        engine.Durability.UpdateDiskRefusal();
        return true;
    }

    private void WriteFailed(Exception problem, long lengthBefore)
    {
        if (LastWriteFailure is null) engine.Log.Write(LogLevel.Warning, $"Error writing to the AOF file: {problem.Message}");
        try
        {
            // Half a command in the middle would make all that follows it unreadable.
            if (file!.Length != lengthBefore) file.Truncate(lengthBefore);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Stop($"Could not remove short write from the append-only file: {e.Message}");
            return;
        }
        if (Config.Appendfsync == FsyncPolicy.Always)
        {
            Stop("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
            return;
        }
        LastWriteFailure = problem.Message;
        engine.Durability.UpdateDiskRefusal();
    }

    private void FsyncNow()
    {
        var began = engine.Clock.Timestamp();
        try
        {
            file!.Fsync();
            engine.AddLatencySince("aof-fsync-always", began);
            SyncedUpTo(Appended);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Stop($"Can't persist AOF for fsync error when the AOF fsync policy is 'always': {e.Message}. Exiting...");
        }
    }

    private void SyncedUpTo(long appended)
    {
        lastFsyncMs = engine.Clock.NowMs;
        unsyncedBytes = 0;
        Synced = Math.Max(Synced, appended);
        Waiters.Signal();
    }

    private void StartFsync()
    {
        isSyncing = true;
        lastFsyncMs = engine.Clock.NowMs;
        unsyncedBytes = 0;
        engine.Environment.Background.Start(BackgroundLane.Disk, new FsyncJob(file!, Appended - text.Length, FsyncEnded));
    }

    private void FsyncEnded(FsyncJob job)
    {
        isSyncing = false;
        if (job.Failure is null)
        {
            Synced = Math.Max(Synced, job.UpTo);
            Waiters.Signal();
            return;
        }
        // After a failed fsync the kernel may have dropped what it could not write; only a new base makes the log whole again.
        engine.Log.Write(LogLevel.Warning, $"Fail to fsync the AOF file: {job.Failure}");
        LastWriteFailure = job.Failure;
        lastWriteTryMs = engine.Clock.NowMs;
        engine.Durability.UpdateDiskRefusal();
        ScheduleRewrite();
    }

    private void Stop(string reason)
    {
        engine.Log.Write(LogLevel.Warning, reason);
        foreach (var client in engine.DirtyClients) client.Output.Clear();      // no reply may promise what the disk has refused
        engine.Environment.Process.Exit(1);
    }

    // ---- start and stop ---------------------------------------------------------------------------------------------

    /// <summary>The files of the AOF in order, each ready to be loaded. None: there is no AOF yet.</summary>
    public List<FileLoad> OpenForLoading()
    {
        ReadManifest();
        var loads = new List<FileLoad>();
        AofFile?[] files = [manifest.Base, .. manifest.Increments];
        foreach (var part in files)
        {
            if (part is null) continue;
            var path = Path(part.Name);
            var opened = Storage.OpenRead(path) ?? throw new AofException($"the AOF file {part.Name} cannot be opened: No such file or directory");
            loads.Add(new AofLoad(engine, path, opened));
        }
        CurrentSize = loads.Sum(static load => load.Length);
        BaseSize = CurrentSize;
        return loads;
    }

    private void ReadManifest()
    {
        var old = engine.Durability.PathOf(Config.Appendfilename);
        if (Storage.ReadAll(ManifestPath) is { } bytes)
        {
            manifest = AofManifest.Parse(bytes);
            // Redis names the old file first and moves it then; it may have been killed between the two.
            if (manifest.Base?.Name == Config.Appendfilename && !Storage.Exists(Path(Config.Appendfilename)) && Storage.Exists(old)) Storage.Rename(old, Path(Config.Appendfilename));
            return;
        }
        manifest = new AofManifest();
        if (!Storage.Exists(old)) return;

        // The one file of a server before 7.0: named as the base, then moved in; a crash between the two finds it where the manifest or the old way looks.
        engine.Log.Write(LogLevel.Notice, $"Successfully migrated an old-style AOF configuration ({Config.Appendfilename}) into the AOF directory ({Config.Appenddirname}).");
        Storage.CreateDirectory(Directory);
        manifest.AdoptOldFile(Config.Appendfilename);
        Storage.Rename(old, Path(Config.Appendfilename));
        Persist(manifest);
    }

    /// <summary>After loading: go on in the last increment, and give an AOF that has no base yet an (empty) one.</summary>
    public void OpenAfterLoading()
    {
        Storage.CreateDirectory(Directory);
        var next = manifest.Copy();
        if (next.Base is null && next.Increments.Count == 0)
        {
            var first = next.SetBase(Config.Appendfilename, Config.AofUseRdbPreamble);
            string? failure = null;
            var job = new SnapshotJob(engine, Path(first.Name), Path($"temp-{first.Name}"), isAofBase: true, job => failure = job.Failure, holdsLoop: true);
            job.RunToEnd();
            job.Complete();
            if (failure is not null) throw new IOException(failure);
            BaseSize = CurrentSize = job.BytesWritten;
            engine.Log.Write(LogLevel.Notice, $"Creating AOF base file {first.Name} on server start");
        }
        var isNew = next.Increments.Count == 0;
        if (isNew) next.AddIncrement(Config.Appendfilename);
        file = Storage.OpenAppend(Path(next.Increments[^1].Name));
        if (isNew)
        {
            Persist(next);
            engine.Log.Write(LogLevel.Notice, $"Creating AOF incr file {next.Increments[^1].Name} on server start");
        }
        manifest = next;
        State = AofState.On;
        selectedDb = -1;
        lastFsyncMs = engine.Clock.NowMs;
        engine.Sinks.Add(this);
        DeleteHistory();
    }

    /// <summary>CONFIG SET appendonly.</summary>
    public string? ApplyConfig()
    {
        if (engine.IsLoading || !engine.Durability.HasStarted) return null;
        if (Config.Appendonly == (State != AofState.Off)) return null;
        if (!Config.Appendonly)
        {
            TurnOff();
            return null;
        }
        try
        {
            TurnOn();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AofException)
        {
            engine.Log.Write(LogLevel.Warning, $"Redis needs to enable the AOF but can't open the append only file: {e.Message}");
            TurnOff();
            return "Unable to turn on AOF. Check server logs.";
        }
    }

    /// <summary>
    /// From now on effects go to an increment under a temporary name. It becomes part of an AOF when the first base is whole: until then an older AOF in the
    /// directory stays what it was.
    /// </summary>
    private void TurnOn()
    {
        Storage.CreateDirectory(Directory);
        ReadManifest();
        temporaryIncrement = Path($"temp-{Config.Appendfilename}.incr");
        BeginTemporaryIncrement();
        State = AofState.WaitsForBase;
        engine.Sinks.Add(this);
        if (RewriteJob is not null)
        {
            engine.Log.Write(LogLevel.Notice, "AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.");
            engine.Durability.StopSnapshot();                   // what was written since it began is in no log
        }
        if (IsInTransaction) Postpone("during a transaction");
        else if (engine.Heap.SnapshotActive) Postpone("but there is already another background operation");
        else if (!TryStartRewrite()) ScheduleRewrite();
    }

    private void Postpone(string reason)
    {
        engine.Log.Write(LogLevel.Notice, $"AOF was enabled {reason}. An AOF background was scheduled to start when possible.");
        ScheduleRewrite();
    }

    /// <summary>What the transaction has changed so far would be in a base that is begun now, and in the log again when the transaction ends.</summary>
    private bool IsInTransaction => engine.Executor.Running is { Multi: not null };

    /// <summary>Anew with every try to write the first base: what came before is in that base.</summary>
    private void BeginTemporaryIncrement()
    {
        file?.Dispose();
        text.Clear();
        unsyncedBytes = 0;
        selectedDb = -1;
        file = Storage.Create(temporaryIncrement);
    }

    private void TurnOff()
    {
        Flush(force: true);
        if (State == AofState.WaitsForBase) TryDelete(temporaryIncrement);
        State = AofState.Off;                                   // whoever waits for it is told so, not that his writes are synced
        TryFsync();
        if (RewriteJob is not null)
        {
            engine.Log.Write(LogLevel.Notice, $"Killing AOF child: the rewrite that began {CurrentRewriteSeconds} seconds ago is of no use any more");
            engine.Durability.StopSnapshot();
        }
        file?.Dispose();
        file = null;
        text.Clear();
        rewriteScheduled = false;
        LastWriteFailure = null;
        engine.Sinks.Remove(this);
        engine.Durability.UpdateDiskRefusal();
        Synced = Appended;                                      // what counted until now is another log's business
        Waiters.Signal();
    }

    /// <summary>Before the process ends, which may yet be refused: all is on the disk, and the log goes on. Null, or why it must not end.</summary>
    public string? PrepareShutdown(bool force)
    {
        if (State == AofState.WaitsForBase)
        {
            if (!force)
            {
                engine.Log.Write(LogLevel.Warning, "Writing initial AOF, can't exit.");
                return "the first base of the AOF is being written";
            }
            engine.Log.Write(LogLevel.Warning, "Writing initial AOF. Exit anyway.");
        }
        if (RewriteJob is { } job)
        {
            engine.Log.Write(LogLevel.Warning, "There is a child rewriting the AOF. Killing it!");
            job.Cancel();
        }
        if (file is null) return null;
        engine.Log.Write(LogLevel.Notice, "Calling fsync() on the AOF file.");
        Flush(force: true);
        TryFsync();
        return null;
    }

    private void TryFsync()
    {
        try
        {
            file?.Fsync();
            SyncedUpTo(Appended);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            engine.Log.Write(LogLevel.Warning, $"Fail to fsync the AOF file: {e.Message}");
        }
    }

    // ---- rewriting --------------------------------------------------------------------------------------------------

    public void ScheduleRewrite() => rewriteScheduled = true;

    /// <summary>BGREWRITEAOF. False when a snapshot is running, or the disk refused the new increment.</summary>
    public bool TryStartRewrite()
    {
        if (engine.Heap.SnapshotActive) return false;
        rewriteScheduled = false;
        try
        {
            Storage.CreateDirectory(Directory);
            if (State == AofState.Off) ReadManifest();
            if (State == AofState.On) BeginIncrement();
            else if (State == AofState.WaitsForBase) BeginTemporaryIncrement();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AofException)
        {
            RewriteFailed(e.Message);
            return false;
        }
        var temporary = Path($"temp-rewriteaof-bg-{engine.Environment.Process.ProcessId}.aof");
        engine.Log.Write(LogLevel.Notice, $"Background append only file rewriting started by pid {engine.Environment.Process.ProcessId}");
        engine.Stats.BackgroundSnapshots++;
        var job = RewriteJob = new SnapshotJob(engine, temporary + ".done", temporary, isAofBase: true, RewriteEnded);
        engine.Environment.Background.Start(BackgroundLane.Snapshot, job);
        return true;
    }

    /// <summary>What comes from here on is not in the snapshot: it goes to a file of its own.</summary>
    private void BeginIncrement()
    {
        Flush(force: true);
        file!.Fsync();
        SyncedUpTo(Appended - text.Length);
        var next = manifest.Copy();
        var increment = next.AddIncrement(Config.Appendfilename);
        var opened = Storage.Create(Path(increment.Name));
        try
        {
            Persist(next);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
        file.Dispose();
        file = opened;
        manifest = next;
        firstKept = increment;
        selectedDb = -1;
    }

    private void RewriteEnded(SnapshotJob job)
    {
        RewriteJob = null;
        LastRewriteSeconds = (engine.Clock.NowMs - job.StartedMs) / 1000;
        LastExtraBytes = Math.Max(0, engine.Heap.CommittedBytes - job.MemoryAtStart);
        var done = Path($"temp-rewriteaof-bg-{engine.Environment.Process.ProcessId}.aof.done");
        if (job.IsCancelled)
        {
            engine.Log.Write(LogLevel.Warning, "Background AOF rewrite terminated by signal");
            if (job.Failure is null) TryDelete(done);           // it was too late to stop it, and too early for what the AOF is now
            return;
        }
        if (job.Failure is { } failure)
        {
            RewriteFailed(failure);
            return;
        }
        try
        {
            InstallBase(done, job.BytesWritten);
            LastRewriteSucceeded = true;
            Rewrites++;
            RewriteFailuresInARow = 0;
            engine.Log.Write(LogLevel.Notice, "Background AOF rewrite terminated with success");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            RewriteFailed(e.Message);
            TryDelete(done);
        }
    }

    private void InstallBase(string done, long bytes)
    {
        var next = manifest.Copy();
        var newBase = next.SetBase(Config.Appendfilename, Config.AofUseRdbPreamble);
        Rename(done, newBase.Name);
        if (State == AofState.WaitsForBase)
        {
            next.RetireIncrementsBefore(null);
            Flush(force: true);
            file!.Fsync();
            var increment = next.AddIncrement(Config.Appendfilename);
            Rename(temporaryIncrement, increment.Name);
        }
        else
        {
            next.RetireIncrementsBefore(State == AofState.On ? firstKept : null);
        }
        Persist(next);
        manifest = next;
        if (State == AofState.WaitsForBase)
        {
            State = AofState.On;
            SyncedUpTo(Appended);
        }
        if (LastWriteFailure is not null)
        {
            LastWriteFailure = null;
            engine.Durability.UpdateDiskRefusal();
        }
        BaseSize = bytes;
        CurrentSize = bytes + (file?.Length ?? 0);
        DeleteHistory();
        engine.Log.Write(LogLevel.Notice, "Background AOF rewrite finished successfully");
    }

    private void Rename(string from, string name)
    {
        var began = engine.Clock.Timestamp();
        Storage.Rename(from, Path(name));
        engine.AddLatencySince("aof-rename", began);
    }

    private void RewriteFailed(string reason)
    {
        engine.Log.Write(LogLevel.Warning, $"Background AOF rewrite error: {reason}");
        if (State == AofState.WaitsForBase) engine.Log.Write(LogLevel.Notice, $"Removing the temp incr aof file {System.IO.Path.GetFileName(temporaryIncrement)}");
        LastRewriteSucceeded = false;
        RewriteFailuresInARow++;
    }

    private void Persist(AofManifest next) => Storage.Replace(ManifestPath, System.Text.Encoding.UTF8.GetBytes(next.ToText()));

    /// <summary>Files that no manifest needs. If that fails they stay named as history, and the next time tries again.</summary>
    public void DeleteHistory()
    {
        if (manifest.History.Count == 0 || Config.AofDisableAutoGc) return;
        var next = manifest.Copy();
        next.History.Clear();
        try
        {
            foreach (var old in manifest.History) Storage.Delete(Path(old.Name));
            Persist(next);
            manifest = next;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            engine.Log.Write(LogLevel.Warning, $"Cannot delete history files of the AOF: {e.Message}");
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            Storage.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            engine.Log.Write(LogLevel.Warning, $"Cannot delete {path}: {e.Message}");
        }
    }

    /// <summary>Rewrites by size, and what had to wait.</summary>
    public void Tick(long nowMs)
    {
        if (State == AofState.Off && !rewriteScheduled) return;
        Flush();
        if (engine.Heap.SnapshotActive) return;
        if (rewriteScheduled || State == AofState.WaitsForBase)
        {
            if (!MustWait(nowMs)) TryStartRewrite();
            return;
        }
        if (Config.AutoAofRewritePercentage == 0 || CurrentSize <= Config.AutoAofRewriteMinSize) return;
        var growth = (CurrentSize * 100 / Math.Max(1, BaseSize)) - 100;
        if (growth < Config.AutoAofRewritePercentage || MustWait(nowMs)) return;
        engine.Log.Write(LogLevel.Notice, $"Starting automatic rewriting of AOF on {growth}% growth");
        TryStartRewrite();
    }

    /// <summary>After three failures in a row the rewrites that begin by themselves become rare, up to an hour apart.</summary>
    private bool MustWait(long nowMs)
    {
        if (RewriteFailuresInARow < FailuresBeforeWait)
        {
            (waitMinutes, waitEndsMs) = (0, 0);
            return false;
        }
        if (nowMs < waitEndsMs) return true;
        if (waitEndsMs != 0)
        {
            waitEndsMs = 0;
            return false;
        }
        waitMinutes = Math.Clamp(waitMinutes * 2, 1, WaitMinutesMax);
        waitEndsMs = nowMs + (waitMinutes * 60_000L);
        engine.Log.Write(LogLevel.Warning, $"Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {waitMinutes} minutes");
        return true;
    }
}

/// <summary>One fsync on the disk thread.</summary>
internal sealed class FsyncJob(IAppendFile file, long upTo, Action<FsyncJob> onEnded) : BackgroundJob
{
    /// <summary>Bytes of the log that were written before it.</summary>
    public long UpTo { get; } = upTo;

    public string? Failure { get; private set; }

    public override bool Step()
    {
        try
        {
            file.Fsync();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (e is not ObjectDisposedException) Failure = e.Message;
        }
        return false;
    }

    protected override void OnCompleted() => onEnded(this);
}

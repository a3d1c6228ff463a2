using RedisLite.Engine.Databases;
using RedisLite.Persistence.Aof;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Engine.Durability;

/// <summary>
/// Fills the databases when the server starts: from the AOF when it is on, else from the RDB file. The work is done in slices of the loop, so that clients get
/// -LOADING and INFO tells how far it is. What cannot be read stops the server with a message that names the file, the place and the problem: a server that
/// starts with half its data would soon save that half.
/// </summary>
internal sealed class StartupLoader
{
    private const long SliceUs = 10_000;

    private readonly Engine engine;
    private readonly Queue<FileLoad> files = new();
    private long startedTicks;
    private long doneBytes;
    private bool fromAof;
    private bool isRunning;

    public StartupLoader(Engine engine) => this.engine = engine;

    /// <summary>Called once, when all is loaded (null) or cannot be (the reason).</summary>
    public Action<string?>? Finished { get; set; }

    public long StartedMs { get; private set; }

    public long TotalBytes { get; private set; }

    public long LoadedBytes => doneBytes + (files.TryPeek(out var current) ? current.Offset : 0);

    public Progress Progress => new(LoadedBytes, TotalBytes, engine.Clock.NowMs - StartedMs);

    /// <summary>Of the load that ended last.</summary>
    public long KeysLoaded { get; private set; }

    public long KeysExpired { get; private set; }

    public void Begin()
    {
        startedTicks = engine.Clock.Timestamp();
        StartedMs = engine.Clock.NowMs;
        fromAof = engine.Config.Appendonly;
        if (!Guarded(fromAof ? engine.Durability.Aof.Path("") : engine.Durability.PathOf(engine.Config.Dbfilename), OpenFiles)) return;
        if (files.Count == 0)
        {
            End();
            return;
        }
        TotalBytes = files.Sum(static file => file.Length);
        engine.IsLoading = true;
    }

    private void OpenFiles()
    {
        if (fromAof)
        {
            foreach (var file in engine.Durability.Aof.OpenForLoading()) files.Enqueue(file);
            return;
        }
        if (engine.Config.Dbfilename.Length == 0) return;                   // no file has that name, so there is none to load
        var path = engine.Durability.PathOf(engine.Config.Dbfilename);
        if (engine.Environment.Storage.OpenRead(path) is { } rdb) files.Enqueue(new RdbLoad(engine, path, rdb, isAofBase: false));
    }

    /// <summary>About ten milliseconds of loading; nothing when called from inside, by whoever serves others during a slow script of the file.</summary>
    public void RunSlice()
    {
        if (files.Count == 0 || isRunning) return;
        engine.Durability.Progress.Tell(StartedMs, "Loading", "bytes", Progress, LoadedBytes);
        var began = engine.Clock.Timestamp();
        do
        {
            if (!RunStep()) return;
        }
        while (engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - began) < SliceUs);
    }

    /// <summary>All that is left, here and now.</summary>
    public void RunToEnd()
    {
        while (files.Count > 0 && RunStep())
        {
        }
    }

    private bool RunStep()
    {
        var file = files.Peek();
        var more = false;
        isRunning = true;
        var isGood = Guarded(file.Path, () => more = file.Step());
        isRunning = false;
        if (!isGood) return false;
        if (more) return true;
        if (!Guarded(file.Path, () => FileDone(file))) return false;
        doneBytes += file.Length;
        files.Dequeue().Dispose();
        if (files.Count > 0) return true;
        End();
        return false;
    }

    private void FileDone(FileLoad file)
    {
        var reader = (file as RdbLoad)?.Reader ?? (file as AofLoad)?.Preamble;
        if (reader is not null)
        {
            (KeysLoaded, KeysExpired) = (reader.KeysLoaded, reader.KeysExpired);
            engine.Log.Write(LogLevel.Notice, $"Done loading RDB, keys loaded: {reader.KeysLoaded}, keys expired: {reader.KeysExpired}, empty keys skipped: {reader.KeysEmpty}.");
        }
        if (file is AofLoad { IsTruncated: true } aof) Truncated(aof);
    }

    private void Truncated(AofLoad file)
    {
        if (files.Count > 1) throw new AofException("the file is truncated, and it is not the last file of the AOF");
        if (!engine.Config.AofLoadTruncated)
        {
            throw new AofException("Unexpected end of file reading the append only file. You can: 1) Make a backup of your AOF file, then use redislite check-aof --fix <filename>. "
                + "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.");
        }
        engine.Log.Write(LogLevel.Warning, $"!!! Warning: short read while loading the AOF file {System.IO.Path.GetFileName(file.Path)}!!!");
        engine.Log.Write(LogLevel.Warning, $"AOF loaded anyway because aof-load-truncated is enabled");
        engine.Log.Write(LogLevel.Warning, $"Truncating the AOF {System.IO.Path.GetFileName(file.Path)} at offset {file.ValidUpTo}");
        engine.Environment.Storage.Truncate(file.Path, file.ValidUpTo);
    }

    private void End()
    {
        engine.IsLoading = false;
        var seconds = engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - startedTicks) / 1e6;
        if (TotalBytes > 0) engine.Log.Write(LogLevel.Notice, fromAof ? $"DB loaded from append only file: {seconds:F3} seconds" : $"DB loaded from disk: {seconds:F3} seconds");
        engine.Stats.Dirty = 0;
        if (fromAof && !Guarded(engine.Durability.Aof.Path(""), engine.Durability.Aof.OpenAfterLoading)) return;
        Finished?.Invoke(null);
    }

    /// <summary>The world's failures end the server, with their reason in the log.</summary>
    private bool Guarded(string path, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception e) when (e is RdbException or AofException or IOException or UnauthorizedAccessException)
        {
            var message = $"{(fromAof ? "Bad file format reading the append only file" : "Error loading the RDB file")} {path}: {e.Message}";
            engine.Log.Write(LogLevel.Warning, message);
            if (e is RdbException rdb)
            {
                engine.Log.Write(LogLevel.Warning, $"[offset {rdb.Offset}] {rdb.Problem}");
                engine.Log.Write(LogLevel.Warning, "Terminating server after rdb file reading failure.");
            }
            if (!fromAof) engine.Log.Write(LogLevel.Warning, "Fatal error loading the DB, check server logs. Exiting.");
            foreach (var file in files) file.Dispose();
            files.Clear();
            engine.IsLoading = false;
            HasFailed = true;
            engine.Environment.Process.Exit(1);
            Finished?.Invoke(message);
            return false;
        }
    }

    /// <summary>What the file brings takes the place of what is there under the same name (DEBUG RELOAD MERGE).</summary>
    public bool Merges { get; private set; }

    /// <summary>The data are not complete: nothing may be saved.</summary>
    public bool HasFailed { get; private set; }

    // ---- while the server runs ----

    /// <summary>DEBUG RELOAD and LOADAOF: all keys go, then a file is read. Null, or why it could not be.</summary>
    public string? Reload(CommandContext ctx, bool aof, bool flush, bool merge)
    {
        Merges = merge;
        if (flush)
        {
            Flushing.FlushAll(ctx, lazy: false);
            engine.Scripts.FlushFunctions();
        }
        engine.IsLoading = isRunning = true;
        try
        {
            fromAof = aof;
            OpenFiles();
            foreach (var file in files)
            {
                while (file.Step())
                {
                }
            }
            return null;
        }
        catch (Exception e) when (e is RdbException or AofException or IOException or UnauthorizedAccessException)
        {
            engine.Log.Write(LogLevel.Warning, e.Message);
            return e.Message;
        }
        finally
        {
            foreach (var file in files) file.Dispose();
            files.Clear();
            engine.IsLoading = isRunning = false;
            Merges = false;
            engine.HasAftermath = true;             // what the flush left to be said; the units of a log have put the mark back
            if (aof) engine.Stats.Dirty = 0;
        }
    }
}

using RedisLite.Engine.Durability;

namespace RedisLite.Engine.Info;

/// <summary>Snapshots, the append-only file, loading. Copy-on-write figures are the memory that the frozen index took beside the data.</summary>
internal static class PersistenceInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        var (saver, aof, loader) = (engine.Durability.Saver, engine.Durability.Aof, engine.Durability.Loader);
        var job = engine.Durability.RunningJob;
        var extra = job is null ? 0 : engine.Heap.DeferredBytes;                 // exact: what is kept only for the snapshot
        text.Field("loading", engine.IsLoading ? 1 : 0);
        text.Field("async_loading", 0);
        text.Field("current_cow_peak", extra);
        text.Field("current_cow_size", extra);
        text.Field("current_cow_size_age", 0);
        text.Fixed("current_fork_perc", job?.Progress.Percent ?? 0);
        text.Field("current_save_keys_processed", job?.KeysWritten ?? 0);
        text.Field("current_save_keys_total", job?.KeysTotal ?? 0);
        if (job is not null) WriteSaving(text, job);
        text.Field("rdb_changes_since_last_save", engine.Stats.Dirty);
        text.Field("rdb_bgsave_in_progress", saver.Running is null ? 0 : 1);
        text.Field("rdb_last_save_time", saver.LastSaveSeconds);
        text.Field("rdb_last_bgsave_status", saver.LastSucceeded ? "ok" : "err");
        text.Field("rdb_last_bgsave_time_sec", saver.LastDurationSeconds);
        text.Field("rdb_current_bgsave_time_sec", saver.CurrentDurationSeconds);
        text.Field("rdb_saves", saver.Saves);
        text.Field("rdb_last_cow_size", saver.LastExtraBytes);
        text.Field("rdb_last_load_keys_expired", loader.KeysExpired);
        text.Field("rdb_last_load_keys_loaded", loader.KeysLoaded);
        text.Field("aof_enabled", aof.State == AofState.Off ? 0 : 1);
        text.Field("aof_rewrite_in_progress", aof.RewriteJob is null ? 0 : 1);
        text.Field("aof_rewrite_scheduled", aof.IsRewriteScheduled ? 1 : 0);
        text.Field("aof_last_rewrite_time_sec", aof.LastRewriteSeconds);
        text.Field("aof_current_rewrite_time_sec", aof.CurrentRewriteSeconds);
        text.Field("aof_last_bgrewrite_status", aof.LastRewriteSucceeded ? "ok" : "err");
        text.Field("aof_rewrites", aof.Rewrites);
        text.Field("aof_rewrites_consecutive_failures", aof.RewriteFailuresInARow);
        text.Field("aof_last_write_status", aof.LastWriteFailure is null ? "ok" : "err");
        text.Field("aof_last_cow_size", aof.LastExtraBytes);
        text.Field("module_fork_in_progress", 0);
        text.Field("module_fork_last_cow_size", 0);
        if (aof.State != AofState.Off) WriteAof(text, aof);
        if (engine.IsLoading) WriteLoading(text, engine, loader);
    }

    /// <summary>Ours, and only while something is being saved.</summary>
    private static void WriteSaving(InfoText text, SnapshotJob job)
    {
        text.Field("current_save_bytes_written", job.BytesWritten);
        text.Field("current_save_keys_per_sec", job.Progress.PerSecond);
        text.Field("current_save_eta_seconds", job.Progress.SecondsLeft);
    }

    private static void WriteAof(InfoText text, AofLog aof)
    {
        text.Field("aof_current_size", aof.CurrentSize);
        text.Field("aof_base_size", aof.BaseSize);
        text.Field("aof_pending_rewrite", 0);
        text.Field("aof_buffer_length", aof.BufferLength);
        text.Field("aof_pending_bio_fsync", aof.IsFsyncPending ? 1 : 0);
        text.Field("aof_delayed_fsync", aof.DelayedFsyncs);
    }

    private static void WriteLoading(InfoText text, Engine engine, StartupLoader loader)
    {
        var progress = loader.Progress;
        text.Field("loading_start_time", loader.StartedMs / 1000);
        text.Field("loading_total_bytes", loader.TotalBytes);
        text.Field("loading_rdb_used_mem", 0);
        text.Field("loading_loaded_bytes", loader.LoadedBytes);
        text.Fixed("loading_loaded_perc", progress.Percent);
        text.Field("loading_eta_seconds", progress.SecondsLeft < 0 ? 1 : progress.SecondsLeft);
        text.Field("loading_bytes_per_sec", progress.PerSecond);
    }
}

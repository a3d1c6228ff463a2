namespace RedisLite.Engine.Info;

/// <summary>Nothing has been saved or loaded so far; the only moving figure is the number of changes.</summary>
internal static class PersistenceInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        text.Field("loading", engine.IsLoading ? 1 : 0);
        text.Field("async_loading", 0);
        text.Field("current_cow_peak", 0);
        text.Field("current_cow_size", 0);
        text.Field("current_cow_size_age", 0);
        text.Fixed("current_fork_perc", 0);
        text.Field("current_save_keys_processed", 0);
        text.Field("current_save_keys_total", 0);
        text.Field("rdb_changes_since_last_save", engine.Stats.Dirty);
        text.Field("rdb_bgsave_in_progress", 0);
        text.Field("rdb_last_save_time", engine.Clock.StartedMs / 1000);
        text.Field("rdb_last_bgsave_status", "ok");
        text.Field("rdb_last_bgsave_time_sec", -1);
        text.Field("rdb_current_bgsave_time_sec", -1);
        text.Field("rdb_saves", 0);
        text.Field("rdb_last_cow_size", 0);
        text.Field("rdb_last_load_keys_expired", 0);
        text.Field("rdb_last_load_keys_loaded", 0);
        text.Field("aof_enabled", 0);
        text.Field("aof_rewrite_in_progress", 0);
        text.Field("aof_rewrite_scheduled", 0);
        text.Field("aof_last_rewrite_time_sec", -1);
        text.Field("aof_current_rewrite_time_sec", -1);
        text.Field("aof_last_bgrewrite_status", "ok");
        text.Field("aof_rewrites", 0);
        text.Field("aof_rewrites_consecutive_failures", 0);
        text.Field("aof_last_write_status", "ok");
        text.Field("aof_last_cow_size", 0);
        text.Field("module_fork_in_progress", 0);
        text.Field("module_fork_last_cow_size", 0);
    }
}

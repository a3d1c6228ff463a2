namespace RedisLite.Engine.Info;

internal static class StatsInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        var stats = engine.Stats;
        WriteTraffic(text, stats, engine.Rates);
        WriteKeys(text, stats, engine);
        text.Field("latest_fork_usec", 0);
        text.Field("total_forks", stats.BackgroundSnapshots);
        text.Field("migrate_cached_sockets", engine.Peers.Count);
        text.Field("slave_expires_tracked_keys", 0);
        text.Field("active_defrag_hits", stats.ActiveDefragHits);
        text.Field("active_defrag_misses", stats.ActiveDefragMisses);
        text.Field("active_defrag_key_hits", 0);
        text.Field("active_defrag_key_misses", 0);
        text.Field("total_active_defrag_time", 0);
        text.Field("current_active_defrag_time", 0);
        text.Field("tracking_total_keys", engine.Tracking.KeyCount);
        text.Field("tracking_total_items", engine.Tracking.ItemCount);
        text.Field("tracking_total_prefixes", engine.Tracking.PrefixCount);
        text.Field("unexpected_error_replies", 0);
        text.Field("total_error_replies", stats.ErrorReplies);
        text.Field("dump_payload_sanitizations", 0);
        text.Field("total_reads_processed", stats.Reads);
        text.Field("total_writes_processed", stats.Writes);
        text.Field("io_threaded_reads_processed", 0);
        text.Field("io_threaded_writes_processed", 0);
        text.Field("reply_buffer_shrinks", 0);
        text.Field("reply_buffer_expands", 0);
        var loop = engine.LoopTimes;
        text.Field("eventloop_cycles", loop.Cycles);
        text.Field("eventloop_duration_sum", loop.Microseconds);
        text.Field("eventloop_duration_cmd_sum", loop.CommandMicroseconds);
        text.Field("instantaneous_eventloop_cycles_per_sec", engine.Rates.CyclesPerSecond);
        text.Field("instantaneous_eventloop_duration_usec", engine.Rates.MicrosecondsPerCycle);
        text.Field("acl_access_denied_auth", stats.AclDeniedAuth);
        text.Field("acl_access_denied_cmd", stats.AclDeniedCommand);
        text.Field("acl_access_denied_key", stats.AclDeniedKey);
        text.Field("acl_access_denied_channel", stats.AclDeniedChannel);
    }

    public static void WriteDebug(InfoText text, Engine engine)
    {
        var loop = engine.LoopTimes;
        text.Field("eventloop_duration_aof_sum", 0);
        text.Field("eventloop_duration_cron_sum", loop.CronMicroseconds);
        text.Field("eventloop_duration_max", loop.MaxMicroseconds);
        text.Field("eventloop_cmd_per_cycle_max", loop.MaxCommands);
    }

    private static void WriteTraffic(InfoText text, Stats stats, Rates rates)
    {
        text.Field("total_connections_received", stats.Connections);
        text.Field("total_commands_processed", stats.Commands);
        text.Field("instantaneous_ops_per_sec", rates.OpsPerSecond);
        text.Field("total_net_input_bytes", stats.NetInput);
        text.Field("total_net_output_bytes", stats.NetOutput);
        text.Field("total_net_repl_input_bytes", 0);
        text.Field("total_net_repl_output_bytes", 0);
        text.Fixed("instantaneous_input_kbps", rates.InputKbps);
        text.Fixed("instantaneous_output_kbps", rates.OutputKbps);
        text.Fixed("instantaneous_input_repl_kbps", 0);
        text.Fixed("instantaneous_output_repl_kbps", 0);
        text.Field("rejected_connections", stats.RejectedConnections);
        text.Field("sync_full", 0);
        text.Field("sync_partial_ok", 0);
        text.Field("sync_partial_err", 0);
    }

    private static void WriteKeys(InfoText text, Stats stats, Engine engine)
    {
        if (stats.ExpiredFields > 0) text.Field("expired_subkeys", stats.ExpiredFields);            // 7.4's: there when there is something to tell
        text.Field("expired_keys", stats.ExpiredKeys);
        text.Fixed("expired_stale_perc", stats.ExpiredStalePercent);
        text.Field("expired_time_cap_reached_count", stats.ExpiredTimeCapReached);
        text.Field("expire_cycle_cpu_milliseconds", engine.Expiry.CpuMicroseconds / 1000);
        text.Field("evicted_keys", stats.EvictedKeys);
        text.Field("evicted_clients", stats.EvictedClients);
        text.Field("evicted_scripts", engine.Scripts.Cache.Evicted);
        text.Field("total_eviction_exceeded_time", engine.Eviction.TotalExceededUs / 1000);
        text.Field("current_eviction_exceeded_time", engine.Eviction.CurrentExceededUs / 1000);
        text.Field("keyspace_hits", stats.KeyspaceHits);
        text.Field("keyspace_misses", stats.KeyspaceMisses);
        text.Field("pubsub_channels", engine.PubSub.ChannelCount);
        text.Field("pubsub_patterns", engine.PubSub.PatternCount);
        text.Field("pubsubshard_channels", engine.PubSub.ShardChannelCount);
    }
}

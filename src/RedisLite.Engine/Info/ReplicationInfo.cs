namespace RedisLite.Engine.Info;

/// <summary>A primary without replicas.</summary>
internal static class ReplicationInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        text.Field("role", "master");
        text.Field("connected_slaves", 0);
        if (engine.HasTooFewReplicas) text.Field("min_slaves_good_slaves", 0);
        text.Field("master_failover_state", "no-failover");
        text.Field("master_replid", engine.ReplicationId);
        text.Field("master_replid2", new string('0', 40));
        text.Field("master_repl_offset", 0);
        text.Field("second_repl_offset", -1);
        text.Field("repl_backlog_active", 0);
        text.Field("repl_backlog_size", engine.Config.ReplBacklogSize);
        text.Field("repl_backlog_first_byte_offset", 0);
        text.Field("repl_backlog_histlen", 0);
    }
}

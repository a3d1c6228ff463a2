namespace RedisLite.Engine;

/// <summary>What has to happen in the engine when a directive changes. Most directives are simply read where they matter.</summary>
internal static class ConfigEffects
{
    public static void Attach(Engine engine)
    {
        var config = engine.Config;
        Apply(config, engine.UpdateSlowThreshold, "slowlog-log-slower-than", "latency-monitor-threshold");
        Apply(config, () => engine.SlowLog.Trim(config.SlowlogMaxLen), "slowlog-max-len");
        Apply(config, () => engine.Accounts.SetDefaultPassword(config.Requirepass), "requirepass");
        Apply(config, () => engine.RespLimits.BulkMax = config.ProtoMaxBulkLen, "proto-max-bulk-len");
        Apply(config, () => SetEncodingLimits(engine), "hash-max-listpack-entries", "hash-max-listpack-value", "list-max-listpack-size",
            "list-compress-depth", "set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value", "zset-max-listpack-entries",
            "zset-max-listpack-value", "hll-sparse-max-bytes", "stream-node-max-bytes", "stream-node-max-entries");
        Apply(config, engine.Tracking.UpdateOverLimit, "tracking-table-max-keys");
        config.OnChange(() => engine.Eviction.MakeRoomAfterConfig(), "maxmemory", "maxmemory-policy");
        config.OnChange(() => SetDisabledCommands(engine), "disable-command-list");
        foreach (var (command, newName) in config.RenamedCommands)
        {
            if (engine.Commands.Rename(command, newName) is { } error) throw new InvalidOperationException($"rename-command {command}: {error}");
        }
        if (SetDisabledCommands(engine) is { } unknown) throw new InvalidOperationException($"disable-command-list: {unknown}");
    }

    private static void Apply(Config.ServerConfig config, Action effect, params ReadOnlySpan<string> names)
    {
        effect();
        config.OnChange(effect, names);
    }

    private static string? SetDisabledCommands(Engine engine)
    {
        var error = engine.Commands.Disable(engine.Config.DisableCommandList);
        engine.Executor.FindCommandsAgain();
        return error;
    }

    /// <summary>More than a value can have elements or bytes is no limit.</summary>
    private static int Fit(long limit) => (int)Math.Min(limit, int.MaxValue);

    private static void SetEncodingLimits(Engine engine)
    {
        var config = engine.Config;
        var limits = engine.Heap.Limits;
        limits.HashMaxListpackEntries = Fit(config.HashMaxListpackEntries);
        limits.HashMaxListpackValue = Fit(config.HashMaxListpackValue);
        limits.ListMaxListpackSize = config.ListMaxListpackSize;
        limits.SetMaxIntsetEntries = Fit(config.SetMaxIntsetEntries);
        limits.SetMaxListpackEntries = Fit(config.SetMaxListpackEntries);
        limits.SetMaxListpackValue = Fit(config.SetMaxListpackValue);
        limits.ZSetMaxListpackEntries = Fit(config.ZsetMaxListpackEntries);
        limits.ZSetMaxListpackValue = Fit(config.ZsetMaxListpackValue);
        limits.HllSparseMaxBytes = Fit(config.HllSparseMaxBytes);
        limits.StreamNodeMaxBytes = config.StreamNodeMaxBytes;
        limits.StreamNodeMaxEntries = config.StreamNodeMaxEntries;
    }
}

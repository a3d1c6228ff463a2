namespace RedisLite.Engine.Info;

internal static class ServerInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        var process = engine.Environment.Process;
        var clock = engine.Clock;
        var uptime = (clock.NowMs - clock.StartedMs) / 1000;
        text.Field("redis_version", ServerVersion.Redis);
        text.Field("redis_git_sha1", "00000000");
        text.Field("redis_git_dirty", 0);
        text.Field("redis_build_id", BuildId);
        text.Field("redis_mode", "standalone");
        text.Field("os", process.OperatingSystem);
        text.Field("arch_bits", IntPtr.Size * 8);
        text.Field("monotonic_clock", "POSIX clock_gettime");
        text.Field("multiplexing_api", process.OperatingSystem.StartsWith("Linux", StringComparison.Ordinal) ? "epoll" : "sockets");
        text.Field("atomicvar_api", "dotnet-interlocked");
        text.Field("gcc_version", "0.0.0");                              // what Redis says when another compiler made it
        text.Field("process_id", process.ProcessId);
        text.Field("process_supervised", engine.Config.Supervised.ToString().ToLowerInvariant());
        text.Field("run_id", engine.RunId);
        text.Field("tcp_port", process.Port);
        text.Field("server_time_usec", clock.NowUs);
        text.Field("uptime_in_seconds", uptime);
        text.Field("uptime_in_days", uptime / 86400);
        text.Field("hz", engine.Config.Hz);
        text.Field("configured_hz", engine.Config.Hz);
        text.Field("lru_clock", Databases.AccessClock.LruNow(clock.NowMs));
        text.Field("executable", process.ExecutablePath);
        text.Field("config_file", process.ConfigFile);
        text.Field("io_threads_active", 0);
        var listener = 0;
        var addresses = string.Join(',', engine.Config.Bind.Select(address => "bind=" + address));
        if (process.Port != 0) text.Field($"listener{listener++}", $"name=tcp,{addresses},port={process.Port}");
        if (engine.Config.Unixsocket.Length > 0) text.Field($"listener{listener}", $"name=unix,bind={engine.Config.Unixsocket}");
        text.Field("redislite_version", ServerVersion.Own);
    }

    /// <summary>Differs from build to build, as it does in Redis.</summary>
    private static string BuildId => typeof(ServerInfo).Module.ModuleVersionId.ToString("N")[..16];
}

internal static class ClientsInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        int replicas = 0, withTimeout = 0;
        long input = 0, output = 0;
        foreach (var client in engine.Clients.All)
        {
            if (client.Has(ClientFlags.Replica)) replicas++;
            if (client.Blocked is { DeadlineMs: > 0 }) withTimeout++;
            input = Math.Max(input, client.QueryBufferSize);
            output = Math.Max(output, client.Output.Length);
        }

        text.Field("connected_clients", engine.Clients.Count - replicas);
        text.Field("cluster_connections", 0);
        text.Field("maxclients", engine.Config.Maxclients);
        text.Field("client_recent_max_input_buffer", input);
        text.Field("client_recent_max_output_buffer", output);
        text.Field("blocked_clients", engine.Blocked.Count + engine.Pause.Count);
        text.Field("tracking_clients", engine.Tracking.ClientCount);
        text.Field("clients_in_timeout_table", withTimeout);
        text.Field("total_blocking_keys", engine.Blocked.KeyCount);
        text.Field("total_blocking_keys_on_nokey", engine.Blocked.KeysServedOnRemoval);
    }
}

internal static class CpuInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        var cpu = engine.Environment.Process.CpuSeconds;
        text.Fixed("used_cpu_sys", cpu.System, 6);
        text.Fixed("used_cpu_user", cpu.User, 6);
        text.Fixed("used_cpu_sys_children", 0, 6);
        text.Fixed("used_cpu_user_children", 0, 6);
        text.Fixed("used_cpu_sys_main_thread", cpu.MainThreadSystem, 6);
        text.Fixed("used_cpu_user_main_thread", cpu.MainThreadUser, 6);
    }
}

internal static class KeyspaceInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        foreach (var db in engine.Databases)
        {
            var keys = db.Keys;
            if (keys.Count == 0) continue;
            // 7.2 has three parts and 7.4 adds a fourth: it is there when there is something to tell, so that nobody else sees a difference.
            var fields = keys.CountWithFieldExpiry > 0 ? $",subexpiry={keys.CountWithFieldExpiry}" : "";
            text.Field($"db{db.Index}", $"keys={keys.Count},expires={keys.CountWithExpiry},avg_ttl={db.AverageTtlMs}{fields}");
        }
    }
}

namespace RedisLite.Engine.Info;

/// <summary>One section of INFO. Default: shown without arguments; Hidden: only when asked for by name.</summary>
internal sealed record InfoSection(string Name, string Title, Action<InfoText, Engine> Write, bool IsDefault = true, bool IsHidden = false);

/// <summary>The sections in Redis's order, whatever the order they were asked in.</summary>
internal static class InfoSections
{
    public static readonly InfoSection[] All =
    [
        new("server", "Server", ServerInfo.Write),
        new("clients", "Clients", ClientsInfo.Write),
        new("memory", "Memory", MemoryInfo.Write),
        new("persistence", "Persistence", PersistenceInfo.Write),
        new("stats", "Stats", StatsInfo.Write),
        new("replication", "Replication", ReplicationInfo.Write),
        new("cpu", "CPU", CpuInfo.Write),
        new("modules", "Modules", static (_, _) => { }),
        new("commandstats", "Commandstats", CommandStatsInfo.WriteCommands, IsDefault: false),
        new("errorstats", "Errorstats", CommandStatsInfo.WriteErrors),
        new("latencystats", "Latencystats", CommandStatsInfo.WriteLatencies, IsDefault: false),
        new("cluster", "Cluster", static (text, engine) => text.Field("cluster_enabled", 0)),
        new("keyspace", "Keyspace", KeyspaceInfo.Write),
        new("debug", "Debug", StatsInfo.WriteDebug, IsDefault: false, IsHidden: true),
    ];

    /// <summary>Names that stand for several sections, or for nothing we have, select what they select; nothing selected is an empty text.</summary>
    public static ReadOnlySpan<byte> Write(Engine engine, ReadOnlySpan<string> wanted)
    {
        var text = engine.InfoText;
        text.Clear();
        foreach (var section in All)
        {
            if (!IsWanted(section, wanted)) continue;
            text.Title(section.Title);
            section.Write(text, engine);
        }

        return text.Written;
    }

    private static bool IsWanted(InfoSection section, ReadOnlySpan<string> wanted)
    {
        if (wanted.IsEmpty) return section.IsDefault;
        foreach (var name in wanted)
        {
            var hit = name switch
            {
                "default" => section.IsDefault,
                "all" or "everything" => !section.IsHidden,
                "module_list" => section.Name == "modules",
                _ => name == section.Name,
            };
            if (hit) return true;
        }

        return false;
    }
}

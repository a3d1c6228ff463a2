namespace RedisLite.Engine.Scripting;

/// <summary>What a script says about itself in its first line, or a function when it is registered.</summary>
[Flags]
internal enum ScriptFlags
{
    None = 0,
    NoWrites = 1 << 0,
    AllowOom = 1 << 1,
    AllowStale = 1 << 2,
    NoCluster = 1 << 3,
    AllowCrossSlotKeys = 1 << 4,

    /// <summary>No first line at all: as scripts were before there were flags, each command is judged for itself.</summary>
    Unflagged = 1 << 5,
}

internal static class ScriptFlagNames
{
    private static readonly (string Name, ScriptFlags Flag)[] All =
    [
        ("no-writes", ScriptFlags.NoWrites), ("allow-oom", ScriptFlags.AllowOom), ("allow-stale", ScriptFlags.AllowStale),
        ("no-cluster", ScriptFlags.NoCluster), ("allow-cross-slot-keys", ScriptFlags.AllowCrossSlotKeys),
    ];

    public static bool TryParse(string name, out ScriptFlags flag)
    {
        foreach (var (known, value) in All)
        {
            if (known != name) continue;
            flag = value;
            return true;
        }

        flag = ScriptFlags.None;
        return false;
    }

    public static string[] Of(ScriptFlags flags) => [.. from entry in All where (flags & entry.Flag) != 0 select entry.Name];
}

namespace RedisLite.Engine;

/// <summary>
/// What the executor and its clients must know of a command before it runs. The order of the bits is the order in which COMMAND INFO lists them;
/// the members after <see cref="AllowBusy"/> are ours to know and are never listed.
/// </summary>
[Flags]
internal enum CommandFlags : uint
{
    None = 0,
    Write = 1 << 0,
    ReadOnly = 1 << 1,
    DenyOom = 1 << 2,
    Module = 1 << 3,
    Admin = 1 << 4,
    PubSub = 1 << 5,
    NoScript = 1 << 6,
    Blocking = 1 << 7,
    Loading = 1 << 8,
    Stale = 1 << 9,
    SkipMonitor = 1 << 10,
    SkipSlowlog = 1 << 11,
    Asking = 1 << 12,
    Fast = 1 << 13,
    NoAuth = 1 << 14,
    NoMandatoryKeys = 1 << 15,
    NoAsyncLoading = 1 << 16,
    NoMulti = 1 << 17,

    /// <summary>Derived: some keys are not where first key, last key and step say. Never written in a row.</summary>
    MovableKeys = 1 << 18,
    AllowBusy = 1 << 19,

    /// <summary>May have effects to propagate although it is no write (PUBLISH, EVAL, PFCOUNT …): held back while clients are paused for writes.</summary>
    MayReplicate = 1 << 20,

    /// <summary>Refused unless the configuration allows it (DEBUG, MODULE).</summary>
    Protected = 1 << 21,

    /// <summary>Its arguments carry secrets: never in the slow log or MONITOR as they are.</summary>
    Sensitive = 1 << 22,

    /// <summary>For the system's own use; COMMAND DOCS says "syscmd".</summary>
    SystemCommand = 1 << 23,
}

internal static class CommandFlagNames
{
    private static readonly string[] Names =
    [
        "write", "readonly", "denyoom", "module", "admin", "pubsub", "noscript", "blocking", "loading", "stale",
        "skip_monitor", "skip_slowlog", "asking", "fast", "no_auth", "no_mandatory_keys", "no_async_loading", "no_multi",
        "movablekeys", "allow_busy",
    ];

    public const CommandFlags Listed = (CommandFlags)((1u << 20) - 1);

    /// <summary>The names COMMAND INFO lists, in its order.</summary>
    public static string[] Of(CommandFlags flags)
    {
        var names = new List<string>();
        for (var bit = 0; bit < Names.Length; bit++)
        {
            if (((uint)flags & (1u << bit)) != 0) names.Add(Names[bit]);
        }
        return names.ToArray();
    }
}

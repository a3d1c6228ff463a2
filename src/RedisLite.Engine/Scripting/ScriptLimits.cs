namespace RedisLite.Engine.Scripting;

/// <summary>Bounds of scripts that are ours to choose; those a script can see are Lua's own (RedisLite.Lua, Limits).</summary>
internal static class ScriptLimits
{
    /// <summary>Live memory of one Lua world: more than any script that does its work, less than what would endanger the server.</summary>
    public const long MemoryBytes = 512L << 20;

    /// <summary>A world that allocated this much is cleaned up when its script ends.</summary>
    public const long CleanedFrom = 64L << 20;

    /// <summary>How often others are served while a script is busy, at most.</summary>
    public const int ServeEveryMs = 10;

    /// <summary>The code of a library must have run through in this time.</summary>
    public const int LoadTimeoutMs = 500;
}

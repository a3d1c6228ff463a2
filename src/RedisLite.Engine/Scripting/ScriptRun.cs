namespace RedisLite.Engine.Scripting;

/// <summary>The script or function that runs now. There is one, and it is reused.</summary>
internal sealed class ScriptRun
{
    /// <summary>Who called it; null while none runs.</summary>
    public CommandContext? Caller { get; private set; }

    /// <summary>The SHA1 of a script, the name of a function.</summary>
    public byte[] Name { get; private set; } = [];

    /// <summary>Called by FCALL: FUNCTION KILL ends it, SCRIPT KILL does not.</summary>
    public bool IsFunction { get; private set; }

    public ScriptFlags Flags { get; private set; }

    /// <summary>It may not write: it says so, or it was called by one of the _RO commands.</summary>
    public bool IsReadOnly { get; private set; }

    /// <summary>It has called a write command: from then on neither memory nor disk stop it half-way, and it cannot be killed.</summary>
    public bool HasWritten { get; set; }

    /// <summary>It has run for longer than busy-reply-threshold: others get -BUSY, and may kill it.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Somebody asked for its end.</summary>
    public bool IsKilled { get; set; }

    /// <summary>No memory is left for commands that need some (maxmemory), as of its start.</summary>
    public bool IsOutOfMemory { get; private set; }

    /// <summary>Where its effects go: see redis.set_repl.</summary>
    public EffectTargets Targets { get; set; }

    public long StartedTicks { get; private set; }

    public bool IsActive => Caller is not null;

    public void Begin(CommandContext caller, byte[] name, bool isFunction, ScriptFlags flags, bool isReadOnly, bool isOutOfMemory)
    {
        Caller = caller;
        Name = name;
        IsFunction = isFunction;
        Flags = flags;
        IsReadOnly = isReadOnly;
        IsOutOfMemory = isOutOfMemory;
        HasWritten = IsBusy = IsKilled = false;
        Targets = EffectTargets.All;
        StartedTicks = caller.Engine.Clock.Timestamp();
    }

    public void End()
    {
        Caller = null;
        IsBusy = false;
    }

    /// <summary>What keeps a script with flags from running now; null when nothing does. One without is judged command by command.</summary>
    public static string? Refusal(Engine engine, Client caller, ScriptFlags flags, bool readOnlyCall, bool outOfMemory)
    {
        if ((flags & ScriptFlags.Unflagged) != 0) return null;
        var writes = (flags & ScriptFlags.NoWrites) == 0;
        if (writes)
        {
            if (engine.IsReplica && !caller.Has(ClientFlags.Internal)) return Errors.ReadOnlyReplica;
            if (engine.WriteRefusal is { } refusal && !caller.Has(ClientFlags.Internal)) return refusal;
            if (outOfMemory && (flags & ScriptFlags.AllowOom) == 0) return Errors.OutOfMemory;
            if (readOnlyCall) return "ERR Can not execute a script with write flag using *_ro command.";
        }

        return null;
    }
}

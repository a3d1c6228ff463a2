namespace RedisLite.Lua;

/// <summary>A line of a chunk, as debug information gives it. Source is null where no Lua code is involved.</summary>
internal readonly record struct CodePlace(string? Source, int Line);

/// <summary>Builds errors with the positions and names of Lua 5.1.</summary>
internal static class LuaErrors
{
    /// <summary>An error of the interpreter itself: positioned when the running function is a Lua function.</summary>
    internal static LuaError Runtime(LuaThread thread, string message) => new(LuaValue.Of(Where(thread, 0) + message));

    /// <summary>An error of a host function: positioned at the function that called it.</summary>
    internal static LuaError Host(LuaThread thread, string message) => new(LuaValue.Of(Where(thread, 1) + message));

    internal static LuaError Type(LuaThread thread, in LuaValue value, string operation, int slot)
    {
        var name = slot < 0 ? default : OperandName(thread, slot);
        var subject = name.Kind == NameKind.None ? $"a {value.TypeName} value" : $"{name} (a {value.TypeName} value)";
        return Runtime(thread, $"attempt to {operation} {subject}");
    }

    internal static LuaError Order(LuaThread thread, in LuaValue a, in LuaValue b)
    {
        var (x, y) = (a.TypeName, b.TypeName);
        return Runtime(thread, x == y ? $"attempt to compare two {x} values" : $"attempt to compare {x} with {y}");
    }

    /// <summary>"chunk:line: " of the function at the level (0 is the running one), or nothing.</summary>
    internal static string Where(LuaThread thread, int level)
    {
        var frame = FrameAt(thread, level);
        return frame?.Closure is { } closure ? $"{closure.Proto.Chunk}:{LineOf(frame)}: " : "";
    }

    /// <summary>The running function, or its caller when it is one of the host's.</summary>
    internal static CodePlace PlaceOf(LuaThread thread)
    {
        var at = thread.Depth - 1;
        if (at >= 0 && thread.Frames[at].Closure is null) at--;
        if (at < 0) return default;
        return thread.Frames[at] is { Closure: { } closure } frame ? new CodePlace(closure.Proto.Source, LineOf(frame)) : new CodePlace("=[C]", -1);
    }

    internal static int LineOf(CallFrame frame) => frame.Closure!.Proto.Lines[Math.Max(0, frame.Pc - 1)];

    /// <summary>The frame at a level; null for a level lost to a tail call or beyond the stack (found tells which).</summary>
    internal static CallFrame? FrameAt(LuaThread thread, int level, out bool found)
    {
        found = true;
        for (var i = thread.Depth - 1; i >= 0; i--)
        {
            var frame = thread.Frames[i];
            if (level == 0) return frame;
            level -= 1 + frame.TailCalls;
            if (level < 0) return null;
        }
        found = false;
        return null;
    }

    internal static CallFrame? FrameAt(LuaThread thread, int level) => FrameAt(thread, level, out _);

    /// <summary>How the caller named the running host function: "local 'f'", "method 'rep'"; None when it was not called from Lua code.</summary>
    internal static OperandName CalledName(LuaThread thread)
    {
        if (thread.Depth < 2) return default;
        var caller = thread.Frames[thread.Depth - 2];
        if (caller.Closure is not { } closure || thread.CurrentFrame.TailCalls > 0) return default;
        var pc = caller.Pc - 1;
        return closure.Proto.Code[pc].Op switch
        {
            Op.Call or Op.TailCall => closure.Proto.NameOf(pc, 0),
            Op.ForCall => new OperandName(pc, 0, NameKind.Local, LuaString.From("(for generator)")),
            _ => default,
        };
    }

    private static OperandName OperandName(LuaThread thread, int slot)
    {
        var frame = thread.CurrentFrame;
        return frame.Closure is { } closure ? closure.Proto.NameOf(frame.Pc - 1, slot) : default;
    }
}

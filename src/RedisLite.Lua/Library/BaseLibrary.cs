using System.Runtime.CompilerServices;

namespace RedisLite.Lua.Library;

/// <summary>The global functions, without those that print or touch files.</summary>
internal static class BaseLibrary
{
    internal static void Open(LuaRuntime runtime)
    {
        var g = runtime.Globals;
        g["_G"] = g;
        g["_VERSION"] = LuaValue.Of("Lua 5.1");
        g["next"] = runtime.NextFunction;
        var ipairsStep = new HostFunction("ipairs", IPairsStep, g);
        (string, HostBody)[] functions =
        [
            ("assert", Assert), ("collectgarbage", CollectGarbage), ("error", Error), ("gcinfo", GcInfo), ("getfenv", GetFEnv),
            ("getmetatable", GetMetatable), ("ipairs", call => IPairs(call, ipairsStep)), ("load", Load), ("loadstring", LoadString),
            ("newproxy", NewProxy), ("pairs", Pairs), ("pcall", PCall), ("rawequal", RawEqual), ("rawget", RawGet), ("rawset", RawSet),
            ("select", Select), ("setfenv", SetFEnv), ("setmetatable", SetMetatable), ("tonumber", ToNumber), ("tostring", ToText),
            ("type", Type), ("unpack", Unpack), ("xpcall", XPCall),
        ];
        foreach (var (name, body) in functions) runtime.Register(g, name, body);
    }

    private static int Assert(LuaCall call)
    {
        if (call.CheckAny(0).IsFalsy) throw call.Error(call.OptionalString(1)?.ToString() ?? "assertion failed!");
        for (var i = 0; i < call.Count; i++) call.Push(call[i]);
        return call.Count;
    }

    private static int CollectGarbage(LuaCall call)
    {
        var option = call.OptionalString(0)?.ToString() ?? "collect";
        call.OptionalInteger(1, 0);
        switch (option)
        {
            case "collect": call.Runtime.Meter.Measure(); return call.Return(0);
            case "count": return call.Return(call.Runtime.Meter.Estimate / 1024.0);
            case "step": return call.Return(true);
            case "setpause" or "setstepmul": return call.Return(200);
            case "stop" or "restart": return call.Return(0);
            default: throw call.ArgumentError(0, $"invalid option '{option}'");
        }
    }

    private static int GcInfo(LuaCall call) => call.Return(Math.Floor(call.Runtime.Meter.Estimate / 1024.0));

    private static int Error(LuaCall call)
    {
        var level = (int)call.OptionalInteger(1, 1);
        var value = call[0];
        if (level > 0 && value.ToLuaString() is { } text)
            value = call.Runtime.Join(LuaString.From(LuaErrors.Where(call.Thread, level)), text);
        throw new LuaError(value);
    }

    // ---- environments

    private static LuaFunction? FunctionArgument(LuaCall call, bool optional)
    {
        if (call[0].AsFunction is { } function) return function;
        var level = optional ? (int)call.OptionalInteger(0, 1) : call.CheckInt(0);
        if (level < 0) throw call.ArgumentError(0, "level must be non-negative");
        if (level == 0) return null;
        var frame = LuaErrors.FrameAt(call.Thread, level, out var found);
        if (!found) throw call.ArgumentError(0, "invalid level");
        if (frame is null) throw call.Error($"no function environment for tail call at level {level}");
        return frame.Function;
    }

    private static int GetFEnv(LuaCall call)
    {
        var function = FunctionArgument(call, optional: true);
        return call.Return(function is LuaClosure closure ? closure.Env : call.Thread.Globals);
    }

    private static int SetFEnv(LuaCall call)
    {
        var environment = call.CheckTable(1);
        var function = FunctionArgument(call, optional: false);
        if (function is null && !(call[0].TryNumber(out var number) && number == 0)) throw call.Error("'setfenv' cannot change environment of given object");
        if (function is null)
        {
            call.Thread.Globals = environment;
            return 0;
        }
        if (function is not LuaClosure) throw call.Error("'setfenv' cannot change environment of given object");
        function.Env = environment;
        return call.Return(function);
    }

    // ---- metatables and raw access

    private static int GetMetatable(LuaCall call)
    {
        if (call.Runtime.MetatableOf(call.CheckAny(0)) is not { } meta) return call.Return(default);
        var guard = meta.GetString(Events.Metatable.Name);
        return call.Return(guard.IsNil ? meta : guard);
    }

    private static int SetMetatable(LuaCall call)
    {
        var table = call.CheckTable(0);
        if (call.IsMissing(1) || !(call[1].IsNil || call[1].Ref is LuaTable)) throw call.ArgumentError(1, "nil or table expected");
        if (table.Metatable is { } old && !old.GetString(Events.Metatable.Name).IsNil) throw call.Error("cannot change a protected metatable");
        if (table.ReadOnly) throw LuaErrors.Runtime(call.Thread, "Attempt to modify a readonly table");
        table.Metatable = call[1].AsTable;
        return call.Return(table);
    }

    private static int RawEqual(LuaCall call)
    {
        call.CheckAny(0);
        call.CheckAny(1);
        return call.Return(LuaValue.RawEquals(call[0], call[1]));
    }

    private static int RawGet(LuaCall call)
    {
        var table = call.CheckTable(0);
        return call.Return(table.Get(call.CheckAny(1)));
    }

    private static int RawSet(LuaCall call)
    {
        var table = call.CheckTable(0);
        call.CheckAny(1);
        call.CheckAny(2);
        Operations.RawSet(call.Thread, table, call[1], call[2]);
        return call.Return(table);
    }

    private static int NewProxy(LuaCall call)
    {
        LuaTable? meta = null;
        if (call[0].Ref is LuaUserdata { Metatable: { } shared }) meta = shared;
        else if (call[0].IsBoolean) meta = call[0].IsFalsy ? null : call.Runtime.NewTable();
        else if (!call.IsMissingOrNil(0)) throw call.ArgumentError(0, "boolean or proxy expected");
        return call.Return(new LuaUserdata { Metatable = meta });
    }

    // ---- iteration

    internal static int Next(LuaCall call)
    {
        var table = call.CheckTable(0);
        if (!table.TryNext(call[1], out var key, out var value)) throw LuaErrors.Runtime(call.Thread, "invalid key to 'next'");
        return key.IsNil ? call.Return(default) : call.Return(key, value);
    }

    private static int Pairs(LuaCall call)
    {
        var table = call.CheckTable(0);
        call.Push(call.Runtime.NextFunction);
        call.Push(table);
        call.Push(default);
        return 3;
    }

    private static int IPairs(LuaCall call, HostFunction step)
    {
        var table = call.CheckTable(0);
        call.Push(step);
        call.Push(table);
        call.Push(0);
        return 3;
    }

    private static int IPairsStep(LuaCall call)
    {
        var table = call.CheckTable(0);
        var index = call.CheckInt(1) + 1;
        var value = table.GetInt(index);
        return value.IsNil ? 0 : call.Return(index, value);
    }

    // ---- conversions

    private static int Type(LuaCall call) => call.Return(LuaTypes.NameString(call.CheckAny(0).Type));

    private static int ToNumber(LuaCall call)
    {
        var radix = (int)call.OptionalInteger(1, 10);
        if (radix == 10) return call.Return(call.CheckAny(0).TryNumber(out var number) ? number : default(LuaValue));
        var text = call.CheckString(0);
        if (radix is < 2 or > 36) throw call.ArgumentError(1, "base out of range");
        return call.Return(NumberText.TryParseInBase(text.Bytes, radix, out var value) ? value : default(LuaValue));
    }

    private static int ToText(LuaCall call)
    {
        var value = call.CheckAny(0);
        var handler = call.Runtime.Metamethod(value, Events.ToText);
        return call.Return(handler.IsNil ? Display(value) : call.Thread.Call(handler, value, default));
    }

    internal static LuaString Display(in LuaValue value)
    {
        if (value.ToLuaString() is { } text) return text;
        if (value.IsNil || value.IsBoolean) return LuaString.From(value.ToString());
        if (value.Ref is LuaUserdata { Host: string fixedText }) return LuaString.From(fixedText);
        return LuaString.From($"{value.TypeName}: 0x{RuntimeHelpers.GetHashCode(value.Ref!):x12}");
    }

    // ---- argument lists

    private static int Select(LuaCall call)
    {
        if (call[0].Ref is LuaString { Length: > 0 } text && text.Bytes[0] == '#') return call.Return(call.Count - 1);
        var n = (long)call.CheckInt(0);
        if (n < 0) n = call.Count + n;
        else if (n > call.Count) n = call.Count;
        if (n < 1) throw call.ArgumentError(0, "index out of range");
        return call.Count - (int)n;   // the last arguments are the results as they stand
    }

    private static int Unpack(LuaCall call)
    {
        var table = call.CheckTable(0);
        var first = (int)call.OptionalInteger(1, 1);
        var last = call.IsMissingOrNil(2) ? table.Length : call.CheckInt(2);
        if (first > last) return 0;
        var count = (long)last - first + 1;
        if (count > Limits.HostStackSlots - call.Count) throw call.Error("too many results to unpack");
        call.Thread.EnsureStack(call.Thread.Top + (int)count);
        for (var i = 0; i < count; i++) call.Push(table.GetInt(first + i));
        return (int)count;
    }

    // ---- protected calls

    private static int PCall(LuaCall call)
    {
        // redis-server's own pcall puts its result before what it calls, and with nothing to call, calls that.
        if (call.Count == 0 && call.Runtime.OnCaught is not null) return call.Return(false, LuaString.From("attempt to call a boolean value"));
        call.CheckAny(0);
        var thread = call.Thread;
        var point = thread.Save();
        try
        {
            var count = thread.Call(call.Base, call.Count - 1, -1);
            thread.Stack[call.Base - 1] = true;   // just below the results
            return count + 1;
        }
        catch (LuaError error)
        {
            return Fail(call, point, call.Runtime.OnCaught is { } shown ? shown(error.Value) : error.Value);
        }
    }

    private static int Fail(LuaCall call, LuaThread.Recovery point, in LuaValue value)
    {
        var thread = call.Thread;
        thread.Restore(point);
        thread.Top = call.Base;
        return call.Return(false, value);
    }

    private static readonly LuaString ErrorInHandler = LuaString.From("error in error handling");

    private static int XPCall(LuaCall call)
    {
        call.CheckAny(1);
        var thread = call.Thread;
        var handler = call[1];
        var function = call[0];
        var point = thread.Save();
        try
        {
            var func = thread.Top;
            thread.Push(true);
            thread.Push(function);
            return thread.Call(func + 1, 0, -1) + 1;
        }
        catch (LuaError error)
        {
            thread.Restore(point);
            thread.Top = call.Base + 2;
            if (handler.AsFunction is null) return Fail(call, point, ErrorInHandler);
            try
            {
                return call.Return(false, thread.Call(handler, error.Value, default));
            }
            catch (LuaError)
            {
                return Fail(call, point, ErrorInHandler);
            }
        }
    }

    // ---- chunks

    private static int LoadString(LuaCall call)
    {
        var source = call.CheckString(0);
        var name = call.OptionalString(1) ?? source;
        return Compile(call, source.Bytes, name.Bytes);
    }

    private static readonly LuaString LoadName = LuaString.From("=(load)");

    private static int Load(LuaCall call)
    {
        var name = (call.OptionalString(1) ?? LoadName).Bytes;
        var reader = call.CheckFunction(0);
        var source = new ByteBuffer(call.Runtime.Meter);
        while (true)
        {
            var piece = call.Thread.Call(reader, default, default);
            if (piece.IsNil) break;
            var text = piece.ToLuaString() ?? throw call.Error("reader function must return a string");
            if (text.Length == 0) break;
            source.Write(text.Bytes);
        }
        return Compile(call, source.Written, name);
    }

    private static int Compile(LuaCall call, ReadOnlySpan<byte> source, ReadOnlySpan<byte> name)
    {
        try
        {
            call.Runtime.Spend(1 + (source.Length / 16));
            call.Runtime.Meter.Charge(source.Length * 16L);
            return call.Return(call.Runtime.NewFunction(LuaRuntime.Compile(source, ChunkName.FromScript(name)), call.Thread.Globals));
        }
        catch (LuaSyntaxError error)
        {
            return call.Return(default, LuaValue.Of(error.Message));
        }
    }
}

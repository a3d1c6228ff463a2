namespace RedisLite.Lua.Library;

internal static class CoroutineLibrary
{
    private static readonly LuaString[] StatusNames = [.. ((string[])["suspended", "running", "normal", "dead"]).Select(LuaString.From)];

    internal static void Open(LuaRuntime runtime) => Libraries.New(runtime, "coroutine",
        ("create", static call => call.Return(Create(call))), ("resume", Resume), ("running", Running), ("status", Status), ("wrap", Wrap), ("yield", Yield));

    private static LuaThread Create(LuaCall call)
    {
        if (call[0].Ref is not LuaClosure function) throw call.ArgumentError(0, "Lua function expected");
        var thread = new LuaThread(call.Runtime, call.Thread.Globals) { Top = 1 };
        thread.Stack[0] = function;
        return thread;
    }

    private static LuaThread CheckThread(LuaCall call) => call[0].Ref as LuaThread ?? throw call.ArgumentError(0, "coroutine expected");

    private static int Resume(LuaCall call)
    {
        var coroutine = CheckThread(call);
        if (coroutine.Status != ThreadStatus.Suspended)
            return call.Return(false, LuaValue.Of($"cannot resume {(coroutine.Status == ThreadStatus.Suspended ? "" : StatusNames[(int)coroutine.Status])} coroutine"));
        var ok = coroutine.Resume(call.Thread, call.Base + 1, call.Count - 1, out var first, out var count);
        call.Push(ok);
        PushResults(call, coroutine, first, count);
        return count + 1;
    }

    private static void PushResults(LuaCall call, LuaThread coroutine, int first, int count)
    {
        call.Thread.EnsureStack(call.Thread.Top + count);
        for (var i = 0; i < count; i++) call.Push(coroutine.Stack[first + i]);
    }

    private static int Running(LuaCall call) => call.Return(call.Thread == call.Runtime.MainThread ? default(LuaValue) : call.Thread);

    private static int Status(LuaCall call) => call.Return(StatusNames[(int)CheckThread(call).Status]);

    private static int Wrap(LuaCall call)
    {
        var coroutine = Create(call);
        return call.Return(new HostFunction("wrap", inner => ResumeWrapped(inner, coroutine), call.Runtime.Globals) { Attached = coroutine });
    }

    private static int ResumeWrapped(LuaCall call, LuaThread coroutine)
    {
        if (coroutine.Status != ThreadStatus.Suspended) throw call.Error($"cannot resume {StatusNames[(int)coroutine.Status]} coroutine");
        if (coroutine.Resume(call.Thread, call.Base, call.Count, out var first, out var count))
        {
            PushResults(call, coroutine, first, count);
            return count;
        }
        var error = coroutine.Stack[0];
        throw error.ToLuaString() is { } text ? call.Error(text.ToString()) : new LuaError(error);
    }

    private static int Yield(LuaCall call)
    {
        if (!call.Thread.CanYield) throw LuaErrors.Runtime(call.Thread, "attempt to yield across metamethod/C-call boundary");
        return LuaCall.Yield;
    }
}

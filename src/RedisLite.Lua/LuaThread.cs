using System.Runtime.CompilerServices;

namespace RedisLite.Lua;

internal enum ThreadStatus : byte { Suspended, Running, Normal, Dead }

/// <summary>How a call from a Lua frame went on: finished, a Lua frame was pushed, or the coroutine yielded.</summary>
internal enum CallOutcome : byte { Finished, Entered, Yielded }

/// <summary>One activation of a function; the objects are reused by depth.</summary>
internal sealed class CallFrame
{
    internal LuaFunction Function = null!;
    internal LuaClosure? Closure;      // null for a host function
    internal int Func;                 // stack slot of the function, where the results go
    internal int Base;                 // first register
    internal int Pc;                   // next instruction
    internal int Results;              // results wanted, -1: all
    internal int Varargs;              // they lie just below Base
    internal int TailCalls;            // calls lost below this one
    internal bool IsEntry;             // pushed by Call: Execute returns when it ends
}

// A Lua thread: the main one of a runtime or a coroutine. Lua frames live here on the heap, not on the .NET stack, so depth is
// bounded by a counter, and a coroutine is simply a thread whose Execute returned early. The .NET stack only grows when the host
// calls Lua (pcall, sort, metamethods, resume), which Limits.HostCalls bounds.
//
//   Stack:  ... | func | varargs | R[0] .. R[n-1] | func of the callee is one of these registers ...
internal sealed class LuaThread
{
    internal readonly LuaRuntime Runtime;
    internal LuaValue[] Stack = new LuaValue[64];
    internal CallFrame[] Frames = NewFrames(8);
    internal int Depth;
    /// <summary>First slot above the running frame: where a host function pushes.</summary>
    internal int Top;
    /// <summary>End of the last open list of results (a call or `...` with as many values as there are).</summary>
    internal int MultiTop;
    internal LuaTable Globals;
    internal ThreadStatus Status = ThreadStatus.Suspended;
    internal int Mark;
    private int _reentries;            // Call()s in progress on this thread: a yield cannot cross them
    private int _yieldFunc = -1, _yieldWanted;

    internal LuaThread(LuaRuntime runtime, LuaTable globals)
    {
        Runtime = runtime;
        Globals = globals;
        runtime.Meter.Charge(1500);
    }

    internal CallFrame CurrentFrame => Frames[Depth - 1];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<LuaValue> Registers(CallFrame frame) => Stack.AsSpan(frame.Base, frame.Closure!.Proto.Registers);

    internal void Push(in LuaValue value)
    {
        if (Top >= Stack.Length) GrowStack(Top + 1);
        Stack[Top++] = value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EnsureStack(int size)
    {
        if (size > Stack.Length) GrowStack(size);
    }

    // ---- calls

    /// <summary>
    /// Calls the value in slot func with the arguments above it. Results start at func; returns their count (wanted, or all for -1).
    /// Top is left above them.
    /// </summary>
    internal int Call(int func, int arguments, int wanted)
    {
        Runtime.EnterHostCall(this);
        _reentries++;
        if (Stack[func].Ref is not LuaFunction) arguments = PrepareCallMetamethod(func, arguments);
        if (Stack[func].Ref is LuaClosure closure)
        {
            EnterLua(closure, func, arguments, wanted).IsEntry = true;
            Interpreter.Execute(this);
        }
        else
        {
            CallHost((HostFunction)Stack[func].Ref!, func, arguments, wanted);
        }
        _reentries--;
        Runtime.HostDepth--;
        var count = wanted >= 0 ? wanted : MultiTop - func;
        Top = func + count;
        return count;
    }

    /// <summary>One result of a call with the given arguments, for metamethods and callbacks.</summary>
    internal LuaValue Call(in LuaValue function, in LuaValue a, in LuaValue b)
    {
        var func = Top;
        EnsureStack(func + 3);
        Stack[func] = function;
        Stack[func + 1] = a;
        Stack[func + 2] = b;
        Top = func + 3;
        Call(func, 2, 1);
        Top = func;
        return Stack[func];
    }

    internal void Call(in LuaValue function, in LuaValue a, in LuaValue b, in LuaValue c)
    {
        var func = Top;
        EnsureStack(func + 4);
        Stack[func] = function;
        Stack[func + 1] = a;
        Stack[func + 2] = b;
        Stack[func + 3] = c;
        Top = func + 4;
        Call(func, 3, 0);
        Top = func;
    }

    internal CallFrame EnterLua(LuaClosure closure, int func, int arguments, int wanted)
    {
        var proto = closure.Proto;
        if (Depth == Frames.Length) GrowFrames();
        var first = func + 1;
        EnsureStack(first + arguments + proto.Registers + 8);
        var frame = Frames[Depth++];
        if (proto.IsVararg)
        {
            first = ShiftVarargs(func, arguments, proto.Parameters);
            frame.Varargs = Math.Max(0, arguments - proto.Parameters);
        }
        else
        {
            for (var i = arguments; i < proto.Parameters; i++) Stack[first + i] = default;
        }
        frame.Function = closure;
        frame.Closure = closure;
        frame.Func = func;
        frame.Base = first;
        frame.Pc = 0;
        frame.Results = wanted;
        frame.TailCalls = 0;
        frame.IsEntry = false;
        return frame;
    }

    /// <summary>Replaces the current Lua frame by a call of the closure in slot func.</summary>
    internal CallFrame ReplaceLua(LuaClosure closure, int func, int arguments)
    {
        var old = CurrentFrame;
        var target = old.Func;
        Stack.AsSpan(func, arguments + 1).CopyTo(Stack.AsSpan(target));
        var (wanted, isEntry, lost) = (old.Results, old.IsEntry, old.TailCalls);
        Depth--;
        var frame = EnterLua(closure, target, arguments, wanted);
        frame.IsEntry = isEntry;
        frame.TailCalls = lost + 1;
        return frame;
    }

    /// <summary>A call from Lua code of something that is not a Lua closure.</summary>
    internal CallOutcome CallOther(int func, int arguments, int wanted)
    {
        if (Stack[func].Ref is not LuaFunction) arguments = PrepareCallMetamethod(func, arguments);
        if (Stack[func].Ref is LuaClosure closure)
        {
            EnterLua(closure, func, arguments, wanted);
            return CallOutcome.Entered;
        }
        return CallHost((HostFunction)Stack[func].Ref!, func, arguments, wanted) ? CallOutcome.Finished : CallOutcome.Yielded;
    }

    private bool CallHost(HostFunction function, int func, int arguments, int wanted)
    {
        if (Depth == Frames.Length) GrowFrames();
        var first = func + 1;
        EnsureStack(first + arguments + 20);
        var frame = Frames[Depth++];
        frame.Function = function;
        frame.Closure = null;
        frame.Func = func;
        frame.Base = first;
        frame.TailCalls = 0;
        Top = first + arguments;
        var count = function.Body(new LuaCall(this, first, arguments));
        Depth--;
        if (count < 0)
        {
            _yieldFunc = func;
            _yieldWanted = wanted;
            return false;
        }
        if (count == 1 && wanted == 1) Stack[func] = Stack[Top - 1];
        else MoveResults(Top - count, count, func, wanted);
        return true;
    }

    internal void MoveResults(int first, int count, int target, int wanted)
    {
        var keep = wanted < 0 ? count : Math.Min(count, wanted);
        EnsureStack(target + Math.Max(keep, wanted));
        if (first != target) Stack.AsSpan(first, keep).CopyTo(Stack.AsSpan(target));
        if (wanted < 0) MultiTop = target + count;
        else if (wanted > keep) Stack.AsSpan(target + keep, wanted - keep).Clear();
    }

    private int ShiftVarargs(int func, int arguments, int parameters)
    {
        var from = func + 1;
        var first = from + arguments;
        EnsureStack(first + parameters);
        for (var i = 0; i < parameters; i++)
        {
            if (i < arguments)
            {
                Stack[first + i] = Stack[from + i];
                Stack[from + i] = default;
            }
            else
            {
                Stack[first + i] = default;
            }
        }
        return first;
    }

    private int PrepareCallMetamethod(int func, int arguments)
    {
        var handler = Runtime.Metamethod(Stack[func], Events.Call);
        if (handler.AsFunction is null) throw LuaErrors.Type(this, Stack[func], "call", slot: 0);
        EnsureStack(func + arguments + 2);
        Stack.AsSpan(func, arguments + 1).CopyTo(Stack.AsSpan(func + 1));
        Stack[func] = handler;
        Top = Math.Max(Top, func + arguments + 2);
        return arguments + 1;
    }

    // ---- coroutines

    internal bool CanYield => this != Runtime.MainThread && _reentries == 0;

    /// <summary>Starts or continues this coroutine with arguments from another thread; false when it ended with an error.</summary>
    internal bool Resume(LuaThread from, int first, int count, out int resultsAt, out int results)
    {
        Runtime.EnterHostCall(from);
        var hostDepth = Runtime.HostDepth;
        from.Status = ThreadStatus.Normal;
        Status = ThreadStatus.Running;
        Runtime.CurrentThread = this;
        try
        {
            Continue(from, first, count);
            resultsAt = _yieldFunc >= 0 ? _yieldFunc + 1 : 0;
            results = _yieldFunc >= 0 ? Top - resultsAt : MultiTop;
            Status = _yieldFunc >= 0 ? ThreadStatus.Suspended : ThreadStatus.Dead;
            return true;
        }
        catch (LuaError error)
        {
            Status = ThreadStatus.Dead;
            Depth = 0;
            Stack[0] = error.Value;
            resultsAt = 0;
            results = 1;
            return false;
        }
        finally
        {
            Runtime.HostDepth = hostDepth - 1;
            Runtime.CurrentThread = from;
            from.Status = ThreadStatus.Running;
        }
    }

    private void Continue(LuaThread from, int first, int count)
    {
        _reentries = 0;
        var fresh = _yieldFunc < 0;
        var target = fresh ? 1 : _yieldFunc;
        EnsureStack(target + count + 20);
        from.Stack.AsSpan(first, count).CopyTo(Stack.AsSpan(target));
        if (fresh)
        {
            Top = count + 1;
            var outcome = Stack[0].Ref is LuaClosure closure ? Enter(closure, count) : CallOther(0, count, -1);
            if (outcome != CallOutcome.Entered) return;
        }
        else
        {
            _yieldFunc = -1;
            MoveResults(target, count, target, _yieldWanted);
            if (Depth == 0) return;
        }
        Interpreter.Execute(this);
    }

    private CallOutcome Enter(LuaClosure closure, int count)
    {
        EnterLua(closure, 0, count, -1).IsEntry = true;
        return CallOutcome.Entered;
    }

    // ---- error recovery

    internal readonly record struct Recovery(int Depth, int Reentries, int HostDepth);

    internal Recovery Save() => new(Depth, _reentries, Runtime.HostDepth);

    internal void Restore(Recovery point)
    {
        Depth = point.Depth;
        _reentries = point.Reentries;
        Runtime.HostDepth = point.HostDepth;
    }

    /// <summary>Forgets everything above the given slot, so that a finished script keeps nothing alive.</summary>
    internal void Release(int from)
    {
        if (Stack.Length > 4096)
        {
            Array.Resize(ref Stack, Math.Max(64, from));
            from = Math.Min(from, Stack.Length);
        }
        Array.Clear(Stack, from, Stack.Length - from);
        if (Frames.Length > 256) Array.Resize(ref Frames, 256);
        foreach (var frame in Frames)
        {
            frame.Closure = null;
            frame.Function = null!;
        }
    }

    // ---- growth

    private static CallFrame[] NewFrames(int count)
    {
        var frames = new CallFrame[count];
        for (var i = 0; i < count; i++) frames[i] = new CallFrame();
        return frames;
    }

    private void GrowFrames()
    {
        if (Depth >= Limits.LuaCalls) throw LuaErrors.Runtime(this, "stack overflow");
        var old = Frames.Length;
        Array.Resize(ref Frames, Math.Min(old * 2, Limits.LuaCalls));
        for (var i = old; i < Frames.Length; i++) Frames[i] = new CallFrame();
    }

    private void GrowStack(int size)
    {
        if (size > Limits.StackSlots) throw LuaErrors.Runtime(this, "stack overflow");
        var length = Math.Min(Math.Max(Stack.Length * 2, size + 32), Limits.StackSlots);
        Runtime.Meter.Charge(((long)length - Stack.Length) * 16);
        Array.Resize(ref Stack, length);
    }
}

namespace RedisLite.Lua;

// What the interpreter loop leaves out: metamethods, conversions, errors, allocation. Each method stores the pc, does its
// instruction completely and returns the registers, because the stack may have moved.
internal static class SlowPath
{
    private static ref readonly Instruction Current(CallFrame frame, int pc)
    {
        frame.Pc = pc;
        return ref frame.Closure!.Proto.Code[pc - 1];
    }

    private static Span<LuaValue> Store(LuaThread thread, CallFrame frame, int register, LuaValue value)
    {
        var registers = thread.Registers(frame);
        registers[register] = value;
        return registers;
    }

    internal static void NewBox(LuaRuntime runtime, ref LuaValue register)
    {
        runtime.Meter.Charge(Meter.BoxBytes);
        register.Ref = new Box { Value = register };
    }

    internal static Span<LuaValue> GetGlobal(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Index(thread, frame.Closure!.Env, frame.Closure.Proto.Constants[i.D], slot: -1));
    }

    internal static Span<LuaValue> SetGlobal(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        Operations.SetIndex(thread, frame.Closure!.Env, frame.Closure.Proto.Constants[i.D], thread.Registers(frame)[i.A], slot: -1);
        return thread.Registers(frame);
    }

    internal static Span<LuaValue> GetField(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Index(thread, thread.Registers(frame)[i.B], frame.Closure!.Proto.Constants[i.D], slot: 0));
    }

    internal static Span<LuaValue> GetTable(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        return Store(thread, frame, i.A, Operations.Index(thread, r[i.B], r[i.C], slot: 0));
    }

    internal static Span<LuaValue> GetInt(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Index(thread, thread.Registers(frame)[i.B], new LuaValue(i.D), slot: 0));
    }

    internal static Span<LuaValue> Self(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var target = thread.Registers(frame)[i.B];
        var method = Operations.Index(thread, target, frame.Closure!.Proto.Constants[i.D], slot: 0);
        var r = thread.Registers(frame);
        r[i.A + 1] = target;
        r[i.A] = method;
        return r;
    }

    internal static Span<LuaValue> SetField(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        Operations.SetIndex(thread, r[i.A], frame.Closure!.Proto.Constants[i.D], r[i.C], slot: 0);
        return thread.Registers(frame);
    }

    internal static Span<LuaValue> SetTable(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        Operations.SetIndex(thread, r[i.A], r[i.B], r[i.C], slot: 0);
        return thread.Registers(frame);
    }

    internal static Span<LuaValue> SetInt(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        Operations.SetIndex(thread, r[i.A], new LuaValue(i.D), r[i.C], slot: 0);
        return thread.Registers(frame);
    }

    internal static Span<LuaValue> SetList(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        var table = (LuaTable)r[i.A].Ref!;
        var first = frame.Base + i.A + 1;
        var count = i.B != 0 ? i.B : thread.MultiTop - first;
        table.EnsureArray(i.D + count);
        for (var n = 0; n < count; n++) table.SetInt(i.D + n + 1, thread.Stack[first + n]);
        return r;
    }

    internal static Span<LuaValue> Arithmetic(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        var isConstant = i.Op >= Op.AddK;
        var op = (BinaryOp)(i.Op - (isConstant ? Op.AddK : Op.Add));
        return Store(thread, frame, i.A, Operations.Arithmetic(thread, op, r[i.B], isConstant ? frame.Closure!.Proto.Constants[i.D] : r[i.C]));
    }

    internal static Span<LuaValue> Minus(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Minus(thread, thread.Registers(frame)[i.B]));
    }

    internal static Span<LuaValue> Length(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Length(thread, thread.Registers(frame)[i.B]));
    }

    internal static Span<LuaValue> Concat(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        return Store(thread, frame, i.A, Operations.Concat(thread, frame.Base + i.B, i.C - i.B + 1));
    }

    internal static bool Equal(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        return Operations.Equal(thread, r[i.A], r[i.B]);
    }

    internal static bool Compare(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var r = thread.Registers(frame);
        var k = frame.Closure!.Proto.Constants;
        return i.Op switch
        {
            Op.Less => Operations.Less(thread, r[i.A], r[i.B]),
            Op.LessEqual => Operations.LessOrEqual(thread, r[i.A], r[i.B]),
            Op.LessK => Operations.Less(thread, r[i.A], k[i.B]),
            Op.LessEqualK => Operations.LessOrEqual(thread, r[i.A], k[i.B]),
            Op.GreaterK => Operations.Less(thread, k[i.B], r[i.A]),
            _ => Operations.LessOrEqual(thread, k[i.B], r[i.A]),
        };
    }

    internal static void ForPrep(LuaThread thread, Span<LuaValue> state)
    {
        if (!state[0].TryNumber(out var index)) throw LuaErrors.Runtime(thread, "'for' initial value must be a number");
        if (!state[1].TryNumber(out var limit)) throw LuaErrors.Runtime(thread, "'for' limit must be a number");
        if (!state[2].TryNumber(out var step)) throw LuaErrors.Runtime(thread, "'for' step must be a number");
        state[0].SetNumber(index - step);
        state[1].SetNumber(limit);
        state[2].SetNumber(step);
    }

    /// <summary>One step of `for k, v in next, table` without a call: registers are function, state, control, variables.</summary>
    internal static void NextEntry(LuaThread thread, LuaTable table, Span<LuaValue> state, int variables)
    {
        if (!table.TryNext(state[2], out state[3], out var value)) throw LuaErrors.Runtime(thread, "invalid key to 'next'");
        if (variables >= 2) state[4] = value;
        for (var n = 2; n < variables; n++) state[3 + n] = default;
    }

    internal static LuaClosure Closure(LuaRuntime runtime, LuaClosure parent, ClosureTemplate template, Span<LuaValue> r)
    {
        runtime.Meter.Charge(Meter.ClosureBytes + (template.Captures.Length * 8));
        var captures = template.Captures;
        var upvalues = captures.Length == 0 ? [] : new Box[captures.Length];
        for (var n = 0; n < captures.Length; n++)
        {
            upvalues[n] = captures[n].FromRegister ? (Box)r[captures[n].Index].Ref! : parent.Upvalues[captures[n].Index];
        }
        return new LuaClosure(template.Proto, upvalues, parent.Env);
    }

    internal static LuaTable ArgTable(LuaThread thread, CallFrame frame)
    {
        var table = thread.Runtime.NewTable(frame.Varargs, 1);
        for (var n = 0; n < frame.Varargs; n++) table.SetInt(n + 1, thread.Stack[frame.Base - frame.Varargs + n]);
        table["n"] = frame.Varargs;
        return table;
    }

    internal static Span<LuaValue> Vararg(LuaThread thread, CallFrame frame, int pc)
    {
        ref readonly var i = ref Current(frame, pc);
        var wanted = i.B - 1;
        var first = frame.Base + i.A;
        var source = frame.Base - frame.Varargs;
        var count = wanted < 0 ? frame.Varargs : wanted;
        if (count > 64) thread.Runtime.Spend(count >> 4);
        thread.EnsureStack(first + count + 1);
        var stack = thread.Stack;
        for (var n = 0; n < count; n++) stack[first + n] = n < frame.Varargs ? stack[source + n] : default;
        if (wanted < 0) thread.MultiTop = first + count;
        return thread.Registers(frame);
    }
}

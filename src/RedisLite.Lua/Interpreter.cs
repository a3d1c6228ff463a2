namespace RedisLite.Lua;

// The loop over instructions. It holds only what the fast case of each instruction needs; everything that can fail, call back or
// allocate is in SlowPath, which reads the instruction again from the frame. Rules that keep the loop sound:
//
//   - frame.Pc is stored before anything that can throw, call or yield (error positions and resumption need it);
//   - a call can move the stack, so after a slow path the registers are fetched anew;
//   - Lua-to-Lua calls and returns do not recurse: they change `frame` and start again at `enter`;
//   - backward jumps and calls count steps, so no script escapes the interrupt of the host.
internal static class Interpreter
{
    /// <summary>Runs the top frame until its entry frame returns or the coroutine yields.</summary>
    internal static void Execute(LuaThread thread)
    {
        var runtime = thread.Runtime;
        CallFrame frame;
        LuaClosure closure;
        Instruction[] code;
        LuaValue[] k;
        Span<LuaValue> r;
        int pc;

    enter:
        frame = thread.Frames[thread.Depth - 1];
        closure = frame.Closure!;
        code = closure.Proto.Code;
        k = closure.Proto.Constants;
        r = thread.Stack.AsSpan(frame.Base, closure.Proto.Registers);
        thread.Top = frame.Base + r.Length;
        pc = frame.Pc;

        while (true)
        {
            ref readonly var i = ref code[pc++];
            switch (i.Op)
            {
                case Op.Move:
                    r[i.A] = r[i.B];
                    continue;
                case Op.LoadK:
                    r[i.A] = k[i.D];
                    continue;
                case Op.LoadNil:
                    r.Slice(i.A, i.B - i.A + 1).Clear();
                    continue;
                case Op.LoadTrue:
                    r[i.A].Ref = LuaValue.TrueTag;
                    continue;
                case Op.LoadFalse:
                    r[i.A].Ref = LuaValue.FalseTag;
                    continue;
                case Op.GetUpvalue:
                    r[i.A] = closure.Upvalues[i.B].Value;
                    continue;
                case Op.SetUpvalue:
                    closure.Upvalues[i.B].Value = r[i.A];
                    continue;
                case Op.NewBox:
                    SlowPath.NewBox(runtime, ref r[i.A]);
                    continue;
                case Op.GetBox:
                    r[i.A] = ((Box)r[i.B].Ref!).Value;
                    continue;
                case Op.SetBox:
                    ((Box)r[i.A].Ref!).Value = r[i.B];
                    continue;

                case Op.GetGlobal:
                {
                    var value = closure.Env.GetString((LuaString)k[i.D].Ref!);
                    if (value.Ref is not null) r[i.A] = value;
                    else r = SlowPath.GetGlobal(thread, frame, pc);
                    continue;
                }
                case Op.SetGlobal:
                    if (!closure.Env.ReadOnly && closure.Env.TryReplaceString((LuaString)k[i.D].Ref!, r[i.A])) continue;
                    r = SlowPath.SetGlobal(thread, frame, pc);
                    continue;
                case Op.GetField:
                {
                    if (r[i.B].Ref is LuaTable table)
                    {
                        var value = table.GetString((LuaString)k[i.D].Ref!);
                        if (value.Ref is not null || table.Metatable is null)
                        {
                            r[i.A] = value;
                            continue;
                        }
                    }
                    r = SlowPath.GetField(thread, frame, pc);
                    continue;
                }
                case Op.GetTable:
                {
                    ref var key = ref r[i.C];
                    if (r[i.B].Ref is LuaTable table)
                    {
                        if (key.IsNumber)
                        {
                            var array = table.ArrayPart;
                            var index = LuaTable.ToArrayIndex(key.Num);
                            if ((uint)index < (uint)array.Length && array[index].Ref is not null)
                            {
                                r[i.A] = array[index];
                                continue;
                            }
                        }
                        else if (key.Ref is LuaString s)
                        {
                            var value = table.GetString(s);
                            if (value.Ref is not null)
                            {
                                r[i.A] = value;
                                continue;
                            }
                        }
                    }
                    r = SlowPath.GetTable(thread, frame, pc);
                    continue;
                }
                case Op.GetInt:
                {
                    if (r[i.B].Ref is LuaTable table)
                    {
                        var array = table.ArrayPart;
                        if ((uint)(i.D - 1) < (uint)array.Length && array[i.D - 1].Ref is not null)
                        {
                            r[i.A] = array[i.D - 1];
                            continue;
                        }
                    }
                    r = SlowPath.GetInt(thread, frame, pc);
                    continue;
                }
                case Op.SetField:
                {
                    if (r[i.A].Ref is LuaTable { ReadOnly: false } table && table.TryReplaceString((LuaString)k[i.D].Ref!, r[i.C])) continue;
                    r = SlowPath.SetField(thread, frame, pc);
                    continue;
                }
                case Op.SetTable:
                {
                    if (r[i.A].Ref is LuaTable { ReadOnly: false } table)
                    {
                        ref var key = ref r[i.B];
                        if (key.IsNumber)
                        {
                            var array = table.ArrayPart;
                            var index = LuaTable.ToArrayIndex(key.Num);
                            if ((uint)index < (uint)array.Length && (table.Metatable is null || array[index].Ref is not null))
                            {
                                array[index] = r[i.C];
                                continue;
                            }
                        }
                        else if (key.Ref is LuaString s && table.TryReplaceString(s, r[i.C]))
                        {
                            continue;
                        }
                    }
                    r = SlowPath.SetTable(thread, frame, pc);
                    continue;
                }
                case Op.SetInt:
                    r = SlowPath.SetInt(thread, frame, pc);
                    continue;
                case Op.NewTable:
                    r[i.A].Ref = new LuaTable(runtime.Meter, i.D, i.B | (i.C << 8));
                    continue;
                case Op.SetList:
                    r = SlowPath.SetList(thread, frame, pc);
                    continue;
                case Op.Self:
                {
                    if (r[i.B].Ref is LuaTable table)
                    {
                        var value = table.GetString((LuaString)k[i.D].Ref!);
                        if (value.Ref is not null)
                        {
                            r[i.A + 1] = r[i.B];
                            r[i.A] = value;
                            continue;
                        }
                    }
                    r = SlowPath.Self(thread, frame, pc);
                    continue;
                }

                case Op.Add:
                {
                    ref var x = ref r[i.B];
                    ref var y = ref r[i.C];
                    if (x.IsNumber && y.IsNumber) r[i.A].SetNumber(x.Num + y.Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.Subtract:
                {
                    ref var x = ref r[i.B];
                    ref var y = ref r[i.C];
                    if (x.IsNumber && y.IsNumber) r[i.A].SetNumber(x.Num - y.Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.Multiply:
                {
                    ref var x = ref r[i.B];
                    ref var y = ref r[i.C];
                    if (x.IsNumber && y.IsNumber) r[i.A].SetNumber(x.Num * y.Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.Divide:
                {
                    ref var x = ref r[i.B];
                    ref var y = ref r[i.C];
                    if (x.IsNumber && y.IsNumber) r[i.A].SetNumber(x.Num / y.Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.Modulo:
                {
                    ref var x = ref r[i.B];
                    ref var y = ref r[i.C];
                    if (x.IsNumber && y.IsNumber) r[i.A].SetNumber(Arithmetic.Modulo(x.Num, y.Num));
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.AddK:
                {
                    ref var x = ref r[i.B];
                    if (x.IsNumber) r[i.A].SetNumber(x.Num + k[i.D].Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.SubtractK:
                {
                    ref var x = ref r[i.B];
                    if (x.IsNumber) r[i.A].SetNumber(x.Num - k[i.D].Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.MultiplyK:
                {
                    ref var x = ref r[i.B];
                    if (x.IsNumber) r[i.A].SetNumber(x.Num * k[i.D].Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.DivideK:
                {
                    ref var x = ref r[i.B];
                    if (x.IsNumber) r[i.A].SetNumber(x.Num / k[i.D].Num);
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.ModuloK:
                {
                    ref var x = ref r[i.B];
                    if (x.IsNumber) r[i.A].SetNumber(Arithmetic.Modulo(x.Num, k[i.D].Num));
                    else r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                }
                case Op.Power or Op.PowerK:
                    r = SlowPath.Arithmetic(thread, frame, pc);
                    continue;
                case Op.Minus:
                    if (r[i.B].IsNumber) r[i.A].SetNumber(-r[i.B].Num);
                    else r = SlowPath.Minus(thread, frame, pc);
                    continue;
                case Op.Not:
                    r[i.A].SetBoolean(r[i.B].IsFalsy);
                    continue;
                case Op.Length:
                    if (r[i.B].Ref is LuaTable counted) r[i.A].SetNumber(counted.Length);
                    else r = SlowPath.Length(thread, frame, pc);
                    continue;
                case Op.Concat:
                    r = SlowPath.Concat(thread, frame, pc);
                    continue;

                case Op.Jump:
                    pc += i.D;
                    if (i.D >= 0 || --runtime.Steps >= 0) continue;
                    frame.Pc = pc;
                    runtime.Interrupt();
                    continue;
                case Op.Test:
                    if (r[i.A].IsFalsy != (i.C != 0)) pc += i.D;
                    continue;
                case Op.TestSet:
                    if (r[i.B].IsFalsy == (i.C != 0)) continue;
                    r[i.A] = r[i.B];
                    pc += i.D;
                    continue;
                case Op.Equal:
                {
                    ref var x = ref r[i.A];
                    ref var y = ref r[i.B];
                    bool equal;
                    if (ReferenceEquals(x.Ref, y.Ref))
                    {
                        equal = !x.IsNumber || x.Num == y.Num;
                    }
                    else
                    {
                        equal = SlowPath.Equal(thread, frame, pc);
                        r = thread.Registers(frame);
                    }
                    if (equal == (i.C != 0)) pc += i.D;
                    continue;
                }
                case Op.EqualK:
                {
                    ref var x = ref r[i.A];
                    ref var y = ref k[i.B];
                    var equal = ReferenceEquals(x.Ref, y.Ref) ? !x.IsNumber || x.Num == y.Num
                        : x.Ref is LuaString s && y.Ref is LuaString t && s.ContentEquals(t);
                    if (equal == (i.C != 0)) pc += i.D;
                    continue;
                }
                case Op.Less:
                {
                    ref var x = ref r[i.A];
                    ref var y = ref r[i.B];
                    bool less;
                    if (x.IsNumber && y.IsNumber)
                    {
                        less = x.Num < y.Num;
                    }
                    else
                    {
                        less = SlowPath.Compare(thread, frame, pc);
                        r = thread.Registers(frame);
                    }
                    if (less == (i.C != 0)) pc += i.D;
                    continue;
                }
                case Op.LessEqual:
                {
                    ref var x = ref r[i.A];
                    ref var y = ref r[i.B];
                    bool less;
                    if (x.IsNumber && y.IsNumber)
                    {
                        less = x.Num <= y.Num;
                    }
                    else
                    {
                        less = SlowPath.Compare(thread, frame, pc);
                        r = thread.Registers(frame);
                    }
                    if (less == (i.C != 0)) pc += i.D;
                    continue;
                }
                case Op.LessK:
                    if (r[i.A].IsNumber)
                    {
                        if (r[i.A].Num < k[i.B].Num == (i.C != 0)) pc += i.D;
                        continue;
                    }
                    goto case Op.GreaterEqualK;
                case Op.LessEqualK:
                    if (r[i.A].IsNumber)
                    {
                        if (r[i.A].Num <= k[i.B].Num == (i.C != 0)) pc += i.D;
                        continue;
                    }
                    goto case Op.GreaterEqualK;
                case Op.GreaterK:
                    if (r[i.A].IsNumber)
                    {
                        if (r[i.A].Num > k[i.B].Num == (i.C != 0)) pc += i.D;
                        continue;
                    }
                    goto case Op.GreaterEqualK;
                case Op.GreaterEqualK:
                    if (r[i.A].IsNumber)
                    {
                        if (r[i.A].Num >= k[i.B].Num == (i.C != 0)) pc += i.D;
                        continue;
                    }
                    if (SlowPath.Compare(thread, frame, pc) == (i.C != 0)) pc += i.D;
                    r = thread.Registers(frame);
                    continue;

                case Op.Call:
                {
                    frame.Pc = pc;
                    if (--runtime.Steps < 0) runtime.Interrupt();
                    var func = frame.Base + i.A;
                    var arguments = i.B != 0 ? i.B - 1 : thread.MultiTop - func - 1;
                    if (r[i.A].Ref is LuaClosure callee)
                    {
                        thread.EnterLua(callee, func, arguments, i.C - 1);
                        goto enter;
                    }
                    var outcome = thread.CallOther(func, arguments, i.C - 1);
                    if (outcome == CallOutcome.Entered) goto enter;
                    if (outcome == CallOutcome.Yielded) return;
                    r = thread.Registers(frame);
                    thread.Top = frame.Base + r.Length;
                    continue;
                }
                case Op.TailCall:
                {
                    frame.Pc = pc;
                    if (--runtime.Steps < 0) runtime.Interrupt();
                    var func = frame.Base + i.A;
                    var arguments = i.B != 0 ? i.B - 1 : thread.MultiTop - func - 1;
                    if (r[i.A].Ref is LuaClosure callee)
                    {
                        thread.ReplaceLua(callee, func, arguments);
                        goto enter;
                    }
                    // Not a Lua function: an ordinary call; the Return that follows passes its results on.
                    var outcome = thread.CallOther(func, arguments, -1);
                    if (outcome == CallOutcome.Entered) goto enter;
                    if (outcome == CallOutcome.Yielded) return;
                    r = thread.Registers(frame);
                    thread.Top = frame.Base + r.Length;
                    continue;
                }
                case Op.Return1:
                {
                    var func = frame.Func;
                    if (frame.Results == 1) thread.Stack[func] = r[i.A];
                    else thread.MoveResults(frame.Base + i.A, 1, func, frame.Results);
                    thread.Depth--;
                    if (frame.IsEntry) return;
                    goto enter;
                }
                case Op.Return0:
                    if (frame.Results != 0) thread.MoveResults(frame.Base, 0, frame.Func, frame.Results);
                    thread.Depth--;
                    if (frame.IsEntry) return;
                    goto enter;
                case Op.Return:
                {
                    var first = frame.Base + i.A;
                    var count = i.B != 0 ? i.B - 1 : thread.MultiTop - first;
                    thread.MoveResults(first, count, frame.Func, frame.Results);
                    thread.Depth--;
                    if (frame.IsEntry) return;
                    goto enter;
                }

                case Op.ForPrep:
                    frame.Pc = pc;
                    SlowPath.ForPrep(thread, r.Slice(i.A, 3));
                    pc += i.D;
                    continue;
                case Op.ForLoop:
                {
                    var step = r[i.A + 2].Num;
                    ref var index = ref r[i.A];
                    var next = index.Num + step;
                    var limit = r[i.A + 1].Num;
                    if (!(step > 0 ? next <= limit : limit <= next)) continue;
                    index.Num = next;
                    r[i.A + 3].SetNumber(next);
                    pc += i.D;
                    if (--runtime.Steps >= 0) continue;
                    frame.Pc = pc;
                    runtime.Interrupt();
                    continue;
                }
                case Op.ForCall:
                {
                    frame.Pc = pc;
                    if (ReferenceEquals(r[i.A].Ref, runtime.NextFunction) && r[i.A + 1].Ref is LuaTable table)
                    {
                        SlowPath.NextEntry(thread, table, r.Slice(i.A), i.C);
                        continue;
                    }
                    r[i.A + 3] = r[i.A];
                    r[i.A + 4] = r[i.A + 1];
                    r[i.A + 5] = r[i.A + 2];
                    var func = frame.Base + i.A + 3;
                    if (r[i.A + 3].Ref is LuaClosure callee)
                    {
                        thread.EnterLua(callee, func, 2, i.C);
                        goto enter;
                    }
                    var outcome = thread.CallOther(func, 2, i.C);
                    if (outcome == CallOutcome.Entered) goto enter;
                    if (outcome == CallOutcome.Yielded) return;
                    r = thread.Registers(frame);
                    thread.Top = frame.Base + r.Length;
                    continue;
                }
                case Op.ForTest:
                    if (r[i.A + 3].Ref is null) continue;
                    r[i.A + 2] = r[i.A + 3];
                    pc += i.D;
                    if (--runtime.Steps >= 0) continue;
                    frame.Pc = pc;
                    runtime.Interrupt();
                    continue;

                case Op.Closure:
                    r[i.A].Ref = SlowPath.Closure(runtime, closure, closure.Proto.Closures[i.D], r);
                    continue;
                case Op.ArgTable:
                    r[i.A] = SlowPath.ArgTable(thread, frame);
                    continue;
                case Op.Vararg:
                    r = SlowPath.Vararg(thread, frame, pc);
                    continue;
                default:
                    throw new InvalidOperationException($"opcode {i.Op}");
            }
        }
    }
}

namespace RedisLite.Lua;

// Expressions to code. The primitives: ToRegister puts a value into a given register, ToNext into a new one, ToAny wherever it is
// cheapest (an ordinary local stays where it is), Condition only decides a jump. Left operands of long chains are compiled in a
// loop, not by recursion.
internal sealed class ExprCompiler(CodeBuilder code)
{
    private const int FieldsPerFlush = 50;

    /// <summary>True when the target register is written by the last instruction only, so that it may be a live local.</summary>
    internal static bool WritesTargetLast(Expr e) => e switch
    {
        ParenExpr paren => WritesTargetLast(paren.Inner),
        LogicExpr or CallExpr or TableExpr => false,
        _ => true,
    };

    /// <summary>Constant keys that have an instruction of their own.</summary>
    internal static bool IsDirectKey(in LuaValue key) => key.Ref is LuaString || (key.IsNumber && key.Num == (int)key.Num);

    internal int ToNext(Expr e)
    {
        var register = code.Reserve(1, e.Line);
        ToRegister(e, register);
        return register;
    }

    internal int ToAny(Expr e, int scratch = -1)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        if (e is LocalExpr { Variable: { Captured: false } local }) return local.Register;
        if (scratch < 0) return ToNext(e);
        ToRegister(e, scratch);
        return scratch;
    }

    internal void ToRegister(Expr e, int target)
    {
        switch (e)
        {
            case ConstantExpr c: LoadConstant(c, target); break;
            case VarargExpr: code.Emit(Op.Vararg, target, 2, 0, 0, e.Line); break;
            case FunctionExpr f: MakeClosure(f, target); break;
            case LocalExpr { Variable: var v }:
                if (v.Captured) code.Emit(Op.GetBox, target, v.Register, 0, 0, e.Line);
                else if (v.Register != target) code.Emit(Op.Move, target, v.Register, 0, 0, e.Line);
                break;
            case UpvalueExpr u: code.Emit(Op.GetUpvalue, target, u.Index, 0, 0, e.Line); break;
            case GlobalExpr g: code.Emit(Op.GetGlobal, target, 0, 0, code.Constant(g.Name), e.Line); break;
            case IndexExpr i: Index(i, target); break;
            case CallExpr c: CallTo(c, target); break;
            case ParenExpr p: ToRegister(p.Inner, target); break;
            case LogicExpr l: Logic(l, target); break;
            case ConcatExpr c: Concat(c, target); break;
            case BinaryExpr { IsComparison: true }: ConditionToRegister(e, target); break;
            case BinaryExpr b: Arithmetic(b, target); break;
            case UnaryExpr u: Unary(u, target); break;
            case TableExpr t: TableTo(t, target); break;
            default: throw new InvalidOperationException(e.GetType().Name);
        }
    }

    /// <summary>Exactly count values of a call or of `...` into new registers.</summary>
    internal void Multi(Expr e, int count)
    {
        if (e is CallExpr call)
        {
            var first = Call(call, count);
            code.Reserve(first + count - code.Free, e.Line);
            return;
        }
        var target = code.Reserve(count, e.Line);
        code.Emit(Op.Vararg, target, count + 1, 0, 0, e.Line);
    }

    /// <summary>Values into new registers; returns their number, or -1 when the last one is open (to the top of the stack).</summary>
    internal int ToArguments(List<Expr> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (i == values.Count - 1 && values[i].IsMulti)
            {
                OpenMulti(values[i]);
                return -1;
            }
            ToNext(values[i]);
        }
        return values.Count;
    }

    /// <summary>Emits a call; the results start at the register returned. -1 results means all of them.</summary>
    internal int Call(CallExpr call, int results, bool isTail = false)
    {
        var start = code.Reserve(call.Method is null ? 1 : 2, call.Line);
        if (call.Method is null)
        {
            ToRegister(call.Function, start);
        }
        else
        {
            code.Release(start + 1);
            var target = ToAny(call.Function, start);
            code.Release(start);
            code.Reserve(2, call.Line);
            var self = code.Emit(Op.Self, start, target, 0, code.Constant(call.Method), call.Line);
            code.Name(self, 0, call.Function);
        }
        var count = ToArguments(call.Arguments);
        if (count >= 0 && call.Method is not null) count++;
        var pc = code.Emit(isTail ? Op.TailCall : Op.Call, start, count + 1, results + 1, 0, call.Line);
        if (call.Method is null) code.Name(pc, 0, call.Function);
        else code.Name(pc, 0, NameKind.Method, call.Method);
        code.Release(start);
        return start;
    }

    /// <summary>Code that jumps when the truth of e is jumpIf and falls through otherwise; returns the jumps to patch.</summary>
    internal List<int> Condition(Expr e, bool jumpIf)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        var free = code.Free;
        List<int> jumps;
        switch (e)
        {
            case ConstantExpr c:
                jumps = !c.Value.IsFalsy == jumpIf ? [code.EmitJump(e.Line)] : [];
                break;
            case UnaryExpr { Op: UnaryOp.Not } u:
                jumps = Condition(u.Operand, !jumpIf);
                break;
            case LogicExpr l:
                jumps = LogicCondition(l, jumpIf);
                break;
            case BinaryExpr { IsComparison: true } b:
                jumps = [Comparison(b, jumpIf)];
                break;
            default:
                jumps = [code.Emit(Op.Test, ToAny(e), 0, jumpIf ? 1 : 0, 0, e.Line)];
                break;
        }
        code.Release(free);
        return jumps;
    }

    private bool IsTemporary(int register) => register >= code.ActiveRegisters;

    private void LoadConstant(ConstantExpr c, int target)
    {
        if (c.Value.IsNil) code.Emit(Op.LoadNil, target, target, 0, 0, c.Line);
        else if (c.Value.IsBoolean) code.Emit(c.Value.IsFalsy ? Op.LoadFalse : Op.LoadTrue, target, 0, 0, 0, c.Line);
        else code.Emit(Op.LoadK, target, 0, 0, code.Constant(c.Value), c.Line);
    }

    private void MakeClosure(FunctionExpr f, int target)
    {
        var captures = new Capture[f.Upvalues.Count];
        for (var i = 0; i < captures.Length; i++)
        {
            var source = f.Upvalues[i];
            captures[i] = source.Local is { } local ? new Capture(true, local.Register) : new Capture(false, source.Index);
        }
        code.Emit(Op.Closure, target, 0, 0, code.Closure(new ClosureTemplate(f.Proto, captures)), f.Line);
    }

    private void Index(IndexExpr e, int target)
    {
        var free = code.Free;
        var table = ToAny(e.Target, IsTemporary(target) ? target : -1);
        int pc;
        if (e.Key is ConstantExpr { Value: var key } && IsDirectKey(key))
        {
            pc = key.Ref is LuaString
                ? code.Emit(Op.GetField, target, table, 0, code.Constant(key), e.Line)
                : code.Emit(Op.GetInt, target, table, 0, (int)key.Num, e.Line);
        }
        else
        {
            pc = code.Emit(Op.GetTable, target, table, ToAny(e.Key), 0, e.Line);
        }
        code.Name(pc, 0, e.Target);
        code.Release(free);
    }

    private void CallTo(CallExpr call, int target)
    {
        var free = code.Free;
        if (target == free - 1 && IsTemporary(target))
        {
            code.Release(target);   // the function goes where its result is wanted
            Call(call, results: 1);
            code.Reserve(1, call.Line);
            return;
        }
        var result = Call(call, results: 1);
        code.Emit(Op.Move, target, result, 0, 0, call.Line);
        code.Release(free);
    }

    private void OpenMulti(Expr e)
    {
        if (e is CallExpr call) Call(call, results: -1);
        else code.Emit(Op.Vararg, code.Reserve(1, e.Line), 0, 0, 0, e.Line);
    }

    // ---- operators

    private void Concat(ConcatExpr e, int target)
    {
        var free = code.Free;
        var first = free;
        foreach (var item in e.Items) ToNext(item);
        var pc = code.Emit(Op.Concat, target, first, first + e.Items.Count - 1, 0, e.Line);
        for (var i = 0; i < e.Items.Count; i++) code.Name(pc, i, e.Items[i]);
        code.Release(free);
    }

    private void Unary(UnaryExpr e, int target)
    {
        var free = code.Free;
        var operand = ToAny(e.Operand, IsTemporary(target) ? target : -1);
        var op = e.Op switch { UnaryOp.Minus => Op.Minus, UnaryOp.Not => Op.Not, _ => Op.Length };
        var pc = code.Emit(op, target, operand, 0, 0, e.Line);
        code.Name(pc, 0, e.Operand);
        code.Release(free);
    }

    private void Arithmetic(BinaryExpr e, int target)
    {
        var free = code.Free;
        var spine = new Stack<BinaryExpr>();
        Expr innermost = e;
        while (innermost is BinaryExpr { IsComparison: false } b)
        {
            spine.Push(b);
            innermost = b.Left;
        }
        var accumulator = IsTemporary(target) ? target : spine.Count > 1 ? code.Reserve(1, e.Line) : -1;
        var mark = code.Free;
        var delayed = IsDelayed(innermost);
        var left = delayed ? -1 : ToAny(innermost, accumulator);
        while (spine.TryPop(out var node))
        {
            var right = IsNumberConstant(node.Right) ? -1 : ToAny(node.Right);
            if (left < 0) left = ToAny(innermost);
            var destination = spine.Count == 0 ? target : accumulator;
            EmitArithmetic(node, destination, left, right);
            left = destination;
            code.Release(mark);
        }
        code.Release(free);
    }

    private static bool IsNumberConstant(Expr e) => e is ConstantExpr { Value.IsNumber: true };

    // Lua 5.1 reads a local operand after the right side was computed; a captured one must be read as late.
    private static bool IsDelayed(Expr e)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        return e is LocalExpr { Variable.Captured: true };
    }

    private void EmitArithmetic(BinaryExpr e, int target, int left, int right)
    {
        var pc = right < 0
            ? code.Emit((Op)((int)Op.AddK + (int)e.Op), target, left, 0, code.Constant(((ConstantExpr)e.Right).Value), e.Line)
            : code.Emit((Op)((int)Op.Add + (int)e.Op), target, left, right, 0, e.Line);
        code.Name(pc, 0, e.Left);
        code.Name(pc, 1, e.Right);
    }

    private int Comparison(BinaryExpr e, bool jumpIf)
    {
        var (op, left, right) = (e.Op, e.Left, e.Right);
        if (op == BinaryOp.NotEqual)
        {
            op = BinaryOp.Equal;
            jumpIf = !jumpIf;
        }
        var wanted = jumpIf ? 1 : 0;
        if (SmallConstant(right, op) is var k and >= 0) return code.Emit(ConstantForm(op), ToAny(left), k, wanted, 0, e.Line);
        if (SmallConstant(left, op) is var m and >= 0) return code.Emit(ConstantForm(Mirror(op)), ToAny(right), m, wanted, 0, e.Line);

        var delayed = IsDelayed(left);
        var a = delayed ? -1 : ToAny(left);
        var b = ToAny(right);
        if (delayed) a = ToAny(left);
        if (op is BinaryOp.Greater or BinaryOp.GreaterEqual) (a, b, op) = (b, a, Mirror(op));
        var opcode = op == BinaryOp.Equal ? Op.Equal : op == BinaryOp.Less ? Op.Less : Op.LessEqual;
        return code.Emit(opcode, a, b, wanted, 0, e.Line);
    }

    private int SmallConstant(Expr e, BinaryOp op)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        if (e is not ConstantExpr { Value: var value } || (op != BinaryOp.Equal && !value.IsNumber)) return -1;
        var index = code.Constant(value);
        return index <= 255 ? index : -1;
    }

    private static Op ConstantForm(BinaryOp op) => op switch
    {
        BinaryOp.Equal => Op.EqualK,
        BinaryOp.Less => Op.LessK,
        BinaryOp.LessEqual => Op.LessEqualK,
        BinaryOp.Greater => Op.GreaterK,
        _ => Op.GreaterEqualK,
    };

    private static BinaryOp Mirror(BinaryOp op) => op switch
    {
        BinaryOp.Less => BinaryOp.Greater,
        BinaryOp.Greater => BinaryOp.Less,
        BinaryOp.LessEqual => BinaryOp.GreaterEqual,
        BinaryOp.GreaterEqual => BinaryOp.LessEqual,
        _ => op,
    };

    private void ConditionToRegister(Expr e, int target)
    {
        var isFalse = Condition(e, jumpIf: false);
        code.Emit(Op.LoadTrue, target, 0, 0, 0, e.Line);
        var end = code.EmitJump(e.Line);
        code.PatchHere(isFalse);
        code.Emit(Op.LoadFalse, target, 0, 0, 0, e.Line);
        code.Patch(end, code.Position);
    }

    private List<int> LogicCondition(LogicExpr e, bool jumpIf)
    {
        // `and` is false as soon as one item is false; `or` is true as soon as one is true.
        var decides = !e.IsAnd;
        var early = new List<int>();
        for (var i = 0; i < e.Items.Count - 1; i++) early.AddRange(Condition(e.Items[i], decides));
        var last = Condition(e.Items[^1], jumpIf);
        if (decides == jumpIf)
        {
            early.AddRange(last);
            return early;
        }
        code.PatchHere(early);
        return last;
    }

    private void Logic(LogicExpr e, int target)
    {
        var ends = new List<int>();
        for (var i = 0; i < e.Items.Count - 1; i++) LogicItem(e.Items[i], e.IsAnd, target, ends);
        ToRegister(e.Items[^1], target);
        code.PatchHere(ends);
    }

    // Leaves the chain with the item's value in target when it decides, else goes on to the next item.
    private void LogicItem(Expr item, bool isAnd, int target, List<int> ends)
    {
        while (item is ParenExpr paren) item = paren.Inner;
        if (!isAnd && item is LogicExpr { IsAnd: true } inner)
        {
            // a and b or c: when a is false its value is not wanted, only the next alternative
            var next = new List<int>();
            for (var i = 0; i < inner.Items.Count - 1; i++) next.AddRange(Condition(inner.Items[i], jumpIf: false));
            LogicItem(inner.Items[^1], isAnd: false, target, ends);
            code.PatchHere(next);
            return;
        }
        var wanted = isAnd ? 0 : 1;
        if (item is LocalExpr { Variable: { Captured: false } local } && local.Register != target)
        {
            ends.Add(code.Emit(Op.TestSet, target, local.Register, wanted, 0, item.Line));
            return;
        }
        ToRegister(item, target);
        ends.Add(code.Emit(Op.Test, target, 0, wanted, 0, item.Line));
    }

    // ---- constructors

    private void TableTo(TableExpr e, int target)
    {
        if (target == code.Free - 1 && IsTemporary(target))
        {
            Table(e, target);
            return;
        }
        var free = code.Free;
        var table = code.Reserve(1, e.Line);
        Table(e, table);
        code.Emit(Op.Move, target, table, 0, 0, e.Line);
        code.Release(free);
    }

    private void Table(TableExpr e, int table)
    {
        var create = code.Emit(Op.NewTable, table, 0, 0, 0, e.Line);
        int stored = 0, pending = 0, keyed = 0;
        for (var i = 0; i < e.Fields.Count; i++)
        {
            var (key, value) = e.Fields[i];
            if (key is not null)
            {
                keyed++;
                KeyedField(table, key, value);
                continue;
            }
            if (i == e.Fields.Count - 1 && value.IsMulti)
            {
                OpenMulti(value);
                code.Emit(Op.SetList, table, 0, 0, stored, e.Line);
                code.SetSizes(create, RoundSize(stored + pending), keyed);
                code.Release(table + 1);
                return;
            }
            ToNext(value);
            if (++pending < FieldsPerFlush) continue;
            Flush(table, ref stored, ref pending, e.Line);
        }
        if (pending > 0) Flush(table, ref stored, ref pending, e.Line);
        code.SetSizes(create, RoundSize(stored), keyed);
    }

    private void Flush(int table, ref int stored, ref int pending, int line)
    {
        code.Emit(Op.SetList, table, pending, 0, stored, line);
        stored += pending;
        pending = 0;
        code.Release(table + 1);
    }

    private void KeyedField(int table, Expr key, Expr value)
    {
        var free = code.Free;
        if (key is ConstantExpr { Value: var k } && IsDirectKey(k))
        {
            var register = ToAny(value);
            if (k.Ref is LuaString) code.Emit(Op.SetField, table, 0, register, code.Constant(k), value.Line);
            else code.Emit(Op.SetInt, table, 0, register, (int)k.Num, value.Line);
        }
        else
        {
            var keyRegister = ToAny(key);
            code.Emit(Op.SetTable, table, keyRegister, ToAny(value), 0, value.Line);
        }
        code.Release(free);
    }

    // Lua 5.1 stores the size in one byte, a 3-bit mantissa and an exponent, rounded up; '#' of a table with holes shows it.
    private static int RoundSize(int size)
    {
        var exponent = 0;
        while (size >= 16)
        {
            size = (size + 1) >> 1;
            exponent++;
        }
        return size << exponent;
    }
}

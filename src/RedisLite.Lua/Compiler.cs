namespace RedisLite.Lua;

// Statements to code. Registers are handed out like a stack: active locals at the bottom, temporaries above, everything above the
// locals free again after each statement. A captured local keeps a Box in its register.
internal sealed class Compiler
{
    private readonly CodeBuilder _code;
    private readonly ExprCompiler _exprs;
    private List<int> _breaks = [];

    private Compiler(CodeBuilder code)
    {
        _code = code;
        _exprs = new ExprCompiler(code);
    }

    internal static Proto Compile(ChunkName chunk, FunctionSignature signature, Block body)
    {
        var code = new CodeBuilder(chunk, signature);
        var compiler = new Compiler(code);
        code.Reserve(signature.Parameters.Count, signature.Line);
        compiler.Activate(signature.Parameters, signature.Line);
        compiler.DeclareArg(signature);
        compiler.CompileBlock(body);
        code.Emit(Op.Return0, 0, 0, 0, 0, signature.LastLine);
        return code.Build();
    }

    private void DeclareArg(FunctionSignature signature)
    {
        if (signature.Arg is not { } arg) return;
        var register = _code.Reserve(1, signature.Line);
        _code.Emit(signature.NeedsArg ? Op.ArgTable : Op.LoadNil, register, register, 0, 0, signature.Line);
        Activate([arg], signature.Line);
    }

    private void CompileBlock(Block block)
    {
        var active = _code.ActiveRegisters;
        CompileOpenBlock(block);
        CloseTo(active);
    }

    private void CompileOpenBlock(Block block)
    {
        foreach (var statement in block.Statements)
        {
            CompileStatement(statement);
            _code.Release(_code.ActiveRegisters);
        }
    }

    private void CloseTo(int active)
    {
        _code.ActiveRegisters = active;
        _code.Release(active);
    }

    // The registers hold the initial values already.
    private void Activate(List<LocalVariable> variables, int line)
    {
        foreach (var variable in variables)
        {
            variable.Register = _code.ActiveRegisters++;
            if (variable.Captured) _code.Emit(Op.NewBox, variable.Register, 0, 0, 0, line);
        }
    }

    private void CompileStatement(Statement statement)
    {
        switch (statement)
        {
            case LocalStatement s:
                ToConsecutive(s.Values, s.Variables.Count, s.Line);
                Activate(s.Variables, s.Line);
                break;
            case LocalFunctionStatement s: CompileLocalFunction(s); break;
            case AssignStatement s: CompileAssign(s); break;
            case CallStatement s: _exprs.Call(s.Call, results: 0); break;
            case DoStatement s: CompileBlock(s.Body); break;
            case WhileStatement s: CompileWhile(s); break;
            case RepeatStatement s: CompileRepeat(s); break;
            case IfStatement s: CompileIf(s); break;
            case NumericForStatement s: CompileNumericFor(s); break;
            case GenericForStatement s: CompileGenericFor(s); break;
            case ReturnStatement s: CompileReturn(s); break;
            case BreakStatement s: _breaks.Add(_code.EmitJump(s.Line)); break;
            default: throw new InvalidOperationException(statement.GetType().Name);
        }
    }

    /// <summary>Evaluates the list into exactly count consecutive new registers.</summary>
    private void ToConsecutive(List<Expr> values, int count, int line)
    {
        for (var i = 0; i < values.Count; i++)
        {
            var value = values[i];
            var isLast = i == values.Count - 1;
            if (isLast && value.IsMulti && count > i)
            {
                _exprs.Multi(value, count - i);
                return;
            }
            var register = _exprs.ToNext(value);
            if (i >= count) _code.Release(register);
        }
        var missing = count - values.Count;
        if (missing <= 0) return;
        var first = _code.Reserve(missing, line);
        _code.Emit(Op.LoadNil, first, first + missing - 1, 0, 0, line);
    }

    private void CompileLocalFunction(LocalFunctionStatement s)
    {
        var register = _code.Reserve(1, s.Line);
        if (!s.Variable.Captured)
        {
            s.Variable.Register = _code.ActiveRegisters++;
            _exprs.ToRegister(s.Function, register);
            return;
        }
        _code.Emit(Op.LoadNil, register, register, 0, 0, s.Line);
        Activate([s.Variable], s.Line);
        var closure = _exprs.ToNext(s.Function);
        _code.Emit(Op.SetBox, register, closure, 0, 0, s.Line);
    }

    // ---- assignment

    /// <summary>A place to store to, with its table and key already in registers.</summary>
    private readonly record struct Place(Expr Target, int Table, int Key);

    private void CompileAssign(AssignStatement s)
    {
        if (s.Targets.Count == 1 && s.Values.Count == 1)
        {
            AssignOne(s.Targets[0], s.Values[0], s.Line);
            return;
        }
        var assigned = s.Targets.OfType<LocalExpr>().Select(l => l.Variable.Register).ToHashSet();
        var places = s.Targets.ConvertAll(t => PreparePlace(t, assigned));
        var first = _code.Free;
        ToConsecutive(s.Values, s.Targets.Count, s.Line);
        for (var i = places.Count - 1; i >= 0; i--) Store(places[i], first + i, s.Line);
    }

    private void AssignOne(Expr target, Expr value, int line)
    {
        if (target is LocalExpr { Variable: { Captured: false } variable })
        {
            if (ExprCompiler.WritesTargetLast(value)) _exprs.ToRegister(value, variable.Register);
            else _code.Emit(Op.Move, variable.Register, _exprs.ToAny(value), 0, 0, line);
            return;
        }
        var place = PreparePlace(target, null);
        Store(place, _exprs.ToAny(value), line);
    }

    private Place PreparePlace(Expr target, HashSet<int>? assigned)
    {
        if (target is not IndexExpr index) return new Place(target, -1, -1);
        var table = Settle(_exprs.ToAny(index.Target), assigned, index.Line);
        var key = index.Key is ConstantExpr constant && ExprCompiler.IsDirectKey(constant.Value) ? -1 : Settle(_exprs.ToAny(index.Key), assigned, index.Line);
        return new Place(target, table, key);
    }

    // In `a, a.x = ...` the table must be read before a is overwritten.
    private int Settle(int register, HashSet<int>? assigned, int line)
    {
        if (assigned is null || register >= _code.ActiveRegisters || !assigned.Contains(register)) return register;
        var copy = _code.Reserve(1, line);
        _code.Emit(Op.Move, copy, register, 0, 0, line);
        return copy;
    }

    private void Store(Place place, int value, int line)
    {
        switch (place.Target)
        {
            case LocalExpr { Variable: var v }: _code.Emit(v.Captured ? Op.SetBox : Op.Move, v.Register, value, 0, 0, line); break;
            case UpvalueExpr u: _code.Emit(Op.SetUpvalue, value, u.Index, 0, 0, line); break;
            case GlobalExpr g: _code.Emit(Op.SetGlobal, value, 0, 0, _code.Constant(g.Name), line); break;
            case IndexExpr i: StoreIndexed(i, place, value, line); break;
        }
    }

    private void StoreIndexed(IndexExpr index, Place place, int value, int line)
    {
        int pc;
        if (place.Key >= 0) pc = _code.Emit(Op.SetTable, place.Table, place.Key, value, 0, line);
        else if (((ConstantExpr)index.Key).Value is { Ref: LuaString } field) pc = _code.Emit(Op.SetField, place.Table, 0, value, _code.Constant(field), line);
        else pc = _code.Emit(Op.SetInt, place.Table, 0, value, (int)((ConstantExpr)index.Key).Value.Num, line);
        _code.Name(pc, 0, index.Target);
    }

    // ---- control flow

    private void CompileIf(IfStatement s)
    {
        var exits = new List<int>();
        for (var i = 0; i < s.Clauses.Count; i++)
        {
            var (condition, body) = s.Clauses[i];
            var skip = _exprs.Condition(condition, jumpIf: false);
            CompileBlock(body);
            if (i < s.Clauses.Count - 1 || s.Otherwise is not null) exits.Add(_code.EmitJump(s.Line));
            _code.PatchHere(skip);
        }
        if (s.Otherwise is not null) CompileBlock(s.Otherwise);
        _code.PatchHere(exits);
    }

    private List<int> EnterLoop()
    {
        var outer = _breaks;
        _breaks = [];
        return outer;
    }

    private void LeaveLoop(List<int> outer)
    {
        _code.PatchHere(_breaks);
        _breaks = outer;
    }

    private void CompileWhile(WhileStatement s)
    {
        var outer = EnterLoop();
        var start = _code.Position;
        var exit = _exprs.Condition(s.Condition, jumpIf: false);
        CompileBlock(s.Body);
        _code.EmitJumpTo(start, s.Line);
        _code.PatchHere(exit);
        LeaveLoop(outer);
    }

    private void CompileRepeat(RepeatStatement s)
    {
        var outer = EnterLoop();
        var start = _code.Position;
        var active = _code.ActiveRegisters;
        CompileOpenBlock(s.Body);
        var exit = _exprs.Condition(s.Condition, jumpIf: true);
        CloseTo(active);
        _code.EmitJumpTo(start, s.Line);
        _code.PatchHere(exit);
        LeaveLoop(outer);
    }

    private void CompileNumericFor(NumericForStatement s)
    {
        var outer = EnterLoop();
        var active = _code.ActiveRegisters;
        var state = _exprs.ToNext(s.Bounds[0]);
        _exprs.ToNext(s.Bounds[1]);
        _exprs.ToNext(s.Bounds.Count > 2 ? s.Bounds[2] : new ConstantExpr(1, s.Line));
        _code.ActiveRegisters = _code.Free;
        _code.Reserve(1, s.Line);
        var prepare = _code.Emit(Op.ForPrep, state, 0, 0, 0, s.DoLine);
        var start = _code.Position;
        Activate([s.Variable], s.Line);
        CompileBlock(s.Body);
        _code.Patch(prepare, _code.Position);
        var loop = _code.Emit(Op.ForLoop, state, 0, 0, 0, s.Line);
        _code.Patch(loop, start);
        CloseTo(active);
        LeaveLoop(outer);
    }

    private void CompileGenericFor(GenericForStatement s)
    {
        var outer = EnterLoop();
        var active = _code.ActiveRegisters;
        var state = _code.Free;
        ToConsecutive(s.Values, 3, s.DoLine);
        _code.ActiveRegisters = _code.Free;
        _code.Reserve(Math.Max(3, s.Variables.Count), s.Line);   // the call needs three slots
        var enter = _code.EmitJump(s.DoLine);
        var start = _code.Position;
        Activate(s.Variables, s.Line);
        _code.Release(_code.ActiveRegisters);
        CompileBlock(s.Body);
        _code.Patch(enter, _code.Position);
        _code.Emit(Op.ForCall, state, 0, s.Variables.Count, 0, s.Line);
        var test = _code.Emit(Op.ForTest, state, 0, 0, 0, s.Line);
        _code.Patch(test, start);
        CloseTo(active);
        LeaveLoop(outer);
    }

    private void CompileReturn(ReturnStatement s)
    {
        var values = s.Values;
        if (values.Count == 0)
        {
            _code.Emit(Op.Return0, 0, 0, 0, 0, s.Line);
        }
        else if (values.Count == 1 && values[0] is CallExpr call)
        {
            var result = _exprs.Call(call, results: -1, isTail: true);
            _code.Emit(Op.Return, result, 0, 0, 0, s.Line);
        }
        else if (values.Count == 1 && !values[0].IsMulti)
        {
            _code.Emit(Op.Return1, _exprs.ToAny(values[0]), 0, 0, 0, s.Line);
        }
        else
        {
            var first = _code.Free;
            var count = _exprs.ToArguments(values);
            _code.Emit(Op.Return, first, count + 1, 0, 0, s.Line);
        }
    }
}

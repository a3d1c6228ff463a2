namespace RedisLite.Lua;

/// <summary>The code of one function while it grows: instructions with lines, constants, operand names, registers.</summary>
internal sealed class CodeBuilder(ChunkName chunk, FunctionSignature signature)
{
    private readonly GrowingArray<Instruction> _code = new();
    private readonly List<int> _lines = [];
    private readonly GrowingArray<LuaValue> _constants = new();
    private readonly GrowingArray<OperandName> _names = new();
    private readonly List<ClosureTemplate> _closures = [];
    private readonly Dictionary<LuaString, int> _stringIndex = new(LuaStringComparer.Instance);
    private readonly Dictionary<long, int> _numberIndex = [];   // by their bits; 0 and -0 are one constant, as in Lua 5.1
    private readonly Dictionary<string, int> _tagIndex = [];
    private int _maxRegisters = 2;

    /// <summary>The first register not in use.</summary>
    internal int Free { get; private set; }
    /// <summary>Registers below hold active local variables.</summary>
    internal int ActiveRegisters { get; set; }
    internal int Position => _code.Count;

    internal int Emit(Op op, int a, int b, int c, int d, int line)
    {
        _code.Add(new Instruction(op, a, b, c, d));
        _lines.Add(line);
        return _code.Count - 1;
    }

    /// <summary>A jump whose target is not known yet.</summary>
    internal int EmitJump(int line) => Emit(Op.Jump, 0, 0, 0, 0, line);

    internal void EmitJumpTo(int target, int line) => Emit(Op.Jump, 0, 0, 0, target - Position - 1, line);

    internal void Patch(int jump, int target) => _code[jump].D = target - jump - 1;

    internal void PatchHere(List<int> jumps)
    {
        foreach (var jump in jumps) Patch(jump, Position);
    }

    internal void SetSizes(int newTable, int array, int hash)
    {
        hash = Math.Min(hash, 65535);
        _code[newTable] = new Instruction(Op.NewTable, _code[newTable].A, hash & 255, hash >> 8, array);
    }

    internal int Reserve(int count, int line)
    {
        var first = Free;
        Free += count;
        if (Free > Limits.Registers) throw new LuaSyntaxError($"{chunk.Shown}:{line}: function or expression too complex");
        _maxRegisters = Math.Max(_maxRegisters, Free);
        return first;
    }

    internal void Release(int free) => Free = free;

    internal int Constant(in LuaValue value)
    {
        int index;
        if (value.Ref is LuaString s)
        {
            if (!_stringIndex.TryGetValue(s, out index)) _stringIndex.Add(s, index = Append(value));
        }
        else if (value.IsNumber)
        {
            var bits = BitConverter.DoubleToInt64Bits(value.Num == 0 ? 0 : value.Num);
            if (!_numberIndex.TryGetValue(bits, out index)) _numberIndex.Add(bits, index = Append(value));
        }
        else
        {
            var tag = (string?)value.Ref ?? "nil";
            if (!_tagIndex.TryGetValue(tag, out index)) _tagIndex.Add(tag, index = Append(value));
        }
        return index;
    }

    internal int Closure(ClosureTemplate template)
    {
        _closures.Add(template);
        return _closures.Count - 1;
    }

    internal void Name(int pc, int slot, Expr operand)
    {
        while (operand is ParenExpr paren) operand = paren.Inner;
        switch (operand)
        {
            case LocalExpr local: Name(pc, slot, NameKind.Local, local.Variable.Name); break;
            case UpvalueExpr upvalue: Name(pc, slot, NameKind.Upvalue, upvalue.Name); break;
            case GlobalExpr global: Name(pc, slot, NameKind.Global, global.Name); break;
            case IndexExpr { Key: ConstantExpr { Value.Ref: LuaString field } }: Name(pc, slot, NameKind.Field, field); break;
            case IndexExpr: Name(pc, slot, NameKind.Field, UnknownField); break;
            // `a and b or c`: the reference takes the last operand for the name, whatever the value was.
            case LogicExpr { IsAnd: false, Items: [.., LogicExpr, var last] }: Name(pc, slot, last); break;
        }
    }

    internal void Name(int pc, int slot, NameKind kind, LuaString name) => _names.Add(new OperandName(pc, slot, kind, name));

    internal Proto Build() => new()
    {
        Chunk = chunk.Shown,
        Source = chunk.Source,
        Code = _code.ToArray(),
        Constants = _constants.ToArray(),
        Closures = [.. _closures],
        Lines = [.. _lines],
        Names = _names.ToArray(),
        Registers = _maxRegisters,
        Parameters = signature.Parameters.Count,
        IsVararg = signature.IsVararg,
        UpvalueCount = signature.UpvalueNames.Count,
        Line = signature.Line,
        LastLine = signature.LastLine,
    };

    private static readonly LuaString UnknownField = LuaString.From("?");

    private int Append(in LuaValue value)
    {
        _constants.Add(value);
        return _constants.Count - 1;
    }
}

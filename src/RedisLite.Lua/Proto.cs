namespace RedisLite.Lua;

// One instruction in 8 bytes, read field by field. R[x] is a register of the frame, K[x] a constant. Where Lua 5.1 lets one
// operand be a register or a constant, there are two opcodes instead, so that no instruction decodes its operands twice.
internal enum Op : byte
{
    Move, LoadK, LoadNil, LoadTrue, LoadFalse,      // R[A] = R[B] | K[D] | nil for R[A]..R[B] | true | false
    GetUpvalue, SetUpvalue,                         // R[A] = U[B] ; U[B] = R[A]
    NewBox, GetBox, SetBox,                         // R[A] = box(R[A]) ; R[A] = R[B].value ; R[A].value = R[B]
    GetGlobal, SetGlobal,                           // R[A] = env[K[D]] ; env[K[D]] = R[A]
    GetTable, GetField, GetInt,                     // R[A] = R[B][R[C]] | R[B][K[D]] | R[B][D]
    SetTable, SetField, SetInt,                     // R[A][R[B]] | R[A][K[D]] | R[A][D] = R[C]
    NewTable, Self, SetList,                        // A, sizes: D array, B+256C hash ; R[A+1] = R[B], R[A] = R[B][K[D]] ; R[A][D+i] = R[A+i], i in 1..B (0: to top)
    Add, Subtract, Multiply, Divide, Modulo, Power,          // R[A] = R[B] op R[C], in the order of BinaryOp
    AddK, SubtractK, MultiplyK, DivideK, ModuloK, PowerK,    // R[A] = R[B] op K[D], a number
    Minus, Not, Length, Concat,                     // R[A] = op R[B] ; R[A] = R[B] .. ... .. R[C]
    Jump,                                           // pc += D
    Test, TestSet,                                  // if truth(R[A]) == C: pc += D ; the same of R[B], and R[A] = R[B] when it jumps
    Equal, EqualK, Less, LessEqual,                 // if (R[A] op R[B]) == C: pc += D ; K[B] for EqualK
    LessK, LessEqualK, GreaterK, GreaterEqualK,     // the same with the number K[B]
    Call, TailCall,                                 // R[A].. = R[A](R[A+1]..): B-1 arguments (0: to top), C-1 results (0: all)
    Return, Return0, Return1,                       // B-1 values from R[A] (0: to top) ; none ; one
    ForPrep, ForLoop, ForCall, ForTest,             // numeric for: R[A] index, limit, step, variable ; generic: function, state, control, C variables
    ArgTable,                                       // R[A] = { n = number of varargs, varargs }
    Closure, Vararg,                                // R[A] = closure of Closures[D] ; R[A].. = B-1 varargs (0: all)
}

internal struct Instruction(Op op, int a, int b, int c, int d)
{
    internal Op Op = op;
    internal byte A = (byte)a, B = (byte)b, C = (byte)c;
    internal int D = d;
}

internal readonly record struct Capture(bool FromRegister, int Index);

internal sealed record ClosureTemplate(Proto Proto, Capture[] Captures);

internal enum NameKind : byte { None, Local, Upvalue, Global, Field, Method }

/// <summary>How messages name the operand in the given slot of the instruction at Pc.</summary>
internal readonly record struct OperandName(int Pc, int Slot, NameKind Kind, LuaString? Name)
{
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} '{Name}'";
}

internal sealed record FunctionSignature(List<LocalVariable> Parameters, bool IsVararg, int Line, int LastLine, List<LuaString> UpvalueNames)
{
    /// <summary>The implicit local `arg` of a vararg function, and whether it must hold the table of the varargs.</summary>
    internal LocalVariable? Arg { get; init; }
    internal bool NeedsArg { get; init; }
}

/// <summary>The compiled code of one function: immutable, shared by closures, threads and runtimes.</summary>
internal sealed class Proto
{
    /// <summary>As messages show the chunk.</summary>
    internal required string Chunk { get; init; }
    /// <summary>As debug information gives it: "@name", or the text of a chunk made by loadstring.</summary>
    internal required string Source { get; init; }
    internal required Instruction[] Code { get; init; }
    internal required LuaValue[] Constants { get; init; }
    internal required ClosureTemplate[] Closures { get; init; }
    internal required int[] Lines { get; init; }
    internal required OperandName[] Names { get; init; }
    internal required int Registers { get; init; }
    internal required int Parameters { get; init; }
    internal required bool IsVararg { get; init; }
    internal required int UpvalueCount { get; init; }
    internal required int Line { get; init; }
    internal required int LastLine { get; init; }

    /// <summary>Bytes of code and constants, this function and the inner ones: what a cache of scripts accounts.</summary>
    internal long SizeInBytes
    {
        get
        {
            var bytes = 200 + (Code.Length * 12L) + (Constants.Length * 16L) + (Names.Length * 24L);
            foreach (var constant in Constants)
                if (constant.Ref is LuaString s) bytes += 48L + s.Length;
            foreach (var closure in Closures) bytes += closure.Proto.SizeInBytes;
            return bytes;
        }
    }

    internal OperandName NameOf(int pc, int slot)
    {
        foreach (var name in Names)
        {
            if (name.Pc == pc && name.Slot == slot) return name;
        }
        return default;
    }
}

namespace RedisLite.Lua;

// The tree of one function body. It exists only between the parser and the compiler: the compiler must know, when it meets the
// declaration of a local variable, whether an inner function will capture it (then it lives in a Box), and a single pass cannot.

internal sealed class LocalVariable(LuaString name)
{
    internal readonly LuaString Name = name;
    internal bool Captured;
    internal int Register = -1;
}

/// <summary>Where a closure finds an upvalue when it is created: a captured local of the enclosing function or one of its upvalues.</summary>
internal sealed record UpvalueSource(LuaString Name, LocalVariable? Local, int Index);

internal abstract class Expr(int line)
{
    internal readonly int Line = line;
    internal bool IsMulti => this is CallExpr or VarargExpr;
}

internal sealed class ConstantExpr(LuaValue value, int line) : Expr(line) { internal readonly LuaValue Value = value; }

internal sealed class VarargExpr(int line) : Expr(line);

internal sealed class FunctionExpr(Proto proto, List<UpvalueSource> upvalues, int line) : Expr(line)
{
    internal readonly Proto Proto = proto;
    internal readonly List<UpvalueSource> Upvalues = upvalues;
}

internal sealed class LocalExpr(LocalVariable variable, int line) : Expr(line) { internal readonly LocalVariable Variable = variable; }

internal sealed class UpvalueExpr(int index, LuaString name, int line) : Expr(line)
{
    internal readonly int Index = index;
    internal readonly LuaString Name = name;
}

internal sealed class GlobalExpr(LuaString name, int line) : Expr(line) { internal readonly LuaString Name = name; }

internal sealed class IndexExpr(Expr target, Expr key, int line) : Expr(line)
{
    internal readonly Expr Target = target;
    internal readonly Expr Key = key;
}

internal sealed class CallExpr(Expr function, LuaString? method, List<Expr> arguments, int line) : Expr(line)
{
    internal readonly Expr Function = function;
    internal readonly LuaString? Method = method;
    internal readonly List<Expr> Arguments = arguments;
}

internal sealed class ParenExpr(Expr inner, int line) : Expr(line) { internal readonly Expr Inner = inner; }

/// <summary>A chain of `and` or of `or`.</summary>
internal sealed class LogicExpr(bool isAnd, List<Expr> items, int line) : Expr(line)
{
    internal readonly bool IsAnd = isAnd;
    internal readonly List<Expr> Items = items;
}

internal sealed class ConcatExpr(List<Expr> items, int line) : Expr(line) { internal readonly List<Expr> Items = items; }

internal enum BinaryOp : byte { Add, Subtract, Multiply, Divide, Modulo, Power, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, Concat, And, Or, None }

internal sealed class BinaryExpr(BinaryOp op, Expr left, Expr right, int line) : Expr(line)
{
    internal readonly BinaryOp Op = op;
    internal readonly Expr Left = left;
    internal readonly Expr Right = right;
    internal bool IsComparison => Op >= BinaryOp.Equal;
}

internal enum UnaryOp : byte { Minus, Not, Length, None }

internal sealed class UnaryExpr(UnaryOp op, Expr operand, int line) : Expr(line)
{
    internal readonly UnaryOp Op = op;
    internal readonly Expr Operand = operand;
}

/// <summary>One field of a constructor; Key is null for a positional one.</summary>
internal sealed record TableField(Expr? Key, Expr Value);

internal sealed class TableExpr(List<TableField> fields, int line) : Expr(line) { internal readonly List<TableField> Fields = fields; }

internal abstract class Statement(int line) { internal readonly int Line = line; }

internal sealed class Block { internal readonly List<Statement> Statements = []; }

internal sealed class LocalStatement(List<LocalVariable> variables, List<Expr> values, int line) : Statement(line)
{
    internal readonly List<LocalVariable> Variables = variables;
    internal readonly List<Expr> Values = values;
}

internal sealed class LocalFunctionStatement(LocalVariable variable, FunctionExpr function, int line) : Statement(line)
{
    internal readonly LocalVariable Variable = variable;
    internal readonly FunctionExpr Function = function;
}

internal sealed class AssignStatement(List<Expr> targets, List<Expr> values, int line) : Statement(line)
{
    internal readonly List<Expr> Targets = targets;
    internal readonly List<Expr> Values = values;
}

internal sealed class CallStatement(CallExpr call, int line) : Statement(line) { internal readonly CallExpr Call = call; }

internal sealed class DoStatement(Block body, int line) : Statement(line) { internal readonly Block Body = body; }

internal sealed class WhileStatement(Expr condition, Block body, int line) : Statement(line)
{
    internal readonly Expr Condition = condition;
    internal readonly Block Body = body;
}

internal sealed class RepeatStatement(Block body, Expr condition, int line) : Statement(line)
{
    internal readonly Block Body = body;
    internal readonly Expr Condition = condition;
}

internal sealed class IfStatement(List<(Expr Condition, Block Body)> clauses, Block? otherwise, int line) : Statement(line)
{
    internal readonly List<(Expr Condition, Block Body)> Clauses = clauses;
    internal readonly Block? Otherwise = otherwise;
}

internal sealed class NumericForStatement(LocalVariable variable, List<Expr> bounds, Block body, int line, int doLine) : Statement(line)
{
    internal readonly LocalVariable Variable = variable;
    internal readonly List<Expr> Bounds = bounds;
    internal readonly Block Body = body;
    internal readonly int DoLine = doLine;
}

internal sealed class GenericForStatement(List<LocalVariable> variables, List<Expr> values, Block body, int line, int doLine) : Statement(line)
{
    internal readonly List<LocalVariable> Variables = variables;
    internal readonly List<Expr> Values = values;
    internal readonly Block Body = body;
    internal readonly int DoLine = doLine;
}

internal sealed class ReturnStatement(List<Expr> values, int line) : Statement(line) { internal readonly List<Expr> Values = values; }

internal sealed class BreakStatement(int line) : Statement(line);

namespace RedisLite.Lua;

// Recursive descent over the grammar of Lua 5.1, operator precedence by climbing. Names are resolved on the way: to a local of this
// function, to an upvalue (marking the local of an outer function as captured) or to a global. Every function is compiled as soon as
// its `end` is read. Nesting is bounded (Limits.HostCalls), so neither this recursion nor the compiler's can exhaust the .NET stack.
internal sealed class Parser
{
    // Suffix chains (a.b.c.d...) nest to the left without nesting in the grammar; the compiler recurses over them.
    private const int SuffixChainMax = 1000;

    private sealed class Scope(Scope? outer, int line)
    {
        internal readonly Scope? Outer = outer;
        internal readonly int Line = line;
        internal readonly List<LocalVariable> Active = [];
        internal readonly List<UpvalueSource> Upvalues = [];
        internal bool IsVararg;
        internal bool UsesDots;
        /// <summary>The local `arg` that Lua 5.1 still gives to vararg functions; nil in those that use `...`.</summary>
        internal LocalVariable? Arg;
        internal int LoopDepth;
    }

    private readonly Lexer _lexer;
    private readonly ChunkName _chunk;
    private Scope _scope;
    private int _level;

    private Parser(ReadOnlySpan<byte> source, ChunkName chunk)
    {
        _lexer = new Lexer(source, chunk.Shown);
        _chunk = chunk;
        _scope = new Scope(null, 0) { IsVararg = true };
    }

    /// <summary>Compiles a chunk. Throws LuaSyntaxError. The chunk name is shown in messages as it is given.</summary>
    internal static Proto Parse(ReadOnlySpan<byte> source, ChunkName chunk)
    {
        var parser = new Parser(source, chunk);
        parser._lexer.Advance();
        var body = parser.ParseBlock();
        if (parser._lexer.Token != Token.End) throw parser.Expected(Token.End);
        var signature = new FunctionSignature([], IsVararg: true, Line: 0, LastLine: parser._lexer.Line, UpvalueNames: []);
        return Compiler.Compile(chunk, signature, body);
    }

    // ---- blocks and statements

    private Block ParseBlock()
    {
        var active = _scope.Active.Count;
        var block = ParseOpenBlock();
        _scope.Active.RemoveRange(active, _scope.Active.Count - active);
        return block;
    }

    // The body of `repeat` stays open: its condition sees the locals of the body.
    private Block ParseOpenBlock()
    {
        EnterLevel();
        var block = new Block();
        var last = false;
        while (!last && !AtBlockEnd())
        {
            last = _lexer.Token is Token.Return or Token.Break;
            block.Statements.Add(ParseStatement());
            if (_lexer.Is(';')) _lexer.Advance();
        }
        _level--;
        return block;
    }

    private bool AtBlockEnd() => _lexer.Token is Token.Else or Token.ElseIf or Token.EndKeyword or Token.End or Token.Until;

    private Statement ParseStatement()
    {
        var line = _lexer.Line;
        switch (_lexer.Token)
        {
            case Token.If: return ParseIf(line);
            case Token.While: return ParseWhile(line);
            case Token.Do:
                _lexer.Advance();
                var body = ParseBlock();
                ExpectMatch(Token.EndKeyword, Token.Do, line);
                return new DoStatement(body, line);
            case Token.For: return ParseFor(line);
            case Token.Repeat: return ParseRepeat(line);
            case Token.Function: return ParseFunctionStatement(line);
            case Token.Local:
                _lexer.Advance();
                if (!Accept(Token.Function)) return ParseLocal(line);
                return ParseLocalFunction(line);
            case Token.Return: return ParseReturn();
            case Token.Break:
                _lexer.Advance();
                if (_scope.LoopDepth == 0) throw _lexer.ErrorNear("no loop to break");
                return new BreakStatement(line);
            default: return ParseExpressionStatement(line);
        }
    }

    private IfStatement ParseIf(int line)
    {
        var clauses = new List<(Expr, Block)>();
        do
        {
            _lexer.Advance();
            var condition = ParseExpr();
            Expect(Token.Then);
            clauses.Add((condition, ParseBlock()));
        }
        while (_lexer.Token == Token.ElseIf);
        var otherwise = Accept(Token.Else) ? ParseBlock() : null;
        ExpectMatch(Token.EndKeyword, Token.If, line);
        return new IfStatement(clauses, otherwise, line);
    }

    private WhileStatement ParseWhile(int line)
    {
        _lexer.Advance();
        var condition = ParseExpr();
        Expect(Token.Do);
        var body = ParseLoopBody();
        ExpectMatch(Token.EndKeyword, Token.While, line);
        return new WhileStatement(condition, body, line);
    }

    private Block ParseLoopBody()
    {
        _scope.LoopDepth++;
        var body = ParseBlock();
        _scope.LoopDepth--;
        return body;
    }

    private RepeatStatement ParseRepeat(int line)
    {
        _lexer.Advance();
        var active = _scope.Active.Count;
        _scope.LoopDepth++;
        var body = ParseOpenBlock();
        _scope.LoopDepth--;
        ExpectMatch(Token.Until, Token.Repeat, line);
        var condition = ParseExpr();
        _scope.Active.RemoveRange(active, _scope.Active.Count - active);
        return new RepeatStatement(body, condition, _lexer.LastLine);
    }

    private Statement ParseFor(int line)
    {
        _lexer.Advance();
        var first = ExpectName();
        Statement statement;
        var active = _scope.Active.Count;
        if (_lexer.Is('=')) statement = ParseNumericFor(first, line);
        else if (_lexer.Is(',') || _lexer.Token == Token.In) statement = ParseGenericFor(first, line);
        else throw _lexer.ErrorNear("'=' or 'in' expected");
        _scope.Active.RemoveRange(active, _scope.Active.Count - active);
        ExpectMatch(Token.EndKeyword, Token.For, line);
        return statement;
    }

    private NumericForStatement ParseNumericFor(LuaString name, int line)
    {
        _lexer.Advance();
        var bounds = new List<Expr> { ParseExpr() };
        ExpectChar(',');
        bounds.Add(ParseExpr());
        if (AcceptChar(',')) bounds.Add(ParseExpr());
        DeclareHidden(3);
        Expect(Token.Do);
        var doLine = _lexer.LastLine;
        var variable = Declare(name);
        return new NumericForStatement(variable, bounds, ParseLoopBody(), line, doLine);
    }

    private GenericForStatement ParseGenericFor(LuaString first, int line)
    {
        var names = new List<LuaString> { first };
        while (AcceptChar(',')) names.Add(ExpectName());
        Expect(Token.In);
        var values = ParseExprList();
        DeclareHidden(3);
        Expect(Token.Do);
        var doLine = _lexer.LastLine;
        var variables = names.ConvertAll(Declare);
        return new GenericForStatement(variables, values, ParseLoopBody(), line, doLine);
    }

    private void DeclareHidden(int count)
    {
        for (var i = 0; i < count; i++) Declare(HiddenName);
    }

    private static readonly LuaString HiddenName = LuaString.From("(for state)");

    private AssignStatement ParseFunctionStatement(int line)
    {
        _lexer.Advance();
        var target = Resolve(ExpectName());
        var isMethod = false;
        while (_lexer.Is('.') || _lexer.Is(':'))
        {
            isMethod = _lexer.Is(':');
            _lexer.Advance();
            var key = ExpectName();
            target = new IndexExpr(target, new ConstantExpr(key, _lexer.LastLine), _lexer.LastLine);
            if (isMethod) break;
        }
        var function = ParseFunctionBody(isMethod, line);
        return new AssignStatement([target], [function], line);
    }

    private LocalFunctionStatement ParseLocalFunction(int line)
    {
        var variable = Declare(ExpectName());
        return new LocalFunctionStatement(variable, ParseFunctionBody(isMethod: false, _lexer.Line), line);
    }

    private LocalStatement ParseLocal(int line)
    {
        var names = new List<LuaString>();
        do names.Add(ExpectName());
        while (AcceptChar(','));
        var values = AcceptChar('=') ? ParseExprList() : [];
        return new LocalStatement(names.ConvertAll(Declare), values, _lexer.LastLine);
    }

    private ReturnStatement ParseReturn()
    {
        _lexer.Advance();
        var values = AtBlockEnd() || _lexer.Is(';') ? [] : ParseExprList();
        return new ReturnStatement(values, _lexer.LastLine);
    }

    private Statement ParseExpressionStatement(int line)
    {
        var target = ParseSuffixed();
        if (target is CallExpr call) return new CallStatement(call, line);
        var targets = new List<Expr>();
        while (true)
        {
            if (target is not (LocalExpr or UpvalueExpr or GlobalExpr or IndexExpr)) throw _lexer.ErrorNear("syntax error");
            targets.Add(target);
            if (!AcceptChar(',')) break;
            target = ParseSuffixed();
            if (targets.Count > Limits.HostCalls - _level) throw TooMany(Limits.HostCalls - _level, "variables in assignment");
        }
        ExpectChar('=');
        return new AssignStatement(targets, ParseExprList(), _lexer.LastLine);
    }

    // ---- expressions

    private List<Expr> ParseExprList()
    {
        var list = new List<Expr> { ParseExpr() };
        while (AcceptChar(',')) list.Add(ParseExpr());
        return list;
    }

    private static readonly (byte Left, byte Right)[] Priorities =
    [
        (6, 6), (6, 6), (7, 7), (7, 7), (7, 7), (10, 9),                 // + - * / % ^
        (3, 3), (3, 3), (3, 3), (3, 3), (3, 3), (3, 3),                  // == ~= < <= > >=
        (5, 4), (2, 2), (1, 1), (0, 0),                                  // .. and or none
    ];
    private const int UnaryPriority = 8;

    private Expr ParseExpr(int limit = 0)
    {
        EnterLevel();
        var unary = CurrentUnary();
        Expr left;
        if (unary != UnaryOp.None)
        {
            _lexer.Advance();
            left = MakeUnary(unary, ParseExpr(UnaryPriority));
        }
        else
        {
            left = ParseSimple();
        }
        for (var op = CurrentBinary(); Priorities[(int)op].Left > limit; op = CurrentBinary())
        {
            _lexer.Advance();
            left = MakeBinary(op, left, ParseExpr(Priorities[(int)op].Right));
        }
        _level--;
        return left;
    }

    private UnaryOp CurrentUnary() =>
        _lexer.Token == Token.Not ? UnaryOp.Not : _lexer.Is('-') ? UnaryOp.Minus : _lexer.Is('#') ? UnaryOp.Length : UnaryOp.None;

    private BinaryOp CurrentBinary() => _lexer.Token switch
    {
        Token.And => BinaryOp.And,
        Token.Or => BinaryOp.Or,
        Token.Concat => BinaryOp.Concat,
        Token.Equal => BinaryOp.Equal,
        Token.NotEqual => BinaryOp.NotEqual,
        Token.LessEqual => BinaryOp.LessEqual,
        Token.GreaterEqual => BinaryOp.GreaterEqual,
        Token.Char => _lexer.Byte switch
        {
            (byte)'+' => BinaryOp.Add,
            (byte)'-' => BinaryOp.Subtract,
            (byte)'*' => BinaryOp.Multiply,
            (byte)'/' => BinaryOp.Divide,
            (byte)'%' => BinaryOp.Modulo,
            (byte)'^' => BinaryOp.Power,
            (byte)'<' => BinaryOp.Less,
            (byte)'>' => BinaryOp.Greater,
            _ => BinaryOp.None,
        },
        _ => BinaryOp.None,
    };

    private Expr MakeUnary(UnaryOp op, Expr operand)
    {
        if (op == UnaryOp.Minus && AsNumber(operand) is { } number) return new ConstantExpr(-number, _lexer.LastLine);
        return new UnaryExpr(op, operand, _lexer.LastLine);
    }

    private Expr MakeBinary(BinaryOp op, Expr left, Expr right)
    {
        var line = _lexer.LastLine;
        switch (op)
        {
            case BinaryOp.And or BinaryOp.Or:
                var isAnd = op == BinaryOp.And;
                if (AsConstant(left) is { } known && known.IsFalsy != isAnd) return new ParenExpr(right, line);   // decided by the right side alone
                if (left is not LogicExpr chain || chain.IsAnd != isAnd) chain = new LogicExpr(isAnd, [left], line);
                chain.Items.Add(right);
                return chain;
            case BinaryOp.Concat:
                if (right is not ConcatExpr concat) return new ConcatExpr([left, right], line);
                concat.Items.Insert(0, left);
                return concat;
        }
        if (op < BinaryOp.Equal && AsNumber(left) is { } a && AsNumber(right) is { } b && Fold(op, a, b) is { } folded)
            return new ConstantExpr(folded, line);
        return new BinaryExpr(op, left, right, line);
    }

    private static LuaValue? AsConstant(Expr e)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        return e is ConstantExpr constant ? constant.Value : default(LuaValue?);
    }

    private static double? AsNumber(Expr e)
    {
        while (e is ParenExpr paren) e = paren.Inner;
        return e is ConstantExpr { Value.IsNumber: true } constant ? constant.Value.Num : null;
    }

    private static double? Fold(BinaryOp op, double a, double b)
    {
        if (b == 0 && op is BinaryOp.Divide or BinaryOp.Modulo) return null;
        var result = Arithmetic.Compute(op, a, b);
        return double.IsNaN(result) ? null : result;
    }

    private Expr ParseSimple()
    {
        var line = _lexer.Line;
        LuaValue constant;
        switch (_lexer.Token)
        {
            case Token.Number: constant = _lexer.Number; break;
            case Token.String: constant = _lexer.Text; break;
            case Token.Nil: constant = default; break;
            case Token.True: constant = LuaValue.True; break;
            case Token.False: constant = LuaValue.False; break;
            case Token.Dots:
                if (!_scope.IsVararg) throw _lexer.ErrorNear("cannot use '...' outside a vararg function");
                _scope.UsesDots = true;
                _lexer.Advance();
                return new VarargExpr(line);
            case Token.Function:
                _lexer.Advance();
                return ParseFunctionBody(isMethod: false, line);
            default:
                return _lexer.Is('{') ? ParseTable() : ParseSuffixed();
        }
        _lexer.Advance();
        return new ConstantExpr(constant, line);
    }

    private Expr ParsePrimary()
    {
        var line = _lexer.Line;
        if (_lexer.Token == Token.Name) return Resolve(ExpectName());
        if (!_lexer.Is('(')) throw _lexer.ErrorNear("unexpected symbol");
        _lexer.Advance();
        var inner = ParseExpr();
        ExpectMatchChar(')', '(', line);
        return new ParenExpr(inner, _lexer.LastLine);
    }

    private Expr ParseSuffixed()
    {
        var e = ParsePrimary();
        for (var length = 0; ; length++)
        {
            if (length > SuffixChainMax) throw _lexer.Error("chunk has too many syntax levels");
            if (_lexer.Is('.'))
            {
                _lexer.Advance();
                var name = ExpectName();
                e = new IndexExpr(e, new ConstantExpr(name, _lexer.LastLine), _lexer.LastLine);
            }
            else if (_lexer.Is('['))
            {
                e = new IndexExpr(e, ParseBracketKey(), _lexer.LastLine);
            }
            else if (_lexer.Is(':'))
            {
                _lexer.Advance();
                e = ParseCall(e, ExpectName());
            }
            else if (_lexer.Is('(') || _lexer.Is('{') || _lexer.Token == Token.String)
            {
                e = ParseCall(e, null);
            }
            else
            {
                return e;
            }
        }
    }

    private Expr ParseBracketKey()
    {
        _lexer.Advance();
        var key = ParseExpr();
        ExpectChar(']');
        return key;
    }

    private CallExpr ParseCall(Expr function, LuaString? method)
    {
        var line = _lexer.Line;
        List<Expr> arguments;
        if (_lexer.Token == Token.String)
        {
            arguments = [new ConstantExpr(_lexer.Text, line)];
            _lexer.Advance();
        }
        else if (_lexer.Is('{'))
        {
            arguments = [ParseTable()];
        }
        else if (_lexer.Is('('))
        {
            if (line != _lexer.LastLine) throw _lexer.ErrorNear("ambiguous syntax (function call x new statement)");
            _lexer.Advance();
            arguments = _lexer.Is(')') ? [] : ParseExprList();
            ExpectMatchChar(')', '(', line);
        }
        else
        {
            throw _lexer.ErrorNear("function arguments expected");
        }
        return new CallExpr(function, method, arguments, line);
    }

    private TableExpr ParseTable()
    {
        var line = _lexer.Line;
        var fields = new List<TableField>();
        ExpectChar('{');
        while (!_lexer.Is('}'))
        {
            fields.Add(ParseField());
            if (!AcceptChar(',') && !AcceptChar(';')) break;
        }
        ExpectMatchChar('}', '{', line);
        return new TableExpr(fields, _lexer.LastLine);
    }

    private TableField ParseField()
    {
        Expr? key = null;
        if (_lexer.Token == Token.Name && _lexer.NextIs('='))
        {
            key = new ConstantExpr(_lexer.Text, _lexer.Line);
            _lexer.Advance();
        }
        else if (_lexer.Is('['))
        {
            key = ParseBracketKey();
        }
        if (key is not null) ExpectChar('=');
        return new TableField(key, ParseExpr());
    }

    private static readonly LuaString ArgName = LuaString.From("arg");
    private static readonly LuaString Self = LuaString.From("self");

    private FunctionExpr ParseFunctionBody(bool isMethod, int line)
    {
        var scope = _scope = new Scope(_scope, line);
        ExpectChar('(');
        var parameters = new List<LocalVariable>();
        if (isMethod) parameters.Add(Declare(_lexer.Intern(Self)));
        while (!_lexer.Is(')'))
        {
            if (Accept(Token.Dots))
            {
                scope.IsVararg = true;
                scope.Arg = Declare(_lexer.Intern(ArgName));
                break;
            }
            if (_lexer.Token != Token.Name) throw _lexer.ErrorNear("<name> or '...' expected");
            parameters.Add(Declare(ExpectName()));
            if (!AcceptChar(',')) break;
            if (_lexer.Is(')')) throw _lexer.ErrorNear("<name> or '...' expected");
        }
        ExpectChar(')');
        var body = ParseBlock();
        var lastLine = _lexer.Line;
        ExpectMatch(Token.EndKeyword, Token.Function, line);
        _scope = scope.Outer!;
        var names = scope.Upvalues.ConvertAll(u => u.Name);
        var signature = new FunctionSignature(parameters, scope.IsVararg, line, lastLine, names) { Arg = scope.Arg, NeedsArg = !scope.UsesDots };
        return new FunctionExpr(Compiler.Compile(_chunk, signature, body), scope.Upvalues, _lexer.LastLine);
    }

    // ---- names

    private LocalVariable Declare(LuaString name)
    {
        if (_scope.Active.Count >= Limits.Locals) throw TooMany(Limits.Locals, "local variables");
        var variable = new LocalVariable(name);
        _scope.Active.Add(variable);
        return variable;
    }

    private Expr Resolve(LuaString name)
    {
        var line = _lexer.LastLine;
        if (FindLocal(_scope, name) is { } local) return new LocalExpr(local, line);
        var upvalue = FindUpvalue(_scope, name);
        return upvalue >= 0 ? new UpvalueExpr(upvalue, name, line) : new GlobalExpr(name, line);
    }

    private static LocalVariable? FindLocal(Scope scope, LuaString name)
    {
        for (var i = scope.Active.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(scope.Active[i].Name, name)) return scope.Active[i];
        }
        return null;
    }

    private int FindUpvalue(Scope scope, LuaString name)
    {
        for (var i = 0; i < scope.Upvalues.Count; i++)
        {
            if (ReferenceEquals(scope.Upvalues[i].Name, name)) return i;
        }
        if (scope.Outer is null) return -1;
        UpvalueSource source;
        if (FindLocal(scope.Outer, name) is { } local)
        {
            local.Captured = true;
            source = new UpvalueSource(name, local, -1);
        }
        else
        {
            var outer = FindUpvalue(scope.Outer, name);
            if (outer < 0) return -1;
            source = new UpvalueSource(name, null, outer);
        }
        if (scope.Upvalues.Count >= Limits.Upvalues) throw TooMany(scope, Limits.Upvalues, "upvalues");
        scope.Upvalues.Add(source);
        return scope.Upvalues.Count - 1;
    }

    // ---- tokens

    private void EnterLevel()
    {
        if (++_level > Limits.HostCalls) throw _lexer.Error("chunk has too many syntax levels");
    }

    private LuaSyntaxError TooMany(int limit, string what) => TooMany(_scope, limit, what);

    private LuaSyntaxError TooMany(Scope scope, int limit, string what) =>
        _lexer.Error(scope.Line == 0 ? $"main function has more than {limit} {what}" : $"function at line {scope.Line} has more than {limit} {what}");

    private bool Accept(Token token)
    {
        if (_lexer.Token != token) return false;
        _lexer.Advance();
        return true;
    }

    private bool AcceptChar(char c)
    {
        if (!_lexer.Is(c)) return false;
        _lexer.Advance();
        return true;
    }

    private LuaSyntaxError Expected(Token token, byte b = 0) => _lexer.ErrorNear($"'{Lexer.Describe(token, b)}' expected");

    private void Expect(Token token)
    {
        if (!Accept(token)) throw Expected(token);
    }

    private void ExpectChar(char c)
    {
        if (!AcceptChar(c)) throw Expected(Token.Char, (byte)c);
    }

    private LuaString ExpectName()
    {
        if (_lexer.Token != Token.Name) throw Expected(Token.Name);
        var name = _lexer.Text;
        _lexer.Advance();
        return name;
    }

    private void ExpectMatch(Token what, Token opener, int line)
    {
        if (!Accept(what)) throw Unmatched(Lexer.Describe(what), Lexer.Describe(opener), line);
    }

    private void ExpectMatchChar(char what, char opener, int line)
    {
        if (!AcceptChar(what)) throw Unmatched(what.ToString(), opener.ToString(), line);
    }

    private LuaSyntaxError Unmatched(string what, string opener, int line) =>
        _lexer.ErrorNear(line == _lexer.Line ? $"'{what}' expected" : $"'{what}' expected (to close '{opener}' at line {line})");
}

using System.Globalization;

namespace RedisLite.Tests.Differential.Lua;

/// <summary>Random Lua programs from a seed. Each prints everything it computes; none depends on the order of pairs or on addresses.</summary>
internal sealed class LuaProgramGenerator(int seed)
{
    private readonly Random _random = new(seed);

    internal string Next(int kind) => (kind % 8) switch
    {
        0 => Values("local a,b,c,s,t,n = 3,-2.5,'10','abc',{1,2,x=5},nil\n", () => Expression(4)),
        1 => Values("", Format),
        2 => Values("", Pattern),
        3 => Values("", Coercion),
        4 => TableProgram(),
        5 => MetatableProgram(),
        6 => ErrorProgram(),
        _ => ControlProgram(),
    };

    private string Pick(params string[] items) => items[_random.Next(items.Length)];

    private string Values(string head, Func<string> expression)
    {
        var text = head;
        for (var i = 0; i < 6; i++) text += $"print(pcall(function() return {expression()} end))\n";
        return text;
    }

    // ---- expressions

    private string Expression(int depth)
    {
        if (depth == 0 || _random.Next(6) == 0) return Atom();
        switch (_random.Next(9))
        {
            case 0: return $"({Expression(depth - 1)} {Pick("==", "~=")} {Expression(depth - 1)})";
            case 1: return $"({Expression(depth - 1)} {Pick("<", "<=", ">", ">=")} {Expression(depth - 1)})";
            case 2: return $"({Expression(depth - 1)} {Pick("and", "or")} {Expression(depth - 1)} {Pick("and", "or")} {Expression(depth - 1)})";
            case 3: return $"({Expression(depth - 1)} .. {Expression(depth - 1)})";
            case 4: return $"(not {Expression(depth - 1)})";
            case 5: return $"-{Expression(depth - 1)}";
            case 6: return Pick("#s", "#t", "t.x", "t[1]", "t[a]", "#(s..s)", "s:upper()", "(#t+t.x)", "t.y", "tostring(b)", "tonumber(c)", "select('#',a,n)", "type(n)");
            default: return $"({Expression(depth - 1)} {Pick("+", "-", "*", "/", "%", "^", "+", "-", "*")} {Expression(depth - 1)})";
        }
    }

    private string Atom() => Pick("a", "b", "c", "s", "n", "t", "1", "2", "0.5", "-1", "1e3", "'7'", "' 0x10 '", "'x'", "true", "false", "nil", "3", "10", "''", Number());

    private string Number() => _random.Next(5) switch
    {
        0 => _random.Next(-1000, 1000).ToString(CultureInfo.InvariantCulture),
        1 => (_random.NextDouble() * 1000).ToString("R", CultureInfo.InvariantCulture),
        2 => Math.Pow(10, _random.Next(-300, 300)).ToString("R", CultureInfo.InvariantCulture),
        3 => $"0x{_random.Next():x}",
        _ => ((_random.NextDouble() - 0.5) * Math.Pow(2, _random.Next(-60, 60))).ToString("R", CultureInfo.InvariantCulture),
    };

    // ---- string.format, patterns, coercions

    private string Format()
    {
        var flags = "";
        for (var i = _random.Next(3); i > 0; i--) flags += Pick("-", "+", " ", "#", "0");
        var width = _random.Next(3) == 0 ? _random.Next(20).ToString(CultureInfo.InvariantCulture) : "";
        var precision = _random.Next(3) == 0 ? "." + _random.Next(20).ToString(CultureInfo.InvariantCulture) : "";
        var letter = Pick("d", "i", "u", "x", "X", "o", "e", "E", "f", "g", "G", "c", "s", "q");
        var value = letter switch
        {
            "s" or "q" => Pick("'abc'", "''", "'a\\0b'", "'line\\nbreak'", "12.5", "('x'):rep(120)", "'\"\\\\'"),
            "c" => _random.Next(1, 256).ToString(CultureInfo.InvariantCulture),
            "u" or "x" or "X" or "o" => _random.Next().ToString(CultureInfo.InvariantCulture),
            "d" or "i" => _random.Next(-100000, 100000).ToString(CultureInfo.InvariantCulture),
            _ => Pick(Number(), "1/0", "-1/0", "0", "'2.5'"),
        };
        if (letter == "q") return $"string.format('%q', {value})";
        if (letter is "s" or "c") flags = flags.Contains('-', StringComparison.Ordinal) ? "-" : "";
        return $"string.format('[%{flags}{width}{precision}{letter}]', {value})";
    }

    private string PatternItem() =>
        Pick("a", "b", ".", "%a", "%d", "%s", "%w", "%l", "%u", "%p", "%x", "[abc]", "[^a]", "[a-c]", "[%d_]", "%.", "x", "[]]", "[^%s]", "%A", "%W")
        + Pick("", "", "", "*", "+", "-", "?");

    private string PatternText()
    {
        var text = Pick("", "", "", "^");
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            text += _random.Next(8) switch
            {
                0 => "(" + PatternItem() + PatternItem() + ")",
                1 => "()",
                2 => "%b()",
                3 => "%f[%w]",
                4 => "(" + PatternItem() + ")" + Pick("%1", "", ""),
                _ => PatternItem(),
            };
        }
        if (_random.Next(20) == 0) text += Pick("%", "[", "(", ")", "%f", "[a", "%b", "%9");
        return text + Pick("", "", "$");
    }

    private string Subject()
    {
        var text = "";
        for (var i = _random.Next(14); i > 0; i--) text += Pick("a", "b", "c", "x", "1", "22", " ", ".", "(", ")", "_", "A", "aa", "hello");
        return text;
    }

    private string Pattern()
    {
        var (s, p) = (Subject(), PatternText());
        return _random.Next(5) switch
        {
            0 => $"string.find('{s}', '{p}'{Pick("", ", 2", ", -3", ", 100")})",
            1 => $"string.match('{s}', '{p}'{Pick("", ", 2")})",
            2 => $"string.gsub('{s}', '{p}', '{Pick("<%0>", "%1", "x", "", "%%", "%2")}'{Pick("", ", 1", ", 2")})",
            3 => $"string.gsub('{s}', '{p}', {Pick("{a='A',b=1}", "function(x) return x end", "string.upper", "function() return nil end", "function(...) return select('#',...) end")})",
            _ => $"(function() local o = {{}} for x, y in string.gmatch('{s}', '{p}') do o[#o+1] = tostring(x)..','..tostring(y) end return table.concat(o, ';') end)()",
        };
    }

    private string Coercion()
    {
        var text = Pick("10", " 5 ", "0x1F", "1e2", "1e", "", " ", "abc", "-7", "- 7", "+3", "0x", "1..2", "1_0", ".5", "5.", "0x1p4", "inf", "nan", "1e400", "1 2", "\\0", "9007199254740993", "\\t8\\n");
        return _random.Next(7) switch
        {
            0 => $"'{text}' + 1",
            1 => $"tonumber('{text}')",
            2 => $"tonumber('{text}', {_random.Next(2, 37)})",
            3 => $"'{text}' .. {Number()}",
            4 => $"tostring({Number()})",
            5 => $"-('{text}')",
            _ => $"('{text}') * '{Pick("2", "0x10", "x")}'",
        };
    }

    // ---- programs

    private string TableProgram()
    {
        var text = $"local t = {{{string.Join(",", Enumerable.Range(0, _random.Next(8)).Select(_ => _random.Next(100)))}}}\n";
        for (var i = 0; i < 12; i++)
        {
            text += _random.Next(9) switch
            {
                0 => $"table.insert(t, {_random.Next(100)})\n",
                1 => $"print(pcall(table.insert, t, {_random.Next(1, 6)}, {_random.Next(100)}))\n",
                2 => "print(table.remove(t))\n",
                3 => $"print(table.remove(t, {_random.Next(1, 5)}))\n",
                4 => "table.sort(t)\n",
                5 => "table.sort(t, function(x, y) return x > y end)\n",
                6 => $"print(table.concat(t, '{Pick(",", "", "--")}'))\n",
                7 => $"t[#t+1] = {_random.Next(100)}\n",
                _ => $"print(#t, t[{_random.Next(1, 8)}], table.maxn(t), next(t) ~= nil, unpack(t))\n",
            };
        }
        return text + "for i, v in ipairs(t) do io.write(i, '=', v, ' ') end print()\nlocal s = 0 for k, v in pairs(t) do s = s + k * v end print(s)\n";
    }

    private string MetatableProgram()
    {
        var events = new[] { "add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "eq", "lt", "le", "index", "newindex", "call", "tostring", "len" };
        var text = "local function show(x) return type(x) == 'table' and 'T' or tostring(x) end\nlocal m, m2 = {}, {}\n";
        foreach (var e in events)
        {
            if (_random.Next(3) == 0) continue;
            text += $"m.__{e} = function(...) io.write('{e}:') for i = 1, select('#', ...) do io.write(show((select(i, ...))), ' ') end return {Pick("1", "'r'", "nil", "true", "false", "...")} end\n";
        }
        text += "local a, b, c = setmetatable({}, m), setmetatable({k=1}, m), {}\n";
        if (_random.Next(2) == 0) text += "m2.__index = b; m2.__newindex = c; setmetatable(c, m2)\n";
        for (var i = 0; i < 10; i++)
        {
            var (x, y) = (Pick("a", "b", "c", "1", "'s'", "nil"), Pick("a", "b", "c", "2", "'7'"));
            text += "print(pcall(function() return show(" + _random.Next(7) switch
            {
                0 => $"{x} {Pick("+", "-", "*", "/", "%", "^")} {y}",
                1 => $"{x} .. {y}",
                2 => $"{x} {Pick("==", "~=", "<", "<=", ">", ">=")} {y}",
                3 => $"({x})({y}, 5)",
                4 => $"({y}).{Pick("k", "z", "rep")}",
                5 => $"-({y})",
                _ => $"#({x})",
            } + ") end))\n";
            if (_random.Next(3) == 0) text += $"print(pcall(function() {Pick("a", "b", "c")}.{Pick("k", "q")} = {i} end))\n";
        }
        return text + "print(rawget(a, 'q'), rawget(b, 'k'), rawget(b, 'q'), rawget(c, 'q'), rawequal(a, b))\n";
    }

    private string ErrorProgram()
    {
        var text = "local l, t, up = nil, {}, nil\nlocal function f() return up end\n";
        for (var i = 0; i < 8; i++)
        {
            var body = Pick(
                "l.x = 1", "t.x.y = 1", "g.x = 1", "up.x = 1", "l()", "t.x()", "t:m()", "g()", "up()", "return l + 1", "return t.x + 1", "return g * 2", "return 1 + up",
                "return 'a' .. l", "return t.x .. 'b'", "return {} .. 1", "return #l", "return #g", "return -t", "return 1 < 'x'", "return {} < {}", "return nil > 1", "return t <= 1",
                "error('m')", "error('m', 0)", "error('m', 2)", "error({})", "error()", "error(nil)", "error(42)", "string.rep()", "('x'):rep()", "('x'):bad()", "string.char(-1)",
                "table.concat({{}})", "setmetatable(1, {})", "tostring()", "ipairs()", "next({}, 'k')", "math.floor('x')", "for i = 1, 'y' do end", "for i = {}, 1 do end",
                "for k in 5 do end", "local a = {} a[nil] = 1", "local a = {} a[0/0] = 1", "assert(false)", "assert(nil, 'why')", "assert(1 == 1, 'no')", "select(0)", "unpack({}, 1, 1e7)",
                "string.format('%d', 'x')", "return f().x", "return t[1][2]", "return t[l]", "t[l] = 1", "return (l).x", "return t.a.b.c", "loadstring('x =')()", "return 2 ^ {}", "rawset({}, nil, 1)",
                "string.gsub('x', '(', '')", "('x'):find('[')", "math.random(0)", "coroutine.resume(1)", "setfenv(1, nil)", "getfenv(-1)", "xpcall()", "return tonumber('1', 99)", "local x <const> = 1");
            text += $"print(pcall(loadstring({Quote($"local l, t, up = ...\nlocal function f() return up end\nreturn (function() {body} end)()")}, '=c'), nil, {{}}, nil))\n";
            if (_random.Next(3) == 0) text += $"print(select(2, loadstring({Quote(BrokenSource())}, '=c')))\n";
        }
        return text;
    }

    private string BrokenSource() => Pick(
        "x = = 1", "for i = 1 do end", "if x then", "return return", "local function end", "x = 'abc", "x = [[abc", "y = 3x", "a.b:c = 1", "f(", "f(1,", "{}", "goto = 1 goto x", "break",
        "while true do", "repeat until", "x = }", "local 1 = 2", "return ...", "function f(...) return function() return ... end end", "x = \"\\300\"", "--[[ unfinished", "a = b c = d e", "for k, v in do end",
        "x = 1e", "f\n(1)", "local a, b, = 1", "x = {1, 2", "if a then else elseif b then end", "return 1 2", "function a.b.c:d.e() end", "x = a..", "not = 1", "x = 0x", "'str' = 1", "(a) = 1", "a() = 1", "x =\n\n)");

    private string ControlProgram()
    {
        var n = _random.Next(2, 7);
        return Pick(
            $"for i = 1, {n} do for j = i, {n}, {Pick("1", "2")} do if (i * j) % {n} == 1 then break end io.write(i * j, ' ') end end print()",
            $"local fs = {{}} for i = 1, {n} do local x = i fs[i] = function(d) x = x + d return x, i end end for i = 1, {n} do print(fs[i](i), fs[i](1)) end",
            $"local function va(...) local a, b = ... return select('#', ...), a, b, ... end print(va()) print(va(1)) print((va(1, nil, {n}))) print(va(nil, nil))",
            $"local i = 0 repeat local x = i * 2 i = i + 1 until x >= {n} print(i) while i > 0 do i = i - 1 if i == {n / 2} then break end end print(i)",
            $"local co = coroutine.wrap(function(a) for i = 1, {n} do a = coroutine.yield(a .. i) end return 'end' end) for i = 1, {n + 2} do print(pcall(co, 'x' .. i)) end",
            $"local co = coroutine.create(function(...) print('args', ...) local x = coroutine.yield(1, 2) print(x) error('oops {n}') end) print(coroutine.resume(co, {n})) print(coroutine.status(co)) print(coroutine.resume(co, 'v')) print(coroutine.status(co), coroutine.resume(co))",
            $"local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end print(fact({n * 5})) local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + n) end print(loop({n * 1000}, 0))",
            $"local t = {{}} for i = {n}, 1, -1 do t[i] = i * i end print(#t, table.concat(t, ',')) for i = 0.5, {n} do io.write(i, ' ') end for i = 3, 1 do io.write('never') end print()",
            $"local a, b, c = (function() return 1, 2, 3 end)() print(a, b, c) local d = {{(function() return {n}, 5 end)(), (function() return 6, 7 end)()}} print(#d, unpack(d)) a, b = b, a print(a, b) local q = {{1, 2}} local i = 1 i, q[i] = i + 1, 20 print(i, q[1], q[2])",
            $"local e = setmetatable({{}}, {{__index = _G}}) local f = loadstring('x = {n} return x, y') setfenv(f, e) print(f()) print(e.x, x, getfenv(f) == e) print(pcall(setfenv, print, {{}}))",
            $"print(pcall(pcall, error, 'e')) print(xpcall(function() error('in', 0) end, function(m) return m .. '!' end)) print(pcall(function() return pcall(error, {{}}) end)) print(select('#', pcall(function() return nil, nil end)))");
    }

    private static string Quote(string source) => "\"" + source.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}

using System.Text;
using RedisLite.Lua;
using Xunit;

namespace RedisLite.Tests.Lua;

/// <summary>Scripts that want to hurt: each must end in a clean error, and the runtime must work afterwards.</summary>
public sealed class LuaHostileTests
{
    [Theory]
    [InlineData("while true do end")]
    [InlineData("repeat until false")]
    [InlineData("for i = 1, math.huge do end")]
    [InlineData("local function f() return f() end f()")]
    [InlineData("while true do pcall(function() while true do end end) end")]
    [InlineData("pcall(pcall, function() while true do end end) while true do end")]
    [InlineData("coroutine.wrap(function() while true do end end)()")]
    [InlineData("local t = {} for i = 1, 100 do t[i] = i end while true do table.sort(t, function(a, b) return a < b end) end")]
    [InlineData("local s = ('a'):rep(5000) while true do s:find(('.-'):rep(20) .. 'b') end")]
    [InlineData("local f f = function(...) return f(1, ...) end return f()")]
    [InlineData("while true do ('x'):rep(1000000) end")]
    [InlineData("while true do table.concat({1, 2, 3}, ',') end")]
    [InlineData("load(function() return 'x = 1 ' end)")]
    [InlineData("setmetatable({}, {__index = function(t, k) return t[k] end})[1] = 1 while true do local x = #{} end")]
    public void Endless_work_meets_the_interrupt(string source)
    {
        var runtime = LuaRun.Limited(memory: 256 << 20, interruptsMax: 50);
        var caught = Record.Exception(() => LuaRun.Eval(source, runtime));
        Assert.True(caught is LuaTerminated or LuaError, caught?.ToString() ?? "no error");
        runtime.OnInterrupt = null;
        Assert.Equal("3", LuaRun.Text("return 1 + 2", runtime));
    }

    [Theory]
    [InlineData("local t = {} while true do t[#t + 1] = {} end")]
    [InlineData("local s = 'x' while true do s = s .. s end")]
    [InlineData("return ('x'):rep(2000000000)")]
    [InlineData("return ('x'):rep(1000000):rep(1000000)")]
    [InlineData("local t = {} for i = 1, 1e9 do t[i] = i end")]
    [InlineData("local t = {} for i = 1, 1e9 do t['k' .. i] = i end")]
    [InlineData("local t = {} while true do t[#t + 1] = function() return t end end")]
    [InlineData("local t = {} while true do t[#t + 1] = coroutine.create(function() end) end")]
    [InlineData("local t = {('x'):rep(100000)} while true do t[#t + 1] = table.concat(t) end")]
    [InlineData("local s = ('a'):rep(100000) while true do s = s:gsub('a', 'aa') end")]
    [InlineData("local t = {} for i = 1, 1e7 do t[i] = ('x'):rep(1000) .. i end")]
    [InlineData("return cjson.encode(('\\1'):rep(20000000))")]
    public void Memory_bombs_are_refused(string source)
    {
        var runtime = LuaRun.Limited(interruptsMax: 1_000_000);
        var error = LuaRun.Error(source, runtime);
        Assert.True(error.Contains("not enough memory", StringComparison.Ordinal) || error.Contains("stack overflow", StringComparison.Ordinal), error);
        Assert.Equal("3", LuaRun.Text("return 1 + 2", runtime));
        Assert.True(runtime.Meter.Measure() < 1 << 20, "memory is back");
    }

    [Theory]
    [InlineData("local function f() return 1 + f() end return f()", "user_script:1: stack overflow")]
    [InlineData("local t = {} t = setmetatable(t, {__index = function(_, k) return t[k + 1] end}) return t[1]", "C stack overflow")]
    [InlineData("local function f() return pcall(f) end return tostring(f())", "")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop in gettable")]
    [InlineData("local function f() coroutine.wrap(f)() end f()", "C stack overflow")]
    [InlineData("local function f(s) return s:gsub('.', f) end f('x')", "C stack overflow")]
    [InlineData("local t = {} t.t = t return cjson.encode(t)", "excessive nesting")]
    [InlineData("local t = {} t[1] = t return #cmsgpack.pack(t)", "")]
    [InlineData("return cjson.decode(('['):rep(100000))", "too many nested")]
    [InlineData("return cmsgpack.unpack(('\\145'):rep(100000))", "Bad data format")]
    [InlineData("return unpack({}, 1, 1e8)", "too many results to unpack")]
    [InlineData("return string.byte(('x'):rep(1e6), 1, -1)", "string slice too long")]
    [InlineData("return (('a'):rep(400)):find(('a?'):rep(400))", "pattern too complex")]
    [InlineData("return (('a'):rep(30) .. 'b'):find(('a*'):rep(30) .. 'c')", "pattern too complex")]
    [InlineData("return struct.pack('i9999999999', 1)", "integral size overflow")]
    [InlineData("return struct.pack('c2147483647', 'x')", "string too short")]
    [InlineData("return table.concat({}, ',', 1, 2147483647)", "invalid value (nil) at index 1")]
    public void Deep_recursion_is_a_clean_error(string source, string expected)
    {
        var runtime = LuaRun.Limited(interruptsMax: 1_000_000);
        Assert.Contains(expected, LuaRun.Error(source, runtime), StringComparison.Ordinal);
        Assert.Equal("3", LuaRun.Text("return 1 + 2", runtime));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("{", "}")]
    [InlineData("function() return ", " end")]
    [InlineData("- ", "")]
    [InlineData("not ", "")]
    [InlineData("1 .. ", "")]
    [InlineData("2 ^ ", "")]
    public void Nested_source_is_refused_not_followed(string open, string close)
    {
        var source = "return " + string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
        Assert.Contains("too many syntax levels", LuaRun.Error(source), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("return 1", " + x", "attempt to perform arithmetic")]
    [InlineData("return x", ".y", "too many syntax levels")]
    [InlineData("return x", "()", "too many syntax levels")]
    [InlineData("return x", " or y", "no error")]
    [InlineData("if x then ", " elseif x then ", "expected")]
    [InlineData("local a = 1 ", " local a = 1 ", "more than 200 local variables")]
    public void Long_source_compiles_or_is_refused(string head, string repeated, string expected) =>
        Assert.Contains(expected, LuaRun.Error(head + string.Concat(Enumerable.Repeat(repeated, 20_000))), StringComparison.Ordinal);

    [Fact]
    public void Mutated_programs_never_crash()
    {
        string[] seeds =
        [
            "local t = {1, 2, 3, x = 'y'} for k, v in pairs(t) do t[k] = tostring(v) .. 'z' end return #t, table.concat(t, ',')",
            "local function f(a, ...) local b, c = ... if a > 0 then return f(a - 1, c, b, ...) end return select('#', ...) end return f(5, 1, 2)",
            "local co = coroutine.wrap(function(x) while true do x = coroutine.yield(x * 2) end end) for i = 1, 9 do co(i) end return co(3)",
            "return (string.gsub('hello world', '(%w+) (%w+)', '%2 %1')), string.format('%5.2f %s %q', 3.14159, 'x', 'y'), ('abc'):find('b', 1, true)",
            "local m = setmetatable({}, {__index = function(t, k) return k end, __call = function(self, n) return n end}) return m.x, m(4), cjson.encode({1, {a = m.y}})",
            "local s = struct.pack('>I4i2', 7, -2) local a, b = struct.unpack('>I4i2', s) return a + b, cmsgpack.unpack(cmsgpack.pack({a, b})), bit.bxor(a, 5)",
        ];
        var random = new Random(11);
        for (var i = 0; i < 4000; i++)
        {
            var bytes = Encoding.Latin1.GetBytes(seeds[random.Next(seeds.Length)]).ToList();
            for (var n = random.Next(1, 6); n > 0; n--) Mutate(bytes, random, seeds);
            var runtime = LuaRun.Limited(memory: 8 << 20, interruptsMax: 20);
            var caught = Record.Exception(() => runtime.Call(runtime.NewFunction(LuaRuntime.Compile([.. bytes], "user_script"))));
            Assert.True(caught is null or LuaError or LuaSyntaxError or LuaTerminated, $"{Encoding.Latin1.GetString([.. bytes])}\n{caught}");
        }
    }

    private static void Mutate(List<byte> bytes, Random random, string[] seeds)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(5))
        {
            case 0: bytes.RemoveAt(at); break;
            case 1: bytes[at] = (byte)random.Next(256); break;
            case 2: bytes.Insert(at, (byte)"(){}[],.;:=+-*/%^#<>~\"'0123456789abcxyz "[random.Next(40)]); break;
            case 3: bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at)); break;
            default:
                var other = seeds[random.Next(seeds.Length)];
                var from = random.Next(other.Length);
                bytes.InsertRange(at, Encoding.Latin1.GetBytes(other.Substring(from, Math.Min(random.Next(30), other.Length - from))));
                break;
        }
        if (bytes.Count == 0) bytes.Add((byte)' ');
    }
}

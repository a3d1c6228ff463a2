using System.Text;
using RedisLite.Lua;
using Xunit;

namespace RedisLite.Tests.Lua;

public sealed class LuaHostTests
{
    [Theory]
    [InlineData("return 10 / 2", "5")]
    [InlineData("return 0.1 + 0.2", "0.3")]
    [InlineData("return 2 ^ 53", "9.007199254741e+15")]
    [InlineData("return '0x10' + 1", "17")]
    [InlineData("return #'abc' .. #{1, 2, 3}", "33")]
    [InlineData("local a = {} for i = 1, 10 do a[i] = i end return table.concat(a, ',')", "1,2,3,4,5,6,7,8,9,10")]
    [InlineData("local t = {} t.z = 1 t.a = 2 t[3] = 3 local s = '' for k in pairs(t) do s = s .. k end return s", "za3")]
    public void Values_print_as_in_lua(string source, string expected) => Assert.Equal(expected, LuaRun.Text(source));

    [Theory]
    [InlineData("x = 1", "user_script:1: Attempt to modify a readonly table")]
    [InlineData("return x", "user_script:1: Script attempted to access nonexistent global variable 'x'")]
    [InlineData("string.x = 1", "user_script:1: Attempt to modify a readonly table")]
    [InlineData("rawset(_G, 'x', 1)", "Attempt to modify a readonly table")]
    [InlineData("table.insert(string, 1)", "Attempt to modify a readonly table")]
    [InlineData("setmetatable(_G, {})", "Attempt to modify a readonly table")]
    [InlineData("getmetatable('').x = 1", "user_script:1: Attempt to modify a readonly table")]
    [InlineData("\n\nlocal a a.b = 1", "user_script:3: attempt to index local 'a' (a nil value)")]
    public void Sealed_globals_answer_as_redis_does(string source, string expected)
    {
        var runtime = new LuaRuntime();
        runtime.ProtectGlobals();
        Assert.Equal(expected, LuaRun.Error(source, runtime));
    }

    [Fact]
    public void Host_functions_see_arguments_and_push_results()
    {
        var runtime = new LuaRuntime();
        runtime.Register(runtime.Globals, "swap", call => call.Return(call[1], call[0]));
        runtime.Register(runtime.Globals, "many", call =>
        {
            for (var i = 0; i < 100; i++) call.Push(i);
            return 100;
        });
        Assert.Equal("2:1", LuaRun.Text("local a, b = swap(1, 2) return a .. ':' .. b", runtime));
        Assert.Equal("100:99", LuaRun.Text("local t = {many()} return #t .. ':' .. select(100, many())", runtime));
    }

    [Fact]
    public void Host_functions_can_call_back_and_throw_tables()
    {
        var runtime = new LuaRuntime();
        runtime.Register(runtime.Globals, "twice", call => call.Return(call.Runtime.Call(call.CheckFunction(0), call.Runtime.Call(call.CheckFunction(0), call[1]))));
        runtime.Register(runtime.Globals, "fail", call =>
        {
            var table = call.Runtime.NewTable();
            table["err"] = LuaValue.Of("ERR no");
            throw new LuaError(table);
        });
        Assert.Equal("12", LuaRun.Text("return twice(function(x) return x * 2 end, 3)", runtime));
        Assert.Equal("ERR no", LuaRun.Text("local ok, e = pcall(fail) return e.err", runtime));
        Assert.Equal("false", LuaRun.Text("return tostring((pcall(twice, function(x) error('x') end, 1)))", runtime));
    }

    [Fact]
    public void Proto_is_shared_between_runtimes()
    {
        var proto = LuaRuntime.Compile("local n = ... n = n + 1 return n"u8, "user_script");
        var (a, b) = (new LuaRuntime(), new LuaRuntime());
        Assert.Equal(6, a.Call(a.NewFunction(proto), 5).Num);
        Assert.Equal(8, b.Call(b.NewFunction(proto), 7).Num);
        Assert.True(proto.SizeInBytes > 0);
    }

    [Fact]
    public void Random_is_the_sequence_of_redis()
    {
        var runtime = new LuaRuntime();
        Assert.Equal("0.39646477363839", LuaRun.Text("return math.random() .. ''", runtime));
        Assert.Equal("85,36", LuaRun.Text("return math.random(100) .. ',' .. math.random(100)", runtime));
        Assert.Equal("0.52483957937213", LuaRun.Text("math.randomseed(5) return math.random() .. ''", runtime));
    }

    [Fact]
    public void Weird_table_sizes_keep_invariants()
    {
        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            var table = new LuaRuntime().NewTable(random.Next(5), random.Next(5));
            var model = new Dictionary<double, double>();
            for (var i = 0; i < 500; i++)
            {
                double key = random.Next(3) == 0 ? random.Next(1000) / 2.0 : random.Next(40);
                if (random.Next(3) == 0)
                {
                    table.Set(key, default);
                    model.Remove(key);
                }
                else
                {
                    table.Set(key, i);
                    model[key] = i;
                }
            }
            table.CheckInvariants();
            var seen = 0;
            for (var position = 0; table.EntryFrom(position, out var key, out var value); position = table.PositionAfter(key), seen++)
                Assert.Equal(model[key.Num], value.Num);
            Assert.Equal(model.Count, seen);
            var border = table.Length;
            Assert.True(border == 0 || model.ContainsKey(border));
            Assert.False(model.ContainsKey(border + 1));
        }
    }

    [Fact]
    public void Os_clock_comes_from_the_host()
    {
        var runtime = new LuaRuntime { Clock = () => 1.5 };
        Assert.Equal("1.5", LuaRun.Text("return os.clock() .. ''", runtime));
        Assert.Equal("nil", LuaRun.Text("return tostring(os.time)", runtime));
    }

    [Fact]
    public void Chunk_may_start_with_a_hash_line_and_bytecode_is_refused()
    {
        Assert.Equal("1", LuaRun.Text("#!lua name=x\nreturn 1"));
        Assert.StartsWith("user_script:1:", LuaRun.Error(Encoding.Latin1.GetString([27, (byte)'L', (byte)'u', (byte)'a', 0x51])), StringComparison.Ordinal);
        Assert.Contains("attempt to call a nil value", LuaRun.Error("return loadstring(string.dump(function() end))()"), StringComparison.Ordinal);
    }
}

using System.Text;
using System.Text.RegularExpressions;
using RedisLite.Testing;
using RedisLite.Testing.Workloads;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Scripts that mean harm: each ends in a clean error within its limit, others are served afterwards, and the memory is back.</summary>
public class HostileScriptTests
{
    private const long WorldBytesMax = 2_000_000;

    private readonly TestEngine _redis = new();

    public HostileScriptTests()
    {
        _redis.Run("CONFIG SET busy-reply-threshold 10");
        _redis.Clock.PerReading = TimeSpan.FromMilliseconds(2);
        var other = _redis.Connect();
        _redis.Engine.OnBusy = () => other.Run(_redis.Engine.Scripts.Run.HasWritten ? "PING" : "SCRIPT KILL");
    }

    [Theory]
    [InlineData("while true do end", "Script killed by user")]
    [InlineData("while true do pcall(function() while true do end end) end", "Script killed by user")]
    [InlineData("repeat local ok = pcall(error) until false", "Script killed by user")]
    [InlineData("for i = 1, 1/0 do end", "Script killed by user")]
    [InlineData("while true do redis.call('ping') end", "Script killed by user")]
    [InlineData("local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end", "Script killed by user")]
    [InlineData("local function f() return f() end return f()", "Script killed by user")]
    [InlineData("local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]", "stack overflow")]
    [InlineData("local function f() return 1 + f() end return f()", "stack overflow")]
    [InlineData("local function f() return pcall(f) end return f()", null)]
    [InlineData("local s = 'x' while true do s = s .. s end", "not enough memory")]
    [InlineData("local s = string.rep('x', 1000000) local t = {} while true do t[#t + 1] = s .. #t end", "not enough memory")]
    [InlineData("local t = {} while true do t = {t, t} end", null)]
    [InlineData("return string.rep('x', 1e10)", "not enough memory")]
    [InlineData("return #string.rep(string.rep('x', 1000000), 1000000)", "not enough memory")]
    [InlineData("local t = {} t[1] = t return cjson.encode(t)", "excessive nesting")]
    [InlineData("local t = {} t.t = t return #cmsgpack.pack(t)", null)]
    [InlineData("return cjson.decode(string.rep('[', 100000))", "nested")]
    [InlineData("return cjson.encode({[1] = 1, [1e9] = 2})", "sparse")]
    [InlineData("return string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')", null)]
    [InlineData("return string.find(string.rep('a', 200000), '.-.-.-.-b')", null)]
    [InlineData("return string.match(string.rep('(', 1000), string.rep('(', 40))", "captures")]
    [InlineData("return loadstring(string.rep('(', 100000) .. '1' .. string.rep(')', 100000))()", "nil value")]
    [InlineData("return unpack({}, 1, 1e8)", "too many results")]
    [InlineData("return table.concat({}, 'x', 1, 1e8)", "invalid value")]
    [InlineData("return string.format('%99999d', 1)", "invalid format")]
    [InlineData("return {string.byte(string.rep('x', 100000), 1, -1)}", "string slice too long")]
    [InlineData("return struct.pack('i99', 1)", "integral size")]
    [InlineData("table.sort({3, 2, 1}, function() return true end) return 1", null)]
    public void It_ends_in_a_clean_error(string script, string? error)
    {
        var reply = _redis.RunArgs("EVAL", script, "0");
        if (error is not null) Assert.Contains(error, reply, StringComparison.Ordinal);
        AssertServesOthers();
    }

    [Theory]
    [InlineData("redis.call = print")]
    [InlineData("_G.redis = nil")]
    [InlineData("string.rep = nil")]
    [InlineData("table.insert(math, 1)")]
    [InlineData("rawset(_G, 'x', 1)")]
    [InlineData("setmetatable(_G, {})")]
    [InlineData("getmetatable('').__index = nil")]
    [InlineData("getmetatable(_G).__index = nil")]
    [InlineData("getfenv().x = 1")]
    [InlineData("loadstring('x = 1')()")]
    public void The_globals_stay_as_they_are(string script)
    {
        Assert.Contains("Attempt to modify a readonly table", _redis.RunArgs("EVAL", script, "0").Replace("attempt to index global 'print' (a nil value)", "", StringComparison.Ordinal)
            .Replace("Script attempted to access nonexistent global variable 'print'", "Attempt to modify a readonly table", StringComparison.Ordinal));
        Assert.Equal("xx", _redis.RunArgs("EVAL", "return ('x'):rep(2)", "0"));
        AssertServesOthers();
    }

    [Fact]
    public void Thousands_of_mutated_scripts_do_no_harm()
    {
        var random = new Random(1);
        var generator = new ScriptGenerator(1);
        for (var i = 0; i < 2000 * LongRun.Factor; i++)
        {
            var request = generator.Next();
            request[1] = Mutate(request[1], random);
            _redis.RunArgs(request);
        }

        Assert.Null(_redis.Process.ExitCode);
        Assert.DoesNotContain(_redis.Log.Lines, line => line.Message.Contains("Bug in", StringComparison.Ordinal));
        AssertServesOthers();
    }

    /// <summary>What scripts changed, as commands, gives the same data elsewhere.</summary>
    [Fact]
    public void Effects_of_generated_scripts_replay_to_the_same_data()
    {
        var redis = new TestEngine();
        var sink = redis.Record();
        var generator = new ScriptGenerator(7);
        for (var i = 0; i < 500 * LongRun.Factor; i++) redis.RunArgs(generator.Next());
        var copy = new TestEngine();
        foreach (var (_, args) in sink.Commands) copy.RunRaw(args);
        Assert.Equal(redis.Run("DEBUG DIGEST"), copy.Run("DEBUG DIGEST"));
        Assert.DoesNotContain(sink.Units, unit => unit.Contains("EVAL", StringComparison.OrdinalIgnoreCase));
    }

    private void AssertServesOthers()
    {
        Assert.Equal("PONG", _redis.Connect().Run("PING"));
        Assert.Equal("2", _redis.RunArgs("EVAL", "return 1 + 1", "0"));
        var bytes = long.Parse(Regex.Match(_redis.Run("INFO memory"), "used_memory_lua:(\\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(bytes, 1, WorldBytesMax);
    }

    private static string Mutate(string script, Random random)
    {
        var text = new StringBuilder(script);
        for (var n = random.Next(1, 5); n > 0; n--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(4))
            {
                case 0: text.Remove(at, Math.Min(random.Next(1, 10), text.Length - at)); break;
                case 1: text.Insert(at, script.AsSpan(random.Next(script.Length / 2), random.Next(1, Math.Min(20, script.Length / 2)))); break;
                case 2: text[at] = (char)random.Next(32, 127); break;
                default: text.Insert(at, new[] { " end ", "(", ")", "..", " while true do ", "{", "}", "#", " nil ", "'", " return ", "-1e308" }[random.Next(12)]); break;
            }
        }

        return text.Length == 0 ? "x" : text.ToString();
    }
}

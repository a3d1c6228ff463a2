using System.Diagnostics;
using System.Globalization;
using System.Text;
using RedisLite.Lua;

namespace RedisLite.Benchmarks;

/// <summary>
/// The interpreter beside Debian's lua5.1: the same programs, each the best of nine runs by the clock of its own process (CPU time), taking turns.
///
///     dotnet run -c Release --project benchmarks/RedisLite.Benchmarks -- lua
/// </summary>
internal static class LuaCheck
{
    private static readonly (string Name, string Body)[] Programs =
    [
        ("fib(25)", "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(25)"),
        ("string building", "local s = '' for i = 1, 4000 do s = s .. 'x' .. i end return #s"),
        ("table.concat", "local t = {} for i = 1, 30000 do t[i] = 'item' .. i end return #table.concat(t, ',')"),
        ("table.sort", "local t = {} for i = 1, 20000 do t[i] = i * 7919 % 20011 end table.sort(t) return t[1]"),
        ("table.sort with a function", "local t = {} for i = 1, 20000 do t[i] = i * 7919 % 20011 end table.sort(t, function(a, b) return a > b end) return t[1]"),
        ("string.format", "local n = 0 for i = 1, 20000 do n = n + #string.format('%d:%s:%5.2f', i, 'abc', i / 3) end return n"),
        ("gsub with a function", "local s = string.rep('key:1234 ', 2000) return #s:gsub('%d+', function(d) return d + 1 end)"),
        ("raised errors", "local n = 0 for i = 1, 5000 do if not pcall(error, 'x') then n = n + 1 end end return n"),
    ];

    public static void Run()
    {
        Console.WriteLine($"{"",-28}{"lua5.1",10}{"ours",10}  ratio");
        foreach (var (name, body) in Programs)
        {
            var (theirs, ours) = (double.MaxValue, double.MaxValue);
            for (var turn = 0; turn < 3; turn++)
            {
                theirs = Math.Min(theirs, RunReference(body));
                ours = Math.Min(ours, RunOurs(body));
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-28}{theirs * 1000,7:F2} ms{ours * 1000,7:F2} ms  {ours / theirs:F2}"));
        }
    }

    /// <summary>A program that says how many seconds the fastest of its runs took.</summary>
    private static string Timed(string body) => $$"""
        local function body() {{body}} end
        local best = 1e9
        for i = 1, 9 do
          local began = os.clock()
          body()
          best = math.min(best, os.clock() - began)
        end
        EMIT(string.format('%.9f', best))
        """;

    private static double RunReference(string body)
    {
        using var process = Process.Start(new ProcessStartInfo("lua5.1", "-") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        process.StandardInput.Write("local EMIT = print " + Timed(body));
        process.StandardInput.Close();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return double.Parse(text, CultureInfo.InvariantCulture);
    }

    private static double RunOurs(string body)
    {
        var seconds = 0.0;
        var process = Process.GetCurrentProcess();
        var runtime = new LuaRuntime
        {
            Clock = () =>
            {
                process.Refresh();
                return process.TotalProcessorTime.TotalSeconds;
            },
        };
        runtime.Register(runtime.Globals, "EMIT", call =>
        {
            seconds = double.Parse(call.CheckString(0).ToString(), CultureInfo.InvariantCulture);
            return 0;
        });
        runtime.Call(runtime.NewFunction(LuaRuntime.Compile(Encoding.ASCII.GetBytes(Timed(body)), "benchmark")));
        return seconds;
    }
}

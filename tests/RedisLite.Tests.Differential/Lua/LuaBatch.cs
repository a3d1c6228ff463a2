using System.Diagnostics;
using System.Text;
using RedisLite.Lua;

namespace RedisLite.Tests.Differential.Lua;

/// <summary>
/// Runs many programs in one go: a Lua harness loads each, gives it an environment and a print of its own, and writes its output behind a
/// separator. The same harness text runs in the lua5.1 binary and in our interpreter.
/// </summary>
internal static class LuaBatch
{
    private const string Separator = "\u0001\u0002";

    private const string Harness = """
        local function run(source)
          local out = {}
          local function write(...) for i = 1, select('#', ...) do out[#out+1] = tostring((select(i, ...))) end end
          local env = setmetatable({ io = { write = write }, print = function(...)
            for i = 1, select('#', ...) do if i > 1 then out[#out+1] = '\t' end out[#out+1] = tostring((select(i, ...))) end
            out[#out+1] = '\n' end }, { __index = _G })
          env._G = env
          local f, e = loadstring(source, '=p')
          if f then
            setfenv(f, env)
            local ok, m = pcall(f)
            if not ok then write('failed: ', m) end
          else write('syntax: ', e) end
          EMIT((table.concat(out):gsub('0x%x+', 'PTR')))
        end

        """;

    internal static string BuildSource(IEnumerable<string> programs)
    {
        var text = new StringBuilder(Harness);
        foreach (var program in programs) text.Append("run(").Append(Quote(program)).Append(")\n");
        return text.ToString();
    }

    internal static string[] RunReference(IReadOnlyList<string> programs)
    {
        var start = new ProcessStartInfo("lua5.1", "-") { RedirectStandardInput = true, RedirectStandardOutput = true, StandardOutputEncoding = Encoding.Latin1, StandardInputEncoding = Encoding.Latin1 };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write($"local function EMIT(s) io.write(s, '{Separator}') end " + BuildSource(programs));
        process.StandardInput.Close();
        process.WaitForExit();
        return output.Result.Split(Separator)[..^1];
    }

    internal static string[] RunOurs(IReadOnlyList<string> programs)
    {
        var results = new List<string>();
        var runtime = new LuaRuntime();
        runtime.Register(runtime.Globals, "EMIT", call =>
        {
            results.Add(call.CheckString(0).ToString());
            return 0;
        });
        var proto = LuaRuntime.Compile(Encoding.Latin1.GetBytes(BuildSource(programs)), "stdin");
        runtime.Call(runtime.NewFunction(proto));
        return [.. results];
    }

    private static string Quote(string program)
    {
        var text = new StringBuilder("\"");
        foreach (var c in program)
        {
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (c is < ' ' or > '~') text.Append('\\').Append(((int)c).ToString("D3", System.Globalization.CultureInfo.InvariantCulture));
            else text.Append(c);
        }
        return text.Append('"').ToString();
    }
}

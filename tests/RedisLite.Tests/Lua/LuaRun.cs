using System.Text;
using RedisLite.Lua;

namespace RedisLite.Tests.Lua;

/// <summary>Runs Lua source in a fresh or given runtime, for tests.</summary>
internal static class LuaRun
{
    internal static LuaValue Eval(string source, LuaRuntime? runtime = null)
    {
        runtime ??= new LuaRuntime();
        return runtime.Call(runtime.NewFunction(LuaRuntime.Compile(Encoding.Latin1.GetBytes(source), "user_script")));
    }

    internal static string Text(string source, LuaRuntime? runtime = null) => Eval(source, runtime).ToString();

    internal static string Error(string source, LuaRuntime? runtime = null)
    {
        try
        {
            return "no error: " + Text(source, runtime);
        }
        catch (LuaError error)
        {
            return error.Message;
        }
        catch (LuaSyntaxError error)
        {
            return error.Message;
        }
    }

    internal static LuaRuntime Limited(long memory = 32 << 20, int interruptsMax = 2000)
    {
        var left = interruptsMax;
        return new LuaRuntime(new Limits { MemoryBytes = memory, PatternSteps = 2_000_000 })
        {
            OnInterrupt = () =>
            {
                if (--left < 0) throw new LuaTerminated("killed");
            },
        };
    }
}

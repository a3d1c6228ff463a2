using RedisLite.Engine.Config;

namespace RedisLite.Engine;

/// <summary>The end of a server, asked for by SHUTDOWN or by a signal.</summary>
internal static class Shutdown
{
    /// <summary>False: it cannot be had, and the log says why. True: the loop ends after this iteration.</summary>
    public static bool TryBegin(Engine engine, ShutdownOptions options)
    {
        engine.Log.Write(LogLevel.Warning, "User requested shutdown...");
        if ((options & (ShutdownOptions.Save | ShutdownOptions.Force)) == ShutdownOptions.Save)
        {
            engine.Log.Write(LogLevel.Warning, "There is no persistence to save to, can't exit.");
            return false;
        }

        engine.Environment.Process.Exit(0);
        return true;
    }
}

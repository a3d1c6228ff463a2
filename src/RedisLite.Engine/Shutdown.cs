using RedisLite.Engine.Config;

namespace RedisLite.Engine;

/// <summary>The end of a server, asked for by SHUTDOWN or by a signal.</summary>
internal static class Shutdown
{
    /// <summary>Saves first when save points are set or the options say so. False: that failed and the server goes on, the log says why. True: the loop ends after this iteration.</summary>
    public static bool TryBegin(Engine engine, ShutdownOptions options)
    {
        engine.Log.Write(LogLevel.Warning, "User requested shutdown...");
        var (save, noSave) = ((options & ShutdownOptions.Save) != 0, (options & ShutdownOptions.NoSave) != 0);
        if (engine.Durability.PrepareShutdown(save, noSave, (options & ShutdownOptions.Force) != 0) is not null) return false;

        engine.IsEnding = true;
        engine.Environment.Process.Exit(0);
        return true;
    }
}

using RedisLite.Engine.Config;

namespace RedisLite.Engine;

/// <summary>The end of a server, asked for by SHUTDOWN or by a signal.</summary>
internal sealed class Shutdown(Engine engine)
{
    private volatile object? request;                       // boxed options: signals set it and look at it from their own thread

    /// <summary>A signal has asked, and the end is being prepared or soon will be.</summary>
    public bool IsRequested => request is not null;

    /// <summary>Any thread: asks for it at the next turn of the cron; until then SHUTDOWN ABORT takes it back.</summary>
    public void Request(ShutdownOptions options) => Interlocked.CompareExchange(ref request, options, null);

    /// <summary>False: nobody has asked.</summary>
    public bool TryAbort()
    {
        if (request is null) return false;
        request = null;
        engine.Log.Write(LogLevel.Notice, "Shutdown manually aborted.");
        return true;
    }

    /// <summary>Saves first when save points are set or the options say so. False: that failed and the server goes on, the log says why. True: the loop ends after this iteration.</summary>
    public bool TryBegin(ShutdownOptions options)
    {
        engine.Log.Write(LogLevel.Notice, "User requested shutdown...");
        var (save, noSave) = ((options & ShutdownOptions.Save) != 0, (options & ShutdownOptions.NoSave) != 0);
        if (engine.Durability.PrepareShutdown(save, noSave, (options & ShutdownOptions.Force) != 0) is not null) return false;

        engine.IsEnding = true;
        engine.Environment.Process.Exit(0);
        return true;
    }

    /// <summary>What a signal asked for.</summary>
    public void Tick()
    {
        if (request is not ShutdownOptions options) return;
        if (TryBegin(options)) return;
        request = null;
        engine.Log.Write(LogLevel.Warning, "Errors trying to shut down the server. Check the logs for more information.");
    }
}

using RedisLite.Lua;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// A script that takes too long. The interpreter calls <see cref="Interrupt"/> every so many steps. Once busy-reply-threshold has passed, the loop is asked to serve
/// other connections from inside the script: they get -BUSY, except for the few commands that may end it (SCRIPT KILL, FUNCTION KILL, SHUTDOWN NOSAVE) or
/// touch no data. The one who called the script waits, his connection is left alone. A script of a log that is being loaded is no different: others get -LOADING.
/// </summary>
internal sealed class BusyScript(Engine engine, ScriptRun run)
{
    private long servedTicks;

    public void Interrupt()
    {
        var now = engine.Clock.Timestamp();
        if (!run.IsActive)
        {
            engine.Scripts.Loader.CheckTime(now);
            return;
        }

        if (!run.IsBusy && !BecomesBusy(now)) return;
        if (engine.Clock.MicrosecondsOf(now - servedTicks) >= ScriptLimits.ServeEveryMs * 1000)
        {
            servedTicks = now;
            engine.ServeOthers();
        }

        if (engine.IsEnding) throw new LuaTerminated("The server is shutting down.");
        if (!run.IsKilled) return;
        engine.Log.Write(LogLevel.Notice, $"Lua script killed by user with {(run.IsFunction ? "FUNCTION KILL" : "SCRIPT KILL")}.");
        throw new LuaTerminated("Script killed by user with SCRIPT KILL...");          // Redis says so of functions, too
    }

    /// <summary>What a script that ended leaves behind: garbage of a size that matters is given back at once.</summary>
    public void Finished(LuaRuntime world)
    {
        if (world.Meter.Estimate < ScriptLimits.CleanedFrom) return;
        world.Meter.Measure();
        GC.Collect(2, GCCollectionMode.Aggressive);
    }

    private bool BecomesBusy(long now)
    {
        var threshold = engine.Config.BusyReplyThreshold;
        if (threshold <= 0 || (run.Caller!.Client.Has(ClientFlags.Internal) && !engine.IsLoading) || engine.Clock.MicrosecondsOf(now - run.StartedTicks) < threshold * 1000) return false;
        engine.Log.Write(LogLevel.Warning, $"Slow script detected: still in execution after {engine.Clock.MicrosecondsOf(now - run.StartedTicks) / 1000} milliseconds. "
            + $"You can try killing the script using the {(run.IsFunction ? "FUNCTION" : "SCRIPT")} KILL command. Script name is: {System.Text.Encoding.Latin1.GetString(run.Name)}.");
        run.IsBusy = true;
        servedTicks = 0;
        return true;
    }
}

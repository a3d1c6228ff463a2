namespace RedisLite.Engine;

/// <summary>
/// What happens by itself, as a list of small named parts. It runs at the end of loop iterations, when it is due, in slices: no part may
/// hold the loop for more than about half a millisecond (rule 10); a part with work left asks for another turn soon.
/// </summary>
internal sealed class Cron(Engine engine)
{
    private const int BusyWakeMs = 1;

    private long nextTickMs;
    private bool workLeft;

    public int NextWakeMs()
    {
        var now = engine.Clock.NowMs;
        var next = nextTickMs;
        next = Math.Min(next, engine.Blocked.NextDeadlineMs);
        next = Math.Min(next, engine.Expiry.NextRunMs);
        if (engine.Pause.UntilMs != 0) next = Math.Min(next, engine.Pause.UntilMs);
        if (workLeft || engine.Eviction.IsRunning) next = Math.Min(next, now + BusyWakeMs);
        return (int)Math.Clamp(next - now, 0, 1000);
    }

    /// <summary>A slice of what can wait (freeing, giving memory back, defragmentation).</summary>
    public void Tidy()
    {
        var began = workLeft ? engine.Clock.Timestamp() : 0;
        workLeft = engine.Heap.RunBackground(engine.Config.Activedefrag);
        if (began != 0) engine.LoopTimes.AddCron(began);
    }

    public void Run()
    {
        var now = engine.Clock.NowMs;
        if (engine.Blocked.NextDeadlineMs <= now) engine.Blocked.ReleaseTimedOut(now);
        engine.Pause.ReleaseIfOver(now);
        if (engine.Expiry.NextRunMs <= now) engine.Expiry.Run();
        if (engine.Eviction.IsRunning) engine.Eviction.MakeRoom(beforeRequest: false);
        if (now < nextTickMs) return;

        nextTickMs = now + (1000 / Math.Clamp(engine.Config.Hz, 1, 500));
        if (engine.CronPaused) return;
        engine.Rates.Sample(now, engine.Stats, engine.LoopTimes);
        engine.Expiry.SampleLifetimes();
        engine.Clients.CloseIdle(now);
        engine.Peers.CloseIdle(now);
        engine.Clients.LookAfterBuffers(now);
        engine.OutputBlocks.Trim();
        engine.InputBuffers.Trim();
        engine.Tracking.ReduceToLimit();
        engine.Durability.Tick(now);
        engine.Shutdown.Tick();
        SampleMemory(now);
    }

    private void SampleMemory(long now)
    {
        var used = engine.Eviction.UsedMemory;
        if (used <= engine.Stats.PeakMemory) return;
        engine.Stats.PeakMemory = used;
        engine.Stats.PeakMemoryAtMs = now;
    }
}

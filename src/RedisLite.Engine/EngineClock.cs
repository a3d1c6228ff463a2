namespace RedisLite.Engine;

/// <summary>
/// The time of the engine. The wall clock is read at most once per loop iteration; inside it only the monotonic
/// one is read, once per unit: the end of one unit is the start of the next. <see cref="NowMs"/> stands still while a unit runs.
/// </summary>
internal sealed class EngineClock
{
    private readonly TimeProvider time;
    private readonly double microsecondsPerTick;
    private readonly long ticksPerMs;
    private long wallUsAtBase;
    private long ticksAtBase;
    private long ticksAtNextMs;
    private long frozenUs;

    public EngineClock(TimeProvider time)
    {
        this.time = time;
        microsecondsPerTick = 1_000_000.0 / time.TimestampFrequency;
        ticksPerMs = Math.Max(1, time.TimestampFrequency / 1000);
        UnitTicks = time.GetTimestamp();
        ReadWallClock(UnitTicks);
        StartedMs = NowMs;
    }

    /// <summary>Unix time in milliseconds, frozen per execution unit.</summary>
    public long NowMs { get; private set; }

    /// <summary>Monotonic ticks at the start of the current unit.</summary>
    public long UnitTicks { get; private set; }

    public long StartedMs { get; }

    /// <summary>A script runs: its commands all see the time of its start.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Unix time in microseconds, read now, or that of the start of a script.</summary>
    public long NowUs => IsFrozen ? frozenUs : wallUsAtBase + MicrosecondsOf(time.GetTimestamp() - ticksAtBase);

    public void Freeze()
    {
        frozenUs = NowUs;
        IsFrozen = true;
    }

    public void Unfreeze() => IsFrozen = false;

    /// <summary>The unit goes on as if it had not been interrupted.</summary>
    public void ResumeUnit(long unitTicks) => UnitTicks = unitTicks;

    /// <summary>
    /// Once per loop iteration. The wall clock is read when its millisecond has ended, as reading it costs more than the monotonic one: a client that
    /// has just read it must not find the server behind.
    /// </summary>
    public void Refresh()
    {
        var now = time.GetTimestamp();
        UnitTicks = now;
        if (now >= ticksAtNextMs || now - ticksAtBase >= ticksPerMs) ReadWallClock(now);
    }

    private void ReadWallClock(long now)
    {
        wallUsAtBase = (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        ticksAtBase = now;
        SetNow(wallUsAtBase, now);
    }

    private void SetNow(long wallUs, long ticks)
    {
        NowMs = wallUs / 1000;
        ticksAtNextMs = ticks + ((1000 - (wallUs % 1000)) * ticksPerMs / 1000);
    }

    /// <summary>Close a unit and open the next. Returns the ticks that the closed unit took.</summary>
    public long NextUnit()
    {
        var now = time.GetTimestamp();
        var spent = now - UnitTicks;
        UnitTicks = now;
        if (now >= ticksAtNextMs && !IsFrozen) SetNow(wallUsAtBase + MicrosecondsOf(now - ticksAtBase), now);
        return spent;
    }

    public long Timestamp() => time.GetTimestamp();

    public long NanosecondsOf(long ticks) => (long)(ticks * microsecondsPerTick * 1000);

    public long MicrosecondsOf(long ticks) => (long)(ticks * microsecondsPerTick);
}

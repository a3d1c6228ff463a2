namespace RedisLite.Engine.Info;

/// <summary>How the loop spends its time, from the start of an iteration to its end (waiting and writing to sockets are not in it).</summary>
internal sealed class LoopTimes(EngineClock clock)
{
    private long began;
    private long commandsBefore;
    private long nanoseconds;
    private long cronNanoseconds;

    public long Cycles { get; private set; }

    public long Microseconds => nanoseconds / 1000;

    public long CronMicroseconds => cronNanoseconds / 1000;

    public long CommandMicroseconds => CommandNanoseconds / 1000;

    public long CommandNanoseconds;

    public long MaxMicroseconds { get; private set; }

    public long MaxCommands { get; private set; }

    public void Begin(Stats stats)
    {
        began = clock.UnitTicks;
        commandsBefore = stats.Commands;
    }

    public void End(Stats stats, long cronBegan)
    {
        var now = clock.Timestamp();
        var spent = clock.NanosecondsOf(now - began);
        Cycles++;
        nanoseconds += spent;
        cronNanoseconds += clock.NanosecondsOf(now - cronBegan);
        MaxMicroseconds = Math.Max(MaxMicroseconds, spent / 1000);
        MaxCommands = Math.Max(MaxCommands, stats.Commands - commandsBefore);
    }

    /// <summary>The cron worked after the replies had left, since this moment.</summary>
    public void AddCron(long began)
    {
        var spent = clock.NanosecondsOf(clock.Timestamp() - began);
        nanoseconds += spent;
        cronNanoseconds += spent;
    }

    public void Reset()
    {
        Cycles = nanoseconds = cronNanoseconds = CommandNanoseconds = MaxMicroseconds = MaxCommands = 0;
    }
}

namespace RedisLite.Testing;

/// <summary>
/// Time that stands still until a test moves it. The clock on the wall and the monotonic timestamp move together;
/// the timestamp counts microseconds.
/// </summary>
public sealed class SimClock(DateTimeOffset? start = null) : TimeProvider
{
    private readonly DateTimeOffset _start = start ?? new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _elapsed;

    public override long TimestampFrequency => 1_000_000;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override DateTimeOffset GetUtcNow() => _start + _elapsed;
    public override long GetTimestamp()
    {
        _elapsed += PerReading;
        return _elapsed.Ticks / TimeSpan.TicksPerMicrosecond;
    }

    /// <summary>Time that passes with every reading: for what is measured while it runs, such as a script that does not end.</summary>
    public TimeSpan PerReading { get; set; }

    public long NowMs => GetUtcNow().ToUnixTimeMilliseconds();

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        _elapsed += by;
    }

    public void AdvanceMs(double milliseconds) => Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>The engine asks for its next wake-up instead of owning timers, so a timer on simulated time is a mistake.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException("Simulated time has no timers.");
}

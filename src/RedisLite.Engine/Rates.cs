namespace RedisLite.Engine;

/// <summary>Per-second rates of INFO (instantaneous_ops_per_sec …): the mean of the last 16 samples, one per cron tick.</summary>
internal sealed class Rates
{
    private const int Samples = 16;
    private readonly double[][] samples = new double[5][];
    private readonly long[] last = new long[5];
    private long lastMs;
    private int at;

    public Rates() => Reset();

    public long OpsPerSecond => (long)Mean(0);

    public double InputKbps => Mean(1) / 1024;

    public double OutputKbps => Mean(2) / 1024;

    public long CyclesPerSecond => (long)Mean(3);

    public long MicrosecondsPerCycle => (long)Mean(4);

    public void Reset()
    {
        for (var i = 0; i < samples.Length; i++) samples[i] = new double[Samples];
        Array.Clear(last);
        lastMs = 0;
    }

    public void Sample(long nowMs, Stats stats, Info.LoopTimes loop)
    {
        var elapsed = nowMs - lastMs;
        if (elapsed < 100) return;
        var cycles = loop.Cycles - last[3];
        Record(0, stats.Commands, elapsed);
        Record(1, stats.NetInput, elapsed);
        Record(2, stats.NetOutput, elapsed);
        Record(3, loop.Cycles, elapsed);
        Record(4, loop.Microseconds, cycles * 1000);
        at = (at + 1) % Samples;
        lastMs = nowMs;
    }

    private double Mean(int metric)
    {
        double sum = 0;
        foreach (var sample in samples[metric]) sum += sample;
        return sum / Samples;
    }

    /// <summary>Growth per thousand of the base: per second when that is milliseconds.</summary>
    private void Record(int metric, long value, long over)
    {
        samples[metric][at] = lastMs == 0 || over <= 0 ? 0 : Math.Max(0, value - last[metric]) * 1000.0 / over;
        last[metric] = value;
    }
}

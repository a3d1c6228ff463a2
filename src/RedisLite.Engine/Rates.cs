namespace RedisLite.Engine;

/// <summary>Per-second rates of INFO (instantaneous_ops_per_sec …): the mean of the last 16 samples, one per cron tick.</summary>
internal sealed class Rates
{
    private const int Samples = 16;
    private readonly double[][] samples = [new double[Samples], new double[Samples], new double[Samples]];
    private readonly long[] last = new long[3];
    private long lastMs;
    private int at;

    public long OpsPerSecond => Mean(0);

    public double InputKbps => samples[1].Average() / 1024;

    public double OutputKbps => samples[2].Average() / 1024;

    public void Sample(long nowMs, Stats stats)
    {
        var elapsed = nowMs - lastMs;
        if (elapsed < 100) return;
        Record(0, stats.Commands, elapsed);
        Record(1, stats.NetInput, elapsed);
        Record(2, stats.NetOutput, elapsed);
        at = (at + 1) % Samples;
        lastMs = nowMs;
    }

    private void Record(int metric, long value, long elapsedMs)
    {
        samples[metric][at] = lastMs == 0 ? 0 : Math.Max(0, value - last[metric]) * 1000.0 / elapsedMs;
        last[metric] = value;
    }

    private long Mean(int metric) => (long)samples[metric].Average();
}

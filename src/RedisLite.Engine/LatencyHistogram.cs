using System.Numerics;

namespace RedisLite.Engine;

/// <summary>
/// Counts of durations in nanoseconds with two significant digits, 1 ns to 1 s: a high dynamic range histogram. Values of one power of two share
/// 128 sub-buckets, so any value is known to better than one percent, and recording is a shift and an increment.
/// INFO latencystats asks it for percentiles, LATENCY HISTOGRAM for cumulative counts at doubling borders.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int HalfBits = 7;
    private const int Half = 1 << HalfBits;
    private const int Magnitudes = 23;
    private const long Highest = 1_000_000_000;

    private readonly long[] counts = new long[(Magnitudes + 1) * Half];

    public long Count { get; private set; }

    public void Record(long nanoseconds, int times = 1)
    {
        var value = Math.Clamp(nanoseconds, 1, Highest);
        counts[IndexOf(value)] += times;
        Count += times;
    }

    /// <summary>The highest value that is not told apart from the one at this percentile.</summary>
    public long ValueAtPercentile(double percentile)
    {
        var wanted = Math.Max(1, (long)(Math.Min(percentile, 100.0) / 100.0 * Count + 0.5));
        long seen = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            seen += counts[i];
            if (seen >= wanted) return HighestAt(i);
        }
        return 0;
    }

    /// <summary>How many recorded durations are not above this one (to the histogram's resolution).</summary>
    public long CountUpTo(long nanoseconds)
    {
        var last = IndexOf(Math.Clamp(nanoseconds, 1, Highest));
        long seen = 0;
        for (var i = 0; i <= last; i++) seen += counts[i];
        return seen;
    }

    private static int IndexOf(long value)
    {
        var magnitude = Math.Max(0, BitOperations.Log2((ulong)value) - HalfBits);
        return (magnitude << HalfBits) + (int)(value >> magnitude);
    }

    private static long HighestAt(int index)
    {
        var magnitude = Math.Max(0, (index >> HalfBits) - 1);
        long sub = index - (magnitude << HalfBits);
        return ((sub + 1) << magnitude) - 1;
    }
}

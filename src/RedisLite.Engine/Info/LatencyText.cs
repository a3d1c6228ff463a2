using System.Globalization;
using System.Text;

namespace RedisLite.Engine.Info;

/// <summary>
/// Latency events in words and in a picture: LATENCY DOCTOR and LATENCY GRAPH. The words are ours, but the doctor talks to Dave as Redis's does: clients' tests know
/// its answer by that name.
/// </summary>
internal static class LatencyText
{
    private const int GraphColumns = 80;
    private const int GraphRows = 4;

    public static string Diagnose(Engine engine)
    {
        var threshold = engine.Config.LatencyMonitorThreshold;
        var events = engine.Latency.Events;
        if (threshold == 0 && events.Count == 0)
        {
            return "Dave, latency monitoring is off, so there is nothing to diagnose. Turn it on with "
                + "\"CONFIG SET latency-monitor-threshold <milliseconds>\", let the server run for a while, and ask again.\n";
        }

        if (events.Count == 0) return "Dave, no latency spike was observed since the monitoring began or was reset. All is well.\n";

        var text = new StringBuilder("Dave, latency spikes were observed:\n\n");
        var number = 0;
        foreach (var (name, spikes) in events) text.Append(++number).Append(". ").Append(Describe(name, spikes));
        text.Append("\nWhat may help:\n\n");
        foreach (var advice in Advice(engine, events.Keys)) text.Append("- ").Append(advice).Append('\n');
        return text.ToString();
    }

    private static string Describe(string name, LatencyEvent spikes)
    {
        var samples = spikes.Samples.ToArray();
        var mean = samples.Average(sample => sample.Ms);
        var deviation = samples.Average(sample => Math.Abs(sample.Ms - mean));
        var period = (double)(samples[^1].Second - samples[0].Second) / Math.Max(1, samples.Length - 1);
        return string.Create(CultureInfo.InvariantCulture,
            $"{name}: {samples.Length} spikes, {mean:F0} ms on average (mean deviation {deviation:F0} ms), one every {period:F2} seconds; ")
            + $"the worst ever took {spikes.WorstMs} ms.\n";
    }

    private static IEnumerable<string> Advice(Engine engine, ICollection<string> names)
    {
        var threshold = engine.Config.LatencyMonitorThreshold;
        var slow = engine.Config.SlowlogLogSlowerThan;
        if (names.Contains("command") || names.Contains("fast-command"))
        {
            if (slow < 0 || slow > threshold * 1000)
                yield return $"The slow log misses commands that count as spikes here. Try 'CONFIG SET slowlog-log-slower-than {threshold * 1000}'.";
            yield return "Look into the slow log for the commands that take long, and ask for less at once: ranges and SCAN instead of whole "
                + "collections and KEYS.";
        }

        if (names.Contains("fast-command"))
            yield return "Commands that should take microseconds were slow: the machine is busy elsewhere, swaps, or its host is overloaded.";
        if (names.Contains("expire-cycle"))
            yield return "Very many keys expire at the same time: spread their times to live, or lower active-expire-effort.";
        if (names.Contains("eviction-cycle"))
            yield return "Evicting keys takes long: lower maxmemory-eviction-tenacity, or give the server more memory.";
    }

    /// <summary>One column for each of the last spikes, as high as it took long; below, how long ago it was.</summary>
    public static string Graph(string name, LatencyEvent spikes, long nowSeconds)
    {
        var samples = spikes.Samples.TakeLast(GraphColumns).ToArray();
        var high = samples.Max(sample => sample.Ms);
        var low = samples.Min(sample => sample.Ms);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{name} - high {high} ms, low {low} ms (all time high {spikes.WorstMs} ms)\n");
        text.Append('-', GraphColumns).Append('\n');
        var levels = GraphRows * 3;
        for (var row = GraphRows - 1; row >= 0; row--)
        {
            foreach (var sample in samples)
            {
                var level = high == low ? 0 : (sample.Ms - low) * (levels - 1) / (high - low);
                text.Append((level - (row * 3)) switch { < 0 => row == 0 ? '_' : ' ', 0 => '_', 1 => 'o', 2 => '#', _ => '|' });
            }

            text.Append('\n');
        }

        AppendAges(text.Append('\n'), Array.ConvertAll(samples, sample => Age(nowSeconds - sample.Second)));
        return text.ToString();
    }

    /// <summary>Ages stand upright, one letter a line.</summary>
    private static void AppendAges(StringBuilder text, string[] ages)
    {
        for (var line = 0; line < ages.Max(age => age.Length); line++)
        {
            foreach (var age in ages) text.Append(line < age.Length ? age[line] : ' ');
            text.Append('\n');
        }
    }

    private static string Age(long seconds) => seconds switch
    {
        < 60 => seconds + "s",
        < 3600 => (seconds / 60) + "m",
        < 86400 => (seconds / 3600) + "h",
        _ => (seconds / 86400) + "d",
    };
}

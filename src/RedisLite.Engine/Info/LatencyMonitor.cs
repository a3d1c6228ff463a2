namespace RedisLite.Engine.Info;

/// <summary>Spikes of one event: the last 160 seconds in which there was one, and the worst ever.</summary>
internal sealed class LatencyEvent
{
    private const int SamplesMax = 160;
    private readonly Queue<(long Second, long Ms)> samples = new();

    public long WorstMs { get; private set; }

    public IEnumerable<(long Second, long Ms)> Samples => samples;

    public (long Second, long Ms) Last { get; private set; }

    public void Add(long second, long ms)
    {
        WorstMs = Math.Max(WorstMs, ms);
        if (Last.Second == second && samples.Count > 0)
        {
            if (ms <= Last.Ms) return;
            var kept = samples.ToArray();                    // the same second keeps its worst
            samples.Clear();
            foreach (var sample in kept.AsSpan(0, kept.Length - 1)) samples.Enqueue(sample);
        }

        Last = (second, ms);
        samples.Enqueue(Last);
        if (samples.Count > SamplesMax) samples.Dequeue();
    }
}

/// <summary>LATENCY: named events that took at least latency-monitor-threshold milliseconds.</summary>
internal sealed class LatencyMonitor
{
    public SortedDictionary<string, LatencyEvent> Events { get; } = new(StringComparer.Ordinal);

    public void Add(string name, long nowMs, long durationMs)
    {
        if (!Events.TryGetValue(name, out var latencyEvent)) Events.Add(name, latencyEvent = new LatencyEvent());
        latencyEvent.Add(nowMs / 1000, durationMs);
    }
}

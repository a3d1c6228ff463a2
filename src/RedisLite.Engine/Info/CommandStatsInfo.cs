using System.Globalization;

namespace RedisLite.Engine.Info;

/// <summary>Calls and times by command, errors by code.</summary>
internal static class CommandStatsInfo
{
    public static void WriteCommands(InfoText text, Engine engine)
    {
        foreach (var spec in engine.Commands.All)
        {
            if (spec.Calls == 0 && spec.FailedCalls == 0 && spec.RejectedCalls == 0) continue;
            var perCall = spec.Calls == 0 ? 0 : spec.Nanoseconds / 1000.0 / spec.Calls;
            var times = string.Create(CultureInfo.InvariantCulture, $"calls={spec.Calls},usec={spec.Microseconds},usec_per_call={perCall:F2}");
            text.Field("cmdstat_" + spec.FullName, $"{times},rejected_calls={spec.RejectedCalls},failed_calls={spec.FailedCalls}");
        }
    }

    public static void WriteErrors(InfoText text, Engine engine)
    {
        foreach (var (code, count) in engine.Stats.Errors) text.Field("errorstat_" + code, $"count={count}");
    }

    public static void WriteLatencies(InfoText text, Engine engine)
    {
        foreach (var spec in engine.Commands.All)
        {
            if (spec.Latency is not { Count: > 0 } histogram) continue;
            var values = engine.Config.LatencyTrackingInfoPercentiles.Select(percentile => string.Create(CultureInfo.InvariantCulture,
                $"p{percentile:0.######}={histogram.ValueAtPercentile(percentile) / 1000.0:F3}"));
            text.Field("latency_percentiles_usec_" + spec.FullName, string.Join(',', values));
        }
    }
}

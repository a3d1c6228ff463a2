namespace RedisLite.Testing;

/// <summary>REDISLITE_LONG=20 makes fuzzers and fault tests run twenty times as many cases as the daily run.</summary>
public static class LongRun
{
    public static int Factor { get; } = int.TryParse(Environment.GetEnvironmentVariable("REDISLITE_LONG"), out var factor) && factor > 0 ? factor : 1;
}

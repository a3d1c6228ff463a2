namespace RedisLite.Tests.Differential;

/// <summary>
/// Which families of written and generated commands run. One that the server does not speak yet waits here, with what it waits for; the
/// environment variable REDISLITE_DIFF_FAMILIES (names, or `all`) overrides the list for a run by hand.
/// </summary>
internal static class Families
{
    /// <summary>Families with a file in `cases/`; value: null when the server speaks it, else what it waits for.</summary>
    private static readonly Dictionary<string, string?> WaitsFor = new()
    {
        ["strings"] = null,
        ["keys"] = null,
        ["expiry"] = null,
        ["hashes"] = null,
        ["connection"] = null,
        ["server"] = null,
        ["transactions"] = null,
        ["pubsub"] = null,
        ["protocol"] = null,
    };

    public static IEnumerable<string> Active { get; } = Environment.GetEnvironmentVariable("REDISLITE_DIFF_FAMILIES") switch
    {
        null or "" => [.. WaitsFor.Where(family => family.Value is null).Select(family => family.Key)],
        "all" => [.. WaitsFor.Keys],
        var names => names.Split(','),
    };
}

namespace RedisLite.Tests.Differential;

/// <summary>
/// Which families of written and generated commands run. One that the server does not speak yet waits here, with what it waits for; the
/// environment variable REDISLITE_DIFF_FAMILIES (names, or `all`) overrides the list for a run by hand.
/// </summary>
internal static class Families
{
    /// <summary>Families of generated commands that are played together; value: null when the server speaks them, else what they wait for.</summary>
    private static readonly Dictionary<string, string?> SequencesWaitFor = new()
    {
        ["strings,keys"] = null,
        ["hashes,keys"] = null,
        ["strings,hashes,keys,transactions,connection"] = null,
        ["lists,keys"] = null,
        ["sets,keys"] = null,
        ["zsets,sets,keys"] = null,
        ["bits,strings,hyperloglog"] = null,
        ["geo"] = null,
        ["sorts,lists,sets"] = null,
        ["streams,keys"] = null,
        ["streams,streams7.2,keys"] = "a redis-server of 7.2 as the other side",
        ["strings,hashes,lists,sets,zsets,streams,keys,transactions"] = null,
    };

    /// <summary>Families of commands that came with Redis 7.4, for a redis-server that has them (<see cref="RealRedis74"/>).</summary>
    public static readonly string[] SequencesOf74 = ["hashes,hashfields", "hashes,hashfields,strings,keys,transactions"];

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
        ["acl"] = null,
        ["protocol"] = null,
        ["lists"] = null,
        ["sets"] = null,
        ["zsets"] = null,
        ["bits"] = null,
        ["hyperloglog"] = null,
        ["geo"] = null,
        ["sort"] = null,
        ["streams"] = null,
        ["blocking"] = null,
        ["scripting"] = null,
        ["functions"] = null,
    };

    private static readonly string? Override = Environment.GetEnvironmentVariable("REDISLITE_DIFF_FAMILIES") is { Length: > 0 } names ? names : null;

    public static IEnumerable<string> Active => Override is null or "all" ? Spoken(WaitsFor) : Override.Split(',');

    public static IEnumerable<string> ActiveSequences => Spoken(SequencesWaitFor);

    private static IEnumerable<string> Spoken(Dictionary<string, string?> families) =>
        families.Where(family => family.Value is null || Override == "all").Select(family => family.Key);
}

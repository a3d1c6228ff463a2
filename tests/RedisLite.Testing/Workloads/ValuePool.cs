using System.Globalization;

namespace RedisLite.Testing.Workloads;

/// <summary>
/// The words that fill the holes of a <see cref="CommandTemplate"/>. Spaces are small so that commands meet each other's keys, and values sit on
/// both sides of every limit that changes an encoding. Relative times are long and absolute ones far away or long past, so that the outcome of
/// a run does not hang on how fast it was.
/// </summary>
internal sealed class ValuePool(int keysPerType)
{
    private const long FarSeconds = 4_000_000_000;
    private static readonly string[] KeyTypes = ["str", "hash", "list", "set", "zset", "stream"];
    private static readonly string[] Integers = ["0", "1", "-1", "2", "10", "42", "-7", "100", "255", "65536", "9223372036854775807", "-9223372036854775808", "9223372036854775806"];
    private static readonly string[] BadNumbers = ["", "abc", "1.5x", " 1", "1 ", "+1", "01", "0x10", "1e3", "9223372036854775808", "-9223372036854775809", "nan", "-", "--1"];
    private static readonly string[] Floats = ["0", "1", "-1", "0.1", "3.14159", "-2.5", "1e10", "1.0e-5", "5.0e3", "100", "123456789.123", "0.30000000000000004", "1e17"];
    private static readonly string[] BadFloats = ["", "abc", "1.5x", " 1", "nan", "inf", "-inf", "+inf", "1e400", "0x1p3"];
    private static readonly string[] SortPatterns = ["w_*", "w_*", "h_*->f", "h_*->g", "nosort", "none_*", "w_*->f", "h_*"];
    private static readonly string[] GetPatterns = ["#", "#", "w_*", "h_*->f", "none_*", "w_1", "h_*->none"];
    private static readonly string[] Patterns = ["*", "str:*", "*:1", "h?sh:*", "[sh]*", "[^s]*", "s[a-t]r:[0-3]", "nothing", "\\*", "*:[", "str:?", "**1*"];

    public int KeysPerType { get; } = keysPerType;

    /// <summary>Shares of requests that are spoilt on purpose; a workload without mistakes sets them to zero.</summary>
    public double WrongTypeShare { get; init; } = 0.04;
    public double BadNumberShare { get; init; } = 0.04;

    public byte[] Draw(string hole, Random random) => CommandText.Bytes(hole switch
    {
        "any" => Key(KeyTypes[random.Next(2)], random),
        "anytype" => Key(KeyTypes[random.Next(KeyTypes.Length)], random),
        "str" or "hash" or "list" or "set" or "zset" or "stream" =>
            Key(random.NextDouble() < WrongTypeShare ? KeyTypes[random.Next(KeyTypes.Length)] : hole, random),
        "num" => "num:" + random.Next(KeysPerType),
        "geo" => "geo:" + random.Next(KeysPerType),
        "lex" => "lex:" + random.Next(KeysPerType),
        "numlist" or "numset" or "numzset" => Key(hole, random),
        "weightkey" => "w_" + random.Next(-20, 20).ToString(CultureInfo.InvariantCulture),
        "weighthash" => "h_" + random.Next(-20, 20).ToString(CultureInfo.InvariantCulture),
        "sortby" => SortPatterns[random.Next(SortPatterns.Length)],
        "sortget" => GetPatterns[random.Next(GetPatterns.Length)],
        "hll" => "hll:" + random.Next(KeysPerType),
        "val" => Value(random),
        "short" => "v" + random.Next(50),
        "field" => random.Next(30) == 0 ? Value(random) : "f" + random.Next(20),
        "manyfield" => "f" + random.Next(2000),
        "member" => random.Next(5) == 0 ? Value(random) : "m" + random.Next(25),
        "intmember" => random.Next(-20, 20).ToString(CultureInfo.InvariantCulture),
        "int" => Number(random, Integers, BadNumbers),
        "small" => Number(random, null, BadNumbers),
        "float" => Number(random, Floats, BadFloats),
        "score" => Number(random, ["0", "1", "2", "2.5", "-3", "1e3", "inf", "-inf", "0.1", "7", "8", "9"], ["abc", "nan", "", "1x"]),
        "scorelimit" => Number(random, ["-inf", "+inf", "0", "(1", "2", "(2.5", "10", "(-inf", "1000"], ["abc", "(", "(x", ""]),
        "lexlimit" => Number(random, ["-", "+", "[a", "(b", "[m1", "(m2", "[", "[zz"], ["a", "", "m1", "*"]),
        "offset" => Number(random, ["0", "1", "5", "7", "8", "31", "63", "100", "300", "-1"], ["536870912", "4294967296", "-2", .. BadNumbers]),
        "bitoffset" => Number(random, ["0", "1", "5", "7", "8", "31", "63", "64", "100", "300", "2000"], ["4294967296", "-1", "-2", .. BadNumbers]),
        "bit" => Number(random, ["0", "1"], ["2", "-1", .. BadNumbers]),
        "index" => Number(random, ["0", "1", "2", "-1", "-2", "5", "-5", "100", "-100"], BadNumbers),
        "count" => Number(random, ["1", "2", "3", "5", "10", "0", "-1", "-5"], BadNumbers),
        // Hardly ever equal: with GT and LT two equal spans would be ordered by the milliseconds between the two requests.
        "secs" => Number(random, [random.Next(100, 5_000_000).ToString(CultureInfo.InvariantCulture)], ["0", "-1", "9223372036854775807", "9223372036854775", .. BadNumbers]),
        "ms" => Number(random, [random.Next(100_000, 2_000_000_000).ToString(CultureInfo.InvariantCulture)], ["0", "-1", "9223372036854775807", .. BadNumbers]),
        "at" => Number(random, [(FarSeconds + random.Next(1000)).ToString(CultureInfo.InvariantCulture)], ["1", "0", "-5", "9223372036854775807", .. BadNumbers]),
        "atms" => Number(random, [(FarSeconds * 1000 + random.Next(1000)).ToString(CultureInfo.InvariantCulture)], ["1", "0", "-5", .. BadNumbers]),
        // SET keeps a key whose time is past until it is looked at or swept, so that DBSIZE would hang on the sweep.
        "futureat" => (FarSeconds + random.Next(1000)).ToString(CultureInfo.InvariantCulture),
        "futureatms" => (FarSeconds * 1000 + random.Next(1000)).ToString(CultureInfo.InvariantCulture),
        "pattern" => Patterns[random.Next(Patterns.Length)],
        "db" => Number(random, ["0", "1", "2", "3"], ["16", "-1", "999999", .. BadNumbers]),
        "id" => Number(random, ["1-1", "2-1", "2-2", "3", "5-0", "7-3", "9"], ["0", "0-0", "x", "1-", "-", "1-x", "99-9-9"]),
        "undelivered" => ">",
        "streamid" => random.Next(1, 400) + "-" + random.Next(3),
        "lon" => Number(random, ["13.361389", "15.087269", "2.35", "-0.1276", "139.69", "-180", "180"], ["181", "abc", ""]),
        "lat" => Number(random, ["38.115556", "37.502669", "48.85", "51.5072", "35.68", "-85.05", "85.05"], ["86", "abc", ""]),
        "junk" => BadNumbers[random.Next(BadNumbers.Length)],
        _ => throw new FormatException($"No such hole: {{{hole}}}"),
    });

    private string Key(string type, Random random) => type + ":" + random.Next(KeysPerType);

    private string Number(Random random, string[]? good, string[] bad)
    {
        if (random.NextDouble() < BadNumberShare) return bad[random.Next(bad.Length)];
        return good is null ? random.Next(-50, 200).ToString(CultureInfo.InvariantCulture) : good[random.Next(good.Length)];
    }

    /// <summary>Values on both sides of the borders: int / embstr (44) / raw, small collection element (64) / big, text / binary.</summary>
    private static string Value(Random random) => random.Next(12) switch
    {
        0 => Integers[random.Next(Integers.Length)],
        1 => random.Next(100_000).ToString(CultureInfo.InvariantCulture),
        2 => Floats[random.Next(Floats.Length)],
        3 => "",
        4 => new string('e', random.Next(43, 47)),
        5 => new string('x', random.Next(63, 67)),
        6 => new string('b', random.Next(100, 400)),
        7 => "\0\r\n\xff\x80" + (char)random.Next(256),
        _ => "value-" + random.Next(200),
    };
}

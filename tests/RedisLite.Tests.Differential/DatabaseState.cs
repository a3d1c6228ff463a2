using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Everything a server holds, as lines that can be compared: every key of every database with type, encoding, expiry and full value. Unordered
/// values are sorted; expiry is an absolute time that may be five seconds apart, because both sides read their own clock.
/// </summary>
internal static class DatabaseState
{
    private const int Databases = 16;

    public static SortedDictionary<string, string> Read(RedisProcess server)
    {
        using var client = server.Connect();
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var database = 0; database < Databases; database++)
        {
            client.Call("SELECT", database.ToString());
            foreach (var key in client.Ask("KEYS", "*").Texts)
            {
                var name = $"db{database} {CommandText.Quote(CommandText.Bytes(key!))}";
                state[name] = Describe(client, key!);
                if (state[name].StartsWith("hash", StringComparison.Ordinal) && FieldTimes(client, key!) is { Length: > 0 } times) state[name + " times"] = times;
            }
        }

        return state;
    }

    /// <summary>The keys on which two states differ, as lines for a message.</summary>
    public static List<string> Differences(RedisProcess real, RedisProcess ours)
    {
        var (expected, actual) = (Read(real), Read(ours));
        var lines = new List<string>();
        foreach (var key in expected.Keys.Union(actual.Keys))
        {
            var (a, b) = (expected.GetValueOrDefault(key, "absent"), actual.GetValueOrDefault(key, "absent"));
            var isSame = key.EndsWith(" times", StringComparison.Ordinal) && a != "absent" && b != "absent" ? SameTimes(a, b) : SameState(a, b);
            if (!isSame) lines.Add($"{key}\n    redis-server: {Cut(a)}\n    ours:         {Cut(b)}");
        }

        return lines;
    }

    private static string Describe(RespClient client, string key)
    {
        var type = client.Ask("TYPE", key).Text!;
        var replies = client.Pipeline([CommandText.Arguments("OBJECT", "ENCODING", key), CommandText.Arguments("PEXPIRETIME", key), .. ValueCommands(type, key)]);
        var encoding = Reply.Parse(replies[0]).Text!;
        var values = replies.Skip(2).Select(reply => Value(type, encoding, Reply.Parse(reply)));
        return $"{type} {encoding} expires={Reply.Parse(replies[1]).Integer} {string.Join(' ', values)}";
    }

    /// <summary>The fields that expire and when; nothing from a server before 7.4.</summary>
    private static string FieldTimes(RespClient client, string key)
    {
        var fields = client.Ask("HKEYS", key).Texts.Order(StringComparer.Ordinal).ToArray();
        var times = client.Ask(["HEXPIRETIME", key, "FIELDS", fields.Length.ToString(), .. fields!]);
        if (times.IsError) return "";
        var known = fields.Zip(times.Items!).Where(pair => pair.Second.Integer >= 0);
        return string.Join(' ', known.Select(pair => $"{Convert.ToHexString(CommandText.Bytes(pair.First!))}@{pair.Second.Integer}"));
    }

    private static bool SameTimes(string a, string b)
    {
        var (x, y) = (a.Split(' ', '@'), b.Split(' ', '@'));
        for (var i = 0; i < x.Length && x.Length == y.Length; i += 2)
        {
            if (x[i] != y[i] || Math.Abs(long.Parse(x[i + 1]) - long.Parse(y[i + 1])) > 5) return false;
        }

        return x.Length == y.Length;
    }

    private static IEnumerable<byte[][]> ValueCommands(string type, string key) => type switch
    {
        "string" => [CommandText.Arguments("GET", key)],
        "hash" => [CommandText.Arguments("HGETALL", key)],
        "list" => [CommandText.Arguments("LRANGE", key, "0", "-1")],
        "set" => [CommandText.Arguments("SMEMBERS", key)],
        "zset" => [CommandText.Arguments("ZRANGE", key, "0", "-1", "WITHSCORES")],
        "stream" => [CommandText.Arguments("XINFO", "STREAM", key, "FULL", "COUNT", "0")],
        _ => [],
    };

    /// <summary>A compact encoding has an order of its own, which must be the same; a hash table has none.</summary>
    private static string Value(string type, string encoding, Reply reply) => type switch
    {
        "hash" or "set" when encoding is "listpack" or "ziplist" or "intset" => reply.ToString(),
        "hash" => reply.Sorted(groupSize: 2).ToString(),
        "set" => reply.Sorted().ToString(),
        "stream" => WithoutTimes(reply),
        "zset" => reply.WithShortestDoubles().ToString(),
        _ => reply.ToString(),
    };

    /// <summary>
    /// Consumers carry the moment they were last seen, since 7.2 also that of their last delivery; pending entries that of theirs. And since 7.2 there
    /// are consumers that were never given anything.
    /// </summary>
    private static string WithoutTimes(Reply reply)
    {
        if (!reply.IsAggregate) return reply.ToString();
        var parts = new List<string>();
        for (var i = 0; i < reply.Items!.Count; i++)
        {
            if (reply.Items[i].Text is "seen-time" or "active-time") i++;
            else if (reply.Items[i] is { Type: ':', Integer: > 1_000_000_000_000 }) parts.Add("(time)");
            else if (!IsIdleConsumer(reply.Items[i])) parts.Add(WithoutTimes(reply.Items[i]));
        }

        return $"[{string.Join(", ", parts)}]";
    }

    private static bool IsIdleConsumer(Reply reply) =>
        reply.Items is [_, _, { Text: "seen-time" }, .., { Text: "pel-count" }, { Integer: 0 }, _, _];

    private static bool SameState(string a, string b)
    {
        if (a == b) return true;
        var (x, y) = (a.Split(' ', 4), b.Split(' ', 4));
        if (x.Length < 4 || y.Length < 4 || x[0] != y[0] || !SameEncoding(x[0], x[1], y[1]) || !SameValue(x, y)) return false;
        if (x[2] == y[2]) return true;
        var (expiresA, expiresB) = (long.Parse(x[2]["expires=".Length..]), long.Parse(y[2]["expires=".Length..]));
        return expiresA > 0 && expiresB > 0 && Math.Abs(expiresA - expiresB) <= 5000;
    }

    /// <summary>Since 7.2 small lists and sets are listpacks, which 7.0 keeps as a quicklist and a hash table. 7.4 turns a hash into a "listpackex" before
    /// it knows whether a field gets a time; here it does when one gets it.</summary>
    private static bool SameEncoding(string type, string real, string ours) =>
        real == ours || (type, real, ours) is ("hash", "listpackex", "listpack") || (ours == "listpack" && (type, real) is ("list", "quicklist") or ("set", "hashtable"));

    private static bool SameValue(string[] real, string[] ours)
    {
        if (real[3] == ours[3]) return true;
        // The listpack of a set has an order of its own where the hash table of 7.0 has none.
        return (real[0], real[1], ours[1]) is ("set", "hashtable", "listpack") or ("hash", "listpackex", "listpack") && Elements(real[3]).SequenceEqual(Elements(ours[3]));
    }

    private static IEnumerable<string> Elements(string set) => set[(set.IndexOf('[', StringComparison.Ordinal) + 1)..^1].Split(", ").Order(StringComparer.Ordinal);

    private static string Cut(string text) => text.Length <= 600 ? text : text[..600] + $"… ({text.Length} characters)";
}

namespace RedisLite.Engine;

/// <summary>How a command uses the keys of one key spec. Bits are in the order in which COMMAND INFO lists them. (No "None": rows import these names beside those of CommandFlags.)</summary>
[Flags]
internal enum KeyFlags : ushort
{
    /// <summary>Reads the value, or its metadata, and does not change it.</summary>
    RO = 1 << 0,

    /// <summary>Changes a value that it also depends on.</summary>
    RW = 1 << 1,

    /// <summary>Overwrites: the old value does not matter.</summary>
    OW = 1 << 2,

    /// <summary>Removes the key.</summary>
    RM = 1 << 3,

    /// <summary>Returns, copies or compares user data of the value.</summary>
    Access = 1 << 4,
    Update = 1 << 5,
    Insert = 1 << 6,
    Delete = 1 << 7,

    /// <summary>Not a key of the keyspace, but routed like one (shard channels).</summary>
    NotKey = 1 << 8,

    /// <summary>The spec may miss some keys.</summary>
    Incomplete = 1 << 9,

    /// <summary>The other flags depend on the arguments (SET … GET).</summary>
    VariableFlags = 1 << 10,
}

internal static class KeyFlagNames
{
    private static readonly string[] Names =
        ["RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags"];

    public static string[] Of(KeyFlags flags)
    {
        var names = new List<string>();
        for (var bit = 0; bit < Names.Length; bit++)
        {
            if (((uint)flags & (1u << bit)) != 0) names.Add(Names[bit]);
        }
        return names.ToArray();
    }
}

internal enum KeySearch : byte { Unknown, Index, Keyword }

internal enum KeyFind : byte { Unknown, Range, KeyNum }

/// <summary>
/// Where one group of keys lies in a request. A search finds the first argument to look at: a fixed index, or the argument after a keyword.
/// From there either a range of arguments are keys, or an argument says how many keys follow.
/// </summary>
internal sealed class KeySpec
{
    private KeySpec(KeySearch search, KeyFind find, KeyFlags flags)
    {
        Search = search;
        Find = find;
        Flags = flags;
    }

    public KeyFlags Flags { get; }

    public KeySearch Search { get; }

    /// <summary>Search by index: the argument.</summary>
    public int Index { get; private init; }

    /// <summary>Search by keyword: the word; the keys begin behind it.</summary>
    public string Keyword { get; private init; } = "";

    /// <summary>Search by keyword: where to begin looking. Negative: from the end, walking backwards.</summary>
    public int StartFrom { get; private init; }

    public KeyFind Find { get; }

    /// <summary>Range: last key relative to the first; negative counts from the end of the request (-1 = the last argument).</summary>
    public int LastKey { get; private init; }

    /// <summary>Range and KeyNum: distance from key to key.</summary>
    public int Step { get; private init; } = 1;

    /// <summary>Range with LastKey -1: only the first 1/limit of the rest are keys (2 = one half). 0 and 1 = all.</summary>
    public int Limit { get; private init; }

    /// <summary>KeyNum: where the number of keys stands, relative to the begin.</summary>
    public int KeyNumIndex { get; private init; }

    /// <summary>KeyNum: where the first key stands, relative to the begin.</summary>
    public int FirstKey { get; private init; }

    /// <summary>One key.</summary>
    public static KeySpec At(int index, KeyFlags flags) => Range(index, flags, last: 0);

    /// <summary>Keys from <paramref name="index"/> to <paramref name="last"/>: relative to the index, or from the end when negative.</summary>
    public static KeySpec Range(int index, KeyFlags flags, int last = -1, int step = 1, int limit = 0) =>
        new(KeySearch.Index, KeyFind.Range, flags) { Index = index, LastKey = last, Step = step, Limit = limit };

    /// <summary>The argument at <paramref name="index"/> is the number of keys; the keys follow.</summary>
    public static KeySpec Counted(int index, KeyFlags flags, int step = 1) =>
        new(KeySearch.Index, KeyFind.KeyNum, flags) { Index = index, KeyNumIndex = 0, FirstKey = 1, Step = step };

    /// <summary>The keys stand behind a keyword.</summary>
    public static KeySpec After(string keyword, int startFrom, KeyFlags flags, int last = 0, int step = 1, int limit = 0) =>
        new(KeySearch.Keyword, KeyFind.Range, flags)
        {
            Keyword = keyword,
            StartFrom = startFrom,
            LastKey = last,
            Step = step,
            Limit = limit,
        };

    /// <summary>There are keys, but only the command's own logic knows where.</summary>
    public static KeySpec Unknown(KeyFlags flags) => new(KeySearch.Unknown, KeyFind.Unknown, flags);

    /// <summary>
    /// The older description by first key, last key and step (COMMAND INFO still leads with it): adjoining ranges at fixed places merge,
    /// and whatever that cannot say makes the keys movable.
    /// </summary>
    public static (int First, int Last, int Step, bool Movable) Summarize(ReadOnlySpan<KeySpec> specs)
    {
        int first = 0, last = 0, step = 0;
        var movable = false;
        foreach (var spec in specs)
        {
            if (spec.Search != KeySearch.Index || spec.Find != KeyFind.Range)
            {
                movable = true;
                continue;
            }

            var specLast = spec.LastKey >= 0 ? spec.Index + spec.LastKey : spec.LastKey;
            if (first == 0) (first, last, step) = (spec.Index, specLast, spec.Step);
            else if (last >= 0 && spec.Index == last + 1 && spec.Step == step) last = specLast;
            else movable = true;
        }
        return (first, last, step, movable);
    }
}

using RedisLite.Data;

namespace RedisLite.Engine;

/// <summary>An argument that is a key, and what the command does with it.</summary>
internal readonly record struct KeyPlace(int Position, KeyFlags Flags);

/// <summary>The keys of one request; kept and reused by whoever asks often.</summary>
internal sealed class KeyPlaces
{
    private KeyPlace[] places = new KeyPlace[8];

    public int Count { get; private set; }

    public ref readonly KeyPlace this[int i] => ref places[i];

    public ReadOnlySpan<KeyPlace> AsSpan() => places.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Add(int position, KeyFlags flags)
    {
        if (Count == places.Length) Array.Resize(ref places, Count * 2);
        places[Count++] = new KeyPlace(position, flags);
    }
}

/// <summary>A request as a list of arguments: that of a context, or the command line that COMMAND GETKEYS and ACL DRYRUN carry inside theirs.</summary>
internal readonly ref struct RequestView(CommandContext ctx, int first)
{
    public int Argc => ctx.Argc - first;

    public ReadOnlySpan<byte> Arg(int i) => ctx.Arg(first + i);

    public bool ArgIs(int i, ReadOnlySpan<byte> upperWord) => Ascii.EqualsIgnoreCase(Arg(i), upperWord);
}

internal delegate void KeyFinder(RequestView request, KeyPlaces found);

/// <summary>
/// Which arguments of a request are keys: asked by ACL checks, cluster routing, client tracking and COMMAND GETKEYS. The key specs of the row answer for
/// nearly all commands. Five have logic of their own, since their options decide (SET … GET reads too, SORT's STORE may stand anywhere);
/// their rows name a finder below.
/// </summary>
internal static class CommandKeys
{
    /// <summary>Whether the command can have keys at all; shard channels are none.</summary>
    public static bool MayHaveKeys(CommandSpec spec)
    {
        if (spec.KeyFinder is not null) return true;
        foreach (var keys in spec.Keys)
        {
            if ((keys.Flags & KeyFlags.NotKey) == 0) return true;
        }
        return false;
    }

    /// <summary>
    /// Fills in the keys of the request. None when its form is wrong: the command itself will reply with the error.
    /// <paramref name="channels"/>: shard channels count as keys (for routing).
    /// </summary>
    public static void Find(CommandSpec spec, RequestView request, KeyPlaces found, bool channels = false)
    {
        found.Clear();
        if (spec.KeysDependOnOptions || !BySpecs(spec.Keys, request, found, channels))
        {
            found.Clear();
            spec.KeyFinder?.Invoke(request, found);
        }
    }

    private static bool BySpecs(KeySpec[] specs, RequestView request, KeyPlaces found, bool channels)
    {
        foreach (var spec in specs)
        {
            if ((spec.Flags & KeyFlags.NotKey) != 0 && !channels) continue;
            if (spec.Search == KeySearch.Unknown) return false;

            var begin = spec.Search == KeySearch.Index ? spec.Index : BehindKeyword(spec, request);
            if (begin == 0) continue;                                                // an option that is not there
            if (!BySpec(spec, request, begin, found) || (spec.Flags & KeyFlags.Incomplete) != 0) return false;
        }
        return true;
    }

    private static bool BySpec(KeySpec spec, RequestView request, int begin, KeyPlaces found)
    {
        long first = begin;
        long last;
        if (spec.Find == KeyFind.KeyNum)
        {
            var at = begin + spec.KeyNumIndex;
            if (at >= request.Argc || !NumberText.TryParseInt64(request.Arg(at), out var count) || count is < 0 or > int.MaxValue) return false;
            first += spec.FirstKey;
            last = first + (count - 1) * spec.Step;
        }
        else if (spec.LastKey >= 0) last = first + spec.LastKey;
        else if (spec.Limit <= 1) last = request.Argc + spec.LastKey;
        else last = first + (request.Argc - first) / spec.Limit + spec.LastKey;

        if (first >= request.Argc || last >= request.Argc || last < first) return false;
        for (var i = first; i <= last; i += spec.Step) found.Add((int)i, spec.Flags);
        return true;
    }

    /// <summary>The argument behind the keyword, 0 = no keyword. The outermost argument looked at cannot be the keyword: nothing would follow it.</summary>
    private static int BehindKeyword(KeySpec spec, RequestView request)
    {
        var forward = spec.StartFrom > 0;
        var start = forward ? spec.StartFrom : request.Argc + spec.StartFrom;
        var end = forward ? request.Argc - 1 : 1;
        for (var i = start; forward ? i < end : i > end; i += forward ? 1 : -1)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(request.Arg(i), spec.Keyword)) return i + 1;
        }
        return 0;
    }

    /// <summary>SET … GET gives the old value back, SET … IFEQ compares with it; without them the old value does not matter.</summary>
    public static void OfSet(RequestView request, KeyPlaces found)
    {
        for (var i = 3; i < request.Argc; i++)
        {
            if (!request.ArgIs(i, "GET"u8) && !request.ArgIs(i, "IFEQ"u8)) continue;
            found.Add(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update);
            return;
        }
        found.Add(1, KeyFlags.OW | KeyFlags.Update);
    }

    /// <summary>BITFIELD with nothing but GETs only reads.</summary>
    public static void OfBitField(RequestView request, KeyPlaces found)
    {
        var writes = false;
        for (var i = 2; i < request.Argc && !writes; i++)
        {
            var left = request.Argc - i - 1;
            if (request.ArgIs(i, "GET"u8) && left >= 2) i += 2;
            else if (request.ArgIs(i, "OVERFLOW"u8) && left >= 1) i += 1;
            else writes = true;
        }
        found.Add(1, writes ? KeyFlags.RW | KeyFlags.Access | KeyFlags.Update : KeyFlags.RO | KeyFlags.Access);
    }

    /// <summary>SORT: the last STORE counts, wherever it stands, unless it is the operand of another option.</summary>
    public static void OfSort(RequestView request, KeyPlaces found)
    {
        found.Add(1, KeyFlags.RO | KeyFlags.Access);
        var store = 0;
        for (var i = 2; i < request.Argc; i++)
        {
            if (request.ArgIs(i, "LIMIT"u8)) i += 2;
            else if (request.ArgIs(i, "GET"u8) || request.ArgIs(i, "BY"u8)) i += 1;
            else if (request.ArgIs(i, "STORE"u8) && i + 1 < request.Argc) store = i + 1;
        }
        if (store > 0) found.Add(store, KeyFlags.OW | KeyFlags.Update);
    }

    public static void OfSortRo(RequestView request, KeyPlaces found) => found.Add(1, KeyFlags.RO | KeyFlags.Access);

    /// <summary>MIGRATE: one key, or "" and KEYS with all that follow. Both at once is an error, and then there are none.</summary>
    public static void OfMigrate(RequestView request, KeyPlaces found)
    {
        const KeyFlags flags = KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete;
        for (var i = 6; i < request.Argc; i++)
        {
            if (request.ArgIs(i, "KEYS"u8))
            {
                if (request.Arg(3).Length > 0) return;
                for (i++; i < request.Argc; i++) found.Add(i, flags);
                return;
            }
            if (request.ArgIs(i, "AUTH"u8)) i += 1;
            else if (request.ArgIs(i, "AUTH2"u8)) i += 2;
        }
        found.Add(3, flags);
    }
}

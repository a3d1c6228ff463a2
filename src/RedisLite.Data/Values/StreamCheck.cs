using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>Whether bytes from outside are a stream's node that its walks can trust.</summary>
internal static class StreamCheck
{
    /// <summary>Everything inside its bounds, counts true, IDs ascending from the master's on.</summary>
    public static bool IsValid(ReadOnlySpan<byte> pack, StreamId master, out long live, out StreamId first, out StreamId last)
    {
        live = 0;
        first = last = default;
        if (!ListPack.Validate(pack)) return false;
        var at = ListPack.First;
        if (!TryInteger(pack, ref at, out var count) || !TryInteger(pack, ref at, out var deleted) || !TryInteger(pack, ref at, out var fields)) return false;
        if (count < 0 || deleted < 0 || fields < 0 || fields > pack.Length || !TrySkip(pack, ref at, fields)) return false;
        if (!TryInteger(pack, ref at, out var zero) || zero != 0) return false;

        var isFirst = true;
        var total = 0L;
        while (!ListPack.IsEnd(pack, at))
        {
            if (!TryEntry(pack, ref at, master, fields, out var id, out var isDeleted)) return false;
            if (isFirst ? id < master : id <= last) return false;
            if (isFirst) first = id;
            isFirst = false;
            last = id;
            total++;
            if (!isDeleted) live++;
        }
        return live == count && total == count + deleted && total > 0;
    }

    private static bool TryEntry(ReadOnlySpan<byte> pack, ref int at, StreamId master, long masterFields, out StreamId id, out bool isDeleted)
    {
        id = default;
        isDeleted = false;
        if (!TryInteger(pack, ref at, out var flags) || !TryInteger(pack, ref at, out var ms) || !TryInteger(pack, ref at, out var seq)) return false;
        if (flags is < 0 or > 3) return false;
        isDeleted = (flags & StreamNode.Deleted) != 0;
        id = new StreamId(master.Ms + (ulong)ms, master.Seq + (ulong)seq);
        var isSame = (flags & StreamNode.SameFields) != 0;
        var fields = masterFields;
        if (!isSame && !TryInteger(pack, ref at, out fields)) return false;
        if (fields < 0 || fields > pack.Length || !TrySkip(pack, ref at, isSame ? fields : fields * 2)) return false;
        return TryInteger(pack, ref at, out var parts) && parts == (isSame ? fields + 3 : (fields * 2) + 4);
    }

    private static bool TryInteger(ReadOnlySpan<byte> pack, ref int at, out long value)
    {
        value = 0;
        if (ListPack.IsEnd(pack, at)) return false;
        var packed = ListPack.Read(pack, ref at);
        value = packed.Integer;
        return packed.IsInteger;
    }

    private static bool TrySkip(ReadOnlySpan<byte> pack, ref int at, long entries)
    {
        for (; entries > 0; entries--)
        {
            if (ListPack.IsEnd(pack, at)) return false;
            at = ListPack.Next(pack, at);
        }
        return true;
    }
}

using System.Text;
using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>
/// Blobs from outside (RESTORE, an RDB file) before they become values. The shape is always checked, because everything behind trusts it; that no
/// member stands twice only when <c>isDeep</c> asks, because that costs a set of all of them.
/// </summary>
internal static class ValueCheck
{
    public static bool IsList(ReadOnlySpan<byte> pack) => ListPack.Validate(pack, out var count) && count > 0;

    public static bool IsHash(ReadOnlySpan<byte> pack, bool isDeep) =>
        ListPack.Validate(pack, out var count) && count > 0 && count % 2 == 0 && (!isDeep || AreUnique(pack, step: 2));

    public static bool IsSet(ReadOnlySpan<byte> pack, bool isDeep) =>
        ListPack.Validate(pack, out var count) && count > 0 && (!isDeep || AreUnique(pack, step: 1));

    /// <summary>Scores must be numbers and in order, members of equal score in the order of their bytes.</summary>
    public static bool IsZSet(ReadOnlySpan<byte> pack, bool isDeep)
    {
        if (!ListPack.Validate(pack, out var count) || count == 0 || count % 2 != 0) return false;
        var before = double.NegativeInfinity;
        var memberBeforeAt = -1;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        Span<byte> scratchBefore = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at);)
        {
            var memberAt = at;
            var member = ListPack.Read(pack, ref at).AsText(scratch);
            var packed = ListPack.Read(pack, ref at);
            double score = packed.Integer;
            if (!packed.IsInteger && !NumberText.TryParseDouble(packed.AsText(default), out score)) return false;
            if (score < before) return false;
            if (score == before && memberBeforeAt >= 0)
            {
                var memberBefore = ListPack.Get(pack, memberBeforeAt).AsText(scratchBefore);
                if (memberBefore.SequenceCompareTo(member) >= 0) return false;
            }
            before = score;
            memberBeforeAt = memberAt;
        }
        return !isDeep || AreUnique(pack, step: 2);
    }

    /// <summary>A node of a stream: a master entry, and entries that its counts, flags and part numbers describe truly.</summary>
    public static bool IsStreamNode(ReadOnlySpan<byte> pack)
    {
        if (!ListPack.Validate(pack, out var left) || left < 4) return false;
        var at = ListPack.First;
        if (!ReadNumber(pack, ref at, ref left, out var live) || !ReadNumber(pack, ref at, ref left, out var deleted)) return false;
        if (!ReadNumber(pack, ref at, ref left, out var masterFields) || masterFields < 0 || masterFields >= left) return false;
        for (var i = 0; i < masterFields; i++, left--) at = ListPack.Next(pack, at);
        if (!ReadNumber(pack, ref at, ref left, out var zero) || zero != 0 || live < 0 || deleted < 0) return false;

        long foundLive = 0, foundDeleted = 0;
        while (left > 0)
        {
            if (!ReadNumber(pack, ref at, ref left, out var flags) || flags is < 0 or > 3) return false;
            if (!ReadNumber(pack, ref at, ref left, out _) || !ReadNumber(pack, ref at, ref left, out _)) return false;
            var isSame = (flags & StreamNode.SameFields) != 0;
            var fields = masterFields;
            if (!isSame && !ReadNumber(pack, ref at, ref left, out fields)) return false;
            if (fields < 0 || fields > left) return false;

            var parts = isSame ? fields : fields * 2;
            if (parts >= left) return false;
            for (var i = 0L; i < parts; i++, left--) at = ListPack.Next(pack, at);
            if (!ReadNumber(pack, ref at, ref left, out var stored) || stored != parts + (isSame ? 3 : 4)) return false;
            if ((flags & StreamNode.Deleted) != 0) foundDeleted++;
            else foundLive++;
        }
        return foundLive == live && foundDeleted == deleted;
    }

    private static bool ReadNumber(ReadOnlySpan<byte> pack, ref int at, ref int left, out long number)
    {
        number = 0;
        if (left-- <= 0) return false;
        var value = ListPack.Read(pack, ref at);
        number = value.Integer;
        return value.IsInteger;
    }

    private static bool AreUnique(ReadOnlySpan<byte> pack, int step)
    {
        var seen = new HashSet<string>();
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at);)
        {
            if (!seen.Add(Encoding.Latin1.GetString(ListPack.Read(pack, ref at).AsText(scratch)))) return false;
            for (var i = 1; i < step; i++) at = ListPack.Next(pack, at);
        }
        return true;
    }
}

using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>Edits of a listpack that is the whole value of a record. One resize each, before or after the move. For the leaves of a list's tree see <see cref="ListLeaf"/>.</summary>
internal static class PackedEdit
{
    /// <summary>Replaces bytes at a position by a gap, which is returned for the caller to fill; see <see cref="ListPack.Splice"/>.</summary>
    public static Span<byte> Splice(Entry entry, int at, int removeBytes, int insertBytes, int countDelta, int slack = 0)
    {
        var before = entry.Value.Length;
        var after = before - removeBytes + insertBytes;
        if (after > before) return ListPack.Splice(entry.Resize(after, entry.Kind, slack), at, removeBytes, insertBytes, countDelta);

        var gap = ListPack.Splice(entry.MutableValue(), at, removeBytes, insertBytes, countDelta);
        return after == before ? gap : entry.Resize(after, entry.Kind).Slice(at, insertBytes);
    }

    public static void Insert(Entry entry, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(entry, at, 0, value.PackedSize, 1));

    /// <summary>A record that must move is given the slack on top.</summary>
    public static void Append(Entry entry, scoped in PackedValue value, int slack = 0) =>
        value.WriteTo(Splice(entry, ListPack.End(entry.Value), 0, value.PackedSize, 1, slack));

    public static void Replace(Entry entry, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(entry, at, ListPack.EntrySize(entry.Value, at), value.PackedSize, 0));

    /// <summary>Takes out entries from a position on; returns how many there were.</summary>
    public static int Remove(Entry entry, int at, int count)
    {
        var bytes = ListPack.MeasureRange(entry.Value, at, count, out var found);
        if (found > 0) Splice(entry, at, bytes, 0, -found);
        return found;
    }
}

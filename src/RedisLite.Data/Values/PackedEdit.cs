using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>Edits of a listpack where it lives: as the whole value of a record, or as a leaf of a tree. One resize each, before or after the move.</summary>
internal static class PackedEdit
{
    private const int LeafMax = Memory.SizeClasses.MaxSlotBytes - BTree.LeafHeader;

    /// <summary>Replaces bytes at a position by a gap, which is returned for the caller to fill; see <see cref="ListPack.Splice"/>.</summary>
    public static Span<byte> Splice(Entry entry, int at, int removeBytes, int insertBytes, int countDelta)
    {
        var before = entry.Value.Length;
        var after = before - removeBytes + insertBytes;
        if (after > before) return ListPack.Splice(entry.Resize(after, entry.Kind), at, removeBytes, insertBytes, countDelta);

        var gap = ListPack.Splice(entry.MutableValue(), at, removeBytes, insertBytes, countDelta);
        return after == before ? gap : entry.Resize(after, entry.Kind).Slice(at, insertBytes);
    }

    public static void Insert(Entry entry, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(entry, at, 0, value.PackedSize, 1));

    public static void Append(Entry entry, scoped in PackedValue value) => Insert(entry, ListPack.End(entry.Value), value);

    public static void Replace(Entry entry, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(entry, at, ListPack.EntrySize(entry.Value, at), value.PackedSize, 0));

    /// <summary>Takes out entries from a position on; returns how many there were.</summary>
    public static int Remove(Entry entry, int at, int count)
    {
        var bytes = ListPack.MeasureRange(entry.Value, at, count, out var found);
        if (found > 0) Splice(entry, at, bytes, 0, -found);
        return found;
    }

    /// <summary>The same in the leaf a tree stands on; the tree's counts follow.</summary>
    public static Span<byte> Splice(ref BTree tree, int at, int removeBytes, int insertBytes, int countDelta)
    {
        var before = ListPack.TotalBytes(tree.Leaf);
        var after = before - removeBytes + insertBytes;
        // A growing leaf is given an eighth more than it needs, but never more than a full one takes: full leaves have no slack.
        var slack = after > before ? Math.Clamp(LeafMax - after, 0, after / 8) : 0;
        var gap = ListPack.Splice(tree.WritableLeaf(Math.Max(before, after), slack), at, removeBytes, insertBytes, countDelta);
        if (countDelta != 0) tree.SetLeaf(tree.LeafCount + countDelta);
        return after >= before ? gap : tree.WritableLeaf(after).Slice(at, insertBytes);
    }

    public static void Insert(ref BTree tree, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(ref tree, at, 0, value.PackedSize, 1));

    public static void Replace(ref BTree tree, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(ref tree, at, ListPack.EntrySize(tree.Leaf, at), value.PackedSize, 0));
}

using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// A node of a stream: the ID of its first entry, then Redis's own listpack of entries (an RDB file takes it as it is):
///
///     count  deleted  F  field × F  0            the master entry: live entries, deleted ones, and the fields of the first entry
///     flags  ms-diff  seq-diff  value × F  n     an entry with the same fields (flag 2)
///     flags  ms-diff  seq-diff  N  (field value) × N  n
///
/// n counts the parts of the entry before it, for walking backward. Flag 1 marks a deleted entry, which stays until its node goes.
/// </summary>
internal static class StreamNode
{
    public const int PackAt = StreamId.KeyBytes;
    public const int Deleted = 1;
    public const int SameFields = 2;

    public static ReadOnlySpan<byte> Pack(scoped in BTree tree) => tree.Leaf[PackAt..];

    public static StreamId Master(scoped in BTree tree) => StreamId.Read(tree.Leaf);

    /// <summary>Positions of the master entry's parts.</summary>
    public static StreamMaster ReadMaster(ReadOnlySpan<byte> pack)
    {
        var at = ListPack.First;
        var count = ListPack.ReadInteger(pack, ref at);
        var deletedAt = at;
        var deleted = ListPack.ReadInteger(pack, ref at);
        var fields = (int)ListPack.ReadInteger(pack, ref at);
        var fieldsAt = at;
        for (var i = 0; i <= fields; i++) at = ListPack.Next(pack, at);
        return new StreamMaster(count, deleted, deletedAt, fields, fieldsAt, at);
    }

    public static StreamEntryHead ReadHead(ReadOnlySpan<byte> pack, int at, StreamId master, int masterFields)
    {
        var start = at;
        var flags = (int)ListPack.ReadInteger(pack, ref at);
        var ms = master.Ms + (ulong)ListPack.ReadInteger(pack, ref at);
        var seq = master.Seq + (ulong)ListPack.ReadInteger(pack, ref at);
        var fields = (flags & SameFields) != 0 ? masterFields : (int)ListPack.ReadInteger(pack, ref at);
        return new StreamEntryHead(start, flags, new StreamId(ms, seq), fields, at);
    }

    /// <summary>Position behind an entry.</summary>
    public static int Skip(ReadOnlySpan<byte> pack, in StreamEntryHead head)
    {
        var parts = ((head.Flags & SameFields) != 0 ? head.Fields : head.Fields * 2) + 1;
        var at = head.PartsAt;
        for (; parts > 0; parts--) at = ListPack.Next(pack, at);
        return at;
    }

    /// <summary>Position of the entry that ends where <paramref name="end"/> is.</summary>
    public static int Back(ReadOnlySpan<byte> pack, int end)
    {
        var at = ListPack.Previous(pack, end);
        for (var parts = ListPack.Get(pack, at).Integer; parts > 0; parts--) at = ListPack.Previous(pack, at);
        return at;
    }

    /// <summary>Replaces an integer in the leaf that the tree stands on.</summary>
    public static void SetInteger(ref BTree tree, int at, long value)
    {
        var pack = Pack(tree);
        var packed = new PackedValue(value);
        packed.WriteTo(Splice(ref tree, at, ListPack.EntrySize(pack, at), packed.PackedSize, 0));
    }

    /// <summary>See <see cref="ListPack.Splice"/>; the room grows or shrinks with it. A leaf that must move gets the slack on top.</summary>
    public static Span<byte> Splice(ref BTree tree, int at, int removeBytes, int insertBytes, int countDelta, int slack = 0)
    {
        var before = ListPack.TotalBytes(Pack(tree));
        var after = before - removeBytes + insertBytes;
        var buffer = tree.WritableLeaf(PackAt + Math.Max(before, after), slack);
        var gap = ListPack.Splice(buffer[PackAt..], at, removeBytes, insertBytes, countDelta);
        return after >= before ? gap : tree.WritableLeaf(PackAt + after).Slice(PackAt + at, insertBytes);
    }
}

internal readonly record struct StreamMaster(long Count, long Deleted, int DeletedAt, int Fields, int FieldsAt, int EntriesAt);

/// <summary>An entry's position, flags, ID, number of fields, and where its field-value parts begin.</summary>
internal readonly record struct StreamEntryHead(int At, int Flags, StreamId Id, int Fields, int PartsAt);

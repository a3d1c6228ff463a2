using System.Buffers.Binary;
using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// A leaf of a list's tree: a listpack, and room to grow. The room is behind it, or, where elements come and go at the front, before it:
///
///     total:u32 count:u16 entry* FF (room)              as everywhere
///     begin:u32, top bit set (room) total:u32 …         the listpack begins at `begin`
///
/// LPUSH into a leaf without such a gap moves all that is in the leaf, 4 KB on average and a tenth of the request's time; LPOP the same. With it
/// both write a new header in front of the first element and move nothing. A full leaf has no gap to speak of, so it costs no memory.
/// All positions are relative to the listpack.
/// </summary>
internal static class ListLeaf
{
    private const int BeginBytes = sizeof(uint);
    private const uint GapFlag = 0x8000_0000;
    private const int BytesMax = Memory.SizeClasses.MaxSlotBytes - BTree.LeafHeader;

    /// <summary>The listpack in the owner's bytes of a leaf, with the room behind it.</summary>
    public static ReadOnlySpan<byte> Pack(ReadOnlySpan<byte> leaf) => leaf[Begin(leaf)..];

    public static ReadOnlySpan<byte> Pack(scoped in BTree tree) => Pack(tree.Leaf);

    private static int Begin(ReadOnlySpan<byte> leaf)
    {
        var first = BinaryPrimitives.ReadInt32LittleEndian(leaf);
        return first < 0 ? first & int.MaxValue : 0;
    }

    // ---- the ends of a list, where nearly all of its changes are ----
    // One look at the leaf, and all is known: 40 % less code on the way of LPUSH and RPOP than by Splice, which then has what does not fit here.

    /// <summary>Adds an element at an end of a leaf that has the room for it and that no snapshot can see. False: nothing was done.</summary>
    public static bool TryPush(Span<byte> leaf, ListEnd end, scoped in PackedValue value, scoped in ListLimits limits)
    {
        var begin = Begin(leaf);
        var pack = leaf[begin..];
        var total = ListPack.TotalBytes(pack);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        if (count is 0 or >= ListPack.CountUnknown - 1 || !limits.Allows(total, count, value)) return false;

        var size = value.PackedSize;
        if (end == ListEnd.Right)
        {
            if (total + size > pack.Length) return false;
            value.WriteTo(pack[(total - 1)..]);
            pack[total + size - 1] = ListPack.EndByte;
        }
        else
        {
            begin -= size;
            if (begin < BeginBytes) return false;
            BinaryPrimitives.WriteUInt32LittleEndian(leaf, GapFlag | (uint)begin);
            pack = leaf[begin..];
            value.WriteTo(pack[ListPack.First..]);
        }
        ListPack.WriteHeader(pack, total + size, count + 1);
        return true;
    }

    /// <summary>
    /// Hands over the element at an end and takes it out of a leaf that keeps others, that does not become sparse, and that no snapshot can see. False:
    /// nothing was done.
    /// </summary>
    public static bool TryPop<T>(Span<byte> leaf, ListEnd end, scoped ref T receiver)
        where T : struct, IElementReceiver, allows ref struct
    {
        var begin = Begin(leaf);
        var pack = leaf[begin..];
        var total = ListPack.TotalBytes(pack);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(pack[4..]);
        if (count is < 2 or ListPack.CountUnknown) return false;

        if (end == ListEnd.Right)
        {
            var last = ListPack.Last(pack);
            if (IsSparse(last + 1, leaf)) return false;
            receiver.Take(ListPack.Get(pack, last));
            pack[last] = ListPack.EndByte;
            ListPack.WriteHeader(pack, last + 1, count - 1);
            return true;
        }

        var size = ListPack.EntrySize(pack, ListPack.First);
        if (begin + size < BeginBytes || IsSparse(total - size, leaf)) return false;
        receiver.Take(ListPack.Get(pack, ListPack.First));
        begin += size;
        BinaryPrimitives.WriteUInt32LittleEndian(leaf, GapFlag | (uint)begin);
        ListPack.WriteHeader(leaf[begin..], total - size, count - 1);
        return true;
    }

    /// <summary>Whether a listpack of so many bytes may deserve a smaller slot, which Splice decides.</summary>
    private static bool IsSparse(int bytes, Span<byte> leaf) => bytes <= leaf.Length / 4 * 3;

    public static void Insert(ref BTree tree, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(ref tree, at, 0, value.PackedSize, 1));

    public static void Replace(ref BTree tree, int at, scoped in PackedValue value) =>
        value.WriteTo(Splice(ref tree, at, ListPack.EntrySize(Pack(tree), at), value.PackedSize, 0));

    /// <summary>
    /// Replaces bytes at a position of the leaf a tree stands on by a gap, which is returned for the caller to fill; the tree's counts follow. A leaf
    /// that must grow is given an eighth more than it needs, but never more than a full one takes.
    /// </summary>
    public static Span<byte> Splice(ref BTree tree, int at, int removeBytes, int insertBytes, int countDelta)
    {
        var begin = Begin(tree.Leaf);
        var total = ListPack.TotalBytes(tree.Leaf[begin..]);
        var after = total - removeBytes + insertBytes;
        var gap = at == ListPack.First && after != total
            ? SpliceFront(ref tree, begin, total, removeBytes, insertBytes, countDelta)
            : SpliceInside(ref tree, begin, total, at, removeBytes, insertBytes, countDelta);
        if (countDelta != 0) tree.SetLeaf(tree.LeafCount + countDelta);
        if (after >= total) return gap;

        // What has become sparse goes to a smaller slot: without a gap, which would be kept otherwise.
        var needed = after + BTree.LeafHeader;
        if (Memory.Arena.CapacityFor(needed) > tree.LeafCapacity / 4 * 3) return gap;
        var leaf = tree.WritableLeaf(total + begin);
        MoveToStart(leaf, Begin(leaf));
        return tree.WritableLeaf(after).Slice(at, insertBytes);
    }

    private static Span<byte> SpliceInside(ref BTree tree, int begin, int total, int at, int removeBytes, int insertBytes, int countDelta)
    {
        var after = total - removeBytes + insertBytes;
        if (after > total && begin > 0 && begin + after > tree.LeafCapacity - BTree.LeafHeader)
        {
            MoveToStart(tree.WritableLeaf(begin + total), begin);
            begin = 0;
        }
        var leaf = tree.WritableLeaf(begin + Math.Max(total, after), after > total ? Slack(after) : 0);
        return ListPack.Splice(leaf[begin..], at, removeBytes, insertBytes, countDelta);
    }

    /// <summary>At the front the elements behind stay where they are, and the header moves.</summary>
    private static Span<byte> SpliceFront(ref BTree tree, int begin, int total, int removeBytes, int insertBytes, int countDelta)
    {
        var after = total - removeBytes + insertBytes;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(tree.Leaf[(begin + 4)..]);
        if (count != ListPack.CountUnknown) count += countDelta;
        var newBegin = begin + removeBytes - insertBytes;
        Span<byte> leaf;
        if (newBegin is 0 or >= BeginBytes)
        {
            leaf = tree.WritableLeaf(begin + total);
        }
        else if (after < total)
        {
            return SpliceInside(ref tree, begin, total, ListPack.First, removeBytes, insertBytes, countDelta);
        }
        else
        {
            // Out of room. All that there will be goes to the front, but in a lone leaf, whose other end is as busy, only half.
            leaf = tree.WritableLeaf(Math.Max(begin + total, after), Slack(after));
            newBegin = tree.Root.Height > 0 ? leaf.Length - after : (leaf.Length - after) / 2;
            if (newBegin < BeginBytes) newBegin = 0;
            leaf[(begin + ListPack.First + removeBytes)..(begin + total)].CopyTo(leaf[(newBegin + ListPack.First + insertBytes)..]);
        }
        if (newBegin > 0) BinaryPrimitives.WriteUInt32LittleEndian(leaf, GapFlag | (uint)newBegin);
        var pack = leaf[newBegin..];
        ListPack.WriteHeader(pack, after, count);
        return pack.Slice(ListPack.First, insertBytes);
    }

    private static void MoveToStart(Span<byte> leaf, int begin)
    {
        if (begin > 0) leaf.Slice(begin, ListPack.TotalBytes(leaf[begin..])).CopyTo(leaf);
    }

    private static int Slack(int bytes) => Math.Clamp(BytesMax - bytes, 0, bytes / 8);
}

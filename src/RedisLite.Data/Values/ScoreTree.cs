using System.Buffers.Binary;
using RedisLite.Data.Memory;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// The order of a big sorted set: a B+tree whose leaves are arrays of (score, handle of the member's element in the table), 13 bytes an entry. The
/// member's bytes are in the element only; they are looked at when scores are equal. An entry is also what inner nodes keep as a key, so one
/// comparison serves both, and a key never outlives its element: when a first entry goes, the keys above it change with it.
/// </summary>
internal static class ScoreTree
{
    public const int EntrySize = 13;
    public const int LeafMax = 128;

    private const int JoinBelow = 32;

    /// <summary>A full leaf gives to a neighbour of at most so many before it is cut in two.</summary>
    private const int ShareUpTo = LeafMax / 8 * 7;

    public static double Score(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadDoubleLittleEndian(entry);

    public static ulong Element(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) | (ulong)entry[12] << 32;

    public static ReadOnlySpan<byte> EntryAt(ReadOnlySpan<byte> leaf, int index) => leaf.Slice(index * EntrySize, EntrySize);

    public static void WriteEntry(Span<byte> entry, double score, ulong element)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(entry, score);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], (uint)element);
        entry[12] = (byte)(element >> 32);
    }

    /// <summary>Goes to the first entry that is not before what is looked for; returns its index in the leaf, which may be the leaf's end.</summary>
    public static int Seek<TOrder>(ref BTree tree, scoped in TOrder order)
        where TOrder : ITreeOrder, allows ref struct
    {
        if (tree.Root.Node == 0) return 0;
        tree.SeekKey(order);
        return SeekInLeaf(tree, order);
    }

    /// <summary>
    /// Goes to the entry of a member whose element is known. Members of the same score are told apart by their elements' handles, which stand in the
    /// leaf, and not by their bytes, each of which is a line that is not in the cache.
    /// </summary>
    public static int SeekElement(ref BTree tree, Arena arena, double score, ReadOnlySpan<byte> member, ulong element)
    {
        tree.SeekKey(new MemberOrder(arena, score, member));
        var index = SeekInLeaf(tree, new ScoreOrder(score, after: false));
        var leaf = tree.Leaf;
        while (Element(EntryAt(leaf, index)) != element) index++;
        return index;
    }

    private static int SeekInLeaf<TOrder>(in BTree tree, scoped in TOrder order)
        where TOrder : ITreeOrder, allows ref struct
    {
        int low = 0, high = (int)tree.LeafCount;
        tree.PrefetchLeaf(high * EntrySize);
        var leaf = tree.Leaf;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (order.CompareTo(EntryAt(leaf, middle)) > 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    public static void Insert<TOrder>(ref BTree tree, scoped in TOrder order, double score, ulong element)
        where TOrder : ITreeOrder, allows ref struct
    {
        if (tree.Root.Node == 0)
        {
            tree.Plant(NewLeaf(tree, score, element), 1);
            return;
        }

        var index = Seek(ref tree, order);
        var count = (int)tree.LeafCount;
        if (count < LeafMax)
        {
            var leaf = tree.WritableLeaf((count + 1) * EntrySize);
            var at = index * EntrySize;
            leaf[at..(count * EntrySize)].CopyTo(leaf[(at + EntrySize)..]);
            WriteEntry(leaf[at..], score, element);
            tree.SetLeaf(count + 1, index == 0 ? leaf[..EntrySize] : default);
            return;
        }

        // At either end of the tree the full leaf stays full: ascending and descending inserts pack tight.
        if (index == count && tree.IsLastLeaf) AddLeaf(ref tree, score, element, isBehind: true);
        else if (index == 0 && tree.IsFirstLeaf) AddLeaf(ref tree, score, element, isBehind: false);
        else
        {
            if (!TryShare(ref tree, count)) Split(ref tree, count);
            Insert(ref tree, order, score, element);
        }
    }

    /// <summary>
    /// Evens a full leaf out with a neighbour that has room. Leaves cut in two as soon as they are full are 69 % full on average, these a good 80 %.
    /// False: there is none, and the tree stands on the leaf again.
    /// </summary>
    private static bool TryShare(ref BTree tree, int count)
    {
        var full = tree.Leaf[..(count * EntrySize)];
        var rank = tree.Before;
        if (tree.MoveNext() && tree.LeafCount <= ShareUpTo)
        {
            var old = (int)tree.LeafCount;
            var moved = (count - old) / 2;
            var leaf = tree.WritableLeaf((old + moved) * EntrySize);
            leaf[..(old * EntrySize)].CopyTo(leaf[(moved * EntrySize)..]);
            full[((count - moved) * EntrySize)..].CopyTo(leaf);
            tree.SetLeaf(old + moved, leaf[..EntrySize]);
            tree.SeekRank(rank);
            tree.WritableLeaf((count - moved) * EntrySize);
            tree.SetLeaf(count - moved);
            return true;
        }

        tree.SeekRank(rank);
        if (tree.MovePrevious() && tree.LeafCount <= ShareUpTo)
        {
            var old = (int)tree.LeafCount;
            var moved = (count - old) / 2;
            full[..(moved * EntrySize)].CopyTo(tree.WritableLeaf((old + moved) * EntrySize)[(old * EntrySize)..]);
            tree.SetLeaf(old + moved);
            tree.SeekRank(rank + moved);
            RemoveAt(ref tree, 0, moved);
            return true;
        }
        tree.SeekRank(rank);
        return false;
    }

    private static ulong NewLeaf(in BTree tree, double score, ulong element)
    {
        var handle = tree.NewLeaf(EntrySize, out var leaf);
        WriteEntry(leaf, score, element);
        return handle;
    }

    private static void AddLeaf(ref BTree tree, double score, ulong element, bool isBehind)
    {
        Span<byte> key = stackalloc byte[EntrySize];
        Span<byte> thisKey = stackalloc byte[EntrySize];
        WriteEntry(key, score, element);
        EntryAt(tree.Leaf, 0).CopyTo(thisKey);
        var leaf = NewLeaf(tree, score, element);
        if (isBehind) tree.InsertLeafAfter(leaf, 1, key, thisKey);
        else tree.InsertLeafBefore(leaf, 1, key, thisKey);
    }

    private static void Split(ref BTree tree, int count)
    {
        var half = count / 2;
        Span<byte> key = stackalloc byte[EntrySize];
        Span<byte> thisKey = stackalloc byte[EntrySize];
        var old = tree.Leaf;
        EntryAt(old, half).CopyTo(key);
        EntryAt(old, 0).CopyTo(thisKey);
        var right = tree.NewLeaf((count - half) * EntrySize, out var rightLeaf);
        old[(half * EntrySize)..(count * EntrySize)].CopyTo(rightLeaf);
        tree.WritableLeaf(half * EntrySize);
        tree.SetLeaf(half);
        tree.InsertLeafAfter(right, count - half, key, thisKey);
    }

    /// <summary>Removes the entries from this rank on; the table is the caller's matter.</summary>
    public static void RemoveRange(ref BTree tree, long rank, long count)
    {
        while (count > 0)
        {
            var index = tree.SeekRank(rank);
            var here = (int)Math.Min(count, tree.LeafCount - index);
            RemoveAt(ref tree, index, here);
            count -= here;
        }
    }

    public static void RemoveAt(ref BTree tree, int index, int entries)
    {
        var count = (int)tree.LeafCount;
        if (entries == count)
        {
            tree.RemoveLeaf();
            return;
        }
        var leaf = tree.WritableLeaf(count * EntrySize);
        leaf[((index + entries) * EntrySize)..(count * EntrySize)].CopyTo(leaf[(index * EntrySize)..]);
        count -= entries;
        leaf = tree.WritableLeaf(count * EntrySize);
        tree.SetLeaf(count, index == 0 ? leaf[..EntrySize] : default);
        if (count < JoinBelow) Join(ref tree, count);
    }

    /// <summary>Pours a sparse leaf into its right neighbour when both fit one with room to spare.</summary>
    private static void Join(ref BTree tree, int count)
    {
        Span<byte> moved = stackalloc byte[JoinBelow * EntrySize];
        moved = moved[..(count * EntrySize)];
        tree.Leaf[..moved.Length].CopyTo(moved);
        var rank = tree.Before;
        if (!tree.MoveNext() || tree.LeafCount + count > LeafMax * 3 / 4) return;

        tree.SeekRank(rank);
        tree.RemoveLeaf();
        tree.SeekRank(rank);
        var old = (int)tree.LeafCount;
        var leaf = tree.WritableLeaf((old + count) * EntrySize);
        leaf[..(old * EntrySize)].CopyTo(leaf[moved.Length..]);
        moved.CopyTo(leaf);
        tree.SetLeaf(old + count, moved[..EntrySize]);
    }

    /// <summary>A leaf of entries in order, all of them behind those that the tree has: how a tree is made whose order is known.</summary>
    public static void AppendLeaf(ref BTree tree, ReadOnlySpan<double> scores, ReadOnlySpan<ulong> elements)
    {
        var handle = tree.NewLeaf(scores.Length * EntrySize, out var leaf);
        for (var i = 0; i < scores.Length; i++) WriteEntry(leaf[(i * EntrySize)..], scores[i], elements[i]);
        if (tree.Root.Count == 0)
        {
            tree.Plant(handle, scores.Length);
            return;
        }
        Span<byte> thisKey = stackalloc byte[EntrySize];
        tree.SeekLast();
        tree.Leaf[..EntrySize].CopyTo(thisKey);
        tree.InsertLeafAfter(handle, scores.Length, leaf[..EntrySize], thisKey);
    }
}

/// <summary>The place of a member with its score.</summary>
internal readonly ref struct MemberOrder(Arena arena, double score, ReadOnlySpan<byte> member) : ITreeOrder
{
    private readonly Arena _arena = arena;
    private readonly ReadOnlySpan<byte> _member = member;

    public int CompareTo(ReadOnlySpan<byte> firstKey)
    {
        var other = ScoreTree.Score(firstKey);
        if (score != other) return score < other ? -1 : 1;
        return _member.SequenceCompareTo(new Element(_arena.Slot(ScoreTree.Element(firstKey))).Key);
    }
}

/// <summary>In front of all members with a score, or behind them.</summary>
internal readonly struct ScoreOrder(double score, bool after) : ITreeOrder
{
    public int CompareTo(ReadOnlySpan<byte> firstKey)
    {
        var other = ScoreTree.Score(firstKey);
        return score < other || (score == other && !after) ? -1 : 1;
    }
}

/// <summary>In front of a member or behind it, in a set whose scores are all equal.</summary>
internal readonly ref struct LexOrder(Arena arena, ReadOnlySpan<byte> member, bool after) : ITreeOrder
{
    private readonly Arena _arena = arena;
    private readonly ReadOnlySpan<byte> _member = member;

    public int CompareTo(ReadOnlySpan<byte> firstKey)
    {
        var order = _member.SequenceCompareTo(new Element(_arena.Slot(ScoreTree.Element(firstKey))).Key);
        return order != 0 ? order : after ? 1 : -1;
    }
}

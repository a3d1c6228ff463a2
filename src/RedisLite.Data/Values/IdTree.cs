using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// A B+tree of fixed-size entries that begin with an ID: what a group, or one of its consumers, has been given and has not acknowledged. The entry size
/// is said at every call, the first 16 bytes are the key.
/// </summary>
internal static class IdTree
{
    private const int LeafMax = 64;
    private const int JoinBelow = 16;

    public static BTree Open(Heap heap, TreeRoot root) => new(heap, StreamId.KeyBytes, root);

    public static ReadOnlySpan<byte> EntryAt(ReadOnlySpan<byte> leaf, int entrySize, int index) => leaf.Slice(index * entrySize, entrySize);

    /// <summary>Goes to the first entry that is not before the ID; true when it is the ID's own. The index may be the leaf's end.</summary>
    public static bool Seek(ref BTree tree, int entrySize, StreamId id, out int index)
    {
        index = 0;
        if (tree.Root.Node == 0) return false;
        tree.SeekKey(new IdOrder(id));
        var leaf = tree.Leaf;
        int low = 0, high = (int)tree.LeafCount;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (StreamId.Read(EntryAt(leaf, entrySize, middle)) < id) low = middle + 1;
            else high = middle;
        }
        index = low;
        return low < tree.LeafCount && StreamId.Read(EntryAt(leaf, entrySize, low)) == id;
    }

    /// <summary>Adds the entry, or overwrites the one with its ID; true when it is new.</summary>
    public static bool Set(ref BTree tree, ReadOnlySpan<byte> entry)
    {
        var isThere = Seek(ref tree, entry.Length, StreamId.Read(entry), out var index);
        if (isThere) Overwrite(ref tree, entry, index);
        else Insert(ref tree, entry, index);
        return !isThere;
    }

    /// <summary>After <see cref="Seek"/> has found the ID at this index.</summary>
    public static void Overwrite(ref BTree tree, ReadOnlySpan<byte> entry, int index) =>
        entry.CopyTo(tree.WritableLeaf((int)tree.LeafCount * entry.Length)[(index * entry.Length)..]);

    /// <summary>After <see cref="Seek"/> has not found the ID, which belongs at this index.</summary>
    public static void Insert(ref BTree tree, ReadOnlySpan<byte> entry, int index)
    {
        var size = entry.Length;
        if (tree.Root.Node == 0)
        {
            var first = tree.NewLeaf(size, out var only);
            entry.CopyTo(only);
            tree.Plant(first, 1);
            return;
        }

        var count = (int)tree.LeafCount;
        if (count < LeafMax)
        {
            // Room for a quarter more, or the last leaf would be copied for every entry that a group hands out; a full leaf has none.
            var leaf = tree.WritableLeaf((count + 1) * size, slack: Math.Min(count / 4, LeafMax - count - 1) * size);
            leaf[(index * size)..(count * size)].CopyTo(leaf[((index + 1) * size)..]);
            entry.CopyTo(leaf[(index * size)..]);
            tree.SetLeaf(count + 1, index == 0 ? entry[..StreamId.KeyBytes] : default);
            return;
        }

        // IDs mostly come in order: the full last leaf stays full.
        var cut = index == count && tree.IsLastLeaf ? count : count / 2;
        Cut(ref tree, size, cut, count, entry);
        if (cut < count) Set(ref tree, entry);
    }

    /// <summary>Moves what is behind the cut into a leaf of its own; with nothing behind it, that leaf begins with the new entry.</summary>
    private static void Cut(ref BTree tree, int size, int cut, int count, ReadOnlySpan<byte> entry)
    {
        Span<byte> key = stackalloc byte[StreamId.KeyBytes];
        Span<byte> thisKey = stackalloc byte[StreamId.KeyBytes];
        var old = tree.Leaf;
        old[..StreamId.KeyBytes].CopyTo(thisKey);
        var moved = cut == count ? entry : old[(cut * size)..(count * size)];
        var right = tree.NewLeaf(moved.Length, out var rightLeaf);
        moved.CopyTo(rightLeaf);
        rightLeaf[..StreamId.KeyBytes].CopyTo(key);
        if (cut < count)
        {
            tree.WritableLeaf(cut * size);
            tree.SetLeaf(cut);
        }
        tree.InsertLeafAfter(right, moved.Length / size, key, thisKey);
    }

    public static bool Remove(ref BTree tree, int size, StreamId id)
    {
        if (!Seek(ref tree, size, id, out var index)) return false;
        RemoveAt(ref tree, size, index);
        return true;
    }

    /// <summary>After <see cref="Seek"/> has found an ID at this index.</summary>
    public static void RemoveAt(ref BTree tree, int size, int index)
    {
        var count = (int)tree.LeafCount;
        if (count == 1)
        {
            tree.RemoveLeaf();
            return;
        }
        var leaf = tree.WritableLeaf(count * size);
        leaf[((index + 1) * size)..(count * size)].CopyTo(leaf[(index * size)..]);
        leaf = tree.WritableLeaf(--count * size);
        tree.SetLeaf(count, index == 0 ? leaf[..StreamId.KeyBytes] : default);
        if (count < JoinBelow) Join(ref tree, size, count);
    }

    /// <summary>Pours a sparse leaf into its right neighbour when both fit one with room to spare.</summary>
    private static void Join(ref BTree tree, int size, int count)
    {
        Span<byte> moved = stackalloc byte[count * size];
        tree.Leaf[..moved.Length].CopyTo(moved);
        var rank = tree.Before;
        if (!tree.MoveNext() || tree.LeafCount + count > LeafMax * 3 / 4) return;

        tree.SeekRank(rank);
        tree.RemoveLeaf();
        tree.SeekRank(rank);
        var old = (int)tree.LeafCount;
        var leaf = tree.WritableLeaf((old + count) * size);
        leaf[..(old * size)].CopyTo(leaf[moved.Length..]);
        moved.CopyTo(leaf);
        tree.SetLeaf(old + count, moved[..StreamId.KeyBytes]);
    }
}

/// <summary>The entries of such a tree from an ID on: <c>while (walk.MoveNext()) use(walk.Current)</c>. The tree must not change meanwhile.</summary>
internal ref struct IdWalk
{
    private readonly int _entrySize;
    private BTree _tree;
    private ReadOnlySpan<byte> _leaf;
    private int _at;
    private int _count;

    public IdWalk(Heap heap, TreeRoot root, int entrySize, StreamId from)
    {
        _entrySize = entrySize;
        if (root.Node == 0) return;
        _tree = IdTree.Open(heap, root);
        IdTree.Seek(ref _tree, entrySize, from, out var index);
        OpenLeaf();
        _at = index - 1;
    }

    public readonly ReadOnlySpan<byte> Current => IdTree.EntryAt(_leaf, _entrySize, _at);

    public readonly StreamId Id => StreamId.Read(Current);

    public bool MoveNext()
    {
        if (_count == 0) return false;
        if (++_at < _count) return true;
        if (!_tree.MoveNext()) return false;
        OpenLeaf();
        _at = 0;
        return true;
    }

    private void OpenLeaf()
    {
        _leaf = _tree.Leaf;
        _count = (int)_tree.LeafCount;
    }
}

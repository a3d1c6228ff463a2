using System.Buffers.Binary;

namespace RedisLite.Data.Trees;

/// <summary>A tree taken as a whole, for its owner: freed and moved in slices, copied, weighed, checked.</summary>
internal static class WholeTree
{
    private const int MoveCost = 4;

    public delegate void LeafCheck(ReadOnlySpan<byte> leaf, long count);

    /// <summary>Defragmentation: moves nodes out of marked pages in slices; the cursor is the rank to go on from. True at the end.</summary>
    public static bool MoveSome(Heap heap, int keySize, ref TreeRoot root, ref ulong cursor, ref int budget)
    {
        if (root.Node == 0) return true;
        var tree = new BTree(heap, keySize, root);
        tree.SeekRank((long)cursor);
        do
        {
            tree.MoveMarked();
            cursor = (ulong)(tree.Before + tree.LeafCount);
            budget -= MoveCost;
        }
        while (budget > 0 && tree.MoveNext());
        root = tree.Root;
        return cursor >= (ulong)root.Count;
    }

    /// <summary>
    /// Frees a dropped tree in slices, from its right edge; the root remembers the progress. One leaf costs one of the budget. No snapshot may run.
    /// </summary>
    public static bool FreeSome(Heap heap, int keySize, ref TreeRoot root, ref int budget)
    {
        var tree = new BTree(heap, keySize, root);
        while (tree.Root.Node != 0 && budget > 0)
        {
            tree.FreeRightmost();
            budget--;
        }
        root = tree.Root;
        return root.Node == 0;
    }

    /// <summary>A copy of all nodes, for COPY. What the leaves may point to is the owner's to copy.</summary>
    public static TreeRoot Copy(Heap heap, int keySize, TreeRoot root)
    {
        if (root.Node == 0) return root;
        var copy = root;
        copy.Node = CopyNode(heap, keySize, root.Node, root.Height);
        return copy;
    }

    private static ulong CopyNode(Heap heap, int keySize, ulong handle, int height)
    {
        var arena = heap.Arena;
        var from = arena.Slot(handle);
        var length = height == 0 ? from.Length : new TreeNode(from, keySize).Length;
        var copy = arena.Alloc(length);
        var to = arena.Slot(copy);
        from[..length].CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to, heap.Epoch);
        if (height == 0) return copy;
        for (var i = 0; i < new TreeNode(arena.Slot(copy), keySize).Count; i++)
        {
            var child = CopyNode(heap, keySize, new TreeNode(arena.Slot(copy), keySize).Child(i), height - 1);
            new TreeNode(arena.Slot(copy), keySize).SetChild(i, child);
        }

        return copy;
    }

    /// <summary>Bytes of the tree's slots, estimated from so many leaves (0 = all).</summary>
    public static long MemoryOf(Heap heap, int keySize, TreeRoot root, int samples)
    {
        if (root.Node == 0) return 0;
        var tree = new BTree(heap, keySize, root);
        long bytes = 0, elements = 0;
        var leaves = 0;
        tree.SeekFirst();
        do
        {
            bytes += heap.Arena.Capacity(tree.LeafHandle) + 12 + keySize;       // and its entry in the node above
            elements += tree.LeafCount;
        }
        while ((samples == 0 || ++leaves < samples) && tree.MoveNext());
        return elements == 0 ? bytes : (long)((double)bytes / elements * root.Count);
    }

    /// <summary>Throws when counts, keys or levels do not fit together; every leaf goes to the owner's check.</summary>
    public static void CheckInvariants(Heap heap, int keySize, TreeRoot root, LeafCheck check)
    {
        if (root.Node == 0) Require(root.Count == 0 && root.Height == 0, "empty tree");
        else Require(CheckNode(heap, keySize, root.Node, root.Height, root.Count, default, check) == root.Count, "number of elements");
    }

    private static long CheckNode(Heap heap, int keySize, ulong handle, int height, long size, ReadOnlySpan<byte> key, LeafCheck check)
    {
        if (height == 0)
        {
            check(heap.Arena.Slot(handle)[BTree.LeafHeader..], size);
            return size;
        }

        var node = new TreeNode(heap.Arena.Slot(handle), keySize);
        Require(node.Count is > 0 and <= TreeNode.EntriesMax, "node size");
        Require(key.IsEmpty || node.Key(0).SequenceEqual(key), "first key");
        long total = 0;
        for (var i = 0; i < node.Count; i++)
        {
            Require(CheckNode(heap, keySize, node.Child(i), height - 1, node.Size(i), node.Key(i), check) == node.Size(i), "size of a child");
            total += node.Size(i);
        }
        return total;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new InvalidOperationException("B+tree: wrong " + what + ".");
    }
}

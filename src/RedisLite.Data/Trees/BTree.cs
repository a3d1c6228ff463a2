using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using RedisLite.Data.Memory;

namespace RedisLite.Data.Trees;

/// <summary>Where a search for a key goes: the sign of (what is looked for) - (the first key below an entry).</summary>
internal interface ITreeOrder
{
    int CompareTo(ReadOnlySpan<byte> firstKey);
}

/// <summary>Sees the first key of every leaf, in order.</summary>
internal interface ILeafKeyReader
{
    void Read(ReadOnlySpan<byte> key);
}

[InlineArray(BTree.HeightMax + 1)]
internal struct TreeLevels<T>
{
    private T _first;
}

/// <summary>
/// The B+tree under big lists (by position), sorted sets (by score and member) and streams (by ID): an operation on one tree, standing on a leaf.
///
/// All three need the same thing: a sequence of small blobs that can be reached by rank or by key in logarithmic time, and of which a snapshot can
/// be taken for nothing. What is inside a leaf is the owner's business (a listpack, or an array of scores); the tree knows its size in
/// bytes, how many elements it holds and the key of its first element:
///
///     record:  root, height, elements
///     inner:   epoch | entries of (child, elements below, first key below)          rank = walk sizes; key = binary search
///     leaf:    epoch | the owner's bytes
///
/// Leaves have no links to their neighbours: a link would have to change when the neighbour is copied, and then its neighbour's, and so on.
/// A cursor keeps the path from the root instead and steps sideways through it. The path is also what makes copy-on-write cheap: when a
/// snapshot is running, a node older than the snapshot is never changed; <see cref="PrepareWrite"/> copies the nodes of the path that are too old,
/// at most one per level, and hands the old ones to the heap, which frees them when the snapshot ends.
///
/// Slots are as big as their contents need, because the arena has fine size classes: a half-filled leaf costs half. Splits at either end leave the full
/// side full, so that queues and time series pack tight.
///
/// After <see cref="InsertLeafAfter"/>, <see cref="InsertLeafBefore"/> and <see cref="RemoveLeaf"/> the path is gone: seek again. The owner writes <see cref="Root"/> back.
/// </summary>
internal struct BTree
{
    public const int HeightMax = 12;
    public const int LeafHeader = 4;

    public TreeRoot Root;

    private readonly Heap _heap;
    private readonly Arena _arena;
    private readonly int _keySize;
    private TreeLevels<ulong> _nodes;
    private TreeLevels<byte> _slots;

    public BTree(Heap heap, int keySize, TreeRoot root)
    {
        _heap = heap;
        _arena = heap.Arena;
        _keySize = keySize;
        Root = root;
        _nodes[0] = root.Node;
    }

    private readonly int Height => Root.Height;

    /// <summary>Elements in front of the leaf: summed up when asked for, because most operations do not ask.</summary>
    public readonly long Before
    {
        get
        {
            long before = 0;
            for (var level = 0; level < Height; level++) before += Node(level).Total(_slots[level]);
            return before;
        }
    }

    public readonly ulong LeafHandle => _nodes[Height];

    /// <summary>The owner's bytes of the leaf, with the slack behind them.</summary>
    public readonly ReadOnlySpan<byte> Leaf => _arena.Slot(LeafHandle)[LeafHeader..];

    public readonly int LeafCapacity => _arena.Capacity(LeafHandle);

    /// <summary>Elements in the leaf.</summary>
    public readonly long LeafCount => Height == 0 ? Root.Count : Node(Height - 1).Size(_slots[Height - 1]);

    /// <summary>
    /// Fetches so many of the leaf's bytes. A search that looks at seven places of a cold leaf, each found by the one before, waits seven times; the lines
    /// fetched together come in the time of one or two.
    /// </summary>
    public readonly void PrefetchLeaf(int bytes)
    {
        var leaf = LeafHandle;
        for (var at = 0; at < bytes; at += 64) _arena.Prefetch(leaf, at);
    }

    /// <summary>First key of the leaf; empty for a tree of one leaf, whose key stands nowhere.</summary>
    public readonly ReadOnlySpan<byte> LeafKey => Height == 0 ? default : Node(Height - 1).Key(_slots[Height - 1]);

    public readonly bool IsFirstLeaf
    {
        get
        {
            for (var level = 0; level < Height; level++)
                if (_slots[level] != 0) return false;
            return true;
        }
    }

    public readonly bool IsLastLeaf
    {
        get
        {
            for (var level = 0; level < Height; level++)
                if (_slots[level] != Node(level).Count - 1) return false;
            return true;
        }
    }

    // ---- going somewhere ----

    public void SeekFirst()
    {
        _nodes[0] = Root.Node;
        Descend(0, toLast: false);
    }

    public void SeekLast()
    {
        _nodes[0] = Root.Node;
        Descend(0, toLast: true);
    }

    /// <summary>To the leaf with the element of this rank; returns its index there. A rank at the end leads behind the last element.</summary>
    public int SeekRank(long rank)
    {
        if (rank == 0)
        {
            SeekFirst();
            return 0;
        }
        if (rank == Root.Count - 1)
        {
            SeekLast();
            return (int)LeafCount - 1;
        }

        _nodes[0] = Root.Node;
        for (var level = 0; level < Height; level++)
        {
            var node = Node(level);
            int slot = 0, last = node.Count - 1;
            for (; slot < last; slot++)
            {
                var size = node.Size(slot);
                if (rank < size) break;
                rank -= size;
            }
            Enter(level, slot, node);
        }
        return (int)rank;
    }

    /// <summary>To the last leaf whose first key is not above what is looked for (the first leaf when all are).</summary>
    public void SeekKey<TOrder>(scoped in TOrder order)
        where TOrder : ITreeOrder, allows ref struct
    {
        _nodes[0] = Root.Node;
        for (var level = 0; level < Height; level++)
        {
            var node = Node(level);
            int low = 0, high = node.Count - 1;
            while (low < high)
            {
                var middle = (low + high + 1) >>> 1;
                if (order.CompareTo(node.Key(middle)) >= 0) low = middle;
                else high = middle - 1;
            }
            Enter(level, low, node);
        }
    }

    public bool MoveNext()
    {
        var level = Height - 1;
        while (level >= 0 && _slots[level] == Node(level).Count - 1) level--;
        if (level < 0) return false;
        Enter(level, _slots[level] + 1, Node(level));
        Descend(level + 1, toLast: false);
        return true;
    }

    public bool MovePrevious()
    {
        var level = Height - 1;
        while (level >= 0 && _slots[level] == 0) level--;
        if (level < 0) return false;
        Enter(level, _slots[level] - 1, Node(level));
        Descend(level + 1, toLast: true);
        return true;
    }

    /// <summary>The first keys of all leaves without a look at one, of a tree that has more than one leaf.</summary>
    public readonly void ReadLeafKeys<TReader>(ref TReader reader)
        where TReader : struct, ILeafKeyReader => ReadLeafKeys(Root.Node, Height, ref reader);

    private readonly void ReadLeafKeys<TReader>(ulong handle, int height, ref TReader reader)
        where TReader : struct, ILeafKeyReader
    {
        var node = new TreeNode(_arena.Slot(handle), _keySize);
        for (var i = 0; i < node.Count; i++)
        {
            if (height > 1) ReadLeafKeys(node.Child(i), height - 1, ref reader);
            else reader.Read(node.Key(i));
        }
    }

    private void Descend(int level, bool toLast)
    {
        for (; level < Height; level++)
        {
            var node = Node(level);
            Enter(level, toLast ? node.Count - 1 : 0, node);
        }
    }

    private void Enter(int level, int slot, TreeNode node)
    {
        _slots[level] = (byte)slot;
        _nodes[level + 1] = node.Child(slot);
    }

    // ---- the ends, without a cursor: half of what a push or pop at an end of a long list cost was the cursor's ----

    /// <summary>
    /// The owner's bytes of the first or last leaf of a tree without keys. The counts on the way there take up so many elements that are about to come or
    /// go (not all there are); whoever then leaves the leaf as it is goes this way again to take them back. For writing only when no snapshot can see it.
    /// </summary>
    public static Span<byte> EdgeLeaf(Arena arena, scoped ref TreeRoot root, bool isLast, int delta)
    {
        root.Count += delta;
        var handle = root.Node;
        for (var level = root.Height; level > 0; level--)
        {
            var node = new TreeNode(arena.Slot(handle), keySize: 0);
            var slot = isLast ? node.Count - 1 : 0;
            if (delta != 0) node.AddToSize(slot, delta);
            handle = node.Child(slot);
        }
        return arena.Slot(handle)[LeafHeader..];
    }

    // ---- changing ----

    /// <summary>A leaf of its own: epoch written, the owner's bytes open. Not yet in the tree.</summary>
    public readonly ulong NewLeaf(int bytes, out Span<byte> leaf)
    {
        var handle = _arena.Alloc(bytes + LeafHeader);
        var slot = _arena.Slot(handle);
        BinaryPrimitives.WriteUInt32LittleEndian(slot, _heap.Epoch);
        leaf = slot[LeafHeader..];
        return handle;
    }

    /// <summary>Puts the first leaf into an empty tree and stands on it.</summary>
    public void Plant(ulong leaf, long count)
    {
        Root = default;
        Root.Node = leaf;
        Root.Count = count;
        _nodes[0] = leaf;
    }

    /// <summary>
    /// The leaf's bytes, writable and with room for <paramref name="bytes"/>; what was in it is kept as far as it fits. The whole path is made writable.
    /// A leaf that must move gets the slack on top.
    /// </summary>
    public Span<byte> WritableLeaf(int bytes, int slack = 0)
    {
        PrepareWrite();
        var old = LeafHandle;
        var slot = _arena.Slot(old);
        var frozen = IsFrozen(slot);
        var need = bytes + LeafHeader;
        if (!frozen && slot.Length >= need && (slot.Length <= 64 || Arena.CapacityFor(need) > slot.Length / 4 * 3)) return slot[LeafHeader..];

        var handle = NewLeaf(bytes + slack, out var leaf);
        slot = _arena.Slot(old)[LeafHeader..];
        slot[..Math.Min(slot.Length, leaf.Length)].CopyTo(leaf);
        ReplaceNode(Height, handle);
        Release(old, frozen);
        return leaf;
    }

    /// <summary>Gives back the slack of a leaf that will not grow any more.</summary>
    public void TightenLeaf(int bytes)
    {
        var old = LeafHandle;
        if (Arena.CapacityFor(bytes + LeafHeader) >= _arena.Capacity(old)) return;
        PrepareWrite();
        var frozen = IsFrozen(_arena.Slot(old));
        var handle = NewLeaf(bytes, out var leaf);
        _arena.Slot(old).Slice(LeafHeader, bytes).CopyTo(leaf);
        ReplaceNode(Height, handle);
        Release(old, frozen);
    }

    /// <summary>After so many elements came to the leaf (or went, but not all), none of them before its first.</summary>
    private void AddToLeaf(int delta)
    {
        Root.Count += delta;
        for (var level = 0; level < Height; level++) Node(level).AddToSize(_slots[level], delta);
    }

    /// <summary>After the leaf's elements changed: their new number, and the first key when it may have changed (else empty).</summary>
    public void SetLeaf(long count, scoped ReadOnlySpan<byte> key = default)
    {
        var delta = (int)(count - LeafCount);
        if (delta != 0) AddToLeaf(delta);
        if (!key.IsEmpty) SetFirstKey(Height - 1, key);
    }

    private readonly void SetFirstKey(int level, scoped ReadOnlySpan<byte> key)
    {
        for (; level >= 0; level--)
        {
            Node(level).SetKey(_slots[level], key);
            if (_slots[level] != 0) return;
        }
    }

    /// <summary>Puts a new leaf behind this one. <paramref name="thisKey"/> is the first key of this leaf, in case the tree has no inner node yet.</summary>
    public void InsertLeafAfter(ulong leaf, long count, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> thisKey) =>
        InsertLeaf(leaf, count, key, thisKey, offset: 1);

    public void InsertLeafBefore(ulong leaf, long count, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> thisKey) =>
        InsertLeaf(leaf, count, key, thisKey, offset: 0);

    private void InsertLeaf(ulong leaf, long count, scoped ReadOnlySpan<byte> key, scoped ReadOnlySpan<byte> thisKey, int offset)
    {
        PrepareWrite();
        Root.Count += count;
        for (var level = 0; level < Height - 1; level++)
        {
            var node = Node(level);
            node.SetSize(_slots[level], node.Size(_slots[level]) + count);
        }
        if (Height == 0)
        {
            if (offset == 1) GrowRoot(_nodes[0], Root.Count - count, thisKey, leaf, count, key);
            else GrowRoot(leaf, count, key, _nodes[0], Root.Count - count, thisKey);
            return;
        }

        var slot = _slots[Height - 1] + offset;
        if (slot == 0 && _slots[Height - 1] == 0) RaiseKeyAbove(Height - 1, key);
        InsertEntry(Height - 1, slot, leaf, count, key);
    }

    /// <summary>A new first entry below: the ancestors' keys follow.</summary>
    private readonly void RaiseKeyAbove(int level, scoped ReadOnlySpan<byte> key)
    {
        if (level > 0) SetFirstKey(level - 1, key);
    }

    private void InsertEntry(int level, int slot, ulong child, long size, scoped ReadOnlySpan<byte> key)
    {
        var node = Node(level);
        if (node.Count < TreeNode.EntriesMax)
        {
            Reserve(level, node.Count + 1).Insert(slot, child, size, key);
            return;
        }

        // Full: split where the load suggests. The side that stays behind at an end of the tree stays full.
        var cut = slot == node.Count ? node.Count : slot == 0 ? 0 : node.Count / 2;
        var rightHandle = NewNode(TreeNode.EntriesMax / 2 + 1);
        var right = new TreeNode(_arena.Slot(rightHandle), _keySize);
        if (cut == 0)
        {
            // Only the new entry goes left: the full node itself becomes the right one.
            Swap(level, ref rightHandle);
            new TreeNode(_arena.Slot(_nodes[level]), _keySize).Insert(0, child, size, key);
        }
        else
        {
            node = Node(level);
            if (cut < node.Count) node.MoveTail(cut, right);
            if (slot > cut || slot == TreeNode.EntriesMax) right.Insert(slot - cut, child, size, key);
            else Reserve(level, node.Count + 1).Insert(slot, child, size, key);
        }

        right = new TreeNode(_arena.Slot(rightHandle), _keySize);
        InsertRight(level, rightHandle, right.Total(), right.Key(0));
    }

    /// <summary>Hangs the split-off right half of the node at a level beside it.</summary>
    private void InsertRight(int level, ulong rightHandle, long total, scoped ReadOnlySpan<byte> key)
    {
        if (level == 0)
        {
            GrowRoot(_nodes[0], Root.Count - total, Node(0).Key(0), rightHandle, total, key);
            return;
        }
        var parent = Node(level - 1);
        var slot = _slots[level - 1];
        parent.SetSize(slot, parent.Size(slot) - total);
        InsertEntry(level - 1, slot + 1, rightHandle, total, key);
    }

    private void Swap(int level, ref ulong handle)
    {
        var old = _nodes[level];
        ReplaceNode(level, handle);
        handle = old;
    }

    private void GrowRoot(ulong left, long leftSize, scoped ReadOnlySpan<byte> leftKey, ulong right, long rightSize, scoped ReadOnlySpan<byte> rightKey)
    {
        var handle = NewNode(4);
        var root = new TreeNode(_arena.Slot(handle), _keySize);
        root.Insert(0, left, leftSize, leftKey);
        root.Insert(1, right, rightSize, rightKey);
        Root.Node = handle;
        Root.Height++;
    }

    /// <summary>Takes the leaf out of the tree and frees it.</summary>
    public void RemoveLeaf()
    {
        PrepareWrite();
        SetLeaf(0);
        var leaf = LeafHandle;
        Release(leaf, IsFrozen(_arena.Slot(leaf)));
        if (Height == 0)
        {
            Root = default;
            return;
        }
        RemoveEntry(Height - 1, _slots[Height - 1]);
        while (Height > 0)
        {
            var root = new TreeNode(_arena.Slot(Root.Node), _keySize);
            if (root.Count > 1) break;
            var child = root.Child(0);
            Release(Root.Node, IsFrozen(_arena.Slot(Root.Node)));
            Root.Node = child;
            Root.Height--;
        }
    }

    private void RemoveEntry(int level, int slot)
    {
        var node = Node(level);
        node.RemoveAt(slot);
        if (node.Count == 0)
        {
            // Cannot be the root: that is collapsed as soon as one entry is left.
            Release(_nodes[level], frozen: false);
            if (level > 0) RemoveEntry(level - 1, _slots[level - 1]);
            else Root = default;
            return;
        }
        if (slot == 0 && _keySize > 0) RaiseKeyAbove(level, node.Key(0));
        if (level > 0 && node.Count < TreeNode.EntriesMax / 4) MergeNode(level);
    }

    /// <summary>Joins a sparse inner node with a neighbour when both fit one with room to spare.</summary>
    private void MergeNode(int level)
    {
        var parent = Node(level - 1);
        int slot = _slots[level - 1], neighbour = slot + 1 < parent.Count ? slot + 1 : slot - 1;
        if (neighbour < 0) return;
        var other = new TreeNode(_arena.Slot(parent.Child(neighbour)), _keySize);
        if (other.Count + Node(level).Count > TreeNode.EntriesMax / 4 * 3) return;

        int leftSlot = Math.Min(slot, neighbour), rightSlot = leftSlot + 1;
        ulong rightHandle = parent.Child(rightSlot);
        _slots[level - 1] = (byte)leftSlot;
        _nodes[level] = parent.Child(leftSlot);
        Unfreeze(level);
        var right = new TreeNode(_arena.Slot(rightHandle), _keySize);
        var left = Reserve(level, Node(level).Count + right.Count);
        right = new TreeNode(_arena.Slot(rightHandle), _keySize);
        right.CopyAllTo(left);

        parent = Node(level - 1);
        parent.SetSize(leftSlot, (long)parent.Size(leftSlot) + parent.Size(rightSlot));
        Release(rightHandle, IsFrozen(_arena.Slot(rightHandle)));
        RemoveEntry(level - 1, rightSlot);
    }

    /// <summary>Makes every node of the path writable: those that a running snapshot can see are copied, and their parents follow.</summary>
    public void PrepareWrite()
    {
        if (!_heap.SnapshotActive) return;
        for (var level = 0; level < Height; level++) Unfreeze(level);
    }

    private void Unfreeze(int level)
    {
        var old = _nodes[level];
        var slot = _arena.Slot(old);
        if (!IsFrozen(slot)) return;
        var copy = NewNode(new TreeNode(slot, _keySize).Count);
        var length = new TreeNode(slot, _keySize).Length;
        _arena.Slot(old)[LeafHeader..length].CopyTo(_arena.Slot(copy)[LeafHeader..]);
        ReplaceNode(level, copy);
        Release(old, frozen: true);
    }

    /// <summary>A node of the path with room for so many entries.</summary>
    private TreeNode Reserve(int level, int entries)
    {
        var old = _nodes[level];
        if (_arena.Capacity(old) < TreeNode.BytesFor(entries, _keySize))
        {
            var copy = NewNode(Math.Min(TreeNode.EntriesMax, entries + (entries / 4)));
            var from = _arena.Slot(old);
            from[LeafHeader..new TreeNode(from, _keySize).Length].CopyTo(_arena.Slot(copy)[LeafHeader..]);
            ReplaceNode(level, copy);
            Release(old, frozen: false);
        }
        return Node(level);
    }

    private readonly ulong NewNode(int entries)
    {
        var handle = _arena.Alloc(TreeNode.BytesFor(entries, _keySize));
        var node = new TreeNode(_arena.Slot(handle), _keySize);
        node.Epoch = _heap.Epoch;
        node.Count = 0;
        return handle;
    }

    private void ReplaceNode(int level, ulong handle)
    {
        _nodes[level] = handle;
        if (level == 0) Root.Node = handle;
        else Node(level - 1).SetChild(_slots[level - 1], handle);
    }

    private readonly TreeNode Node(int level) => new(_arena.Slot(_nodes[level]), _keySize);

    private readonly bool IsFrozen(ReadOnlySpan<byte> slot) =>
        _heap.SnapshotActive && BinaryPrimitives.ReadUInt32LittleEndian(slot) != _heap.Epoch;

    private readonly void Release(ulong handle, bool frozen)
    {
        if (frozen) _heap.FreeAfterSnapshot(handle);
        else _arena.Free(handle);
    }

    /// <summary>Frees the last leaf, and the nodes that end with it, of a dropped tree. Counts and keys are left wrong.</summary>
    internal void FreeRightmost()
    {
        SeekLast();
        _arena.Free(LeafHandle);
        var level = Height - 1;
        for (; level >= 0; level--)
        {
            var node = Node(level);
            node.Count--;
            if (node.Count > 0) return;
            _arena.Free(_nodes[level]);
        }
        Root = default;
    }

    /// <summary>Defragmentation: moves the nodes of the path out of marked pages. Never while a snapshot runs.</summary>
    public void MoveMarked()
    {
        for (var level = 0; level <= Height; level++)
        {
            var old = _nodes[level];
            if (!_arena.IsMarked(old)) continue;
            var source = _arena.Slot(old);
            var moved = _arena.Alloc(source.Length);
            source.CopyTo(_arena.Slot(moved));
            ReplaceNode(level, moved);
            _arena.Free(old);
        }
    }
}

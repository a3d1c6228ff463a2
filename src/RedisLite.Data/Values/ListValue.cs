using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

internal enum ListEnd { Left, Right }

/// <summary>Who is handed an element that is about to go; its bytes are gone with it.</summary>
internal interface IElementReceiver
{
    void Take(scoped in PackedValue element);
}

/// <summary>
/// A list: one listpack while it is small, then a tree of listpacks by position, so that the middle is as near as the ends.
///
/// Redis's quicklist is a linked list of the same listpacks; a leaf here is filled and left by the rules of a quicklist node, so that a list turns
/// into "quicklist" and back into "listpack" where Redis's would. The tree adds the counts that make LINDEX, LINSERT, LSET and LRANGE logarithmic.
/// </summary>
internal readonly struct ListValue(Entry entry) : IValue<ListValue>
{
    private const int JoinBelow = 1024;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.List;

    public static RecordKind EmptyKind => RecordKind.ListBlob;

    public static int EmptySize => ListPack.EmptySize;

    public static ListValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    public void Initialize() => ListPack.WriteEmpty(_entry.MutableValue());

    public string Encoding => IsBlob ? "listpack" : "quicklist";

    public long Count => IsMissing ? 0 : IsBlob ? ListPack.Count(_entry.Value) : StoredRoot.Count;

    private bool IsBlob => _entry.Kind == RecordKind.ListBlob;

    private TreeRoot StoredRoot => MemoryMarshal.Read<TreeRoot>(_entry.Value);

    private Heap Heap => _entry.Heap;

    private ListLimits Limits => new(Heap.Limits);

    private BTree OpenTree() => new(Heap, keySize: 0, StoredRoot);

    private void Store(in BTree tree) => MemoryMarshal.Write(_entry.MutableValue(), tree.Root);

    // ---- reading ----

    /// <summary>The elements from an index on; see <see cref="ListWalk"/>.</summary>
    public ListWalk Walk(long index = 0) =>
        IsMissing ? ListWalk.Nothing : new(Heap, _entry.Kind, _entry.Value, index);

    /// <summary>The element at an index (negative from the end). False when there is none.</summary>
    public bool TryGet(long index, out PackedValue value)
    {
        var count = Count;
        if (index < 0) index += count;
        value = default;
        if (index < 0 || index >= count) return false;
        if (IsBlob)
        {
            value = ListPack.Get(_entry.Value, ListPack.Seek(_entry.Value, (int)index));
            return true;
        }
        var tree = OpenTree();
        var inLeaf = tree.SeekRank(index);
        var pack = ListLeaf.Pack(tree);
        value = ListPack.Get(pack, ListPack.Seek(pack, inLeaf));
        return true;
    }

    // ---- the ends ----

    /// <summary>The element at an end. False when there is none.</summary>
    public bool TryGetEnd(ListEnd end, out PackedValue value)
    {
        value = default;
        if (IsMissing) return false;
        var root = IsBlob ? default : StoredRoot;
        var pack = IsBlob ? _entry.Value : ListLeaf.Pack(BTree.EdgeLeaf(Heap.Arena, ref root, end == ListEnd.Right, delta: 0));
        var at = end == ListEnd.Left ? ListPack.First : ListPack.Last(pack);
        if (at < 0 || ListPack.IsEnd(pack, at)) return false;
        value = ListPack.Get(pack, at);
        return true;
    }

    /// <summary>
    /// Announces what one command is about to add, because Redis decides about the encoding by the sum of the arguments. Optional: without it each
    /// element decides for itself.
    /// </summary>
    public void Expect(long textBytes, int count)
    {
        if (IsBlob && Limits.Exceeds(_entry.Value.Length + textBytes, ListPack.Count(_entry.Value) + count)) MakeTree();
    }

    /// <summary>Returns the new length.</summary>
    public long Push(ListEnd end, ReadOnlySpan<byte> text) => Push(end, new PackedValue(text));

    public long Push(ListEnd end, scoped in PackedValue value)
    {
        var limits = Limits;
        if (IsBlob)
        {
            var pack = _entry.Value;
            var count = ListPack.Count(pack) + 1;
            if (!limits.Exceeds((long)pack.Length + value.TextLength, count))
            {
                PackedEdit.Insert(_entry, end == ListEnd.Left ? ListPack.First : ListPack.End(pack), value);
                return count;
            }
            MakeTree();
        }

        ref var root = ref MemoryMarshal.AsRef<TreeRoot>(_entry.MutableValue());
        if (!TryPushAtEdge(ref root, end, value, limits)) PushInTree(ref root, end, value, limits);
        return root.Count;
    }

    private bool TryPushAtEdge(ref TreeRoot root, ListEnd end, scoped in PackedValue value, in ListLimits limits)
    {
        if (Heap.SnapshotActive) return false;
        if (ListLeaf.TryPush(BTree.EdgeLeaf(Heap.Arena, ref root, end == ListEnd.Right, 1), end, value, limits)) return true;
        BTree.EdgeLeaf(Heap.Arena, ref root, end == ListEnd.Right, -1);
        return false;
    }

    private void PushInTree(ref TreeRoot root, ListEnd end, scoped in PackedValue value, in ListLimits limits)
    {
        var tree = new BTree(Heap, keySize: 0, root);
        if (end == ListEnd.Left) tree.SeekFirst();
        else tree.SeekLast();
        var packBytes = ListPack.TotalBytes(ListLeaf.Pack(tree));
        if (tree.LeafCount == 0 || limits.Allows(packBytes, tree.LeafCount, value))
        {
            ListLeaf.Insert(ref tree, end == ListEnd.Left ? ListPack.First : packBytes - 1, value);
        }
        else
        {
            var fresh = NewLeaf(tree, value);
            if (end == ListEnd.Left) tree.InsertLeafBefore(fresh, 1, default, default);
            else tree.InsertLeafAfter(fresh, 1, default, default);
        }
        root = tree.Root;
    }

    /// <summary>Hands over the element at an end and takes it off: one way to the leaf for both. False when there is none.</summary>
    public bool Pop<T>(ListEnd end, scoped ref T receiver)
        where T : struct, IElementReceiver, allows ref struct
    {
        if (IsMissing) return false;
        if (!IsBlob && !Heap.SnapshotActive && PopAtEdge(end, ref receiver)) return true;
        if (!TryGetEnd(end, out var element)) return false;
        receiver.Take(element);
        Drop(end);
        return true;
    }

    /// <summary>The usual pop: an element of a leaf that has others, in a tree that has other leaves. False: nothing was done.</summary>
    private bool PopAtEdge<T>(ListEnd end, scoped ref T receiver)
        where T : struct, IElementReceiver, allows ref struct
    {
        ref var root = ref MemoryMarshal.AsRef<TreeRoot>(_entry.MutableValue());
        if (root.Height == 0) return false;
        if (ListLeaf.TryPop(BTree.EdgeLeaf(Heap.Arena, ref root, end == ListEnd.Right, -1), end, ref receiver)) return true;
        BTree.EdgeLeaf(Heap.Arena, ref root, end == ListEnd.Right, 1);
        return false;
    }

    /// <summary>Takes elements off one end (all when there are fewer). Look at them first: <see cref="TryGet"/>, <see cref="Walk"/>.</summary>
    public void Drop(ListEnd end, long count = 1)
    {
        if (count == 1 && !IsBlob && DropInLeaf(end)) return;
        var have = Count;
        count = Math.Min(count, have);
        RemoveRange(end == ListEnd.Left ? 0 : have - count, count);
    }

    /// <summary>One element of a leaf that has others, in a tree that has other leaves: there is nothing to join or to shrink.</summary>
    private bool DropInLeaf(ListEnd end)
    {
        ref var root = ref MemoryMarshal.AsRef<TreeRoot>(_entry.MutableValue());
        if (root.Height == 0) return false;
        var tree = new BTree(Heap, keySize: 0, root);
        if (end == ListEnd.Left) tree.SeekFirst();
        else tree.SeekLast();
        if (tree.LeafCount == 1) return false;
        var pack = ListLeaf.Pack(tree);
        var at = end == ListEnd.Left ? ListPack.First : ListPack.Last(pack);
        ListLeaf.Splice(ref tree, at, ListPack.EntrySize(pack, at), 0, -1);
        root = tree.Root;
        return true;
    }

    // ---- the middle ----

    /// <summary>Replaces the element at an index. False when there is none.</summary>
    public bool Set(long index, ReadOnlySpan<byte> text)
    {
        var count = Count;
        if (index < 0) index += count;
        if (index < 0 || index >= count) return false;

        var value = new PackedValue(text);
        if (IsBlob && Limits.Exceeds((long)_entry.Value.Length + text.Length, count + 1)) MakeTree();
        if (IsBlob)
        {
            PackedEdit.Replace(_entry, ListPack.Seek(_entry.Value, (int)index), value);
            return true;
        }

        var tree = OpenTree();
        var inLeaf = tree.SeekRank(index);
        var pack = ListLeaf.Pack(tree);
        var at = ListPack.Seek(pack, inLeaf);
        var size = ListPack.EntrySize(pack, at);
        var rest = ListPack.TotalBytes(pack) - size;
        if (tree.LeafCount == 1 || Limits.Allows(rest, tree.LeafCount - 1, value))
        {
            ListLeaf.Replace(ref tree, at, value);
        }
        else
        {
            ListLeaf.Splice(ref tree, at, size, 0, -1);
            InsertInLeaf(ref tree, inLeaf, value);
        }
        Store(tree);
        TryShrink();
        return true;
    }

    /// <summary>Inserts in front of the element at this index; the count itself appends.</summary>
    public void Insert(long index, ReadOnlySpan<byte> text)
    {
        var value = new PackedValue(text);
        Expect(text.Length, 1);
        if (IsBlob)
        {
            var at = index == Count ? ListPack.End(_entry.Value) : ListPack.Seek(_entry.Value, (int)index);
            PackedEdit.Insert(_entry, at, value);
            return;
        }
        var tree = OpenTree();
        InsertInLeaf(ref tree, tree.SeekRank(index), value);
        Store(tree);
    }

    /// <summary>Puts an element into the leaf the tree stands on; a full leaf passes it on, or is cut in two where it goes.</summary>
    private void InsertInLeaf(ref BTree tree, int inLeaf, scoped in PackedValue value)
    {
        var pack = ListLeaf.Pack(tree);
        var total = ListPack.TotalBytes(pack);
        var count = (int)tree.LeafCount;
        var at = inLeaf == count ? total - 1 : ListPack.Seek(pack, inLeaf);
        if (Limits.Allows(total, count, value) || count == 0)
        {
            ListLeaf.Insert(ref tree, at, value);
            return;
        }

        if (inLeaf > 0 && inLeaf < count)
        {
            // Cut: the elements behind the place move into a leaf of their own.
            var tailBytes = total - 1 - at;
            var tail = tree.NewLeaf(ListPack.EmptySize + tailBytes, out var tailLeaf);
            ListPack.WriteEmpty(tailLeaf);
            pack.Slice(at, tailBytes).CopyTo(ListPack.Splice(tailLeaf, ListPack.First, 0, tailBytes, count - inLeaf));
            ListLeaf.Splice(ref tree, at, tailBytes, 0, inLeaf - count);
            var rank = tree.Before + inLeaf;
            tree.InsertLeafAfter(tail, count - inLeaf, default, default);
            var index = tree.SeekRank(rank - 1);
            InsertInLeaf(ref tree, index + 1, value);
            return;
        }

        // At an edge: the left neighbour may have room, else a new leaf goes between them.
        var isBehind = inLeaf > 0 || tree.MovePrevious();
        if (inLeaf == 0 && isBehind && Limits.Allows(ListPack.TotalBytes(ListLeaf.Pack(tree)), tree.LeafCount, value))
        {
            ListLeaf.Insert(ref tree, ListPack.End(ListLeaf.Pack(tree)), value);
            return;
        }
        var fresh = NewLeaf(tree, value);
        if (isBehind) tree.InsertLeafAfter(fresh, 1, default, default);
        else tree.InsertLeafBefore(fresh, 1, default, default);
    }

    /// <summary>Takes out the elements from an index on. An empty list is then removed by the caller.</summary>
    public void RemoveRange(long index, long count)
    {
        if (count <= 0) return;
        if (IsBlob)
        {
            PackedEdit.Remove(_entry, ListPack.Seek(_entry.Value, (int)index), (int)Math.Min(count, int.MaxValue));
            return;
        }

        var tree = OpenTree();
        while (count > 0)
        {
            var inLeaf = tree.SeekRank(index);
            var leafCount = tree.LeafCount;
            var here = Math.Min(count, leafCount - inLeaf);
            if (here == leafCount)
            {
                tree.RemoveLeaf();
            }
            else
            {
                var pack = ListLeaf.Pack(tree);
                var at = ListPack.Seek(pack, inLeaf);
                var bytes = ListPack.MeasureRange(pack, at, (int)here, out _);
                ListLeaf.Splice(ref tree, at, bytes, 0, -(int)here);
                JoinSmall(ref tree);
            }
            count -= here;
        }
        Store(tree);
        if (tree.Root.Count == 0) ListPack.WriteEmpty(_entry.Resize(ListPack.EmptySize, RecordKind.ListBlob));   // LMOVE may push again
        else TryShrink();
    }

    /// <summary>LREM: takes out elements equal to this one; at most so many from the left, or -so many from the right, 0 = all.</summary>
    public long Remove(ReadOnlySpan<byte> text, long limit)
    {
        var needle = new PackedValue(text);
        var max = limit is 0 or long.MinValue ? long.MaxValue : Math.Abs(limit);
        long removed = 0;
        if (limit >= 0)
        {
            for (var walk = Walk(); removed < max && walk.MoveNext();)
            {
                if (!walk.Current.ValueEquals(needle)) continue;
                RemoveRange(walk.Index, 1);
                removed++;
                if (Count == 0) break;
                walk = Walk(walk.Index);
            }
            return removed;
        }

        for (var walk = Walk(-1); removed < max && walk.MovePrevious();)
        {
            if (!walk.Current.ValueEquals(needle)) continue;
            RemoveRange(walk.Index, 1);
            removed++;
            if (walk.Index == 0) break;
            walk = Walk(walk.Index - 1);
        }
        return removed;
    }

    // ---- form ----

    private static ulong NewLeaf(in BTree tree, scoped in PackedValue value)
    {
        var size = value.PackedSize;
        var handle = tree.NewLeaf(ListPack.EmptySize + size, out var leaf);
        ListPack.WriteEmpty(leaf);
        value.WriteTo(ListPack.Splice(leaf, ListPack.First, 0, size, 1));
        return handle;
    }

    private void MakeTree()
    {
        var tree = new BTree(Heap, keySize: 0, default);
        var pack = _entry.Value;
        if (ListPack.Count(pack) == 0)
        {
            _entry.Resize(TreeRoot.Bytes, RecordKind.ListTree).Clear();
            var empty = tree.NewLeaf(ListPack.EmptySize, out var none);
            ListPack.WriteEmpty(none);
            tree.Plant(empty, 0);
        }
        else
        {
            var handle = tree.NewLeaf(pack.Length, out var leaf);
            pack.CopyTo(leaf);
            tree.Plant(handle, ListPack.Count(pack));
        }
        MemoryMarshal.Write(_entry.Resize(TreeRoot.Bytes, RecordKind.ListTree), tree.Root);
    }

    /// <summary>Adds a node of a list as a file holds it: a validated listpack with at least one element. <see cref="Settle"/> ends the loading.</summary>
    public void AppendPack(ReadOnlySpan<byte> pack)
    {
        var count = ListPack.Count(pack);
        var isEmpty = Count == 0;
        if (IsBlob && !isEmpty) MakeTree();
        var tree = isEmpty ? new BTree(Heap, keySize: 0, default) : OpenTree();
        var handle = tree.NewLeaf(pack.Length, out var leaf);
        pack.CopyTo(leaf);
        if (isEmpty)
        {
            _entry.Resize(TreeRoot.Bytes, RecordKind.ListTree);
            tree.Plant(handle, count);
        }
        else
        {
            tree.SeekLast();
            tree.InsertLeafAfter(handle, count, default, default);
        }
        Store(tree);
    }

    /// <summary>The list has been loaded: it takes the form that a list of its size has.</summary>
    public void Settle()
    {
        if (IsBlob) Expect(0, 0);
        else TryShrink(isLoading: true);
    }

    /// <summary>A tree of one small leaf is a listpack again.</summary>
    private void TryShrink(bool isLoading = false)
    {
        if (IsBlob || StoredRoot is not { Height: 0, Count: > 0 } root) return;
        var tree = OpenTree();
        tree.SeekFirst();
        var pack = ListLeaf.Pack(tree);
        var bytes = ListPack.TotalBytes(pack);
        if (isLoading ? Limits.Exceeds(bytes, root.Count) : !Limits.FitsShrunk(bytes, root.Count)) return;
        pack[..bytes].CopyTo(_entry.Resize(bytes, RecordKind.ListBlob));
        tree.RemoveLeaf();
    }

    /// <summary>A sparse leaf is poured into its right neighbour. Only in tall trees: in small ones Redis's node boundaries decide the encoding.</summary>
    private static void JoinSmall(ref BTree tree)
    {
        var pack = ListLeaf.Pack(tree);
        var bytes = ListPack.TotalBytes(pack);
        if (tree.Root.Height < 2 || bytes > JoinBelow) return;
        var (count, rank) = ((int)tree.LeafCount, tree.Before);
        if (!tree.MoveNext() || ListPack.TotalBytes(ListLeaf.Pack(tree)) > 4096) return;
        var left = pack[ListPack.HeaderSize..(bytes - 1)].ToArray();

        tree.SeekRank(rank);
        tree.RemoveLeaf();
        tree.SeekRank(rank);
        left.CopyTo(ListLeaf.Splice(ref tree, ListPack.First, 0, left.Length, count));
    }

    /// <summary>Throws when the form breaks its own rules.</summary>
    public void CheckInvariants()
    {
        if (IsBlob)
        {
            if (!ListPack.Validate(_entry.Value)) throw new InvalidOperationException("A list's listpack is broken.");
            return;
        }
        WholeTree.CheckInvariants(Heap, keySize: 0, StoredRoot, static (leaf, count) =>
        {
            var pack = ListLeaf.Pack(leaf);
            if (!ListPack.Validate(pack[..ListPack.TotalBytes(pack)], out var found) || found != count || count == 0) throw new InvalidOperationException("A list's leaf is broken.");
        });
    }
}

/// <summary>Frees what a list's tree holds.</summary>
internal sealed class ListOwner : IMemoryOwner
{
    public bool FreeSome(Heap heap, Span<byte> value, ref int budget) =>
        WholeTree.FreeSome(heap, keySize: 0, ref MemoryMarshal.AsRef<TreeRoot>(value), ref budget);

    public void Copy(Heap heap, ReadOnlySpan<byte> from, Span<byte> to) =>
        MemoryMarshal.Write(to, WholeTree.Copy(heap, keySize: 0, MemoryMarshal.Read<TreeRoot>(from)));

    public long MemoryOf(Heap heap, ReadOnlySpan<byte> value, int samples) =>
        WholeTree.MemoryOf(heap, keySize: 0, MemoryMarshal.Read<TreeRoot>(value), samples);

    public bool MoveSome(Heap heap, Span<byte> value, ref ulong cursor, ref int budget) =>
        WholeTree.MoveSome(heap, keySize: 0, ref MemoryMarshal.AsRef<TreeRoot>(value), ref cursor, ref budget);
}

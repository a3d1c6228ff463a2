using System.Runtime.InteropServices;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>Frees what a big sorted set holds: the tree, then the table.</summary>
internal sealed class ZSetOwner : IMemoryOwner
{
    public bool FreeSome(Heap heap, Span<byte> value, ref int budget)
    {
        ref var root = ref MemoryMarshal.AsRef<TreeRoot>(value[ZSetValue.TreeAt..]);
        return WholeTree.FreeSome(heap, ScoreTree.EntrySize, ref root, ref budget)
            && ElementTable.Writable(heap, value[..TableHeader.Bytes]).FreeSome(ref budget);
    }

    public void Copy(Heap heap, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var table = ElementTable.Writable(heap, to[..TableHeader.Bytes]);
        table.Expect(ElementTable.Readable(heap, from[..TableHeader.Bytes]).Count);
        var tree = new BTree(heap, ScoreTree.EntrySize, default);
        Span<byte> scratch = stackalloc byte[ElementScore.BytesMax];
        Span<double> scores = stackalloc double[ScoreTree.LeafMax];
        Span<ulong> elements = stackalloc ulong[ScoreTree.LeafMax];
        var count = 0;
        for (var walk = new ZSetWalk(heap, RecordKind.ZSetTree, from, 0); walk.MoveNext();)
        {
            scores[count] = walk.Score;
            elements[count++] = table.AddNew(walk.Member.AsText(default), ElementScore.Write(scratch, walk.Score));
            if (count < ScoreTree.LeafMax) continue;
            ScoreTree.AppendLeaf(ref tree, scores, elements);
            count = 0;
        }
        if (count > 0) ScoreTree.AppendLeaf(ref tree, scores[..count], elements[..count]);
        MemoryMarshal.Write(to[ZSetValue.TreeAt..], tree.Root);
    }

    public long MemoryOf(Heap heap, ReadOnlySpan<byte> value, int samples) =>
        ElementTable.Readable(heap, value[..TableHeader.Bytes]).MemoryInUse(samples)
        + WholeTree.MemoryOf(heap, ScoreTree.EntrySize, MemoryMarshal.Read<TreeRoot>(value[ZSetValue.TreeAt..]), samples);

    /// <summary>First along the tree, because its entries name the elements, then the segments of the table (the cursor's top bit).</summary>
    public bool MoveSome(Heap heap, Span<byte> value, ref ulong cursor, ref int budget)
    {
        const ulong tableBit = 1UL << 63;
        ref var header = ref MemoryMarshal.AsRef<TableHeader>(value);
        if (header.Root == 0) return true;
        if ((cursor & tableBit) == 0)
        {
            if (!MoveEntries(heap, value, ref cursor, ref budget)) return false;
            cursor = tableBit;
        }
        while (budget > 0)
        {
            var place = TableMover.Next(new Segment(heap.Arena.Lines(TableMover.MoveSegment(heap, ref header, cursor << 1))));
            if (place == 0) return true;
            cursor = tableBit | (place >> 1);
            budget--;
        }
        return false;
    }

    private static bool MoveEntries(Heap heap, Span<byte> value, ref ulong cursor, ref int budget)
    {
        ref var root = ref MemoryMarshal.AsRef<TreeRoot>(value[ZSetValue.TreeAt..]);
        var table = ElementTable.Writable(heap, value[..TableHeader.Bytes]);
        var tree = new BTree(heap, ScoreTree.EntrySize, root);
        tree.SeekRank((long)cursor);
        do
        {
            tree.MoveMarked();
            var count = (int)tree.LeafCount;
            var leaf = tree.WritableLeaf(count * ScoreTree.EntrySize);
            for (var i = 0; i < count; i++)
            {
                var entry = leaf.Slice(i * ScoreTree.EntrySize, ScoreTree.EntrySize);
                var element = ScoreTree.Element(entry);
                if (!heap.Arena.IsMarked(element)) continue;
                ScoreTree.WriteEntry(entry, ScoreTree.Score(entry), table.Move(element));
                budget -= 8;
                if (i == 0) tree.SetLeaf(count, entry);
            }
            cursor = (ulong)(tree.Before + count);
            budget -= 8;
        }
        while (budget > 0 && tree.MoveNext());
        root = tree.Root;
        return cursor >= (ulong)root.Count;
    }
}

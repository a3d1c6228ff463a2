using System.Buffers;
using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// A sorted set made at one go: results of ZUNIONSTORE and its kin, big sets read from files. Members and scores are gathered in the table alone, where a
/// member may be looked up and changed; the order is made once, by one sort and full leaves, instead of by a walk down a tree for every
/// member. Ends with <see cref="Finish"/>, or <see cref="Drop"/>.
/// </summary>
internal ref struct ZSetBuilder(Heap heap)
{
    private readonly Heap _heap = heap;
    private TableHeader _header;
    private int _longest;

    public readonly long Count => _header.Count;

    /// <summary>The score that a member has so far.</summary>
    public bool TryGet(scoped ReadOnlySpan<byte> member, out double score)
    {
        var isThere = new ElementTable(_heap, ref _header).TryGet(member, out var stored);
        score = isThere ? ElementScore.Read(stored) : 0;
        return isThere;
    }

    public void Set(scoped ReadOnlySpan<byte> member, double score)
    {
        Span<byte> scratch = stackalloc byte[ElementScore.BytesMax];
        new ElementTable(_heap, ref _header).Set(member, ElementScore.Write(scratch, score));
        _longest = Math.Max(_longest, member.Length);
    }

    /// <summary>A member that the caller knows to be absent.</summary>
    public void Add(scoped ReadOnlySpan<byte> member, double score)
    {
        Span<byte> scratch = stackalloc byte[ElementScore.BytesMax];
        new ElementTable(_heap, ref _header).AddNew(member, ElementScore.Write(scratch, score));
        _longest = Math.Max(_longest, member.Length);
    }

    public void Drop()
    {
        var budget = int.MaxValue;
        new ElementTable(_heap, ref _header).FreeSome(ref budget);
        _header = default;
    }

    /// <summary>
    /// Puts everything into an empty sorted set, in the form and with the encoding that Redis gives to a stored result. A listpack has no -0, so
    /// that what is only replied (<paramref name="keepsNegativeZero"/>) is no listpack when it has one.
    /// </summary>
    public void Finish(ZSetValue target, bool keepsNegativeZero = false)
    {
        var count = (int)_header.Count;
        var scores = ArrayPool<double>.Shared.Rent(count);
        var elements = ArrayPool<ulong>.Shared.Rent(count);
        Sort(scores.AsSpan(0, count), elements.AsSpan(0, count));

        var limits = _heap.Limits;
        var fits = count <= limits.ZSetMaxListpackEntries && _longest <= limits.ZSetMaxListpackValue;
        if (fits && !(keepsNegativeZero && HasNegativeZero(scores.AsSpan(0, count))))
        {
            WriteBlob(target.Entry, scores.AsSpan(0, count), elements.AsSpan(0, count));
            Drop();
        }
        else
        {
            var value = target.Entry.Resize(ZSetValue.HeaderBytes, RecordKind.ZSetTree);
            MemoryMarshal.Write(value, _header);
            MemoryMarshal.Write(value[ZSetValue.TreeAt..], BuildTree(scores.AsSpan(0, count), elements.AsSpan(0, count)));
            target.Entry.Big = true;
            _header = default;
        }
        ArrayPool<double>.Shared.Return(scores);
        ArrayPool<ulong>.Shared.Return(elements);
    }

    private static bool HasNegativeZero(ReadOnlySpan<double> scores) =>
        MemoryMarshal.Cast<double, long>(scores).Contains(BitConverter.DoubleToInt64Bits(-0.0));

    private void Sort(Span<double> scores, Span<ulong> elements)
    {
        var table = new ElementTable(_heap, ref _header);
        var n = 0;
        foreach (var element in table)
        {
            elements[n] = element;
            scores[n++] = ElementScore.Read(table.Value(element));
        }
        scores.Sort(elements);

        // Where scores are equal the members' bytes decide.
        var arena = _heap.Arena;
        for (int start = 0, end; start < n; start = end)
        {
            for (end = start + 1; end < n && scores[end] == scores[start]; end++)
            {
            }
            if (end - start < 2) continue;
            elements[start..end].Sort((a, b) => new Element(arena.Slot(a)).Key.SequenceCompareTo(new Element(arena.Slot(b)).Key));

            // 0 and -0 are equal and each keeps its sign.
            for (var i = start; i < end && scores[start] == 0; i++) scores[i] = ElementScore.Read(table.Value(elements[i]));
        }
    }

    private readonly TreeRoot BuildTree(ReadOnlySpan<double> scores, ReadOnlySpan<ulong> elements)
    {
        var tree = new BTree(_heap, ScoreTree.EntrySize, default);
        for (var start = 0; start < scores.Length; start += ScoreTree.LeafMax)
        {
            var count = Math.Min(ScoreTree.LeafMax, scores.Length - start);
            ScoreTree.AppendLeaf(ref tree, scores.Slice(start, count), elements.Slice(start, count));
        }
        return tree.Root;
    }

    private void WriteBlob(Entry entry, ReadOnlySpan<double> scores, ReadOnlySpan<ulong> elements)
    {
        var table = new ElementTable(_heap, ref _header);
        Span<byte> scratch = stackalloc byte[NumberText.DoubleTextMax];
        var bytes = ListPack.EmptySize;
        for (var i = 0; i < scores.Length; i++)
            bytes += new PackedValue(table.Key(elements[i])).PackedSize + ZSetBlob.Pack(scores[i], scratch).PackedSize;

        var pack = entry.Resize(bytes, RecordKind.ZSetBlob);
        var at = ListPack.HeaderSize;
        for (var i = 0; i < scores.Length; i++)
        {
            at += new PackedValue(table.Key(elements[i])).WriteTo(pack[at..]);
            at += ZSetBlob.Pack(scores[i], scratch).WriteTo(pack[at..]);
        }
        pack[at] = ListPack.EndByte;
        ListPack.WriteHeader(pack, bytes, scores.Length * 2);
        entry.Big = false;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

internal enum ScoreChange { Unchanged, Added, Updated }

/// <summary>
/// A sorted set: a listpack of member, score, member, score… in order, or an inner table (member to score) beside a B+tree (score and member to rank,
/// <see cref="ScoreTree"/>). The record then holds the table's header and the tree's root.
///
/// Every range of the commands is a range of ranks: <see cref="RankOfScore"/> and <see cref="RankOfLex"/> turn the ends of a range by score or by member
/// into ranks in logarithmic time, and <see cref="Walk"/> goes from there in either direction.
///
/// As elsewhere the reported encoding ("listpack", "skiplist") follows Redis by the sticky Big flag, and a small set stays a listpack in memory.
/// </summary>
internal readonly struct ZSetValue(Entry entry) : IScannedValue<ZSetValue>
{
    /// <summary>Room for the text of an integer member.</summary>
    public const int ScratchMax = PackedValue.IntegerTextMax;

    internal const int TreeAt = TableHeader.Bytes;

    internal const int HeaderBytes = TableHeader.Bytes + TreeRoot.Bytes;
    private const int BigBlobBytes = 2048;
    private const int BigBlobCount = 64;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.ZSet;

    public static RecordKind EmptyKind => RecordKind.ZSetBlob;

    public static int EmptySize => ListPack.EmptySize;

    public static ZSetValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    public void Initialize() => ListPack.WriteEmpty(_entry.MutableValue());

    public string Encoding => _entry.Big ? "skiplist" : "listpack";

    public long Count => IsMissing ? 0 : IsBlob ? ListPack.Count(_entry.Value) / 2 : ReadTable.Count;

    private bool IsBlob => _entry.Kind == RecordKind.ZSetBlob;

    private Heap Heap => _entry.Heap;

    private EncodingLimits Limits => Heap.Limits;

    private ElementTable ReadTable => ElementTable.Readable(Heap, _entry.Value[..TableHeader.Bytes]);

    private BTree ReadTree => OpenTree(Heap, _entry.Value);

    internal static BTree OpenTree(Heap heap, ReadOnlySpan<byte> value) =>
        new(heap, ScoreTree.EntrySize, MemoryMarshal.Read<TreeRoot>(value[TreeAt..]));

    // ---- one member ----

    public bool TryGetScore(ReadOnlySpan<byte> member, out double score)
    {
        var place = Find(member);
        score = place == 0 ? 0 : ScoreAt(place);
        return place != 0;
    }

    /// <summary>The place of a member, or 0.</summary>
    public ulong Find(ReadOnlySpan<byte> member)
    {
        if (IsMissing) return 0;
        if (!IsBlob) return ReadTable.Find(member);
        return (ulong)Math.Max(0, ListPack.Find(_entry.Value, ListPack.First, new PackedValue(member), skip: 1));
    }

    public PackedValue MemberAt(ulong place) =>
        IsBlob ? ListPack.Get(_entry.Value, (int)place) : new PackedValue(ReadTable.Key(place), isEncodedText: true);

    public double ScoreAt(ulong place) =>
        IsBlob ? ZSetBlob.ScoreAt(_entry.Value, (int)place) : ElementScore.Read(ReadTable.Value(place));

    /// <summary>The rank of a member from the lowest score, or -1.</summary>
    public long RankOf(ReadOnlySpan<byte> member, out double score)
    {
        var place = Find(member);
        score = place == 0 ? 0 : ScoreAt(place);
        if (place == 0) return -1;
        if (IsBlob) return ZSetBlob.IndexOf(_entry.Value, (int)place);
        var tree = ReadTree;
        return ScoreTree.Seek(ref tree, new MemberOrder(Heap.Arena, score, member)) + tree.Before;
    }

    // ---- ranges ----

    /// <summary>How many members have a lower score (with <paramref name="after"/>: a lower or this score).</summary>
    public long RankOfScore(double score, bool after)
    {
        if (IsMissing) return 0;
        if (IsBlob) return ZSetBlob.RankOfScore(_entry.Value, score, after);
        var tree = ReadTree;
        return ScoreTree.Seek(ref tree, new ScoreOrder(score, after)) + tree.Before;
    }

    /// <summary>How many members are before this one (with <paramref name="after"/>: or are it), in a set whose scores are all equal.</summary>
    public long RankOfLex(ReadOnlySpan<byte> member, bool after)
    {
        if (IsMissing) return 0;
        if (IsBlob) return ZSetBlob.RankOfLex(_entry.Value, member, after);
        var tree = ReadTree;
        return ScoreTree.Seek(ref tree, new LexOrder(Heap.Arena, member, after)) + tree.Before;
    }

    /// <summary>From a rank on (negative from the end), in either direction; see <see cref="ZSetWalk"/>.</summary>
    public ZSetWalk Walk(long rank = 0) => IsMissing ? default : new(Heap, _entry.Kind, _entry.Value, rank);

    /// <summary>One step of ZSCAN: places go to the list, the next cursor comes back. A blob is one step.</summary>
    public ulong Scan(ulong cursor, HandleList found)
    {
        if (IsMissing) return 0;
        if (!IsBlob) return ReadTable.Scan(cursor, found);
        AddAllPlaces(found);
        return 0;
    }

    /// <summary>The place of a random member, all equally likely; 0 when there is none.</summary>
    public ulong Random(Random random)
    {
        if (Count == 0) return 0;
        return IsBlob ? (ulong)ListPack.Seek(_entry.Value, 2 * random.Next((int)Count)) : ReadTable.Random(random);
    }

    /// <summary>So many distinct random members (all when there are no more): their places go to the list.</summary>
    public void Sample(Random random, long count, HandleList found)
    {
        if (IsMissing || count <= 0) return;
        if (!IsBlob)
        {
            ElementSample.FromTable(ReadTable, random, count, found);
            return;
        }
        AddAllPlaces(found);
        found.KeepRandom(random, count);
    }

    private void AddAllPlaces(HandleList found)
    {
        var pack = _entry.Value;
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = ListPack.Next(pack, ListPack.Next(pack, at))) found.Add((ulong)at);
    }

    // ---- writing ----

    /// <summary>
    /// Announces how many members one command brings, and for a new set the longest of them: Redis chooses the encoding by that before it adds.
    /// </summary>
    public void Expect(long members, int longest = 0)
    {
        if (!_entry.Big && (members > Limits.ZSetMaxListpackEntries || longest > Limits.ZSetMaxListpackValue)) BecomeBig();
    }

    /// <summary>Gives a member a score (never NaN), adding it when it is new.</summary>
    public ScoreChange Set(ReadOnlySpan<byte> member, double score) => Set(Find(member), member, score);

    /// <summary>The same for whoever has looked for the member: <paramref name="place"/> is what Find returned.</summary>
    public ScoreChange Set(ulong place, ReadOnlySpan<byte> member, double score)
    {
        var change = place == 0 ? ScoreChange.Added : ScoreChange.Updated;
        if (place != 0 && ScoreAt(place) == score) return ScoreChange.Unchanged;
        if (place == 0) MakeRoom(member);

        if (!IsBlob)
        {
            SetInTree(place, member, score);
            return change;
        }
        if (place != 0) PackedEdit.Remove(_entry, (int)place, 2);
        ZSetBlob.Insert(_entry, new PackedValue(member), member, score);
        return change;
    }

    /// <summary>A new member is coming: what does not fit the listpack any more leaves it first.</summary>
    private void MakeRoom(ReadOnlySpan<byte> member)
    {
        if (!IsBlob) return;
        var count = Count;
        if (!_entry.Big && (count >= Limits.ZSetMaxListpackEntries || member.Length > Limits.ZSetMaxListpackValue)) BecomeBig();
        if (IsBlob && _entry.Big && (count >= BigBlobCount || _entry.Value.Length + member.Length + 16 > BigBlobBytes)) MakeTree();
    }

    private void SetInTree(ulong element, ReadOnlySpan<byte> member, double score)
    {
        Span<byte> scratch = stackalloc byte[ElementScore.BytesMax];
        var stored = ElementScore.Write(scratch, score);
        var value = _entry.MutableValue();
        var table = ElementTable.Writable(Heap, value[..TableHeader.Bytes]);
        var tree = OpenTree(Heap, value);
        if (element == 0)
        {
            element = table.AddNew(member, stored);
        }
        else
        {
            var old = ElementScore.Read(table.Value(element));
            var index = ScoreTree.SeekElement(ref tree, Heap.Arena, old, member, element);
            ScoreTree.RemoveAt(ref tree, index, 1);
            element = table.SetValue(element, stored);
        }
        ScoreTree.Insert(ref tree, new MemberOrder(Heap.Arena, score, member), score, element);
        MemoryMarshal.Write(value[TreeAt..], tree.Root);
    }

    /// <summary>True when the member was there. A set without members is removed by the caller.</summary>
    public bool Remove(ReadOnlySpan<byte> member)
    {
        var place = Find(member);
        if (place == 0) return false;
        if (IsBlob)
        {
            PackedEdit.Remove(_entry, (int)place, 2);
            return true;
        }
        var value = _entry.MutableValue();
        var tree = OpenTree(Heap, value);
        var index = ScoreTree.SeekElement(ref tree, Heap.Arena, ScoreAt(place), member, place);
        ScoreTree.RemoveAt(ref tree, index, 1);
        ElementTable.Writable(Heap, value[..TableHeader.Bytes]).RemoveElement(place);
        MemoryMarshal.Write(value[TreeAt..], tree.Root);
        return true;
    }

    /// <summary>Removes the members from a rank on.</summary>
    public void RemoveRange(long rank, long count)
    {
        count = Math.Min(count, Count - rank);
        if (count <= 0) return;
        if (IsBlob)
        {
            PackedEdit.Remove(_entry, ListPack.Seek(_entry.Value, (int)rank * 2), (int)count * 2);
            return;
        }

        // The elements leave the table leaf by leaf, before the leaf that names them goes.
        var value = _entry.MutableValue();
        var table = ElementTable.Writable(Heap, value[..TableHeader.Bytes]);
        var tree = OpenTree(Heap, value);
        Span<ulong> doomed = stackalloc ulong[ScoreTree.LeafMax];
        while (count > 0)
        {
            var index = tree.SeekRank(rank);
            var here = (int)Math.Min(count, tree.LeafCount - index);
            var leaf = tree.Leaf;
            for (var i = 0; i < here; i++) doomed[i] = ScoreTree.Element(ScoreTree.EntryAt(leaf, index + i));
            ScoreTree.RemoveAt(ref tree, index, here);
            foreach (var element in doomed[..here]) table.RemoveElement(element);
            count -= here;
        }
        MemoryMarshal.Write(value[TreeAt..], tree.Root);
    }

    // ---- form ----

    /// <summary>From now on the set counts as "skiplist".</summary>
    public void BecomeBig()
    {
        _entry.Big = true;
        if (IsBlob && (_entry.Value.Length > BigBlobBytes || Count > BigBlobCount)) MakeTree();
    }

    /// <summary>The set has been loaded as a listpack: it takes the form that a set of its size has.</summary>
    public void Settle() => Expect(Count);

    /// <summary>A result that a store command has just written counts as "listpack" when it is within the limits.</summary>
    public void BecomeListpackIfPossible(int longest)
    {
        if (!_entry.Big || Count > Limits.ZSetMaxListpackEntries || longest > Limits.ZSetMaxListpackValue) return;
        if (IsBlob)
        {
            _entry.Big = false;
            return;
        }

        var pack = new byte[ListPack.EmptySize];
        ListPack.WriteEmpty(pack);
        Span<byte> scratch = stackalloc byte[NumberText.DoubleTextMax];
        for (var walk = Walk(); walk.MoveNext();)
        {
            var member = new PackedValue(walk.Member.AsText(default));
            var score = ZSetBlob.Pack(walk.Score, scratch);
            int memberBytes = member.PackedSize, bytes = memberBytes + score.PackedSize;
            Array.Resize(ref pack, pack.Length + bytes);
            var gap = ListPack.Splice(pack, ListPack.End(pack), 0, bytes, 2);
            member.WriteTo(gap);
            score.WriteTo(gap[memberBytes..]);
        }
        RemoveRange(0, Count);
        pack.CopyTo(_entry.Resize(pack.Length, RecordKind.ZSetBlob));
        _entry.Big = false;
    }

    private void MakeTree()
    {
        var header = default(TableHeader);
        var table = new ElementTable(Heap, ref header);
        var tree = new BTree(Heap, ScoreTree.EntrySize, default);
        Span<byte> scratch = stackalloc byte[ScratchMax];
        Span<byte> scoreScratch = stackalloc byte[ElementScore.BytesMax];
        for (var walk = Walk(); walk.MoveNext();)
        {
            var member = walk.Member.AsText(scratch);
            var element = table.AddNew(member, ElementScore.Write(scoreScratch, walk.Score));
            ScoreTree.Insert(ref tree, new MemberOrder(Heap.Arena, walk.Score, member), walk.Score, element);
        }
        var value = _entry.Resize(HeaderBytes, RecordKind.ZSetTree);
        MemoryMarshal.Write(value, header);
        MemoryMarshal.Write(value[TreeAt..], tree.Root);
        if (!_entry.Big) _entry.Big = true;
    }

    /// <summary>Throws when the form breaks its own rules.</summary>
    public void CheckInvariants()
    {
        var isOrdered = true;
        var before = double.NegativeInfinity;
        byte[] memberBefore = [];
        Span<byte> scratch = stackalloc byte[ScratchMax];
        long count = 0;
        for (var walk = Walk(); walk.MoveNext(); count++)
        {
            var member = walk.Member.AsText(scratch);
            if (count > 0) isOrdered &= before < walk.Score || (before == walk.Score && memberBefore.AsSpan().SequenceCompareTo(member) < 0);
            isOrdered &= TryGetScore(member, out var score) && score == walk.Score;
            before = walk.Score;
            memberBefore = member.ToArray();
        }
        if (!isOrdered || count != Count) throw new InvalidOperationException("A sorted set is out of order.");
        if (!IsBlob) WholeTree.CheckInvariants(Heap, ScoreTree.EntrySize, ReadTree.Root, static (_, size) => ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size));
        else if (!ListPack.Validate(_entry.Value)) throw new InvalidOperationException("A sorted set's listpack is broken.");
    }
}

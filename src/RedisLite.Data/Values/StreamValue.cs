using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>What a stream's record holds.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct StreamHeader
{
    public TreeRoot Entries;
    public StreamId LastId;
    public StreamId MaxDeletedId;
    public ulong EntriesAdded;

    /// <summary>Group name to <see cref="GroupState"/>.</summary>
    public TableHeader Groups;

    public static readonly int Bytes = Unsafe.SizeOf<StreamHeader>();
}

/// <summary>The fields and values of an entry to be added.</summary>
internal interface IStreamFields
{
    int Count { get; }

    ReadOnlySpan<byte> Field(int i);

    ReadOnlySpan<byte> Value(int i);
}

/// <summary>
/// A stream: a B+tree by ID of Redis's own nodes (<see cref="StreamNode"/>), and a table of consumer groups (<see cref="StreamGroup"/>).
/// The first ID is not stored but looked up.
/// </summary>
internal readonly struct StreamValue(Entry entry) : IValue<StreamValue>
{
    private const int NodeBytesMax = 1 << 30;

    /// <summary>The last node grows by more than it needs now; it gives that back when it is full.</summary>
    private const int NodeSlackMax = 1024;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.Stream;

    public static RecordKind EmptyKind => RecordKind.Stream;

    public static int EmptySize => StreamHeader.Bytes;

    public static StreamValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    public void Initialize() => _entry.MutableValue().Clear();

    private Heap Heap => _entry.Heap;

    private ref readonly StreamHeader Header => ref MemoryMarshal.AsRef<StreamHeader>(_entry.Value);

    private ref StreamHeader MutableHeader => ref MemoryMarshal.AsRef<StreamHeader>(_entry.MutableValue());

    // ---- reading ----

    public long Count => IsMissing ? 0 : Header.Entries.Count;

    public StreamId LastId
    {
        get => IsMissing ? default : Header.LastId;
        set => MutableHeader.LastId = value;
    }

    public StreamId MaxDeletedId
    {
        get => IsMissing ? default : Header.MaxDeletedId;
        set => MutableHeader.MaxDeletedId = value;
    }

    public ulong EntriesAdded
    {
        get => IsMissing ? 0 : Header.EntriesAdded;
        set => MutableHeader.EntriesAdded = value;
    }

    /// <summary>The ID of the first entry that is there; 0-0 when there is none.</summary>
    public StreamId FirstId => Edge(isReverse: false);

    /// <summary>The ID of the last entry that is there (LastId is the highest ever given); 0-0 when there is none.</summary>
    public StreamId LastEntryId => Edge(isReverse: true);

    private StreamId Edge(bool isReverse)
    {
        var walk = Walk(StreamId.Min, StreamId.Max, isReverse);
        return walk.MoveNext() ? walk.Id : default;
    }

    /// <summary>The entries between two IDs, both included; see <see cref="StreamWalk"/>.</summary>
    public StreamWalk Walk(StreamId from, StreamId to, bool isReverse = false) =>
        IsMissing ? default : new(Heap, Header.Entries, from, to, isReverse);

    public StreamNodeWalk Nodes => IsMissing ? default : new(Heap, Header.Entries);

    /// <summary>The shape of the radix tree that Redis would keep the nodes in (XINFO).</summary>
    public RadixShape RadixShape
    {
        get
        {
            var shape = new RadixShape();
            if (IsMissing || Header.Entries.Node == 0) return shape;
            var tree = IdTree.Open(Heap, Header.Entries);
            if (tree.Root.Height > 0) tree.ReadLeafKeys(ref shape);
            else shape.Add(StreamNode.Master(tree));
            return shape;
        }
    }

    public bool Contains(StreamId id) => Walk(id, id).MoveNext();

    /// <summary>
    /// How many entries were ever added up to and with this ID (7.0's entries-read of a group that has read so far); -1 when deletions in between make
    /// that unknowable.
    /// </summary>
    public long CountThrough(StreamId id)
    {
        var added = (long)EntriesAdded;
        if (added == 0) return 0;
        if (id == LastId || (Count == 0 && id < LastId)) return added;
        if (id > LastId) return -1;
        var first = FirstId;
        if (MaxDeletedId != default && MaxDeletedId >= first) return -1;
        return id < first ? added - Count : id == first ? added - Count + 1 : -1;
    }

    /// <summary>Whether an entry at or behind this ID may have been deleted.</summary>
    public bool MayHaveDeletedFrom(StreamId id) => Count > 0 && MaxDeletedId != default && id <= MaxDeletedId && MaxDeletedId >= FirstId;

    // ---- entries ----

    /// <summary>Adds an entry; its ID is above <see cref="LastId"/>, which follows.</summary>
    public void Append<TFields>(StreamId id, scoped in TFields fields)
        where TFields : IStreamFields, allows ref struct
    {
        var tree = IdTree.Open(Heap, Header.Entries);
        long textBytes = 0;
        for (var i = 0; i < fields.Count; i++) textBytes += fields.Field(i).Length + fields.Value(i).Length;

        if (tree.Root.Node == 0) AppendNode(ref tree, id, fields);
        else
        {
            tree.SeekLast();
            var master = StreamNode.ReadMaster(StreamNode.Pack(tree));
            if (IsFull(tree, master, textBytes)) AppendNode(ref tree, id, fields);
            else AppendToNode(ref tree, master, id, fields);
        }

        ref var header = ref MutableHeader;
        header.Entries = tree.Root;
        header.LastId = id;
        header.EntriesAdded++;
    }

    private bool IsFull(in BTree tree, in StreamMaster master, long textBytes)
    {
        var bytesMax = Heap.Limits.StreamNodeMaxBytes is > 0 and < NodeBytesMax and var limit ? limit : NodeBytesMax;
        if (ListPack.TotalBytes(StreamNode.Pack(tree)) + textBytes >= bytesMax) return true;
        return Heap.Limits.StreamNodeMaxEntries > 0 && master.Count + master.Deleted >= Heap.Limits.StreamNodeMaxEntries;
    }

    /// <summary>A new last node, whose master fields are those of its first entry.</summary>
    private static void AppendNode<TFields>(ref BTree tree, StreamId id, scoped in TFields fields)
        where TFields : IStreamFields, allows ref struct
    {
        var size = 2 + 2 + new PackedValue(fields.Count).PackedSize + 2;       // count 1, deleted 0, the fields, the zero behind them
        for (var i = 0; i < fields.Count; i++) size += new PackedValue(fields.Field(i)).PackedSize;
        var parts = new PackedValue(fields.Count + 3);
        size += 2 + 2 + 2 + parts.PackedSize;
        for (var i = 0; i < fields.Count; i++) size += new PackedValue(fields.Value(i)).PackedSize;

        if (tree.Root.Node != 0) tree.TightenLeaf(StreamNode.PackAt + ListPack.TotalBytes(StreamNode.Pack(tree)));
        var handle = tree.NewLeaf(StreamNode.PackAt + ListPack.EmptySize + size, out var leaf);
        id.WriteTo(leaf);
        var pack = leaf[StreamNode.PackAt..];
        ListPack.WriteEmpty(pack);
        var gap = ListPack.Splice(pack, ListPack.First, 0, size, 4 + fields.Count + 4 + fields.Count);
        gap = gap[new PackedValue(1).WriteTo(gap)..];
        gap = gap[new PackedValue(0).WriteTo(gap)..];
        gap = gap[new PackedValue(fields.Count).WriteTo(gap)..];
        for (var i = 0; i < fields.Count; i++) gap = gap[new PackedValue(fields.Field(i)).WriteTo(gap)..];
        gap = gap[new PackedValue(0).WriteTo(gap)..];

        gap = gap[new PackedValue(StreamNode.SameFields).WriteTo(gap)..];
        gap = gap[new PackedValue(0).WriteTo(gap)..];
        gap = gap[new PackedValue(0).WriteTo(gap)..];
        for (var i = 0; i < fields.Count; i++) gap = gap[new PackedValue(fields.Value(i)).WriteTo(gap)..];
        parts.WriteTo(gap);
        InsertNode(ref tree, handle, 1, leaf[..StreamId.KeyBytes]);
    }

    /// <summary>Puts a node behind the last, on which the tree stands. Apart, as a method with a loop and a buffer on the stack is optimised at once when it is first called, which for AppendNode took 13 ms.</summary>
    private static void InsertNode(ref BTree tree, ulong handle, long count, ReadOnlySpan<byte> key)
    {
        if (tree.Root.Node == 0)
        {
            tree.Plant(handle, count);
            return;
        }
        Span<byte> lastKey = stackalloc byte[StreamId.KeyBytes];
        tree.Leaf[..StreamId.KeyBytes].CopyTo(lastKey);
        tree.InsertLeafAfter(handle, count, key, lastKey);
    }

    /// <summary>Room for the longest form first, then everything is looked at once: what spells an integer turns out shorter.</summary>
    private static void AppendToNode<TFields>(ref BTree tree, in StreamMaster master, StreamId id, scoped in TFields fields)
        where TFields : IStreamFields, allows ref struct
    {
        var masterId = StreamNode.Master(tree);
        var isSame = HasMasterFields(StreamNode.Pack(tree), master, fields);
        var sizeMax = 5 * PackedValue.IntegerSizeMax;                                     // flags, ms, seq, number, parts
        for (var i = 0; i < fields.Count; i++)
            sizeMax += PackedValue.TextSize(fields.Value(i).Length) + (isSame ? 0 : PackedValue.TextSize(fields.Field(i).Length));

        var before = ListPack.TotalBytes(StreamNode.Pack(tree));
        var pack = tree.WritableLeaf(StreamNode.PackAt + before + sizeMax, slack: Math.Min(before / 4, NodeSlackMax))[StreamNode.PackAt..];
        var count = new PackedValue(master.Count + 1);
        count.WriteTo(ListPack.Splice(pack, ListPack.First, ListPack.EntrySize(pack, ListPack.First), count.PackedSize, 0));

        var at = ListPack.End(pack);
        at += new PackedValue(isSame ? StreamNode.SameFields : 0).WriteTo(pack[at..]);
        at += new PackedValue((long)(id.Ms - masterId.Ms)).WriteTo(pack[at..]);
        at += new PackedValue((long)(id.Seq - masterId.Seq)).WriteTo(pack[at..]);
        if (!isSame) at += new PackedValue(fields.Count).WriteTo(pack[at..]);
        for (var i = 0; i < fields.Count; i++)
        {
            if (!isSame) at += new PackedValue(fields.Field(i)).WriteTo(pack[at..]);
            at += new PackedValue(fields.Value(i)).WriteTo(pack[at..]);
        }
        var parts = isSame ? fields.Count + 3 : (fields.Count * 2) + 4;
        at += new PackedValue(parts).WriteTo(pack[at..]);
        ListPack.EndAt(pack, at, parts + 1);
        tree.SetLeaf(master.Count + 1);
    }

    private static bool HasMasterFields<TFields>(ReadOnlySpan<byte> pack, in StreamMaster master, scoped in TFields fields)
        where TFields : IStreamFields, allows ref struct
    {
        if (master.Fields != fields.Count) return false;
        var at = master.FieldsAt;
        for (var i = 0; i < fields.Count; i++)
            if (!ListPack.Read(pack, ref at).TextEquals(fields.Field(i))) return false;
        return true;
    }

    /// <summary>XDEL: true when the entry was there. The highest deleted ID follows.</summary>
    public bool Delete(StreamId id)
    {
        if (!Contains(id)) return false;
        var tree = IdTree.Open(Heap, Header.Entries);
        tree.SeekKey(new IdOrder(id));
        var pack = StreamNode.Pack(tree);
        var master = StreamNode.ReadMaster(pack);
        if (master.Count == 1)
        {
            tree.RemoveLeaf();
        }
        else
        {
            var at = master.EntriesAt;
            var head = StreamNode.ReadHead(pack, at, StreamNode.Master(tree), master.Fields);
            while (head.Id != id) head = StreamNode.ReadHead(pack, StreamNode.Skip(pack, head), StreamNode.Master(tree), master.Fields);
            StreamNode.SetInteger(ref tree, head.At, head.Flags | StreamNode.Deleted);
            MarkDeleted(ref tree, master, 1);
        }
        ref var header = ref MutableHeader;
        header.Entries = tree.Root;
        if (id > header.MaxDeletedId) header.MaxDeletedId = id;
        return true;
    }

    private static void MarkDeleted(ref BTree tree, in StreamMaster master, long entries)
    {
        StreamNode.SetInteger(ref tree, master.DeletedAt, master.Deleted + entries);
        StreamNode.SetInteger(ref tree, ListPack.First, master.Count - entries);
        tree.SetLeaf(master.Count - entries);
    }

    /// <summary>
    /// Removes the oldest entries until at most so many are left. Approximately: whole nodes only, and no more than <paramref name="limit"/> entries
    /// (0 = any number). Returns how many went.
    /// </summary>
    public long TrimToLength(long lengthMax, bool approximately, long limit) => Trim(lengthMax, default, approximately, limit);

    /// <summary>The same for entries below an ID.</summary>
    public long TrimBelow(StreamId minId, bool approximately, long limit) => Trim(-1, minId, approximately, limit);

    private long Trim(long lengthMax, StreamId minId, bool approximately, long limit)
    {
        if (IsMissing || Count == 0) return 0;
        var tree = IdTree.Open(Heap, Header.Entries);
        var before = tree.Root.Count;
        while (tree.Root.Count > Math.Max(0, lengthMax))
        {
            tree.SeekFirst();
            var entries = tree.LeafCount;
            if (limit > 0 && before - tree.Root.Count + entries > limit) break;
            if (lengthMax >= 0 ? tree.Root.Count - entries >= lengthMax : LastIdOf(tree) < minId)
            {
                tree.RemoveLeaf();
                continue;
            }
            if (!approximately) TrimInNode(ref tree, lengthMax >= 0 ? tree.Root.Count - lengthMax : long.MaxValue, minId, byId: lengthMax < 0);
            break;
        }

        var removed = before - tree.Root.Count;
        if (removed > 0) MutableHeader.Entries = tree.Root;
        return removed;
    }

    /// <summary>The last ID of a node, deleted or not: a node is only passed over by what stands in it.</summary>
    private static StreamId LastIdOf(in BTree tree)
    {
        var pack = StreamNode.Pack(tree);
        return StreamNode.ReadHead(pack, StreamNode.Back(pack, ListPack.End(pack)), StreamNode.Master(tree), masterFields: 0).Id;
    }

    private static void TrimInNode(ref BTree tree, long entriesMax, StreamId minId, bool byId)
    {
        var master = StreamNode.ReadMaster(StreamNode.Pack(tree));
        long removed = 0;
        for (var at = master.EntriesAt; removed < entriesMax && !ListPack.IsEnd(StreamNode.Pack(tree), at);)
        {
            var head = StreamNode.ReadHead(StreamNode.Pack(tree), at, StreamNode.Master(tree), master.Fields);
            if (byId && head.Id >= minId) break;
            if ((head.Flags & StreamNode.Deleted) == 0)
            {
                StreamNode.SetInteger(ref tree, at, head.Flags | StreamNode.Deleted);
                removed++;
            }
            at = StreamNode.Skip(StreamNode.Pack(tree), head);
        }
        if (removed > 0) MarkDeleted(ref tree, master, removed);
    }

    /// <summary>Adds a node as an RDB file holds it (<see cref="StreamCheck.IsValid"/> has seen it), behind all others. Returns its live entries.</summary>
    public long AddNode(StreamId masterId, ReadOnlySpan<byte> pack)
    {
        var tree = IdTree.Open(Heap, Header.Entries);
        var count = StreamNode.ReadMaster(pack).Count;
        if (tree.Root.Node != 0) tree.SeekLast();
        var handle = tree.NewLeaf(StreamNode.PackAt + pack.Length, out var leaf);
        masterId.WriteTo(leaf);
        pack.CopyTo(leaf[StreamNode.PackAt..]);
        InsertNode(ref tree, handle, count, leaf[..StreamId.KeyBytes]);
        MutableHeader.Entries = tree.Root;
        return count;
    }

    // ---- groups ----

    public long GroupCount => IsMissing ? 0 : Header.Groups.Count;

    /// <summary>The group of this name. False when there is none.</summary>
    public bool TryGetGroup(ReadOnlySpan<byte> name, out StreamGroup group)
    {
        group = default;
        if (IsMissing) return false;
        var header = Header;
        var element = new ElementTable(Heap, ref header.Groups).Find(name);
        if (element != 0) group = new StreamGroup(_entry, element);
        return element != 0;
    }

    /// <summary>False when a group of this name is there already. EntriesRead -1 = unknown.</summary>
    public bool CreateGroup(ReadOnlySpan<byte> name, StreamId lastId, long entriesRead)
    {
        if (TryGetGroup(name, out _)) return false;
        var state = new GroupState { LastId = lastId, EntriesRead = entriesRead };
        Span<byte> bytes = stackalloc byte[GroupState.Bytes];
        MemoryMarshal.Write(bytes, state);
        return new ElementTable(Heap, ref MutableHeader.Groups).Set(name, bytes);
    }

    public bool DestroyGroup(ReadOnlySpan<byte> name)
    {
        if (!TryGetGroup(name, out var group)) return false;
        group.Clear();
        return new ElementTable(Heap, ref MutableHeader.Groups).Remove(name);
    }

    /// <summary>Names of all groups in the order of their bytes, as Redis lists them.</summary>
    public List<byte[]> GroupNames()
    {
        var header = IsMissing ? default : Header;
        return StreamGroups.SortedKeys(IsMissing ? null : Heap, ref header.Groups);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>A consumer group, as its element in the stream's table holds it.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct GroupState
{
    public StreamId LastId;

    /// <summary>Entries delivered so far in the order of the stream, -1 = unknown.</summary>
    public long EntriesRead;

    /// <summary>By ID: <see cref="PendingEntry"/>.</summary>
    public TreeRoot Pending;

    /// <summary>Consumer name to <see cref="ConsumerState"/>.</summary>
    public TableHeader Consumers;

    /// <summary>Consumer number to name.</summary>
    public TableHeader Names;
    public uint NextNumber;

    public static readonly int Bytes = Unsafe.SizeOf<GroupState>();
}

[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct ConsumerState
{
    /// <summary>Stands for the consumer in pending entries.</summary>
    public uint Number;

    /// <summary>When it last asked for something.</summary>
    public long SeenMs;

    /// <summary>When it last got something, -1 = never.</summary>
    public long ActiveMs;

    /// <summary>IDs that are pending for it.</summary>
    public TreeRoot Pending;

    public static readonly int Bytes = Unsafe.SizeOf<ConsumerState>();
}

/// <summary>An entry delivered and not acknowledged: 36 bytes in the tree, the ID first.</summary>
internal readonly record struct PendingEntry(StreamId Id, long DeliveredMs, long Deliveries, uint Consumer)
{
    public const int Bytes = StreamId.KeyBytes + 20;

    public static PendingEntry Read(ReadOnlySpan<byte> entry) => new(
        StreamId.Read(entry),
        MemoryMarshal.Read<long>(entry[16..]),
        MemoryMarshal.Read<long>(entry[24..]),
        MemoryMarshal.Read<uint>(entry[32..]));

    public void WriteTo(Span<byte> entry)
    {
        Id.WriteTo(entry);
        MemoryMarshal.Write(entry[16..], DeliveredMs);
        MemoryMarshal.Write(entry[24..], Deliveries);
        MemoryMarshal.Write(entry[32..], Consumer);
    }
}

/// <summary>
/// One consumer group of an open stream. Every change is written back at once, through the stream's record, so that snapshots see none of it. Keep one
/// of these per group and command: a second one would hold a stale place.
///
/// Pending entries are kept twice, as in Redis: all of the group by ID, and the IDs of each consumer. Both are trees, so that XACK and XPENDING with
/// a range stay logarithmic. A consumer is named by a number in pending entries. The one that was asked for last stays at hand, because a command does
/// many things for the same one.
/// </summary>
internal ref struct StreamGroup
{
    private readonly Entry? _entry;
    private readonly Heap _heap;
    private ulong _element;
    private GroupState _state;
    private ReadOnlySpan<byte> _consumerName;
    private ulong _consumerElement;
    private ConsumerState _consumer;

    public StreamGroup(Entry entry, ulong element)
    {
        _entry = entry;
        _heap = entry.Heap;
        _element = element;
        var header = MemoryMarshal.Read<StreamHeader>(entry.Value);
        _state = MemoryMarshal.Read<GroupState>(new ElementTable(entry.Heap, ref header.Groups).Value(element));
    }

    /// <summary>A group in a stream that a snapshot holds, for reading only. The name must exist.</summary>
    public StreamGroup(Heap heap, ReadOnlySpan<byte> stream, ReadOnlySpan<byte> name)
    {
        _heap = heap;
        var header = MemoryMarshal.Read<StreamHeader>(stream);
        var groups = new ElementTable(heap, ref header.Groups);
        _state = MemoryMarshal.Read<GroupState>(groups.Value(groups.Find(name)));
    }

    private readonly Heap Heap => _heap;

    public StreamId LastId
    {
        readonly get => _state.LastId;
        set
        {
            _state.LastId = value;
            Save();
        }
    }

    public long EntriesRead
    {
        readonly get => _state.EntriesRead;
        set
        {
            _state.EntriesRead = value;
            Save();
        }
    }

    /// <summary>XREADGROUP: delivered up to here.</summary>
    public void Advance(StreamId lastId, long entriesRead)
    {
        _state.LastId = lastId;
        _state.EntriesRead = entriesRead;
        Save();
    }

    public readonly long PendingCount => _state.Pending.Count;

    public readonly long ConsumerCount => _state.Consumers.Count;

    private void Save()
    {
        Span<byte> bytes = stackalloc byte[GroupState.Bytes];
        MemoryMarshal.Write(bytes, _state);
        ref var header = ref MemoryMarshal.AsRef<StreamHeader>(_entry!.MutableValue());
        _element = new ElementTable(Heap, ref header.Groups).SetValue(_element, bytes);
    }

    // ---- consumers ----

    public bool TryGetConsumer(ReadOnlySpan<byte> name, out ConsumerState consumer)
    {
        var isThere = Find(name);
        consumer = isThere ? _consumer : default;
        return isThere;
    }

    /// <summary>Takes a consumer to hand. The same name is the same piece of memory.</summary>
    private bool Find(ReadOnlySpan<byte> name)
    {
        if (_consumerElement != 0 && name == _consumerName) return true;
        var consumers = new ElementTable(Heap, ref _state.Consumers);
        _consumerElement = consumers.Find(name);
        if (_consumerElement == 0) return false;
        _consumerName = name;
        _consumer = MemoryMarshal.Read<ConsumerState>(consumers.Value(_consumerElement));
        return true;
    }

    private void Find(uint number)
    {
        if (_consumerElement == 0 || _consumer.Number != number) Find(NameOf(number));
    }

    /// <summary>A new consumer; the name must be absent.</summary>
    public ConsumerState CreateConsumer(ReadOnlySpan<byte> name, long seenMs, long activeMs = -1)
    {
        var consumer = new ConsumerState { Number = ++_state.NextNumber, SeenMs = seenMs, ActiveMs = activeMs };
        new ElementTable(Heap, ref _state.Names).Set(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in consumer.Number)), name);
        Span<byte> bytes = stackalloc byte[ConsumerState.Bytes];
        MemoryMarshal.Write(bytes, consumer);
        new ElementTable(Heap, ref _state.Consumers).AddNew(name, bytes);
        Save();
        return consumer;
    }

    /// <summary>Notes that a consumer asked (and, when given, that it got something).</summary>
    public void Touch(ReadOnlySpan<byte> name, long seenMs, long? activeMs = null)
    {
        if (!Find(name) || (_consumer.SeenMs == seenMs && (activeMs is null || _consumer.ActiveMs == activeMs))) return;
        _consumer.SeenMs = seenMs;
        if (activeMs is { } active) _consumer.ActiveMs = active;
        SaveConsumer();
        Save();
    }

    /// <summary>Removes a consumer with what is pending for it; returns how much that was, or -1 when there is no such consumer.</summary>
    public long DeleteConsumer(ReadOnlySpan<byte> name)
    {
        if (!TryGetConsumer(name, out var consumer)) return -1;
        var pending = consumer.Pending.Count;
        var all = IdTree.Open(Heap, _state.Pending);
        for (var walk = new IdWalk(Heap, consumer.Pending, StreamId.KeyBytes, StreamId.Min); walk.MoveNext();)
            IdTree.Remove(ref all, PendingEntry.Bytes, walk.Id);
        _state.Pending = all.Root;
        StreamGroups.Free(Heap, ref consumer.Pending);
        new ElementTable(Heap, ref _state.Consumers).Remove(name);
        new ElementTable(Heap, ref _state.Names).Remove(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in consumer.Number)));
        _consumerElement = 0;
        Save();
        return pending;
    }

    /// <summary>Names of all consumers in the order of their bytes.</summary>
    public List<byte[]> ConsumerNames() => StreamGroups.SortedKeys(Heap, ref _state.Consumers);

    public ReadOnlySpan<byte> NameOf(uint consumer)
    {
        var names = new ElementTable(Heap, ref _state.Names);
        var element = names.Find(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in consumer)));
        return new Element(Heap.Arena.Slot(element)).Value;
    }

    private void SaveConsumer()
    {
        Span<byte> bytes = stackalloc byte[ConsumerState.Bytes];
        MemoryMarshal.Write(bytes, _consumer);
        _consumerElement = new ElementTable(Heap, ref _state.Consumers).SetValue(_consumerElement, bytes);
    }

    // ---- pending entries ----

    public readonly bool TryGetPending(StreamId id, out PendingEntry pending) => SeekPending(id, out _, out _, out pending);

    /// <summary>The tree of all pending entries, at this one or where it belongs.</summary>
    private readonly bool SeekPending(StreamId id, out BTree all, out int index, out PendingEntry pending)
    {
        all = IdTree.Open(Heap, _state.Pending);
        var isThere = IdTree.Seek(ref all, PendingEntry.Bytes, id, out index);
        pending = isThere ? PendingEntry.Read(IdTree.EntryAt(all.Leaf, PendingEntry.Bytes, index)) : default;
        return isThere;
    }

    /// <summary>Makes an entry pending for a consumer, taking it from another one when it was pending there.</summary>
    public void SetPending(ReadOnlySpan<byte> consumerName, StreamId id, long deliveredMs, long deliveries)
    {
        if (!Find(consumerName)) throw new InvalidOperationException("No such consumer.");
        var number = _consumer.Number;
        var isThere = SeekPending(id, out var all, out var index, out var old);
        if (!isThere || old.Consumer != number)
        {
            if (isThere)
            {
                ForgetId(old.Consumer, id);
                Find(consumerName);
            }
            Span<byte> key = stackalloc byte[StreamId.KeyBytes];
            id.WriteTo(key);
            var own = IdTree.Open(Heap, _consumer.Pending);
            IdTree.Set(ref own, key);
            _consumer.Pending = own.Root;
            SaveConsumer();
        }

        Span<byte> entry = stackalloc byte[PendingEntry.Bytes];
        new PendingEntry(id, deliveredMs, deliveries, number).WriteTo(entry);
        if (isThere) IdTree.Overwrite(ref all, entry, index);
        else IdTree.Insert(ref all, entry, index);
        _state.Pending = all.Root;
        Save();
    }

    /// <summary>A pending entry is handed to its consumer once more; returns how often that has been.</summary>
    public long Redeliver(StreamId id, long deliveredMs)
    {
        if (!SeekPending(id, out var all, out var index, out var old)) throw new InvalidOperationException("No such pending entry.");
        Span<byte> entry = stackalloc byte[PendingEntry.Bytes];
        new PendingEntry(id, deliveredMs, old.Deliveries + 1, old.Consumer).WriteTo(entry);
        IdTree.Overwrite(ref all, entry, index);
        _state.Pending = all.Root;
        if (Heap.SnapshotActive) Save();                        // else everything is where it was
        return old.Deliveries + 1;
    }

    /// <summary>XACK: true when the entry was pending.</summary>
    public bool Acknowledge(StreamId id)
    {
        if (!SeekPending(id, out var all, out var index, out var pending)) return false;
        ForgetId(pending.Consumer, id);
        IdTree.RemoveAt(ref all, PendingEntry.Bytes, index);
        _state.Pending = all.Root;
        Save();
        return true;
    }

    private void ForgetId(uint consumer, StreamId id)
    {
        Find(consumer);
        var own = IdTree.Open(Heap, _consumer.Pending);
        IdTree.Remove(ref own, StreamId.KeyBytes, id);
        _consumer.Pending = own.Root;
        SaveConsumer();
    }

    /// <summary>The first pending ID; there must be one.</summary>
    public readonly StreamId FirstPendingId
    {
        get
        {
            var tree = IdTree.Open(Heap, _state.Pending);
            tree.SeekFirst();
            return StreamId.Read(tree.Leaf);
        }
    }

    /// <summary>The last pending ID; there must be one.</summary>
    public readonly StreamId LastPendingId
    {
        get
        {
            var tree = IdTree.Open(Heap, _state.Pending);
            tree.SeekLast();
            return StreamId.Read(IdTree.EntryAt(tree.Leaf, PendingEntry.Bytes, (int)tree.LeafCount - 1));
        }
    }

    /// <summary>Everything pending from an ID on: <see cref="PendingEntry.Read"/> its current bytes.</summary>
    public readonly IdWalk WalkPending(StreamId from) => new(Heap, _state.Pending, PendingEntry.Bytes, from);

    /// <summary>The IDs pending for one consumer, from an ID on.</summary>
    public readonly IdWalk WalkPending(in ConsumerState consumer, StreamId from) => new(Heap, consumer.Pending, StreamId.KeyBytes, from);

    /// <summary>Frees all that the group holds; the caller then removes it from the stream.</summary>
    internal void Clear()
    {
        StreamGroups.Free(Heap, ref _state);
        _state = default;
        _consumerElement = 0;
        Save();
    }
}

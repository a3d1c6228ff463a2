using RedisLite.Data.Memory;
using RedisLite.Data.Tables;

namespace RedisLite.Data;

/// <summary>What must be known of a kind of value that owns memory (inner table, tree): how to free, copy, weigh and move it. Registered in Heap.Owners.</summary>
internal interface IMemoryOwner
{
    /// <summary>Frees part of what the value points to, at a cost of about one per element; true when all is gone. May change the value.</summary>
    bool FreeSome(Heap heap, Span<byte> value, ref int budget);

    /// <summary>Makes a copy of everything owned by one value into another, which is all zero (an empty one).</summary>
    void Copy(Heap heap, ReadOnlySpan<byte> from, Span<byte> to);

    /// <summary>Bytes of what the value owns, estimated from so many elements; 0 = all are looked at.</summary>
    long MemoryOf(Heap heap, ReadOnlySpan<byte> value, int samples);

    /// <summary>
    /// Moves slots out of marked pages (Arena.IsMarked), at a cost of about one per 60 ns; true when the whole value has been walked. The cursor starts
    /// as 0 and is the owner's; the value may have changed since the last call. Moves nothing unless the owner says otherwise.
    /// </summary>
    bool MoveSome(Heap heap, Span<byte> value, ref ulong cursor, ref int budget) => true;
}

// What all databases of one server share: the arena, the hash seed, the encoding limits, and the two ways in which memory is freed later.
//
// Lazy free: a value with more elements than a moment's work, or a whole database, is put into a queue and freed in slices by RunLazyFree.
//
// Snapshot: BeginSnapshot raises Epoch. Whatever carries an older epoch (segments, directories) or is not marked new (records) now belongs to
// the snapshot: it is copied instead of changed (the keys line by line: SavedLines), and Free(handle, frozen: true) only notes it. Until EndSnapshot no queued memory is freed, no page is
// given back and nothing is moved, so another thread may read all that was reachable at the start without locks.
internal sealed class Heap : IDisposable
{
    private const int FreeNow = 64;
    private const int FreeSlice = 1024;
    private const int TrimSlice = 4;

    private readonly ulong _seed0;
    private readonly ulong _seed1;
    private readonly HandleStack _deferred;
    private readonly Defragmenter _defragmenter;
    private readonly Queue<Doomed> _doomed = new();
    private Doomed _current;

    public Heap(ulong seed0, ulong seed1)
    {
        _seed0 = seed0;
        _seed1 = seed1;
        _deferred = new HandleStack(Arena);
        _defragmenter = new Defragmenter(this);
        Owners[(int)RecordKind.HashTable] = new ElementTableOwner();
        Owners[(int)RecordKind.SetTable] = Owners[(int)RecordKind.HashTable];
        Owners[(int)RecordKind.ListTree] = new Values.ListOwner();
        Owners[(int)RecordKind.ZSetTree] = new Values.ZSetOwner();
        Owners[(int)RecordKind.Stream] = new Values.StreamOwner();
    }

    public Arena Arena { get; } = new();

    public EncodingLimits Limits { get; } = new();

    /// <summary>By RecordKind.</summary>
    public IMemoryOwner?[] Owners { get; } = new IMemoryOwner?[16];

    public IMemoryOwner OwnerOf(RecordKind kind) => Owners[(int)kind] ?? throw new InvalidOperationException($"No owner is registered for {kind}.");

    public SlotScratch Scratch { get; } = new();

    /// <summary>All databases, for the defragmenter's walk.</summary>
    internal List<Keyspace> Keyspaces { get; } = [];

    /// <summary>The number of the snapshot begun last; what is made now carries it.</summary>
    public uint Epoch { get; private set; } = 1;

    public bool SnapshotActive { get; private set; }

    /// <summary>Bytes of all live slots: falls at once when something is freed, so that eviction sees its effect.</summary>
    public long MemoryInUse => Arena.LiveBytes;

    /// <summary>Of these, bytes that only a running snapshot still needs.</summary>
    public long DeferredBytes { get; private set; }

    /// <summary>
    /// No key that was given an expiry since this was last set to long.MaxValue expires before this time: with it an expiry cycle knows when to look
    /// again without looking.
    /// </summary>
    public long EarliestNewExpiryMs { get; set; } = long.MaxValue;

    /// <summary>
    /// Fields of hashes that expire at or before this time are not seen through HashValue. Whoever opens a hash for a command sets it; -1 = all are seen
    /// (by a log that is replayed: the outcome of what expired is in it).
    /// </summary>
    public long FieldHorizonMs { get; set; } = -1;

    /// <summary>Bytes taken from the operating system.</summary>
    public long CommittedBytes => Arena.CommittedBytes;

    /// <summary>Something waits for RunLazyFree.</summary>
    public bool HasLazyFree => !SnapshotActive && (_deferred.Count > 0 || _current.IsSet || _doomed.Count > 0);

    /// <summary>Values and databases that were freed from the queue (INFO's lazyfreed_objects).</summary>
    public long LazyFreed { get; private set; }

    /// <summary>Values and databases queued for freeing (INFO's lazyfree_pending_objects).</summary>
    public int LazyFreePending => _doomed.Count + (_current.IsSet ? 1 : 0);

    public ulong Hash(ReadOnlySpan<byte> key) => HashSpace.Bend(SipHash.Compute(_seed0, _seed1, key));

    public void BeginSnapshot()
    {
        if (SnapshotActive) throw new InvalidOperationException("A snapshot is running already.");
        Epoch++;
        SnapshotActive = true;
        Arena.BeginReading();
    }

    /// <summary>Call when the last reader has stopped.</summary>
    public void EndSnapshot()
    {
        if (!SnapshotActive) throw new InvalidOperationException("No snapshot is running.");
        SnapshotActive = false;
        Arena.EndReading();
    }

    /// <summary>Frees one slot; when a snapshot still needs it, after the snapshot.</summary>
    public void Free(ulong handle, bool frozen)
    {
        if (frozen)
        {
            _deferred.Push(handle);
            DeferredBytes += Arena.Capacity(handle);
        }
        else Arena.Free(handle);
    }

    /// <summary>Frees what a snapshot still needs, when it ends.</summary>
    public void FreeAfterSnapshot(ulong handle) => Free(handle, frozen: true);

    /// <summary>Frees a record with everything it owns; what is left of a big value in slices later.</summary>
    public void FreeRecord(ulong handle, bool frozen)
    {
        var record = new Record(Arena.Slot(handle));
        if (!record.Kind.OwnsMemory())
        {
            Free(handle, frozen);
            return;
        }
        var budget = FreeNow;
        if (!SnapshotActive && FreeOwned(handle, ref budget)) return;
        _doomed.Enqueue(new Doomed { Record = handle });
    }

    /// <summary>Queues all records of a database; its header must be dropped by the caller.</summary>
    public void FreeLazily(in TableHeader table)
    {
        if (table.Root != 0) _doomed.Enqueue(new Doomed { Table = table });
    }

    /// <summary>Frees about so many elements of what is queued; true while more is left. Nothing happens during a snapshot.</summary>
    public bool RunLazyFree(int budget)
    {
        if (SnapshotActive) return false;
        while (budget > 0 && _deferred.TryPop(out var handle))
        {
            DeferredBytes -= Arena.Capacity(handle);
            Arena.Free(handle);
            budget--;
        }
        while (budget > 0 && (_current.IsSet || _doomed.TryDequeue(out _current)))
        {
            var done = _current.Record != 0
                ? FreeOwned(_current.Record, ref budget)
                : TableFree<RecordLayout>.FreeSome(this, ref _current.Table, ref budget, static (heap, record) => heap.FreeRecord(record, frozen: false));
            if (done)
            {
                _current = default;
                LazyFreed++;
            }
            budget--;
        }
        return HasLazyFree;
    }

    /// <summary>
    /// A slice (about a tenth of a millisecond, seldom more than half of one) of what can wait: lazy free, giving pages back, defragmentation.
    /// True while more is left. Records and elements may move: no handle or span survives the call. Defragmentation starts when 1/8 of the memory is
    /// waste; eagerly, when 1/20 is.
    /// </summary>
    public bool RunBackground(bool eagerDefrag)
    {
        if (SnapshotActive) return Arena.UnmapSome();
        var trimming = Arena.TrimIdlePages(TrimSlice);
        if (RunLazyFree(FreeSlice)) return true;
        return _defragmenter.RunSlice(eagerDefrag) || trimming;
    }

    /// <summary>
    /// MEMORY PURGE: a round of defragmentation at once, whatever the waste; nothing during a snapshot. Tests may ask for every page to be emptied, and
    /// for small slices (at least a few hundred).
    /// </summary>
    public void Purge(bool everyPage = false, int slice = int.MaxValue)
    {
        if (SnapshotActive) return;
        _defragmenter.RunRound(everyPage, slice);
        while (Arena.TrimIdlePages(int.MaxValue))
        {
        }
    }

    public void Dispose() => Arena.Dispose();

    private bool FreeOwned(ulong handle, ref int budget)
    {
        var slot = Arena.Slot(handle);
        var record = new Record(slot);
        var value = slot.Slice(record.KeyOffset + record.KeyLength, record.ValueLength);
        if (!OwnerOf(record.Kind).FreeSome(this, value, ref budget)) return false;
        Arena.Free(handle);
        return true;
    }

    private struct Doomed
    {
        public ulong Record;
        public TableHeader Table;

        public readonly bool IsSet => Record != 0 || Table.Root != 0;
    }
}

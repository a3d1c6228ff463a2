using System.Numerics;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Memory;

// Size classes calcify: when values change their sizes, every class keeps pages for its largest moment, half empty, and deletions leave a few
// records on every page. So moving records is part of the allocator. When too much of the committed memory is not live, the arena marks the sparsest pages,
// as many as the rest can absorb, and a walk over all tables moves what lies in them, a slice at a time; emptied pages go back to the system.
//
// The walk's position is a place in hash space, so tables may split and merge between slices; what slips through is left for the next round. Only
// buckets that hint at an owner have their records read, to walk what they own. Pages that could not be emptied (something in them has no mover)
// go back to work at the end, and the next round waits until the waste has grown.
internal sealed class Defragmenter(Heap heap)
{
    private const int SliceBudget = 1000;
    private const long WasteMin = 2 * 1024 * 1024;
    private const int PagesMin = 8;

    private readonly SparsePages _sparse = new(heap.Arena);
    private bool _walking;
    private long _wasteToStart;
    private int _pagesMarked;
    private int _keyspace;
    private ulong _place;
    private int _bucket;
    private ulong _owner;
    private ulong _ownerCursor;

    private long Waste => heap.Arena.CommittedBytes - heap.Arena.IdleBytes - heap.Arena.LiveBytes;

    /// <summary>True while a walk is under way.</summary>
    public bool RunSlice(bool eager)
    {
        if (!_walking && !TryStart(eager)) return false;
        var budget = SliceBudget;
        while (budget > 0 && _walking) WalkSegment(ref budget);
        return _walking;
    }

    /// <summary>A whole round now (MEMORY PURGE), in slices of this budget; every page is emptied on request of a test.</summary>
    public void RunRound(bool everyPage, int slice)
    {
        if (!_walking) Start();
        _pagesMarked = int.MaxValue;
        if (everyPage) _sparse.MarkAll();
        else _sparse.Mark();
        while (_walking)
        {
            var budget = slice;
            while (budget > 0 && _walking) WalkSegment(ref budget);
        }
    }

    private bool TryStart(bool eager)
    {
        var waste = Waste;
        var limit = Math.Max(WasteMin, heap.Arena.CommittedBytes / (eager ? 20 : 8));
        if (waste < limit) _wasteToStart = 0;
        if (waste < Math.Max(limit, _wasteToStart)) return false;
        var pages = _sparse.Mark();
        if (pages < PagesMin)
        {
            // Spread over too many classes to be worth a walk.
            _sparse.Unmark();
            _wasteToStart = waste + (waste / 16);
            return false;
        }
        _pagesMarked = pages;
        Start();
        return true;
    }

    private void Start()
    {
        _walking = true;
        (_keyspace, _place, _bucket, _owner) = (0, 0, 0, 0);
    }

    private void Finish()
    {
        var stuck = _sparse.Unmark();
        _walking = false;
        // Waste that a round could not remove (something in the pages has no mover) is no reason for another soon.
        _wasteToStart = stuck > _pagesMarked / 2 ? Waste + (Waste / 8) : 0;
    }

    private void WalkSegment(ref int budget)
    {
        if (_keyspace >= heap.Keyspaces.Count)
        {
            Finish();
            return;
        }
        ref var header = ref heap.Keyspaces[_keyspace].Header;
        if (header.Root == 0)
        {
            NextKeyspace();
            return;
        }
        budget -= TableMover.SegmentCost;
        var first = new Segment(heap.Arena.Lines(TableMover.MoveSegment(heap, ref header, _place)));
        var next = TableMover.Next(first);
        var index = 0;
        for (var segment = first; ; segment = new Segment(heap.Arena.Lines(segment.Header.Next)))
        {
            for (var bucket = 0; bucket < segment.Buckets; bucket++, index++)
            {
                if (index < _bucket) continue;
                TableMover.MoveRecords(heap, ref segment[bucket], ref budget);
                if (segment[bucket].HasOwner && !WalkOwners(ref segment[bucket], ref budget))
                {
                    _bucket = index;
                    return;
                }
            }
            if (segment.Header.Next == 0) break;
        }
        (_bucket, _owner, _place) = (0, 0, next);
        if (next == 0) NextKeyspace();
    }

    private void NextKeyspace()
    {
        _keyspace++;
        (_place, _bucket, _owner) = (0, 0, 0);
    }

    /// <summary>Walks what the records of a bucket own; false when the budget ended, to go on with the same bucket.</summary>
    private bool WalkOwners(ref Bucket bucket, ref int budget)
    {
        for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1)
        {
            var handle = bucket.Handle(BitOperations.TrailingZeroCount(slots));
            if (_owner != 0 && _owner != handle) continue;
            var slot = heap.Arena.Slot(handle);
            var record = new Record(slot);
            if (heap.Owners[(int)record.Kind] is not { } owner) continue;

            if (_owner == 0) _ownerCursor = 0;
            _owner = 0;
            var value = slot.Slice(record.KeyOffset + record.KeyLength, record.ValueLength);
            if (budget > 0 && owner.MoveSome(heap, value, ref _ownerCursor, ref budget)) continue;
            _owner = handle;
            return false;
        }
        // The one we stopped at is gone or has moved: it is left for the next round.
        _owner = 0;
        return true;
    }
}

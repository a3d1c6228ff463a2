using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>
/// All records of a table, segment by segment. The table must not change meanwhile, unless it is frozen: then another thread may walk it while the
/// live table moves on.
/// </summary>
internal struct TableEnumerator
{
    private readonly Heap _heap;
    private readonly ulong _root;
    private readonly int _directoryBits;
    private long _entry;
    private ulong _segment;
    private int _bucket;
    private uint _slots;

    public TableEnumerator(Heap heap, in TableHeader header)
    {
        _heap = heap;
        _root = header.Root;
        _directoryBits = header.DirectoryBits;
    }

    public ulong Current { get; private set; }

    public bool MoveNext()
    {
        while (_slots == 0)
        {
            if (_segment == 0 && !NextSegment()) return false;
            var segment = new Segment(_heap.Arena.Lines(_segment));
            if (_bucket == segment.Buckets)
            {
                _segment = segment.Header.Next;
                _bucket = 0;
                continue;
            }
            if (_bucket + 1 < segment.Buckets) PrefetchRecords(ref segment[_bucket + 1]);
            _slots = segment[_bucket++].Occupied;
        }
        var slot = BitOperations.TrailingZeroCount(_slots);
        _slots &= _slots - 1;
        Current = new Segment(_heap.Arena.Lines(_segment))[_bucket - 1].Handle(slot);
        return true;
    }

    private bool NextSegment()
    {
        if (_root == 0 || _entry >= 1L << _directoryBits) return false;
        _bucket = 0;
        if (_directoryBits == 0)
        {
            _segment = _root;
            _entry = 1;
            return true;
        }
        var entry = _heap.Arena.Words(_root)[(int)_entry];
        _segment = DirectoryEntry.Segment(entry);
        _entry += 1L << (_directoryBits - DirectoryEntry.Depth(entry));
        return true;
    }

    private readonly void PrefetchRecords(ref Bucket bucket)
    {
        for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1)
        {
            _heap.Arena.Prefetch(bucket.Handle(BitOperations.TrailingZeroCount(slots)));
        }
    }
}

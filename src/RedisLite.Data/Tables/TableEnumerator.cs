using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>
/// All records of a table, segment by segment. The table must not change meanwhile, unless it is read as a running snapshot holds it: then another thread may walk it
/// while the live table moves on.
/// </summary>
internal struct TableEnumerator
{
    private readonly Heap _heap;
    private readonly ulong _root;
    private readonly int _directoryBits;
    private readonly bool _frozen;
    private long _entry;
    private ulong _segment;
    private int _bucket;
    private int _buckets;
    private uint _slots;
    private Bucket _line;
    private Bucket _ahead;

    public TableEnumerator(Heap heap, in TableHeader header, bool frozen)
    {
        _heap = heap;
        _root = header.Root;
        _directoryBits = header.DirectoryBits;
        _frozen = frozen;
    }

    public ulong Current { get; private set; }

    public bool MoveNext()
    {
        while (_slots == 0)
        {
            if (_bucket == _buckets && !NextSegment()) return false;
            _line = _ahead;
            _slots = _line.Occupied;
            if (++_bucket < _buckets) LookAhead();
        }
        Current = _line.Handle(BitOperations.TrailingZeroCount(_slots));
        _slots &= _slots - 1;
        return true;
    }

    private bool NextSegment()
    {
        do
        {
            if (_segment != 0) _segment = Volatile.Read(ref Header(_segment).Next);
            if (_segment == 0 && !NextEntry()) return false;
        }
        while (_frozen && Header(_segment).Epoch == _heap.Epoch);           // a link that a chain has got since
        _bucket = 0;
        _buckets = Segment.BucketsOf(Header(_segment).HomeBits);
        LookAhead();
        return true;
    }

    private bool NextEntry()
    {
        if (_root == 0 || _entry >= 1L << _directoryBits) return false;
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

    /// <summary>Takes the next line and fetches its records. A line of a frozen table is a copy that is known to be whole: a handle that is just being written leads anywhere.</summary>
    private void LookAhead()
    {
        if (_frozen) SavedLines.Read(_heap, _segment, _bucket, out _ahead);
        else _ahead = new Segment(_heap.Arena.Lines(_segment))[_bucket];
        for (var slots = _ahead.Occupied; slots != 0; slots &= slots - 1) _heap.Arena.Prefetch(_ahead.Handle(BitOperations.TrailingZeroCount(slots)));
    }

    private readonly ref SegmentHeader Header(ulong segment) => ref new Segment(_heap.Arena.Lines(segment)).Header;
}

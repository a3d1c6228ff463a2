using RedisLite.Data.Memory;

namespace RedisLite.Data.Tables;

/// <summary>
/// The upper level of a table: an array of segments indexed by the first bits of the hash; a segment of lesser depth fills several entries. A table
/// of one segment has none. While a snapshot holds the array, the first change copies it.
/// </summary>
internal readonly ref struct TableDirectory(Heap heap, ref TableHeader header)
{
    private readonly Heap _heap = heap;
    private readonly ref TableHeader _header = ref header;

    private bool IsFrozen => _heap.SnapshotActive && _header.Epoch != _heap.Epoch;

    /// <summary>The entry for this hash; Root itself (depth 0) when there is no directory.</summary>
    public ulong this[ulong hash]
    {
        get
        {
            var bits = _header.DirectoryBits;
            return bits == 0 ? _header.Root : _heap.Arena.Word(_header.Root, (int)(hash >> (64 - bits)));
        }
    }

    /// <summary>The first hash from here on, round the end, in a segment with an expiry; some segment must have one.</summary>
    public ulong NextWithExpiry(ulong hash)
    {
        var bits = _header.DirectoryBits;
        if (bits == 0) return hash;
        var entries = _heap.Arena.Words(_header.Root)[..(1 << bits)];
        var first = (int)(hash >> (64 - bits));
        if ((entries[first] & DirectoryEntry.ExpiryBit) != 0) return hash;
        for (var i = first + 1; ; i++)
        {
            if ((entries[i & (entries.Length - 1)] & DirectoryEntry.ExpiryBit) != 0) return (ulong)(i & (entries.Length - 1)) << (64 - bits);
        }
    }

    /// <summary>Puts a segment at every entry of its share of hash space.</summary>
    public void Set(ulong place, int depth, ulong segment, bool hasExpiry)
    {
        var bits = _header.DirectoryBits;
        if (bits == 0)
        {
            _header.Root = segment;
            return;
        }
        if (IsFrozen) Replace(bits);
        var first = (int)(place >> (64 - bits));
        _heap.Arena.Words(_header.Root).Slice(first, 1 << (bits - depth)).Fill(DirectoryEntry.Make(segment, depth, hasExpiry));
    }

    public void Double()
    {
        var bits = _header.DirectoryBits;
        if (bits == 0)
        {
            var segment = _header.Root;
            var hasExpiry = new Segment(_heap.Arena.Lines(segment)).Header.CountWithExpiry > 0;
            _header.Root = _heap.Arena.Alloc(16);
            _header.Epoch = _heap.Epoch;
            _heap.Arena.Words(_header.Root)[..2].Fill(DirectoryEntry.Make(segment, 0, hasExpiry));
            _header.DirectoryBits = 1;
        }
        else
        {
            Replace(bits + 1);
        }
        _header.DeepSegments = 0;
    }

    public void HalveWhilePossible()
    {
        while (_header.DirectoryBits > 0 && _header.DeepSegments == 0)
        {
            if (_header.DirectoryBits == 1)
            {
                var directory = _header.Root;
                var segment = DirectoryEntry.Segment(_heap.Arena.Words(directory)[0]);
                _heap.Free(directory, IsFrozen);
                _header.Root = segment;
                _header.DirectoryBits = 0;
                return;
            }
            Replace(_header.DirectoryBits - 1);
            _header.DeepSegments = CountDeep();
        }
    }

    private int CountDeep()
    {
        var bits = _header.DirectoryBits;
        var deep = 0;
        foreach (var entry in _heap.Arena.Words(_header.Root)[..(1 << bits)])
        {
            if (DirectoryEntry.Depth(entry) == bits) deep++;
        }
        return deep;
    }

    private void Replace(int bits)
    {
        var old = _header.Root;
        var oldBits = _header.DirectoryBits;
        var replacement = _heap.Arena.Alloc(8 << bits);
        var from = _heap.Arena.Words(old)[..(1 << oldBits)];
        var to = _heap.Arena.Words(replacement);
        if (bits == oldBits) from.CopyTo(to);
        else if (bits > oldBits) for (var i = 0; i < from.Length; i++) to[2 * i] = to[(2 * i) + 1] = from[i];
        else for (var i = 0; i < from.Length / 2; i++) to[i] = from[2 * i];
        _heap.Free(old, IsFrozen);
        _header.Root = replacement;
        _header.DirectoryBits = bits;
        _header.Epoch = _heap.Epoch;
    }
}

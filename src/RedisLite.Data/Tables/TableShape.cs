using RedisLite.Data.Memory;

namespace RedisLite.Data.Tables;

/// <summary>
/// How a table grows and shrinks: one segment at a time, so that no command ever waits for the whole table. A lone segment doubles in place up to 64
/// home buckets, then splits by the next bit of hash space; sparse neighbours merge; what no bit separates is chained. Every step moves at most a
/// few hundred slots, never the records.
/// </summary>
internal readonly ref struct TableShape<TLayout>(Heap heap, ref TableHeader header)
    where TLayout : struct, IRecordLayout
{
    private const int MergeBelow = 190;
    private const int MergedMax = 380;
    private const int SlotsPerEntryMin = 16;

    /// <summary>Elements that a segment is given when their number is known before; three standard deviations more still fit.</summary>
    private const int ExpectedMax = 540;

    private readonly Heap _heap = heap;
    private readonly ref TableHeader _header = ref header;

    private TableDirectory Directory => new(_heap, ref _header);

    private Segment SegmentAt(ulong handle) => new(_heap.Arena.Lines(handle));

    public void CreateFirst()
    {
        _header.HomeBits = Segment.MinHomeBits;
        _header.Root = NewSegment(Segment.MinHomeBits, depth: 0, place: 0);
    }

    /// <summary>An empty table gets the shape that so many elements will give it: filling it then splits hardly anything.</summary>
    public void CreateFor(long count)
    {
        var bits = 0;
        while (bits < HashSpace.MaxDepth && HashSpace.ShareOf(count, (1UL << bits) - 1, bits) > ExpectedMax) bits++;
        if (bits == 0)
        {
            CreateFirst();
            return;
        }
        _header.HomeBits = Segment.MaxHomeBits;
        _header.DirectoryBits = bits;
        _header.Epoch = _heap.Epoch;
        _header.Root = _heap.Arena.Alloc(8 << bits);
        for (var entry = 0UL; entry < 1UL << bits;)
        {
            // Hash space is at most twice as dense at its upper end: two depths are enough.
            var isWide = entry % 2 == 0 && HashSpace.ShareOf(count, entry / 2, bits - 1) <= ExpectedMax;
            var depth = isWide ? bits - 1 : bits;
            var place = entry << (64 - bits);
            Directory.Set(place, depth, NewSegment(Segment.MaxHomeBits, depth, place), hasExpiry: false);
            if (!isWide) _header.DeepSegments++;
            entry += isWide ? 2UL : 1UL;
        }
    }

    /// <summary>The segment of this hash for a change. What a running snapshot holds is copied first, unless its lines are saved: then <see cref="Save"/> must follow.</summary>
    public ulong MutableSegment(ulong hash)
    {
        var handle = DirectoryEntry.Segment(Directory[hash]);
        return TLayout.SavesLines || !IsFrozen(handle) ? handle : CopyChain(handle);
    }

    /// <summary>Before the slots of a line change: a running snapshot needs it as it was.</summary>
    public void Save(ulong segment, int bucket)
    {
        if (TLayout.SavesLines && IsFrozen(segment)) SavedLines.Save(_heap, segment, bucket);
    }

    /// <summary>While a snapshot runs: whether the record was made since it began.</summary>
    public bool IsNew(SlotPlace place) => SegmentAt(place.Segment)[place.Line].IsNew(place.Slot) && KnowsNew(place.Segment, place.Line);

    /// <summary>The bits "new" of a line that a running snapshot holds are an older one's until it is saved.</summary>
    private bool KnowsNew(ulong segment, int line) => !IsFrozen(segment) || SegmentAt(segment).Header.HasSaved(line, _heap.Epoch);

    /// <summary>Makes room near this hash.</summary>
    public void Grow(ulong hash)
    {
        var handle = DirectoryEntry.Segment(Directory[hash]);
        if (_header.HomeBits < Segment.MaxHomeBits)
        {
            ResizeLone(handle, _header.HomeBits + 1);
            return;
        }
        int depth = SegmentAt(handle).Header.Depth;
        if (depth == _header.DirectoryBits)
        {
            var pays = depth < HashSpace.MaxDepth && _header.Count >> depth >= SlotsPerEntryMin;
            if (!pays)
            {
                AppendToChain(handle);
                return;
            }
            Directory.Double();
        }
        Split(handle, depth);
    }

    /// <summary>After a removal: merges, shrinks or frees the segment of this hash when that pays.</summary>
    public void Shrink(ulong hash)
    {
        if (_header.Count == 0 && _header.DirectoryBits == 0)
        {
            FreeChain(_header.Root, IsFrozen(_header.Root));
            _header = default;
            return;
        }
        var handle = DirectoryEntry.Segment(Directory[hash]);
        ref var segment = ref SegmentAt(handle).Header;
        if ((segment.Count & 7) != 0 || segment.Count > MergeBelow) return;
        if (segment.Next != 0) ShortenChain(handle);
        else if (_header.DirectoryBits > 0) MergeUpwards(hash);
        else if (_header.HomeBits > Segment.MinHomeBits && segment.Count * 4 < Segment.CapacityOf(_header.HomeBits)) ResizeLone(handle, _header.HomeBits - 1);
    }

    public void UpdateExpiryFlag(ulong handle)
    {
        ref var segment = ref SegmentAt(handle).Header;
        if (_header.DirectoryBits > 0) Directory.Set(segment.Place, segment.Depth, handle, AnyExpiry(handle));
    }

    public bool IsFrozen(ulong segment) => _heap.SnapshotActive && SegmentAt(segment).Header.Epoch != _heap.Epoch;

    public bool AnyExpiry(ulong handle)
    {
        for (; handle != 0; handle = SegmentAt(handle).Header.Next)
        {
            if (SegmentAt(handle).Header.CountWithExpiry > 0) return true;
        }
        return false;
    }

    private ulong NewSegment(int homeBits, int depth, ulong place)
    {
        var handle = _heap.Arena.Alloc(Segment.BytesOf(homeBits));
        SegmentAt(handle).Initialize(_heap.Epoch, homeBits, depth, place);
        return handle;
    }

    private void FreeChain(ulong handle, bool frozen)
    {
        while (handle != 0)
        {
            var next = SegmentAt(handle).Header.Next;
            _heap.Free(handle, frozen);
            handle = next;
        }
    }

    private ulong CopyChain(ulong first)
    {
        ulong copyOfFirst = 0, previous = 0;
        for (var handle = first; handle != 0;)
        {
            var source = _heap.Arena.Lines(handle);
            var copy = _heap.Arena.Alloc(Segment.BytesOf(SegmentAt(handle).Header.HomeBits));
            var segment = SegmentAt(copy);
            segment.CopyFrom(source);
            segment.Header.Epoch = _heap.Epoch;
            if (previous == 0) copyOfFirst = copy;
            else SegmentAt(previous).Header.Next = copy;
            previous = copy;
            handle = segment.Header.Next;
        }
        ref var header = ref SegmentAt(copyOfFirst).Header;
        Directory.Set(header.Place, header.Depth, copyOfFirst, AnyExpiry(copyOfFirst));
        FreeChain(first, frozen: true);
        return copyOfFirst;
    }

    private void AppendToChain(ulong handle)
    {
        ref var first = ref SegmentAt(handle).Header;
        var added = NewSegment(first.HomeBits, first.Depth, first.Place);
        SegmentAt(added).Header.Next = first.Next;
        Volatile.Write(ref first.Next, added);          // a snapshot's reader may come by; it passes over what is younger
        // Misses must go on to the new segment, whatever the bucket.
        for (var link = handle; link != 0; link = SegmentAt(link).Header.Next) MarkChained(SegmentAt(link));
    }

    private static void MarkChained(Segment segment)
    {
        if (segment.Header.Next == 0) return;
        for (var bucket = 0; bucket < segment.Homes; bucket++) segment[bucket].Chained = true;
    }

    private void ResizeLone(ulong handle, int homeBits)
    {
        var frozen = IsFrozen(handle);
        var scratch = Gather(handle);
        var replacement = NewSegment(homeBits, depth: 0, place: 0);
        SegmentAt(replacement).Header.EarliestExpiryMs = SegmentAt(handle).Header.EarliestExpiryMs;
        if (homeBits == Segment.MaxHomeBits)
        {
            PlaceAllInChain(replacement, scratch);
        }
        else if (!TryPlaceAll(replacement, scratch))
        {
            _heap.Arena.Free(replacement);
            // Uneven hashes: fewer buckets do not pay, more of them need another doubling.
            if (homeBits > _header.HomeBits) ResizeLone(handle, homeBits + 1);
            return;
        }
        _header.Root = replacement;
        _header.HomeBits = homeBits;
        FreeChain(handle, frozen);
    }

    private bool TryPlaceAll(ulong segment, SlotScratch slots)
    {
        var target = SegmentAt(segment);
        for (var i = 0; i < slots.Count; i++)
        {
            if (!target.TryPlace(slots.Hashes[i], slots.Handles[i], slots.Flags[i])) return false;
        }
        return true;
    }

    private void Split(ulong handle, int depth)
    {
        var frozen = IsFrozen(handle);
        var scratch = Gather(handle);
        var place = SegmentAt(handle).Header.Place;
        var earliest = EarliestExpiry(handle);
        var low = NewSegment(Segment.MaxHomeBits, depth + 1, place);
        var high = NewSegment(Segment.MaxHomeBits, depth + 1, place | (1UL << (63 - depth)));
        SegmentAt(low).Header.EarliestExpiryMs = SegmentAt(high).Header.EarliestExpiryMs = earliest;
        for (var i = 0; i < scratch.Count; i++)
        {
            var target = (scratch.Hashes[i] >> (63 - depth) & 1) == 0 ? low : high;
            PlaceInChain(target, scratch.Hashes[i], scratch.Handles[i], scratch.Flags[i]);
        }
        if (depth + 1 == _header.DirectoryBits) _header.DeepSegments += 2;
        Directory.Set(SegmentAt(low).Header.Place, depth + 1, low, AnyExpiry(low));
        Directory.Set(SegmentAt(high).Header.Place, depth + 1, high, AnyExpiry(high));
        FreeChain(handle, frozen);
    }

    private void PlaceAllInChain(ulong first, SlotScratch slots)
    {
        for (var i = 0; i < slots.Count; i++) PlaceInChain(first, slots.Hashes[i], slots.Handles[i], slots.Flags[i]);
    }

    private void PlaceInChain(ulong first, ulong hash, ulong handle, SlotFlags flags)
    {
        while (true)
        {
            for (var link = first; link != 0; link = SegmentAt(link).Header.Next)
            {
                if (SegmentAt(link).TryPlace(hash, handle, flags)) return;
            }
            AppendToChain(first);
        }
    }

    private long EarliestExpiry(ulong handle)
    {
        var earliest = long.MaxValue;
        for (; handle != 0; handle = SegmentAt(handle).Header.Next) earliest = Math.Min(earliest, SegmentAt(handle).Header.EarliestExpiryMs);
        return earliest;
    }

    private void ShortenChain(ulong handle)
    {
        var frozen = IsFrozen(handle);
        var scratch = Gather(handle);
        ref var old = ref SegmentAt(handle).Header;
        var replacement = NewSegment(old.HomeBits, old.Depth, old.Place);
        SegmentAt(replacement).Header.EarliestExpiryMs = EarliestExpiry(handle);
        PlaceAllInChain(replacement, scratch);
        ref var header = ref SegmentAt(replacement).Header;
        Directory.Set(header.Place, header.Depth, replacement, AnyExpiry(replacement));
        FreeChain(handle, frozen);
    }

    private void MergeUpwards(ulong hash)
    {
        while (_header.DirectoryBits > 0)
        {
            var entry = Directory[hash];
            var depth = DirectoryEntry.Depth(entry);
            if (depth == 0) return;
            var siblingEntry = Directory[hash ^ (1UL << (64 - depth))];
            if (DirectoryEntry.Depth(siblingEntry) != depth) return;
            var handle = DirectoryEntry.Segment(entry);
            var sibling = DirectoryEntry.Segment(siblingEntry);
            if (!TryMerge(handle, sibling, depth)) return;
            if (depth == _header.DirectoryBits) _header.DeepSegments -= 2;
            Directory.HalveWhilePossible();
        }
    }

    private bool TryMerge(ulong one, ulong other, int depth)
    {
        ref var a = ref SegmentAt(one).Header;
        ref var b = ref SegmentAt(other).Header;
        if (a.Count + b.Count > MergedMax || a.Next != 0 || b.Next != 0) return false;

        var merged = NewSegment(Segment.MaxHomeBits, depth - 1, Math.Min(a.Place, b.Place));
        SegmentAt(merged).Header.EarliestExpiryMs = Math.Min(a.EarliestExpiryMs, b.EarliestExpiryMs);
        var (oneFrozen, otherFrozen) = (IsFrozen(one), IsFrozen(other));
        if (!TryPlaceAll(merged, Gather(one)) || !TryPlaceAll(merged, Gather(other)))
        {
            _heap.Arena.Free(merged);
            return false;
        }
        ref var header = ref SegmentAt(merged).Header;
        Directory.Set(header.Place, header.Depth, merged, header.CountWithExpiry > 0);
        _heap.Free(one, oneFrozen);
        _heap.Free(other, otherFrozen);
        return true;
    }

    /// <summary>All slots of a chain, with their hashes computed anew from the records.</summary>
    private SlotScratch Gather(ulong handle)
    {
        var scratch = _heap.Scratch;
        scratch.Clear();
        for (; handle != 0; handle = SegmentAt(handle).Header.Next)
        {
            var segment = SegmentAt(handle);
            for (var bucket = 0; bucket < segment.Buckets; bucket++)
            {
                ref var line = ref segment[bucket];
                var knowsNew = KnowsNew(handle, bucket);
                for (var slots = line.Occupied; slots != 0; slots &= slots - 1)
                {
                    var slot = System.Numerics.BitOperations.TrailingZeroCount(slots);
                    var flags = (line.HasExpiry(slot) ? SlotFlags.Expiry : 0) | (knowsNew && line.IsNew(slot) ? SlotFlags.New : 0);
                    _heap.Arena.Prefetch(line.Handle(slot));
                    scratch.Add(line.Handle(slot), flags);
                }
            }
        }
        for (var i = 0; i < scratch.Count; i++)
        {
            var record = _heap.Arena.Slot(scratch.Handles[i]);
            scratch.Hashes[i] = TLayout.Hash(_heap, record);
            if (TLayout.OwnsMemory(record)) scratch.Flags[i] |= SlotFlags.Owner;
        }
        return scratch;
    }
}

/// <summary>Room for the slots of a segment while it is rebuilt.</summary>
internal sealed class SlotScratch
{
    public ulong[] Hashes = new ulong[1024];
    public ulong[] Handles = new ulong[1024];
    public SlotFlags[] Flags = new SlotFlags[1024];
    public int Count;

    public void Clear() => Count = 0;

    public void Add(ulong handle, SlotFlags flags)
    {
        if (Count == Handles.Length)
        {
            Array.Resize(ref Hashes, Count * 2);
            Array.Resize(ref Handles, Count * 2);
            Array.Resize(ref Flags, Count * 2);
        }
        Handles[Count] = handle;
        Flags[Count++] = flags;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using RedisLite.Data.Memory;

namespace RedisLite.Data.Tables;

// The one hash table, used for the keys of a database and, inside records, for big hashes, sets and sorted sets.
//
//   TableHeader ──> directory (first bits of the hash) ──> segment: header line │ 4..64 home buckets │ 1..3 stash buckets
//                                                                                 each bucket one cache line of ten slots (Bucket)
//
// A slot holds 8 bits of the hash and a 40-bit handle; keys are in the records, so a table costs 6.4 bytes per slot, about 10 per element. A lookup
// touches one directory entry, one bucket and, nearly always, only the right record. Growth splits one segment (TableShape), there are no
// tombstones, and a table that shrinks gives memory back.
//
// SCAN. The cursor names a place in hash space, not in memory. Elements are ordered by (pair of home buckets, place), and the cursor says: all
// before me have been returned. A step returns one pair of one segment, whole, and moves to the end of that segment's share. Splitting refines
// shares and merging widens them, but a share always contains the places it answers for, so nothing present throughout is missed; merging may
// return some twice. Segments smaller than 64 buckets hold several neighbouring pairs in one and exist only alone, so the order still holds.
//
// SNAPSHOT. Segments and the directory carry the epoch they were made in. While a snapshot runs, an older directory is copied before its first change. So is an older
// segment of an inner table (MutableSegment), the old one being freed when the snapshot ends; of a segment of keys only the lines are saved that change
// (SavedLines). What is not "new" in a line then belongs to the snapshot and may not be changed in place; IsMutable says what may.
//
// Rejected: one flat table (doubling it stalls for half a second at 10 M keys), chained nodes (a pointer and a cache miss more each), a managed
// array per segment (GC marking). Records are freed by the caller, who knows what they own.
internal readonly ref struct HashTable<TLayout>(Heap heap, ref TableHeader header)
    where TLayout : struct, IRecordLayout
{
    public const int PrefetchMax = 32;

    /// <summary>A record of this many bytes may lie across two cache lines; both are fetched.</summary>
    private const int SmallRecord = 40;

    private readonly Heap _heap = heap;
    private readonly ref TableHeader _header = ref header;

    private TableShape<TLayout> Shape => new(_heap, ref _header);

    private Segment SegmentAt(ulong handle) => new(_heap.Arena.Lines(handle));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong SegmentOf(ulong hash) => DirectoryEntry.Segment(new TableDirectory(_heap, ref _header)[hash]);

    /// <summary>The record with this key, or 0.</summary>
    public ulong Find(ReadOnlySpan<byte> key, ulong hash)
    {
        if (_header.Root == 0) return 0;
        var lines = _heap.Arena.Lines(SegmentOf(hash));
        var home = HashSpace.Bucket(hash, _header.HomeBits);
        ref var bucket = ref lines[home + 1];
        var found = Match(ref bucket, HashSpace.Tag(hash), key);
        return found != 0 || !bucket.HasOverflow ? found : FindOverflow(lines, home, key, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Match(ref Bucket bucket, byte tag, ReadOnlySpan<byte> key)
    {
        for (var hits = bucket.Matches(tag); hits != 0; hits &= hits - 1)
        {
            var handle = bucket.Handle(BitOperations.TrailingZeroCount(hits));
            if (TLayout.KeyEquals(_heap.Arena.Slot(handle), key)) return handle;
        }
        return 0;
    }

    private ulong FindOverflow(Span<Bucket> lines, int home, ReadOnlySpan<byte> key, ulong hash)
    {
        var tag = HashSpace.Tag(hash);
        var segment = new Segment(lines);
        while (true)
        {
            ref var bucket = ref segment[home];
            ulong found;
            if (bucket.InNeighbour > 0 && (found = Match(ref segment[home ^ 1], tag, key)) != 0) return found;
            for (var stash = segment.Homes; bucket.InStash > 0 && stash < segment.Buckets; stash++)
            {
                if ((found = Match(ref segment[stash], tag, key)) != 0) return found;
            }
            if (!bucket.Chained) return 0;
            segment = SegmentAt(segment.Header.Next);
            if ((found = Match(ref segment[home], tag, key)) != 0) return found;
        }
    }

    /// <summary>
    /// Brings what lookups of these hashes (at most <see cref="PrefetchMax"/>) will touch into the cache, all buckets, then all likely records, so that the
    /// misses overlap; 0 stands for no lookup. The loops are as short as they are so that the processor sees several rounds at once: a prefetch waits for
    /// its address to be translated, and in 600 MB that is a walk of 90 ns (GET of 10 M keys: 230 ns a key with the hashing in between, see keyspace.md).
    /// </summary>
    public void Prefetch(ReadOnlySpan<ulong> hashes)
    {
        if (_header.Root == 0) return;
        var arena = _heap.Arena;
        Span<ulong> segments = stackalloc ulong[PrefetchMax];
        var homeBits = _header.HomeBits;
        for (var i = 0; i < hashes.Length; i++)
        {
            segments[i] = SegmentOf(hashes[i]);
            arena.Prefetch(segments[i], (HashSpace.Bucket(hashes[i], homeBits) + 1) * 64);
        }
        if (_heap.SnapshotActive)
        {
            foreach (var segment in segments[..hashes.Length]) arena.Prefetch(segment);      // a change asks the head whether its line is saved
        }
        for (var i = 0; i < hashes.Length; i++)
        {
            if (hashes[i] == 0) continue;
            ref var bucket = ref arena.Line(segments[i], HashSpace.Bucket(hashes[i], homeBits) + 1);
            if (!PrefetchRecords(ref bucket, HashSpace.Tag(hashes[i])) && bucket.InNeighbour > 0)
            {
                PrefetchRecords(ref arena.Line(segments[i], (HashSpace.Bucket(hashes[i], homeBits) ^ 1) + 1), HashSpace.Tag(hashes[i]));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool PrefetchRecords(ref Bucket bucket, byte tag)
    {
        var all = bucket.Matches(tag);
        for (var hits = all; hits != 0; hits &= hits - 1)
        {
            var handle = bucket.Handle(BitOperations.TrailingZeroCount(hits));
            _heap.Arena.Prefetch(handle);
            _heap.Arena.Prefetch(handle, SmallRecord);
        }
        return all != 0;
    }

    /// <summary>For an insertion or a removal: the home bucket, and the head of its segment, where elements are counted.</summary>
    public void PrefetchForChange(ulong hash)
    {
        if (_header.Root == 0) return;
        var segment = SegmentOf(hash);
        _heap.Arena.Prefetch(segment, (HashSpace.Bucket(hash, _header.HomeBits) + 1) * 64);
        _heap.Arena.Prefetch(segment);
    }

    /// <summary>So many elements are about to come into an empty table.</summary>
    public void Expect(long count)
    {
        if (_header.Root == 0 && count > 0) Shape.CreateFor(count);
    }

    /// <summary>Adds a record whose key is absent. expireAtMs is -1 when it never expires.</summary>
    public void Insert(ulong hash, ulong handle, long expireAtMs, bool ownsMemory)
    {
        if (_header.Root == 0) Shape.CreateFirst();
        var flags = (expireAtMs >= 0 ? SlotFlags.Expiry : 0) | (ownsMemory ? SlotFlags.Owner : 0) | (_heap.SnapshotActive ? SlotFlags.New : 0);
        while (!TryInsert(Shape.MutableSegment(hash), hash, handle, flags, expireAtMs)) Shape.Grow(hash);
        _header.Count++;
    }

    private bool TryInsert(ulong first, ulong hash, ulong handle, SlotFlags flags, long expireAtMs)
    {
        for (var link = first; link != 0; link = SegmentAt(link).Header.Next)
        {
            var segment = SegmentAt(link);
            var bucket = segment.BucketWithRoom(hash);
            if (bucket < 0) continue;
            Shape.Save(link, bucket);
            segment.Place(bucket, hash, handle, flags);
            if (expireAtMs >= 0) NoteExpiry(first, ref segment.Header, expireAtMs);
            return true;
        }
        return false;
    }

    private void NoteExpiry(ulong first, ref SegmentHeader segment, long expireAtMs)
    {
        segment.EarliestExpiryMs = Math.Min(segment.EarliestExpiryMs, expireAtMs);
        _header.CountWithExpiry++;
        if (segment.CountWithExpiry == 1) Shape.UpdateExpiryFlag(first);
    }

    /// <summary>Whether the record may be changed in place, that is, no running snapshot can see it.</summary>
    public bool IsMutable(ulong hash, ulong handle)
    {
        if (!_heap.SnapshotActive) return true;
        var (_, place) = Locate(SegmentOf(hash), hash, handle);
        return Shape.IsNew(place);
    }

    /// <summary>
    /// Puts another record of the same key into the slot (or the same record after its expiry or ownership changed) and returns whether a snapshot
    /// still needs the old one.
    /// </summary>
    public bool Replace(ulong hash, ulong oldHandle, ulong newHandle, long expireAtMs, bool ownsMemory)
    {
        var first = Shape.MutableSegment(hash);
        var (hadExpiry, place) = Locate(first, hash, oldHandle);
        Shape.Save(place.Segment, place.Line);
        var segment = SegmentAt(place.Segment);
        ref var bucket = ref segment[place.Line];
        var frozen = _heap.SnapshotActive && !bucket.IsNew(place.Slot);
        bucket.SetHandle(place.Slot, newHandle);
        if (_heap.SnapshotActive && newHandle != oldHandle) bucket.SetNew(place.Slot, true);
        if (ownsMemory) bucket.HasOwner = true;

        bucket.SetExpiry(place.Slot, expireAtMs >= 0);
        if (hadExpiry && expireAtMs >= 0)
        {
            segment.Header.EarliestExpiryMs = Math.Min(segment.Header.EarliestExpiryMs, expireAtMs);
        }
        else if (hadExpiry)
        {
            ForgetExpiry(first, ref segment.Header);
        }
        else if (expireAtMs >= 0)
        {
            segment.Header.CountWithExpiry++;
            NoteExpiry(first, ref segment.Header, expireAtMs);
        }
        return frozen;
    }

    private void ForgetExpiry(ulong first, ref SegmentHeader segment)
    {
        _header.CountWithExpiry--;
        if (--segment.CountWithExpiry > 0) return;
        segment.EarliestExpiryMs = long.MaxValue;
        Shape.UpdateExpiryFlag(first);
    }

    /// <summary>Takes the slot away and returns whether a snapshot still needs the record.</summary>
    public bool Remove(ulong hash, ulong handle)
    {
        var first = Shape.MutableSegment(hash);
        var (hadExpiry, place) = Locate(first, hash, handle);
        Shape.Save(place.Segment, place.Line);
        var segment = SegmentAt(place.Segment);
        var frozen = _heap.SnapshotActive && !segment[place.Line].IsNew(place.Slot);
        segment.RemoveAt(hash, place.Line, place.Slot);
        if (hadExpiry) ForgetExpiry(first, ref segment.Header);
        _header.Count--;
        Shape.Shrink(hash);
        return frozen;
    }

    private (bool HasExpiry, SlotPlace Place) Locate(ulong first, ulong hash, ulong handle)
    {
        for (var link = first; link != 0; link = SegmentAt(link).Header.Next)
        {
            var segment = SegmentAt(link);
            var (bucket, slot) = segment.Locate(hash, handle);
            if (slot >= 0) return (segment[bucket].HasExpiry(slot), new SlotPlace(link, bucket, slot));
        }
        throw new InvalidOperationException("A record is not in its table.");
    }

    /// <summary>Adds the records of one step to the list; returns the next cursor, 0 at the end.</summary>
    public ulong Scan(ulong cursor, HandleList found)
    {
        const int units = 1 << (HashSpace.BucketBits - 1);
        var unit = (int)Math.Min(cursor >> HashSpace.PlaceBits, units);
        if (_header.Root == 0 || unit == units) return 0;

        var hash = cursor << (64 - HashSpace.PlaceBits);
        var handle = SegmentOf(hash);
        var homeBits = _header.HomeBits;
        var pair = unit >> (HashSpace.BucketBits - homeBits);
        ref var header = ref SegmentAt(handle).Header;
        var depth = header.Depth;
        var end = depth == 0 ? 0 : header.Place + (1UL << (64 - depth));
        for (var link = handle; link != 0; link = SegmentAt(link).Header.Next) CollectPair(SegmentAt(link), pair, found);

        if (end != 0) return (ulong)unit << HashSpace.PlaceBits | end >> (64 - HashSpace.PlaceBits);
        var next = (pair + 1) << (HashSpace.BucketBits - homeBits);
        return next == units ? 0 : (ulong)next << HashSpace.PlaceBits;
    }

    private void CollectPair(Segment segment, int pair, HandleList found)
    {
        Collect(ref segment[2 * pair], found);
        Collect(ref segment[(2 * pair) + 1], found);
        if (segment[2 * pair].InStash + segment[(2 * pair) + 1].InStash == 0) return;
        for (var stash = segment.Homes; stash < segment.Buckets; stash++)
        {
            ref var bucket = ref segment[stash];
            for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1)
            {
                var handle = bucket.Handle(BitOperations.TrailingZeroCount(slots));
                var hash = TLayout.Hash(_heap, _heap.Arena.Slot(handle));
                if (HashSpace.Bucket(hash, segment.Header.HomeBits) >> 1 == pair) found.Add(handle);
            }
        }
    }

    private static void Collect(ref Bucket bucket, HandleList found)
    {
        for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1) found.Add(bucket.Handle(BitOperations.TrailingZeroCount(slots)));
    }

    /// <summary>A record chosen nearly uniformly, or 0 when there is none; only among those with an expiry on request.</summary>
    public ulong Random(Random random, bool withExpiry = false)
    {
        if ((withExpiry ? _header.CountWithExpiry : _header.Count) == 0) return 0;
        var directory = new TableDirectory(_heap, ref _header);
        var hash = HashSpace.Bend((ulong)random.NextInt64(long.MinValue, long.MaxValue));
        while (true)
        {
            if (withExpiry) hash = directory.NextWithExpiry(hash);
            var entry = directory[hash];
            var found = RandomIn(DirectoryEntry.Segment(entry), random, withExpiry);
            if (found != 0) return found;
            // An empty share of hash space: the next one answers for it.
            hash += 1UL << (64 - Math.Max(1, DirectoryEntry.Depth(entry)));
        }
    }

    private ulong RandomIn(ulong first, Random random, bool withExpiry)
    {
        var links = 1;
        for (var link = SegmentAt(first).Header.Next; link != 0; link = SegmentAt(link).Header.Next) links++;
        for (var attempt = 0; attempt < 32; attempt++)
        {
            var link = first;
            for (var skip = links == 1 ? 0 : random.Next(links); skip > 0; skip--) link = SegmentAt(link).Header.Next;
            var segment = SegmentAt(link);
            var place = random.Next(segment.Buckets * Bucket.Slots);
            ref var bucket = ref segment[place / Bucket.Slots];
            var candidates = withExpiry ? bucket.WithExpiry : bucket.Occupied;
            if ((candidates >> (place % Bucket.Slots) & 1) != 0) return bucket.Handle(place % Bucket.Slots);
        }
        return NthIn(first, random, withExpiry);
    }

    private ulong NthIn(ulong first, Random random, bool withExpiry)
    {
        var count = 0;
        for (var link = first; link != 0; link = SegmentAt(link).Header.Next)
        {
            count += withExpiry ? SegmentAt(link).Header.CountWithExpiry : SegmentAt(link).Header.Count;
        }
        var wanted = count == 0 ? -1 : random.Next(count);
        for (var link = first; link != 0 && wanted >= 0; link = SegmentAt(link).Header.Next)
        {
            var segment = SegmentAt(link);
            for (var bucket = 0; bucket < segment.Buckets; bucket++)
            {
                var slots = withExpiry ? segment[bucket].WithExpiry : segment[bucket].Occupied;
                for (; slots != 0; slots &= slots - 1)
                {
                    if (wanted-- == 0) return segment[bucket].Handle(BitOperations.TrailingZeroCount(slots));
                }
            }
        }
        return 0;
    }

    public TableEnumerator GetEnumerator() => new(_heap, in _header, frozen: false);
}

/// <summary>Handles found by a step, in a buffer that is kept.</summary>
internal sealed class HandleList
{
    private ulong[] _items = new ulong[64];

    public int Count { get; private set; }

    public ReadOnlySpan<ulong> Items => _items.AsSpan(0, Count);

    public Span<ulong> Writable => _items.AsSpan(0, Count);

    public void Clear() => Count = 0;

    public void Truncate(int count) => Count = Math.Min(Count, count);

    public void Add(ulong handle)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        _items[Count++] = handle;
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace RedisLite.Data.Tables;

internal readonly record struct SlotPlace(ulong Segment, int Line, int Slot);

/// <summary>
/// One segment: a header line, 4 to 64 home buckets, and a few stash buckets that any of them may overflow to. An element is in its home bucket, in
/// the home's neighbour (home ^ 1) or in the stash; the home bucket counts the strays, so a miss knows when to stop.
/// </summary>
internal readonly ref struct Segment(Span<Bucket> lines)
{
    public const int MinHomeBits = 2;
    public const int MaxHomeBits = HashSpace.BucketBits;

    private readonly Span<Bucket> _lines = lines;

    public ref SegmentHeader Header => ref MemoryMarshal.Cast<Bucket, SegmentHeader>(_lines[..1])[0];

    public int Homes => 1 << Header.HomeBits;

    /// <summary>Home and stash buckets together.</summary>
    public int Buckets => BucketsOf(Header.HomeBits);

    public ref Bucket this[int bucket] => ref _lines[bucket + 1];

    public static int StashOf(int homeBits) => homeBits switch { 6 => 3, 5 => 2, _ => 1 };

    public static int BucketsOf(int homeBits) => (1 << homeBits) + StashOf(homeBits);

    public static int BytesOf(int homeBits) => (BucketsOf(homeBits) + 1) * 64;

    public static int CapacityOf(int homeBits) => BucketsOf(homeBits) * Bucket.Slots;

    public void Initialize(uint epoch, int homeBits, int depth, ulong place)
    {
        _lines[..(BucketsOf(homeBits) + 1)].Clear();
        Header = new SegmentHeader
        {
            Epoch = epoch,
            HomeBits = (byte)homeBits,
            Depth = (byte)depth,
            Place = place,
            EarliestExpiryMs = long.MaxValue,
        };
    }

    /// <summary>
    /// Takes over another's content, for a snapshot, to which all of its records belong. Line by line: the library's copy of so many bytes reads the target first, which for
    /// fresh memory is a page fault more, and makes the other processors forget the page.
    /// </summary>
    public void CopyFrom(ReadOnlySpan<Bucket> lines)
    {
        var to = _lines[..lines.Length];
        to[0] = lines[0];
        for (var line = 1; line < to.Length; line++)
        {
            to[line] = lines[line];
            to[line].ClearNew();
        }
    }

    /// <summary>False when neither home, neighbour nor stash has room.</summary>
    public bool TryPlace(ulong hash, ulong handle, SlotFlags flags)
    {
        var bucket = BucketWithRoom(hash);
        if (bucket >= 0) Place(bucket, hash, handle, flags);
        return bucket >= 0;
    }

    /// <summary>Where an element of this hash would go: its home, the home's neighbour or the stash; -1 when none has room.</summary>
    public int BucketWithRoom(ulong hash)
    {
        var home = HashSpace.Bucket(hash, Header.HomeBits);
        if (this[home].FreeSlot() >= 0) return home;
        if (this[home ^ 1].FreeSlot() >= 0) return home ^ 1;
        for (var bucket = Homes; bucket < Buckets; bucket++)
        {
            if (this[bucket].FreeSlot() >= 0) return bucket;
        }
        return -1;
    }

    public void Place(int bucket, ulong hash, ulong handle, SlotFlags flags)
    {
        ref var header = ref Header;
        var home = HashSpace.Bucket(hash, header.HomeBits);
        this[bucket].Put(this[bucket].FreeSlot(), HashSpace.Tag(hash), handle, flags);
        if (bucket >= Homes) this[home].InStash++;
        else if (bucket != home) this[home].InNeighbour++;
        header.Count++;
        if ((flags & SlotFlags.Expiry) != 0) header.CountWithExpiry++;
    }

    /// <summary>Where this very handle sits; Slot is -1 when it is not here.</summary>
    public (int Bucket, int Slot) Locate(ulong hash, ulong handle)
    {
        var tag = HashSpace.Tag(hash);
        var home = HashSpace.Bucket(hash, Header.HomeBits);
        var slot = SlotOf(ref this[home], tag, handle);
        if (slot >= 0) return (home, slot);
        if (this[home].InNeighbour > 0 && (slot = SlotOf(ref this[home ^ 1], tag, handle)) >= 0) return (home ^ 1, slot);
        for (var bucket = Homes; this[home].InStash > 0 && bucket < Buckets; bucket++)
        {
            slot = SlotOf(ref this[bucket], tag, handle);
            if (slot >= 0) return (bucket, slot);
        }
        return (0, -1);
    }

    /// <summary>Leaves CountWithExpiry to the caller.</summary>
    public void RemoveAt(ulong hash, int bucket, int slot)
    {
        ref var header = ref Header;
        var home = HashSpace.Bucket(hash, header.HomeBits);
        if (bucket >= Homes) this[home].InStash--;
        else if (bucket != home) this[home].InNeighbour--;
        this[bucket].Clear(slot);
        header.Count--;
    }

    private static int SlotOf(ref Bucket bucket, byte tag, ulong handle)
    {
        for (var hits = bucket.Matches(tag); hits != 0; hits &= hits - 1)
        {
            var slot = BitOperations.TrailingZeroCount(hits);
            if (bucket.Handle(slot) == handle) return slot;
        }
        return -1;
    }
}

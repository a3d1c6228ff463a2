using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>The defragmenter's hands inside a table: slots and segments in marked pages are copied elsewhere. Never while a snapshot runs.</summary>
internal static class TableMover
{
    public const int SegmentCost = 48;
    private const int MoveCost = 4;

    /// <summary>The segment at this place, moved when its page is marked (chained ones stay: they hang on their predecessor).</summary>
    public static ulong MoveSegment(Heap heap, ref TableHeader header, ulong place)
    {
        var directory = new TableDirectory(heap, ref header);
        var entry = directory[place];
        var handle = DirectoryEntry.Segment(entry);
        if (!heap.Arena.IsMarked(handle)) return handle;

        var source = heap.Arena.Lines(handle);
        var moved = heap.Arena.Alloc(Segment.BytesOf(new Segment(source).Header.HomeBits));
        source.CopyTo(heap.Arena.Lines(moved));
        ref var segment = ref new Segment(heap.Arena.Lines(moved)).Header;
        directory.Set(segment.Place, segment.Depth, moved, (entry & DirectoryEntry.ExpiryBit) != 0);
        heap.Arena.Free(handle);
        return moved;
    }

    /// <summary>Where the next segment begins, 0 at the end.</summary>
    public static ulong Next(Segment segment) => segment.Header.Depth == 0 ? 0 : segment.Header.Place + (1UL << (64 - segment.Header.Depth));

    public static void MoveRecords(Heap heap, ref Bucket bucket, ref int budget)
    {
        budget--;
        uint marked = 0;
        for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1)
        {
            var slot = BitOperations.TrailingZeroCount(slots);
            if (!heap.Arena.IsMarked(bucket.Handle(slot))) continue;
            heap.Arena.Prefetch(bucket.Handle(slot));
            marked |= 1u << slot;
        }
        for (; marked != 0; marked &= marked - 1)
        {
            var slot = BitOperations.TrailingZeroCount(marked);
            var handle = bucket.Handle(slot);
            var source = heap.Arena.Slot(handle);
            var moved = heap.Arena.Alloc(source.Length);
            source.CopyTo(heap.Arena.Slot(moved));
            bucket.SetHandle(slot, moved);
            heap.Arena.Free(handle);
            budget -= MoveCost + (source.Length >> 9);
        }
    }
}

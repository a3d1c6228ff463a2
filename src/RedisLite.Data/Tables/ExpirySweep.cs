using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>
/// Looks for elements whose time has come, a few segments at a time. Directory entries say which segments hold an expiry at all, segment headers
/// when the first one is due, buckets which slots: so only segments with something due have their records read.
/// </summary>
internal static class ExpirySweep<TLayout>
    where TLayout : struct, IRecordLayout
{
    /// <summary>
    /// Visits up to maxSegments directory shares from the cursor (a place in hash space, 0 = start) and adds due records to the list; lowers nextDueMs to
    /// the earliest expiry seen that is not due. Returns the next cursor, 0 at the end.
    /// </summary>
    public static ulong Step(Heap heap, ref TableHeader header, ulong cursor, long nowMs, int maxSegments, HandleList due, ref long nextDueMs)
    {
        if (header.Root == 0 || header.CountWithExpiry == 0) return 0;
        var directory = new TableDirectory(heap, ref header);
        for (; maxSegments > 0; maxSegments--)
        {
            var entry = directory[cursor];
            if (header.DirectoryBits == 0 || (entry & DirectoryEntry.ExpiryBit) != 0)
            {
                for (var handle = DirectoryEntry.Segment(entry); handle != 0; handle = new Segment(heap.Arena.Lines(handle)).Header.Next)
                {
                    Visit(heap, new Segment(heap.Arena.Lines(handle)), nowMs, due, ref nextDueMs);
                }
            }
            var depth = DirectoryEntry.Depth(entry);
            if (depth == 0) return 0;
            var share = 1UL << (64 - depth);
            cursor = (cursor & ~(share - 1)) + share;
            if (cursor == 0) return 0;
        }
        return cursor;
    }

    private static void Visit(Heap heap, Segment segment, long nowMs, HandleList due, ref long nextDueMs)
    {
        ref var header = ref segment.Header;
        if (header.CountWithExpiry == 0) return;
        if (header.EarliestExpiryMs > nowMs)
        {
            nextDueMs = Math.Min(nextDueMs, header.EarliestExpiryMs);
            return;
        }
        var earliest = long.MaxValue;
        Prefetch(heap, segment, 0);
        for (var index = 0; index < segment.Buckets; index++)
        {
            Prefetch(heap, segment, index + 1);
            ref var bucket = ref segment[index];
            for (var slots = bucket.WithExpiry; slots != 0; slots &= slots - 1)
            {
                var handle = bucket.Handle(BitOperations.TrailingZeroCount(slots));
                var expireAtMs = TLayout.ExpireAtMs(heap.Arena.Slot(handle));
                earliest = Math.Min(earliest, expireAtMs);
                if (expireAtMs <= nowMs) due.Add(handle);
                else nextDueMs = Math.Min(nextDueMs, expireAtMs);
            }
        }
        // Includes the due ones, which the caller may choose to leave (a replica does).
        header.EarliestExpiryMs = earliest;
    }

    private static void Prefetch(Heap heap, Segment segment, int index)
    {
        if (index >= segment.Buckets) return;
        ref var bucket = ref segment[index];
        for (var slots = bucket.WithExpiry; slots != 0; slots &= slots - 1) heap.Arena.Prefetch(bucket.Handle(BitOperations.TrailingZeroCount(slots)));
    }
}

using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>
/// Frees a dropped table in slices of about a segment. The header, which nobody else uses any more, remembers the progress: Count is -1 and
/// DeepSegments is the next directory entry.
/// </summary>
internal static class TableFree<TLayout>
    where TLayout : struct, IRecordLayout
{
    public static bool FreeSome(Heap heap, ref TableHeader header, ref int budget, Action<Heap, ulong> freeRecord)
    {
        if (header.Root == 0) return true;
        if (header.DirectoryBits == 0)
        {
            // At most a segment full, or a rare chain.
            budget -= FreeChain(heap, header.Root, freeRecord);
            header = default;
            return true;
        }
        if (header.Count >= 0)
        {
            header.Count = -1;
            header.DeepSegments = 0;
        }
        while (budget > 0)
        {
            var entry = heap.Arena.Words(header.Root)[header.DeepSegments];
            budget -= FreeChain(heap, DirectoryEntry.Segment(entry), freeRecord);
            header.DeepSegments += 1 << (header.DirectoryBits - DirectoryEntry.Depth(entry));
            if (header.DeepSegments < 1 << header.DirectoryBits) continue;
            heap.Arena.Free(header.Root);
            header = default;
            return true;
        }
        return false;
    }

    private static int FreeChain(Heap heap, ulong handle, Action<Heap, ulong> freeRecord)
    {
        var count = 1;
        while (handle != 0)
        {
            var segment = new Segment(heap.Arena.Lines(handle));
            for (var bucket = 0; bucket < segment.Buckets; bucket++)
            {
                for (var slots = segment[bucket].Occupied; slots != 0; slots &= slots - 1)
                {
                    freeRecord(heap, segment[bucket].Handle(BitOperations.TrailingZeroCount(slots)));
                    count++;
                }
            }
            var next = segment.Header.Next;
            heap.Arena.Free(handle);
            handle = next;
        }
        return count;
    }
}

using System.Numerics;

namespace RedisLite.Data.Tables;

/// <summary>Walks a whole table and throws when anything it promises does not hold.</summary>
internal static class TableCheck<TLayout>
    where TLayout : struct, IRecordLayout
{
    public static void Run(Heap heap, in TableHeader header)
    {
        if (header.Root == 0)
        {
            Require(header.Count == 0 && header.CountWithExpiry == 0, "counts of an empty table");
            return;
        }
        long count = 0, withExpiry = 0;
        var deep = 0;
        for (long entry = 0; entry < 1L << header.DirectoryBits;)
        {
            var word = header.DirectoryBits == 0 ? header.Root : heap.Arena.Words(header.Root)[(int)entry];
            var depth = DirectoryEntry.Depth(word);
            Require(depth <= header.DirectoryBits, "depth");
            var share = 1L << (header.DirectoryBits - depth);
            for (var i = 0; i < share && header.DirectoryBits > 0; i++) Require(heap.Arena.Words(header.Root)[(int)entry + i] == word, "directory entries");
            if (depth == header.DirectoryBits) deep++;
            var place = header.DirectoryBits == 0 ? 0 : (ulong)entry << (64 - header.DirectoryBits);
            var expiriesBefore = withExpiry;
            for (var handle = DirectoryEntry.Segment(word); handle != 0;)
            {
                var segment = new Segment(heap.Arena.Lines(handle));
                Require(segment.Header.Place == place && segment.Header.Depth == depth && segment.Header.HomeBits == header.HomeBits, "segment header");
                CheckSegment(heap, segment);
                count += segment.Header.Count;
                withExpiry += segment.Header.CountWithExpiry;
                handle = segment.Header.Next;
            }
            if (header.DirectoryBits > 0) Require((word & DirectoryEntry.ExpiryBit) != 0 == (withExpiry > expiriesBefore), "expiry flag");
            entry += share;
        }
        Require(count == header.Count && withExpiry == header.CountWithExpiry, "counts");
        Require(header.DirectoryBits == 0 || (deep == header.DeepSegments && deep > 0), "deep segments");
    }

    private static void CheckSegment(Heap heap, Segment segment)
    {
        ref var header = ref segment.Header;
        Span<int> inNeighbour = stackalloc int[64], inStash = stackalloc int[64];
        inNeighbour.Clear();
        inStash.Clear();
        int count = 0, withExpiry = 0;
        for (var index = 0; index < segment.Buckets; index++)
        {
            ref var bucket = ref segment[index];
            Require((bucket.WithExpiry & ~bucket.Occupied) == 0, "expiry mask");
            for (var slots = bucket.Occupied; slots != 0; slots &= slots - 1)
            {
                var slot = BitOperations.TrailingZeroCount(slots);
                var record = heap.Arena.Slot(bucket.Handle(slot));
                var hash = TLayout.Hash(heap, record);
                var home = HashSpace.Bucket(hash, header.HomeBits);
                Require(bucket.Tag(slot) == HashSpace.Tag(hash), "tag");
                Require(header.Depth == 0 || (hash ^ header.Place) >> (64 - header.Depth) == 0, "share");
                Require(index == home || index == (home ^ 1) || index >= segment.Homes, "bucket");
                if (index >= segment.Homes) inStash[home]++;
                else if (index != home) inNeighbour[home]++;
                Require(bucket.HasExpiry(slot) == TLayout.ExpireAtMs(record) >= 0, "expiry bit");
                if (bucket.HasExpiry(slot)) Require(TLayout.ExpireAtMs(record) >= header.EarliestExpiryMs, "earliest expiry");
                if (TLayout.OwnsMemory(record)) Require(bucket.HasOwner, "owner hint");
                if (bucket.HasExpiry(slot)) withExpiry++;
                count++;
            }
        }
        for (var home = 0; home < segment.Homes; home++)
        {
            Require(segment[home].InNeighbour == inNeighbour[home] && segment[home].InStash == inStash[home], "overflow counts");
            Require(header.Next == 0 || segment[home].Chained, "chain mark");
        }
        Require(count == header.Count && withExpiry == header.CountWithExpiry, "segment counts");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new InvalidOperationException("Table: wrong " + what + ".");
    }
}

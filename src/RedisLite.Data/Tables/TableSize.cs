namespace RedisLite.Data.Tables;

/// <summary>Bytes of a table without its elements: directory and segments.</summary>
internal static class TableSize
{
    public static long OfIndex(Heap heap, in TableHeader header)
    {
        if (header.Root == 0) return 0;
        if (header.DirectoryBits == 0) return OfChain(heap, header.Root);
        long bytes = heap.Arena.Capacity(header.Root);
        var directory = heap.Arena.Words(header.Root);
        for (var at = 0L; at < 1L << header.DirectoryBits;)
        {
            var entry = directory[(int)at];
            bytes += OfChain(heap, DirectoryEntry.Segment(entry));
            at += 1L << (header.DirectoryBits - DirectoryEntry.Depth(entry));
        }
        return bytes;
    }

    private static long OfChain(Heap heap, ulong segment)
    {
        long bytes = 0;
        for (; segment != 0; segment = new Segment(heap.Arena.Lines(segment)).Header.Next) bytes += heap.Arena.Capacity(segment);
        return bytes;
    }
}

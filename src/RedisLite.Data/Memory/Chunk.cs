namespace RedisLite.Data.Memory;

/// <summary>A slab page: its free slots, and its place in the list of pages of its class that have some.</summary>
internal struct Page
{
    /// <summary>First slot (granule in the page) of the free list.</summary>
    public ushort FreeHead;

    /// <summary>The slots from this granule on have never been used.</summary>
    public ushort Bump;
    public ushort Live;
    public int Next;
    public int Previous;
}

/// <summary>16 MiB of pages (slab or run chunk), or one huge value, which has neither pages nor runs.</summary>
internal sealed class Chunk(long bytes, Page[]? pages, RunMap? runs)
{
    public readonly long Bytes = bytes;
    public readonly Page[]? Pages = pages;
    public readonly RunMap? Runs = runs;

    /// <summary>A bit a page: not in use; has memory behind it.</summary>
    public readonly ulong[] Free = [ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue];
    public readonly ulong[] Committed = new ulong[4];
    public int FreePages = Arena.PagesPerChunk;
    public bool HugePages;

    /// <summary>Huge pages touched ahead so far, see Arena.PreparePages.</summary>
    public int PreparedBlocks;
}

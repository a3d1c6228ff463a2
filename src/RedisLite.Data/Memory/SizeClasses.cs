namespace RedisLite.Data.Memory;

/// <summary>
/// Slot sizes of slab pages: 8-byte steps to 256, 16 steps a doubling to 1 KiB, and from there the sizes that divide a 64 KiB page into a whole
/// number of slots, because a rounder series would waste up to a fifth of a page. Waste inside a slot stays below 1/16 up to 4 KiB, 1/8 above; below 2 KiB,
/// where values of "a kilobyte and its key" live, below 1/32.
/// </summary>
internal static class SizeClasses
{
    public const int PageBytes = 64 * 1024;
    public const int MaxSlotBytes = 8 * 1024;

    private const int LoneSegmentBytes = 18 * 64;

    /// <summary>Slot size by class; class 0 is "no slots" (a free page), so that a stale handle yields an empty span.</summary>
    public static readonly int[] Bytes = BuildBytes();

    private static readonly byte[] s_classByGranules = BuildLookup();

    public static int Count => Bytes.Length;

    public static int Of(int bytes) => s_classByGranules[(bytes + 7) >> 3];

    public static int SlotsPerPage(int sizeClass) => PageBytes / Bytes[sizeClass];

    private static int[] BuildBytes()
    {
        var sizes = new List<int> { 0 };
        for (var size = 8; size <= 256; size += 8) sizes.Add(size);
        for (var start = 256; start < 1024; start *= 2)
        {
            for (var i = 1; i <= 16; i++) sizes.Add(start + (i * start / 16));
        }
        // Table segments live here and want aligned buckets: of those between 1 and 2 KiB there is one size, above all sizes are multiples of a cache line.
        for (var slots = 63; slots >= 32; slots--) sizes.Add(slots == PageBytes / LoneSegmentBytes ? LoneSegmentBytes : PageBytes / slots / 16 * 16);
        for (var slots = 31; slots >= 8; slots--) sizes.Add(PageBytes / slots / 64 * 64);
        return [.. sizes];
    }

    private static byte[] BuildLookup()
    {
        var lookup = new byte[(MaxSlotBytes / 8) + 1];
        var sizeClass = 1;
        for (var granules = 0; granules < lookup.Length; granules++)
        {
            while (Bytes[sizeClass] < granules * 8) sizeClass++;
            lookup[granules] = (byte)sizeClass;
        }
        return lookup;
    }
}

namespace RedisLite.Data.Memory;

/// <summary>
/// Chooses the pages that a round of defragmentation is to empty: of every size class the sparsest ones, as many as the free slots of the others can
/// take over; and run chunks (values above 8 KiB) that the rest has room for. Marked pages are out of use until they are empty or unmarked.
/// </summary>
internal sealed class SparsePages(Arena arena)
{
    private const int Levels = 64;

    /// <summary>Pages by class and by how full they are; then, how many of each are to be marked.</summary>
    private readonly int[] _levels = new int[SizeClasses.Count * Levels];

    /// <summary>Marks, and returns how many pages that would free.</summary>
    public int Mark()
    {
        Array.Clear(_levels);
        for (var chunk = 1; chunk < arena.ChunkEnd; chunk++)
        {
            if (arena.ChunkAt(chunk) is not { Pages: { } pages, Runs: null }) continue;
            for (var index = 0; index < Arena.PagesPerChunk; index++)
            {
                var sizeClass = arena.ClassOfPage((chunk * Arena.PagesPerChunk) + index);
                if (sizeClass != 0) Level(sizeClass, pages[index].Live)++;
            }
        }
        var marked = 0;
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++) marked += Plan(sizeClass);
        if (marked > 0) MarkPlanned();
        return marked + MarkRunChunks();
    }

    /// <summary>Marks every page, for tests that want all to move.</summary>
    public void MarkAll()
    {
        for (var chunk = 1; chunk < arena.ChunkEnd; chunk++)
        {
            if (arena.ChunkAt(chunk) is not { Pages: not null } meta) continue;
            for (var index = 0; index < Arena.PagesPerChunk; index++)
            {
                var pageId = (chunk * Arena.PagesPerChunk) + index;
                if (meta.Runs is not null || arena.ClassOfPage(pageId) != 0) arena.MarkPage(pageId, marked: true);
            }
        }
    }

    /// <summary>Puts marked pages that could not be emptied back into use; returns how many.</summary>
    public int Unmark()
    {
        var used = 0;
        for (var pageId = Arena.PagesPerChunk; pageId < arena.ChunkEnd * Arena.PagesPerChunk; pageId++)
        {
            if (!arena.IsPageMarked(pageId)) continue;
            arena.MarkPage(pageId, marked: false);
            if (arena.ClassOfPage(pageId) != 0) used++;
        }
        return used;
    }

    private ref int Level(int sizeClass, int live) =>
        ref _levels[(sizeClass * Levels) + (live * (Levels - 1) / SizeClasses.SlotsPerPage(sizeClass))];

    /// <summary>Leaves in _levels how many pages of each level are to be marked; returns their sum.</summary>
    private int Plan(int sizeClass)
    {
        var slots = SizeClasses.SlotsPerPage(sizeClass);
        var live = arena.LiveOfClass(sizeClass);
        var needed = (live + (live / 64) + slots - 1) / slots;
        var surplus = arena.PagesOfClass(sizeClass) - (int)needed;
        // A class with few pages to spare is left alone: moving costs more than it brings.
        var left = surplus <= 1 + (arena.PagesOfClass(sizeClass) / 32) ? 0 : surplus;
        var planned = left;
        for (var level = 0; level < Levels; level++)
        {
            ref var pages = ref _levels[(sizeClass * Levels) + level];
            pages = Math.Min(pages, left);
            left -= pages;
        }
        return planned - left;
    }

    private void MarkPlanned()
    {
        for (var chunk = arena.ChunkEnd - 1; chunk > 0; chunk--)
        {
            if (arena.ChunkAt(chunk) is not { Pages: { } pages, Runs: null }) continue;
            for (var index = Arena.PagesPerChunk - 1; index >= 0; index--)
            {
                var pageId = (chunk * Arena.PagesPerChunk) + index;
                var sizeClass = arena.ClassOfPage(pageId);
                if (sizeClass == 0 || arena.IsPageMarked(pageId)) continue;
                ref var wanted = ref Level(sizeClass, pages[index].Live);
                if (wanted == 0) continue;
                wanted--;
                arena.MarkPage(pageId, marked: true);
            }
        }
    }

    /// <summary>
    /// Whole run chunks, from the last one down, while the rest has room for what they hold; when one is left, its pages behind the room that all needs.
    /// First fit then packs the values at the front.
    /// </summary>
    private int MarkRunChunks()
    {
        long free = 0, used = 0;
        var chunks = 0;
        for (var chunk = 1; chunk < arena.ChunkEnd; chunk++)
        {
            if (arena.ChunkAt(chunk)?.Runs is not { } runs) continue;
            free += runs.FreeUnits;
            used += RunMap.Units - runs.FreeUnits;
            chunks++;
        }
        var marked = 0;
        for (var chunk = arena.ChunkEnd - 1; chunk > 0; chunk--)
        {
            if (arena.ChunkAt(chunk)?.Runs is not { } runs) continue;
            if (chunks == 1)
            {
                var keep = (used + (used / 4)) / (RunMap.Units / Arena.PagesPerChunk);
                return marked + MarkUsedPages(chunk, (int)Math.Min(keep, Arena.PagesPerChunk));
            }
            var inUse = RunMap.Units - runs.FreeUnits;
            if (runs.FreeUnits < RunMap.Units / 4 || free - runs.FreeUnits < inUse + (used / 4)) continue;
            free -= RunMap.Units;
            chunks--;
            marked += MarkUsedPages(chunk, 0);
            arena.MarkPage(chunk * Arena.PagesPerChunk, marked: true);
        }
        return marked;
    }

    private int MarkUsedPages(int chunk, int from)
    {
        var marked = 0;
        for (var index = from; index < Arena.PagesPerChunk; index++)
        {
            var pageId = (chunk * Arena.PagesPerChunk) + index;
            if (arena.ClassOfPage(pageId) != Arena.RunClass) continue;
            arena.MarkPage(pageId, marked: true);
            marked++;
        }
        return marked;
    }
}

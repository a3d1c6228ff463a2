using System.Numerics;

namespace RedisLite.Data.Memory;

/// <summary>
/// Memory that the owner of an arena will want next, and a helper thread touches: one request at a time, made by the owner, served by the helper. Either a huge
/// page, or ordinary pages of the arena, up to 64 of them.
/// </summary>
internal sealed unsafe class PageRequest
{
    private ulong _pages;
    private nint _start;

    public bool IsOpen => Volatile.Read(ref _start) != 0;

    /// <summary>The huge page that is being touched; 0 when none is.</summary>
    public nint HugePage => _pages == 0 ? Volatile.Read(ref _start) : 0;

    public void AskForHugePage(nint start) => Ask(start, 0);

    /// <summary>A bit a page, counted from the start.</summary>
    public void AskForPages(nint start, ulong pages) => Ask(start, pages);

    private void Ask(nint start, ulong pages)
    {
        _pages = pages;
        Volatile.Write(ref _start, start);
    }

    public bool LiesIn(nint start, long bytes) => (nuint)(Volatile.Read(ref _start) - start) < (nuint)bytes;

    /// <summary>The helper's part. The owner may be using the memory already: nothing is changed.</summary>
    public void Serve()
    {
        var start = Volatile.Read(ref _start);
        if (start == 0) return;
        if (_pages == 0)
        {
            OsMemory.AdviseHuge(start, Arena.HugePageBytes, wanted: true);
            Interlocked.Add(ref *(long*)start, 0);
        }
        for (var left = _pages; left != 0; left &= left - 1)
        {
            OsMemory.Touch(start + ((nint)BitOperations.TrailingZeroCount(left) * SizeClasses.PageBytes), SizeClasses.PageBytes);
        }
        Volatile.Write(ref _start, 0);
    }
}

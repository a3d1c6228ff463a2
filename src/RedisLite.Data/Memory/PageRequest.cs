namespace RedisLite.Data.Memory;

/// <summary>The huge page that the owner of an arena will want next, and a helper thread touches: one request at a time, made by the owner, served by the helper.</summary>
internal sealed unsafe class PageRequest
{
    private nint _start;

    public bool IsOpen => HugePage != 0;

    /// <summary>The one that is being touched; 0 when none is.</summary>
    public nint HugePage => Volatile.Read(ref _start);

    public void Ask(nint start) => Volatile.Write(ref _start, start);

    public bool LiesIn(nint start, long bytes) => (nuint)(HugePage - start) < (nuint)bytes;

    /// <summary>The helper's part. The owner may be using the memory already: nothing is changed.</summary>
    public void Serve()
    {
        var start = HugePage;
        if (start == 0) return;
        OsMemory.AdviseHuge(start, Arena.HugePageBytes, wanted: true);
        Interlocked.Add(ref *(long*)start, 0);
        Volatile.Write(ref _start, 0);
    }
}

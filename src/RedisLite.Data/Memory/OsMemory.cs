using System.Runtime.InteropServices;

namespace RedisLite.Data.Memory;

/// <summary>
/// Address space from the operating system. Linux gives pages back one by one (madvise) and backs a dense heap with huge pages; elsewhere a
/// chunk is an aligned allocation that returns to the system only as a whole.
/// </summary>
internal static unsafe partial class OsMemory
{
    private const nuint HugePage = 2 * 1024 * 1024;
    private const int ProtectReadWrite = 3;
    private const int MapPrivateAnonymous = 0x22;
    private const int AdviseDontNeed = 4;
    private const int AdviseHugePage = 14;
    private const int AdviseNoHugePage = 15;

    public static bool CanDecommit => OperatingSystem.IsLinux();

    /// <summary>A zeroed, 2 MiB aligned block.</summary>
    public static nint Map(long bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            var block = NativeMemory.AlignedAlloc((nuint)bytes, HugePage);
            NativeMemory.Clear(block, (nuint)bytes);
            return (nint)block;
        }

        var wanted = (nuint)bytes;
        var start = MMap(0, wanted + HugePage, ProtectReadWrite, MapPrivateAnonymous, -1, 0);
        if (start == -1) throw new OutOfMemoryException("The operating system refused " + bytes + " bytes.");
        var aligned = (nint)(((nuint)start + HugePage - 1) & ~(HugePage - 1));
        var before = (nuint)(aligned - start);
        if (before > 0) _ = MUnmap(start, before);
        var after = HugePage - before;
        if (after > 0) _ = MUnmap(aligned + (nint)wanted, after);
        return aligned;
    }

    public static void Unmap(nint start, long bytes)
    {
        if (OperatingSystem.IsLinux()) _ = MUnmap(start, (nuint)bytes);
        else NativeMemory.AlignedFree((void*)start);
    }

    /// <summary>Gives the pages back; they read as zero when touched again.</summary>
    public static void Decommit(nint start, long bytes)
    {
        if (OperatingSystem.IsLinux()) _ = MAdvise(start, (nuint)bytes, AdviseDontNeed);
    }

    /// <summary>
    /// Gives back the pages under an array whose contents nobody needs, but for the ends that share a page with something else. What is written there later gets memory
    /// again; the collector, which only looks at the front of dead arrays, need not know.
    /// </summary>
    public static void GiveBack(byte[] garbage)
    {
        fixed (byte* start = garbage)
        {
            var page = (nuint)Environment.SystemPageSize;
            var first = ((nuint)start + page - 1) & ~(page - 1);
            var end = ((nuint)start + (nuint)garbage.Length) & ~(page - 1);
            if (end > first) Decommit((nint)first, (long)(end - first));
        }
    }

    public static void AdviseHuge(nint start, long bytes, bool wanted)
    {
        if (OperatingSystem.IsLinux()) _ = MAdvise(start, (nuint)bytes, wanted ? AdviseHugePage : AdviseNoHugePage);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MMap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint address, nuint length, int advice);
}

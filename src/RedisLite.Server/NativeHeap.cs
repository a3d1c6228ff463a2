using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// The C library's heap, which only the runtime uses: above all its compiler, some megabytes for a moment each time something hot is compiled again. Three habits keep
/// what was needed once, and after the first load the process is 7 MB larger than it need be (with 200,000 small hashes a quarter of everything):
///
///     glibc gives every thread an arena of its own          -> one arena
///     glibc keeps freed memory once it has seen big blocks   -> fixed thresholds, and a trim when something has been compiled
///     the runtime keeps its compiler's blocks until its      -> it is made to run; blocks unused for 2 s go, in two steps, so it takes some rounds
///       finalizer thread runs, which without garbage is never
///
/// For the executable, not for an embedded server: the process is its own.
internal sealed class NativeHeap
{
    public const int PeriodMs = 1000;

    private const int TrimThreshold = -1, MapThreshold = -3, ArenasMax = -8;
    private const int ThresholdBytes = 256 * 1024;
    private const int RoundsAfterCompiling = 6;

    private long _compiled;
    private int _rounds;

    public static void KeepSmall()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = LinuxCalls.MallocOption(ArenasMax, 1);
            _ = LinuxCalls.MallocOption(TrimThreshold, ThresholdBytes);
            _ = LinuxCalls.MallocOption(MapThreshold, ThresholdBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc: its heap has habits of its own.
        }
    }

    /// Call it every period, on a thread that has nothing else to do. Costs nothing while nothing is compiled.
    public void Tidy()
    {
        if (CompilerThread.HasCompiledSince(ref _compiled)) _rounds = RoundsAfterCompiling;
        if (_rounds == 0 || !OperatingSystem.IsLinux()) return;
        _rounds--;
        GC.WaitForPendingFinalizers();
        try
        {
            _ = LinuxCalls.MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            _rounds = 0;
        }
    }
}

using System.Runtime;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// The runtime's thread that compiles what became hot, and the place it has in the queue for a processor.
///
/// It works for some hundred milliseconds in pieces of two, whenever code is used for the first time: at the first save, at the first big deletion. By default it is as good as the
/// loop, so a loop that wakes up beside it waits until the piece is over: batches of 50 SETs that took 60 us took 2 to 4 ms. With long slices it gets as much of the processors as before,
/// but whoever wakes up goes first.
///
/// The runtime begins it when it is needed, from whatever thread needs it, and ends it after four seconds without work; nobody is told. So it is looked for by its name, off the loop, when something
/// has been compiled.
internal static class CompilerThread
{
    private const int SliceNs = 100_000_000;

    // Of ".NET Tiered Compilation Worker" the system keeps fifteen characters.
    private const string Name = ".NET Tiered Com";
    private const string Threads = "/proc/self/task/";

    private static volatile int _found;

    /// Whether it has compiled since a count was taken, which is then taken anew; and if so, it is made to yield. For threads that have time.
    public static bool HasCompiledSince(ref long count)
    {
        var compiled = JitInfo.GetCompiledMethodCount();
        if (compiled == count) return false;
        count = compiled;
        MakeYield();
        return true;
    }

    /// Costs a look at a directory entry while the thread that was found still lives.
    private static void MakeYield()
    {
        if (!OperatingSystem.IsLinux() || (_found != 0 && Directory.Exists(Threads + _found))) return;
        try
        {
            _found = 0;
            foreach (var thread in Directory.EnumerateDirectories(Threads))
            {
                if (!File.ReadAllText(thread + "/comm").StartsWith(Name, StringComparison.Ordinal)) continue;
                _found = int.Parse(Path.GetFileName(thread), System.Globalization.CultureInfo.InvariantCulture);
                LinuxCalls.YieldToOthers(LinuxCalls.NiceOf(_found), SliceNs, _found);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A thread has just ended, or this system does not show them.
        }
    }
}

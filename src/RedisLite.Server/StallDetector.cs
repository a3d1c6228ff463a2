using System.Diagnostics;
using System.Runtime;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// What happened to the loop's thread during an iteration, or up to a moment.
internal readonly record struct Troubles(TimeSpan Cpu, TimeSpan Compiling, int Collections, long PageFaults, long Preemptions)
{
    public static Troubles SoFar()
    {
        var compiling = JitInfo.GetCompilationTime(currentThread: true);
        var collections = GC.CollectionCount(0);
        if (!OperatingSystem.IsLinux()) return new Troubles(Stopwatch.GetElapsedTime(0), compiling, collections, 0, 0);
        var (faults, preemptions) = LinuxCalls.ThreadTroubles();
        return new Troubles(TimeSpan.FromTicks(LinuxCalls.ThreadCpuNanoseconds() / TimeSpan.NanosecondsPerTick), compiling, collections, faults, preemptions);
    }

    public static Troubles operator -(in Troubles now, in Troubles before) =>
        new(now.Cpu - before.Cpu, now.Compiling - before.Compiling, now.Collections - before.Collections, now.PageFaults - before.PageFaults, now.Preemptions - before.Preemptions);

    public override string ToString() =>
        $"{Cpu.TotalMilliseconds,6:f2} ms (compiling {Compiling.TotalMilliseconds:f2} ms, collections {Collections}, page faults {PageFaults}, preempted {Preemptions})";
}

/// Measures how long the loop thread works between two waits, in CPU time where the system tells it (a thread that was not scheduled is not stalled by us), so
/// that a test can state a bound on pauses. CPU time is what the system calls so: the time in which its host serves somebody else or looks for memory, and that of interrupts, is in it.
/// Costs four system calls per iteration, hence an option.
internal sealed class StallDetector(TimeSpan threshold)
{
    private const int StallsKept = 1000;

    private readonly Lock _lock = new();
    private readonly List<Troubles> _stalls = [];
    private Troubles _before;
    private Troubles _longest;
    private long _iterations;

    public Troubles Longest
    {
        get
        {
            lock (_lock) return _longest;
        }
    }

    /// Iterations above the threshold.
    public IReadOnlyList<Troubles> Stalls
    {
        get
        {
            lock (_lock) return _stalls.ToArray();
        }
    }

    public long Iterations => Volatile.Read(ref _iterations);

    public void Reset()
    {
        lock (_lock)
        {
            _longest = default;
            _stalls.Clear();
            _iterations = 0;
        }
    }

    public void Begin() => _before = Troubles.SoFar();

    public void End()
    {
        var spent = Troubles.SoFar() - _before;
        Volatile.Write(ref _iterations, _iterations + 1);
        if (spent.Cpu <= threshold && spent.Cpu <= _longest.Cpu) return;
        lock (_lock)
        {
            if (spent.Cpu > _longest.Cpu) _longest = spent;
            if (spent.Cpu > threshold && _stalls.Count < StallsKept) _stalls.Add(spent);
        }
    }
}

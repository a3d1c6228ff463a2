using System.Diagnostics;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// Measures how long the loop thread works between two waits, in CPU time where the system tells it (a thread that was not scheduled is not stalled by us), so
/// that a test can state a bound on pauses. Costs two system calls per iteration, hence an option.
internal sealed class StallDetector(TimeSpan threshold)
{
    private readonly long _thresholdNs = (long)threshold.TotalNanoseconds;
    private long _startedNs;
    private long _maxNs;
    private long _stalls;
    private long _iterations;

    public TimeSpan Longest => TimeSpan.FromMicroseconds(Volatile.Read(ref _maxNs) / 1000.0);

    /// Iterations above the threshold.
    public long Stalls => Volatile.Read(ref _stalls);

    public long Iterations => Volatile.Read(ref _iterations);

    public void Reset()
    {
        Volatile.Write(ref _maxNs, 0);
        Volatile.Write(ref _stalls, 0);
        Volatile.Write(ref _iterations, 0);
    }

    public void Begin() => _startedNs = Now();

    public void End()
    {
        var spent = Now() - _startedNs;
        Volatile.Write(ref _iterations, _iterations + 1);
        if (spent > _maxNs) Volatile.Write(ref _maxNs, spent);
        if (spent > _thresholdNs) Volatile.Write(ref _stalls, _stalls + 1);
    }

    private static long Now() => OperatingSystem.IsLinux()
        ? LinuxCalls.ThreadCpuNanoseconds()
        : (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
}

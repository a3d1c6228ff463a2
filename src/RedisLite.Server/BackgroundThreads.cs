using System.Collections.Concurrent;
using System.Diagnostics;
using RedisLite.Engine;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// The engine's jobs, on one thread a lane, each begun at the first job. A finished job goes back to the loop through the mailbox.
///
/// A snapshot takes what the loop leaves of the processors. A low priority is not enough for that: between two ticks of the system's clock (4 ms) the kernel takes no
/// processor away, and what the loop wants is one within microseconds. So the thread asks for long slices, which makes any thread that wakes up go first, and while
/// the loop has work it pauses of itself (docs/design/durability.md has the figures).
internal sealed class BackgroundThreads : IBackground, IDisposable
{
    private const int SnapshotNice = 10, SnapshotSliceNs = 100_000_000;

    /// While the loop is busy, and for a moment after, a snapshot works for so long and then pauses for so long.
    private const int WorkUs = 100, PauseUs = 300, BusyMs = 5;

    /// While the runtime's compiler is at work it is the one thread too many, and for some hundred milliseconds of the first save it is. The snapshot then keeps off nearly altogether.
    private const int CompilingPauseUs = 5000;

    private readonly Lane?[] _lanes = new Lane?[Enum.GetValues<BackgroundLane>().Length];

    /// Set before it runs.
    public ExecutorLoop Loop { get; set; } = null!;

    public void Start(BackgroundLane lane, BackgroundJob job) =>
        (_lanes[(int)lane] ??= new Lane(this, lane)).Add(job);

    public void Finish(BackgroundJob job)
    {
        foreach (var lane in _lanes) lane?.WaitFor(job);
    }

    /// After the loop has ended: running jobs are asked to end, and awaited, because they read memory that goes next.
    public void Dispose()
    {
        foreach (var lane in _lanes) lane?.Dispose();
    }

    private sealed class Lane : IDisposable
    {
        private readonly BackgroundThreads _owner;
        private readonly BlockingCollection<BackgroundJob> _jobs = [];
        private readonly Thread _thread;
        private readonly bool _yields;
        private readonly object _ended = new();
        private readonly HashSet<BackgroundJob> _open = [];
        private volatile BackgroundJob? _current;
        private volatile bool _stopping;
        private volatile bool _isAwaited;

        public Lane(BackgroundThreads owner, BackgroundLane lane)
        {
            _owner = owner;
            _yields = lane == BackgroundLane.Snapshot && OperatingSystem.IsLinux();                 // Thread.Priority does nothing there
            _thread = new Thread(Run) { Name = $"redislite-{lane.ToString().ToLowerInvariant()}", IsBackground = true };
            _thread.Start();
        }

        public void Add(BackgroundJob job)
        {
            lock (_ended) _open.Add(job);
            _jobs.Add(job);
        }

        public void WaitFor(BackgroundJob job)
        {
            _isAwaited = true;
            lock (_ended)
            {
                while (_open.Contains(job)) Monitor.Wait(_ended);
            }
            _isAwaited = false;
        }

        private void Run()
        {
            if (_yields) LinuxCalls.YieldToOthers(SnapshotNice, SnapshotSliceNs);
            foreach (var job in _jobs.GetConsumingEnumerable())
            {
                _current = job;
                if (_stopping) job.Cancel();
                try
                {
                    if (_yields) RunBesideLoop(job);
                    else job.RunToEnd();
                }
                catch (Exception bug)
                {
                    job.Bug = bug;
                }
                _current = null;
                _owner.Loop.Mailbox.Post(job.Complete);
                lock (_ended)
                {
                    _open.Remove(job);
                    Monitor.PulseAll(_ended);
                }
            }
        }

        private void RunBesideLoop(BackgroundJob job)
        {
            var (began, busyAt, phase, compiled) = (Stopwatch.GetTimestamp(), 0L, _owner.Loop.Phase, 0L);
            while (job.Step())
            {
                if (Stopwatch.GetElapsedTime(began).TotalMicroseconds < WorkUs) continue;
                if (_owner.Loop.HasWorkedSince(phase)) (busyAt, phase) = (Stopwatch.GetTimestamp(), _owner.Loop.Phase);
                if (!_isAwaited && Stopwatch.GetElapsedTime(busyAt).TotalMilliseconds < BusyMs) LinuxCalls.Pause(CompilerThread.HasCompiledSince(ref compiled) ? CompilingPauseUs : PauseUs);
                began = Stopwatch.GetTimestamp();
            }
        }

        public void Dispose()
        {
            _stopping = true;
            _current?.Cancel();
            _jobs.CompleteAdding();
            _thread.Join();
            _jobs.Dispose();
        }
    }
}

using System.Collections.Concurrent;
using RedisLite.Engine;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// The engine's jobs, on one thread a lane, each begun at the first job. A finished job goes back to the loop through the mailbox.
internal sealed class BackgroundThreads : IBackground, IDisposable
{
    private const int SnapshotNice = 10, SnapshotSliceNs = 100_000;

    private readonly Lane?[] _lanes = new Lane?[Enum.GetValues<BackgroundLane>().Length];

    /// The loop's mailbox; set before the loop runs.
    public Mailbox Mailbox { get; set; } = null!;

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

        public Lane(BackgroundThreads owner, BackgroundLane lane)
        {
            _owner = owner;
            _yields = lane == BackgroundLane.Snapshot;
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
            lock (_ended)
            {
                while (_open.Contains(job)) Monitor.Wait(_ended);
            }
        }

        private void Run()
        {
            // A snapshot takes what the loop leaves of the processors, and does not make it wait for a time slice to end. (Thread.Priority does nothing on Linux.)
            if (_yields && OperatingSystem.IsLinux()) LinuxCalls.YieldToOthers(SnapshotNice, SnapshotSliceNs);
            foreach (var job in _jobs.GetConsumingEnumerable())
            {
                _current = job;
                if (_stopping) job.Cancel();
                try
                {
                    job.RunToEnd();
                }
                catch (Exception bug)
                {
                    job.Bug = bug;
                }
                _current = null;
                _owner.Mailbox.Post(job.Complete);
                lock (_ended)
                {
                    _open.Remove(job);
                    Monitor.PulseAll(_ended);
                }
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

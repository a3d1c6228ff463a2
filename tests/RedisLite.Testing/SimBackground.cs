using RedisLite.Engine;

namespace RedisLite.Testing;

/// <summary>Background jobs that go on only when the test says so; or at once, as long as <see cref="RunsAtOnce"/>.</summary>
internal sealed class SimBackground : IBackground
{
    private readonly List<BackgroundJob> _jobs = [];

    public bool RunsAtOnce { get; set; } = true;

    public int Count => _jobs.Count;

    public void Start(BackgroundLane lane, BackgroundJob job)
    {
        _jobs.Add(job);
        if (RunsAtOnce) RunAll();
    }

    /// <summary>One step of the oldest job; false when there is none.</summary>
    public bool Step()
    {
        if (_jobs.Count == 0) return false;
        var job = _jobs[0];
        if (job.Step()) return true;
        _jobs.RemoveAt(0);
        job.Complete();
        return true;
    }

    public void RunAll()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs the oldest job to its end, off the loop. The loop hears of it when the test calls what this returns.</summary>
    public Action EndWithoutTelling()
    {
        var job = _jobs[0];
        while (job.Step())
        {
        }
        _jobs.RemoveAt(0);
        return job.Complete;
    }

    public void Finish(BackgroundJob job)
    {
        job.RunToEnd();
        _jobs.Remove(job);
    }

    /// <summary>The machine stopped.</summary>
    public void Forget() => _jobs.Clear();
}

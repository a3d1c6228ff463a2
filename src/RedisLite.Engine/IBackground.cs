namespace RedisLite.Engine;

/// <summary>Jobs of one lane run one after another; lanes run beside each other.</summary>
internal enum BackgroundLane
{
    /// <summary>Long work: snapshots.</summary>
    Snapshot,

    /// <summary>Short work that waits for the disk: fsync, deletion of files.</summary>
    Disk,
}

/// <summary>
/// Work off the loop. <see cref="Step"/> is called on another thread until it returns false, then <see cref="Complete"/> on the loop. A job sees only what it
/// was given: frozen data, its files. What the world refuses (a full disk) it keeps for then; anything it throws is our bug and ends up in
/// <see cref="Bug"/>.
/// </summary>
internal abstract class BackgroundJob
{
    private volatile bool cancelled;
    private bool completed;

    public bool IsCancelled => cancelled;

    public Exception? Bug { get; set; }

    /// <summary>Asks the job to end soon. It still completes.</summary>
    public void Cancel() => cancelled = true;

    /// <summary>Off the loop: some milliseconds of work; false when there is no more.</summary>
    public abstract bool Step();

    /// <summary>On the loop, when the work has ended; only the first call counts.</summary>
    public void Complete()
    {
        if (completed) return;
        completed = true;
        OnCompleted();
    }

    protected abstract void OnCompleted();

    /// <summary>All of it, here and now.</summary>
    public void RunToEnd()
    {
        while (Step())
        {
        }
    }
}

/// <summary>Whoever owns threads runs jobs; a simulation runs them step by step.</summary>
internal interface IBackground
{
    void Start(BackgroundLane lane, BackgroundJob job);

    /// <summary>Returns when the steps of a started job have ended.</summary>
    void Finish(BackgroundJob job);
}

/// <summary>No threads at all: a job is done when Start returns.</summary>
internal sealed class InlineBackground : IBackground
{
    public void Start(BackgroundLane lane, BackgroundJob job)
    {
        job.RunToEnd();
        job.Complete();
    }

    public void Finish(BackgroundJob job)
    {
    }
}

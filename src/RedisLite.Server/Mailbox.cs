using System.Collections.Concurrent;

namespace RedisLite.Server;

/// The way from other threads into the loop: actions posted here run on the loop thread, in order, once per iteration. A wake-up is sent only for the first
/// of several, as the loop takes all there are.
internal sealed class Mailbox(Action wake)
{
    /// More than this wait for the next iteration, so that a flood of posts cannot keep timers and replies waiting.
    private const int PerIterationMax = 4096;

    private readonly ConcurrentQueue<Action> _posted = new();
    private int _signalled;
    private bool _closed;

    public bool HasPosts => Volatile.Read(ref _signalled) != 0;

    /// False when the loop has ended: the action will not run.
    public bool Post(Action action)
    {
        if (Volatile.Read(ref _closed)) return false;
        _posted.Enqueue(action);
        if (Interlocked.Exchange(ref _signalled, 1) == 0) wake();
        return true;
    }

    /// The loop has ended; what is still posted is dropped.
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        _posted.Clear();
    }

    public void Drain()
    {
        if (Volatile.Read(ref _signalled) == 0) return;
        Interlocked.Exchange(ref _signalled, 0);
        for (var i = 0; i < PerIterationMax; i++)
        {
            if (!_posted.TryDequeue(out var action)) return;
            action();
        }
        if (!_posted.IsEmpty) Interlocked.Exchange(ref _signalled, 1);
    }
}

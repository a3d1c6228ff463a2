using RedisLite.Data.Memory;

namespace RedisLite.Server;

/// A thread that touches memory shortly before the executor allocates from it: the first touch of a huge page may take milliseconds, which
/// here nobody waits for. It sleeps while the data set does not grow.
internal sealed class PageToucher : IDisposable
{
    private readonly Arena _arena;
    private readonly AutoResetEvent _wanted = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;

    public PageToucher(Arena arena)
    {
        _arena = arena;
        _thread = new Thread(Run) { Name = "redislite-pages", IsBackground = true };
        _thread.Start();
        arena.PagesWanted = () => _wanted.Set();
    }

    /// After the executor has ended.
    public void Dispose()
    {
        _arena.PagesWanted = null;
        _stopping = true;
        _wanted.Set();
        _thread.Join();
        _wanted.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            _wanted.WaitOne();
            _arena.PreparePages();
        }
    }
}

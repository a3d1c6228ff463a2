namespace RedisLite.Data.Memory;

/// <summary>A stack of handles kept in the arena itself, so that millions of deferred frees never burden the GC.</summary>
internal sealed class HandleStack(Arena arena)
{
    private const int BlockBytes = 4096;
    private const int PerBlock = (BlockBytes / 8) - 1;

    private ulong _block;
    private int _inBlock;

    public long Count { get; private set; }

    public void Push(ulong handle)
    {
        if (_block == 0 || _inBlock == PerBlock)
        {
            var added = arena.Alloc(BlockBytes);
            arena.Words(added)[0] = _block;
            _block = added;
            _inBlock = 0;
        }
        arena.Words(_block)[++_inBlock] = handle;
        Count++;
    }

    public bool TryPop(out ulong handle)
    {
        handle = 0;
        if (_block == 0) return false;
        handle = arena.Words(_block)[_inBlock--];
        Count--;
        if (_inBlock > 0) return true;

        var emptied = _block;
        _block = arena.Words(emptied)[0];
        _inBlock = _block == 0 ? 0 : PerBlock;
        arena.Free(emptied);
        return true;
    }
}

namespace RedisLite.Lua;

// The memory limit. The .NET collector does not say what one script holds, so the meter counts what is allocated and, whenever
// that passes a threshold, asks the runtime to walk everything reachable and measure it. Live bytes above the limit are an error;
// otherwise the threshold moves so far up that the walks stay a small part of the work.
internal sealed class Meter
{
    internal const int StringBytes = 64;
    internal const int TableBytes = 96;
    internal const int NodeBytes = 40;
    internal const int ClosureBytes = 56;
    internal const int BoxBytes = 40;

    private readonly Limits _limits;
    private readonly Func<long> _measure;
    private long _allocated;        // since the last measurement
    private long _live;             // at the last measurement
    private long _threshold;

    internal Meter(Limits limits, Func<long> measure)
    {
        _limits = limits;
        _measure = measure;
        _threshold = Headroom(0);
    }

    /// <summary>An estimate without a walk.</summary>
    internal long Estimate => _live + _allocated;

    internal void Charge(long bytes)
    {
        _allocated += bytes;
        if (_allocated > _threshold) Settle(bytes);
    }

    /// <summary>Refuses one block that cannot fit, before it is allocated.</summary>
    internal void Reserve(long bytes)
    {
        if (bytes > Limits.StringBytes || bytes > _limits.MemoryBytes) throw OutOfMemory();
        if (bytes > _threshold - _allocated) Settle(bytes);
    }

    internal long Measure()
    {
        _live = _measure();
        _allocated = 0;
        _threshold = Headroom(_live);
        return _live;
    }

    internal static LuaError OutOfMemory() => new(LuaValue.Of("not enough memory"));

    private void Settle(long request)
    {
        Measure();
        if (_live + request > _limits.MemoryBytes) throw OutOfMemory();
    }

    private long Headroom(long live) => Math.Max(Math.Max(_limits.MemoryBytes - live, _limits.MemoryBytes / 8), 64 * 1024);
}

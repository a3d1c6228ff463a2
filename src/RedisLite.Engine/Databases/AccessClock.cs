using RedisLite.Data;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Databases;

/// <summary>
/// The 24 access bits of a record. Under an LRU policy (and without a policy) they are the low bits of the seconds since the epoch;
/// under LFU, 16 bits of minutes and an 8-bit logarithmic counter, as Redis keeps them.
/// </summary>
internal sealed class AccessClock(ServerConfig config, Random random)
{
    private const uint Mask = 0xFFFFFF;
    private const int LfuInitial = 5;

    private bool Lfu => config.MaxmemoryPolicy is MaxmemoryPolicy.AllkeysLfu or MaxmemoryPolicy.VolatileLfu;

    public static uint LruNow(long nowMs) => (uint)(nowMs / 1000) & Mask;

    public uint Initial(long nowMs) => Lfu ? (Minutes(nowMs) << 8) | LfuInitial : LruNow(nowMs);

    /// <summary>The key is used.</summary>
    public void Touch(Entry entry, long nowMs)
    {
        if (!Lfu) entry.Access = LruNow(nowMs);
        else entry.Access = (Minutes(nowMs) << 8) | Increment(Decayed(entry.Access, nowMs));
    }

    public static long IdleMs(uint access, long nowMs)
    {
        var now = LruNow(nowMs);
        return (now >= access ? now - access : now + (Mask - access)) * 1000L;
    }

    public static uint FromIdle(long idleMs, long nowMs) => (uint)Math.Max(0, (nowMs - idleMs) / 1000) & Mask;

    public static uint FromFrequency(int frequency, long nowMs) => (Minutes(nowMs) << 8) | (uint)Math.Clamp(frequency, 0, 255);

    /// <summary>The LFU counter with the decay of the time since its last use taken off.</summary>
    public uint Decayed(uint access, long nowMs)
    {
        var counter = access & 0xFF;
        var decayMinutes = config.LfuDecayTime;
        if (decayMinutes == 0) return counter;
        var last = access >> 8;
        var now = Minutes(nowMs);
        var elapsed = now >= last ? now - last : 65535 - last + now;
        var periods = elapsed / (uint)decayMinutes;
        return periods > counter ? 0 : counter - periods;
    }

    private uint Increment(uint counter)
    {
        if (counter == 255) return counter;
        var basis = counter > LfuInitial ? counter - LfuInitial : 0;
        return random.NextDouble() < 1.0 / ((basis * config.LfuLogFactor) + 1) ? counter + 1 : counter;
    }

    private static uint Minutes(long nowMs) => (uint)(nowMs / 60000) & 0xFFFF;
}

namespace RedisLite.Lua;

/// <summary>The 48-bit linear congruential generator behind math.random in Redis: same sequence for the same seed, everywhere.</summary>
internal sealed class Random48
{
    private const ulong Multiplier = 0x5DEECE66D;
    private const ulong Increment = 0xB;
    private const ulong Mask = (1UL << 48) - 1;
    internal const int Max = int.MaxValue;

    private ulong _state = 0x1234ABCD330E;

    internal void Seed(int seed) => _state = ((ulong)(uint)seed << 16) | 0x330E;

    /// <summary>31 random bits.</summary>
    internal int Next()
    {
        _state = ((_state * Multiplier) + Increment) & Mask;
        return (int)(_state >> 17);
    }

    /// <summary>In [0, 1).</summary>
    internal double NextDouble() => (double)(Next() % Max) / Max;
}

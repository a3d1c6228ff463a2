namespace RedisLite.Engine.Durability;

/// <summary>
/// key-load-delay and rdb-key-save-delay, with which tests make loading and saving slow: microseconds a key, or when negative, a shortest sleep every so many keys
/// (each sleep takes the system far longer than a microsecond).
/// </summary>
internal sealed class KeyDelay(IProcessFacts process)
{
    private long keys;

    public void Sleep(int setting)
    {
        if (setting < 0) setting = ++keys % -(long)setting == 0 ? 1 : 0;
        if (setting > 0) process.Sleep(TimeSpan.FromMicroseconds(setting));
    }
}

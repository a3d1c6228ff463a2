using RedisLite.Data;
using RedisLite.Engine.Databases;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Engine.Durability;

/// <summary>The engine's databases as the goal of a file that is read.</summary>
internal sealed class LoadTarget(Engine engine, bool isAofBase) : IRdbTarget
{
    private const int EmptyKeysLogged = 10;

    private readonly KeyDelay delay = new(engine.Environment.Process);
    private int emptyKeys;

    public Keyspace? Keys(int database) => database < engine.Databases.Length ? engine.Databases[database].Keys : null;

    /// <summary>A replica, and the base of an AOF, keep expired keys: their deletion comes as a command.</summary>
    public bool IsPast(long expireAtMs) => !engine.IsReplica && !isAofBase && expireAtMs < engine.Clock.NowMs;

    public void Aux(string name, string value)
    {
        if (name == "redis-ver") engine.Log.Write(LogLevel.Notice, $"Loading RDB produced by version {value}");
        else if (name == "ctime" && long.TryParse(value, out var seconds)) engine.Log.Write(LogLevel.Notice, $"RDB age {Math.Max(0, (engine.Clock.NowMs / 1000) - seconds)} seconds");
        else if (name == "used-mem" && long.TryParse(value, out var bytes)) engine.Log.Write(LogLevel.Notice, $"RDB memory usage when created {bytes / 1048576.0:F2} Mb");
        else if (name == "aof-base" && value == "1") engine.Log.Write(LogLevel.Notice, "RDB is base AOF");
    }

    public string? Function(ReadOnlySpan<byte> source) => engine.Scripts.LoadLibrary(source, engine.Durability.Loader.Merges, out _);

    public void Empty(ReadOnlySpan<byte> key)
    {
        if (emptyKeys++ < EmptyKeysLogged) engine.Log.Write(LogLevel.Notice, $"rdb load: skipping empty key: {CommandGate.Shown(key, 128)}");
    }

    public void Loaded(int database, Entry entry, long idleSeconds, int frequency)
    {
        var now = engine.Clock.NowMs;
        if (frequency >= 0) entry.Access = AccessClock.FromFrequency(frequency, now);
        else if (idleSeconds >= 0) entry.Access = AccessClock.FromIdle(Math.Min(idleSeconds, int.MaxValue) * 1000, now);
        else entry.Access = engine.Access.Initial(now);
        delay.Sleep(engine.Config.KeyLoadDelay);
    }
}

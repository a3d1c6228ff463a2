namespace RedisLite.Engine.Durability;

/// <summary>How far a long piece of work has come: what INFO and the log tell about saving, rewriting and loading.</summary>
internal readonly record struct Progress(long Done, long Total, long ElapsedMs)
{
    public long PerSecond => ElapsedMs <= 0 ? 0 : (long)(Done * 1000.0 / ElapsedMs);

    /// <summary>-1 = nobody knows yet.</summary>
    public long SecondsLeft => Done <= 0 ? -1 : (long)((Total - Done) * (ElapsedMs / 1000.0) / Done);

    public double Percent => Total <= 0 ? 0 : Done * 100.0 / Total;
}

/// <summary>A line in the log every few seconds, as long as something takes that long.</summary>
internal sealed class ProgressLog(Engine engine)
{
    private const long EveryMs = 5000;

    private long lastMs;

    /// <summary>Called often while the work runs.</summary>
    public void Tell(long startedMs, string what, string unit, Progress keysOrBytes, long bytes)
    {
        var now = engine.Clock.NowMs;
        if (now - Math.Max(startedMs, lastMs) < EveryMs) return;
        lastMs = now;
        engine.Log.Write(LogLevel.Notice, $"{what}: {keysOrBytes.Percent:F1}% ({keysOrBytes.Done} of {keysOrBytes.Total} {unit}, {bytes / 1048576.0:F1} Mb), "
            + $"{keysOrBytes.PerSecond} {unit}/s, about {keysOrBytes.SecondsLeft} seconds left");
    }
}

using RedisLite.Engine.Peers;
using RedisLite.Persistence;

namespace RedisLite.Engine;

internal enum LogLevel
{
    Debug,
    Verbose,
    Notice,
    Warning,

    /// <summary>A level to filter by that no line has.</summary>
    Nothing,
}

/// <summary>Where log lines go. Level filtering (loglevel) is done by the implementation.</summary>
internal interface IEngineLog
{
    void Write(LogLevel level, string message);
}

/// <summary>Facts about the process around the engine. A simulation answers with constants.</summary>
internal interface IProcessFacts
{
    int ProcessId { get; }

    string ExecutablePath { get; }

    string ConfigFile { get; }

    /// <summary>TCP port that is really bound (the configured one may be 0 = ephemeral in tests).</summary>
    int Port { get; }

    /// <summary>Resident set size in bytes.</summary>
    long ResidentBytes { get; }

    /// <summary>Physical memory of the machine in bytes.</summary>
    long SystemMemoryBytes { get; }

    (double System, double User, double MainThreadSystem, double MainThreadUser) CpuSeconds { get; }

    string OperatingSystem { get; }

    /// <summary>Do nothing for so long, clients waiting (DEBUG SLEEP).</summary>
    void Sleep(TimeSpan time);

    /// <summary>End the process (or the embedded instance). Called by SHUTDOWN after everything is saved.</summary>
    void Exit(int code);

    /// <summary>End the process as a fault would, at once (DEBUG SEGFAULT).</summary>
    void Crash();
}

internal delegate void SecretSource(Span<byte> destination);

/// <summary>
/// Everything the engine takes from outside (house rule 7). With the same environment and the same requests it gives the
/// same replies and the same effects.
/// </summary>
internal sealed record EngineEnvironment(TimeProvider Time, Random Random, IStorage Storage, IEngineLog Log, IProcessFacts Process)
{
    /// <summary>Where long work goes; without threads it is done at once.</summary>
    public IBackground Background { get; init; } = new InlineBackground();

    /// <summary>How other servers are reached.</summary>
    public IPeers Peers { get; init; } = new NoPeers();

    /// <summary>Bytes that nobody can guess, for passwords; what a seed gives otherwise.</summary>
    public SecretSource FillSecret { get; init; } = Random.NextBytes;
}

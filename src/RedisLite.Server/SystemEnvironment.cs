using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using EngineLogLevel = RedisLite.Engine.LogLevel;
using HostLogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace RedisLite.Server;

/// The engine's log lines on a host's logger, filtered by the loglevel directive.
internal sealed class EngineLog(ILogger logger, ServerConfig config) : IEngineLog
{
    public void Write(EngineLogLevel level, string message)
    {
        if ((int)level < (int)config.Loglevel) return;
        var hostLevel = level switch
        {
            EngineLogLevel.Debug => HostLogLevel.Trace,
            EngineLogLevel.Verbose => HostLogLevel.Debug,
            EngineLogLevel.Notice => HostLogLevel.Information,
            _ => HostLogLevel.Warning,
        };
        logger.Log(hostLevel, "{Message}", message);
    }
}

/// What the engine may know about its process. Asked on the loop thread only, by INFO and the like, never per request.
internal sealed class ProcessFacts(ServerConfig config, Func<int> port, Action<int> exit) : IProcessFacts
{
    private const double ClockTicksPerSecond = 100;

    public int ProcessId => Environment.ProcessId;

    public string ExecutablePath => Environment.ProcessPath ?? "";

    public string ConfigFile => config.ConfigFile;

    public int Port => port();

    public long ResidentBytes => Environment.WorkingSet;

    public long SystemMemoryBytes { get; } = ReadSystemMemory();

    public (double System, double User, double MainThreadSystem, double MainThreadUser) CpuSeconds
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            var (threadSystem, threadUser) = ReadThreadCpu();
            return (process.PrivilegedProcessorTime.TotalSeconds, process.UserProcessorTime.TotalSeconds, threadSystem, threadUser);
        }
    }

    public string OperatingSystem { get; } = DescribeSystem();

    public void Sleep(TimeSpan time) => Thread.Sleep(time);

    public void Exit(int code) => exit(code);

    public void Crash() => Environment.FailFast("DEBUG");

    private static long ReadSystemMemory()
    {
        if (!System.OperatingSystem.IsLinux() || !File.Exists("/proc/meminfo")) return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var words = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// Fields 14 and 15 of the calling thread's stat line, counted behind the name in brackets.
    private static (double System, double User) ReadThreadCpu()
    {
        if (!System.OperatingSystem.IsLinux() || !File.Exists("/proc/thread-self/stat")) return (0, 0);
        var line = File.ReadAllText("/proc/thread-self/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[12], CultureInfo.InvariantCulture) / ClockTicksPerSecond, long.Parse(fields[11], CultureInfo.InvariantCulture) / ClockTicksPerSecond);
    }

    private static string DescribeSystem()
    {
        if (!System.OperatingSystem.IsLinux()) return RuntimeInformation.OSDescription;
        var machine = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x86_64",
            Architecture.Arm64 => "aarch64",
            var other => other.ToString().ToLowerInvariant(),
        };
        var release = File.Exists("/proc/sys/kernel/osrelease") ? File.ReadAllText("/proc/sys/kernel/osrelease").Trim() : Environment.OSVersion.Version.ToString();
        return $"Linux {release} {machine}";
    }
}

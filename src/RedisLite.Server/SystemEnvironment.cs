using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server.Transports;
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
    /// The resident size is read from a file, which takes longer than all else that INFO does; as in redis-server it is read ten times a second at most.
    private const int ResidentPeriodMs = 100;

    /// Thread.Sleep takes whole milliseconds, and of less than one makes no sleep at all (rdb-key-save-delay, key-load-delay).
    private static readonly TimeSpan FineSleep = TimeSpan.FromMilliseconds(10);

    private long _residentBytes;
    private long _residentReadMs = -ResidentPeriodMs;

    public int ProcessId => Environment.ProcessId;

    public string ExecutablePath => Environment.ProcessPath ?? "";

    public string ConfigFile => config.ConfigFile;

    public int Port => port();

    public long ResidentBytes
    {
        get
        {
            var now = Environment.TickCount64;
            if (now - _residentReadMs < ResidentPeriodMs) return _residentBytes;
            _residentReadMs = now;
            return _residentBytes = Environment.WorkingSet;
        }
    }

    public long SystemMemoryBytes { get; } = ReadSystemMemory();

    public (double System, double User, double MainThreadSystem, double MainThreadUser) CpuSeconds
    {
        get
        {
            if (System.OperatingSystem.IsLinux())
            {
                var (system, user) = LinuxCalls.CpuSeconds(ofThread: false);
                var (threadSystem, threadUser) = LinuxCalls.CpuSeconds(ofThread: true);
                return (system, user, threadSystem, threadUser);
            }
            using var process = Process.GetCurrentProcess();
            return (process.PrivilegedProcessorTime.TotalSeconds, process.UserProcessorTime.TotalSeconds, 0, 0);
        }
    }

    public string OperatingSystem { get; } = DescribeSystem();

    public void Sleep(TimeSpan time)
    {
        if (System.OperatingSystem.IsLinux() && time < FineSleep) LinuxCalls.Pause((int)time.TotalMicroseconds);
        else Thread.Sleep(time);
    }

    public void Exit(int code) => exit(code);

    public void Crash() => Environment.FailFast("DEBUG");

    private static long ReadSystemMemory()
    {
        if (!System.OperatingSystem.IsLinux() || !File.Exists("/proc/meminfo")) return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var words = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
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

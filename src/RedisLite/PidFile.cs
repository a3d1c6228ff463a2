using System.Globalization;
using RedisLite.Engine.Config;
using RedisLite.Server;

namespace RedisLite;

/// <summary>pidfile: written once the server listens, removed when it ends. Failing to write it is worth a line, not a refusal.</summary>
internal static class PidFile
{
    /// <summary>A detached server has one even if none is named, as Redis does.</summary>
    private const string DefaultPath = "/var/run/redis.pid";

    public static void Write(ServerConfig config, Action<string> warn)
    {
        if (config.Pidfile.Length == 0 && config.Daemonize) config.Set("pidfile", DefaultPath);
        if (config.Pidfile.Length == 0) return;
        try
        {
            File.WriteAllText(PathOf(config), Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn("Failed to write PID file: " + e.Message);
        }
    }

    public static bool TryRemove(ServerConfig config)
    {
        if (config.Pidfile.Length == 0 || !File.Exists(PathOf(config))) return false;
        try
        {
            File.Delete(PathOf(config));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string PathOf(ServerConfig config) => WorkingDirectory.Resolve(config, config.Pidfile);
}

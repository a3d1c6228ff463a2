using RedisLite.Engine.Config;

namespace RedisLite.Server;

/// <summary>
/// The directive dir. Redis changes the directory of the process; several servers in one process cannot, so dir is kept as the full
/// path of a directory that exists, and relative names of other directives are resolved against it.
/// </summary>
internal static class WorkingDirectory
{
    /// <summary>Before the configuration is read: dir begins as the current directory of the process.</summary>
    public static void Attach(ServerConfig config)
    {
        config.Dir = Environment.CurrentDirectory;
        var current = config.Dir;
        config.OnChange(() =>
        {
            var path = Path.GetFullPath(config.Dir, current);
            if (!Directory.Exists(path)) return "No such file or directory";
            config.Dir = current = path;
            return null;
        }, "dir");
    }

    /// <summary>The full path of a file named by another directive.</summary>
    public static string Resolve(ServerConfig config, string path) => Path.GetFullPath(path, config.Dir.Length == 0 ? Environment.CurrentDirectory : config.Dir);
}

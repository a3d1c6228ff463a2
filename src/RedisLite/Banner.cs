using RedisLite.Engine;
using RedisLite.Engine.Config;

namespace RedisLite;

internal static class Banner
{
    /// <summary>What always-show-logo shows, and a terminal without it.</summary>
    public static string Text(ServerConfig config, int port) =>
        $"""

              .--------.     RedisLite {ServerVersion.Own}, compatible with Redis {ServerVersion.Redis}
             /________/|
             |  ||||  ||     Running in {(config.ClusterEnabled ? "cluster" : "standalone")} mode
             |  ||||  ||     Port: {port}
             |________|/      PID: {Environment.ProcessId}


        """;
}

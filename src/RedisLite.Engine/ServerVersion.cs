namespace RedisLite.Engine;

/// <summary>What the server says it is: the Redis version whose behaviour it has (clients decide by it), and its own.</summary>
internal static class ServerVersion
{
    public const string Redis = "7.2.6";

    /// <summary>(major * 65536) + (minor * 256) + patch, as scripts and RDB files see it.</summary>
    public const int RedisNumber = (7 << 16) | (2 << 8) | 6;

    public static string Own { get; } = typeof(ServerVersion).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}

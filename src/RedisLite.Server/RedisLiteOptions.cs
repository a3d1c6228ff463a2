using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace RedisLite.Server;

/// <summary>How bytes come and go.</summary>
public enum RedisLiteTransport
{
    /// <summary>Epoll on Linux, .NET sockets elsewhere.</summary>
    Auto,

    /// <summary>The loop thread waits on epoll itself. Linux only.</summary>
    Epoll,

    /// <summary>.NET sockets, on every system.</summary>
    Sockets,
}

/// <summary>What an embedder may choose. Everything of redis.conf is a directive in <see cref="Configuration"/>.</summary>
public sealed class RedisLiteOptions
{
    /// <summary>Value of <see cref="Port"/>: the system chooses a free port; ask <see cref="RedisLiteServer.Port"/>.</summary>
    public const int AnyFreePort = -1;

    /// <summary>TCP port; 0: no TCP at all; null: what <see cref="Configuration"/> says, 6379 if it says nothing.</summary>
    public int? Port { get; set; }

    /// <summary>Directives of redis.conf by name, applied in order over their defaults.</summary>
    public IList<KeyValuePair<string, string>> Configuration { get; } = [];

    /// <summary>Which transport serves TCP and Unix sockets; Auto leaves the choice to the "transport" directive.</summary>
    public RedisLiteTransport Transport { get; set; }

    /// <summary>The server's clock.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where log lines go.</summary>
    public ILogger Logger { get; set; } = NullLogger.Instance;

    /// <summary>Seed of all chance in the server; null: from the system. The same seed, clock and requests give the same replies.</summary>
    public int? Seed { get; set; }

    /// <summary>Count iterations of the loop that take more CPU time than this; null: do not measure.</summary>
    public TimeSpan? StallThreshold { get; set; }

    /// <summary>Adds one directive.</summary>
    public RedisLiteOptions Set(string directive, string value)
    {
        Configuration.Add(KeyValuePair.Create(directive, value));
        return this;
    }
}

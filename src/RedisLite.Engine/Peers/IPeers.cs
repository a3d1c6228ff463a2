namespace RedisLite.Engine.Peers;

internal enum PeerResult
{
    Ok,

    /// <summary>Refused, reset or closed by the other side.</summary>
    Failed,
    TimedOut,

    /// <summary>No address belongs to the name.</summary>
    NotFound,
}

/// <summary>
/// A conversation with another server in which the loop waits for each step (MIGRATE). No step takes longer than its timeout, whatever the other side does.
/// </summary>
internal interface IPeerLink : IDisposable
{
    /// <summary>Sends all of it.</summary>
    PeerResult Send(ReadOnlySpan<byte> bytes, int timeoutMs);

    /// <summary>Waits for at least one byte.</summary>
    PeerResult Receive(Span<byte> buffer, int timeoutMs, out int received);
}

/// <summary>Where links to other servers come from. Sockets belong to Server; a simulation connects engines.</summary>
internal interface IPeers
{
    PeerResult Connect(string host, int port, int timeoutMs, out IPeerLink? link);
}

/// <summary>An engine that stands alone.</summary>
internal sealed class NoPeers : IPeers
{
    public PeerResult Connect(string host, int port, int timeoutMs, out IPeerLink? link)
    {
        link = null;
        return PeerResult.NotFound;
    }
}

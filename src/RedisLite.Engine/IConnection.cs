namespace RedisLite.Engine;

/// <summary>What the engine may know of, and ask of, the transport behind a client.</summary>
internal interface IConnection
{
    /// <summary>"ip:port" of the peer, or the socket path with ":0" for a Unix socket.</summary>
    string RemoteAddress { get; }

    /// <summary>"ip:port" of our end.</summary>
    string LocalAddress { get; }

    /// <summary>File descriptor for CLIENT LIST, -1 where there is none.</summary>
    int FileDescriptor { get; }

    bool IsUnixSocket { get; }

    /// <summary>The peer took less than there was to send.</summary>
    bool IsWaitingToSend { get; }

    /// <summary>The client may read again: call <see cref="Engine.Process"/> for it soon, unread bytes may be waiting.</summary>
    void Resume();

    /// <summary>Give back what the input buffer has reserved beyond the unread bytes.</summary>
    void TrimInput();

    /// <summary>Close now, pending output is dropped.</summary>
    void Close();
}

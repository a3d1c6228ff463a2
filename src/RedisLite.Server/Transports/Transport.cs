using System.Net;

namespace RedisLite.Server.Transports;

/// A listener could not be had. `IsUnavailable`: the address or its protocol does not exist here, which an optional bind address forgives.
internal sealed class ListenException(string message, bool isUnavailable) : Exception(message)
{
    public bool IsUnavailable { get; } = isUnavailable;
}

/// An open door. Closing it is done on the loop thread.
internal abstract class Listener
{
    /// TCP port, 0 for a Unix socket.
    public int Port { get; protected set; }

    public abstract void Close();
}

/// How bytes come and go. A transport owns the wait of the loop thread: `Wait` sleeps until something is ready, `Dispatch` tells the connections.
/// `Wake` may be called from any thread; everything else belongs to the loop thread.
internal abstract class Transport : IDisposable
{
    public abstract string Name { get; }

    public abstract void Attach(ExecutorLoop loop);

    public abstract Listener ListenTcp(IPAddress address, int port, int backlog);

    /// `mode`: permissions of the socket file, 0 = as the umask gives.
    public abstract Listener ListenUnix(string path, int mode, int backlog);

    public abstract void Wait(int timeoutMs);

    public abstract void Dispatch();

    public abstract void Wake();

    public abstract void Dispose();
}

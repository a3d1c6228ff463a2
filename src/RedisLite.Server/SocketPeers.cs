using System.Net;
using System.Net.Sockets;
using RedisLite.Engine.Peers;

namespace RedisLite.Server;

/// Links over TCP for the engine, which waits for them: every call is bounded by its timeout. IPv4 or IPv6, whatever the name resolves to first.
internal sealed class SocketPeers : IPeers
{
    public PeerResult Connect(string host, int port, int timeoutMs, out IPeerLink? link)
    {
        link = null;
        if (!TryResolve(host, out var address)) return PeerResult.NotFound;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false };
        var result = TryConnect(socket, new IPEndPoint(address, port), timeoutMs);
        if (result == PeerResult.Ok) link = new SocketLink(socket);
        else socket.Dispose();
        return result;
    }

    private static bool TryResolve(string host, out IPAddress address)
    {
        if (IPAddress.TryParse(host, out address!)) return true;
        try
        {
            var found = Dns.GetHostAddresses(host);
            address = found.Length > 0 ? found[0] : IPAddress.None;
            return found.Length > 0;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return false;
        }
    }

    private static PeerResult TryConnect(Socket socket, IPEndPoint to, int timeoutMs)
    {
        try
        {
            socket.Connect(to);
            return PeerResult.Ok;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!socket.Poll(TimeSpan.FromMilliseconds(timeoutMs), SelectMode.SelectWrite)) return PeerResult.TimedOut;
            var error = (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            return error == SocketError.Success ? PeerResult.Ok : PeerResult.Failed;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            return PeerResult.Failed;
        }
    }

    private sealed class SocketLink(Socket socket) : IPeerLink
    {
        public PeerResult Send(ReadOnlySpan<byte> bytes, int timeoutMs)
        {
            var deadline = Environment.TickCount64 + timeoutMs;
            while (bytes.Length > 0)
            {
                var sent = socket.Send(bytes, SocketFlags.None, out var error);
                if (error is not (SocketError.Success or SocketError.WouldBlock)) return PeerResult.Failed;
                if (sent > 0)
                {
                    bytes = bytes[sent..];
                    continue;
                }
                if (!CanGoOn(SelectMode.SelectWrite, deadline)) return PeerResult.TimedOut;
            }
            return PeerResult.Ok;
        }

        public PeerResult Receive(Span<byte> buffer, int timeoutMs, out int received)
        {
            var deadline = Environment.TickCount64 + timeoutMs;
            while (true)
            {
                received = socket.Receive(buffer, SocketFlags.None, out var error);
                if (error == SocketError.Success) return received > 0 ? PeerResult.Ok : PeerResult.Failed;
                if (error != SocketError.WouldBlock) return PeerResult.Failed;
                if (!CanGoOn(SelectMode.SelectRead, deadline)) return PeerResult.TimedOut;
            }
        }

        private bool CanGoOn(SelectMode mode, long deadline)
        {
            var left = deadline - Environment.TickCount64;
            return left > 0 && socket.Poll(TimeSpan.FromMilliseconds(left), mode);
        }

        public void Dispose() => socket.Dispose();
    }
}

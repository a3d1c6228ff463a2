using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RedisLite.Engine;
using RedisLite.Protocol;

namespace RedisLite.Server.Transports;

/// .NET sockets behind the same connections, for systems without epoll. .NET only tells us when something can be done (a receive of no bytes, an accept, a send that
/// the socket did not take at once); that is posted to the loop's mailbox, and receiving and sending are then done by the loop thread without waiting, exactly
/// as with epoll. So no buffer is held for an idle connection and none changes threads. The loop thread sleeps on a semaphore.
internal sealed class SocketTransport : Transport
{
    private readonly SemaphoreSlim _wake = new(0);
    private ExecutorLoop _loop = null!;

    /// Completions then run on the thread that polls, instead of travelling through the thread pool. Read by .NET once, before its first socket.
    public static void PrepareProcess()
    {
        if (OperatingSystem.IsWindows()) return;
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT", "1");
    }

    public override string Name => "sockets";

    public override void Attach(ExecutorLoop loop) => _loop = loop;

    public override void Wait(int timeoutMs)
    {
        _wake.Wait(timeoutMs);
    }

    /// All that becomes ready comes by the mailbox.
    public override void Dispatch()
    {
    }

    public override void Wake() => _wake.Release();

    public override Listener ListenTcp(IPAddress address, int port, int backlog)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
        Bind(socket, new IPEndPoint(address, port), backlog);
        return new SocketListener(_loop, socket, path: null);
    }

    public override Listener ListenUnix(string path, int mode, int backlog)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        File.Delete(path);
        Bind(socket, new UnixDomainSocketEndPoint(path), backlog);
        if (mode != 0 && !OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)mode);
        return new SocketListener(_loop, socket, path);
    }

    private static void Bind(Socket socket, EndPoint endPoint, int backlog)
    {
        try
        {
            socket.Bind(endPoint);
            socket.Listen(backlog);
        }
        catch (SocketException problem)
        {
            socket.Dispose();
            throw new ListenException($"bind: {problem.Message}", problem.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported
                or SocketError.ProtocolNotSupported or SocketError.SocketNotSupported or SocketError.ProtocolFamilyNotSupported or SocketError.ProtocolOption);
        }
    }

    /// The semaphore is left to the collector: completions of the last sockets may still want to release it.
    public override void Dispose()
    {
    }

    private sealed class SocketListener : Listener
    {
        private readonly ExecutorLoop _loop;
        private readonly Socket _socket;
        private readonly string? _path;
        private volatile bool _closed;

        public SocketListener(ExecutorLoop loop, Socket socket, string? path)
        {
            _loop = loop;
            _socket = socket;
            _path = path;
            Port = (socket.LocalEndPoint as IPEndPoint)?.Port ?? 0;
            _ = AcceptAll();
        }

        private async Task AcceptAll()
        {
            while (!_closed)
            {
                try
                {
                    var socket = await _socket.AcceptAsync().ConfigureAwait(false);
                    _loop.Arrivals.Post(() => Start(socket));
                }
                catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
                {
                    if (_closed) return;
                    _loop.Arrivals.Post(() => _loop.Engine.Log.Write(LogLevel.Warning, $"Accepting client connection: {problem.Message}"));
                    await Task.Delay(100).ConfigureAwait(false);
                }
            }
        }

        private void Start(Socket socket)
        {
            try
            {
                socket.Blocking = false;
                if (_path == null) SetTcpOptions(socket, _loop.Engine.Config.TcpKeepalive);
                var connection = new SocketConnection(_loop, socket, _path);
                _loop.Add(connection);
                if (!connection.IsEnded) connection.OnReadable();
            }
            catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
            {
                socket.Dispose();               // gone before we looked
            }
        }

        private static void SetTcpOptions(Socket socket, int keepAliveSeconds)
        {
            socket.NoDelay = true;
            if (keepAliveSeconds == 0) return;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, keepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, keepAliveSeconds / 3));
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        }

        public override void Close()
        {
            _closed = true;
            _socket.Dispose();
            if (_path != null) File.Delete(_path);
        }
    }
}

/// A socket of the .NET transport.
internal sealed class SocketConnection : Connection
{
    private readonly Socket _socket;
    private readonly string? _unixPath;
    private readonly SocketAsyncEventArgs _input = new();
    private readonly Action _onReadable;
    private readonly Action _onWritable;
    private bool _waitsForInput;

    public SocketConnection(ExecutorLoop loop, Socket socket, string? unixPath)
        : base(loop)
    {
        _socket = socket;
        _unixPath = unixPath;
        RemoteAddress = unixPath != null ? unixPath + ":0" : Format(socket.RemoteEndPoint);
        LocalAddress = unixPath != null ? unixPath + ":0" : Format(socket.LocalEndPoint);
        _onReadable = () =>
        {
            _waitsForInput = false;
            if (!IsEnded) OnReadable();
        };
        _onWritable = () =>
        {
            if (!IsEnded) OnWritable();
        };
        _input.SetBuffer(Memory<byte>.Empty);
        _input.Completed += (_, _) => Loop.Arrivals.Post(_onReadable);
    }

    public override string RemoteAddress { get; }

    public override string LocalAddress { get; }

    public override int FileDescriptor => OperatingSystem.IsWindows() ? -1 : (int)_socket.Handle;

    public override bool IsUnixSocket => _unixPath != null;

    private static string Format(EndPoint? endPoint) => endPoint is IPEndPoint ip ? SocketAddressBytes.Format(ip.Address, ip.Port) : "?:0";

    protected override int Receive(ArraySegment<byte> area)
    {
        try
        {
            var received = _socket.Receive(area.AsSpan(), SocketFlags.None, out var error);
            if (error == SocketError.Success) return received;
            if (error != SocketError.WouldBlock) return Failed;
            WaitForInput();
            return WouldBlock;
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            return Failed;
        }
    }

    private void WaitForInput()
    {
        if (_waitsForInput) return;
        _waitsForInput = true;
        if (!_socket.ReceiveAsync(_input)) Loop.Arrivals.Post(_onReadable);
    }

    protected override long Send(OutputBuffer output)
    {
        try
        {
            var block = output.FirstBlock!;
            var sent = _socket.Send(block.Pending, SocketFlags.None, out var error);
            if (error == SocketError.Success) return sent;
            if (error != SocketError.WouldBlock) return Failed;
            _ = SendFirst(output, block.Bytes.AsSpan(block.Start, Math.Min(SliceSent, block.End - block.Start)).ToArray());
            return WouldBlock;
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            return Failed;
        }
    }

    private const int SliceSent = 16 * 1024;

    /// .NET has no "tell me when I may send" but sending: so a slice is handed to it, and when that is gone the rest follows.
    private async Task SendFirst(OutputBuffer output, byte[] slice)
    {
        var failed = false;
        try
        {
            await _socket.SendAsync(slice).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            failed = true;
        }
        Loop.Arrivals.Post(() =>
        {
            if (IsEnded) return;
            if (failed)
            {
                Fail();
                return;
            }
            output.Advance(slice.Length);
            _onWritable();
            Loop.FlushLater(this);
        });
    }

    protected override void SendRefusal(ReadOnlySpan<byte> text)
    {
        try
        {
            _socket.Send(text, SocketFlags.None, out _);
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            return;                             // it has left already
        }
    }

    protected override void CloseTransport()
    {
        try
        {
            for (var i = 0; i < 16; i++)
            {
                if (_socket.Receive(Loop.ReceiveBuffer, SocketFlags.None, out var error) <= 0 || error != SocketError.Success) break;
            }
            _socket.Shutdown(SocketShutdown.Both);      // or .NET, which has a receive pending, would reset the connection
        }
        catch (Exception problem) when (problem is SocketException or ObjectDisposedException)
        {
            // Reset by the peer: there is nothing to part from.
        }
        _socket.Dispose();
        _input.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RedisLite.Testing;

/// <summary>
/// A client that hides nothing: bytes go out as given and a reply comes back as the raw bytes the server sent.
/// It only knows where a reply ends.
/// </summary>
public sealed class RespClient : IDisposable
{
    private readonly Socket _socket;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private RespClient(Socket socket) => _socket = socket;

    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(15);

    public static RespClient Connect(int port, string host = "127.0.0.1")
    {
        var address = IPAddress.Parse(host);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        return Open(socket, new IPEndPoint(address, port));
    }

    public static RespClient ConnectUnix(string path) =>
        Open(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path));

    public int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Sends one command and returns the raw reply. A character of an argument is a byte (Latin-1).</summary>
    public byte[] Call(params string[] arguments) => Call(CommandText.Arguments(arguments));

    public byte[] Call(byte[][] arguments)
    {
        Send(arguments);
        return ReadReply();
    }

    /// <summary>The reply as text in Latin-1, for short assertions.</summary>
    public string Text(params string[] arguments) => Encoding.Latin1.GetString(Call(arguments));

    public Reply Ask(params string[] arguments) => Reply.Parse(Call(arguments));

    /// <summary>Sends all commands in one piece and returns their replies.</summary>
    public List<byte[]> Pipeline(IReadOnlyCollection<byte[][]> commands)
    {
        var wire = new MemoryStream();
        foreach (var command in commands) wire.Write(CommandText.Encode(command));
        SendRaw(wire.ToArray());
        var replies = new List<byte[]>(commands.Count);
        for (var i = 0; i < commands.Count; i++) replies.Add(ReadReply());
        return replies;
    }

    public void Send(params string[] arguments) => Send(CommandText.Arguments(arguments));

    public void Send(byte[][] arguments) => SendRaw(CommandText.Encode(arguments));

    public void SendRaw(string latin1) => SendRaw(CommandText.Bytes(latin1));

    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[_socket.Send(bytes)..];
    }

    public byte[] ReadReply(TimeSpan? timeout = null) =>
        TryReadReply(timeout ?? DefaultTimeout) ?? throw new TimeoutException("No whole reply in time; so far: " + CommandText.Escape(Pending));

    /// <summary>Null when nothing whole arrives in time; throws <see cref="EndOfStreamException"/> when the server closes.</summary>
    public byte[]? TryReadReply(TimeSpan timeout)
    {
        var deadline = DateTime.UtcNow + timeout;
        while (true)
        {
            if (_end > _start && Reply.TryParse(Pending, out _, out var length))
            {
                var reply = Pending[..length].ToArray();
                _start += length;
                return reply;
            }

            var left = deadline - DateTime.UtcNow;
            if (left <= TimeSpan.Zero || !_socket.Poll(left, SelectMode.SelectRead)) return null;
            if (!Fill()) throw new EndOfStreamException("The server closed the connection; unread: " + CommandText.Escape(Pending));
        }
    }

    /// <summary>True when the server closes the connection in time without sending anything more.</summary>
    public bool IsClosedByServer(TimeSpan? timeout = null) =>
        _start == _end && _socket.Poll(timeout ?? DefaultTimeout, SelectMode.SelectRead) && !Fill();

    public void CloseSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _socket.Dispose();

    private ReadOnlySpan<byte> Pending => _buffer.AsSpan(_start, _end - _start);

    private static RespClient Open(Socket socket, EndPoint endPoint)
    {
        try
        {
            socket.Connect(endPoint);
            return new RespClient(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool Fill()
    {
        if (_start == _end) _start = _end = 0;
        if (_end == _buffer.Length)
        {
            if (_start > 0) Pending.CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            var received = _socket.Receive(_buffer.AsSpan(_end));
            _end += received;
            return received > 0;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            return false;
        }
    }
}

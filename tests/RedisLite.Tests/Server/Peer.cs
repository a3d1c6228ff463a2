using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RedisLite.Protocol;

namespace RedisLite.Tests.Server;

/// The other end of a connection in transport tests, over a socket or a pair of pipes. Every wait ends with an exception after a while, so a broken transport fails
/// a test instead of hanging it.
internal abstract class Peer : IDisposable
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public abstract void Send(ReadOnlySpan<byte> bytes);

    /// 0 at the end.
    protected abstract int Receive(Span<byte> buffer);

    /// No more input for the server; its output can still be read.
    public abstract void EndOutput();

    public abstract void Dispose();

    public void Send(string latin1) => Send(Encoding.Latin1.GetBytes(latin1));

    /// All that arrives until the server closes.
    public byte[] ReadToEnd()
    {
        var all = new List<byte>(_buffer.AsSpan(_start, _end - _start).ToArray());
        _start = _end = 0;
        while (true)
        {
            var count = Receive(_buffer);
            if (count == 0) return [.. all];
            all.AddRange(_buffer.AsSpan(0, count));
        }
    }

    public byte[] ReadBytes(int count)
    {
        while (_end - _start < count)
        {
            if (!ReadMore()) throw new EndOfStreamException($"closed after {_end - _start} of {count} bytes");
        }
        var bytes = _buffer.AsSpan(_start, count).ToArray();
        _start += count;
        return bytes;
    }

    public RespValue ReadReply()
    {
        while (true)
        {
            if (ReplyReader.TryRead(_buffer.AsSpan(_start, _end - _start), out var value, out var consumed))
            {
                _start += consumed;
                return value;
            }
            if (!ReadMore()) throw new EndOfStreamException("closed inside a reply");
        }
    }

    public RespValue Call(params string[] arguments)
    {
        Send(Encode([.. arguments.Select(Encoding.Latin1.GetBytes)]));
        return ReadReply();
    }

    public static byte[] Encode(params byte[][] arguments)
    {
        var output = new ReplyWriter(new OutputBuffer());
        output.Array(arguments.Length);
        foreach (var argument in arguments) output.Bulk(argument);
        return output.Output.ToArray();
    }

    private bool ReadMore()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var count = Receive(_buffer.AsSpan(_end));
        _end += count;
        return count > 0;
    }

    public static SocketPeer Tcp(int port, string host = "127.0.0.1")
    {
        var address = IPAddress.Parse(host);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(new IPEndPoint(address, port));
        return new SocketPeer(socket);
    }

    public static SocketPeer Unix(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return new SocketPeer(socket);
    }

    internal sealed class SocketPeer : Peer
    {
        public SocketPeer(Socket socket)
        {
            Socket = socket;
            socket.ReceiveTimeout = socket.SendTimeout = (int)Patience.TotalMilliseconds;
        }

        public Socket Socket { get; }

        public override void Send(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0) bytes = bytes[Socket.Send(bytes)..];
        }

        protected override int Receive(Span<byte> buffer) => Socket.Receive(buffer);

        public override void EndOutput() => Socket.Shutdown(SocketShutdown.Send);

        /// Leaves with a reset instead of a goodbye.
        public void Abort()
        {
            Socket.LingerState = new LingerOption(true, 0);
            Socket.Dispose();
        }

        public override void Dispose() => Socket.Dispose();
    }

    internal sealed class PipePeer(IDuplexPipe pipe) : Peer
    {
        public override void Send(ReadOnlySpan<byte> bytes)
        {
            pipe.Output.Write(bytes);
            if (!pipe.Output.FlushAsync().AsTask().Wait(Patience)) throw new TimeoutException("the server does not read");
        }

        protected override int Receive(Span<byte> buffer)
        {
            var read = pipe.Input.ReadAsync().AsTask();
            if (!read.Wait(Patience)) throw new TimeoutException("the server does not reply");
            var size = (int)Math.Min(read.Result.Buffer.Length, buffer.Length);
            var part = read.Result.Buffer.Slice(0, size);
            part.CopyTo(buffer);
            pipe.Input.AdvanceTo(part.End);
            return size;
        }

        public override void EndOutput() => pipe.Output.Complete();

        public override void Dispose()
        {
            pipe.Output.Complete();
            pipe.Input.Complete();
        }
    }
}

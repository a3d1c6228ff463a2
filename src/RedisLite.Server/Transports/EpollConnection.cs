using System.Runtime.InteropServices;
using RedisLite.Protocol;

namespace RedisLite.Server.Transports;

/// A socket of the epoll transport.
internal sealed unsafe class EpollConnection(ExecutorLoop loop, EpollTransport transport, int fd, string remote, string? unixPath) : Connection(loop)
{
    private const int VectorsMax = 64;
    private const int LastReadsMax = 16;

    private string? _local;
    private bool _hungUp;

    public override string RemoteAddress => remote;

    public override string LocalAddress => _local ??= unixPath != null ? unixPath + ":0" : ReadLocalAddress();

    public override int FileDescriptor => fd;

    public override bool IsUnixSocket => unixPath != null;

    /// New bytes raise a new edge, so a short receive need not be followed by one that would block; but the end of the input raises none of its own.
    protected override bool ShortReceiveMayHaveMore => _hungUp;

    public void OnEvent(uint flags)
    {
        if ((flags & LinuxCalls.EpollOut) != 0) OnWritable();
        const uint input = LinuxCalls.EpollIn | LinuxCalls.EpollReadHangUp | LinuxCalls.EpollHangUp | LinuxCalls.EpollError;
        if ((flags & input) == 0) return;
        if ((flags & ~(LinuxCalls.EpollIn | LinuxCalls.EpollOut)) != 0) _hungUp = true;
        OnReadable();
    }

    protected override int Receive(ArraySegment<byte> area)
    {
        while (true)
        {
            nint received;
            fixed (byte* at = &area.Array![area.Offset]) received = LinuxCalls.Receive(fd, at, (nuint)area.Count, 0);
            if (received >= 0) return (int)received;
            var error = Marshal.GetLastSystemError();
            if (error == LinuxCalls.Eagain) return WouldBlock;
            if (error != LinuxCalls.Eintr) return Failed;
        }
    }

    /// The last reply waits for the end that follows it, so that both arrive in one packet.
    private int SendFlags => Client!.CloseAfterReply ? LinuxCalls.MsgNoSignal | LinuxCalls.MsgMore : LinuxCalls.MsgNoSignal;

    protected override long Send(OutputBuffer output)
    {
        while (true)
        {
            var first = output.FirstBlock!;
            var sent = first.Next == null ? SendBlock(first) : SendChain(first);
            if (sent >= 0) return sent;
            var error = Marshal.GetLastSystemError();
            if (error == LinuxCalls.Eagain) return WouldBlock;
            if (error != LinuxCalls.Eintr) return Failed;
        }
    }

    private long SendBlock(OutputBlock block)
    {
        fixed (byte* at = block.Pending) return LinuxCalls.Send(fd, at, (nuint)(block.End - block.Start), SendFlags);
    }

    /// The arrays of blocks are pinned for life, so their addresses may be kept during the call.
    private long SendChain(OutputBlock? block)
    {
        var vectors = stackalloc LinuxCalls.IoVector[VectorsMax];
        var count = 0;
        for (; block != null && count < VectorsMax; block = block.Next)
        {
            if (block.Start == block.End) continue;
            vectors[count].Base = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(block.Bytes, block.Start);
            vectors[count].Length = (nuint)(block.End - block.Start);
            count++;
        }
        var message = new LinuxCalls.MessageHeader { Vectors = vectors, VectorCount = (nuint)count };
        return LinuxCalls.SendMessage(fd, &message, SendFlags);
    }

    protected override void SendRefusal(ReadOnlySpan<byte> text)
    {
        fixed (byte* at = text) _ = LinuxCalls.Send(fd, at, (nuint)text.Length, LinuxCalls.MsgNoSignal);
    }

    protected override void EndSending() => _ = LinuxCalls.Shutdown(fd, LinuxCalls.ShutWrite);

    /// Closing a socket with unread input resets it, and a reset can overtake the last reply on its way to the peer: so the input is read away first, within bounds.
    protected override void CloseTransport()
    {
        fixed (byte* at = Loop.ReceiveBuffer)
        {
            for (var i = 0; i < LastReadsMax; i++)
            {
                if (LinuxCalls.Receive(fd, at, ExecutorLoop.ReceiveBufferSize, 0) <= 0) break;
            }
        }
        transport.Release(fd);
    }

    private string ReadLocalAddress()
    {
        var address = stackalloc byte[SocketAddressBytes.SizeMax];
        uint length = SocketAddressBytes.SizeMax;
        return LinuxCalls.GetSocketName(fd, address, &length) == 0 ? SocketAddressBytes.Format(new ReadOnlySpan<byte>(address, (int)length)) : "?:0";
    }
}

using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using RedisLite.Engine;

namespace RedisLite.Server.Transports;

/// Linux: readiness straight from epoll, on the thread that also runs the commands.
///
/// Connections are registered once, edge-triggered, for input, output and hang-up, so the set is never changed afterwards: an event says that something became
/// possible, the connection remembers it until a call says "would block". Listeners are level-triggered, as accepting is bounded per iteration. The data of
/// an event is fd and generation: an fd is reused as soon as it is closed, and a stale event of the same batch must not reach its new owner.
internal sealed unsafe class EpollTransport : Transport
{
    private const int EventsMax = 512;
    private const int AcceptsPerTurn = 256;
    private const int BackOffMs = 100;
    private const int RestLogPeriodMs = 5000;
    private const int WakeMark = -1;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte* _events;
    private readonly List<EpollListener> _resting = [];
    private ExecutorLoop _loop = null!;
    private Slot[] _slots = new Slot[256];
    private int _generation;
    private int _eventCount;
    private int _nextEvent;
    private readonly Lock _wakeLock = new();
    private bool _disposed;
    private long _lastRestLogged = -RestLogPeriodMs;

    /// Who owns an fd.
    private struct Slot
    {
        public int Generation;
        public object? Owner;
    }

    public EpollTransport()
    {
        _epoll = LinuxCalls.EpollCreate(LinuxCalls.EpollCloseOnExec);
        if (_epoll < 0) throw new IOException($"epoll_create1: {LinuxCalls.ErrorText(Marshal.GetLastSystemError())}");
        _wake = LinuxCalls.EventFd(0, LinuxCalls.EventNonBlock | LinuxCalls.EventCloseOnExec);
        if (_wake < 0) throw new IOException($"eventfd: {LinuxCalls.ErrorText(Marshal.GetLastSystemError())}");
        _events = (byte*)NativeMemory.Alloc((nuint)(EventsMax * LinuxCalls.EpollEventSize));
        Control(LinuxCalls.EpollAdd, _wake, LinuxCalls.EpollIn | LinuxCalls.EpollEdge, WakeMark);
    }

    public override string Name => "epoll";

    public override void Attach(ExecutorLoop loop) => _loop = loop;

    // ---- waiting and dispatching ----

    public override void Wait(int timeoutMs)
    {
        if (_resting.Count > 0) timeoutMs = Math.Min(timeoutMs, BackOffMs);
        _nextEvent = 0;
        _eventCount = LinuxCalls.EpollWait(_epoll, _events, EventsMax, timeoutMs);
    }

    /// An event may lead back here (a script that others are served in): the inner call takes the rest of the batch, and may wait for another.
    public override void Dispatch()
    {
        if (_resting.Count > 0) EndRests();
        while (_nextEvent < _eventCount)
        {
            var at = _events + _nextEvent++ * LinuxCalls.EpollEventSize;
            var flags = *(uint*)at;
            var data = *(ulong*)(at + LinuxCalls.EpollEventSize - sizeof(ulong));
            var fd = (int)(data & uint.MaxValue);
            if ((int)(data >> 32) == WakeMark)
            {
                ulong count;
                _ = LinuxCalls.Read(_wake, &count, sizeof(ulong));
                continue;
            }
            ref var slot = ref _slots[fd];
            if (slot.Generation != (int)(data >> 32)) continue;
            if (slot.Owner is EpollConnection connection) connection.OnEvent(flags);
            else if (slot.Owner is EpollListener listener) Accept(listener);
        }
    }

    /// Locked against Dispose, as the number of a closed fd may soon mean something else.
    public override void Wake()
    {
        ulong one = 1;
        lock (_wakeLock)
        {
            if (!_disposed) _ = LinuxCalls.Write(_wake, &one, sizeof(ulong));
        }
    }

    private int Control(int operation, int fd, uint events, int generation)
    {
        var @event = stackalloc byte[16];
        *(uint*)@event = events;
        *(ulong*)(@event + LinuxCalls.EpollEventSize - sizeof(ulong)) = ((ulong)(uint)generation << 32) | (uint)fd;
        return LinuxCalls.EpollControl(_epoll, operation, fd, @event);
    }

    private int Own(int fd, object owner)
    {
        if (fd >= _slots.Length) Array.Resize(ref _slots, Math.Max(fd + 1, _slots.Length * 2));
        _generation = _generation == int.MaxValue ? 1 : _generation + 1;
        _slots[fd] = new Slot { Owner = owner, Generation = _generation };
        return _generation;
    }

    /// Closes an fd; events for it that are still in this batch are void.
    internal void Release(int fd)
    {
        _slots[fd] = default;
        _ = LinuxCalls.Close(fd);
    }

    // ---- accepting ----

    private void Accept(EpollListener listener)
    {
        var address = stackalloc byte[SocketAddressBytes.SizeMax];
        for (var i = 0; i < AcceptsPerTurn; i++)
        {
            uint length = SocketAddressBytes.SizeMax;
            var fd = LinuxCalls.Accept(listener.Fd, address, &length, LinuxCalls.SockNonBlock | LinuxCalls.SockCloseOnExec);
            if (fd < 0)
            {
                var error = Marshal.GetLastSystemError();
                if (error == LinuxCalls.Eagain) return;
                if (error is LinuxCalls.Emfile or LinuxCalls.Enfile or LinuxCalls.Enobufs or LinuxCalls.Enomem)
                {
                    Rest(listener, error);
                    return;
                }
                continue;
            }
            Start(fd, listener, new ReadOnlySpan<byte>(address, (int)length));
        }
    }

    private void Start(int fd, EpollListener listener, ReadOnlySpan<byte> peer)
    {
        var isUnix = listener.Path != null;
        if (!isUnix) SetTcpOptions(fd, _loop.Engine.Config.TcpKeepalive);
        var connection = new EpollConnection(_loop, this, fd, isUnix ? listener.Path + ":0" : SocketAddressBytes.Format(peer), listener.Path);
        var generation = Own(fd, connection);
        const uint all = LinuxCalls.EpollIn | LinuxCalls.EpollOut | LinuxCalls.EpollReadHangUp | LinuxCalls.EpollEdge;
        if (Control(LinuxCalls.EpollAdd, fd, all, generation) < 0)
        {
            _loop.Engine.Log.Write(LogLevel.Warning, $"Cannot watch a new connection: {LinuxCalls.ErrorText(Marshal.GetLastSystemError())}");
            Release(fd);
            return;
        }
        _loop.Add(connection);
    }

    private static void SetTcpOptions(int fd, int keepAliveSeconds)
    {
        LinuxCalls.SetOption(fd, LinuxCalls.ProtocolTcp, LinuxCalls.TcpNoDelay, 1);
        if (keepAliveSeconds == 0) return;
        LinuxCalls.SetOption(fd, LinuxCalls.SolSocket, LinuxCalls.SoKeepAlive, 1);
        LinuxCalls.SetOption(fd, LinuxCalls.ProtocolTcp, LinuxCalls.TcpKeepIdle, keepAliveSeconds);
        LinuxCalls.SetOption(fd, LinuxCalls.ProtocolTcp, LinuxCalls.TcpKeepInterval, Math.Max(1, keepAliveSeconds / 3));
        LinuxCalls.SetOption(fd, LinuxCalls.ProtocolTcp, LinuxCalls.TcpKeepCount, 3);
    }

    /// No fd or memory is left: a level-triggered listener would fire at once again, so it is taken out of the set for a while.
    private void Rest(EpollListener listener, int error)
    {
        var now = Environment.TickCount64;
        if (now - _lastRestLogged >= RestLogPeriodMs)
        {
            _lastRestLogged = now;
            _loop.Engine.Log.Write(LogLevel.Warning, $"Accepting client connection: {LinuxCalls.ErrorText(error)}");
        }
        Control(LinuxCalls.EpollModify, listener.Fd, 0, listener.Generation);
        listener.RestsUntil = now + BackOffMs;
        _resting.Add(listener);
    }

    private void EndRests()
    {
        var now = Environment.TickCount64;
        for (var i = _resting.Count - 1; i >= 0; i--)
        {
            var listener = _resting[i];
            if (listener.RestsUntil > now) continue;
            _resting.RemoveAt(i);
            Control(LinuxCalls.EpollModify, listener.Fd, LinuxCalls.EpollIn, listener.Generation);
        }
    }

    // ---- listening ----

    public override Listener ListenTcp(IPAddress address, int port, int backlog)
    {
        var bytes = SocketAddressBytes.Of(address, port);
        var v6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var fd = OpenSocket(v6 ? LinuxCalls.AfInet6 : LinuxCalls.AfInet);
        if (v6) LinuxCalls.SetOption(fd, LinuxCalls.ProtocolIpv6, LinuxCalls.Ipv6Only, 1);
        LinuxCalls.SetOption(fd, LinuxCalls.SolSocket, LinuxCalls.SoReuseAddr, 1);
        BindAndListen(fd, bytes, backlog);

        var bound = stackalloc byte[SocketAddressBytes.SizeMax];
        uint length = SocketAddressBytes.SizeMax;
        _ = LinuxCalls.GetSocketName(fd, bound, &length);
        return Register(new EpollListener(this, fd, SocketAddressBytes.PortOf(new ReadOnlySpan<byte>(bound, (int)length)), path: null));
    }

    public override Listener ListenUnix(string path, int mode, int backlog)
    {
        var bytes = SocketAddressBytes.OfUnix(path);
        var fd = OpenSocket(LinuxCalls.AfUnix);
        Unlink(path);
        BindAndListen(fd, bytes, backlog);
        if (mode != 0)
        {
            fixed (byte* name = bytes) _ = LinuxCalls.ChangeMode(name + 2, (uint)mode);
        }
        return Register(new EpollListener(this, fd, port: 0, path));
    }

    internal static void Unlink(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0')) _ = LinuxCalls.Unlink(name);
    }

    private static int OpenSocket(int family)
    {
        var fd = LinuxCalls.Socket(family, LinuxCalls.SockStream | LinuxCalls.SockNonBlock | LinuxCalls.SockCloseOnExec, 0);
        return fd >= 0 ? fd : throw Failure("socket", Marshal.GetLastSystemError());
    }

    private static void BindAndListen(int fd, byte[] address, int backlog)
    {
        int result;
        fixed (byte* bytes = address) result = LinuxCalls.Bind(fd, bytes, (uint)address.Length);
        var error = result < 0 ? Marshal.GetLastSystemError() : 0;
        if (error == 0 && LinuxCalls.Listen(fd, backlog) < 0) error = Marshal.GetLastSystemError();
        if (error == 0) return;
        _ = LinuxCalls.Close(fd);
        throw Failure("bind", error);
    }

    private static ListenException Failure(string call, int error) => new($"{call}: {LinuxCalls.ErrorText(error)}",
        error is LinuxCalls.Eaddrnotavail or LinuxCalls.Enoprotoopt or LinuxCalls.Eprotonosupport or LinuxCalls.Esocktnosupport
            or LinuxCalls.Epfnosupport or LinuxCalls.Eafnosupport);

    private EpollListener Register(EpollListener listener)
    {
        listener.Generation = Own(listener.Fd, listener);
        Control(LinuxCalls.EpollAdd, listener.Fd, LinuxCalls.EpollIn, listener.Generation);
        return listener;
    }

    private void CloseListener(EpollListener listener)
    {
        _resting.Remove(listener);
        Release(listener.Fd);
        if (listener.Path != null) Unlink(listener.Path);
    }

    public override void Dispose()
    {
        lock (_wakeLock)
        {
            _disposed = true;
            _ = LinuxCalls.Close(_wake);
        }
        _ = LinuxCalls.Close(_epoll);
        NativeMemory.Free(_events);
    }

    private sealed class EpollListener : Listener
    {
        private readonly EpollTransport _transport;

        public EpollListener(EpollTransport transport, int fd, int port, string? path)
        {
            _transport = transport;
            Fd = fd;
            Port = port;
            Path = path;
        }

        public int Fd { get; }

        public string? Path { get; }

        public int Generation { get; set; }

        public long RestsUntil { get; set; }

        public override void Close() => _transport.CloseListener(this);
    }
}

using System.Net;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server.Transports;

namespace RedisLite.Server;

/// The open doors of a server: every bind address at the configured port, and the Unix socket. CONFIG SET bind/port changes them while the server runs: doors that
/// stay are left alone, those that go are closed before others are opened (an address and its wildcard exclude each other), and when one cannot be had
/// the caller puts the old values back and applies again. Loop thread only, or before the loop runs.
internal sealed class ListenerSet(Transport transport, ServerConfig config, IEngineLog log)
{
    private readonly List<Door> _tcp = [];
    private Listener? _unix;

    /// The port really bound; 0 without TCP.
    public int Port => _tcp.Count > 0 ? _tcp[0].Port : 0;

    /// Opens what the configuration names. With `anyFreePort` the system chooses the port, which then becomes the configured one.
    public void Open(bool anyFreePort)
    {
        if (anyFreePort) config.Port = Listen(config.Bind[0], config.Bind[0], 0);
        if (!TryApplyTcp()) throw new IOException($"Failed listening on port {config.Port} (tcp), aborting.");
        if (config.Unixsocket.Length == 0) return;
        try
        {
            _unix = transport.ListenUnix(WorkingDirectory.Resolve(config, config.Unixsocket), config.Unixsocketperm, config.TcpBacklog);
        }
        catch (ListenException problem)
        {
            throw new IOException($"Failed opening Unix socket: {problem.Message}", problem);
        }
    }

    /// False: at least one address cannot be had; why is in the log.
    public bool TryApplyTcp()
    {
        string[] wanted = config.Port == 0 ? [] : config.Bind;
        for (var i = _tcp.Count - 1; i >= 0; i--)
        {
            if (_tcp[i].Port == config.Port && Array.IndexOf(wanted, _tcp[i].Bind) >= 0) continue;
            _tcp[i].Listener.Close();
            _tcp.RemoveAt(i);
        }
        foreach (var bind in wanted)
        {
            if (IsOpen(bind)) continue;
            if (!TryOpen(bind)) return false;
        }
        return true;
    }

    /// An address in front of which stands "-" may be one that this machine does not have.
    private bool TryOpen(string bind)
    {
        var isOptional = bind.StartsWith('-');
        var address = isOptional ? bind[1..] : bind;
        try
        {
            Listen(bind, address, config.Port);
            return true;
        }
        catch (ListenException problem)
        {
            log.Write(LogLevel.Warning, $"Warning: Could not create server TCP listening socket {address}:{config.Port}: {problem.Message}");
            return isOptional && problem.IsUnavailable;
        }
    }

    private bool IsOpen(string bind)
    {
        foreach (var door in _tcp)
            if (door.Bind == bind) return true;
        return false;
    }

    private int Listen(string bind, string address, int port)
    {
        var listener = transport.ListenTcp(Resolve(address), port, config.TcpBacklog);
        _tcp.Add(new Door(bind, listener.Port, listener));
        return listener.Port;
    }

    private static IPAddress Resolve(string bind)
    {
        if (bind == "*") return IPAddress.Any;
        if (bind is "::*" or "::") return IPAddress.IPv6Any;
        if (IPAddress.TryParse(bind, out var address)) return address;
        if (bind.Length == 0) throw new ListenException("Name or service not known", isUnavailable: false);
        try
        {
            return Dns.GetHostAddresses(bind)[0];
        }
        catch (Exception problem) when (problem is System.Net.Sockets.SocketException or IndexOutOfRangeException or ArgumentException)
        {
            throw new ListenException(problem.Message, isUnavailable: false);
        }
    }

    public void CloseAll()
    {
        foreach (var door in _tcp) door.Listener.Close();
        _tcp.Clear();
        _unix?.Close();
        _unix = null;
    }

    /// A class and a list, not a dictionary by value tuples: this runs at every start, and code for those would have to be compiled first.
    private sealed record Door(string Bind, int Port, Listener Listener);
}

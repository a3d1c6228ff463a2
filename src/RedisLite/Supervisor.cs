using System.Net.Sockets;
using System.Text;
using RedisLite.Engine.Config;

namespace RedisLite;

/// <summary>supervised: a systemd unit of Type=notify waits until its service says that it is ready.</summary>
internal static class Supervisor
{
    public static void Tell(ServerConfig config, string state)
    {
        if (config.Supervised is not (Supervision.Systemd or Supervision.Auto)) return;
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } address) return;

        // A leading @ is systemd's way to write the zero byte of an abstract address.
        var endPoint = new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.SendTo(Encoding.UTF8.GetBytes(state), endPoint);
    }
}

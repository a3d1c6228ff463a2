using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace RedisLite.Server.Transports;

/// struct sockaddr as the Linux calls want it, and as text in Redis's form: "ip:port", "[ip6]:port", "path:0".
internal static class SocketAddressBytes
{
    public const int SizeMax = 128;
    private const int UnixPathMax = 107;

    public static byte[] Of(IPAddress address, int port)
    {
        var v6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var bytes = new byte[v6 ? 28 : 16];
        BitConverter.TryWriteBytes(bytes, (ushort)(v6 ? LinuxCalls.AfInet6 : LinuxCalls.AfInet));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)port);
        address.GetAddressBytes().CopyTo(bytes, v6 ? 8 : 4);
        if (v6) BitConverter.TryWriteBytes(bytes.AsSpan(24), (uint)address.ScopeId);
        return bytes;
    }

    public static byte[] OfUnix(string path)
    {
        var text = Encoding.UTF8.GetBytes(path);
        if (text.Length > UnixPathMax) throw new ListenException($"unix socket path too long ({text.Length}), must be under {UnixPathMax + 1}", isUnavailable: false);
        var bytes = new byte[2 + text.Length + 1];
        BitConverter.TryWriteBytes(bytes, (ushort)LinuxCalls.AfUnix);
        text.CopyTo(bytes, 2);
        return bytes;
    }

    public static int PortOf(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt16BigEndian(address[2..]);

    public static string Format(ReadOnlySpan<byte> address)
    {
        switch (BitConverter.ToUInt16(address))
        {
            case LinuxCalls.AfInet:
                return Format(new IPAddress(address.Slice(4, 4)), PortOf(address));
            case LinuxCalls.AfInet6:
                return Format(new IPAddress(address.Slice(8, 16)), PortOf(address));
            default:
                return "?:0";
        }
    }

    public static string Format(IPAddress address, int port)
    {
        var text = address.ToString();
        var number = port.ToString(CultureInfo.InvariantCulture);
        return text.Contains(':', StringComparison.Ordinal) ? $"[{text}]:{number}" : $"{text}:{number}";
    }
}

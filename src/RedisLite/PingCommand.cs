using System.Net.Sockets;
using System.Text;

namespace RedisLite;

/// <summary>
/// A health check for places without redis-cli, such as a small container image: one PING, exit code 0 when the server answers.
/// A server that asks for a password it was not given is alive; one that is still loading is not ready.
/// </summary>
internal static class PingCommand
{
    private const int TimeoutMs = 3000;

    public static int Run(string[] args)
    {
        string host = "127.0.0.1", socketPath = "";
        var port = 6379;
        var password = Environment.GetEnvironmentVariable("REDISCLI_AUTH") ?? StartupConfig.Password();
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "-h": host = args[i + 1]; break;
                case "-p" when int.TryParse(args[i + 1], out port): break;
                case "-s": socketPath = args[i + 1]; break;
                case "-a": password = args[i + 1]; break;
                default: return Fail($"Unrecognized option or bad value: {args[i]} {args[i + 1]}");
            }
        }
        if (args.Length % 2 != 0) return Fail($"Option {args[^1]} needs a value");

        try
        {
            using var socket = socketPath.Length > 0
                ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
                : new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.ReceiveTimeout = socket.SendTimeout = TimeoutMs;
            if (socketPath.Length > 0) socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            else socket.Connect(host, port);

            using var stream = new NetworkStream(socket);
            if (password is { Length: > 0 }) Ask(stream, "AUTH", password);         // without a password set the server answers an error: no matter
            var reply = Ask(stream, "PING");
            Console.WriteLine(reply[1..]);
            return reply == "+PONG" || reply.StartsWith("-NOAUTH", StringComparison.Ordinal) ? 0 : 1;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return Fail($"Could not connect to Redis at {(socketPath.Length > 0 ? socketPath : $"{host}:{port}")}: {e.Message}");
        }
    }

    /// <summary>Sends a command and reads the one line of its reply.</summary>
    private static string Ask(NetworkStream stream, params string[] words)
    {
        var request = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) request.Append($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        stream.Write(Encoding.UTF8.GetBytes(request.ToString()));

        var line = new StringBuilder();
        for (var b = stream.ReadByte(); b != '\n'; b = stream.ReadByte())
        {
            if (b < 0) throw new IOException("the server closed the connection");
            if (b != '\r') line.Append((char)b);
        }
        return line.Length > 0 ? line.ToString() : throw new IOException("empty reply");
    }

    private static int Fail(string reason)
    {
        Console.Error.WriteLine(reason);
        return 1;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RedisLite.Testing;

namespace RedisLite.SystemTests;

/// <summary>Ten thousand connections that do nothing, or stop in the middle of a request: they cost little and hinder nobody.</summary>
public sealed class IdleConnectionsTests
{
    private const int Count = 9_900;

    [Theory]
    [InlineData("")]
    [InlineData("PING\r\n")]
    [InlineData("*3\r\n$3\r\nSET\r\n$1000000\r\nabc")]
    public void Idle_connections_cost_little_and_hinder_nobody(string sent)
    {
        using var server = new ServerProcess();
        using var client = server.Connect();
        client.Call("PING");
        var before = ResidentBytes(server.Pid);
        var peers = new Socket[Count];
        try
        {
            for (var i = 0; i < Count; i++)
            {
                peers[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                peers[i].Connect(IPAddress.Loopback, server.Port);
                if (sent.Length > 0) peers[i].Send(CommandText.Bytes(sent));
            }
            using (var last = server.Connect()) last.Call("PING");          // accepted after all the others
            Assert.InRange((ResidentBytes(server.Pid) - before) / Count, 0, 5_000);
            Assert.Equal("+OK\r\n", client.Text("SET", "k", "v"));
            WaitForClients(client, Count + 1);
        }
        finally
        {
            foreach (var peer in peers) peer?.Dispose();
        }
        WaitForClients(client, 1);
    }

    /// <summary>The garbage collector has nothing to do beside a data set that it does not know: what buffers took goes back without it.</summary>
    [Fact]
    public void Memory_of_big_requests_and_replies_goes_back_to_the_system()
    {
        if (!OperatingSystem.IsLinux()) return;
        const int size = 100_000_000;
        using var server = new ServerProcess();
        using var client = server.Connect();
        client.Call("SADD", "s", new string('m', 50));
        var before = ResidentBytes(server.Pid);
        var value = new byte[size];
        for (var i = 0; i < 4; i++) client.Call([CommandText.Bytes("SET"), CommandText.Bytes("big"), value]);
        Assert.InRange(Settled(server.Pid, before, size * 3 / 2), size, size * 3 / 2);
        client.Call("DEL", "big");
        client.Send("SRANDMEMBER", "s", $"-{size / 50}");
        client.ReadReply(TimeSpan.FromSeconds(60));
        Assert.InRange(Settled(server.Pid, before, size / 3), 0, size / 3);
    }

    /// <summary>What a server has taken since before, once it is no more than this: buffers go bit by bit.</summary>
    private static long Settled(int pid, long before, long most)
    {
        var taken = long.MaxValue;
        for (var i = 0; i < 600 && taken > most; i++, Thread.Sleep(25)) taken = ResidentBytes(pid) - before;
        return taken;
    }

    private static void WaitForClients(RespClient client, int count)
    {
        var connected = 0;
        for (var i = 0; i < 400 && connected != count; i++)
        {
            connected = client.Ask("CLIENT", "LIST").Text!.Count(c => c == '\n');
            if (connected != count) Thread.Sleep(25);
        }
        Assert.Equal(count, connected);
    }

    private static long ResidentBytes(int pid)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}

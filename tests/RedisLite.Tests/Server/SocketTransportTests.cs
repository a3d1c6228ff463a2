using System.Net.Sockets;
using RedisLite.Server;
using Xunit;

namespace RedisLite.Tests.Server;

/// What transports with real sockets must do besides: addresses, listeners, resets.
public abstract class ListeningTransportTests : TransportTests
{
    private readonly string _directory = Directory.CreateTempSubdirectory("redislite-").FullName;

    private string UnixPath => Path.Combine(_directory, "redis.sock");

    private protected abstract RedisLiteTransport Transport { get; }

    private protected override RedisLiteOptions Options => new() { Port = RedisLiteOptions.AnyFreePort, Transport = Transport };

    private protected override Peer Connect() => Peer.Tcp(Server.Port);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task<RedisLiteServer> Start(params (string Name, string Value)[] directives)
    {
        var options = Options;
        foreach (var (name, value) in directives) options.Set(name, value);
        return RedisLiteServer.StartAsync(options);
    }

    private static Task<string?> Configure(RedisLiteServer server, string name, string value) => server.OnLoop(
        () => server.Loop.Engine.Config.TrySet([KeyValuePair.Create(name, value)], default, out var error) ? null : error);

    [Fact]
    public async Task Reset_connection_is_closed_and_hurts_nobody()
    {
        using var other = Connect();
        for (var i = 0; i < 20; i++)
        {
            var peer = (Peer.SocketPeer)Connect();
            if (i % 2 == 0) peer.Call("PING");
            peer.Send("*2\r\n$4\r\nECHO\r\n$100000\r\nabc");
            peer.Abort();
            Assert.Equal("+PONG", other.Call("PING").ToString());
        }
        await WaitForConnections(1);
    }

    [Fact]
    public async Task Reader_that_leaves_in_the_middle_of_a_reply_is_closed()
    {
        using var other = Connect();
        var peer = (Peer.SocketPeer)Connect();
        peer.Send(Peer.Encode("ECHO"u8.ToArray(), new byte[20_000_000]));
        peer.ReadBytes(100);
        peer.Abort();
        Assert.Equal("+PONG", other.Call("PING").ToString());
        await WaitForConnections(1);
    }

    [Fact]
    public async Task Serves_a_unix_socket_with_its_permissions()
    {
        await using var server = await Start(("bind", "127.0.0.1"), ("unixsocket", UnixPath), ("unixsocketperm", "700"));
        using (var peer = Peer.Unix(UnixPath))
        {
            Assert.Equal("+PONG", peer.Call("PING").ToString());
            Assert.Contains($"addr={UnixPath}:0 laddr={UnixPath}:0", peer.Call("CLIENT", "INFO").Text, StringComparison.Ordinal);
        }
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(UnixPath));
        await server.StopAsync();
        Assert.False(File.Exists(UnixPath));
    }

    [Fact]
    public async Task Takes_over_a_unix_socket_that_was_left_behind()
    {
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)) left.Bind(new UnixDomainSocketEndPoint(UnixPath));
        await using var server = await Start(("bind", "127.0.0.1"), ("unixsocket", UnixPath));
        using var peer = Peer.Unix(UnixPath);
        Assert.Equal("+PONG", peer.Call("PING").ToString());
    }

    [Fact]
    public async Task Serves_IPv4_and_IPv6_at_one_port()
    {
        await using var server = await Start(("bind", "127.0.0.1 -::1"));
        using var v4 = Peer.Tcp(server.Port);
        Assert.Contains("addr=127.0.0.1:", v4.Call("CLIENT", "INFO").Text, StringComparison.Ordinal);
        if (!Socket.OSSupportsIPv6) return;
        using var v6 = Peer.Tcp(server.Port, "::1");
        Assert.Contains($"laddr=[::1]:{server.Port}", v6.Call("CLIENT", "INFO").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_that_does_not_exist_is_forgiven_only_when_optional()
    {
        await using var server = await Start(("bind", "127.0.0.1 -192.0.2.1"));
        using var peer = Peer.Tcp(server.Port);
        Assert.Equal("+PONG", peer.Call("PING").ToString());
        await Assert.ThrowsAsync<IOException>(() => Start(("bind", "127.0.0.1 192.0.2.1")));
    }

    [Fact]
    public async Task Port_in_use_is_refused()
    {
        var options = new RedisLiteOptions { Port = Server.Port, Transport = Transport };
        var problem = await Assert.ThrowsAsync<IOException>(() => RedisLiteServer.StartAsync(options.Set("bind", "127.0.0.1")));
        Assert.Equal($"Failed listening on port {Server.Port} (tcp), aborting.", problem.Message);
    }

    [Fact]
    public async Task Port_0_listens_on_no_TCP_port()
    {
        var options = new RedisLiteOptions { Port = 0, Transport = Transport };
        await using var server = await RedisLiteServer.StartAsync(options.Set("unixsocket", UnixPath));
        Assert.Equal(0, server.Port);
        using var peer = Peer.Unix(UnixPath);
        Assert.Equal("+PONG", peer.Call("PING").ToString());
    }

    [Fact]
    public async Task Port_can_change_while_clients_are_connected()
    {
        using var old = Connect();
        old.Call("PING");
        var oldPort = Server.Port;
        int newPort;
        await using (var probe = await Start(("bind", "127.0.0.1"))) newPort = probe.Port;

        Assert.Null(await Configure(Server, "port", newPort.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal("+PONG", old.Call("PING").ToString());
        using var peer = Peer.Tcp(newPort);
        Assert.Equal("+PONG", peer.Call("PING").ToString());
        Assert.Throws<SocketException>(() => Peer.Tcp(oldPort));
    }

    [Fact]
    public async Task Port_that_cannot_be_had_leaves_the_old_one_open()
    {
        await using var holder = await Start(("bind", "127.0.0.1"));
        var error = await Configure(Server, "port", holder.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.", error);
        using var peer = Connect();
        Assert.Equal("+PONG", peer.Call("PING").ToString());
    }

    [Fact]
    public async Task Bind_can_change_between_an_address_and_its_wildcard()
    {
        Assert.Null(await Configure(Server, "bind", "*"));
        using (var peer = Connect()) Assert.Equal("+PONG", peer.Call("PING").ToString());
        Assert.Null(await Configure(Server, "bind", "127.0.0.1"));
        using (var peer = Connect()) Assert.Equal("+PONG", peer.Call("PING").ToString());
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.", await Configure(Server, "bind", "192.0.2.1"));
        using (var peer = Connect()) Assert.Equal("+PONG", peer.Call("PING").ToString());
    }

    [Fact]
    public async Task Clients_beyond_maxclients_are_told_so()
    {
        await using var server = await Start(("bind", "127.0.0.1"), ("maxclients", "2"));
        using var first = Peer.Tcp(server.Port);
        using var second = Peer.Tcp(server.Port);
        first.Call("PING");
        second.Call("PING");
        using var third = Peer.Tcp(server.Port);
        Assert.Equal("-ERR max number of clients reached\r\n"u8, third.ReadToEnd());
        Assert.Equal("+PONG", first.Call("PING").ToString());
    }

    [Fact]
    public async Task Instances_in_one_process_share_nothing()
    {
        await using var other = await Start(("bind", "127.0.0.1"), ("maxclients", "7"));
        using var here = Connect();
        using var there = Peer.Tcp(other.Port);
        here.Call("CLIENT", "SETNAME", "here");
        Assert.DoesNotContain("name=here", there.Call("CLIENT", "LIST").Text, StringComparison.Ordinal);
        Assert.Equal("1", there.Call("CLIENT", "ID").Text);
    }
}

public sealed class EpollTransportTests : ListeningTransportTests
{
    private protected override RedisLiteTransport Transport => RedisLiteTransport.Epoll;

    /// redis-py looks whether a pooled connection has ended before it sends the next command over it, and does not try again when it ends after that look.
    [Fact]
    public void End_arrives_together_with_the_last_reply()
    {
        for (var i = 0; i < 300; i++)
        {
            using var peer = (Peer.SocketPeer)Connect();
            peer.Call("SUBSCRIBE", "a", "b", "c");
            while (peer.ReadReply().Items![1].Text != "c") ;
            peer.Send("QUIT\r\n");
            Assert.Equal("+OK\r\n"u8, peer.ReadBytes(5));
            Assert.True(peer.Socket.Poll(0, SelectMode.SelectRead), $"round {i}");
            Assert.Empty(peer.ReadToEnd());
        }
    }
}

public sealed class DotNetSocketTransportTests : ListeningTransportTests
{
    private protected override RedisLiteTransport Transport => RedisLiteTransport.Sockets;
}

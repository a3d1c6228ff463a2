using System.Text;
using RedisLite.Server;
using Xunit;

namespace RedisLite.Tests.Server;

/// Peers that mean harm, or act as if: whatever they send, the server lives, what it holds for them is bounded, and others are served.
public sealed class HostileInputTests
{
    private static Task<RedisLiteServer> Start(params (string Name, string Value)[] directives)
    {
        var options = new RedisLiteOptions { Port = RedisLiteOptions.AnyFreePort }.Set("bind", "127.0.0.1");
        foreach (var (name, value) in directives) options.Set(name, value);
        return RedisLiteServer.StartAsync(options);
    }

    private static Peer.SocketPeer Connect(RedisLiteServer server) => Peer.Tcp(server.Port);

    private static async Task WaitForConnections(RedisLiteServer server, int count)
    {
        for (var i = 0; i < 600 && await server.OnLoop(() => server.Loop.Count) != count; i++) await Task.Delay(25);
        Assert.Equal(count, await server.OnLoop(() => server.Loop.Count));
    }

    [Fact]
    public async Task Random_bytes_on_many_connections_do_no_harm()
    {
        await using var server = await Start();
        using var honest = Connect(server);
        string[] pieces = ["*1\r\n", "*3\r\n$3\r\nSET\r\n", "$5\r\n", "GET x\r\n", "HGETALL \"\\xff\"\r\n", "*-1\r\n", "\r\n", "'", "MULTI\r\n", "EXEC\r\n", "SUBSCRIBE a\r\n", "CLIENT LIST\r\n", "\0"];
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            using var peer = Connect(server);
            var junk = new MemoryStream();
            for (var i = random.Next(1, 40); i > 0; i--)
            {
                var piece = random.Next(3) == 0 ? Encoding.Latin1.GetBytes(pieces[random.Next(pieces.Length)]) : new byte[random.Next(1, 200)];
                if (piece.Length > 0 && piece[0] == 0) random.NextBytes(piece);
                junk.Write(piece);
            }
            peer.Send(junk.ToArray());
            if (random.Next(2) == 0) peer.Abort();
            if (seed % 20 == 0) Assert.Equal("+PONG", honest.Call("PING").ToString());
        }
        Assert.Equal("+PONG", honest.Call("PING").ToString());
        await WaitForConnections(server, 1);
    }

    [Fact]
    public async Task Strangers_cannot_make_the_server_hold_much()
    {
        await using var server = await Start(("requirepass", "secret"));
        var strangers = Enumerable.Range(0, 200).Select(_ => Connect(server)).ToArray();
        var kept = new StringBuilder("*10\r\n");
        for (var i = 0; i < 9; i++) kept.Append("$16384\r\n").Append('x', 16384).Append("\r\n");
        foreach (var peer in strangers) peer.Send(kept.ToString());
        await WaitForConnections(server, 200);
        await server.OnLoop(() => 0);
        var held = await server.OnLoop(() => server.Loop.Engine.Clients.All.Max(client => client.QueryBufferSize));
        Assert.InRange(held, 1, 512 * 1024);

        strangers[0].Send("$16385\r\n");
        Assert.Equal("-ERR Protocol error: unauthenticated bulk length\r\n"u8, strangers[0].ReadToEnd());
        using var another = Connect(server);
        another.Send("*11\r\n");
        Assert.Equal("-ERR Protocol error: unauthenticated multibulk length\r\n"u8, another.ReadToEnd());
        using var owner = Connect(server);
        Assert.Equal("+OK", owner.Call("AUTH", "secret").ToString());
        Assert.Equal("+OK", owner.Call("SET", "k", new string('v', 20_000)).ToString());
        foreach (var peer in strangers) peer.Dispose();
        await WaitForConnections(server, 1);
    }

    [Fact]
    public async Task Many_half_requests_cost_their_bytes_only()
    {
        await using var server = await Start();
        var peers = Enumerable.Range(0, 1000).Select(_ => Connect(server)).ToArray();
        foreach (var peer in peers) peer.Send("*3\r\n$3\r\nSET\r\n$536870912\r\nabc");
        using var honest = Connect(server);
        Assert.Equal("+PONG", honest.Call("PING").ToString());
        await WaitForConnections(server, 1001);
        Assert.InRange(await server.OnLoop(() => server.Loop.Engine.Clients.All.Max(client => client.QueryBufferSize)), 0, 64);
        foreach (var peer in peers) peer.Dispose();
        await WaitForConnections(server, 1);
    }

    [Fact]
    public async Task Reader_that_never_reads_is_cut_at_the_output_limit()
    {
        await using var server = await Start(("client-output-buffer-limit", "normal 2mb 0 0"));
        using var honest = Connect(server);
        Assert.Equal("+OK", honest.Call("SET", "big", new string('v', 500_000)).ToString());
        using var slow = Connect(server);
        var request = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET big\r\n", 1000)));
        try
        {
            slow.Send(request);
            await WaitForConnections(server, 1);
        }
        catch (System.Net.Sockets.SocketException)
        {
            await WaitForConnections(server, 1);        // cut while sending
        }
        Assert.Equal("+PONG", honest.Call("PING").ToString());
        Assert.InRange(await server.OnLoop(() => server.Loop.Engine.Clients.PeakOutput), 2_000_000, 40_000_000);
    }

    [Fact]
    public async Task Request_without_end_is_cut_at_the_query_buffer_limit()
    {
        await using var server = await Start(("client-query-buffer-limit", "1mb"));
        using var honest = Connect(server);
        using var endless = Connect(server);
        endless.Send("*2\r\n$4\r\nECHO\r\n$100000000\r\n");
        var piece = new byte[100_000];
        var sent = 0;
        try
        {
            for (; sent < 100_000_000; sent += piece.Length) endless.Send(piece);
        }
        catch (System.Net.Sockets.SocketException)
        {
            Assert.InRange(sent, 1_000_000, 20_000_000);
        }
        await WaitForConnections(server, 1);
        Assert.Equal("+PONG", honest.Call("PING").ToString());
    }

    [Fact]
    public async Task Connections_that_come_and_go_leave_nothing_behind()
    {
        await using var server = await Start();
        for (var round = 0; round < 20; round++)
        {
            var peers = Enumerable.Range(0, 50).Select(_ => Connect(server)).ToArray();
            for (var i = 0; i < peers.Length; i++)
            {
                if (i % 3 == 0) peers[i].Send("PING\r\n");
                if (i % 3 == 1) peers[i].Abort();
                else peers[i].Dispose();
            }
        }
        await WaitForConnections(server, 0);
        Assert.Equal(0, await server.OnLoop(() => server.Loop.Engine.Clients.Count));
        using var honest = Connect(server);
        Assert.Equal("+PONG", honest.Call("PING").ToString());
    }

    [Fact]
    public async Task Measured_pauses_are_reported()
    {
        var options = new RedisLiteOptions { Port = RedisLiteOptions.AnyFreePort, StallThreshold = TimeSpan.FromMilliseconds(20) }.Set("bind", "127.0.0.1");
        await using var server = await RedisLiteServer.StartAsync(options);
        using var peer = Connect(server);
        for (var i = 0; i < 100; i++) peer.Call("PING");
        Assert.True(server.Stalls!.Iterations >= 100);
        server.Stalls.Reset();
        await server.OnLoop(() =>
        {
            var spent = RedisLite.Server.Transports.LinuxCalls.ThreadCpuNanoseconds();              // CPU time is what is measured; the machine may give us little of it
            while (RedisLite.Server.Transports.LinuxCalls.ThreadCpuNanoseconds() - spent < 40_000_000) Thread.SpinWait(100);
            return 0;
        });
        peer.Call("PING");
        Assert.True(server.Stalls.Stalls.Count >= 1, $"longest {server.Stalls.Longest}");
        Assert.True(server.Stalls.Longest.Cpu > TimeSpan.FromMilliseconds(20));
    }
}

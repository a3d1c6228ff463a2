using System.Text;
using RedisLite.Protocol;
using RedisLite.Server;
using Xunit;

namespace RedisLite.Tests.Server;

/// What every transport must do, run over each of them: requests in any pieces, replies of any size, peers that are slow, rude or gone.
public abstract class TransportTests : IAsyncLifetime
{
    private protected RedisLiteServer Server { get; private set; } = null!;

    private protected virtual RedisLiteOptions Options => new() { Port = 0 };

    private protected abstract Peer Connect();

    public async Task InitializeAsync() => Server = await RedisLiteServer.StartAsync(Options.Set("bind", "127.0.0.1"));

    public virtual Task DisposeAsync() => Server.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Random(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private protected Task<int> Connections() => Server.OnLoop(() => Server.Loop.Count);

    private protected async Task WaitForConnections(int count)
    {
        for (var i = 0; i < 600 && await Connections() != count; i++) await Task.Delay(25);
        Assert.Equal(count, await Connections());
    }

    [Fact]
    public void Request_is_replied()
    {
        using var peer = Connect();
        peer.Send("PING\r\n");
        Assert.Equal("+PONG\r\n"u8, peer.ReadBytes(7));
        Assert.Equal("\"hello\"", peer.Call("ECHO", "hello").ToString());
    }

    [Fact]
    public void Pipeline_of_any_length_is_replied_in_order()
    {
        using var peer = Connect();
        var requests = new StringBuilder();
        for (var i = 0; i < 20_000; i++) requests.Append(null, $"ECHO {i}\r\n");
        var send = Task.Run(() => peer.Send(requests.ToString()));
        for (var i = 0; i < 20_000; i++) Assert.Equal(i.ToString(System.Globalization.CultureInfo.InvariantCulture), peer.ReadReply().Text);
        Assert.True(send.Wait(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Requests_may_come_in_any_pieces()
    {
        using var peer = Connect();
        var random = new Random(42);
        var all = new MemoryStream();
        var sizes = new List<int>();
        for (var i = 0; i < 300; i++)
        {
            sizes.Add(random.Next(10) == 0 ? random.Next(200_000) : random.Next(100));
            all.Write(Peer.Encode("ECHO"u8.ToArray(), Random(sizes[i], i)));
        }
        var wire = all.ToArray();
        var send = Task.Run(() =>
        {
            for (var at = 0; at < wire.Length;)
            {
                var piece = Math.Min(wire.Length - at, random.Next(4) == 0 ? random.Next(1, 150_000) : random.Next(1, 3000));
                peer.Send(wire.AsSpan(at, piece));
                at += piece;
                if (random.Next(8) == 0) Thread.Sleep(1);
            }
        });
        for (var i = 0; i < sizes.Count; i++) Assert.Equal(Random(sizes[i], i), peer.ReadReply().Bytes);
        Assert.True(send.Wait(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Request_may_come_byte_by_byte()
    {
        using var peer = Connect();
        foreach (var b in Peer.Encode("ECHO"u8.ToArray(), "value"u8.ToArray())) peer.Send([b]);
        Assert.Equal("value", peer.ReadReply().Text);
    }

    [Theory]
    [InlineData(64 * 1024 - 100)]
    [InlineData(64 * 1024)]
    [InlineData(1024 * 1024 + 1)]
    [InlineData(100 * 1024 * 1024)]
    public void Big_value_goes_in_and_out(int size)
    {
        using var peer = Connect();
        var value = Random(size);
        var send = Task.Run(() =>
        {
            peer.Send(Peer.Encode("ECHO"u8.ToArray(), value));
            peer.Send("PING\r\n");
        });
        var header = Bytes($"${size}\r\n");
        Assert.Equal(header, peer.ReadBytes(header.Length));
        for (var at = 0; at < size;)
        {
            var part = peer.ReadBytes(Math.Min(1 << 20, size - at));
            Assert.True(part.AsSpan().SequenceEqual(value.AsSpan(at, part.Length)));
            at += part.Length;
        }
        Assert.Equal("\r\n+PONG\r\n"u8, peer.ReadBytes(9));
        Assert.True(send.Wait(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Slow_reader_gets_everything_and_hinders_nobody()
    {
        using var slow = Connect();
        using var other = Connect();
        const int count = 200, size = 100_000;
        var send = Task.Run(() =>
        {
            var request = Peer.Encode("ECHO"u8.ToArray(), Random(size));
            for (var i = 0; i < count; i++) slow.Send(request);
        });
        await Task.Delay(100);
        for (var i = 0; i < 20; i++) Assert.Equal("+PONG", other.Call("PING").ToString());
        for (var i = 0; i < count; i++) Assert.Equal(size, slow.ReadReply().Bytes.Length);
        await send.WaitAsync(TimeSpan.FromSeconds(30));
        slow.Send("PING\r\n");
        Assert.Equal("+PONG", slow.ReadReply().ToString());
    }

    [Fact]
    public async Task Half_closed_connection_gets_its_replies_and_is_closed()
    {
        using var peer = Connect();
        peer.Send("PING\r\nECHO last\r\n");
        peer.EndOutput();
        Assert.Equal("+PONG\r\n$4\r\nlast\r\n"u8, peer.ReadToEnd());
        await WaitForConnections(0);
    }

    [Fact]
    public async Task Half_closed_connection_gets_even_a_reply_that_takes_long()
    {
        using var peer = Connect();
        const int size = 30_000_000;
        var send = Task.Run(() =>
        {
            peer.Send(Peer.Encode("ECHO"u8.ToArray(), Random(size)));
            peer.EndOutput();
        });
        await send.WaitAsync(TimeSpan.FromSeconds(30));
        await Task.Delay(50);
        Assert.Equal(size + 13, peer.ReadToEnd().Length);
        await WaitForConnections(0);
    }

    [Fact]
    public async Task Connection_that_ends_inside_a_request_is_closed()
    {
        using (var peer = Connect())
        {
            peer.Send("*2\r\n$4\r\nECHO\r\n$1000000\r\nabc");
            await WaitForConnections(1);
        }
        await WaitForConnections(0);
    }

    [Fact]
    public async Task Quit_is_replied_before_the_end()
    {
        using var peer = Connect();
        peer.Send("PING\r\nQUIT\r\nPING\r\n");
        Assert.Equal("+PONG\r\n+OK\r\n"u8, peer.ReadToEnd());
        await WaitForConnections(0);
    }

    [Fact]
    public async Task Protocol_error_is_told_before_the_end()
    {
        using var peer = Connect();
        peer.Send("PING\r\n*1\r\nX\r\n" + new string('x', 50_000));
        Assert.Equal("+PONG\r\n-ERR Protocol error: expected '$', got 'X'\r\n"u8, peer.ReadToEnd());
        await WaitForConnections(0);
    }

    [Fact]
    public async Task Killed_client_is_closed()
    {
        using var victim = Connect();
        using var killer = Connect();
        var id = victim.Call("CLIENT", "ID").Text;
        Assert.Equal(":1", ":" + killer.Call("CLIENT", "KILL", "ID", id).Text);
        Assert.Empty(victim.ReadToEnd());
        await WaitForConnections(1);
    }

    [Fact]
    public async Task Many_connections_are_served_side_by_side()
    {
        var peers = Enumerable.Range(0, 300).Select(_ => Connect()).ToArray();
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < peers.Length; i++) peers[i].Send(Peer.Encode("ECHO"u8.ToArray(), Bytes($"{round}-{i}")));
            for (var i = 0; i < peers.Length; i++) Assert.Equal($"{round}-{i}", peers[i].ReadReply().Text);
        }
        await WaitForConnections(300);
        foreach (var peer in peers) peer.Dispose();
        await WaitForConnections(0);
    }

    [Fact]
    public void Published_messages_reach_other_connections()
    {
        using var subscriber = Connect();
        using var publisher = Connect();
        Assert.Equal("[\"subscribe\", \"news\", 1]", subscriber.Call("SUBSCRIBE", "news").ToString());
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("1", publisher.Call("PUBLISH", "news", $"m{i}").Text);
            Assert.Equal($"[\"message\", \"news\", \"m{i}\"]", subscriber.ReadReply().ToString());
        }
    }

    [Fact]
    public async Task Stopping_closes_connections()
    {
        using var peer = Connect();
        Assert.Equal("+PONG", peer.Call("PING").ToString());
        await Server.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await Server.Completion);
        Assert.Empty(peer.ReadToEnd());
    }

    [Fact]
    public async Task Nothing_runs_after_shutdown()
    {
        using var peer = Connect();
        peer.Send("ECHO before\r\nSHUTDOWN NOSAVE\r\nECHO after\r\n");
        Assert.Equal("$6\r\nbefore\r\n"u8, peer.ReadToEnd());
        Assert.Equal(0, await Server.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Flood_from_one_connection_leaves_turns_for_others()
    {
        using var flood = Connect();
        using var other = Connect();
        using var stop = new CancellationTokenSource();
        var batch = Bytes(string.Concat(Enumerable.Repeat("PING\r\n", 5000)));
        var send = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) flood.Send(batch);
            flood.EndOutput();
        });
        var drain = Task.Run(() => flood.ReadToEnd().Length);
        for (var i = 0; i < 50; i++) Assert.Equal("+PONG", other.Call("PING").ToString());
        await stop.CancelAsync();
        await Task.WhenAll(send, drain).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await drain % 7);
    }

    [Fact]
    public void Waiting_server_answers_within_milliseconds()
    {
        using var peer = Connect();
        peer.Call("PING");
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            Thread.Sleep(20);
            var started = System.Diagnostics.Stopwatch.GetTimestamp();
            peer.Call("PING");
            var taken = System.Diagnostics.Stopwatch.GetElapsedTime(started);
            if (taken < fastest) fastest = taken;
        }
        Assert.True(fastest < TimeSpan.FromMilliseconds(20), $"fastest of five took {fastest}");
    }
}

public sealed class InProcessTransportTests : TransportTests
{
    private protected override Peer Connect() => new Peer.PipePeer(Server.Connect());
}

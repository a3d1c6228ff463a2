using System.Globalization;
using System.Text;
using RedisLite.Protocol;
using RedisLite.Server;
using RedisLite.Tests.Server;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Runs of one fast command are timed as a whole: every call must be counted all the same, whatever ends the run.</summary>
public sealed class SharedTimingTests
{
    [Theory]
    [InlineData("10000")]
    [InlineData("1")]
    public async Task Every_call_of_a_pipeline_is_counted_under_its_command(string slowlogThreshold)
    {
        var options = new RedisLiteOptions { Port = 0 }.Set("slowlog-log-slower-than", slowlogThreshold);
        await using var server = await RedisLiteServer.StartAsync(options);
        using var peer = new Peer.PipePeer(server.Connect());
        peer.Call("CONFIG", "RESETSTAT");
        var random = new Random(5);
        string[] requests = ["SET k 1", "GET k", "INCR n", "GET", "NOSUCH", "PING", "MULTI", "EXEC", "BLPOP nowhere 0.01", "HSET h f v", "SELECT 0"];
        var expected = new Dictionary<string, int>();
        var pipeline = new StringBuilder();
        var replies = 0;
        for (var run = 0; run < 300; run++)
        {
            var request = requests[random.Next(requests.Length)];
            for (var i = random.Next(1, 20); i > 0; i--)
            {
                if (request is "MULTI" or "EXEC") request = "PING";
                pipeline.Append(request).Append("\r\n");
                replies++;
                if (request is "GET" or "NOSUCH") continue;
                var name = request.Split(' ')[0].ToLowerInvariant();
                expected[name] = expected.GetValueOrDefault(name) + 1;
            }
        }
        var send = Task.Run(() => peer.Send(pipeline.ToString()));
        for (var i = 0; i < replies; i++) peer.ReadReply();
        await send;

        var stats = peer.Call("INFO", "commandstats").Text;
        foreach (var (name, calls) in expected)
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"cmdstat_{name}:calls={calls},"), stats, StringComparison.Ordinal);
        Assert.Contains($"cmdstat_get:calls={expected["get"]},usec=", stats, StringComparison.Ordinal);
    }
}

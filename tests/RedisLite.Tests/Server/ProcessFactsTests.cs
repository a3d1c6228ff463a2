using System.Diagnostics;
using RedisLite.Engine.Config;
using RedisLite.Server;
using Xunit;

namespace RedisLite.Tests.Server;

public class ProcessFactsTests
{
    /// <summary>rdb-key-save-delay and key-load-delay count in microseconds.</summary>
    [Fact]
    public void Less_than_a_millisecond_is_slept_too()
    {
        var process = new ProcessFacts(new ServerConfig(), static () => 0, static _ => { });
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 100; i++) process.Sleep(TimeSpan.FromMicroseconds(200));
        Assert.True(Stopwatch.GetElapsedTime(began).TotalMilliseconds >= 20);
    }
}

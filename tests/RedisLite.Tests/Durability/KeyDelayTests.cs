using RedisLite.Engine.Durability;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Durability;

public class KeyDelayTests
{
    /// <summary>A negative delay is a shortest sleep every so many keys.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 7000)]
    [InlineData(-1, 1000)]
    [InlineData(-4, 250)]
    [InlineData(int.MinValue, 0)]
    public void A_thousand_keys_take(int setting, long microseconds)
    {
        var clock = new SimClock();
        var before = clock.GetTimestamp();
        var delay = new KeyDelay(new TestProcess(clock));
        for (var i = 0; i < 1000; i++) delay.Sleep(setting);
        Assert.Equal(microseconds, (long)clock.GetElapsedTime(before).TotalMicroseconds);
    }
}

using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class EngineClockTests
{
    private readonly SimClock time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) + TimeSpan.FromMicroseconds(900));

    [Fact]
    public void An_iteration_begins_in_the_millisecond_of_the_wall_clock()
    {
        var clock = new EngineClock(time);
        for (var i = 0; i < 100; i++)
        {
            time.AdvanceMs(0.3);
            clock.Refresh();
            Assert.Equal(time.NowMs, clock.NowMs);
        }
    }

    [Fact]
    public void A_unit_begins_in_the_millisecond_of_the_wall_clock()
    {
        var clock = new EngineClock(time);
        for (var i = 0; i < 100; i++)
        {
            time.AdvanceMs(0.3);
            clock.NextUnit();
            Assert.Equal(time.NowMs, clock.NowMs);
        }
    }
}

using RedisLite.Engine;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class EngineClockTests
{
    private readonly SimClock time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) + TimeSpan.FromMicroseconds(900));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Iterations_and_units_begin_in_the_millisecond_of_the_wall_clock(bool byUnits)
    {
        var clock = new EngineClock(time);
        for (var i = 0; i < 100; i++)
        {
            time.AdvanceMs(0.3);
            if (byUnits) clock.NextUnit();
            else clock.Refresh();
            Assert.Equal(time.NowMs, clock.NowMs);
        }
    }
}

using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;

namespace RedisLite.Tests.Data;

public class SipHashTests
{
    [Fact]
    public void Every_byte_and_the_length_change_the_hash()
    {
        var seen = new HashSet<ulong>();
        for (var length = 0; length < 40; length++)
        {
            var data = new byte[length];
            Assert.True(seen.Add(SipHash.Compute(1, 2, data)));
            for (var i = 0; i < length; i++)
            {
                data[i] = 1;
                Assert.True(seen.Add(SipHash.Compute(1, 2, data)));
                data[i] = 0;
            }
        }
    }

    [Fact]
    public void The_seed_changes_the_hash() => Assert.NotEqual(SipHash.Compute(1, 2, "key"u8), SipHash.Compute(1, 3, "key"u8));

    [Fact]
    public void Bending_keeps_the_order_of_places_and_the_low_bits()
    {
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++)
        {
            var (a, b) = ((ulong)random.NextInt64(), (ulong)random.NextInt64() << 1);
            Assert.Equal((uint)a, (uint)HashSpace.Bend(a));
            if (a >> 32 <= b >> 32) Assert.True(HashSpace.Bend(a) >> 32 <= HashSpace.Bend(b) >> 32);
        }
        Assert.Equal(ulong.MaxValue >> 40, HashSpace.Bend(ulong.MaxValue) >> 40);
    }
}

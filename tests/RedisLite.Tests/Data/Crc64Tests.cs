using RedisLite.Data;
using Xunit;

namespace RedisLite.Tests.Data;

public class Crc64Tests
{
    [Fact]
    public void The_check_value_of_redis() => Assert.Equal(0xE9C6D914C4B8D9CAUL, Crc64.Compute("123456789"u8));

    [Fact]
    public void Pieces_give_the_same_as_the_whole()
    {
        var bytes = new byte[1000];
        new Random(6).NextBytes(bytes);
        var whole = Crc64.Compute(bytes);
        for (var cut = 0; cut < bytes.Length; cut += 7)
            Assert.Equal(whole, Crc64.Append(Crc64.Append(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
    }
}

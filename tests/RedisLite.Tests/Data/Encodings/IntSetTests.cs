using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Encodings;

public class IntSetTests
{
    [Fact]
    public void Random_edits_agree_with_a_sorted_set()
    {
        var random = new Random(3);
        for (var round = 0; round < 200; round++)
        {
            var set = new byte[IntSet.HeaderSize];
            IntSet.WriteEmpty(set);
            var model = new SortedSet<long>();
            for (var step = 0; step < 80; step++)
            {
                var value = step < 30 ? random.Next(-40, 40) : random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
                var isIn = IntSet.Find(set, value, out var index);
                Assert.Equal(model.Contains(value), isIn);
                if (isIn && random.Next(2) == 0)
                {
                    IntSet.RemoveAt(set, index);
                    Array.Resize(ref set, IntSet.SizeOf(set));
                    model.Remove(value);
                }
                else if (!isIn)
                {
                    Array.Resize(ref set, IntSet.SizeWith(set, value));
                    IntSet.Insert(set, value);
                    model.Add(value);
                }
                Assert.Equal(model, Enumerable.Range(0, IntSet.Count(set)).Select(i => IntSet.Get(set, i)));
                Assert.Equal(model.Count > 0, IntSet.Validate(set));
            }
        }
    }

    [Fact]
    public void Bytes_are_those_of_redis()
    {
        var set = new byte[IntSet.HeaderSize + 6];
        IntSet.WriteEmpty(set);
        foreach (var value in new long[] { 5, -1, 300 }) IntSet.Insert(set, value);
        Assert.Equal("0200000003000000FFFF05002C01", Convert.ToHexString(set));
        Assert.Equal(IntSet.HeaderSize + 16, IntSet.SizeWith(set, 70000));
    }

    [Fact]
    public void Wrong_bytes_are_refused()
    {
        Assert.False(IntSet.Validate(Convert.FromHexString("0200000003000000FFFF05002C")));
        Assert.False(IntSet.Validate(Convert.FromHexString("0300000003000000FFFF05002C01")));
        Assert.False(IntSet.Validate(Convert.FromHexString("02000000030000000500FFFF2C01")));
        Assert.False(IntSet.Validate(Convert.FromHexString("02000000030000000500050005FF")));
        Assert.False(IntSet.Validate(Convert.FromHexString("0200000000000000")));
        Assert.False(IntSet.Validate([1, 2]));
    }
}

using RedisLite.Data;
using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Encodings;

public class HyperLogLogTests
{
    private readonly byte[] _bytes = new byte[HyperLogLog.DenseSize + HyperLogLog.SparseGrowthMax];
    private int _length = HyperLogLog.EmptySize;

    private void Add(ReadOnlySpan<byte> element, int sparseMax = 3000)
    {
        var index = HyperLogLog.Locate(element, out var rank);
        if (HyperLogLog.IsSparse(_bytes))
        {
            var change = HyperLogLog.PlanSparse(_bytes.AsSpan(0, _length), index, rank, sparseMax, out var edit);
            if (change == RegisterChange.Changed) HyperLogLog.Apply(edit, _bytes, ref _length);
            if (change != RegisterChange.TooBigForSparse) return;
            var sparse = _bytes[.._length];
            Assert.True(HyperLogLog.ToDense(sparse, _bytes));
            _length = HyperLogLog.DenseSize;
        }
        HyperLogLog.SetDense(_bytes.AsSpan(0, _length), index, rank);
    }

    // Length, CRC of the registers and count as a redis-server 7.0.15 had them after PFADD of element:0 to element:n-1.
    [Theory]
    [InlineData(10, 48, 0xF3467731D868DD65, 10)]
    [InlineData(500, 1050, 0x2FFEAD8CEFC6BA50, 502)]
    [InlineData(1200, 2230, 0x26A692BDFA3D7BBF, 1198)]
    [InlineData(5000, 12304, 0x73BA0B690E7EEE71, 5005)]
    public void Bytes_and_counts_are_those_of_redis(int elements, int length, ulong crc, ulong count)
    {
        HyperLogLog.WriteEmpty(_bytes);
        for (var i = 0; i < elements; i++) Add(System.Text.Encoding.ASCII.GetBytes("element:" + i));
        var stored = _bytes.AsSpan(0, _length);
        Assert.True(HyperLogLog.IsHyperLogLog(stored));
        Assert.Equal((length, crc), (_length, Crc64.Compute(stored[HyperLogLog.HeaderSize..])));
        Assert.True(HyperLogLog.TryEstimate(stored, out var estimate));
        Assert.Equal(count, estimate);
    }

    [Fact]
    public void Sparse_and_dense_hold_the_same_registers()
    {
        var random = new Random(1);
        HyperLogLog.WriteEmpty(_bytes);
        var dense = new byte[HyperLogLog.DenseSize];
        Assert.True(HyperLogLog.ToDense(_bytes.AsSpan(0, _length), dense));
        var element = new byte[8];
        for (var i = 0; i < 800; i++)
        {
            random.NextBytes(element);
            Add(element, sparseMax: 12000);
            HyperLogLog.SetDense(dense, HyperLogLog.Locate(element, out var rank), rank);
        }
        byte[] fromSparse = new byte[HyperLogLog.Registers], fromDense = new byte[HyperLogLog.Registers];
        Assert.True(HyperLogLog.MergeInto(fromSparse, _bytes.AsSpan(0, _length)));
        Assert.True(HyperLogLog.MergeInto(fromDense, dense));
        Assert.Equal(fromDense, fromSparse);
    }

    [Fact]
    public void The_cached_count_goes_stale()
    {
        HyperLogLog.WriteEmpty(_bytes);
        Assert.True(HyperLogLog.TryGetCached(_bytes, out var count));
        Assert.Equal(0UL, count);
        HyperLogLog.SetCached(_bytes, 1234);
        HyperLogLog.Invalidate(_bytes);
        Assert.False(HyperLogLog.TryGetCached(_bytes, out _));
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_harmless()
    {
        var random = new Random(2);
        HyperLogLog.WriteEmpty(_bytes);
        for (var i = 0; i < 300; i++) Add(System.Text.Encoding.ASCII.GetBytes("e" + i));
        var registers = new byte[HyperLogLog.Registers];
        var dense = new byte[HyperLogLog.DenseSize];
        for (var i = 0; i < 3000; i++)
        {
            var bytes = new byte[_length + HyperLogLog.SparseGrowthMax];
            _bytes.AsSpan(0, _length).CopyTo(bytes);
            for (var n = 0; n < 3; n++) bytes[random.Next(HyperLogLog.HeaderSize, _length)] = (byte)random.Next(256);
            var cut = random.Next(3) == 0 ? random.Next(HyperLogLog.HeaderSize, _length) : _length;
            var merged = HyperLogLog.MergeInto(registers, bytes.AsSpan(0, cut));
            Assert.Equal(merged, HyperLogLog.ToDense(bytes.AsSpan(0, cut), dense));
            var length = _length;
            if (HyperLogLog.PlanSparse(bytes.AsSpan(0, length), random.Next(HyperLogLog.Registers), random.Next(1, 33), 3000, out var edit) == RegisterChange.Changed)
                HyperLogLog.Apply(edit, bytes, ref length);
            Assert.InRange(length, HyperLogLog.HeaderSize, bytes.Length);
        }
    }
}

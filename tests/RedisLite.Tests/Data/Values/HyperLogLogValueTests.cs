using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class HyperLogLogValueTests
{
    private readonly Entry _entry = new();

    private HyperLogLogValue New()
    {
        var keyspace = new Keyspace(new Heap(1, 2));
        keyspace.Insert("h"u8, keyspace.Hash("h"u8), RecordKind.String, 0, _entry);
        var value = new HyperLogLogValue(_entry);
        value.Initialize();
        return value;
    }

    [Fact]
    public void Elements_are_counted_and_the_count_is_cached_until_a_register_rises()
    {
        var value = New();
        Assert.True(value.IsHyperLogLog);
        for (var i = 0; i < 5000; i++) value.Add(Encoding.ASCII.GetBytes("element:" + i));
        Assert.Equal(HyperLogLog.DenseSize, _entry.Value.Length);
        Assert.True(value.TryCount(out var count, out var isNewlyCached));
        Assert.Equal((5005UL, true), (count, isNewlyCached));
        Assert.True(value.TryCount(out count, out isNewlyCached));
        Assert.Equal((5005UL, false), (count, isNewlyCached));
        Assert.Equal(RegisterChange.Unchanged, value.Add("element:7"u8));
        Assert.True(value.TryCount(out _, out isNewlyCached));
        Assert.False(isNewlyCached);
    }

    [Fact]
    public void A_snapshot_keeps_the_old_registers()
    {
        var value = New();
        for (var i = 0; i < 100; i++) value.Add(Encoding.ASCII.GetBytes("e" + i));
        var before = _entry.Value.ToArray();
        _entry.Heap.BeginSnapshot();
        var frozen = _entry.Space.Freeze();
        for (var i = 0; i < 5000; i++) value.Add(Encoding.ASCII.GetBytes("f" + i));
        foreach (var handle in frozen) Assert.Equal(before, frozen.Open(handle).Value.ToArray());
        _entry.Heap.EndSnapshot();
    }

    [Fact]
    public void Other_strings_are_refused()
    {
        var value = New();
        new StringValue(_entry).Set("HYLL"u8);
        Assert.False(value.IsHyperLogLog);
        new StringValue(_entry).Set("12345"u8);
        Assert.False(value.IsHyperLogLog);
        new StringValue(_entry).Set("HYLL\u0001aaaaaaaaaaaaaaaaaaaaaa"u8);
        Assert.True(value.IsHyperLogLog);
        Assert.False(value.MakeDense());
    }
}

using System.Text;
using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;
using ValueType = RedisLite.Data.ValueType;

namespace RedisLite.Tests.Data;

public class KeyspaceTests
{
    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private static void Put(Keyspace keys, string key, ReadOnlySpan<byte> value, long expireAtMs = -1)
    {
        var entry = new Entry();
        var name = Bytes(key);
        if (keys.Find(name, entry)) value.CopyTo(keys.Replace(entry, RecordKind.String, value.Length, keepExpiry: false));
        else value.CopyTo(keys.Insert(name, keys.Hash(name), RecordKind.String, value.Length, entry));
        if (expireAtMs >= 0) entry.SetExpireAt(expireAtMs);
    }

    [Fact]
    public void A_key_is_found_changed_and_removed()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        Assert.False(keys.Find("k"u8, entry));
        Put(keys, "k", "value"u8);
        Assert.True(keys.Find("k"u8, entry));
        Assert.Equal("value"u8, entry.Value);
        Assert.Equal("k"u8, entry.Key);
        Assert.Equal(ValueType.String, entry.Type);
        Assert.Equal(-1, entry.ExpireAtMs);

        entry.Access = 0xabcdef;
        entry.Big = true;
        entry.SetExpireAt(123456789012);
        "!"u8.CopyTo(entry.Resize(6, RecordKind.String)[5..]);
        Assert.True(keys.Find("k"u8, entry));
        Assert.Equal("value!"u8, entry.Value);
        Assert.Equal(0xabcdefu, entry.Access);
        Assert.True(entry.Big && entry.HasExpiry);
        Assert.Equal(123456789012, entry.ExpireAtMs);
        Assert.Equal(1, keys.CountWithExpiry);

        keys.Replace(entry, RecordKind.Integer, 8, keepExpiry: true);
        Assert.Equal(RecordKind.Integer, entry.Kind);
        Assert.Equal(123456789012, entry.ExpireAtMs);
        Assert.False(entry.Big);
        keys.Replace(entry, RecordKind.String, 3, keepExpiry: false);
        Assert.False(entry.HasExpiry);
        Assert.Equal(0, keys.CountWithExpiry);

        keys.Remove(entry);
        Assert.False(entry.Exists);
        Assert.False(keys.Find("k"u8, entry));
        Assert.Equal(0, keys.Count);
        Assert.Equal(0, heap.Arena.LiveBytes);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(255, 10)]
    [InlineData(256, 10)]
    [InlineData(3, 0xff_ffff)]
    [InlineData(3, 0x100_0000)]
    [InlineData(70_000, 70_000)]
    public void Lengths_of_every_form_come_back(int keyLength, int valueLength)
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var key = new byte[keyLength];
        key.AsSpan().Fill((byte)'k');
        var entry = new Entry();
        keys.Insert(key, keys.Hash(key), RecordKind.String, valueLength, entry).Fill(9);
        entry.SetExpireAt(5);
        Assert.True(keys.Find(key, entry));
        Assert.Equal(valueLength, entry.Value.Length);
        Assert.Equal(-1, entry.Value.IndexOfAnyExcept((byte)9));
        Assert.Equal(5, entry.ExpireAtMs);
        entry.Resize(valueLength / 2, RecordKind.String);
        Assert.Equal(-1, entry.Value.IndexOfAnyExcept((byte)9));
        entry.Resize(valueLength + 300, RecordKind.String);
        Assert.True(keys.Find(key, entry));
        Assert.Equal(valueLength + 300, entry.Value.Length);
        Assert.Equal(-1, entry.Value[..(valueLength / 2)].IndexOfAnyExcept((byte)9));
        heap.Arena.CheckInvariants();
    }

    [Theory]
    [InlineData(1, 50, 20_000)]
    [InlineData(2, 3_000, 60_000)]
    [InlineData(3, 40_000, 200_000)]
    public void Random_operations_agree_with_a_dictionary(int seed, int names, int steps)
    {
        using var heap = new Heap(7, (ulong)seed);
        var keys = new Keyspace(heap);
        var model = new Dictionary<string, (byte[] Value, long ExpireAtMs)>();
        var random = new Random(seed);
        var entry = new Entry();
        for (var step = 0; step < steps; step++)
        {
            // Waves of growth and decline, so that splits and merges both happen.
            var growing = step / (steps / 4) % 2 == 0;
            var key = "key:" + random.Next(names);
            var exists = keys.Find(Bytes(key), entry);
            Assert.Equal(model.ContainsKey(key), exists);
            if (exists && random.Next(100) < (growing ? 20 : 80))
            {
                Assert.Equal(model[key].Value, entry.Value);
                Assert.Equal(model[key].ExpireAtMs, entry.ExpireAtMs);
                keys.Remove(entry);
                model.Remove(key);
                continue;
            }
            var value = new byte[random.Next(40)];
            random.NextBytes(value);
            var expiry = random.Next(3) == 0 ? random.Next() : -1L;
            Put(keys, key, value, expiry);
            model[key] = (value, expiry);
        }
        keys.CheckInvariants();
        heap.Arena.CheckInvariants();
        Assert.Equal(model.Count, keys.Count);
        Assert.Equal(model.Values.Count(v => v.ExpireAtMs >= 0), keys.CountWithExpiry);
        var seen = 0;
        foreach (var handle in keys)
        {
            keys.Open(handle, entry);
            Assert.Equal(model[Encoding.ASCII.GetString(entry.Key)].Value, entry.Value);
            seen++;
        }
        Assert.Equal(model.Count, seen);

        foreach (var key in model.Keys)
        {
            Assert.True(keys.Find(Bytes(key), entry));
            keys.Remove(entry);
        }
        Assert.Equal(0, heap.Arena.LiveBytes);
    }

    [Fact]
    public void Clear_frees_in_slices()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        for (var i = 0; i < 20_000; i++) Put(keys, "key:" + i, "value"u8);
        keys.Clear(lazy: true);
        Assert.Equal(0, keys.Count);
        Assert.True(heap.HasLazyFree && heap.Arena.LiveBytes > 0);
        var slices = 1;
        while (heap.RunLazyFree(1000)) slices++;
        Assert.InRange(slices, 10, 25);
        Assert.Equal(0, heap.Arena.LiveBytes);

        for (var i = 0; i < 20_000; i++) Put(keys, "key:" + i, "value"u8);
        keys.Clear(lazy: false);
        Assert.Equal(0, heap.Arena.LiveBytes);
    }

    [Fact]
    public void A_record_that_owns_a_table_takes_it_along()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        foreach (var (fields, replaced) in new[] { (10, false), (10, true), (5000, false), (5000, true) })
        {
            var value = keys.Insert("hash"u8, keys.Hash("hash"u8), RecordKind.HashTable, TableHeader.Bytes, entry);
            for (var i = 0; i < fields; i++) Assert.True(ElementTable.Writable(heap, value).Set(Bytes("field" + i), Bytes("value" + i)));
            if (replaced) keys.Replace(entry, RecordKind.String, 0, keepExpiry: false);
            else keys.Remove(entry);
            Assert.Equal(fields > 1000, heap.HasLazyFree);
            if (replaced) keys.Remove(entry);
            while (heap.RunBackground(eagerDefrag: true))
            {
            }
            Assert.Equal(0, heap.Arena.LiveBytes);
        }
    }
}

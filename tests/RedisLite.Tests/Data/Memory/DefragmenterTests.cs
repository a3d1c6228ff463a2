using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;

namespace RedisLite.Tests.Data.Memory;

public class DefragmenterTests
{
    private static byte Fill(int number) => (byte)(number * 31);

    private static void RunAll(Heap heap)
    {
        while (heap.RunBackground(eagerDefrag: true))
        {
        }
    }

    [Fact]
    public void Changing_sizes_leave_no_waste_and_no_damage()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        var random = new Random(1);
        const int count = 40_000;
        var lengths = new int[count];
        for (var i = 0; i < count; i++)
        {
            var key = BitConverter.GetBytes(i);
            keys.Insert(key, keys.Hash(key), RecordKind.String, 0, entry);
        }
        foreach (var size in new[] { 300, 40, 700, 150 })
        {
            for (var i = 0; i < count * 3; i++)
            {
                var number = random.Next(count);
                Assert.True(keys.Find(BitConverter.GetBytes(number), entry));
                Assert.Equal(lengths[number], entry.Value.Length);
                Assert.Equal(-1, entry.Value.IndexOfAnyExcept(Fill(number)));
                lengths[number] = random.Next(size / 2, size);
                keys.Replace(entry, RecordKind.String, lengths[number], keepExpiry: false).Fill(Fill(number));
                if (i % 20 == 0) heap.RunBackground(eagerDefrag: true);
            }
            RunAll(heap);
            // 4 MiB is what the defragmenter lets pass, the rest must be within 15 %.
            Assert.True(heap.CommittedBytes < (heap.MemoryInUse * 1.15) + (4 << 20), $"{heap.CommittedBytes} for {heap.MemoryInUse}");
            keys.CheckInvariants();
            heap.Arena.CheckInvariants();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_great_deletion_memory_goes_back(bool inHashes)
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        const int owners = 20, count = 120_000;
        for (var owner = 0; owner < owners && inHashes; owner++)
        {
            var name = BitConverter.GetBytes((long)owner);
            keys.Insert(name, keys.Hash(name), RecordKind.HashTable, TableHeader.Bytes, entry);
        }
        void With(int number, Action<Span<byte>, byte[]> onTable, Action<byte[]> onKey)
        {
            var key = BitConverter.GetBytes(number);
            if (!inHashes)
            {
                onKey(key);
                return;
            }
            Assert.True(keys.Find(BitConverter.GetBytes((long)(number % owners)), entry));
            onTable(entry.MutableValue(), key);
        }
        var text = new byte[100];
        for (var i = 0; i < count; i++)
        {
            With(i,
                (value, key) => ElementTable.Writable(heap, value).Set(key, text),
                key => keys.Insert(key, keys.Hash(key), RecordKind.String, 100, entry));
        }
        var full = heap.CommittedBytes;
        for (var i = 0; i < count; i++)
        {
            if (i % 7 < 2) continue;
            With(i,
                (value, key) => Assert.True(ElementTable.Writable(heap, value).Remove(key)),
                key =>
                {
                    Assert.True(keys.Find(key, entry));
                    keys.Remove(entry);
                });
            if (i % 500 == 0) heap.RunBackground(eagerDefrag: true);
        }
        RunAll(heap);
        Assert.True(heap.CommittedBytes < (full * 0.35) + (4 << 20), $"{full} -> {heap.CommittedBytes}, live {heap.MemoryInUse}");
        for (var i = 0; i < count; i++)
        {
            With(i,
                (value, key) => Assert.Equal(i % 7 < 2, ElementTable.Readable(heap, value).Contains(key)),
                key => Assert.Equal(i % 7 < 2, keys.Find(key, entry)));
        }
        keys.CheckInvariants();
        heap.Arena.CheckInvariants();
    }

    [Fact]
    public void Big_values_move_together_too()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        const int count = 4000;
        for (var i = 0; i < count; i++)
        {
            var key = BitConverter.GetBytes(i);
            keys.Insert(key, keys.Hash(key), RecordKind.String, 9000 + (i * 5), entry).Fill(Fill(i));
        }
        for (var i = 0; i < count; i++)
        {
            if (i % 10 == 0) continue;
            keys.Find(BitConverter.GetBytes(i), entry);
            keys.Remove(entry);
        }
        RunAll(heap);
        Assert.True(heap.CommittedBytes < (heap.MemoryInUse * 1.15) + (4 << 20), $"{heap.CommittedBytes} for {heap.MemoryInUse}");
        for (var i = 0; i < count; i += 10)
        {
            Assert.True(keys.Find(BitConverter.GetBytes(i), entry));
            Assert.Equal(9000 + (i * 5), entry.Value.Length);
            Assert.Equal(-1, entry.Value.IndexOfAnyExcept(Fill(i)));
        }
        heap.Arena.CheckInvariants();
    }
}

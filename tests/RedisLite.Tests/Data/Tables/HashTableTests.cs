using System.Buffers.Binary;
using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;

namespace RedisLite.Tests.Data.Tables;

public class HashTableTests
{
    /// <summary>Keys are their own hash, so that a test can place them where it likes.</summary>
    private readonly struct PlainLayout : IRecordLayout
    {
        public static bool SavesLines => true;

        public static bool KeyEquals(ReadOnlySpan<byte> slot, ReadOnlySpan<byte> key) => slot[..8].SequenceEqual(key);

        public static ulong Hash(Heap heap, ReadOnlySpan<byte> slot) => BinaryPrimitives.ReadUInt64LittleEndian(slot);

        public static long ExpireAtMs(ReadOnlySpan<byte> slot) => -1;

        public static bool OwnsMemory(ReadOnlySpan<byte> slot) => false;
    }

    private sealed class Plain : IDisposable
    {
        public readonly Heap Heap = new(1, 2);
        public TableHeader Header;

        public HashTable<PlainLayout> Table => new(Heap, ref Header);

        public ulong Find(ulong hash)
        {
            Span<byte> key = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(key, hash);
            return Table.Find(key, hash);
        }

        public void Insert(ulong hash)
        {
            var handle = Heap.Arena.Alloc(8);
            BinaryPrimitives.WriteUInt64LittleEndian(Heap.Arena.Slot(handle), hash);
            Table.Insert(hash, handle, -1, ownsMemory: false);
        }

        public void Remove(ulong hash)
        {
            var handle = Find(hash);
            Heap.Free(handle, Table.Remove(hash, handle));
        }

        /// <summary>What a snapshot's reader sees, once each.</summary>
        public HashSet<ulong> ReadFrozen(TableHeader header)
        {
            var found = new HashSet<ulong>();
            for (var walk = new TableEnumerator(Heap, in header, frozen: true); walk.MoveNext();)
                Assert.True(found.Add(PlainLayout.Hash(Heap, Heap.Arena.Slot(walk.Current))));
            return found;
        }

        public void Check() => TableCheck<PlainLayout>.Run(Heap, in Header);

        public void Dispose() => Heap.Dispose();
    }

    /// <summary>A table that was told how many come has the size it would have grown to, and what comes splits hardly any segment.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(541)]
    [InlineData(20_000)]
    [InlineData(100_000)]
    [InlineData(150_000)]
    public void Room_can_be_made_before_many_elements_come(int count)
    {
        using var told = new Plain();
        using var grown = new Plain();
        told.Table.Expect(count);
        told.Check();
        var before = TableSize.OfIndex(told.Heap, in told.Header);
        var random = new Random(count);
        var hashes = Enumerable.Range(0, count).Select(_ => HashSpace.Bend((ulong)random.NextInt64(long.MinValue, long.MaxValue))).Distinct().ToArray();
        foreach (var hash in hashes)
        {
            told.Insert(hash);
            grown.Insert(hash);
        }
        told.Check();
        Assert.All(hashes, hash => Assert.NotEqual(0UL, told.Find(hash)));
        var after = TableSize.OfIndex(told.Heap, in told.Header);
        if (count > 1000) Assert.InRange(after, before, before * 1.02);
        if (count > 1000) Assert.InRange(after, 0, TableSize.OfIndex(grown.Heap, in grown.Header) * 1.35);
        foreach (var hash in hashes) told.Remove(hash);
        told.Check();
        Assert.Equal(0, told.Header.Count);
    }

    [Theory]
    [InlineData(0UL, 1UL)] // differ only in bits that no level of the table looks at, or in none at all but the key
    [InlineData(0xABCD_0000_0000_0000UL, 1UL << 14)]
    [InlineData(0UL, 1UL << 8)]
    [InlineData(0UL, 1UL << 50)]
    [InlineData(0UL, 0x9E37_79B9_7F4A_7C15UL)]
    public void Hashes_that_no_split_separates_are_chained(ulong start, ulong step)
    {
        using var plain = new Plain();
        const int count = 1500;
        for (var i = 0; i < count; i++) plain.Insert(start + ((ulong)i * step));
        plain.Check();
        for (var i = 0; i < count; i++) Assert.NotEqual(0UL, plain.Find(start + ((ulong)i * step)));
        Assert.Equal(0UL, plain.Find(start + (count * step)));
        Assert.True(plain.Heap.Arena.LiveBytes < count * 200, $"{plain.Heap.Arena.LiveBytes / count} bytes each");

        plain.Heap.BeginSnapshot();
        var frozen = plain.Header;
        var before = Enumerable.Range(0, count).Select(i => start + ((ulong)i * step)).ToHashSet();
        for (var i = count; i < count + 700; i++) plain.Insert(start + ((ulong)i * step));          // chains get longer under the reader
        Assert.Equal(before, plain.ReadFrozen(frozen));
        for (var i = 0; i < count; i += 2) plain.Remove(start + ((ulong)i * step));
        for (var i = count; i < count + 700; i++) plain.Remove(start + ((ulong)i * step));
        plain.Check();
        Assert.Equal(before, plain.ReadFrozen(frozen));
        plain.Heap.EndSnapshot();
        for (var i = 1; i < count; i += 2) plain.Remove(start + ((ulong)i * step));
        plain.Check();
        while (plain.Heap.RunBackground(eagerDefrag: false))
        {
        }
        Assert.Equal(0, plain.Heap.Arena.LiveBytes);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 60)]
    [InlineData(3, 2_000)]
    [InlineData(4, 30_000)]
    public void Scan_returns_all_that_is_present_throughout(int seed, int before)
    {
        var random = new Random(seed);
        using var plain = new Plain();
        var present = new HashSet<ulong>();
        var list = new List<ulong>();
        void Add()
        {
            var hash = HashSpace.Bend((ulong)random.NextInt64(long.MinValue, long.MaxValue));
            if (!present.Add(hash)) return;
            list.Add(hash);
            plain.Insert(hash);
        }
        for (var i = 0; i < before; i++) Add();
        for (var round = 0; round < 8; round++)
        {
            // Even rounds grow the table several times over during the scan, odd ones shrink it.
            var watched = new HashSet<ulong>(present);
            var found = new HashSet<ulong>();
            var handles = new HandleList();
            ulong cursor = 0;
            var steps = 0;
            do
            {
                handles.Clear();
                cursor = plain.Table.Scan(cursor, handles);
                Assert.True(cursor < 1UL << 53);
                foreach (var handle in handles.Items) found.Add(BinaryPrimitives.ReadUInt64LittleEndian(plain.Heap.Arena.Slot(handle)));
                for (var i = random.Next(12); i > 0 && round % 2 == 0 && present.Count < 60_000; i--) Add();
                for (var i = random.Next(60); i > 0 && round % 2 == 1 && list.Count > 0; i--)
                {
                    var index = random.Next(list.Count);
                    plain.Remove(list[index]);
                    present.Remove(list[index]);
                    watched.Remove(list[index]);
                    list[index] = list[^1];
                    list.RemoveAt(list.Count - 1);
                }
                Assert.True(++steps < 100_000);
            }
            while (cursor != 0);
            watched.ExceptWith(found);
            Assert.Empty(watched);
            plain.Check();
        }
    }

    [Fact]
    public void A_scan_of_a_still_table_returns_each_once()
    {
        using var plain = new Plain();
        var random = new Random(1);
        for (var i = 0; i < 10_000; i++) plain.Insert(HashSpace.Bend((ulong)random.NextInt64()));
        var handles = new HandleList();
        ulong cursor = 0;
        do cursor = plain.Table.Scan(cursor, handles);
        while (cursor != 0);
        Assert.Equal(10_000, handles.Count);
        Assert.Equal(10_000, handles.Items.ToArray().Distinct().Count());
    }

    [Fact]
    public void A_cursor_from_nowhere_ends_or_goes_on()
    {
        using var plain = new Plain();
        var random = new Random(1);
        for (var i = 0; i < 5_000; i++) plain.Insert(HashSpace.Bend((ulong)random.NextInt64()));
        foreach (var cursor in new[] { ulong.MaxValue, 1UL, 12345UL, 1UL << 37, (1UL << 37) - 1, 1UL << 63 }) plain.Table.Scan(cursor, new HandleList());
        Assert.Equal(0UL, plain.Table.Scan(ulong.MaxValue, new HandleList()));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(1000)]
    [InlineData(5000)]
    public void Random_elements_are_nearly_uniform(int count)
    {
        using var plain = new Plain();
        var random = new Random(2);
        for (var i = 0; i < count; i++) plain.Insert(HashSpace.Bend((ulong)random.NextInt64(long.MinValue, long.MaxValue)));
        var hits = new Dictionary<ulong, int>();
        for (var i = 0; i < count * 100; i++)
        {
            var handle = plain.Table.Random(random);
            hits[handle] = hits.GetValueOrDefault(handle) + 1;
        }
        Assert.Equal(count, hits.Count);
        // 100 expected each; segments differ a little in how many elements share their part of hash space.
        Assert.All(hits.Values, n => Assert.InRange(n, 35, 220));
        var variance = hits.Values.Average(n => (n - 100.0) * (n - 100.0));
        Assert.True(variance < 300, $"variance {variance:F0}, 100 would be perfect");
    }

    [Fact]
    public void Elements_with_an_expiry_are_sampled_though_rare()
    {
        using var heap = new Heap(1, 2);
        var keys = new Keyspace(heap);
        var entry = new Entry();
        for (var i = 0; i < 200_000; i++)
        {
            var key = BitConverter.GetBytes(i);
            keys.Insert(key, keys.Hash(key), RecordKind.String, 0, entry, expireAtMs: i % 50_000 == 7 ? i : -1);
        }
        var found = new HandleList();
        keys.SampleForEviction(new Random(1), 100, withExpiry: true, found);
        Assert.Equal(100, found.Count);
        Assert.Equal(4, found.Items.ToArray().Distinct().Count());
    }
}

using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class HashValueTests : ValueWorld<Dictionary<string, string>>
{
    internal override RecordKind EmptyKind => HashValue.EmptyKind;

    internal override int EmptySize => HashValue.EmptySize;

    protected override Dictionary<string, string> NewModel() => [];

    protected override Dictionary<string, string> Clone(Dictionary<string, string> model) => new(model);

    protected override bool IsEmpty(Dictionary<string, string> model) => model.Count == 0;

    internal override void Initialize(Entry entry) => new HashValue(entry).Initialize();

    internal override void Step(Entry entry, Dictionary<string, string> model)
    {
        var hash = new HashValue(entry);
        for (var n = Random.Next(1, 30); n > 0; n--)
        {
            var field = Random.Next(3) == 0 && model.Count > 0 ? model.Keys.ElementAt(Random.Next(model.Count)) : "f" + Random.Next(400);
            if (Random.Next(3) == 0)
            {
                Assert.Equal(model.Remove(field), hash.Delete(Bytes(field)));
            }
            else
            {
                var value = RandomText(Random.Next(20) == 0 ? 3000 : 60);
                Assert.Equal(!model.ContainsKey(field), hash.Set(Bytes(field), Bytes(value)));
                model[field] = value;
            }
        }
    }

    internal override void Check(Entry entry, Dictionary<string, string> model)
    {
        var hash = new HashValue(entry);
        Assert.Equal(model.Count, hash.Count);
        AssertSame(model, ReadFrozen(entry.Kind, entry.Value));
        var field = "f" + Random.Next(400);
        Assert.Equal(model.TryGetValue(field, out var expected), hash.TryGet(Bytes(field), out var value));
        if (expected is not null) Assert.Equal(expected, Text(value));

        var found = new HandleList();
        ulong cursor = 0;
        do cursor = hash.Scan(cursor, found);
        while (cursor != 0);
        var scanned = new HashSet<string>();
        foreach (var place in found.Items)
        {
            var name = Text(hash.FieldAt(place));
            scanned.Add(name);
            Assert.Equal(model[name], Text(hash.ValueAt(place)));
        }
        Assert.Equal(model.Count, scanned.Count);

        found.Clear();
        var count = Random.Next(1, 20);
        hash.Sample(Random, count, found);
        Assert.Equal(Math.Min(count, model.Count), found.Count);
        Assert.Equal(found.Count, found.Items.ToArray().Select(place => Text(hash.FieldAt(place))).Distinct().Count());
        Assert.Contains(Text(hash.FieldAt(hash.Random(Random))), model);
    }

    internal override Dictionary<string, string> ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value)
    {
        var copy = new Dictionary<string, string>();
        for (var walk = new HashWalk(Heap, kind, value); walk.MoveNext();) copy.Add(Text(walk.Field), Text(walk.Value));
        return copy;
    }

    protected override void AssertSame(Dictionary<string, string> expected, Dictionary<string, string> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (field, value) in expected) Assert.Equal(value, actual[field]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_agree_with_a_dictionary_while_snapshots_run(int seed) => Run(seed, 2500, 8);

    private HashValue New(string key)
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert(Bytes(key), keyspace.Hash(Bytes(key)), EmptyKind, EmptySize, Entry);
        Initialize(Entry);
        return new HashValue(Entry);
    }

    [Fact]
    public void The_reported_encoding_turns_where_redis_turns_it()
    {
        var hash = New("entries");
        for (var i = 0; i < 512; i++) hash.Set(Bytes("f" + i), "v"u8);
        Assert.Equal("listpack", hash.Encoding);
        hash.Set("f511"u8, "again"u8);
        Assert.Equal("listpack", hash.Encoding);
        hash.Set("one more"u8, "v"u8);
        Assert.Equal("hashtable", hash.Encoding);
        for (var i = 0; i < 512; i++) hash.Delete(Bytes("f" + i));
        Assert.Equal("hashtable", hash.Encoding);

        hash = New("value");
        hash.Set("f"u8, new byte[64]);
        Assert.Equal("listpack", hash.Encoding);
        hash.Set("f"u8, new byte[65]);
        Assert.Equal("hashtable", hash.Encoding);
        hash.Set("f"u8, "short"u8);
        Assert.Equal("hashtable", hash.Encoding);

        hash = New("field");
        hash.Set(new byte[65], "v"u8);
        Assert.Equal("hashtable", hash.Encoding);

        hash = New("expected");
        hash.Expect(512);
        Assert.Equal("listpack", hash.Encoding);
        hash.Expect(513);
        Assert.Equal("hashtable", hash.Encoding);
    }

    [Fact]
    public void One_long_field_costs_no_table()
    {
        var hash = New("h");
        hash.Set("field"u8, new byte[100]);
        Assert.Equal("hashtable", hash.Encoding);
        Assert.True(Heap.Arena.LiveBytes < 128 + 512, $"{Heap.Arena.LiveBytes} bytes with the keyspace's first segment");
    }

    [Fact]
    public void Small_hashes_cost_their_bytes()
    {
        var keyspace = new Keyspace(Heap);
        const int keys = 20_000;
        for (var i = 0; i < keys; i++)
        {
            var key = Bytes("user:" + i);
            keyspace.Insert(key, keyspace.Hash(key), EmptyKind, EmptySize, Entry);
            Initialize(Entry);
            for (var f = 0; f < 5; f++) new HashValue(Entry).Set(Bytes("field" + f), Bytes("value" + i % 1000));
        }
        // Five entries of 6-8 bytes each twice over, the key, the record's header and its place in the table: redis-server takes about 205.
        Assert.InRange((double)Heap.Arena.CommittedBytes / keys, 80, 155);
    }
}

using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class SetValueTests : ValueWorld<HashSet<string>>
{
    private bool _integersOnly;

    internal override RecordKind EmptyKind => SetValue.EmptyKind;

    internal override int EmptySize => SetValue.EmptySize;

    protected override HashSet<string> NewModel()
    {
        _integersOnly = Random.Next(3) > 0;
        return [];
    }

    protected override HashSet<string> Clone(HashSet<string> model) => [.. model];

    protected override bool IsEmpty(HashSet<string> model) => model.Count == 0;

    internal override void Initialize(Entry entry) => new SetValue(entry).Initialize();

    internal override void Step(Entry entry, HashSet<string> model)
    {
        var set = new SetValue(entry);
        for (var n = Random.Next(1, 60); n > 0; n--)
        {
            var member = Random.Next(3) == 0 && model.Count > 0 ? model.ElementAt(Random.Next(model.Count))
                : _integersOnly || Random.Next(2) == 0 ? Random.Next(-900, 900).ToString()
                : RandomText(Random.Next(30) == 0 ? 600 : 50);
            switch (Random.Next(4))
            {
                case 0:
                    Assert.Equal(model.Remove(member), set.Remove(Bytes(member)));
                    break;
                case 1 when model.Count > 0:
                    var place = set.Random(Random);
                    Assert.True(model.Remove(Text(set.MemberAt(place))));
                    set.RemoveAt(place);
                    break;
                default:
                    Assert.Equal(model.Add(member), set.Add(Bytes(member)));
                    break;
            }
        }
        _integersOnly ^= Random.Next(20) == 0;
    }

    internal override void Check(Entry entry, HashSet<string> model)
    {
        var set = new SetValue(entry);
        Assert.Equal(model.Count, set.Count);
        AssertSame(model, ReadFrozen(entry.Kind, entry.Value));
        var probe = Random.Next(-900, 900).ToString();
        Assert.Equal(model.Contains(probe), set.Contains(Bytes(probe)));

        var found = new HandleList();
        ulong cursor = 0;
        do cursor = set.Scan(cursor, found);
        while (cursor != 0);
        Assert.Equal(model.Count, found.Items.ToArray().Select(place => Text(set.MemberAt(place))).Distinct().Count(model.Contains));

        found.Clear();
        var count = Random.Next(1, 20);
        set.Sample(Random, count, found);
        Assert.Equal(Math.Min(count, model.Count), found.Items.ToArray().Select(place => Text(set.MemberAt(place))).Distinct().Count(model.Contains));
        Assert.Equal(Math.Min(count, model.Count), found.Count);
    }

    internal override HashSet<string> ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value)
    {
        var copy = new HashSet<string>();
        for (var walk = new SetWalk(Heap, kind, value); walk.MoveNext();) Assert.True(copy.Add(Text(walk.Current)));
        return copy;
    }

    protected override void AssertSame(HashSet<string> expected, HashSet<string> actual) => Assert.True(expected.SetEquals(actual));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_agree_with_a_set_while_snapshots_run(int seed) => Run(seed, 2000, 6);

    private SetValue New()
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert("s"u8, keyspace.Hash("s"u8), EmptyKind, EmptySize, Entry);
        Initialize(Entry);
        return new SetValue(Entry);
    }

    private static void Fill(SetValue set, int from, int to)
    {
        for (var i = from; i < to; i++) set.Add(Bytes(i.ToString()));
    }

    [Fact]
    public void The_reported_encoding_turns_where_redis_turns_it()
    {
        var set = New();
        Fill(set, 0, 512);
        Assert.Equal("intset", set.Encoding);
        Fill(set, 512, 513);
        Assert.Equal("hashtable", set.Encoding);

        set = New();
        Fill(set, 0, 127);
        set.Add("word"u8);
        Assert.Equal("listpack", set.Encoding);
        set.Add("word"u8);
        Assert.Equal("listpack", set.Encoding);
        set.Add("another"u8);
        Assert.Equal("hashtable", set.Encoding);

        set = New();
        Fill(set, 0, 128);
        set.Add("word"u8);
        Assert.Equal("hashtable", set.Encoding);

        set = New();
        set.Add(new byte[65]);
        Assert.Equal("hashtable", set.Encoding);
        Assert.Equal(RecordKind.SetBlob, Entry.Kind);

        set = New();
        set.Start("word"u8, 129);
        Assert.Equal("hashtable", set.Encoding);
        set = New();
        set.Start("1"u8, 513);
        Assert.Equal("hashtable", set.Encoding);
        set = New();
        set.Start("1"u8, 512);
        Assert.Equal("intset", set.Encoding);
    }

    [Fact]
    public void Integers_come_back_together()
    {
        var set = New();
        set.Add("word"u8);
        Fill(set, 10, 20);
        set.BecomeIntsIfPossible();
        Assert.Equal("listpack", set.Encoding);
        set.Remove("word"u8);
        set.BecomeIntsIfPossible();
        Assert.Equal(("intset", 10L), (set.Encoding, set.Count));
    }

    [Fact]
    public void A_million_decimal_members_cost_at_most_33_bytes_each()
    {
        var set = New();
        const int count = 1_000_000;
        Fill(set, 0, count);
        Assert.InRange((double)Heap.Arena.CommittedBytes / count, 20, 33);
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(10, 3000)]
    [InlineData(700, 3000)]
    [InlineData(3000, 700)]
    [InlineData(300, 40_000)]
    [InlineData(40_000, 50_000)]
    public void What_sets_have_in_common_is_found_in_every_form(int sizeOfFirst, int sizeOfSecond)
    {
        var keyspace = new Keyspace(Heap);
        var random = new Random(5);
        var entries = new Entry[3];
        var models = new HashSet<string>[3];
        for (var i = 0; i < 3; i++)
        {
            entries[i] = new Entry();
            models[i] = [];
            var key = Bytes("set" + i);
            keyspace.Insert(key, keyspace.Hash(key), EmptyKind, EmptySize, entries[i]);
            new SetValue(entries[i]).Initialize();
            for (var n = i == 0 ? sizeOfFirst : sizeOfSecond; n > 0; n--)
            {
                var member = (random.Next(3) == 0 ? "m" : "") + random.Next(Math.Max(sizeOfFirst, sizeOfSecond) + 1000);
                models[i].Add(member);
                new SetValue(entries[i]).Add(Bytes(member));
            }
        }

        var found = new HashSet<string>();
        for (var common = new SetMeet([.. entries, entries[0]]); common.MoveNext();) Assert.True(found.Add(Text(common.Current)));
        models[0].IntersectWith(models[1]);
        models[0].IntersectWith(models[2]);
        Assert.True(models[0].SetEquals(found));
    }

    [Theory]
    [InlineData(10, true, 15, true)]
    [InlineData(10, true, 400, true)]
    [InlineData(400, true, 10, true)]
    [InlineData(300, true, 400, true)]
    [InlineData(10, true, 15, false)]
    [InlineData(10, false, 400, true)]
    [InlineData(300, false, 400, true)]
    [InlineData(400, true, 300, false)]
    [InlineData(300, false, 400, false)]
    [InlineData(40_000, true, 50_000, true)]
    public void Two_sets_and_sorted_sets_meet_in_every_form(int sizeOfFirst, bool firstIsSorted, int sizeOfSecond, bool secondIsSorted)
    {
        var keyspace = new Keyspace(Heap);
        var first = new Entry();
        var second = new Entry();
        var expected = FillEither(keyspace, "first", first, firstIsSorted, sizeOfFirst);
        expected.IntersectWith(FillEither(keyspace, "second", second, secondIsSorted, sizeOfSecond));

        var found = new List<string>();
        for (var common = new SetMeet([first, second]); common.MoveNext();) found.Add(Text(common.Current));
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    /// <summary>Every third member is a number, and the names begin at the size, so that some are in both and some in one.</summary>
    private HashSet<string> FillEither(Keyspace keyspace, string key, Entry entry, bool isSorted, int size)
    {
        var kind = isSorted ? ZSetValue.EmptyKind : EmptyKind;
        keyspace.Insert(Bytes(key), keyspace.Hash(Bytes(key)), kind, isSorted ? ZSetValue.EmptySize : EmptySize, entry);
        if (isSorted) new ZSetValue(entry).Initialize();
        else new SetValue(entry).Initialize();

        var model = new HashSet<string>();
        for (var i = size / 2; i < size / 2 + size; i++)
        {
            var member = i % 3 == 0 ? $"{i}" : $"member {i}";
            model.Add(member);
            if (isSorted) new ZSetValue(entry).Set(Bytes(member), -i);
            else new SetValue(entry).Add(Bytes(member));
        }
        return model;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(400)]
    public void Intsets_are_walked_side_by_side(int size)
    {
        var keyspace = new Keyspace(Heap);
        var random = new Random(size);
        for (var round = 0; round < 50; round++)
        {
            var models = new SortedSet<long>[] { [], [] };
            var sets = new SetValue[2];
            for (var i = 0; i < 2; i++)
            {
                var key = Bytes($"ints{round}:{i}");
                var entry = new Entry();
                keyspace.Insert(key, keyspace.Hash(key), EmptyKind, EmptySize, entry);
                sets[i] = new SetValue(entry);
                sets[i].Initialize();
                for (var n = random.Next(size + 1); n > 0; n--)
                {
                    var number = random.Next(5) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(size * 2);
                    models[i].Add(number);
                    sets[i].Add(new PackedValue(number));
                }
            }

            var found = new List<string>();
            for (var common = new SetMeet([.. sets.Select(set => set.Entry)]); common.MoveNext();) found.Add(Text(common.Current));
            Assert.Equal(models[0].Where(models[1].Contains).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)), found);
        }
    }
}

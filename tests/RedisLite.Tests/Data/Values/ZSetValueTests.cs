using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class ZSetValueTests : ValueWorld<Dictionary<string, double>>
{
    internal override RecordKind EmptyKind => ZSetValue.EmptyKind;

    internal override int EmptySize => ZSetValue.EmptySize;

    protected override Dictionary<string, double> NewModel() => [];

    protected override Dictionary<string, double> Clone(Dictionary<string, double> model) => new(model);

    protected override bool IsEmpty(Dictionary<string, double> model) => model.Count == 0;

    internal override void Initialize(Entry entry) => new ZSetValue(entry).Initialize();

    private static List<(string Member, double Score)> Ordered(Dictionary<string, double> model)
    {
        var list = model.Select(pair => (Member: pair.Key, Score: pair.Value)).ToList();
        list.Sort((a, b) => a.Score != b.Score ? a.Score.CompareTo(b.Score) : string.CompareOrdinal(a.Member, b.Member));
        return list;
    }

    internal override void Step(Entry entry, Dictionary<string, double> model)
    {
        var set = new ZSetValue(entry);
        for (var n = Random.Next(1, 60); n > 0; n--)
        {
            var member = Random.Next(3) == 0 && model.Count > 0 ? model.Keys.ElementAt(Random.Next(model.Count))
                : Random.Next(2) == 0 ? Random.Next(-900, 900).ToString() : RandomText(Random.Next(30) == 0 ? 400 : 40);
            if (Random.Next(4) == 0)
            {
                Assert.Equal(model.Remove(member), set.Remove(Bytes(member)));
                continue;
            }
            var score = Random.Next(6) switch
            {
                0 => double.PositiveInfinity,
                1 => Random.NextDouble() * 100,
                2 => Random.Next(),
                _ => Random.Next(-5, 5),
            };
            var expected = !model.TryGetValue(member, out var old) ? ScoreChange.Added : old == score ? ScoreChange.Unchanged : ScoreChange.Updated;
            Assert.Equal(expected, set.Set(Bytes(member), score));
            model[member] = score;
        }
        if (Random.Next(8) != 0 || model.Count == 0) return;
        var rank = Random.Next(model.Count);
        var count = Random.Next(Random.Next(3) == 0 ? 300 : 10);
        foreach (var (member, _) in Ordered(model).Skip(rank).Take(count)) model.Remove(member);
        set.RemoveRange(rank, count);
    }

    internal override void Check(Entry entry, Dictionary<string, double> model)
    {
        var set = new ZSetValue(entry);
        var ordered = Ordered(model);
        set.CheckInvariants();
        AssertSame(model, ReadFrozen(entry.Kind, entry.Value));

        var rank = Random.Next(ordered.Count);
        Assert.Equal(rank, set.RankOf(Bytes(ordered[rank].Member), out var score));
        Assert.Equal(ordered[rank].Score, score);
        Assert.Equal(-1, set.RankOf("no such member"u8, out _));
        var probe = Random.Next(2) == 0 ? score : Random.Next(-6, 6);
        Assert.Equal(ordered.Count(pair => pair.Score < probe), set.RankOfScore(probe, after: false));
        Assert.Equal(ordered.Count(pair => pair.Score <= probe), set.RankOfScore(probe, after: true));

        var up = set.Walk(rank);
        for (var i = rank; i < Math.Min(rank + 200, ordered.Count); i++)
        {
            Assert.True(up.MoveNext());
            Assert.Equal(ordered[i], (Text(up.Member), up.Score));
        }
        var down = set.Walk(rank);
        for (var i = rank; i >= Math.Max(0, rank - 200); i--)
        {
            Assert.True(down.MovePrevious());
            Assert.Equal(ordered[i], (Text(down.Member), down.Score));
        }

        var found = new HandleList();
        set.Sample(Random, 7, found);
        Assert.Equal(Math.Min(7, model.Count), found.Items.ToArray().Select(place => Text(set.MemberAt(place))).Distinct().Count(model.ContainsKey));
    }

    internal override Dictionary<string, double> ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value)
    {
        var copy = new Dictionary<string, double>();
        for (var walk = new ZSetWalk(Heap, kind, value, 0); walk.MoveNext();) copy.Add(Text(walk.Member), walk.Score);
        return copy;
    }

    protected override void AssertSame(Dictionary<string, double> expected, Dictionary<string, double> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (member, score) in expected) Assert.Equal(score, actual[member]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_agree_with_an_ordered_model_while_snapshots_run(int seed) => Run(seed, 1500, 4);

    private ZSetValue New()
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert("z"u8, keyspace.Hash("z"u8), EmptyKind, EmptySize, Entry);
        Initialize(Entry);
        return new ZSetValue(Entry);
    }

    [Fact]
    public void The_reported_encoding_turns_where_redis_turns_it()
    {
        var set = New();
        for (var i = 0; i < 128; i++) set.Set(Bytes("m" + i), i);
        set.Set("m5"u8, 5000);
        Assert.Equal("listpack", set.Encoding);
        set.Set("more"u8, 1);
        Assert.Equal("skiplist", set.Encoding);
        Assert.Equal(RecordKind.ZSetTree, Entry.Kind);
        set.RemoveRange(0, 60);
        Assert.Equal("skiplist", set.Encoding);
        set.BecomeListpackIfPossible(longest: 4);
        Assert.Equal(("listpack", RecordKind.ZSetBlob, 69L), (set.Encoding, Entry.Kind, set.Count));
        set.CheckInvariants();

        set = New();
        set.Set(new byte[64], 1);
        Assert.Equal("listpack", set.Encoding);
        set.Set(new byte[65], 1);
        Assert.Equal(("skiplist", RecordKind.ZSetBlob), (set.Encoding, Entry.Kind));
    }

    [Fact]
    public void Members_of_equal_score_are_ranked_by_their_bytes()
    {
        foreach (var count in new[] { 10, 1000 })
        {
            var set = New();
            var members = Enumerable.Range(0, count).Select(i => "m" + i).ToList();
            foreach (var member in members) set.Set(Bytes(member), 0);
            members.Sort(string.CompareOrdinal);
            for (var i = 0; i < count; i += 7)
            {
                Assert.Equal(i, set.RankOfLex(Bytes(members[i]), after: false));
                Assert.Equal(i + 1, set.RankOfLex(Bytes(members[i]), after: true));
            }
            Assert.Equal(count, set.RankOfLex("n"u8, after: false));
            Assert.Equal(0, set.RankOfLex("a"u8, after: true));
        }
    }

    [Fact]
    public void A_million_members_of_16_bytes_cost_at_most_66_bytes_each()
    {
        var set = New();
        var random = new Random(7);
        const int count = 1_000_000;
        for (var i = 0; i < count; i++) set.Set(Bytes($"member:{i:D9}"), random.NextDouble());
        Assert.Equal(count, set.Count);
        Assert.InRange((double)Heap.Arena.CommittedBytes / count, 50, 66);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(20_000)]
    public void A_set_built_at_one_go_is_the_same_set(int count)
    {
        var random = new Random(count);
        var model = new Dictionary<string, double>();
        var builder = new ZSetBuilder(Heap);
        for (var i = 0; i < count; i++)
        {
            var member = random.Next(2) == 0 ? "m" + i : i.ToString();
            var score = random.Next(-count / 8, (count / 8) + 1) + (random.Next(2) == 0 ? 0 : 0.5);
            builder.Set(Bytes(member), -1);
            Assert.True(builder.TryGet(Bytes(member), out var soFar));
            builder.Set(Bytes(member), soFar + 1 + score);
            model.Add(member, score);
        }
        var set = New();
        builder.Finish(set);
        Assert.Equal(count, set.Count);
        Assert.Equal(count <= 128 ? "listpack" : "skiplist", set.Encoding);
        set.CheckInvariants();
        var rank = 0;
        var ordered = Ordered(model);
        for (var walk = set.Walk(); walk.MoveNext(); rank++) Assert.Equal(ordered[rank], (Text(walk.Member), walk.Score));
        Assert.Equal(count, rank);
        for (var i = 0; i < 1000 && model.Count > 0; i++)
        {
            var member = ordered[random.Next(ordered.Count)].Member;
            Assert.Equal(model.Remove(member), set.Remove(Bytes(member)));
        }
        AssertSame(model, ReadFrozen(Entry.Kind, Entry.Value));
    }

    [Fact]
    public void A_set_that_became_empty_takes_members_again()
    {
        var set = New();
        for (var i = 0; i < 1000; i++) set.Set(Bytes("m" + i), i);
        set.RemoveRange(0, 1000);
        Assert.Equal((0L, 0L, 0L), (set.Count, set.RankOfScore(5, after: true), set.RankOfLex("m"u8, after: false)));
        Assert.False(set.Walk().MoveNext());
        Assert.Equal(ScoreChange.Added, set.Set("again"u8, 1));
        set.CheckInvariants();
    }

    [Fact]
    public void A_dropped_builder_leaves_nothing()
    {
        var builder = new ZSetBuilder(Heap);
        for (var i = 0; i < 1000; i++) builder.Set(Bytes("m" + i), i);
        builder.Drop();
        Assert.Equal(0, Heap.Arena.LiveBytes);
    }
}

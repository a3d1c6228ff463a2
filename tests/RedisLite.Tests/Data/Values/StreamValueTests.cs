using System.Runtime.InteropServices;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public sealed class StreamModel
{
    internal sealed record Consumer(long SeenMs);

    internal SortedDictionary<(ulong Ms, ulong Seq), List<(string Field, string Value)>> Entries { get; } = [];

    internal (ulong Ms, ulong Seq) Last { get; set; }

    internal (ulong Ms, ulong Seq) MaxDeleted { get; set; }

    internal ulong Added { get; set; }

    internal SortedDictionary<string, GroupModel> Groups { get; } = new(StringComparer.Ordinal);

    internal StreamModel Clone()
    {
        var copy = new StreamModel { Last = Last, MaxDeleted = MaxDeleted, Added = Added };
        foreach (var (id, fields) in Entries) copy.Entries.Add(id, fields);
        foreach (var (name, group) in Groups) copy.Groups.Add(name, group.Clone());
        return copy;
    }

    internal sealed class GroupModel
    {
        public (ulong Ms, ulong Seq) Last { get; set; }

        public SortedDictionary<string, Consumer> Consumers { get; } = new(StringComparer.Ordinal);

        public SortedDictionary<(ulong Ms, ulong Seq), (string Consumer, long Time, long Count)> Pending { get; } = [];

        public GroupModel Clone()
        {
            var copy = new GroupModel { Last = Last };
            foreach (var pair in Consumers) copy.Consumers.Add(pair.Key, pair.Value);
            foreach (var pair in Pending) copy.Pending.Add(pair.Key, pair.Value);
            return copy;
        }
    }
}

public class StreamValueTests : ValueWorld<StreamModel>
{
    internal readonly ref struct Fields(List<(string Field, string Value)> list) : IStreamFields
    {
        public int Count => list.Count;

        public ReadOnlySpan<byte> Field(int i) => Bytes(list[i].Field);

        public ReadOnlySpan<byte> Value(int i) => Bytes(list[i].Value);
    }

    internal override RecordKind EmptyKind => StreamValue.EmptyKind;

    internal override int EmptySize => StreamValue.EmptySize;

    protected override StreamModel NewModel() => new();

    protected override StreamModel Clone(StreamModel model) => model.Clone();

    protected override bool IsEmpty(StreamModel model) => false;

    internal override void Initialize(Entry entry) => new StreamValue(entry).Initialize();

    private static StreamId Id((ulong Ms, ulong Seq) id) => new(id.Ms, id.Seq);

    private static (ulong Ms, ulong Seq) Id(StreamId id) => (id.Ms, id.Seq);

    internal override void Step(Entry entry, StreamModel model)
    {
        var stream = new StreamValue(entry);
        switch (Random.Next(10))
        {
            case < 4:
                for (var n = Random.Next(Random.Next(6) == 0 ? 250 : 20); n > 0; n--) Append(stream, model);
                break;
            case < 6:
                for (var n = Random.Next(20); n > 0 && model.Entries.Count > 0; n--) Delete(stream, model);
                break;
            case 6:
                TrimExactly(stream, model);
                break;
            default:
                for (var n = Random.Next(20); n > 0; n--) ChangeGroups(stream, model);
                break;
        }
    }

    private void Append(StreamValue stream, StreamModel model)
    {
        var (ms, seq) = model.Last;
        (ulong Ms, ulong Seq) id = Random.Next(3) == 0 ? (ms, seq + 1 + (ulong)Random.Next(3)) : (ms + (ulong)Random.Next(1, 5000), (ulong)Random.Next(3));
        var fields = new List<(string, string)>();
        var names = Random.Next(3) == 0 ? Random.Next(1, 5) : 2;
        for (var i = 0; i < names; i++) fields.Add((Random.Next(9) == 0 ? RandomText(90) : "field" + i, RandomText(60)));
        stream.Append(Id(id), new Fields(fields));
        model.Entries.Add(id, fields);
        model.Last = id;
        model.Added++;
    }

    private void Delete(StreamValue stream, StreamModel model)
    {
        var id = model.Entries.Keys.ElementAt(Random.Next(model.Entries.Count));
        Assert.True(stream.Delete(Id(id)));
        Assert.False(stream.Delete(Id(id)));
        model.Entries.Remove(id);
        if (id.CompareTo(model.MaxDeleted) > 0) model.MaxDeleted = id;
    }

    private void TrimExactly(StreamValue stream, StreamModel model)
    {
        var before = model.Entries.Count;
        var keep = Random.Next(before + 1);
        var doomed = model.Entries.Keys.Take(before - keep).ToList();
        if (Random.Next(2) == 0) Assert.Equal(doomed.Count, stream.TrimToLength(keep, approximately: false, limit: 0));
        else Assert.Equal(doomed.Count, stream.TrimBelow(keep == 0 ? StreamId.Max : Id(model.Entries.Keys.ElementAt(before - keep)), approximately: false, limit: 0));
        foreach (var id in doomed) model.Entries.Remove(id);
    }

    private void ChangeGroups(StreamValue stream, StreamModel model)
    {
        var name = "group" + Random.Next(3);
        if (!model.Groups.TryGetValue(name, out var expected))
        {
            Assert.True(stream.CreateGroup(Bytes(name), Id(model.Last), -1));
            model.Groups.Add(name, new StreamModel.GroupModel { Last = model.Last });
            return;
        }
        Assert.False(stream.CreateGroup(Bytes(name), default, 0));
        Assert.True(stream.TryGetGroup(Bytes(name), out var group));
        var consumer = "consumer" + Random.Next(4);
        if (!expected.Consumers.ContainsKey(consumer))
        {
            group.CreateConsumer(Bytes(consumer), 5);
            expected.Consumers.Add(consumer, new StreamModel.Consumer(5));
        }
        switch (Random.Next(20))
        {
            case 0:
                Assert.True(stream.DestroyGroup(Bytes(name)));
                model.Groups.Remove(name);
                break;
            case 1:
                var pending = expected.Pending.Where(pair => pair.Value.Consumer == consumer).Select(pair => pair.Key).ToList();
                Assert.Equal(pending.Count, group.DeleteConsumer(Bytes(consumer)));
                foreach (var id in pending) expected.Pending.Remove(id);
                expected.Consumers.Remove(consumer);
                break;
            case < 5 when expected.Pending.Count > 0:
                var acknowledged = expected.Pending.Keys.ElementAt(Random.Next(expected.Pending.Count));
                Assert.True(group.Acknowledge(Id(acknowledged)));
                Assert.False(group.Acknowledge(Id(acknowledged)));
                expected.Pending.Remove(acknowledged);
                break;
            case 5:
                group.LastId = Id(model.Last);
                expected.Last = model.Last;
                group.Touch(Bytes(consumer), 77);
                expected.Consumers[consumer] = new StreamModel.Consumer(77);
                break;
            default:
                for (var n = Random.Next(30); n > 0; n--)
                {
                    (ulong, ulong) id = ((ulong)Random.Next(300), (ulong)Random.Next(2));
                    long time = Random.Next(1000), count = Random.Next(1, 9);
                    group.SetPending(Bytes(consumer), Id(id), time, count);
                    expected.Pending[id] = (consumer, time, count);
                }
                break;
        }
    }

    internal override void Check(Entry entry, StreamModel model)
    {
        var stream = new StreamValue(entry);
        Assert.Equal(model.Entries.Count, stream.Count);
        AssertSame(model, ReadFrozen(entry.Kind, entry.Value));
        Assert.Equal(model.Entries.Count == 0 ? default : model.Entries.Keys.First(), Id(stream.FirstId));
        Assert.Equal(model.Entries.Count == 0 ? default : model.Entries.Keys.Last(), Id(stream.LastEntryId));
        CheckRange(stream, model);
        foreach (var (name, group) in model.Groups) CheckGroup(stream, name, group);
        for (var nodes = stream.Nodes; nodes.MoveNext();) Assert.True(ListPack.Validate(nodes.Pack));
    }

    private void CheckRange(StreamValue stream, StreamModel model)
    {
        var ids = model.Entries.Keys.ToList();
        var from = ids.Count == 0 ? (0UL, 0UL) : ids[Random.Next(ids.Count)];
        var to = ids.Count == 0 ? (9UL, 0UL) : ids[Random.Next(ids.Count)];
        var expected = ids.Where(id => id.CompareTo(from) >= 0 && id.CompareTo(to) <= 0).ToList();
        foreach (var isReverse in new[] { false, true })
        {
            var found = new List<(ulong, ulong)>();
            for (var walk = stream.Walk(Id(from), Id(to), isReverse); walk.MoveNext();) found.Add(Id(walk.Id));
            if (isReverse) found.Reverse();
            Assert.Equal(expected, found);
        }
    }

    private static void CheckGroup(StreamValue stream, string name, StreamModel.GroupModel expected)
    {
        Assert.True(stream.TryGetGroup(Bytes(name), out var group));
        Assert.Equal(expected.Pending.Count, group.PendingCount);
        foreach (var consumer in expected.Consumers.Keys)
        {
            Assert.True(group.TryGetConsumer(Bytes(consumer), out var state));
            var ids = new List<(ulong, ulong)>();
            for (var walk = group.WalkPending(state, StreamId.Min); walk.MoveNext();) ids.Add(Id(walk.Id));
            Assert.Equal(expected.Pending.Where(pair => pair.Value.Consumer == consumer).Select(pair => pair.Key), ids);
        }
    }

    internal override StreamModel ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value)
    {
        var header = MemoryMarshal.Read<StreamHeader>(value);
        var copy = new StreamModel { Last = Id(header.LastId), MaxDeleted = Id(header.MaxDeletedId), Added = header.EntriesAdded };
        for (var walk = new StreamWalk(Heap, header.Entries, StreamId.Min, StreamId.Max, isReverse: false); walk.MoveNext();)
        {
            var fields = new List<(string, string)>();
            while (walk.NextField(out var field, out var text)) fields.Add((Text(field), Text(text)));
            Assert.Equal(walk.FieldCount, fields.Count);
            copy.Entries.Add(Id(walk.Id), fields);
        }
        foreach (var name in StreamGroups.SortedKeys(Heap, ref header.Groups))
        {
            var view = new StreamGroup(Heap, value, name);
            var group = new StreamModel.GroupModel { Last = Id(view.LastId) };
            foreach (var consumer in view.ConsumerNames())
            {
                view.TryGetConsumer(consumer, out var state);
                group.Consumers.Add(Encoding.Latin1.GetString(consumer), new StreamModel.Consumer(state.SeenMs));
            }
            for (var walk = view.WalkPending(StreamId.Min); walk.MoveNext();)
            {
                var pending = PendingEntry.Read(walk.Current);
                group.Pending.Add(Id(pending.Id), (Encoding.Latin1.GetString(view.NameOf(pending.Consumer)), pending.DeliveredMs, pending.Deliveries));
            }
            copy.Groups.Add(Encoding.Latin1.GetString(name), group);
        }
        return copy;
    }

    protected override void AssertSame(StreamModel expected, StreamModel actual)
    {
        Assert.Equal((expected.Last, expected.MaxDeleted, expected.Added), (actual.Last, actual.MaxDeleted, actual.Added));
        Assert.Equal(expected.Entries.Keys, actual.Entries.Keys);
        foreach (var (id, fields) in expected.Entries) Assert.Equal(fields, actual.Entries[id]);
        Assert.Equal(expected.Groups.Keys, actual.Groups.Keys);
        foreach (var (name, group) in expected.Groups)
        {
            Assert.Equal(group.Last, actual.Groups[name].Last);
            Assert.Equal(group.Consumers, actual.Groups[name].Consumers);
            Assert.Equal(group.Pending, actual.Groups[name].Pending);
        }
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    [InlineData(3, 5)]
    public void Random_changes_agree_with_a_model_while_snapshots_run(int seed, int entriesPerNode)
    {
        Heap.Limits.StreamNodeMaxEntries = entriesPerNode;
        Run(seed, 700, 3);
    }

    private StreamValue New()
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert("x"u8, keyspace.Hash("x"u8), EmptyKind, EmptySize, Entry);
        Initialize(Entry);
        return new StreamValue(Entry);
    }

    [Fact]
    public void Nodes_are_those_of_redis()
    {
        // The listpack of XADD 1-1 f v, 1-2 f w, 2-0 g v as redis-server dumps it.
        var stream = New();
        stream.Append(new StreamId(1, 1), new Fields([("f", "v")]));
        stream.Append(new StreamId(1, 2), new Fields([("f", "w")]));
        stream.Append(new StreamId(2, 0), new Fields([("g", "v")]));
        var nodes = stream.Nodes;
        Assert.True(nodes.MoveNext());
        Assert.Equal(new StreamId(1, 1), nodes.MasterId);
        Assert.Equal(ExpectedNode, Convert.ToHexString(nodes.Pack));
        Assert.False(nodes.MoveNext());
    }

    private const string ExpectedNode = 
        "390000001600030100010101816602000102010001000181760204010201" +
        "00010101817702040100010101DFFF0201018167028176020601FF";

    [Fact]
    public void Approximate_trimming_takes_whole_nodes()
    {
        var stream = New();
        for (ulong i = 1; i <= 1000; i++) stream.Append(new StreamId(i, 0), new Fields([("f", "v")]));
        Assert.Equal(10, stream.RadixShape.Keys);
        Assert.Equal(0, stream.TrimToLength(950, approximately: true, limit: 0));
        Assert.Equal(300, stream.TrimToLength(650, approximately: true, limit: 0));
        Assert.Equal(100, stream.TrimToLength(0, approximately: true, limit: 150));
        Assert.Equal(100, stream.TrimBelow(new StreamId(550, 0), approximately: true, limit: 0));
        Assert.Equal(new StreamId(501, 0), stream.FirstId);
        Assert.Equal(500, stream.TrimToLength(0, approximately: true, limit: 0));
        Assert.Equal((0L, new StreamId(1000, 0)), (stream.Count, stream.LastId));
    }

    [Fact]
    public void A_million_entries_of_two_small_fields_cost_what_redis_takes()
    {
        var stream = New();
        const int count = 1_000_000;
        for (var i = 0; i < count; i++) stream.Append(new StreamId(1_700_000_000_000 + (ulong)i, 0), new Fields([("a", (i % 1000).ToString()), ("b", "x")]));
        Assert.InRange((double)Heap.Arena.CommittedBytes / count, 10, 20);
    }
}

using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class ListValueTests : ValueWorld<List<string>>
{
    internal override RecordKind EmptyKind => ListValue.EmptyKind;

    internal override int EmptySize => ListValue.EmptySize;

    protected override List<string> NewModel() => [];

    protected override List<string> Clone(List<string> model) => [.. model];

    protected override bool IsEmpty(List<string> model) => model.Count == 0;

    internal override void Initialize(Entry entry) => new ListValue(entry).Initialize();

    internal override void Step(Entry entry, List<string> model)
    {
        var list = new ListValue(entry);
        var many = Random.Next(10) == 0 ? Random.Next(300) : Random.Next(1, 20);
        var action = Random.Next(9);
        if (action < 6)
        {
            for (; many > 0; many--) Grow(list, model, Random.Next(5));
            return;
        }
        for (; many > 0 && model.Count > 0; many--) ShrinkOrSet(list, model, action == 8 ? 3 : Random.Next(4));
    }

    private void Grow(ListValue list, List<string> model, int action)
    {
        var text = RandomText(Random.Next(200) == 0 ? 20_000 : 200);
        switch (action)
        {
            case < 2:
                model.Add(text);
                Assert.Equal(model.Count, list.Push(ListEnd.Right, Bytes(text)));
                break;
            case < 4:
                model.Insert(0, text);
                Assert.Equal(model.Count, list.Push(ListEnd.Left, Bytes(text)));
                break;
            default:
                var index = Random.Next(model.Count + 1);
                list.Insert(index, Bytes(text));
                model.Insert(index, text);
                break;
        }
    }

    private void TakeOff(ListValue list, ListEnd end, string expected)
    {
        if (Random.Next(3) == 0)
        {
            list.Drop(end);
            return;
        }

        var popped = new Popped(expected);
        Assert.True(list.Pop(end, ref popped));
        Assert.True(popped.IsAsExpected);
    }

    private struct Popped(string expected) : IElementReceiver
    {
        public bool IsAsExpected;

        public void Take(scoped in PackedValue element) => IsAsExpected = element.TextEquals(Bytes(expected));
    }

    private void ShrinkOrSet(ListValue list, List<string> model, int action)
    {
        var index = Random.Next(model.Count);
        switch (action)
        {
            case 0:
                Assert.True(list.TryGetEnd(ListEnd.Left, out var first) && first.TextEquals(Bytes(model[0])));
                TakeOff(list, ListEnd.Left, model[0]);
                model.RemoveAt(0);
                break;
            case 1:
                Assert.True(list.TryGetEnd(ListEnd.Right, out var last) && last.TextEquals(Bytes(model[^1])));
                TakeOff(list, ListEnd.Right, model[^1]);
                model.RemoveAt(model.Count - 1);
                break;
            case 2:
                var count = Math.Min(Random.Next(Random.Next(5) == 0 ? 500 : 4), model.Count - index);
                list.RemoveRange(index, count);
                model.RemoveRange(index, count);
                break;
            default:
                var text = RandomText(Random.Next(100) == 0 ? 20_000 : 200);
                Assert.True(list.Set(index, Bytes(text)));
                model[index] = text;
                break;
        }
    }

    internal override void Check(Entry entry, List<string> model)
    {
        var list = new ListValue(entry);
        Assert.Equal(model.Count, list.Count);
        list.CheckInvariants();
        AssertSame(model, ReadFrozen(entry.Kind, entry.Value));

        var backward = new List<string>();
        for (var walk = list.Walk(-1); walk.MovePrevious();) backward.Add(Text(walk.Current));
        backward.Reverse();
        AssertSame(model, backward);

        var index = Random.Next(model.Count);
        Assert.True(list.TryGet(index - (Random.Next(2) * model.Count), out var value));
        Assert.Equal(model[index], Text(value));
        Assert.False(list.TryGet(model.Count, out _));
        var part = list.Walk(index);
        for (var i = index; i < Math.Min(index + 50, model.Count); i++)
        {
            Assert.True(part.MoveNext());
            Assert.Equal(i, part.Index);
            Assert.Equal(model[i], Text(part.Current));
        }
    }

    internal override List<string> ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value)
    {
        var copy = new List<string>();
        for (var walk = new ListWalk(Heap, kind, value, 0); walk.MoveNext();) copy.Add(Text(walk.Current));
        return copy;
    }

    protected override void AssertSame(List<string> expected, List<string> actual) => Assert.True(expected.SequenceEqual(actual));

    [Theory]
    [InlineData(1, -2)]
    [InlineData(2, -2)]
    [InlineData(3, 16)]
    [InlineData(4, 1)]
    [InlineData(5, -5)]
    public void Random_changes_agree_with_a_list_while_snapshots_run(int seed, int listMaxListpackSize)
    {
        Heap.Limits.ListMaxListpackSize = listMaxListpackSize;
        Run(seed, 1200, 4);
    }

    private ListValue New()
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert("l"u8, keyspace.Hash("l"u8), EmptyKind, EmptySize, Entry);
        Initialize(Entry);
        return new ListValue(Entry);
    }

    [Fact]
    public void The_reported_encoding_turns_where_redis_turns_it()
    {
        Heap.Limits.ListMaxListpackSize = 4;
        var list = New();
        for (var i = 0; i < 4; i++) list.Push(ListEnd.Right, Bytes("item " + i));
        Assert.Equal("listpack", list.Encoding);
        list.Push(ListEnd.Right, "5"u8);
        Assert.Equal("quicklist", list.Encoding);
        list.Drop(ListEnd.Right);
        Assert.Equal("quicklist", list.Encoding);
        list.Drop(ListEnd.Right);
        list.Drop(ListEnd.Right);
        Assert.Equal("listpack", list.Encoding);

        Heap.Limits.ListMaxListpackSize = -2;
        list = New();
        list.Push(ListEnd.Right, new byte[8000]);
        Assert.Equal("listpack", list.Encoding);
        list.Push(ListEnd.Right, new byte[200]);
        Assert.Equal("quicklist", list.Encoding);

        list = New();
        list.Expect(8192 - 7, 1);
        Assert.Equal("listpack", list.Encoding);
        list.Expect(8192 - 6, 1);
        Assert.Equal("quicklist", list.Encoding);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9000)]
    public void A_list_that_became_empty_takes_elements_again(int length)
    {
        var list = New();
        for (var round = 0; round < 3; round++)
        {
            list.Push(ListEnd.Right, new byte[length]);
            list.Push(ListEnd.Left, new byte[length]);
            list.CheckInvariants();
            list.Drop(ListEnd.Left, 2);
            Assert.Equal(0, list.Count);
            Assert.False(list.Walk().MoveNext());
            Assert.False(list.TryGet(0, out _));
        }
        list.Push(ListEnd.Right, new byte[length]);
        list.CheckInvariants();
        Assert.Equal((1L, length < 8192 ? "listpack" : "quicklist"), (list.Count, list.Encoding));
    }

    [Fact]
    public void Removing_by_value_goes_from_either_end()
    {
        var list = New();
        foreach (var text in "abacada".ToCharArray()) list.Push(ListEnd.Right, [(byte)text]);
        Assert.Equal(2, list.Remove("a"u8, 2));
        Assert.Equal("bcada", All(list));
        Assert.Equal(1, list.Remove("a"u8, -1));
        Assert.Equal("bcad", All(list));
        Assert.Equal(0, list.Remove("x"u8, 0));
        Assert.Equal(1, list.Remove("a"u8, 0));
        Assert.Equal("bcd", All(list));
    }

    private static string All(ListValue list)
    {
        var all = "";
        for (var walk = list.Walk(); walk.MoveNext();) all += Text(walk.Current);
        return all;
    }

    [Fact]
    public void A_million_elements_cost_their_bytes_and_the_middle_is_near()
    {
        var list = New();
        const int count = 1_000_000;
        var text = "item:00000000"u8.ToArray();
        for (var i = 0; i < count; i++)
        {
            for (int digit = 12, n = i; digit >= 5; digit--, n /= 10) text[digit] = (byte)('0' + n % 10);
            list.Push(ListEnd.Right, text);
        }
        Assert.InRange((double)Heap.Arena.CommittedBytes / count, 15, 16);
        for (var i = 0; i < count; i += 9973)
        {
            Assert.True(list.TryGet(i, out var value));
            Assert.Equal($"item:{i:D8}", Text(value));
        }
        list.CheckInvariants();
    }
}

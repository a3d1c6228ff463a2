using RedisLite.Data;
using Xunit;

namespace RedisLite.Tests.Data;

public class RangeSortTests
{
    private readonly record struct Item(int Key, int Index);

    private readonly struct ByKey : IOrder<Item>
    {
        public int Compare(in Item a, in Item b) => a.Key.CompareTo(b.Key);
    }

    private static Item[] Items(IEnumerable<int> keys) => [.. keys.Select((key, index) => new Item(key, index))];

    [Fact]
    public void The_whole_is_sorted_and_equal_elements_keep_their_order()
    {
        var random = new Random(1);
        for (var round = 0; round < 500; round++)
        {
            var keys = random.Next(1, 100);
            var items = Items(Enumerable.Range(0, random.Next(1, 300)).Select(_ => random.Next(keys)));
            var expected = items.OrderBy(item => item.Key).ToArray();
            RangeSort.Sort(items.AsSpan(), default(ByKey), 0, items.Length - 1);
            Assert.Equal(expected, items);
        }
    }

    [Fact]
    public void A_part_holds_what_it_would_hold_if_all_were_sorted()
    {
        var random = new Random(2);
        for (var round = 0; round < 2000; round++)
        {
            var keys = random.Next(1, 500);
            var items = Items(Enumerable.Range(0, random.Next(1, 300)).Select(_ => random.Next(keys)));
            var first = random.Next(items.Length);
            var last = random.Next(first, items.Length);
            var sorted = items.Select(item => item.Key).Order().ToArray();
            var all = items.ToHashSet();
            RangeSort.Sort(items.AsSpan(), default(ByKey), first, last);
            Assert.Equal(sorted[first..(last + 1)], items[first..(last + 1)].Select(item => item.Key));
            Assert.True(all.SetEquals(items));
        }
    }

    /// <summary>Equal elements of a part, as a redis-server 7.2.6 left them: GEOSEARCH … COUNT 20 over four members at each of fifteen places.</summary>
    [Fact]
    public void Equal_elements_of_a_part_lie_where_redis_leaves_them()
    {
        int[] places = [13, 10, 11, 7, 5, 2, 0, 4, 6, 12, 3, 1, 14, 8, 9];
        var items = Items(places.SelectMany(place => Enumerable.Repeat(place, 4)));
        RangeSort.Sort(items.AsSpan(), default(ByKey), 0, 19);
        Assert.Equal([25, 26, 27, 24, 47, 44, 45, 46, 20, 21, 22, 23, 43, 40, 41, 42, 28, 29, 30, 31], items[..20].Select(item => item.Index));
    }

    /// <summary>The input that makes a quicksort with these pivots quadratic, built by an adversary that decides while it is asked (McIlroy 1999).</summary>
    [Fact]
    public void An_input_made_to_be_slow_is_not()
    {
        const int count = 20_000;
        var adversary = new Adversary(count);
        var items = Enumerable.Range(0, count).ToArray();
        RangeSort.Sort(items.AsSpan(), new AdversaryOrder(adversary), 0, count - 2);
        Assert.InRange(adversary.Comparisons, count, 100L * count * 16);
    }

    private sealed class Adversary(int count)
    {
        private readonly int[] _values = [.. Enumerable.Repeat(int.MaxValue, count)];
        private int _solid;
        private int _candidate;

        public long Comparisons { get; private set; }

        public int Compare(int a, int b)
        {
            Comparisons++;
            if (_values[a] == int.MaxValue && _values[b] == int.MaxValue) _values[a == _candidate ? a : b] = _solid++;
            if (_values[a] == int.MaxValue) _candidate = a;
            else if (_values[b] == int.MaxValue) _candidate = b;
            return _values[a].CompareTo(_values[b]);
        }
    }

    private readonly struct AdversaryOrder(Adversary adversary) : IOrder<int>
    {
        public int Compare(in int a, in int b) => adversary.Compare(a, b);
    }
}

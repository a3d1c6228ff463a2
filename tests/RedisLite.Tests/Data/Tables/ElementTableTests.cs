using System.Text;
using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;

namespace RedisLite.Tests.Data.Tables;

public class ElementTableTests
{
    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 600)]
    [InlineData(3, 20_000)]
    public void Random_operations_agree_with_a_dictionary(int seed, int names)
    {
        using var heap = new Heap(3, (ulong)seed);
        var header = default(TableHeader);
        var table = new ElementTable(heap, ref header);
        var model = new Dictionary<string, (byte[] Value, long ExpireAtMs)>();
        var random = new Random(seed);
        for (var step = 0; step < 60_000; step++)
        {
            var name = "field:" + random.Next(names);
            var key = Encoding.ASCII.GetBytes(name);
            var element = table.Find(key);
            Assert.Equal(model.ContainsKey(name), element != 0);
            switch (random.Next(step / 15_000 % 2 == 0 ? 4 : 9))
            {
                case 0 or 1:
                    var value = new byte[random.Next(random.Next(20) == 0 ? 600 : 20)];
                    random.NextBytes(value);
                    var expiry = random.Next(4) == 0 ? random.Next(1000) : -1L;
                    Assert.Equal(element == 0, table.Set(key, value, expiry));
                    model[name] = (value, expiry);
                    break;
                case 2 when element != 0:
                    table.SetExpireAt(element, 77);
                    model[name] = (model[name].Value, 77);
                    break;
                case 3 when element != 0:
                    table.SetValue(element, "12345678"u8);
                    model[name] = ("12345678"u8.ToArray(), model[name].ExpireAtMs);
                    break;
                default:
                    Assert.Equal(model.Remove(name), table.Remove(key));
                    break;
            }
        }
        Assert.Equal(model.Count, table.Count);
        Assert.Equal(model.Values.Count(v => v.ExpireAtMs >= 0), table.CountWithExpiry);
        foreach (var element in table)
        {
            var (value, expiry) = model[Encoding.ASCII.GetString(table.Key(element))];
            Assert.Equal(value, table.Value(element));
            Assert.Equal(expiry, table.ExpireAtMs(element));
        }
        var budget = int.MaxValue;
        Assert.True(table.FreeSome(ref budget));
        Assert.Equal(0, heap.Arena.LiveBytes);
    }

    [Fact]
    public void A_small_table_is_small()
    {
        using var heap = new Heap(1, 2);
        var header = default(TableHeader);
        var table = new ElementTable(heap, ref header);
        for (var i = 0; i < 130; i++) table.Set(Encoding.ASCII.GetBytes("field:" + i), "value:123456"u8);
        Assert.True(heap.Arena.LiveBytes / 130.0 < 45, $"{heap.Arena.LiveBytes / 130.0:F1} bytes a field");
    }
}

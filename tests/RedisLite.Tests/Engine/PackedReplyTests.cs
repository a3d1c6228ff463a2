using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Entries of listpacks that go into the reply in one run: integers and long texts between short ones, over the bounds of output blocks.</summary>
public class PackedReplyTests
{
    private readonly TestEngine _redis = new();

    [Theory]
    [InlineData(3)]
    [InlineData(120)]
    [InlineData(5000)]
    public void A_range_is_the_elements_one_by_one(int count)
    {
        var random = new Random(count);
        var elements = new List<string>();
        for (var i = 0; i < count; i++)
        {
            elements.Add(random.Next(4) switch
            {
                0 => $"{random.Next(int.MinValue, int.MaxValue)}",
                1 => $"{random.Next(300) - 100}",
                2 => new string('s', random.Next(70)),
                _ => new string('t', random.Next(20) == 0 ? random.Next(5000) : random.Next(20)),
            });
            _redis.RunArgs("RPUSH", "list", elements[^1]);
        }

        for (var round = 0; round < 30; round++)
        {
            var from = random.Next(count);
            var to = round == 0 ? count - 1 : random.Next(from, count);
            if (round == 0) from = 0;
            Assert.Equal($"[{string.Join(", ", elements[from..(to + 1)])}]", _redis.Run($"LRANGE list {from} {to}"));
        }
    }

    [Fact]
    public void A_small_hash_and_a_small_set_are_replied_whole()
    {
        var longText = new string('v', 1000);
        _redis.RunArgs("HSET", "hash", "f", "v", "17", "-3", "long", longText, "", "");
        Assert.Equal($"[f, v, 17, -3, long, {longText}, , ]", _redis.Run("HGETALL hash"));
        _redis.RunArgs("SADD", "set", "a", "1", "", "b");
        Assert.Equal("[1, , a, b]", Sorted(_redis.Run("SMEMBERS set")));
    }

    private static string Sorted(string reply) => $"[{string.Join(", ", reply[1..^1].Split(", ").OrderBy(m => m == "" ? "9" : m, StringComparer.Ordinal))}]";
}

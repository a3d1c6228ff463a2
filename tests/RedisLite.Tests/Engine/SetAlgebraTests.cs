using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>SINTER, SUNION, SDIFF and their kin over sets of every size and form, against sets of .NET.</summary>
public class SetAlgebraTests
{
    private readonly TestEngine _redis = new();
    private readonly Random _random = new(7);

    [Fact]
    public void Results_are_those_of_a_model()
    {
        for (var round = 0; round < 150; round++)
        {
            _redis.Run("FLUSHALL");
            var models = new List<HashSet<string>>();
            var keys = new List<string>();
            for (var i = _random.Next(1, 5); i > 0; i--)
            {
                keys.Add($"s{i}");
                models.Add(Fill(keys[^1]));
            }

            var all = string.Join(' ', keys);
            var (inter, union, diff) = (new HashSet<string>(models[0]), new HashSet<string>(models[0]), new HashSet<string>(models[0]));
            foreach (var other in models.Skip(1))
            {
                inter.IntersectWith(other);
                union.UnionWith(other);
                diff.ExceptWith(other);
            }

            Check(inter, "SINTER", all);
            Check(union, "SUNION", all);
            Check(diff, "SDIFF", all);
            Assert.Equal($"{inter.Count}", _redis.Run($"SINTERCARD {keys.Count} {all}"));
        }
    }

    private HashSet<string> Fill(string key)
    {
        var model = new HashSet<string>();
        var isOfIntegers = _random.Next(3) == 0;
        for (var i = _random.Next(4) == 0 ? _random.Next(300) : _random.Next(40); i > 0; i--)
        {
            var number = _random.Next(120);
            var member = isOfIntegers || _random.Next(5) == 0 ? $"{number}" : _random.Next(200) == 0 ? new string('l', 100 + number) : $"member{number}";
            model.Add(member);
            _redis.RunArgs("SADD", key, member);
        }

        return model;
    }

    /// <summary>The reply, and what is stored, also over one of the sources.</summary>
    private void Check(HashSet<string> expected, string command, string keys)
    {
        Assert.Equal(Sorted(expected), Sorted(Members(_redis.Run($"{command} {keys}"))));
        Assert.Equal($"{expected.Count}", _redis.Run($"{command}STORE result {keys}"));
        Assert.Equal(Sorted(expected), Sorted(Members(_redis.Run("SMEMBERS result"))));
    }

    private static string[] Members(string reply) => reply == "[]" ? [] : reply[1..^1].Split(", ");

    private static string Sorted(IEnumerable<string> members) => string.Join(' ', members.Order(StringComparer.Ordinal));
}

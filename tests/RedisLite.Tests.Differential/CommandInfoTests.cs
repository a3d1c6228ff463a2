using System.Text.Json;
using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// COMMAND INFO over the wire, both protocols. The facts of 7.2 decide what a row says (an in-process test holds the table against them); this test holds
/// the shape of the reply against redis-server, for every command whose row 7.2 did not change.
/// </summary>
[Collection(ServerPair.Collection)]
public sealed class CommandInfoTests(ServerPair pair)
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Rows_have_the_shape_and_content_of_redis_server(int protocol)
    {
        using var real = pair.Real.Connect(protocol);
        using var ours = pair.Ours.Connect(protocol);
        var facts = Facts();
        var compared = 0;
        var differences = new List<string>();
        foreach (var name in ours.Ask("COMMAND", "LIST").Texts.Where(name => !name!.Contains('|')).Order())
        {
            var expected = real.Ask("COMMAND", "INFO", name!).Items![0];
            if (expected.IsNull || !facts.TryGetValue(name!, out var fact) || fact != Fingerprint(expected)) continue;
            var actual = ours.Ask("COMMAND", "INFO", name!).Items![0];
            var (a, b) = (Row(expected), Row(actual));
            compared++;
            if (a != b) differences.Add($"{name}\n    redis-server: {a}\n    ours:         {b}");
        }

        Assert.True(compared > 30, $"Only {compared} commands could be compared");
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Fact]
    public void Count_list_and_the_whole_table_agree_with_each_other()
    {
        using var ours = pair.Ours.Connect();
        var names = ours.Ask("COMMAND", "LIST").Texts.Where(name => !name!.Contains('|')).Order().ToList();
        Assert.Equal(names.Count, ours.Ask("COMMAND", "COUNT").Integer);
        Assert.Equal(names, ours.Ask("COMMAND").Items!.Select(row => row.Items![0].Text).Order());
        Assert.Equal(names, ours.Ask("COMMAND", "DOCS").Items!.Where((_, i) => i % 2 == 0).Select(name => name.Text).Order());
    }

    /// <summary>A row without its subcommands, whose tables changed from version to version; unordered lists sorted.</summary>
    private static string Row(Reply row) => string.Join(" ", row.Items!.Take(9).Select(Canonical));

    private static string Canonical(Reply reply)
    {
        if (!reply.IsAggregate || reply.IsNull) return reply.ToString();
        var items = WithoutNotes(reply.Items!).Select(Canonical);
        var isListOfWords = reply.Items!.All(item => item.Type is '+');
        return $"{reply.Type}[{string.Join(", ", reply.Type == '~' || isListOfWords ? items.Order(StringComparer.Ordinal) : items)}]";
    }

    /// <summary>A key spec may open with a note in free words, which are our own or none.</summary>
    private static IEnumerable<Reply> WithoutNotes(IReadOnlyList<Reply> items) => items is [{ Text: "notes" }, ..] ? items.Skip(2) : items;

    private static string Fingerprint(Reply row)
    {
        string Words(int index) => string.Join(',', row.Items![index].Texts.Order(StringComparer.Ordinal));
        return $"{row.Items![1].Text} {Words(2)} {row.Items[3].Text} {row.Items[4].Text} {row.Items[5].Text} {Words(6)} {Words(7)} {row.Items[8].Items!.Count}";
    }

    private static Dictionary<string, string> Facts()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("tests", "RedisLite.Tests", "Facts", "redis-7.2.6.commands.json")));
        string Words(JsonElement row, string name) => string.Join(',', row.GetProperty(name).EnumerateArray().Select(e => e.GetString()!).Order(StringComparer.Ordinal));
        return document.RootElement.EnumerateArray().ToDictionary(
            row => row.GetProperty("name").GetString()!,
            row => $"{row.GetProperty("arity")} {Words(row, "flags")} {row.GetProperty("first_key")} {row.GetProperty("last_key")} {row.GetProperty("step")} " +
                $"{Words(row, "acl")} {Words(row, "tips")} {row.GetProperty("key_specs").GetArrayLength()}");
    }
}

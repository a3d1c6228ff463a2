namespace RedisLite.Tests.Differential;

/// <summary>Every case of `cases/` whose family the server already speaks, in RESP2 and in RESP3.</summary>
[Collection(ServerPair.Collection)]
public sealed class WrittenCaseTests(ServerPair pair)
{
    public static TheoryData<string, string, int> Cases()
    {
        var rows = new TheoryData<string, string, int>();
        foreach (var written in Families.Active.SelectMany(family => CaseFile.Load(family).Cases).Where(written => written.WaitsFor is null))
            foreach (var protocol in new[] { 2, 3 })
                if (written.OnlyProtocol is null || written.OnlyProtocol == protocol) rows.Add(written.Family, written.Title, protocol);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Replies_and_state_equal_those_of_redis_server(string family, string title, int protocol)
    {
        var written = CaseFile.Load(family).Cases.Single(c => c.Title == title);
        using var runner = new CaseRunner(pair, protocol);
        var differences = runner.Run(written);
        if (differences.Count > 0) pair.Renew();
        Assert.True(differences.Count == 0, $"{family}: {title} (RESP{protocol})\n" + string.Join('\n', differences));
    }
}

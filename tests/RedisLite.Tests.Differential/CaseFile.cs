using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Written cases. A file of `cases/` is a family; `= title` opens a case, which starts with empty servers and new connections. Then a line each:
/// <code>
/// SET k v                     send it to both servers, the raw replies are equal
/// ~sorted KEYS *              the same under a rule of ReplyRule
/// b: SUBSCRIBE news           on another connection (one letter, `a` is the default)
/// b> BLPOP q 0                send without reading a reply
/// b!                          read one more reply (a push message, a late answer); `~rule b!` reads under a rule
/// b? 50                       nothing arrives within so many milliseconds
/// b closed                    the server closes the connection
/// b raw "PING\r\n"            bytes as they are, then read one reply; `raw>` reads none
/// wait 20                     milliseconds
/// only resp2                  the case makes sense in one protocol only (or: only resp3)
/// waits for scripting         the case does not run before the server has what it names
/// </code>
/// </summary>
internal sealed record CaseFile(string Family, IReadOnlyList<WrittenCase> Cases)
{
    public static CaseFile Load(string family)
    {
        var cases = new List<WrittenCase>();
        foreach (var raw in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "cases", family + ".txt")))
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.StartsWith("= ", StringComparison.Ordinal)) cases.Add(new WrittenCase(family, line[2..], []));
            else if (cases.Count == 0) throw new FormatException($"{family}.txt: a line before the first case: {line}");
            else if (line.StartsWith("only resp", StringComparison.Ordinal)) cases[^1].OnlyProtocol = line[^1] - '0';
            else if (line.StartsWith("waits for ", StringComparison.Ordinal)) cases[^1].WaitsFor = line["waits for ".Length..];
            else cases[^1].Steps.Add(Step.Parse(line));
        }

        var twice = cases.GroupBy(c => c.Title).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? new CaseFile(family, cases) : throw new FormatException($"{family}.txt: two cases are called '{twice.Key}'");
    }
}

internal sealed record WrittenCase(string Family, string Title, List<Step> Steps)
{
    public int? OnlyProtocol { get; set; }
    public string? WaitsFor { get; set; }
}

internal enum StepKind { Call, Send, Raw, RawSend, Read, Silent, Closed, Wait }

internal sealed record Step(string Line, StepKind Kind, char Connection, ReplyRule Rule, byte[][] Arguments, int Milliseconds = 0)
{
    public static Step Parse(string line)
    {
        var rest = line;
        var rule = ReplyRule.Exact;
        if (rest[0] == '~')
        {
            var space = rest.IndexOf(' ', StringComparison.Ordinal);
            rule = ReplyRules.Parse(rest[1..space]);
            rest = rest[(space + 1)..].TrimStart();
        }

        if (rest.StartsWith("wait ", StringComparison.Ordinal)) return new Step(line, StepKind.Wait, 'a', rule, [], int.Parse(rest[5..]));
        var connection = 'a';
        var hasName = rest.Length > 1 && char.IsAsciiLetterLower(rest[0]) && rest[1] is ':' or '>' or '!' or '?' or ' ' && !(rest[1] == ' ' && char.IsAsciiLetterUpper(rest[2]));
        if (hasName) (connection, rest) = (rest[0], rest[1..]);

        return rest switch
        {
            [':', ..] => new Step(line, StepKind.Call, connection, rule, CommandText.Parse(rest[1..])),
            ['>', ..] => new Step(line, StepKind.Send, connection, rule, CommandText.Parse(rest[1..])),
            "!" => new Step(line, StepKind.Read, connection, rule, []),
            ['?', ..] => new Step(line, StepKind.Silent, connection, rule, [], int.Parse(rest[1..])),
            " closed" => new Step(line, StepKind.Closed, connection, rule, []),
            _ when rest.TrimStart().StartsWith("raw> ", StringComparison.Ordinal) => new Step(line, StepKind.RawSend, connection, rule, CommandText.Parse(rest.TrimStart()[5..])),
            _ when rest.TrimStart().StartsWith("raw ", StringComparison.Ordinal) => new Step(line, StepKind.Raw, connection, rule, CommandText.Parse(rest.TrimStart()[4..])),
            _ => new Step(line, StepKind.Call, connection, rule, CommandText.Parse(rest)),
        };
    }
}

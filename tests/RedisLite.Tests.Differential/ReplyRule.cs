using System.Text.RegularExpressions;
using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// How two replies are held against each other. Bytes are equal unless a rule is named; a written case names it in the line (`~sorted KEYS *`),
/// a generated one takes it from <see cref="ForCommand"/>. A rule forgives one kind of difference and nothing else.
/// </summary>
internal enum ReplyRule
{
    /// <summary>The same bytes.</summary>
    Exact,

    /// <summary>The same elements in any order.</summary>
    Sorted,

    /// <summary>The same pairs (key and value, member and score, also in a flat array) in any order.</summary>
    SortedPairs,

    /// <summary>A cursor and elements: the cursors are equal, the elements come in any order (pairs stay together).</summary>
    Scan,
    ScanPairs,

    /// <summary>Integers that count time: at most 3 apart in seconds, 3000 in milliseconds; negative ones are answers and must be equal.</summary>
    NearSeconds,
    NearMilliseconds,

    /// <summary>The same shape: types, lengths of aggregates, null or not; a chosen or measured content.</summary>
    Shape,

    /// <summary>The same type only.</summary>
    Type,

    /// <summary>Errors with the same first word.</summary>
    ErrorCode,

    /// <summary>The same text when every number is taken out.</summary>
    Numbers,

    /// <summary>The same lines in any order when every number is taken out.</summary>
    Lines,
}

internal static partial class ReplyRules
{
    /// <summary>The rule of a command whose exact reply hangs on the order of a hash table or on the clock.</summary>
    public static ReplyRule ForCommand(byte[][] command) => CommandText.Quote(command[0]).ToUpperInvariant() switch
    {
        "KEYS" => ReplyRule.Sorted,
        "HKEYS" or "HVALS" or "SMEMBERS" or "SINTER" or "SUNION" or "SDIFF" => ReplyRule.Sorted,
        "SPOP" => command.Length == 2 ? ReplyRule.Type : ReplyRule.Sorted,
        "HGETALL" => ReplyRule.SortedPairs,
        "HRANDFIELD" or "SRANDMEMBER" => command.Length switch { 2 => ReplyRule.Type, 3 => ReplyRule.Sorted, _ => ReplyRule.SortedPairs },
        // A cursor in the middle means another place in every server.
        "SCAN" => IsZero(command, 1) ? ReplyRule.Scan : ReplyRule.Type,
        "SSCAN" => IsZero(command, 2) ? ReplyRule.Scan : ReplyRule.Type,
        "HSCAN" or "ZSCAN" => !IsZero(command, 2) ? ReplyRule.Type : HasWord(command, "NOVALUES") ? ReplyRule.Scan : ReplyRule.ScanPairs,
        "TTL" or "EXPIRETIME" or "HTTL" or "HEXPIRETIME" => ReplyRule.NearSeconds,
        "PTTL" or "PEXPIRETIME" or "HPTTL" or "HPEXPIRETIME" => ReplyRule.NearMilliseconds,
        // How long an entry has been pending.
        "XPENDING" when command.Length > 3 => ReplyRule.Numbers,
        // The real count is seen to be 2 while a queued request holds the same value: the written cases hold what it is otherwise.
        "OBJECT" when command.Length > 1 && CommandText.Quote(command[1]).Equals("REFCOUNT", StringComparison.OrdinalIgnoreCase) => ReplyRule.Type,
        _ => ReplyRule.Exact,
    };

    private static bool IsZero(byte[][] command, int index) => command.Length > index && command[index].AsSpan().SequenceEqual("0"u8);

    private static bool HasWord(byte[][] command, string word) => command.Any(argument => CommandText.Quote(argument).Equals(word, StringComparison.OrdinalIgnoreCase));

    public static ReplyRule Parse(string name) => Enum.Parse<ReplyRule>(name, ignoreCase: true);

    public static bool Agree(ReplyRule rule, byte[][] command, byte[] real, byte[] ours) =>
        real.AsSpan().SequenceEqual(ours) || Agree(rule, command, Reply.Parse(real), Reply.Parse(ours));

    /// <summary>Under the rule, or for the one reason that touches every command with a score: since 7.2 doubles are printed in their
    /// shortest form. (That a negative zero keeps its sign until it is stored as an integer is an accident of encodings and forgiven with it.)</summary>
    public static bool Agree(ReplyRule rule, byte[][] command, Reply real, Reply ours) =>
        Agree(rule, real, ours) || (PrintsScores(command) && Agree(rule, real.WithShortestDoubles(), ours.WithShortestDoubles()));

    private static bool PrintsScores(byte[][] command) =>
        command.Length > 0 && CommandText.Quote(command[0]).ToUpperInvariant() is ['Z', ..] or ['B', 'Z', ..] or ['G', 'E', 'O', ..];

    public static bool Agree(ReplyRule rule, Reply a, Reply b)
    {
        if (a.Type != b.Type) return false;
        if (Same(a, b)) return true;
        return rule switch
        {
            ReplyRule.Exact => false,
            ReplyRule.Type => true,
            ReplyRule.Sorted => Same(a.Sorted(), b.Sorted()),
            ReplyRule.SortedPairs => Same(a.Sorted(PairSize(a)), b.Sorted(PairSize(b))),
            ReplyRule.Scan => AgreeOnScan(a, b, groupSize: 1),
            ReplyRule.ScanPairs => AgreeOnScan(a, b, groupSize: 2),
            ReplyRule.NearSeconds => Near(a, b, 3),
            ReplyRule.NearMilliseconds => Near(a, b, 3000),
            ReplyRule.Shape => Shape(a) == Shape(b),
            ReplyRule.ErrorCode => a.IsError && FirstWord(a) == FirstWord(b),
            ReplyRule.Numbers => Number().Replace(a.ToString(), "0") == Number().Replace(b.ToString(), "0"),
            ReplyRule.Lines => Lines(a) == Lines(b),
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
        };
    }

    private static bool Same(Reply a, Reply b) => a.ToString() == b.ToString();

    /// <summary>In a flat array a pair takes two elements, in RESP3 it may be an array of its own.</summary>
    private static int PairSize(Reply reply) => reply.Items is [{ IsAggregate: true }, ..] ? 1 : 2;

    private static string Lines(Reply reply) => string.Join('\n', Number().Replace(reply.Text ?? "", "0").Split("\r\n").Order(StringComparer.Ordinal));

    private static bool AgreeOnScan(Reply a, Reply b, int groupSize) =>
        !a.IsError && Same(a.Items![0], b.Items![0]) && Same(a.Items[1].Sorted(groupSize), b.Items[1].Sorted(groupSize));

    /// <summary>Times of one key, or of several fields.</summary>
    private static bool Near(Reply a, Reply b, long tolerance) => a.Type == '*'
        ? a.Items!.Count == b.Items!.Count && a.Items.Zip(b.Items).All(pair => Same(pair.First, pair.Second) || Near(pair.First, pair.Second, tolerance))
        : a.Type == ':' && a.Integer >= 0 && b.Integer >= 0 && Math.Abs(a.Integer - b.Integer) <= tolerance;

    private static string Shape(Reply reply) =>
        reply.IsNull ? "null" : reply.IsAggregate ? $"{reply.Type}[{string.Join(',', reply.Items!.Select(Shape))}]" : reply.Type.ToString();

    private static string FirstWord(Reply reply) => reply.Text!.Split(' ')[0];

    [GeneratedRegex(@"-?\d+(\.\d+)?(e[-+]?\d+)?")]
    private static partial Regex Number();
}

using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Ranges of sorted sets, by rank, score or member: ZRANGE in all its forms, its older relatives, counting and removing. Every range becomes a range of
/// ranks first (<see cref="RankRange"/>), then it is walked, counted, stored or removed.
/// </summary>
internal static class SortedSetRangeCommands
{
    private static readonly KeyEvent RemByRankEvent = new(NotifyClasses.ZSet, "zremrangebyrank");
    private static readonly KeyEvent RemByScoreEvent = new(NotifyClasses.ZSet, "zremrangebyscore");
    private static readonly KeyEvent RemByLexEvent = new(NotifyClasses.ZSet, "zremrangebylex");
    private static readonly KeyEvent RangeStoreEvent = new(NotifyClasses.ZSet, "zrangestore");

    private enum By
    {
        Rank,
        Score,
        Lex,
    }

    /// <summary>Which members are asked for, as the request says it.</summary>
    private ref struct RangeQuery
    {
        public By By;
        public bool Reverse;
        public bool WithScores;
        public long Offset;
        public long Limit;
        public double MinScore;
        public double MaxScore;
        public bool MinExclusive;
        public bool MaxExclusive;
        public ReadOnlySpan<byte> MinLex;
        public ReadOnlySpan<byte> MaxLex;
        public long Start;
        public long Stop;
    }

    /// <summary>Ranks from First on, Count of them, counted from the lowest.</summary>
    private readonly record struct RankRange(long First, long Count);

    public static CommandSpec[] Table() =>
    [
        new("ZCOUNT", 4, ZCount, ReadOnly | Fast, "key min:double max:double")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.0.0",
          Summary = "Counts the members with a score in a range.", Complexity = "O(log N) in the members of the sorted set" },
        new("ZLEXCOUNT", 4, ZLexCount, ReadOnly | Fast, "key min max")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.8.9",
          Summary = "Counts the members in a lexicographic range.", Complexity = "O(log N) in the members of the sorted set" },
        new("ZRANGE", -4, ZRange, ReadOnly,
            "key start stop [sortby: BYSCORE | BYLEX]@6.2.0 [REV@6.2.0] [LIMIT <limit: offset count>@6.2.0] [WITHSCORES]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "1.2.0",
          Summary = "Gives the members in a range of ranks, scores or names.", Complexity = "O(log(N)+M) with N members and M of them given back" },
        new("ZRANGEBYLEX", -4, ZRangeByLex, ReadOnly, "key min max [LIMIT <limit: offset count>]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.8.9", DeprecatedSince = "6.2.0",
          ReplacedBy = "ZRANGE with BYLEX", Summary = "Gives the members in a lexicographic range.",
          Complexity = "O(log(N)+M) with N members and M of them given back" },
        new("ZRANGEBYSCORE", -4, ZRangeByScore, ReadOnly, "key min:double max:double [WITHSCORES@2.0.0] [LIMIT <limit: offset count>]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "1.0.5", DeprecatedSince = "6.2.0",
          ReplacedBy = "ZRANGE with BYSCORE", Summary = "Gives the members with a score in a range.",
          Complexity = "O(log(N)+M) with N members and M of them given back" },
        new("ZRANGESTORE", -5, ZRangeStore, Write | DenyOom, "dst:key src:key min max [sortby: BYSCORE | BYLEX] [REV] [LIMIT <limit: offset count>]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.At(2, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0",
          Summary = "Stores the members in a range of ranks, scores or names under another key.",
          Complexity = "O(log(N)+M) with N members and M of them stored" },
        new("ZREMRANGEBYLEX", 4, ZRemRangeByLex, Write, "key min max")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.SortedSet, Since = "2.8.9",
          Summary = "Removes the members in a lexicographic range.", Complexity = "O(log(N)+M) with N members and M of them removed" },
        new("ZREMRANGEBYRANK", 4, ZRemRangeByRank, Write, "key start:int stop:int")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.SortedSet, Since = "2.0.0", Summary = "Removes the members in a range of ranks.",
          Complexity = "O(log(N)+M) with N members and M of them removed" },
        new("ZREMRANGEBYSCORE", 4, ZRemRangeByScore, Write, "key min:double max:double")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.SortedSet, Since = "1.2.0",
          Summary = "Removes the members with a score in a range.", Complexity = "O(log(N)+M) with N members and M of them removed" },
        new("ZREVRANGE", -4, ZRevRange, ReadOnly, "key start:int stop:int [WITHSCORES]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "1.2.0", DeprecatedSince = "6.2.0",
          ReplacedBy = "ZRANGE with REV", Summary = "Gives the members in a range of ranks, counted from the highest score.",
          Complexity = "O(log(N)+M) with N members and M of them given back" },
        new("ZREVRANGEBYLEX", -4, ZRevRangeByLex, ReadOnly, "key max min [LIMIT <limit: offset count>]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.8.9", DeprecatedSince = "6.2.0",
          ReplacedBy = "ZRANGE with REV and BYLEX", Summary = "Gives the members in a lexicographic range in reverse order.",
          Complexity = "O(log(N)+M) with N members and M of them given back" },
        new("ZREVRANGEBYSCORE", -4, ZRevRangeByScore, ReadOnly, "key max:double min:double [WITHSCORES] [LIMIT <limit: offset count>]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.2.0", DeprecatedSince = "6.2.0",
          ReplacedBy = "ZRANGE with REV and BYSCORE", Summary = "Gives the members with a score in a range, the highest first.",
          Complexity = "O(log(N)+M) with N members and M of them given back" },
    ];

    // ---- commands ---------------------------------------------------------------------------------------------------

    private static void ZRange(CommandContext ctx) => Range(ctx, By.Rank, reverse: false, unified: true);

    private static void ZRevRange(CommandContext ctx) => Range(ctx, By.Rank, reverse: true, unified: false);

    private static void ZRangeByScore(CommandContext ctx) => Range(ctx, By.Score, reverse: false, unified: false);

    private static void ZRevRangeByScore(CommandContext ctx) => Range(ctx, By.Score, reverse: true, unified: false);

    private static void ZRangeByLex(CommandContext ctx) => Range(ctx, By.Lex, reverse: false, unified: false);

    private static void ZRevRangeByLex(CommandContext ctx) => Range(ctx, By.Lex, reverse: true, unified: false);

    private static void Range(CommandContext ctx, By by, bool reverse, bool unified)
    {
        if (!TryParse(ctx, keyAt: 1, by, reverse, unified, storing: false, out var query)) return;
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        var range = Select(set, query);
        SortedSetCommands.BeginPairs(ctx, range.Count, query.WithScores);
        if (range.Count == 0) return;
        var walk = set.Walk(query.Reverse ? range.First + range.Count - 1 : range.First);
        for (var left = range.Count; left > 0; left--)
        {
            if (query.Reverse) walk.MovePrevious();
            else walk.MoveNext();
            SortedSetCommands.ReplyPair(ctx, walk.Member, walk.Score, query.WithScores);
        }
    }

    private static void ZRangeStore(CommandContext ctx)
    {
        if (!TryParse(ctx, keyAt: 2, By.Rank, reverse: false, unified: true, storing: true, out var query)) return;
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(2), out var set)) return;
        var range = Select(set, query);
        var builder = new ZSetBuilder(ctx.Engine.Heap);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        if (range.Count > 0)
        {
            var walk = set.Walk(range.First);
            for (var left = range.Count; left > 0 && walk.MoveNext(); left--) builder.Set(walk.Member.AsText(scratch), walk.Score);
        }

        var draft = ctx.Draft<ZSetValue>();
        builder.Finish(draft);
        ctx.StoreDraft(draft.Entry, ctx.Arg(1), isEmpty: range.Count == 0, RangeStoreEvent);
        ctx.Reply.Integer(range.Count);
    }

    private static void ZCount(CommandContext ctx) => Count(ctx, By.Score);

    private static void ZLexCount(CommandContext ctx) => Count(ctx, By.Lex);

    private static void Count(CommandContext ctx, By by)
    {
        var query = new RangeQuery { By = by, Limit = -1 };
        if (!TryParseEnds(ctx, 2, ref query)) return;
        if (ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) ctx.Reply.Integer(Select(set, query).Count);
    }

    private static void ZRemRangeByRank(CommandContext ctx) => RemoveRange(ctx, By.Rank, RemByRankEvent);

    private static void ZRemRangeByScore(CommandContext ctx) => RemoveRange(ctx, By.Score, RemByScoreEvent);

    private static void ZRemRangeByLex(CommandContext ctx) => RemoveRange(ctx, By.Lex, RemByLexEvent);

    private static void RemoveRange(CommandContext ctx, By by, KeyEvent what)
    {
        var query = new RangeQuery { By = by, Limit = -1 };
        if (!TryParseEnds(ctx, 2, ref query)) return;
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
        var range = Select(set, query);
        if (range.Count > 0)
        {
            set.RemoveRange(range.First, range.Count);
            ctx.Changed(key, what, range.Count);
        }

        ctx.Reply.Integer(range.Count);
    }

    // ---- what is asked for ------------------------------------------------------------------------------------------

    private static bool TryParse(CommandContext ctx, int keyAt, By by, bool reverse, bool unified, bool storing, out RangeQuery query)
    {
        query = new RangeQuery { By = by, Reverse = reverse, Limit = -1 };
        var args = ctx.ArgsFrom(keyAt + 3);
        while (args.More)
        {
            if (!storing && args.Take("WITHSCORES"u8)) query.WithScores = true;
            else if (args.Left >= 3 && args.Take("LIMIT"u8))
            {
                query.Offset = args.NextInt64();
                query.Limit = args.NextInt64();
            }
            else if (unified && query.By == By.Rank && args.Take("BYLEX"u8)) query.By = By.Lex;
            else if (unified && query.By == By.Rank && args.Take("BYSCORE"u8)) query.By = By.Score;
            else if (unified && !query.Reverse && args.Take("REV"u8)) query.Reverse = true;
            else args.Unexpected();
        }

        if (query.By == By.Rank && query.Limit != -1)
            args.Fail("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
        if (query.WithScores && query.By == By.Lex) args.Fail("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return !args.Failed() && TryParseEnds(ctx, keyAt + 1, ref query);
    }

    /// <summary>The two ends; for a reversed range by score or member the higher one stands first.</summary>
    private static bool TryParseEnds(CommandContext ctx, int at, ref RangeQuery query)
    {
        if (query.By == By.Rank) return ctx.TryInt64(at, out query.Start) && ctx.TryInt64(at + 1, out query.Stop);
        var min = ctx.Arg(query.Reverse ? at + 1 : at);
        var max = ctx.Arg(query.Reverse ? at : at + 1);
        if (query.By == By.Score)
        {
            if (NumberText.TryParseScoreBound(min, out query.MinScore, out query.MinExclusive)
                && NumberText.TryParseScoreBound(max, out query.MaxScore, out query.MaxExclusive)) return true;
            ctx.Fail("ERR min or max is not a float");
            return false;
        }

        if (IsLexEnd(min) && IsLexEnd(max))
        {
            query.MinLex = min;
            query.MaxLex = max;
            return true;
        }

        ctx.Fail("ERR min or max not valid string range item");
        return false;
    }

    private static bool IsLexEnd(ReadOnlySpan<byte> end) => !end.IsEmpty && (end[0] is (byte)'[' or (byte)'(' || (end.Length == 1 && end[0] is (byte)'-' or (byte)'+'));

    // ---- as ranks ---------------------------------------------------------------------------------------------------

    private static RankRange Select(ZSetValue set, scoped in RangeQuery query)
    {
        if (set.IsMissing) return default;
        return query.By switch
        {
            By.Rank => ByRank(set.Count, query),
            By.Score => Limit(ByScore(set, query), query),
            _ => Limit(ByLex(set, query), query),
        };
    }

    private static RankRange ByRank(long count, scoped in RangeQuery query)
    {
        var (start, stop) = (query.Start, query.Stop);
        if (start < 0) start = Math.Max(0, start + count);
        if (stop < 0) stop += count;
        stop = Math.Min(stop, count - 1);
        if (start > stop || start >= count) return default;
        return new RankRange(query.Reverse ? count - 1 - stop : start, stop - start + 1);
    }

    private static RankRange ByScore(ZSetValue set, scoped in RangeQuery query)
    {
        if (query.MinScore > query.MaxScore) return default;
        var first = set.RankOfScore(query.MinScore, after: query.MinExclusive);
        return new RankRange(first, Math.Max(0, set.RankOfScore(query.MaxScore, after: !query.MaxExclusive) - first));
    }

    private static RankRange ByLex(ZSetValue set, scoped in RangeQuery query)
    {
        var first = LexRank(set, query.MinLex, isMax: false);
        return new RankRange(first, Math.Max(0, LexRank(set, query.MaxLex, isMax: true) - first));
    }

    private static long LexRank(ZSetValue set, ReadOnlySpan<byte> end, bool isMax)
    {
        if (end[0] == '-') return 0;
        if (end[0] == '+') return set.Count;
        var inclusive = end[0] == '[';
        return set.RankOfLex(end[1..], after: isMax == inclusive);
    }

    private static RankRange Limit(RankRange range, scoped in RangeQuery query)
    {
        if (query.Offset < 0 || query.Offset >= range.Count) return query.Offset == 0 ? range : default;
        var count = range.Count - query.Offset;
        if (query.Limit >= 0) count = Math.Min(count, query.Limit);
        return new RankRange(query.Reverse ? range.First + range.Count - query.Offset - count : range.First + query.Offset, count);
    }
}

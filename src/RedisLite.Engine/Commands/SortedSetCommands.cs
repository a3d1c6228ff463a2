using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Sorted sets: members and scores, ends, chance. Ranges and combinations of several sets have files of their own.</summary>
internal static class SortedSetCommands
{
    private static readonly KeyEvent ZAddEvent = new(NotifyClasses.ZSet, "zadd");
    private static readonly KeyEvent ZIncrEvent = new(NotifyClasses.ZSet, "zincr");
    private static readonly KeyEvent ZRemEvent = new(NotifyClasses.ZSet, "zrem");
    private static readonly KeyEvent ZPopMinEvent = new(NotifyClasses.ZSet, "zpopmin");
    private static readonly KeyEvent ZPopMaxEvent = new(NotifyClasses.ZSet, "zpopmax");

    [Flags]
    internal enum AddOptions
    {
        None = 0,
        IfMissing = 1,
        IfExists = 2,
        IfGreater = 4,
        IfLess = 8,
        CountChanged = 16,
        Increment = 32,
    }

    public static CommandSpec[] Table() =>
    [
        new("BZMPOP", -5, BZMPop, Write | Blocking, "timeout:double numkeys key [key ...] <where: MIN | MAX> [COUNT count]")
        { Keys = [KeySpec.Counted(2, RW | Access | Delete)], Acl = AclCategory.SortedSet, Since = "7.0.0",
          Summary = "Takes the lowest or highest members of the first sorted set that has any, waiting if none has.",
          Complexity = "O(K)+O(M*log(N)) with K keys, N members and M of them given back" },
        new("BZPOPMAX", -3, BZPopMax, Write | Blocking | Fast, "key [key ...] timeout:double")
        { Keys = [KeySpec.Range(1, RW | Access | Delete, last: -2)], Acl = AclCategory.SortedSet, Since = "5.0.0",
          Summary = "Takes the member with the highest score from the first sorted set that has any, waiting if none has.",
          Complexity = "O(log N) in the members of the sorted set" },
        new("BZPOPMIN", -3, BZPopMin, Write | Blocking | Fast, "key [key ...] timeout:double")
        { Keys = [KeySpec.Range(1, RW | Access | Delete, last: -2)], Acl = AclCategory.SortedSet, Since = "5.0.0",
          Summary = "Takes the member with the lowest score from the first sorted set that has any, waiting if none has.",
          Complexity = "O(log N) in the members of the sorted set" },
        new("ZADD", -4, ZAdd, Write | DenyOom | Fast,
            "key [condition: NX | XX]@3.0.2 [comparison: GT | LT]@6.2.0 [change: CH@3.0.2] [increment: INCR@3.0.2] <data: score member [score "
            + "member ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], ElementArg = 3, Acl = AclCategory.SortedSet, Since = "1.2.0",
          Summary = "Adds members with scores to a sorted set, or changes their scores.",
          Complexity = "O(log N) for each member, with N members in the sorted set" },
        new("ZCARD", 2, ZCard, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.SortedSet, Since = "1.2.0", Summary = "Counts the members of a sorted set.",
          Complexity = "O(1)" },
        new("ZINCRBY", 4, ZIncrBy, Write | DenyOom | Fast, "key increment:int member")
        { Keys = [KeySpec.At(1, RW | Access | Update)], ElementArg = 3, Acl = AclCategory.SortedSet, Since = "1.2.0",
          Summary = "Adds a number to the score of a member.", Complexity = "O(log N) in the members of the sorted set" },
        new("ZMPOP", -4, ZMPop, Write, "numkeys key [key ...] <where: MIN | MAX> [COUNT count]")
        { Keys = [KeySpec.Counted(1, RW | Access | Delete)], Acl = AclCategory.SortedSet, Since = "7.0.0",
          Summary = "Takes the lowest or highest members of the first sorted set that has any.",
          Complexity = "O(K)+O(M*log(N)) with K keys, N members and M of them given back" },
        new("ZMSCORE", -3, ZMScore, ReadOnly | Fast, "key member [member ...]")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.SortedSet, Since = "6.2.0", Summary = "Gives the scores of several members.",
          Complexity = "O(N) in the number of members asked for" },
        new("ZPOPMAX", -2, ZPopMax, Write | Fast, "key [count]")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.SortedSet, Since = "5.0.0",
          Summary = "Takes the members with the highest scores.", Complexity = "O(log(N)*M) with N members and M of them given back" },
        new("ZPOPMIN", -2, ZPopMin, Write | Fast, "key [count]")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.SortedSet, Since = "5.0.0",
          Summary = "Takes the members with the lowest scores.", Complexity = "O(log(N)*M) with N members and M of them given back" },
        new("ZRANDMEMBER", -2, ZRandMember, ReadOnly, "key [options: count [WITHSCORES]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0", Tips = ["nondeterministic_output"],
          Summary = "Gives members of a sorted set picked at random.", Complexity = "O(N) in the number of members given back" },
        new("ZRANK", -3, ZRank, ReadOnly | Fast, "key member [WITHSCORE]")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.SortedSet, Since = "2.0.0",
          Summary = "Gives the position of a member, counted from the lowest score.", Complexity = "O(log N) in the members of the sorted set" },
        new("ZREM", -3, ZRem, Write | Fast, "key member [member ...]")
        { Keys = [KeySpec.At(1, RW | Delete)], ElementArg = 2, Acl = AclCategory.SortedSet, Since = "1.2.0",
          Summary = "Removes members of a sorted set, and the set with its last member.",
          Complexity = "O(M*log(N)) with N members and M of them removed" },
        new("ZREVRANK", -3, ZRevRank, ReadOnly | Fast, "key member [WITHSCORE]")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.SortedSet, Since = "2.0.0",
          Summary = "Gives the position of a member, counted from the highest score.", Complexity = "O(log N) in the members of the sorted set" },
        new("ZSCAN", -3, ZScan, ReadOnly, "key cursor [MATCH pattern] [COUNT count]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.8.0", Tips = ["nondeterministic_output"],
          Summary = "Walks through the members and scores of a sorted set step by step.",
          Complexity = "O(1) a call, O(N) for a whole walk over N members" },
        new("ZSCORE", 3, ZScore, ReadOnly | Fast, "key member")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.SortedSet, Since = "1.2.0", Summary = "Gives the score of a member.",
          Complexity = "O(1)" },
    ];

    // ---- adding -----------------------------------------------------------------------------------------------------

    private static void ZAdd(CommandContext ctx)
    {
        var options = AddOptions.None;
        var first = 2;
        while (first < ctx.Argc && TakeOption(ctx, first, ref options)) first++;
        var pairs = ctx.Argc - first;
        if (pairs == 0 || pairs % 2 != 0)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        if (Contradiction(options, pairs / 2) is { } error)
        {
            ctx.Fail(error);
            return;
        }

        Add(ctx, first, pairs / 2, options);
    }

    private static void ZIncrBy(CommandContext ctx) => Add(ctx, 2, 1, AddOptions.Increment);

    private static bool TakeOption(CommandContext ctx, int at, ref AddOptions options)
    {
        var option = ctx.ArgIs(at, "NX"u8) ? AddOptions.IfMissing
            : ctx.ArgIs(at, "XX"u8) ? AddOptions.IfExists
            : ctx.ArgIs(at, "GT"u8) ? AddOptions.IfGreater
            : ctx.ArgIs(at, "LT"u8) ? AddOptions.IfLess
            : ctx.ArgIs(at, "CH"u8) ? AddOptions.CountChanged
            : ctx.ArgIs(at, "INCR"u8) ? AddOptions.Increment
            : AddOptions.None;
        options |= option;
        return option != AddOptions.None;
    }

    private static string? Contradiction(AddOptions options, int pairs)
    {
        if (options.HasFlag(AddOptions.IfMissing | AddOptions.IfExists)) return "ERR XX and NX options at the same time are not compatible";
        var greaterOrLess = options & (AddOptions.IfGreater | AddOptions.IfLess);
        if (greaterOrLess == (AddOptions.IfGreater | AddOptions.IfLess) || (greaterOrLess != 0 && options.HasFlag(AddOptions.IfMissing)))
            return "ERR GT, LT, and/or NX options at the same time are not compatible";
        return options.HasFlag(AddOptions.Increment) && pairs > 1 ? "ERR INCR option supports a single increment-element pair" : null;
    }

    private static void Add(CommandContext ctx, int first, int pairs, AddOptions options)
    {
        var scores = pairs <= 64 ? stackalloc double[pairs] : new double[pairs];    // all scores are parsed before anything changes
        for (var i = 0; i < pairs; i++)
        {
            if (!ctx.TryDouble(first + (i * 2), out scores[i])) return;
        }

        Add(ctx, scores, first + 1, step: 2, options);
    }

    /// <summary>Gives scores to members, of which the first is argument <paramref name="firstMember"/> and every <paramref name="step"/>th the next.</summary>
    internal static void Add(CommandContext ctx, ReadOnlySpan<double> scores, int firstMember, int step, AddOptions options)
    {
        var pairs = scores.Length;
        var longest = 0;
        for (var i = 0; i < pairs; i++) longest = Math.Max(longest, ctx.Arg(firstMember + (i * step)).Length);

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
        var increments = options.HasFlag(AddOptions.Increment);
        if (set.IsMissing)
        {
            if (options.HasFlag(AddOptions.IfExists))
            {
                if (increments) ctx.Reply.Null();
                else ctx.Reply.Integer(0);
                return;
            }

            set = ctx.Create<ZSetValue>(key);
            set.Expect(pairs, longest);
        }
        else set.Expect(pairs);                                                      // its members may turn out not to be added

        int added = 0, updated = 0;
        double? result = null;
        for (var i = 0; i < pairs; i++)
        {
            if (!AddOne(ctx, set, ctx.Arg(firstMember + (i * step)), scores[i], options, ref added, ref updated, ref result)) break;
        }

        if (added + updated > 0) ctx.Changed(key, increments ? ZIncrEvent : ZAddEvent, added + updated);
        if (!increments) ctx.Reply.Integer(options.HasFlag(AddOptions.CountChanged) ? added + updated : added);
        else if (result is null) ctx.Reply.Null();
        else if (!double.IsNaN(result.Value)) ctx.Reply.Double(result.Value);       // NaN: the error has been replied
    }

    /// <summary>False: the sum is no number, and the error is replied.</summary>
    private static bool AddOne(CommandContext ctx, ZSetValue set, ReadOnlySpan<byte> member, double score, AddOptions options, ref int added, ref int updated,
        ref double? result)
    {
        var place = set.Find(member);
        var exists = place != 0;
        var old = exists ? set.ScoreAt(place) : 0;
        if (exists && options.HasFlag(AddOptions.IfMissing)) return true;
        if (!exists && options.HasFlag(AddOptions.IfExists)) return true;
        if (exists && options.HasFlag(AddOptions.Increment))
        {
            score += old;
            if (double.IsNaN(score))
            {
                ctx.Fail("ERR resulting score is not a number (NaN)");
                result = double.NaN;
                return false;
            }
        }

        if (exists && ((options.HasFlag(AddOptions.IfGreater) && score <= old) || (options.HasFlag(AddOptions.IfLess) && score >= old))) return true;
        result = score;
        var change = set.Set(place, member, score);
        if (change == ScoreChange.Added) added++;
        else if (change == ScoreChange.Updated) updated++;
        return true;
    }

    private static void ZRem(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
        var removed = 0;
        for (var i = 2; i < ctx.Argc && !set.IsMissing && set.Count > 0; i++)
        {
            if (set.Remove(ctx.Arg(i))) removed++;
        }

        if (removed > 0) ctx.Changed(key, ZRemEvent, removed);
        ctx.Reply.Integer(removed);
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    private static void ZCard(CommandContext ctx)
    {
        if (ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) ctx.Reply.Integer(set.Count);
    }

    private static void ZScore(CommandContext ctx)
    {
        if (ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) ReplyScore(ctx, set, ctx.Arg(2));
    }

    private static void ZMScore(CommandContext ctx)
    {
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++) ReplyScore(ctx, set, ctx.Arg(i));
    }

    private static void ReplyScore(CommandContext ctx, ZSetValue set, ReadOnlySpan<byte> member)
    {
        if (!set.IsMissing && set.TryGetScore(member, out var score)) ctx.Reply.Double(score);
        else ctx.Reply.Null();
    }

    private static void ZRank(CommandContext ctx) => Rank(ctx, reverse: false);

    private static void ZRevRank(CommandContext ctx) => Rank(ctx, reverse: true);

    private static void Rank(CommandContext ctx, bool reverse)
    {
        if (ctx.Argc > 4)
        {
            ctx.Fail(Errors.WrongArity(ctx.Spec.FullName));
            return;
        }

        var withScore = ctx.Argc == 4;
        if (withScore && !ctx.ArgIs(3, "WITHSCORE"u8))
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        double score = 0;
        var rank = set.IsMissing ? -1 : set.RankOf(ctx.Arg(2), out score);
        if (rank < 0)
        {
            if (withScore) ctx.Reply.NullArray();
            else ctx.Reply.Null();
            return;
        }

        if (withScore) ctx.Reply.Array(2);
        ctx.Reply.Integer(reverse ? set.Count - 1 - rank : rank);
        if (withScore) ctx.Reply.Double(score);
    }

    private static void ZScan(CommandContext ctx) => ScanCommands.Elements<ZSetValue>(ctx, ScanKind.Other, static (ctx, set, place, in options) =>
    {
        Span<byte> scratch = stackalloc byte[NumberText.DoubleTextMax];
        var member = set.MemberAt(place);
        if (!options.Matches(member.AsText(scratch))) return 0;
        ctx.Reply.Bulk(member);
        ctx.Reply.Bulk(scratch[..NumberText.FormatDouble(set.ScoreAt(place), scratch)]);
        return 2;
    });

    // ---- chance -----------------------------------------------------------------------------------------------------

    private static void ZRandMember(CommandContext ctx)
    {
        if (!SampleArguments.TryParse(ctx, "WITHSCORES"u8, out var wanted)) return;
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        if (wanted.IsOne)
        {
            if (set.IsMissing) ctx.Reply.Null();
            else ctx.Reply.Bulk(set.MemberAt(set.Random(ctx.Random)));
        }
        else if (set.IsMissing || wanted.Count == 0) ctx.Reply.Array(0);
        else if (wanted.Count > 0) ReplySample(ctx, set, wanted.Count, wanted.WithValues);
        else ReplyRepeating(ctx, set, -wanted.Count, wanted.WithValues);
    }

    private static void ReplySample(CommandContext ctx, ZSetValue set, long count, bool withScores)
    {
        var found = ctx.Found;
        found.Clear();
        set.Sample(ctx.Random, Math.Min(count, set.Count), found);
        BeginPairs(ctx, found.Count, withScores);
        foreach (var place in found.Items) ReplyPair(ctx, set.MemberAt(place), set.ScoreAt(place), withScores);
    }

    private static void ReplyRepeating(CommandContext ctx, ZSetValue set, long count, bool withScores)
    {
        BeginPairs(ctx, count, withScores);
        while (SampleArguments.GoesOn(ctx, ref count))
        {
            var place = set.Random(ctx.Random);
            ReplyPair(ctx, set.MemberAt(place), set.ScoreAt(place), withScores);
        }
    }

    /// <summary>With scores: a flat list in RESP2, a list of pairs in RESP3.</summary>
    public static void BeginPairs(CommandContext ctx, long count, bool withScores) =>
        ctx.Reply.Array(withScores && ctx.Reply.Protocol == 2 ? count * 2 : count);

    public static void ReplyPair(CommandContext ctx, scoped in PackedValue member, double score, bool withScores)
    {
        if (withScores && ctx.Reply.Protocol == 3) ctx.Reply.Array(2);
        ctx.Reply.Bulk(member);
        if (withScores) ctx.Reply.Double(score);
    }

    // ---- the ends ---------------------------------------------------------------------------------------------------

    private static void ZPopMin(CommandContext ctx) => Pop(ctx, fromMax: false);

    private static void ZPopMax(CommandContext ctx) => Pop(ctx, fromMax: true);

    private static ReadOnlySpan<byte> PopName(bool fromMax) => fromMax ? "ZPOPMAX"u8 : "ZPOPMIN"u8;

    private static void Pop(CommandContext ctx, bool fromMax)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        long count = 1;
        if (ctx.Argc == 3)
        {
            if (!ctx.TryInt64(2, out count, Errors.NotPositive)) return;
            if (count < 0)
            {
                ctx.Fail(Errors.NotPositive);
                return;
            }
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
        count = Math.Min(count, set.Count);
        if (count == 0)
        {
            ctx.Reply.Array(0);
            return;
        }

        var nested = ctx.Reply.Protocol == 3 && ctx.Argc == 3;
        ctx.Reply.Array(nested ? count : count * 2);
        PopMembers(ctx, key, set, fromMax, count, nested);
    }

    /// <summary>Reply member and score of so many from one end, and take them out.</summary>
    private static void PopMembers(CommandContext ctx, ReadOnlySpan<byte> key, ZSetValue set, bool fromMax, long count, bool nested)
    {
        var walk = set.Walk(fromMax ? -1 : 0);
        for (var i = 0L; i < count; i++)
        {
            if (fromMax) walk.MovePrevious();
            else walk.MoveNext();
            if (nested) ctx.Reply.Array(2);
            ctx.Reply.Bulk(walk.Member);
            ctx.Reply.Double(walk.Score);
        }
        set.RemoveRange(fromMax ? set.Count - count : 0, count);
        ctx.Changed(key, fromMax ? ZPopMaxEvent : ZPopMinEvent, count);
    }

    private static void BZPopMin(CommandContext ctx) => BlockingPop(ctx, fromMax: false);

    private static void BZPopMax(CommandContext ctx) => BlockingPop(ctx, fromMax: true);

    private static void BlockingPop(CommandContext ctx, bool fromMax)
    {
        var lastKey = ctx.Argc - 2;
        var args = ctx.ArgsFrom(lastKey + 1);
        var timeout = args.NextTimeout();
        if (args.Failed()) return;

        for (var i = 1; i <= lastKey; i++)
        {
            var key = ctx.Arg(i);
            if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
            if (set.IsMissing) continue;
            ctx.Reply.Array(3);
            ctx.Reply.Bulk(key);
            PopMembers(ctx, key, set, fromMax, 1, nested: false);
            ctx.PropagateAs(PopName(fromMax)).Arg(key);
            return;
        }

        ctx.Block(ValueType.ZSet, 1, lastKey, timeout);
    }

    private static void ZMPop(CommandContext ctx) => MultiPop(ctx, mayBlock: false);

    private static void BZMPop(CommandContext ctx) => MultiPop(ctx, mayBlock: true);

    private static void MultiPop(CommandContext ctx, bool mayBlock)
    {
        if (!MultiPopArguments.TryParse(ctx, mayBlock, "MIN"u8, "MAX"u8, out var wanted)) return;
        var fromMax = !wanted.FromFirstEnd;
        for (var i = wanted.FirstKey; i <= wanted.LastKey; i++)
        {
            var key = ctx.Arg(i);
            if (!ctx.TryWrite<ZSetValue>(key, out var set)) return;
            if (set.IsMissing) continue;
            var count = Math.Min(wanted.Count, set.Count);
            ctx.Reply.Array(2);
            ctx.Reply.Bulk(key);
            ctx.Reply.Array(count);
            PopMembers(ctx, key, set, fromMax, count, nested: true);
            ctx.PropagateAs(PopName(fromMax)).Arg(key).Arg(count);
            return;
        }

        if (mayBlock) ctx.Block(ValueType.ZSet, wanted.FirstKey, wanted.LastKey, wanted.TimeoutMs);
        else ctx.Reply.NullArray();
    }
}

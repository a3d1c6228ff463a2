using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Union, intersection and difference of sorted sets (and plain sets, whose members count as score 1), as a reply, a number or a stored result. Results are
/// gathered and ordered once: as places in the sources (<see cref="ScoredPlaces"/>) where they are only replied, in a <see cref="ZSetBuilder"/> where they are stored.
/// </summary>
internal static class SortedSetCombineCommands
{
    private static readonly KeyEvent UnionStoreEvent = new(NotifyClasses.ZSet, "zunionstore");
    private static readonly KeyEvent InterStoreEvent = new(NotifyClasses.ZSet, "zinterstore");
    private static readonly KeyEvent DiffStoreEvent = new(NotifyClasses.ZSet, "zdiffstore");

    private enum Operation
    {
        Union,
        Inter,
        Diff,
    }

    private enum Aggregate
    {
        Sum,
        Min,
        Max,
    }

    /// <summary>One input, of either type.</summary>
    private readonly struct Source(Entry entry, double weight)
    {
        public bool IsMissing => !entry.Exists;

        public Entry Entry => entry;

        public long Count => AskedMembers.CountOf(entry);

        public double Weight => weight;

        private bool IsSet => entry.Type == ValueType.Set;

        public SourceWalk Walk() => IsMissing ? default : new SourceWalk(entry, IsSet);

        public PackedValue MemberAt(ulong place) => IsSet ? SetValue.Over(entry).MemberAt(place) : ZSetValue.Over(entry).MemberAt(place);

        public AskedMembers Ask(Heap heap, long questions) => new(heap, entry, questions);

        /// <summary>Times the weight; infinity times zero counts as 0.</summary>
        public double Weigh(double score)
        {
            var weighed = score * weight;
            return double.IsNaN(weighed) ? 0 : weighed;
        }
    }

    private ref struct SourceWalk(Entry entry, bool isSet)
    {
        private SetWalk _set = isSet ? SetValue.Over(entry).Walk() : default;
        private ZSetWalk _sorted = isSet ? default : ZSetValue.Over(entry).Walk();
        private readonly bool _isSet = isSet;
        private readonly bool _exists = true;

        public readonly PackedValue Member => _isSet ? _set.Current : _sorted.Member;

        public readonly ulong Place => _isSet ? _set.Place : _sorted.Place;

        public readonly double Score => _isSet ? 1 : _sorted.Score;

        public bool MoveNext() => _exists && (_isSet ? _set.MoveNext() : _sorted.MoveNext());
    }

    private sealed class Query(Heap heap)
    {
        public readonly Heap Heap = heap;
        public Source[] Sources = [];

        /// <summary>The sources, ready to be asked; see <see cref="Prepare"/>.</summary>
        public AskedMembers[] Asked = [];
        public bool IsHashed;
        public Aggregate Aggregate;
        public bool WithScores;
        public long Limit;

        /// <summary>Each source is about to be asked for the members of others: of the first, or (of a union) of all.</summary>
        public void Prepare(bool ofAll)
        {
            long questions = ofAll ? 0 : Sources[0].Count;
            foreach (var source in Sources) questions += ofAll ? source.Count : 0;
            Asked = new AskedMembers[Sources.Length];
            for (var i = ofAll ? 0 : 1; i < Asked.Length; i++)
            {
                Asked[i] = Sources[i].Ask(Heap, questions);
                IsHashed |= Asked[i].IsTable;
            }
        }
    }

    public static CommandSpec[] Table() =>
    [
        new("ZDIFF", -3, ZDiff, ReadOnly, "numkeys key [key ...] [WITHSCORES]")
        { Keys = [KeySpec.Counted(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0",
          Summary = "Gives the members of the first sorted set that are in none of the others.",
          Complexity = "O(L+(N-K)*log(N)) at worst, with L members in all, N in the first and K in the result" },
        new("ZDIFFSTORE", -4, ZDiffStore, Write | DenyOom, "destination numkeys key [key ...]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.Counted(2, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0",
          Summary = "Stores the members of the first sorted set that are in none of the others.",
          Complexity = "O(L+(N-K)*log(N)) at worst, with L members in all, N in the first and K in the result" },
        new("ZINTER", -3, ZInter, ReadOnly,
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>] [WITHSCORES]")
        { Keys = [KeySpec.Counted(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0",
          Summary = "Gives the members that all sorted sets have, with combined scores.",
          Complexity = "O(N*K)+O(M*log(M)) at worst, with N members in the smallest of K sets and M in the result" },
        new("ZINTERCARD", -3, ZInterCard, ReadOnly, "numkeys key [key ...] [LIMIT limit:int]")
        { Keys = [KeySpec.Counted(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "7.0.0",
          Summary = "Counts the members that all sorted sets have, up to a limit.",
          Complexity = "O(N*K) at worst, with N members in the smallest of K sets" },
        new("ZINTERSTORE", -4, ZInterStore, Write | DenyOom,
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.Counted(2, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.0.0",
          Summary = "Stores the members that all sorted sets have, with combined scores.",
          Complexity = "O(N*K)+O(M*log(M)) at worst, with N members in the smallest of K sets and M in the result" },
        new("ZUNION", -3, ZUnion, ReadOnly,
            "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>] [WITHSCORES]")
        { Keys = [KeySpec.Counted(1, RO | Access)], Acl = AclCategory.SortedSet, Since = "6.2.0",
          Summary = "Gives the members that any of the sorted sets has, with combined scores.",
          Complexity = "O(N)+O(M*log(M)) with N members in all sets and M in the result" },
        new("ZUNIONSTORE", -4, ZUnionStore, Write | DenyOom,
            "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.Counted(2, RO | Access)], Acl = AclCategory.SortedSet, Since = "2.0.0",
          Summary = "Stores the members that any of the sorted sets has, with combined scores.",
          Complexity = "O(N)+O(M*log(M)) with N members in all sets and M in the result" },
    ];

    private static void ZUnion(CommandContext ctx) => Answer(ctx, Operation.Union);

    private static void ZInter(CommandContext ctx) => Answer(ctx, Operation.Inter);

    private static void ZDiff(CommandContext ctx) => Answer(ctx, Operation.Diff);

    private static void ZUnionStore(CommandContext ctx) => Store(ctx, Operation.Union, UnionStoreEvent);

    private static void ZInterStore(CommandContext ctx) => Store(ctx, Operation.Inter, InterStoreEvent);

    private static void ZDiffStore(CommandContext ctx) => Store(ctx, Operation.Diff, DiffStoreEvent);

    private static void ZInterCard(CommandContext ctx)
    {
        if (Parse(ctx, 1, Operation.Inter, storing: false, counting: true) is not { } query) return;
        long count = 0;
        if (SmallestFirst(query))
        {
            var entries = Array.ConvertAll(query.Sources, static source => source.Entry);
            for (var common = new SetMeet(entries, query.Limit); (query.Limit == 0 || count < query.Limit) && common.MoveNext();) count++;
        }

        ctx.Reply.Integer(count);
    }

    private static void Answer(CommandContext ctx, Operation operation)
    {
        if (Parse(ctx, 1, operation, storing: false, counting: false) is not { } query) return;
        if (operation == Operation.Union && query.Sources.Length > AskedMembers.UnionMax)
        {
            var result = Compute(ctx, operation, query, storing: false);
            SortedSetCommands.BeginPairs(ctx, result.Count, query.WithScores);
            for (var walk = result.Walk(); walk.MoveNext();) SortedSetCommands.ReplyPair(ctx, walk.Member, walk.Score, query.WithScores);
            ctx.DropDraft();
            return;
        }

        var found = new ScoredPlaces();
        switch (operation)
        {
            case Operation.Union: Union(query, ref found); break;
            case Operation.Inter: Intersect(query, ref found); break;
            default: Subtract(query, ref found); break;
        }

        found.Sort((a, b) => CompareMembers(query, a, b));
        SortedSetCommands.BeginPairs(ctx, found.Count, query.WithScores);
        for (var i = 0; i < found.Count; i++)
            SortedSetCommands.ReplyPair(ctx, query.Sources[found.SourceAt(i)].MemberAt(found.PlaceAt(i)), found.ScoreAt(i), query.WithScores);
        found.Return();
    }

    private static int CompareMembers(Query query, ulong a, ulong b)
    {
        Span<byte> left = stackalloc byte[PackedValue.IntegerTextMax], right = stackalloc byte[PackedValue.IntegerTextMax];
        return query.Sources[ScoredPlaces.SourceOf(a)].MemberAt(ScoredPlaces.PlaceOf(a)).AsText(left)
            .SequenceCompareTo(query.Sources[ScoredPlaces.SourceOf(b)].MemberAt(ScoredPlaces.PlaceOf(b)).AsText(right));
    }

    private static void Store(CommandContext ctx, Operation operation, KeyEvent what)
    {
        if (Parse(ctx, 2, operation, storing: true, counting: false) is not { } query) return;
        var result = Compute(ctx, operation, query, storing: true);
        var count = result.Count;
        ctx.StoreDraft(result.Entry, ctx.Arg(1), isEmpty: count == 0, what);
        ctx.Reply.Integer(count);
    }

    // ---- the request ------------------------------------------------------------------------------------------------

    private static Query? Parse(CommandContext ctx, int numKeysAt, Operation operation, bool storing, bool counting)
    {
        if (!ctx.TryInt64(numKeysAt, out var numKeys)) return null;
        if (numKeys < 1)
        {
            ctx.Fail($"ERR at least 1 input key is needed for '{ctx.Spec.FullName}' command");
            return null;
        }

        if (numKeys > ctx.Argc - numKeysAt - 1)
        {
            ctx.Fail(Errors.Syntax);
            return null;
        }

        var entries = new Entry[numKeys];
        for (var i = 0; i < numKeys; i++)
        {
            entries[i] = ctx.Read(ctx.Arg(numKeysAt + 1 + i));
            if (!entries[i].Exists || entries[i].Type is ValueType.ZSet or ValueType.Set) continue;
            ctx.Fail(Errors.WrongType);
            return null;
        }

        var weights = new double[numKeys];
        Array.Fill(weights, 1);
        var query = new Query(ctx.Engine.Heap);
        var args = ctx.ArgsFrom(numKeysAt + 1 + (int)numKeys);
        while (args.More)
        {
            if (!counting && operation != Operation.Diff && args.Left > numKeys && args.Take("WEIGHTS"u8))
            {
                for (var i = 0; i < numKeys; i++) weights[i] = args.NextDouble("ERR weight value is not a float");
            }
            else if (!counting && operation != Operation.Diff && args.Left > 1 && args.Take("AGGREGATE"u8)) query.Aggregate = NextAggregate(ref args);
            else if (!counting && !storing && args.Take("WITHSCORES"u8)) query.WithScores = true;
            else if (counting && args.Left > 1 && args.Take("LIMIT"u8)) query.Limit = args.NextCount("ERR LIMIT can't be negative");
            else args.Unexpected();
        }

        if (args.Failed()) return null;
        query.Sources = new Source[numKeys];
        for (var i = 0; i < numKeys; i++) query.Sources[i] = new Source(entries[i], weights[i]);
        return query;
    }

    private static Aggregate NextAggregate(ref ArgReader args)
    {
        if (args.Take("SUM"u8)) return Aggregate.Sum;
        if (args.Take("MIN"u8)) return Aggregate.Min;
        if (!args.Take("MAX"u8)) args.Unexpected();
        return Aggregate.Max;
    }

    // ---- the result -------------------------------------------------------------------------------------------------

    private static ZSetValue Compute(CommandContext ctx, Operation operation, Query query, bool storing)
    {
        var builder = new ZSetBuilder(ctx.Engine.Heap);
        switch (operation)
        {
            case Operation.Union: Union(query, ref builder); break;
            default: AddDistinct(operation, query, ref builder); break;
        }

        var draft = ctx.Draft<ZSetValue>();
        builder.Finish(draft, keepsNegativeZero: !storing);
        return draft;
    }

    private static void Union(Query query, ref ZSetBuilder builder)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        foreach (var source in query.Sources)
        {
            for (var walk = source.Walk(); walk.MoveNext();)
            {
                var member = walk.Member.AsText(scratch);
                var score = source.Weigh(walk.Score);
                if (builder.TryGet(member, out var sofar)) score = Combine(query.Aggregate, sofar, score);
                builder.Set(member, score);
            }
        }
    }

    /// <summary>An intersection or a difference: each member is found once, so the builder need not look for it.</summary>
    private static void AddDistinct(Operation operation, Query query, ref ZSetBuilder builder)
    {
        var found = new ScoredPlaces();
        if (operation == Operation.Inter) Intersect(query, ref found);
        else Subtract(query, ref found);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var i = 0; i < found.Count; i++) builder.Add(query.Sources[0].MemberAt(found.PlaceAt(i)).AsText(scratch), found.ScoreAt(i));
        found.Return();
    }

    /// <summary>The members of each source that none before it has, with the scores that they have in it and in those behind it.</summary>
    private static void Union(Query query, ref ScoredPlaces found)
    {
        query.Prepare(ofAll: true);
        for (var i = 0; i < query.Sources.Length; i++)
        {
            for (var walk = query.Sources[i].Walk(); walk.MoveNext();)
            {
                if (TryUnite(query, i, walk.Member, walk.Score, out var score)) found.Add(i, walk.Place, score);
            }
        }
    }

    private static bool TryUnite(Query query, int from, scoped in PackedValue member, double firstScore, out double score)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = query.IsHashed ? member.AsText(scratch) : default;
        var hash = query.IsHashed ? query.Heap.Hash(text) : 0;
        var sources = query.Sources;
        score = sources[from].Weigh(firstScore);
        for (var i = 0; i < from; i++)
        {
            if (query.Asked[i].Contains(member, text, hash)) return false;
        }

        for (var i = from + 1; i < sources.Length; i++)
        {
            var place = query.Asked[i].Find(member, text, hash);
            if (place != 0) score = Combine(query.Aggregate, score, sources[i].Weigh(query.Asked[i].ScoreAt(place)));
        }

        return true;
    }

    private static void Intersect(Query query, ref ScoredPlaces found)
    {
        if (!SmallestFirst(query)) return;
        query.Prepare(ofAll: false);
        for (var walk = query.Sources[0].Walk(); walk.MoveNext();)
        {
            if (TryCombine(query, walk.Member, walk.Score, out var score)) found.Add(0, walk.Place, score);
        }
    }

    private static void Subtract(Query query, ref ScoredPlaces found)
    {
        query.Prepare(ofAll: false);
        for (var walk = query.Sources[0].Walk(); walk.MoveNext();)
        {
            if (!InAnyOther(query, walk.Member)) found.Add(0, walk.Place, walk.Score);
        }
    }

    /// <summary>Put the smallest source first. False: one is missing, the intersection is empty.</summary>
    private static bool SmallestFirst(Query query)
    {
        foreach (var source in query.Sources)
        {
            if (source.IsMissing) return false;
        }

        Array.Sort(query.Sources, static (a, b) => a.Count.CompareTo(b.Count));
        return true;
    }

    private static bool TryCombine(Query query, scoped in PackedValue member, double firstScore, out double score)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = query.IsHashed ? member.AsText(scratch) : default;
        var hash = query.IsHashed ? query.Heap.Hash(text) : 0;
        var sources = query.Sources;
        score = sources[0].Weigh(firstScore);
        for (var i = 1; i < sources.Length; i++)
        {
            var place = query.Asked[i].Find(member, text, hash);
            if (place == 0) return false;
            score = Combine(query.Aggregate, score, query.Asked[i].ScoreAt(place) * sources[i].Weight);
        }

        return true;
    }

    private static bool InAnyOther(Query query, scoped in PackedValue member)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = query.IsHashed ? member.AsText(scratch) : default;
        var hash = query.IsHashed ? query.Heap.Hash(text) : 0;
        for (var i = 1; i < query.Asked.Length; i++)
        {
            if (query.Asked[i].Contains(member, text, hash)) return true;
        }

        return false;
    }

    /// <summary>b joins a. Of two equal ones (0 and -0) a stays, and also beside what is no number (infinity times zero in an intersection).</summary>
    private static double Combine(Aggregate aggregate, double a, double b)
    {
        switch (aggregate)
        {
            case Aggregate.Min: return b < a ? b : a;
            case Aggregate.Max: return b > a ? b : a;
            default:
                var sum = a + b;
                return double.IsNaN(sum) ? 0 : sum;             // inf + -inf
        }
    }
}

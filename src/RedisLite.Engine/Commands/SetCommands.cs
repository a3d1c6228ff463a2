using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Sets.</summary>
internal static class SetCommands
{
    private static readonly KeyEvent SAddEvent = new(NotifyClasses.Set, "sadd");
    private static readonly KeyEvent SRemEvent = new(NotifyClasses.Set, "srem");
    private static readonly KeyEvent SPopEvent = new(NotifyClasses.Set, "spop");
    private static readonly KeyEvent SInterStoreEvent = new(NotifyClasses.Set, "sinterstore");
    private static readonly KeyEvent SUnionStoreEvent = new(NotifyClasses.Set, "sunionstore");
    private static readonly KeyEvent SDiffStoreEvent = new(NotifyClasses.Set, "sdiffstore");

    /// <summary>Members of one SREM that stands for a part of a big SPOP.</summary>
    private const int SRemBatch = 1024;

    public static CommandSpec[] Table() =>
    [
        new("SADD", -3, SAdd, Write | DenyOom | Fast, "key member [member ...]")
        { Keys = [KeySpec.At(1, RW | Insert)], ElementArg = 2, Acl = AclCategory.Set, Since = "1.0.0", Summary = "Adds members to a set, making it when missing.",
          Complexity = "O(N) in the number of members" },
        new("SCARD", 2, SCard, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.Set, Since = "1.0.0", Summary = "Counts the members of a set.", Complexity = "O(1)" },
        new("SDIFF", -2, SDiff, ReadOnly, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives the members of the first set that are in none of the others.", Complexity = "O(N) in the members of all sets" },
        new("SDIFFSTORE", -3, SDiffStore, Write | DenyOom, "destination key [key ...]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.Range(2, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0",
          Summary = "Stores the members of the first set that are in none of the others.", Complexity = "O(N) in the members of all sets" },
        new("SINTER", -2, SInter, ReadOnly, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives the members that all sets have.", Complexity = "O(N*M) at worst, with N members of the smallest set and M sets" },
        new("SINTERCARD", -3, SInterCard, ReadOnly, "numkeys key [key ...] [LIMIT limit:int]")
        { Keys = [KeySpec.Counted(1, RO | Access)], Acl = AclCategory.Set, Since = "7.0.0",
          Summary = "Counts the members that all sets have, up to a limit.",
          Complexity = "O(N*M) at worst, with N members of the smallest set and M sets" },
        new("SINTERSTORE", -3, SInterStore, Write | DenyOom, "destination key [key ...]")
        { Keys = [KeySpec.At(1, RW | Update), KeySpec.Range(2, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0",
          Summary = "Stores the members that all sets have.", Complexity = "O(N*M) at worst, with N members of the smallest set and M sets" },
        new("SISMEMBER", 3, SIsMember, ReadOnly | Fast, "key member")
        { Keys = [KeySpec.At(1, RO)], ElementArg = 2, Acl = AclCategory.Set, Since = "1.0.0", Summary = "Tells whether something is a member of a set.",
          Complexity = "O(1)" },
        new("SMEMBERS", 2, SMembers, ReadOnly, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives all members of a set.", Complexity = "O(N) in the size of the set" },
        new("SMISMEMBER", -3, SMIsMember, ReadOnly | Fast, "key member [member ...]")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.Set, Since = "6.2.0",
          Summary = "Tells of several things whether they are members of a set.", Complexity = "O(N) in the number of members asked for" },
        new("SMOVE", 4, SMove, Write | Fast, "source destination member")
        { Keys = [KeySpec.At(1, RW | Access | Delete), KeySpec.At(2, RW | Insert)], Acl = AclCategory.Set, Since = "1.0.0",
          Summary = "Moves a member from a set to another.", Complexity = "O(1)" },
        new("SPOP", -2, SPop, Write | Fast, "key [count@3.2.0]")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output"],
          Summary = "Takes members picked at random out of a set.", Complexity = "O(N) in the number of members given back" },
        new("SRANDMEMBER", -2, SRandMember, ReadOnly, "key [count@2.6.0]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output"],
          Summary = "Gives members of a set picked at random.", Complexity = "O(N) in the number of members given back" },
        new("SREM", -3, SRem, Write | Fast, "key member [member ...]")
        { Keys = [KeySpec.At(1, RW | Delete)], ElementArg = 2, Acl = AclCategory.Set, Since = "1.0.0",
          Summary = "Removes members of a set, and the set with its last member.", Complexity = "O(N) in the number of members" },
        new("SSCAN", -3, SScan, ReadOnly, "key cursor [MATCH pattern] [COUNT count]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Set, Since = "2.8.0", Tips = ["nondeterministic_output"],
          Summary = "Walks through the members of a set step by step.", Complexity = "O(1) a call, O(N) for a whole walk over N members" },
        new("SUNION", -2, SUnion, ReadOnly, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives the members that any of the sets has.", Complexity = "O(N) in the members of all sets" },
        new("SUNIONSTORE", -3, SUnionStore, Write | DenyOom, "destination key [key ...]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.Range(2, RO | Access)], Acl = AclCategory.Set, Since = "1.0.0",
          Summary = "Stores the members that any of the sets has.", Complexity = "O(N) in the members of all sets" },
    ];

    // ---- members ----------------------------------------------------------------------------------------------------

    private static void SAdd(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<SetValue>(key, out var set)) return;
        if (set.IsMissing)
        {
            set = ctx.Create<SetValue>(key);
            set.Start(ctx.Arg(2), ctx.Argc - 2);
        }
        else
        {
            set.Expect(ctx.Argc - 2);
        }

        var added = 0;
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (set.Add(ctx.Arg(i))) added++;
        }

        if (added > 0) ctx.Changed(key, SAddEvent, added);
        ctx.Reply.Integer(added);
    }

    private static void SRem(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<SetValue>(key, out var set)) return;
        var removed = 0;
        for (var i = 2; i < ctx.Argc && !set.IsMissing; i++)
        {
            if (set.Remove(ctx.Arg(i))) removed++;
        }

        if (removed > 0) ctx.Changed(key, SRemEvent, removed);
        ctx.Reply.Integer(removed);
    }

    private static void SMove(CommandContext ctx)
    {
        var (sourceKey, targetKey, member) = (1, 2, 3);
        if (!ctx.TryWrite<SetValue>(ctx.Arg(sourceKey), out var source)) return;
        if (source.IsMissing)
        {
            ctx.Reply.Integer(0);
            return;
        }

        if (!ctx.TryWrite<SetValue>(ctx.Arg(targetKey), out var target)) return;
        if (target.Entry == source.Entry)
        {
            ctx.Reply.Integer(source.Contains(ctx.Arg(member)) ? 1 : 0);
            return;
        }

        if (!source.Remove(ctx.Arg(member)))
        {
            ctx.Reply.Integer(0);
            return;
        }

        ctx.Changed(ctx.Arg(sourceKey), SRemEvent);
        if (target.IsMissing)
        {
            target = ctx.Create<SetValue>(ctx.Arg(targetKey));
            target.Start(ctx.Arg(member), 1);
        }

        if (target.Add(ctx.Arg(member))) ctx.Changed(ctx.Arg(targetKey), SAddEvent);
        ctx.Reply.Integer(1);
    }

    private static void SCard(CommandContext ctx)
    {
        if (ctx.TryRead<SetValue>(ctx.Arg(1), out var set)) ctx.Reply.Integer(set.Count);
    }

    private static void SIsMember(CommandContext ctx)
    {
        if (ctx.TryRead<SetValue>(ctx.Arg(1), out var set)) ctx.Reply.Integer(set.Contains(ctx.Arg(2)) ? 1 : 0);
    }

    private static void SMIsMember(CommandContext ctx)
    {
        if (!ctx.TryRead<SetValue>(ctx.Arg(1), out var set)) return;
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++) ctx.Reply.Integer(set.Contains(ctx.Arg(i)) ? 1 : 0);
    }

    private static void SMembers(CommandContext ctx)
    {
        if (ctx.TryRead<SetValue>(ctx.Arg(1), out var set)) ReplyAll(ctx, set);
    }

    private static void ReplyAll(CommandContext ctx, SetValue set)
    {
        ctx.Reply.Set(set.Count);
        ReplyMembers(ctx, set);
    }

    private static void ReplyMembers(CommandContext ctx, SetValue set)
    {
        if (set.IsMissing) return;
        if (set.TryGetPack(out var pack))
        {
            ctx.Reply.Entries(pack, ListPack.First, long.MaxValue);
            return;
        }
        for (var walk = set.Walk(); walk.MoveNext();) ctx.Reply.Bulk(walk.Current);
    }

    private static void SScan(CommandContext ctx) => ScanCommands.Elements<SetValue>(ctx, ScanKind.Other, static (ctx, set, place, in options) =>
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var member = set.MemberAt(place);
        if (!options.Matches(member.AsText(scratch))) return 0;
        ctx.Reply.Bulk(member);
        return 1;
    });

    // ---- chance -----------------------------------------------------------------------------------------------------

    private static void SRandMember(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        if (!SampleArguments.TryParse(ctx, valuesWord: default, out var wanted)) return;
        if (!ctx.TryRead<SetValue>(ctx.Arg(1), out var set)) return;
        if (wanted.IsOne)
        {
            if (set.IsMissing) ctx.Reply.Null();
            else ctx.Reply.Bulk(set.MemberAt(set.Random(ctx.Random)));
            return;
        }

        if (set.IsMissing || wanted.Count == 0) ctx.Reply.Array(0);
        else if (wanted.Count > 0) ReplySample(ctx, set, wanted.Count);
        else ReplyRepeating(ctx, set, -wanted.Count);
    }

    private static void ReplySample(CommandContext ctx, SetValue set, long count)
    {
        var found = ctx.Found;
        found.Clear();
        set.Sample(ctx.Random, Math.Min(count, set.Count), found);
        ctx.Reply.Array(found.Count);
        foreach (var place in found.Items) ctx.Reply.Bulk(set.MemberAt(place));
    }

    private static void ReplyRepeating(CommandContext ctx, SetValue set, long count)
    {
        ctx.Reply.Array(count);
        while (SampleArguments.GoesOn(ctx, ref count)) ctx.Reply.Bulk(set.MemberAt(set.Random(ctx.Random)));
    }

    private static void SPop(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        if (ctx.Argc == 3)
        {
            SPopCount(ctx);
            return;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<SetValue>(key, out var set)) return;
        if (set.IsMissing)
        {
            ctx.Reply.Null();
            return;
        }

        var place = set.Random(ctx.Random);
        var member = ctx.Scratch(set.MemberAt(place).AsText(stackalloc byte[PackedValue.IntegerTextMax]));
        set.RemoveAt(place);
        ctx.Reply.Bulk(member);
        ctx.Changed(key, SPopEvent);
        ctx.PropagateAs("SREM"u8).Arg(key).Arg(member);
    }

    private static void SPopCount(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var count, Errors.NotPositive)) return;
        if (count < 0)
        {
            ctx.Fail(Errors.NotPositive);
            return;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<SetValue>(key, out var set)) return;
        if (set.IsMissing || count == 0)
        {
            ctx.Reply.Set(0);
            return;
        }

        if (count >= set.Count)
        {
            PopAll(ctx, key, set);
            return;
        }

        PopSome(ctx, key, set, count);
    }

    private static void PopAll(CommandContext ctx, ReadOnlySpan<byte> key, SetValue set)
    {
        var count = set.Count;
        ReplyAll(ctx, set);
        ctx.Notify(SPopEvent, key);
        ctx.Remove(set.Entry);
        ctx.Changed(key, KeyEvents.Del, count);
        ctx.PropagateAs("DEL"u8).Arg(key);
    }

    /// <summary>The places of a sample move when one of them is removed, so the members are copied first and removed by name.</summary>
    private static void PopSome(CommandContext ctx, ReadOnlySpan<byte> key, SetValue set, long count)
    {
        var found = ctx.Found;
        found.Clear();
        set.Sample(ctx.Random, count, found);
        ctx.Reply.Set(found.Count);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var members = new byte[found.Count][];
        for (var i = 0; i < members.Length; i++) members[i] = set.MemberAt(found.Items[i]).AsText(scratch).ToArray();

        var effect = default(EffectBuilder);
        for (var i = 0; i < members.Length; i++)
        {
            if (i % SRemBatch == 0) effect = ctx.PropagateAs("SREM"u8).Arg(key);
            effect.Arg(members[i]);
            set.Remove(members[i]);
            ctx.Reply.Bulk(members[i]);
        }

        ctx.Changed(key, SPopEvent, members.Length);
    }

    // ---- several sets -----------------------------------------------------------------------------------------------

    private static void SInter(CommandContext ctx)
    {
        if (!TryReadAll(ctx, 1, ctx.Argc - 1, out var sets)) return;
        var mark = ctx.Reply.DeferSet();
        long count = 0;
        if (SmallestFirst(sets))
        {
            for (var common = new SetMeet(EntriesOf(sets)); common.MoveNext(); count++) ctx.Reply.Bulk(common.Current);
        }

        ctx.Reply.EndSet(mark, count);
    }

    private static void SInterCard(CommandContext ctx)
    {
        if (!ctx.TryInt64(1, out var numKeys, "ERR numkeys should be greater than 0")) return;
        if (numKeys <= 0 || numKeys > ctx.Argc - 2)
        {
            ctx.Fail(numKeys <= 0 ? "ERR numkeys should be greater than 0" : "ERR Number of keys can't be greater than number of args");
            return;
        }

        long limit = 0;
        var args = ctx.ArgsFrom(2 + (int)numKeys);
        while (args.More)
        {
            if (args.Left > 1 && args.Take("LIMIT"u8)) limit = args.NextCount("ERR LIMIT can't be negative");
            else args.Unexpected();
        }

        if (args.Failed() || !TryReadAll(ctx, 2, (int)numKeys + 1, out var sets)) return;
        long count = 0;
        if (SmallestFirst(sets))
        {
            for (var common = new SetMeet(EntriesOf(sets), limit); (limit == 0 || count < limit) && common.MoveNext();) count++;
        }

        ctx.Reply.Integer(count);
    }

    private static void SInterStore(CommandContext ctx)
    {
        if (!TryReadAll(ctx, 2, ctx.Argc - 1, out var sets)) return;
        var draft = ctx.Draft<SetValue>();
        if (SmallestFirst(sets))
        {
            if (sets[0].Encoding == "listpack") draft.StartAsListpack();          // as Redis does, with integers found out at the end
            for (var common = new SetMeet(EntriesOf(sets)); common.MoveNext();) draft.AddDistinct(common.Current);
            draft.BecomeIntsIfPossible();
        }

        Store(ctx, draft, SInterStoreEvent);
    }

    private static void SUnion(CommandContext ctx)
    {
        if (!TryReadAll(ctx, 1, ctx.Argc - 1, out var sets)) return;
        if (sets.Length <= AskedMembers.UnionMax)
        {
            ReplyUnion(ctx, sets);
            return;
        }

        var draft = Union(ctx, sets);
        ReplyAll(ctx, draft);
        ctx.DropDraft();
    }

    /// <summary>Of a few sets: the members of each that none before it has. Nothing is built; the largest set comes first, so that as few as can be are asked for.</summary>
    private static void ReplyUnion(CommandContext ctx, SetValue[] sets)
    {
        Array.Sort(sets, static (a, b) => b.Count.CompareTo(a.Count));
        var asked = new AskedMembers[sets.Length];
        long questions = 0;
        for (var i = sets.Length - 1; i >= 0; questions += sets[i--].Count) asked[i] = new AskedMembers(ctx.Engine.Heap, sets[i].Entry, questions);

        var mark = ctx.Reply.DeferSet();
        ReplyMembers(ctx, sets[0]);
        var count = sets[0].Count;
        for (var i = 1; i < sets.Length; i++)
        {
            for (var walk = WalkOf(sets[i]); walk.MoveNext();)
            {
                if (IsInAny(ctx, asked.AsSpan(0, i), walk.Current)) continue;
                ctx.Reply.Bulk(walk.Current);
                count++;
            }
        }

        ctx.Reply.EndSet(mark, count);
    }

    private static void SUnionStore(CommandContext ctx)
    {
        if (TryReadAll(ctx, 2, ctx.Argc - 1, out var sets)) Store(ctx, Union(ctx, sets), SUnionStoreEvent);
    }

    private static void SDiff(CommandContext ctx)
    {
        if (!TryReadAll(ctx, 1, ctx.Argc - 1, out var sets)) return;
        var mark = ctx.Reply.DeferSet();
        var others = OthersOf(ctx, sets);
        long count = 0;
        for (var walk = WalkOf(sets[0]); walk.MoveNext();)
        {
            if (IsInAny(ctx, others, walk.Current)) continue;
            ctx.Reply.Bulk(walk.Current);
            count++;
        }

        ctx.Reply.EndSet(mark, count);
    }

    private static void SDiffStore(CommandContext ctx)
    {
        if (!TryReadAll(ctx, 2, ctx.Argc - 1, out var sets)) return;
        var draft = ctx.Draft<SetValue>();
        var others = OthersOf(ctx, sets);
        for (var walk = WalkOf(sets[0]); walk.MoveNext();)
        {
            if (!IsInAny(ctx, others, walk.Current)) draft.AddDistinct(walk.Current);
        }

        Store(ctx, draft, SDiffStoreEvent);
    }

    private static bool TryReadAll(CommandContext ctx, int first, int last, out SetValue[] sets)
    {
        sets = new SetValue[last - first + 1];
        for (var i = 0; i < sets.Length; i++)
        {
            if (!ctx.TryRead(ctx.Arg(first + i), out sets[i])) return false;
        }

        return true;
    }

    /// <summary>Put the smallest set first. False: one is missing, the intersection is empty.</summary>
    private static bool SmallestFirst(SetValue[] sets)
    {
        foreach (var set in sets)
        {
            if (set.IsMissing) return false;
        }

        Array.Sort(sets, static (a, b) => a.Count.CompareTo(b.Count));
        return true;
    }

    private static Entry[] EntriesOf(SetValue[] sets) => Array.ConvertAll(sets, static set => set.Entry);

    private static AskedMembers[] OthersOf(CommandContext ctx, SetValue[] sets)
    {
        var others = new AskedMembers[sets.Length - 1];
        var ascends = !sets[0].IsMissing && sets[0].IsInts;
        for (var i = 0; i < others.Length; i++) others[i] = new AskedMembers(ctx.Engine.Heap, sets[i + 1].Entry, sets[0].Count, ascends);
        return others;
    }

    private static bool IsInAny(CommandContext ctx, ReadOnlySpan<AskedMembers> sets, scoped in PackedValue member)
    {
        var isHashed = false;
        foreach (var set in sets) isHashed |= set.IsTable;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = isHashed ? member.AsText(scratch) : default;
        var hash = isHashed ? ctx.Engine.Heap.Hash(text) : 0;
        foreach (var set in sets)
        {
            if (set.Contains(member, text, hash)) return true;
        }

        return false;
    }

    private static SetWalk WalkOf(SetValue set) => set.IsMissing ? default : set.Walk();

    private static SetValue Union(CommandContext ctx, SetValue[] sets)
    {
        var draft = ctx.Draft<SetValue>();
        var union = new SetUnion(draft, sets);
        foreach (var set in sets)
        {
            for (var walk = WalkOf(set); walk.MoveNext();) union.Add(walk.Current);
        }

        return draft;
    }

    /// <summary>The result replaces the destination; an empty one removes it.</summary>
    private static void Store(CommandContext ctx, SetValue draft, KeyEvent what)
    {
        var count = draft.Count;
        ctx.StoreDraft(draft.Entry, ctx.Arg(1), isEmpty: count == 0, what);
        ctx.Reply.Integer(count);
    }
}

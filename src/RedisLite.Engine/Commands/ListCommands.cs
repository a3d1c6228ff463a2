using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using RedisLite.Engine.Waiting;
using RedisLite.Protocol;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Lists. A blocking command is its plain body, and ctx.Block where that finds nothing.</summary>
internal static class ListCommands
{
    private static readonly KeyEvent LPushEvent = new(NotifyClasses.List, "lpush");
    private static readonly KeyEvent RPushEvent = new(NotifyClasses.List, "rpush");
    private static readonly KeyEvent LPopEvent = new(NotifyClasses.List, "lpop");
    private static readonly KeyEvent RPopEvent = new(NotifyClasses.List, "rpop");
    private static readonly KeyEvent LInsertEvent = new(NotifyClasses.List, "linsert");
    private static readonly KeyEvent LSetEvent = new(NotifyClasses.List, "lset");
    private static readonly KeyEvent LTrimEvent = new(NotifyClasses.List, "ltrim");
    private static readonly KeyEvent LRemEvent = new(NotifyClasses.List, "lrem");

    public static CommandSpec[] Table() =>
    [
        new("BLMOVE", 6, BLMove, Write | DenyOom | Blocking, "source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT> timeout:double")
        { Keys = [KeySpec.At(1, RW | Access | Delete), KeySpec.At(2, RW | Insert)], Acl = AclCategory.List, Since = "6.2.0",
          Summary = "Moves an element from an end of a list to an end of another, waiting for one if the list is empty.", Complexity = "O(1)" },
        new("BLMPOP", -5, BLMPop, Write | Blocking, "timeout:double numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]")
        { Keys = [KeySpec.Counted(2, RW | Access | Delete)], Acl = AclCategory.List, Since = "7.0.0",
          Summary = "Takes elements from the first list that has any, waiting if none has.",
          Complexity = "O(N+M) with N keys and M elements given back" },
        new("BLPOP", -3, BLPop, Write | Blocking, "key [key ...] timeout:double")
        { Keys = [KeySpec.Range(1, RW | Access | Delete, last: -2)], Acl = AclCategory.List, Since = "2.0.0",
          Summary = "Takes the first element of the first list that has any, waiting if none has.", Complexity = "O(N) in the number of keys" },
        new("BRPOP", -3, BRPop, Write | Blocking, "key [key ...] timeout:double")
        { Keys = [KeySpec.Range(1, RW | Access | Delete, last: -2)], Acl = AclCategory.List, Since = "2.0.0",
          Summary = "Takes the last element of the first list that has any, waiting if none has.", Complexity = "O(N) in the number of keys" },
        new("BRPOPLPUSH", 4, BRPopLPush, Write | DenyOom | Blocking, "source destination timeout:double")
        { Keys = [KeySpec.At(1, RW | Access | Delete), KeySpec.At(2, RW | Insert)], Acl = AclCategory.List, Since = "2.2.0",
          DeprecatedSince = "6.2.0", ReplacedBy = "BLMOVE with RIGHT LEFT",
          Summary = "Moves the last element of a list to the front of another, waiting for one if the list is empty.", Complexity = "O(1)" },
        new("LINDEX", 3, LIndex, ReadOnly, "key index")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.List, Since = "1.0.0", Summary = "Gives the element at a position of a list.",
          Complexity = "O(N) in the elements to walk over, O(1) at either end" },
        new("LINSERT", 5, LInsert, Write | DenyOom, "key <where: BEFORE | AFTER> pivot element")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.List, Since = "2.2.0",
          Summary = "Puts an element before or after the first equal to a pivot.", Complexity = "O(N) in the elements to walk over to the pivot" },
        new("LLEN", 2, LLen, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.List, Since = "1.0.0", Summary = "Gives the length of a list.", Complexity = "O(1)" },
        new("LMOVE", 5, LMove, Write | DenyOom, "source destination <wherefrom: LEFT | RIGHT> <whereto: LEFT | RIGHT>")
        { Keys = [KeySpec.At(1, RW | Access | Delete), KeySpec.At(2, RW | Insert)], Acl = AclCategory.List, Since = "6.2.0",
          Summary = "Moves an element from an end of a list to an end of another.", Complexity = "O(1)", IsBrief = true },
        new("LMPOP", -4, LMPop, Write, "numkeys key [key ...] <where: LEFT | RIGHT> [COUNT count]")
        { Keys = [KeySpec.Counted(1, RW | Access | Delete)], Acl = AclCategory.List, Since = "7.0.0",
          Summary = "Takes elements from the first list that has any.", Complexity = "O(N+M) with N keys and M elements given back" },
        new("LPOP", -2, LPop, Write | Fast, "key [count@6.2.0]")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Takes elements from the front of a list.", Complexity = "O(N) in the number of elements given back" },
        new("LPOS", -3, LPos, ReadOnly, "key element [RANK rank] [COUNT num-matches:int] [MAXLEN len:int]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.List, Since = "6.0.6", Summary = "Finds the positions of an element in a list.",
          Complexity = "O(N) in the length of the list, less with MAXLEN" },
        new("LPUSH", -3, LPush, Write | DenyOom | Fast, "key element [element ...]")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Puts elements in front of a list, making it when missing.", Complexity = "O(N) in the number of elements" },
        new("LPUSHX", -3, LPushX, Write | DenyOom | Fast, "key element [element ...]")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.List, Since = "2.2.0",
          Summary = "Puts elements in front of a list that is there already.", Complexity = "O(N) in the number of elements" },
        new("LRANGE", 4, LRange, ReadOnly, "key start:int stop:int")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Gives the elements between two positions of a list.",
          Complexity = "O(S+N) with S the distance to the nearer end and N elements given back" },
        new("LREM", 4, LRem, Write, "key count element")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Removes elements that equal a value from a list.", Complexity = "O(N+M) with N the length and M the number removed" },
        new("LSET", 4, LSet, Write | DenyOom, "key index element")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.List, Since = "1.0.0", Summary = "Replaces the element at a position of a list.",
          Complexity = "O(N) in the length, O(1) at either end" },
        new("LTRIM", 4, LTrim, Write, "key start:int stop:int")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Keeps only the elements between two positions of a list.", Complexity = "O(N) in the number of elements removed" },
        new("RPOP", -2, RPop, Write | Fast, "key [count@6.2.0]")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Takes elements from the end of a list.", Complexity = "O(N) in the number of elements given back" },
        new("RPOPLPUSH", 3, RPopLPush, Write | DenyOom, "source destination")
        { Keys = [KeySpec.At(1, RW | Access | Delete), KeySpec.At(2, RW | Insert)], Acl = AclCategory.List, Since = "1.2.0",
          DeprecatedSince = "6.2.0", ReplacedBy = "LMOVE with RIGHT LEFT", Summary = "Moves the last element of a list to the front of another.",
          Complexity = "O(1)", IsBrief = true },
        new("RPUSH", -3, RPush, Write | DenyOom | Fast, "key element [element ...]")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.List, Since = "1.0.0",
          Summary = "Puts elements behind a list, making it when missing.", Complexity = "O(N) in the number of elements" },
        new("RPUSHX", -3, RPushX, Write | DenyOom | Fast, "key element [element ...]")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.List, Since = "2.2.0",
          Summary = "Puts elements behind a list that is there already.", Complexity = "O(N) in the number of elements" },
    ];

    // ---- the ends ---------------------------------------------------------------------------------------------------

    private static void LPush(CommandContext ctx) => Push(ctx, ListEnd.Left, onlyIfExists: false);

    private static void RPush(CommandContext ctx) => Push(ctx, ListEnd.Right, onlyIfExists: false);

    private static void LPushX(CommandContext ctx) => Push(ctx, ListEnd.Left, onlyIfExists: true);

    private static void RPushX(CommandContext ctx) => Push(ctx, ListEnd.Right, onlyIfExists: true);

    private static void LPop(CommandContext ctx) => Pop(ctx, ListEnd.Left);

    private static void RPop(CommandContext ctx) => Pop(ctx, ListEnd.Right);

    private static KeyEvent PushEvent(ListEnd end) => end == ListEnd.Left ? LPushEvent : RPushEvent;

    private static KeyEvent PopEvent(ListEnd end) => end == ListEnd.Left ? LPopEvent : RPopEvent;

    private static ReadOnlySpan<byte> PopName(ListEnd end) => end == ListEnd.Left ? "LPOP"u8 : "RPOP"u8;

    private static void Push(CommandContext ctx, ListEnd end, bool onlyIfExists)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        if (list.IsMissing)
        {
            if (onlyIfExists)
            {
                ctx.Reply.Integer(0);
                return;
            }

            list = ctx.Create<ListValue>(key);
        }

        if (ctx.Argc > 3) Announce(ctx, list);
        var count = 0L;
        for (var i = 2; i < ctx.Argc; i++) count = list.Push(end, ctx.Arg(i));

        ctx.Reply.Integer(count);
        ctx.Changed(key, PushEvent(end), changes: ctx.Argc - 2);
    }

    private static void Announce(CommandContext ctx, ListValue list)
    {
        long bytes = 0;
        for (var i = 2; i < ctx.Argc; i++) bytes += ctx.Arg(i).Length;
        list.Expect(bytes, ctx.Argc - 2);
    }

    private static void Pop(CommandContext ctx, ListEnd end)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.WrongArity(ctx.Spec.FullName));
            return;
        }

        long count = 1;
        var withCount = ctx.Argc == 3;
        if (withCount)
        {
            if (!ctx.TryInt64(2, out count, Errors.NotPositive)) return;
            if (count < 0)
            {
                ctx.Fail(Errors.NotPositive);
                return;
            }
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        if (list.IsMissing)
        {
            if (withCount) ctx.Reply.NullArray();
            else ctx.Reply.Null();
            return;
        }

        if (!withCount)
        {
            PopOne(ctx, key, list, end);
            return;
        }

        if (count == 0)
        {
            ctx.Reply.Array(0);
            return;
        }

        count = Math.Min(count, list.Count);
        ReplyFromEnd(ctx, list, end, count);
        Drop(ctx, key, list, end, count);
    }

    private static void PopOne(CommandContext ctx, ReadOnlySpan<byte> key, ListValue list, ListEnd end)
    {
        var reply = new BulkReply(ctx.Reply);
        list.Pop(end, ref reply);
        ctx.Changed(key, PopEvent(end));
    }

    private static void ReplyFromEnd(CommandContext ctx, ListValue list, ListEnd end, long count)
    {
        ctx.Reply.Array(count);
        var walk = list.Walk(end == ListEnd.Left ? 0 : -1);
        for (; count > 0; count--)
        {
            if (end == ListEnd.Left) walk.MoveNext();
            else walk.MovePrevious();
            ctx.Reply.Bulk(walk.Current);
        }
    }

    private static void Drop(CommandContext ctx, ReadOnlySpan<byte> key, ListValue list, ListEnd end, long count)
    {
        list.Drop(end, count);
        ctx.Changed(key, PopEvent(end), count);
    }

    // ---- several keys, and waiting ----------------------------------------------------------------------------------

    private static void BLPop(CommandContext ctx) => BlockingPop(ctx, ListEnd.Left);

    private static void BRPop(CommandContext ctx) => BlockingPop(ctx, ListEnd.Right);

    private static void BlockingPop(CommandContext ctx, ListEnd end)
    {
        var lastKey = ctx.Argc - 2;
        var args = ctx.ArgsFrom(lastKey + 1);
        var timeout = args.NextTimeout();
        if (args.Failed()) return;

        for (var i = 1; i <= lastKey; i++)
        {
            var key = ctx.Arg(i);
            if (!ctx.TryWrite<ListValue>(key, out var list)) return;
            if (list.IsMissing) continue;

            ctx.Reply.Array(2);
            ctx.Reply.Bulk(key);
            PopOne(ctx, key, list, end);
            ctx.PropagateAs(PopName(end)).Arg(key);
            return;
        }

        ctx.Block(ValueType.List, 1, lastKey, timeout);
    }

    private static void LMPop(CommandContext ctx) => MultiPop(ctx, mayBlock: false);

    private static void BLMPop(CommandContext ctx) => MultiPop(ctx, mayBlock: true);

    private static void MultiPop(CommandContext ctx, bool mayBlock)
    {
        if (!MultiPopArguments.TryParse(ctx, mayBlock, "LEFT"u8, "RIGHT"u8, out var wanted)) return;
        var end = wanted.FromFirstEnd ? ListEnd.Left : ListEnd.Right;
        for (var i = wanted.FirstKey; i <= wanted.LastKey; i++)
        {
            var key = ctx.Arg(i);
            if (!ctx.TryWrite<ListValue>(key, out var list)) return;
            if (list.IsMissing) continue;

            var count = Math.Min(wanted.Count, list.Count);
            ctx.Reply.Array(2);
            ctx.Reply.Bulk(key);
            ReplyFromEnd(ctx, list, end, count);
            Drop(ctx, key, list, end, count);
            ctx.PropagateAs(PopName(end)).Arg(key).Arg(count);
            return;
        }

        if (mayBlock) ctx.Block(ValueType.List, wanted.FirstKey, wanted.LastKey, wanted.TimeoutMs);
        else ctx.Reply.NullArray();
    }

    private static ListEnd NextEnd(ref ArgReader args)
    {
        if (args.Take("LEFT"u8)) return ListEnd.Left;
        if (!args.Take("RIGHT"u8)) args.Unexpected();
        return ListEnd.Right;
    }

    // ---- from list to list ------------------------------------------------------------------------------------------

    private static void RPopLPush(CommandContext ctx) => Move(ctx, ListEnd.Right, ListEnd.Left, timeout: null);

    private static void LMove(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(3);
        var from = NextEnd(ref args);
        var to = NextEnd(ref args);
        if (!args.Failed()) Move(ctx, from, to, timeout: null);
    }

    private static void BRPopLPush(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(3);
        var timeout = args.NextTimeout();
        if (!args.Failed()) Move(ctx, ListEnd.Right, ListEnd.Left, timeout);
    }

    private static void BLMove(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(3);
        var from = NextEnd(ref args);
        var to = NextEnd(ref args);
        var timeout = args.NextTimeout();
        if (!args.Failed()) Move(ctx, from, to, timeout);
    }

    private static void Move(CommandContext ctx, ListEnd from, ListEnd to, long? timeout)
    {
        var sourceKey = ctx.Arg(1);
        var targetKey = ctx.Arg(2);
        if (!ctx.TryWrite<ListValue>(sourceKey, out var source)) return;
        if (source.IsMissing)
        {
            if (timeout is { } ms) ctx.Block(ValueType.List, 1, 1, ms, BlockedNull.Null);
            else ctx.Reply.Null();
            return;
        }

        if (!ctx.TryWrite<ListValue>(targetKey, out var target)) return;
        var copy = new ScratchCopy(ctx);
        source.Pop(from, ref copy);
        var value = copy.Bytes;
        if (target.IsMissing) target = ctx.Create<ListValue>(targetKey);
        target.Push(to, value);
        ctx.Reply.Bulk(value);
        ctx.Changed(targetKey, PushEvent(to));
        ctx.Changed(sourceKey, PopEvent(from), changes: 0);
        if (timeout is null) return;
        if (ctx.Spec.Name == "BRPOPLPUSH") ctx.PropagateAs("RPOPLPUSH"u8).Arg(sourceKey).Arg(targetKey);
        else ctx.PropagateAs("LMOVE"u8).Arg(sourceKey).Arg(targetKey).Arg(ctx.Arg(3)).Arg(ctx.Arg(4));
    }

    // ---- the middle -------------------------------------------------------------------------------------------------

    private static void LLen(CommandContext ctx)
    {
        if (ctx.TryRead<ListValue>(ctx.Arg(1), out var list)) ctx.Reply.Integer(list.Count);
    }

    private static void LIndex(CommandContext ctx)
    {
        if (!ctx.TryRead<ListValue>(ctx.Arg(1), out var list)) return;
        if (list.IsMissing)
        {
            ctx.Reply.Null();
            return;
        }

        if (!ctx.TryInt64(2, out var index)) return;
        if (list.TryGet(index, out var element)) ctx.Reply.Bulk(element);
        else ctx.Reply.Null();
    }

    private static void LSet(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        if (list.IsMissing)
        {
            ctx.Fail(Errors.NoSuchKey);
            return;
        }

        if (!ctx.TryInt64(2, out var index)) return;
        if (!list.Set(index, ctx.Arg(3)))
        {
            ctx.Fail(Errors.IndexOutOfRange);
            return;
        }

        ctx.Reply.Ok();
        ctx.Changed(key, LSetEvent);
    }

    private static void LInsert(CommandContext ctx)
    {
        var after = ctx.ArgIs(2, "AFTER"u8);
        if (!after && !ctx.ArgIs(2, "BEFORE"u8))
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        if (list.IsMissing)
        {
            ctx.Reply.Integer(0);
            return;
        }

        var pivot = new PackedValue(ctx.Arg(3));
        for (var walk = list.Walk(); walk.MoveNext();)
        {
            if (!walk.Current.ValueEquals(pivot)) continue;
            list.Insert(walk.Index + (after ? 1 : 0), ctx.Arg(4));
            ctx.Changed(key, LInsertEvent);
            ctx.Reply.Integer(list.Count);
            return;
        }

        ctx.Reply.Integer(-1);
    }

    private static void LRange(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var start) || !ctx.TryInt64(3, out var stop)) return;
        if (!ctx.TryRead<ListValue>(ctx.Arg(1), out var list)) return;
        var left = Clamp(list.Count, ref start, stop);
        ctx.Reply.Array(left);
        if (left == 0) return;
        for (var walk = list.Walk(start); left > 0 && walk.TryTakePack(out var pack, out var at);) left -= ctx.Reply.Entries(pack, at, left);
    }

    /// <summary>Redis's inclusive range with negative ends, as a start and a length.</summary>
    private static long Clamp(long count, ref long start, long stop)
    {
        if (start < 0) start = Math.Max(0, start + count);
        if (stop < 0) stop += count;
        stop = Math.Min(stop, count - 1);
        return start > stop || start >= count ? 0 : stop - start + 1;
    }

    private static void LTrim(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var start) || !ctx.TryInt64(3, out var stop)) return;
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        if (!list.IsMissing)
        {
            var count = list.Count;
            var kept = Clamp(count, ref start, stop);
            if (kept == 0) start = count;
            list.Drop(ListEnd.Right, count - start - kept);
            list.Drop(ListEnd.Left, start);
            ctx.Changed(key, LTrimEvent, count - kept);
        }

        ctx.Reply.Ok();
    }

    private static void LRem(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var limit)) return;
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<ListValue>(key, out var list)) return;
        var removed = list.IsMissing ? 0 : list.Remove(ctx.Arg(3), limit);
        if (removed > 0) ctx.Changed(key, LRemEvent, removed);
        ctx.Reply.Integer(removed);
    }

    private static void LPos(CommandContext ctx)
    {
        long rank = 1, wanted = -1, lengthMax = 0;
        var args = ctx.ArgsFrom(3);
        while (args.More)
        {
            if (args.Left > 1 && args.Take("RANK"u8))
            {
                rank = args.NextInt64(-long.MaxValue, long.MaxValue);
                if (rank == 0)
                {
                    args.Fail("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                        + "or use negative to start from the end of the list");
                }
            }
            else if (args.Left > 1 && args.Take("COUNT"u8)) wanted = args.NextCount("ERR COUNT can't be negative");
            else if (args.Left > 1 && args.Take("MAXLEN"u8)) lengthMax = args.NextCount("ERR MAXLEN can't be negative");
            else args.Unexpected();
        }

        if (args.Failed()) return;
        if (!ctx.TryRead<ListValue>(ctx.Arg(1), out var list)) return;
        var mark = wanted < 0 ? -1 : ctx.Reply.DeferArray();
        var found = Search(ctx, list, rank, wanted, lengthMax);
        if (wanted >= 0) ctx.Reply.EndArray(mark, found);
        else if (found == 0) ctx.Reply.Null();
    }

    /// <summary>Reply the positions of equal elements, from the end when rank is negative; the number of them.</summary>
    private static long Search(CommandContext ctx, ListValue list, long rank, long wanted, long lengthMax)
    {
        var target = new PackedValue(ctx.Arg(2));
        var skip = Math.Abs(rank) - 1;
        var limit = wanted < 0 ? 1 : wanted == 0 ? long.MaxValue : wanted;
        long found = 0, seen = 0;
        var walk = list.Walk(rank > 0 ? 0 : -1);
        while (found < limit && (lengthMax == 0 || seen < lengthMax) && (rank > 0 ? walk.MoveNext() : walk.MovePrevious()))
        {
            seen++;
            if (!walk.Current.ValueEquals(target) || skip-- > 0) continue;
            ctx.Reply.Integer(walk.Index);
            found++;
        }

        return found;
    }

    private readonly struct BulkReply(ReplyWriter reply) : IElementReceiver
    {
        public void Take(scoped in PackedValue element) => reply.Bulk(element);
    }

    private ref struct ScratchCopy(CommandContext ctx) : IElementReceiver
    {
        public ReadOnlySpan<byte> Bytes { get; private set; }

        public void Take(scoped in PackedValue element) => Bytes = ctx.Scratch(element.AsText(stackalloc byte[PackedValue.IntegerTextMax]));
    }
}

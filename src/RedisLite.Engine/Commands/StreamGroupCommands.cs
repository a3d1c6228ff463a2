using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Consumer groups: XGROUP, and what is pending in them (XACK, XPENDING).</summary>
internal static class StreamGroupCommands
{
    private static readonly KeyEvent CreateEvent = new(NotifyClasses.Stream, "xgroup-create");
    private static readonly KeyEvent SetIdEvent = new(NotifyClasses.Stream, "xgroup-setid");
    private static readonly KeyEvent DestroyEvent = new(NotifyClasses.Stream, "xgroup-destroy");
    private static readonly KeyEvent DelConsumerEvent = new(NotifyClasses.Stream, "xgroup-delconsumer");

    private const string NeedsKey = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option "
        + "to create an empty stream automatically.";

    public static CommandSpec[] Table() =>
    [
        new("XACK", -4, XAck, Write | Fast, "key group id [id ...]")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Stream, Since = "5.0.0",
          Summary = "Marks entries that a group has pending as done.", Complexity = "O(1) for each ID" },
        new("XGROUP", -2, null, None, "")
        {
            Since = "5.0.0", Summary = "A container for commands about consumer groups.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("CREATE", -5, XGroupCreate, Write | DenyOom, "key group <id-selector: id | <new-id: $>> [MKSTREAM] [ENTRIESREAD entries-read:int]")
                { Keys = [KeySpec.At(2, RW | Insert)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Makes a consumer group.", Complexity = "O(1)" },
                new("CREATECONSUMER", 5, XGroupCreateConsumer, Write | DenyOom, "key group consumer")
                { Keys = [KeySpec.At(2, RW | Insert)], Acl = AclCategory.Stream, Since = "6.2.0", Summary = "Makes a consumer in a group.",
                  Complexity = "O(1)" },
                new("DELCONSUMER", 5, XGroupDelConsumer, Write, "key group consumer")
                { Keys = [KeySpec.At(2, RW | Delete)], Acl = AclCategory.Stream, Since = "5.0.0",
                  Summary = "Removes a consumer with all that is pending for it.", Complexity = "O(N) in the entries pending for it" },
                new("DESTROY", 4, XGroupDestroy, Write, "key group")
                { Keys = [KeySpec.At(2, RW | Delete)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Removes a consumer group.",
                  Complexity = "O(N) in the entries pending in it" },
                new("HELP", 2, XGroupHelp, Loading | Stale, "")
                { Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Gives help about the subcommands.", Complexity = "O(1)" },
                new("SETID", -5, XGroupSetId, Write, "key group <id-selector: id | <new-id: $>> [entriesread: ENTRIESREAD entries-read:int]")
                { Keys = [KeySpec.At(2, RW | Update)], Acl = AclCategory.Stream, Since = "5.0.0",
                  Summary = "Sets the ID behind which a group reads on.", Complexity = "O(1)" },
            ],
        },
        new("XPENDING", -3, XPending, ReadOnly, "key group [filters: [IDLE min-idle-time:int]@6.2.0 start end count [consumer]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0", Tips = ["nondeterministic_output"],
          Summary = "Tells what is pending in a group: how much, or which entries.", Complexity = "O(N) in the entries or consumers looked at" },
    ];

    // ---- XGROUP -----------------------------------------------------------------------------------------------------

    private static void XGroupHelp(CommandContext ctx) => HelpText.Reply(ctx, "XGROUP",
        "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <n>]", "    Make a group that reads behind the ID. MKSTREAM makes a missing stream,",
        "    ENTRIESREAD says how many entries it counts as read.",
        "CREATECONSUMER <key> <group> <consumer>", "    Make a consumer.",
        "DELCONSUMER <key> <group> <consumer>", "    Remove a consumer with all that is pending for it.",
        "DESTROY <key> <group>", "    Remove a group.",
        "SETID <key> <group> <id|$> [ENTRIESREAD <n>]", "    Let the group read on behind another ID.");

    private static void XGroupCreate(CommandContext ctx)
    {
        if (!TryOptions(ctx, mayMakeStream: true, out var makesStream, out var entriesRead)) return;
        var key = ctx.Arg(2);
        if (!ctx.TryWrite<StreamValue>(key, out var stream)) return;
        if (stream.IsMissing && !makesStream)
        {
            ctx.Fail(NeedsKey);
            return;
        }
        if (ctx.HasMoreArgsThan(8) || !TryNewId(ctx, stream, out var id)) return;
        if (stream.TryGetGroup(ctx.Arg(3), out _))
        {
            ctx.Fail("BUSYGROUP Consumer Group name already exists");
            return;
        }

        if (stream.IsMissing)
        {
            stream = ctx.Create<StreamValue>(key);
            stream.CreateGroup(ctx.Arg(3), id, entriesRead);
            ctx.Changed(key, CreateEvent);
        }
        else
        {
            stream.CreateGroup(ctx.Arg(3), id, entriesRead);
            Count(ctx, key, CreateEvent);
        }
        ctx.Reply.Ok();
    }

    private static void XGroupSetId(CommandContext ctx)
    {
        if (!TryOptions(ctx, mayMakeStream: false, out _, out var entriesRead)) return;
        if (!TryOpen(ctx, out _, out var stream, out var group) || ctx.HasMoreArgsThan(7)) return;
        StreamId id;
        if (ctx.ArgIs(4, "-"u8)) id = StreamId.Min;                    // these two, which CREATE does not take
        else if (ctx.ArgIs(4, "+"u8)) id = StreamId.Max;
        else if (!TryNewId(ctx, stream, out id)) return;
        group.Advance(id, entriesRead);
        Count(ctx, ctx.Arg(2), SetIdEvent);
        ctx.Reply.Ok();
    }

    private static void XGroupDestroy(CommandContext ctx)
    {
        var key = ctx.Arg(2);
        if (!TryOpenStream(ctx, key, out var stream)) return;
        var isDestroyed = stream.DestroyGroup(ctx.Arg(3));
        if (isDestroyed)
        {
            Count(ctx, key, DestroyEvent);
            ctx.Engine.Blocked.Signal(ctx.Db.Index, key);              // whoever waits for this group learns that it is gone
        }
        ctx.Reply.Integer(isDestroyed ? 1 : 0);
    }

    private static void XGroupCreateConsumer(CommandContext ctx)
    {
        if (!TryOpen(ctx, out var key, out _, out var group)) return;
        var isNew = !group.TryGetConsumer(ctx.Arg(4), out _);
        if (isNew) StreamClaims.CreateConsumer(ctx, key, ref group, ctx.Arg(3), ctx.Arg(4));
        ctx.Reply.Integer(isNew ? 1 : 0);
    }

    private static void XGroupDelConsumer(CommandContext ctx)
    {
        if (!TryOpen(ctx, out var key, out _, out var group)) return;
        var pending = group.DeleteConsumer(ctx.Arg(4));
        if (pending >= 0) Count(ctx, key, DelConsumerEvent);
        ctx.Reply.Integer(Math.Max(0, pending));
    }

    private static void Count(CommandContext ctx, ReadOnlySpan<byte> key, KeyEvent what)
    {
        ctx.CountChanges(1);
        ctx.Notify(what, key);
    }

    private static bool TryOptions(CommandContext ctx, bool mayMakeStream, out bool makesStream, out long entriesRead)
    {
        // An option may come twice as far as the count of arguments allows it, and that is looked at behind the key.
        makesStream = false;
        entriesRead = -1;
        var args = ctx.ArgsFrom(5);
        while (args.More)
        {
            if (mayMakeStream && args.Take("MKSTREAM"u8)) makesStream = true;
            else if (args.Left > 1 && args.Take("ENTRIESREAD"u8))
            {
                entriesRead = args.NextInt64();
                if (entriesRead < -1) args.Fail("ERR value for ENTRIESREAD must be positive or -1");
            }
            else args.Fail(ctx.SubcommandSyntaxError);
        }
        return !args.Failed();
    }

    private static bool TryNewId(CommandContext ctx, StreamValue stream, out StreamId id)
    {
        id = stream.LastId;
        if (ctx.ArgIs(4, "$"u8)) return true;
        var args = ctx.ArgsFrom(4);
        id = args.NextId();
        return !args.Failed();
    }

    private static bool TryOpenStream(CommandContext ctx, ReadOnlySpan<byte> key, out StreamValue stream)
    {
        if (!ctx.TryWrite(key, out stream)) return false;
        if (stream.IsMissing) ctx.Fail(NeedsKey);
        return !stream.IsMissing;
    }

    private static bool TryOpen(CommandContext ctx, out ReadOnlySpan<byte> key, out StreamValue stream, out StreamGroup group)
    {
        key = ctx.Arg(2);
        group = default;
        if (!TryOpenStream(ctx, key, out stream)) return false;
        if (stream.TryGetGroup(ctx.Arg(3), out group)) return true;
        ctx.Fail(StreamReply.NoSuchGroupForKey(key, ctx.Arg(3)));
        return false;
    }

    // ---- what is pending --------------------------------------------------------------------------------------------

    private static void XAck(CommandContext ctx)
    {
        if (!ctx.TryRead<StreamValue>(ctx.Arg(1), out var stream)) return;
        if (!stream.TryGetGroup(ctx.Arg(2), out var group))
        {
            ctx.Reply.Integer(0);
            return;
        }

        var ids = ctx.ArgsFrom(3);
        while (ids.More) ids.NextId();
        if (ids.Failed()) return;
        var acknowledged = 0;
        for (ids = ctx.ArgsFrom(3); ids.More;)
            if (group.Acknowledge(ids.NextId())) acknowledged++;
        ctx.CountChanges(acknowledged);
        ctx.Reply.Integer(acknowledged);
    }

    private static void XPending(CommandContext ctx)
    {
        if (ctx.Argc is not 3 and (< 6 or > 9))
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        long idleMin = 0, count = 0;
        StreamId from = default, to = default;
        var consumerAt = 0;
        if (ctx.Argc > 3)
        {
            var args = ctx.ArgsFrom(3);
            if (args.Take("IDLE"u8))
            {
                idleMin = args.NextInt64();
                if (ctx.Argc < 8) args.Unexpected();
            }
            var range = args;
            range.Next();
            range.Next();
            count = Math.Max(0, range.NextInt64());
            if (range.Failed()) return;
            consumerAt = range.Position;
            from = args.NextStart();
            to = args.NextEnd();
            if (args.Failed()) return;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryRead<StreamValue>(key, out var stream)) return;
        if (!stream.TryGetGroup(ctx.Arg(2), out var group)) ctx.Fail(StreamReply.NoSuchGroup(key, ctx.Arg(2)));
        else if (ctx.Argc == 3) ReplySummary(ctx, ref group);
        else if (consumerAt >= ctx.Argc) ReplyPending(ctx, ref group, from, to, count, idleMin);
        else ReplyPendingOf(ctx, ref group, ctx.Arg(consumerAt), from, to, count, idleMin);
    }

    private static void ReplySummary(CommandContext ctx, ref StreamGroup group)
    {
        var reply = ctx.Reply;
        reply.Array(4);
        reply.Integer(group.PendingCount);
        if (group.PendingCount == 0)
        {
            reply.Null();
            reply.Null();
            reply.NullArray();
            return;
        }

        reply.Id(group.FirstPendingId);
        reply.Id(group.LastPendingId);
        var mark = reply.DeferArray();
        var busy = 0;
        foreach (var name in group.ConsumerNames())
        {
            group.TryGetConsumer(name, out var consumer);
            if (consumer.Pending.Count == 0) continue;
            reply.Array(2);
            reply.Bulk(name);
            reply.BulkLong(consumer.Pending.Count);
            busy++;
        }
        reply.EndArray(mark, busy);
    }

    private static void ReplyPending(CommandContext ctx, ref StreamGroup group, StreamId from, StreamId to, long count, long idleMin)
    {
        var mark = ctx.Reply.DeferArray();
        var found = 0L;
        for (var walk = group.WalkPending(from); found < count && walk.MoveNext() && walk.Id <= to;)
        {
            var pending = PendingEntry.Read(walk.Current);
            if (ReplyOne(ctx, pending, group.NameOf(pending.Consumer), idleMin)) found++;
        }
        ctx.Reply.EndArray(mark, found);
    }

    private static void ReplyPendingOf(CommandContext ctx, ref StreamGroup group, ReadOnlySpan<byte> name, StreamId from, StreamId to, long count, long idleMin)
    {
        if (!group.TryGetConsumer(name, out var consumer))
        {
            ctx.Reply.Array(0);
            return;
        }
        var mark = ctx.Reply.DeferArray();
        var found = 0L;
        for (var walk = group.WalkPending(consumer, from); found < count && walk.MoveNext() && walk.Id <= to;)
        {
            group.TryGetPending(walk.Id, out var pending);
            if (ReplyOne(ctx, pending, name, idleMin)) found++;
        }
        ctx.Reply.EndArray(mark, found);
    }

    private static bool ReplyOne(CommandContext ctx, in PendingEntry pending, ReadOnlySpan<byte> name, long idleMin)
    {
        var idle = ctx.NowMs - pending.DeliveredMs;
        if (idleMin != 0 && idle < idleMin) return false;
        ctx.Reply.Array(4);
        ctx.Reply.Id(pending.Id);
        ctx.Reply.Bulk(name);
        ctx.Reply.Integer(Math.Max(0, idle));
        ctx.Reply.Integer(pending.Deliveries);
        return true;
    }
}

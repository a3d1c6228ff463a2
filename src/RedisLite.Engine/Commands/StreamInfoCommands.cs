using RedisLite.Data.Values;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>XINFO: what a stream, its groups and their consumers look like.</summary>
internal static class StreamInfoCommands
{
    private const long FullCountDefault = 10;

    public static CommandSpec[] Table() =>
    [
        new("XINFO", -2, null, None, "")
        {
            Since = "5.0.0", Summary = "A container for commands that look into streams.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("CONSUMERS", 4, XInfoConsumers, ReadOnly, "key group")
                { Keys = [KeySpec.At(2, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0", Tips = ["nondeterministic_output"],
                  Summary = "Lists the consumers of a group.", Complexity = "O(N) in the number of consumers" },
                new("GROUPS", 3, XInfoGroups, ReadOnly, "key")
                { Keys = [KeySpec.At(2, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Lists the groups of a stream.",
                  Complexity = "O(N) in the number of groups" },
                new("HELP", 2, XInfoHelp, Loading | Stale, "")
                { Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Gives help about the subcommands.", Complexity = "O(1)" },
                new("STREAM", -3, XInfoStream, ReadOnly, "key [full-block: FULL [COUNT count]]")
                { Keys = [KeySpec.At(2, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Tells about a stream, with FULL all of it.",
                  Complexity = "O(N) in the nodes of the stream, which hold a hundred entries each" },
            ],
        },
    ];

    private static void XInfoHelp(CommandContext ctx) => HelpText.Reply(ctx, "XINFO",
        "CONSUMERS <key> <group>", "    List the consumers of a group.",
        "GROUPS <key>", "    List the groups of a stream.",
        "STREAM <key> [FULL [COUNT <n>]]", "    Tell about a stream. FULL adds entries, groups and what is pending: at most n of each, 0 = all.");

    private static bool TryOpen(CommandContext ctx, out StreamValue stream)
    {
        if (!ctx.TryRead(ctx.Arg(2), out stream)) return false;
        if (stream.IsMissing) ctx.Fail(Errors.NoSuchKey);
        return !stream.IsMissing;
    }

    // ---- the stream -------------------------------------------------------------------------------------------------

    private static void XInfoStream(CommandContext ctx)
    {
        if (!TryOpen(ctx, out var stream)) return;
        if (ctx.Argc == 3)
        {
            ReplyStream(ctx, stream);
            return;
        }

        var count = FullCountDefault;
        var args = ctx.ArgsFrom(3);
        if (!args.Take("FULL"u8) || args.Left is not (0 or 2) || (args.Left == 2 && !args.Take("COUNT"u8)))
            args.Fail(ctx.SubcommandSyntaxError);
        else if (args.More) count = args.NextInt64();
        if (args.Failed()) return;
        ReplyFull(ctx, stream, count < 0 ? FullCountDefault : count);
    }

    private static void ReplyHead(CommandContext ctx, StreamValue stream)
    {
        var reply = ctx.Reply;
        var shape = stream.RadixShape;
        reply.Bulk("length"u8);
        reply.Integer(stream.Count);
        reply.Bulk("radix-tree-keys"u8);
        reply.Integer(shape.Keys);
        reply.Bulk("radix-tree-nodes"u8);
        reply.Integer(shape.Nodes);
        reply.Bulk("last-generated-id"u8);
        reply.Id(stream.LastId);
        reply.Bulk("max-deleted-entry-id"u8);
        reply.Id(stream.MaxDeletedId);
        reply.Bulk("entries-added"u8);
        reply.Integer((long)stream.EntriesAdded);
        reply.Bulk("recorded-first-entry-id"u8);
        reply.Id(stream.FirstId);
    }

    private static void ReplyStream(CommandContext ctx, StreamValue stream)
    {
        var reply = ctx.Reply;
        reply.Map(10);
        ReplyHead(ctx, stream);
        reply.Bulk("groups"u8);
        reply.Integer(stream.GroupCount);
        reply.Bulk("first-entry"u8);
        ReplyEdge(ctx, stream, isReverse: false);
        reply.Bulk("last-entry"u8);
        ReplyEdge(ctx, stream, isReverse: true);
    }

    private static void ReplyEdge(CommandContext ctx, StreamValue stream, bool isReverse)
    {
        var walk = stream.Walk(StreamId.Min, StreamId.Max, isReverse);
        if (walk.MoveNext()) ctx.Reply.Entry(ref walk);
        else ctx.Reply.Null();
    }

    private static void ReplyFull(CommandContext ctx, StreamValue stream, long count)
    {
        var reply = ctx.Reply;
        reply.Map(9);
        ReplyHead(ctx, stream);
        reply.Bulk("entries"u8);
        var walk = stream.Walk(StreamId.Min, StreamId.Max);
        reply.Entries(ref walk, count);

        var names = stream.GroupNames();
        reply.Bulk("groups"u8);
        reply.Array(names.Count);
        foreach (var name in names)
        {
            stream.TryGetGroup(name, out var group);
            ReplyFullGroup(ctx, stream, name, ref group, count == 0 ? long.MaxValue : count);
        }
    }

    private static void ReplyFullGroup(CommandContext ctx, StreamValue stream, ReadOnlySpan<byte> name, ref StreamGroup group, long count)
    {
        var reply = ctx.Reply;
        reply.Map(7);
        reply.Bulk("name"u8);
        reply.Bulk(name);
        ReplyProgress(ctx, stream, group);
        reply.Bulk("pel-count"u8);
        reply.Integer(group.PendingCount);

        reply.Bulk("pending"u8);
        reply.Array(Math.Min(count, group.PendingCount));
        var left = count;
        for (var walk = group.WalkPending(StreamId.Min); left > 0 && walk.MoveNext(); left--)
        {
            var pending = PendingEntry.Read(walk.Current);
            reply.Array(4);
            reply.Id(pending.Id);
            reply.Bulk(group.NameOf(pending.Consumer));
            reply.Integer(pending.DeliveredMs);
            reply.Integer(pending.Deliveries);
        }

        var consumers = group.ConsumerNames();
        reply.Bulk("consumers"u8);
        reply.Array(consumers.Count);
        foreach (var consumer in consumers) ReplyFullConsumer(ctx, ref group, consumer, count);
    }

    private static void ReplyFullConsumer(CommandContext ctx, ref StreamGroup group, ReadOnlySpan<byte> name, long count)
    {
        var reply = ctx.Reply;
        group.TryGetConsumer(name, out var consumer);
        reply.Map(5);
        reply.Bulk("name"u8);
        reply.Bulk(name);
        reply.Bulk("seen-time"u8);
        reply.Integer(consumer.SeenMs);
        reply.Bulk("active-time"u8);
        reply.Integer(consumer.ActiveMs);
        reply.Bulk("pel-count"u8);
        reply.Integer(consumer.Pending.Count);
        reply.Bulk("pending"u8);
        reply.Array(Math.Min(count, consumer.Pending.Count));
        var left = count;
        for (var walk = group.WalkPending(consumer, StreamId.Min); left > 0 && walk.MoveNext(); left--)
        {
            group.TryGetPending(walk.Id, out var pending);
            reply.Array(3);
            reply.Id(pending.Id);
            reply.Integer(pending.DeliveredMs);
            reply.Integer(pending.Deliveries);
        }
    }

    // ---- groups and consumers ---------------------------------------------------------------------------------------

    private static void XInfoGroups(CommandContext ctx)
    {
        if (!TryOpen(ctx, out var stream)) return;
        var reply = ctx.Reply;
        var names = stream.GroupNames();
        reply.Array(names.Count);
        foreach (var name in names)
        {
            stream.TryGetGroup(name, out var group);
            reply.Map(6);
            reply.Bulk("name"u8);
            reply.Bulk(name);
            reply.Bulk("consumers"u8);
            reply.Integer(group.ConsumerCount);
            reply.Bulk("pending"u8);
            reply.Integer(group.PendingCount);
            ReplyProgress(ctx, stream, group);
        }
    }

    /// <summary>How far a group is. What it has read and what is left are null when deletions have made them unknowable.</summary>
    private static void ReplyProgress(CommandContext ctx, StreamValue stream, in StreamGroup group)
    {
        var reply = ctx.Reply;
        reply.Bulk("last-delivered-id"u8);
        reply.Id(group.LastId);
        reply.Bulk("entries-read"u8);
        if (group.EntriesRead >= 0) reply.Integer(group.EntriesRead);
        else reply.Null();

        reply.Bulk("lag"u8);
        var read = group.EntriesRead >= 0 && !stream.MayHaveDeletedFrom(group.LastId) ? group.EntriesRead : stream.CountThrough(group.LastId);
        if (stream.EntriesAdded == 0) reply.Integer(0);
        else if (read >= 0) reply.Integer((long)stream.EntriesAdded - read);
        else reply.Null();
    }

    private static void XInfoConsumers(CommandContext ctx)
    {
        if (!TryOpen(ctx, out var stream)) return;
        var reply = ctx.Reply;
        if (!stream.TryGetGroup(ctx.Arg(3), out var group))
        {
            ctx.Fail(StreamReply.NoSuchGroupForKey(ctx.Arg(2), ctx.Arg(3)));
            return;
        }

        var names = group.ConsumerNames();
        reply.Array(names.Count);
        foreach (var name in names)
        {
            group.TryGetConsumer(name, out var consumer);
            reply.Map(4);
            reply.Bulk("name"u8);
            reply.Bulk(name);
            reply.Bulk("pending"u8);
            reply.Integer(consumer.Pending.Count);
            reply.Bulk("idle"u8);
            reply.Integer(Math.Max(0, ctx.NowMs - consumer.SeenMs));
            reply.Bulk("inactive"u8);
            reply.Integer(consumer.ActiveMs < 0 ? -1 : Math.Max(0, ctx.NowMs - consumer.ActiveMs));
        }
    }
}

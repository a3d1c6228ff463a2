using RedisLite.Data;
using RedisLite.Data.Values;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Pending entries that change their consumer: XCLAIM names them, XAUTOCLAIM looks for them. One whose entry is no longer in the stream stops being
/// pending instead; that goes out as XACK.
/// </summary>
internal static class StreamClaimCommands
{
    /// <summary>XAUTOCLAIM looks at so many pending entries for each that it may claim.</summary>
    private const int AttemptsPerClaim = 10;

    /// <summary>Redis's bound for COUNT: that many IDs fit a long as bytes.</summary>
    private const long CountMax = long.MaxValue / StreamId.KeyBytes;

    public static CommandSpec[] Table() =>
    [
        new("XAUTOCLAIM", -6, XAutoClaim, Write | Fast, "key group consumer min-idle-time start [COUNT count] [JUSTID]")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.Stream, Since = "6.2.0", Tips = ["nondeterministic_output"],
          Summary = "Gives a consumer the pending entries that others have left lying.", Complexity = "O(1) with a small COUNT" },
        new("XCLAIM", -6, XClaim, Write | Fast,
            "key group consumer min-idle-time id [id ...] [IDLE ms:int] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Stream, Since = "5.0.0", Tips = ["nondeterministic_output"],
          Summary = "Gives a consumer pending entries of others.", Complexity = "O(log N) for each ID, with N entries pending in the group" },
    ];

    private ref struct ClaimOptions
    {
        public long IdleMin;
        public long DeliveredMs;
        public long Deliveries;
        public bool Force;
        public bool JustId;
        public StreamId LastId;
    }

    // ---- XCLAIM -----------------------------------------------------------------------------------------------------

    private static void XClaim(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryRead<StreamValue>(key, out var stream)) return;
        if (!stream.TryGetGroup(ctx.Arg(2), out var group))
        {
            ctx.Fail(StreamReply.NoSuchGroup(key, ctx.Arg(2)));
            return;
        }
        if (!TryParse(ctx, out var options, out var firstOption)) return;

        ctx.PropagateNothing();
        var hasAdvanced = options.LastId > group.LastId;
        if (hasAdvanced) group.LastId = options.LastId;
        var claims = new StreamClaims(ctx, key, groupAt: 2, consumerAt: 3);
        claims.MeetConsumer(ref group);
        var mark = ctx.Reply.DeferArray();
        int claimed = 0, dropped = 0;
        for (var ids = ctx.ArgsFrom(5); ids.Position < firstOption;)
        {
            var id = ids.NextId();
            if (!stream.Contains(id))
            {
                if (DropDeleted(ctx, ref group, id, ref claims)) dropped++;
            }
            else if (TryClaim(ctx, ref group, id, options, ref claims))
            {
                ReplyClaimed(ctx, stream, id, options.JustId);
                claimed++;
            }
        }
        ctx.Reply.EndArray(mark, claimed);
        if (claimed > 0) claims.Finish(ref group);
        else if (hasAdvanced)
        {
            if (dropped == 0) ctx.CountChanges(1);
            claims.PropagateProgress(group);
        }
    }

    private static bool TryParse(CommandContext ctx, out ClaimOptions options, out int firstOption)
    {
        options = new ClaimOptions { DeliveredMs = -1, Deliveries = -1 };
        var args = ctx.ArgsFrom(4);
        options.IdleMin = Math.Max(0, args.NextInt64("ERR Invalid min-idle-time argument for XCLAIM"));
        while (args.More && StreamId.TryParse(ctx.Arg(args.Position), seqIfMissing: 0, out _)) args.Next();
        firstOption = args.Position;
        while (args.More)
        {
            if (args.Take("FORCE"u8)) options.Force = true;
            else if (args.Take("JUSTID"u8)) options.JustId = true;
            else if (args.Left > 1 && args.Take("IDLE"u8))
                options.DeliveredMs = unchecked(ctx.NowMs - args.NextInt64("ERR Invalid IDLE option argument for XCLAIM"));
            else if (args.Left > 1 && args.Take("TIME"u8)) options.DeliveredMs = args.NextInt64("ERR Invalid TIME option argument for XCLAIM");
            else if (args.Left > 1 && args.Take("RETRYCOUNT"u8)) options.Deliveries = args.NextInt64("ERR Invalid RETRYCOUNT option argument for XCLAIM");
            else if (args.Left > 1 && args.Take("LASTID"u8)) options.LastId = args.NextId();
            else args.Fail($"ERR Unrecognized XCLAIM option '{StreamReply.Shown(args.Next())}'");
        }
        if (options.DeliveredMs < 0 || options.DeliveredMs > ctx.NowMs) options.DeliveredMs = ctx.NowMs;
        return !args.Failed();
    }

    private static bool TryClaim(CommandContext ctx, ref StreamGroup group, StreamId id, in ClaimOptions options, ref StreamClaims claims)
    {
        if (!group.TryGetPending(id, out var pending))
        {
            if (!options.Force) return false;
            pending = new PendingEntry(id, 0, 1, 0);
        }
        else if (options.IdleMin > 0 && ctx.NowMs - pending.DeliveredMs < options.IdleMin) return false;

        var deliveries = options.Deliveries >= 0 ? options.Deliveries : options.JustId ? pending.Deliveries : pending.Deliveries + 1;
        claims.Set(ref group, id, options.DeliveredMs, deliveries);
        ctx.CountChanges(1);
        return true;
    }

    private static void ReplyClaimed(CommandContext ctx, StreamValue stream, StreamId id, bool justId)
    {
        if (justId)
        {
            ctx.Reply.Id(id);
            return;
        }
        var entry = stream.Walk(id, id);
        entry.MoveNext();
        ctx.Reply.Entry(ref entry);
    }

    /// <summary>An entry that may be pending and is no longer there; false when it is not pending.</summary>
    private static bool DropDeleted(CommandContext ctx, ref StreamGroup group, StreamId id, ref StreamClaims claims)
    {
        if (!group.Acknowledge(id)) return false;
        claims.Close(group.LastId);
        ctx.CountChanges(1);
        ctx.PropagateAs("XACK"u8).Arg(ctx.Arg(1)).Arg(ctx.Arg(2)).Arg(id);
        return true;
    }

    // ---- XAUTOCLAIM -------------------------------------------------------------------------------------------------

    private static void XAutoClaim(CommandContext ctx)
    {
        var options = new ClaimOptions { DeliveredMs = ctx.NowMs, Deliveries = -1 };
        var key = ctx.Arg(1);
        var entry = ctx.Read(key);
        var args = ctx.ArgsFrom(4);
        options.IdleMin = Math.Max(0, args.NextInt64("ERR Invalid min-idle-time argument for XAUTOCLAIM"));
        var from = args.NextStart();
        var count = 100L;
        while (args.More)
        {
            if (args.Left > 1 && args.Take("COUNT"u8)) count = args.NextInt64(1, CountMax, "ERR COUNT must be > 0");
            else if (args.Take("JUSTID"u8)) options.JustId = true;
            else args.Unexpected();
        }
        if (args.Failed()) return;
        if (entry.Exists && entry.Type != ValueType.Stream)
        {
            ctx.Fail(Errors.WrongType);
            return;
        }
        var stream = StreamValue.Over(entry);
        if (!stream.TryGetGroup(ctx.Arg(2), out var group))
        {
            ctx.Fail(StreamReply.NoSuchGroup(key, ctx.Arg(2)));
            return;
        }

        ctx.PropagateNothing();
        ClaimIdle(ctx, stream, ref group, from, count, options);
    }

    private static void ClaimIdle(CommandContext ctx, StreamValue stream, ref StreamGroup group, StreamId from, long count, in ClaimOptions options)
    {
        var claims = new StreamClaims(ctx, ctx.Arg(1), groupAt: 2, consumerAt: 3);
        claims.MeetConsumer(ref group);
        List<StreamId> claimed = [], deleted = [];
        var next = NextPending(group, from);
        for (var attempts = count * AttemptsPerClaim; attempts > 0 && count > 0 && next is { } id; attempts--)
        {
            if (!stream.Contains(id))
            {
                DropDeleted(ctx, ref group, id, ref claims);
                deleted.Add(id);
                count--;
            }
            else if (TryClaim(ctx, ref group, id, options, ref claims))
            {
                claimed.Add(id);
                count--;
            }
            next = id.TryNext(out var behind) ? NextPending(group, behind) : null;
        }
        if (claimed.Count > 0) claims.Finish(ref group);

        ctx.Reply.Array(3);
        ctx.Reply.Id(next ?? default);
        ctx.Reply.Array(claimed.Count);
        foreach (var id in claimed) ReplyClaimed(ctx, stream, id, options.JustId);
        ctx.Reply.Array(deleted.Count);
        foreach (var id in deleted) ctx.Reply.Id(id);
    }

    /// <summary>The first pending ID from one on.</summary>
    private static StreamId? NextPending(in StreamGroup group, StreamId from)
    {
        var walk = group.WalkPending(from);
        return walk.MoveNext() ? walk.Id : null;
    }
}

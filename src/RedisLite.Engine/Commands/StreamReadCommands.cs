using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Waiting;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// XREAD and XREADGROUP. Both look at every stream first (type, group, ID), then give what is new; a blocking one that finds nothing waits and runs
/// again from the top, with <c>$</c> replaced by what it meant when it came.
///
/// What a group hands out is passed on as its outcome: XCLAIM for what is pending now, XGROUP SETID for how far the group is.
/// </summary>
internal static class StreamReadCommands
{
    public static CommandSpec[] Table() =>
    [
        new("XREAD", -4, XRead, ReadOnly | Blocking, "[COUNT count] [BLOCK milliseconds] STREAMS <streams: key [key ...] id [id ...]>")
        { Keys = [KeySpec.After("STREAMS", 1, RO | Access, last: -1, limit: 2)], Acl = AclCategory.Stream, Since = "5.0.0",
          Summary = "Gives the entries behind an ID from each of several streams, waiting if there are none and this is asked for.",
          Complexity = "O(N) in the number of entries given back" },
        new("XREADGROUP", -7, XReadGroup, Write | Blocking,
            "GROUP <group-block: group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS <streams: key [key ...] id [id ...]>")
        { Keys = [KeySpec.After("STREAMS", 4, RO | Access, last: -1, limit: 2)], Acl = AclCategory.Stream, Since = "5.0.0",
          Summary = "Gives a consumer of a group new entries of several streams, or again those that are pending for it.",
          Complexity = "O(N) in the number of entries given back" },
    ];

    /// <summary>In the place of an ID: what the group has not handed out yet. Redis keeps it as the highest ID, which means the same when given.</summary>
    private static readonly StreamId Undelivered = StreamId.Max;

    private ref struct Options
    {
        public bool IsGroup;
        public int GroupAt;
        public bool NoAck;
        public long Count;
        public long TimeoutMs;
        public int FirstKey;
        public int Streams;

        public readonly bool Blocks => TimeoutMs >= 0;

        public readonly int LastKey => FirstKey + Streams - 1;
    }

    private static void XRead(CommandContext ctx) => Read(ctx, isGroup: false);

    private static void XReadGroup(CommandContext ctx) => Read(ctx, isGroup: true);

    private static void Read(CommandContext ctx, bool isGroup)
    {
        var options = new Options { IsGroup = isGroup, TimeoutMs = -1 };
        if (!TryParse(ctx, ref options)) return;
        var ids = MemoryMarshal.Cast<byte, StreamId>(ctx.Scratch(options.Streams * StreamId.KeyBytes));
        if (!TryLook(ctx, options, ids)) return;
        if (isGroup) ctx.PropagateNothing();                    // the request itself never: its outcome says it all

        var mark = -1;
        var served = 0;
        for (var i = 0; i < options.Streams; i++)
        {
            ctx.CloseEntries();                                 // the same stream may stand there twice
            var isServed = isGroup ? GiveToConsumer(ctx, options, i, ids[i], ref mark) : Give(ctx, options, i, ids[i], ref mark);
            if (isServed) served++;
        }

        if (served > 0) ctx.Reply.EndMapOfPairs(mark, served);
        else if (options.Blocks) Wait(ctx, options, ids);
        else ctx.Reply.NullArray();
    }

    private static void Wait(CommandContext ctx, in Options options, ReadOnlySpan<StreamId> ids)
    {
        ctx.Block(ValueType.Stream, options.FirstKey, options.LastKey, options.TimeoutMs, BlockedNull.NullArray, serveOnRemoval: options.IsGroup);
        Span<byte> text = stackalloc byte[StreamId.TextMax];
        for (var i = 0; i < options.Streams; i++)
        {
            var at = options.FirstKey + options.Streams + i;
            if (ctx.ArgIs(at, "$"u8)) ctx.SetBlockedArg(at, text[..ids[i].Format(text)]);
        }
    }

    // ---- arguments --------------------------------------------------------------------------------------------------

    private static bool TryParse(CommandContext ctx, ref Options options)
    {
        var args = ctx.ArgsFrom(1);
        while (args.More && options.FirstKey == 0)
        {
            if (args.Left > 1 && args.Take("BLOCK"u8))
            {
                if (ctx.Client.Has(ClientFlags.Script)) args.Fail($"ERR {CommandGate.Shown(ctx.Arg(0), 128)} command is not allowed with BLOCK option from scripts");
                options.TimeoutMs = NextTimeout(ctx, ref args);
            }
            else if (args.Left > 1 && args.Take("COUNT"u8)) options.Count = Math.Max(0, args.NextInt64());
            else if (args.Left > 1 && args.Take("STREAMS"u8)) TakeStreams(ctx, ref args, ref options);
            else if (args.Left > 2 && args.Take("GROUP"u8))
            {
                options.GroupAt = args.Position;
                args.Next();
                args.Next();
                if (!options.IsGroup) args.Fail("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
            }
            else if (args.Take("NOACK"u8))
            {
                options.NoAck = true;
                if (!options.IsGroup) args.Fail("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
            }
            else args.Unexpected();
        }
        if (options.FirstKey == 0) args.Unexpected();
        if (options.IsGroup && options.GroupAt == 0) args.Fail("ERR Missing GROUP option for XREADGROUP");
        return !args.Failed();
    }

    private static void TakeStreams(CommandContext ctx, ref ArgReader args, ref Options options)
    {
        options.FirstKey = args.Position;
        options.Streams = args.Left / 2;
        if (args.Left % 2 == 0) return;
        var sign = options.IsGroup ? '>' : '$';
        args.Fail($"ERR Unbalanced '{ctx.Spec.FullName}' list of streams: for each stream key an ID or '{sign}' must be specified.");
    }

    private static long NextTimeout(CommandContext ctx, ref ArgReader args)
    {
        var ms = args.NextInt64("ERR timeout is not an integer or out of range");
        if (ms < 0) args.Fail(Errors.TimeoutNegative);
        if (ms > long.MaxValue - ctx.NowMs) args.Fail(Errors.TimeoutOutOfRange);
        return ms;
    }

    /// <summary>Every stream is one, or missing, and has the group; the IDs behind which to read.</summary>
    private static bool TryLook(CommandContext ctx, in Options options, Span<StreamId> ids)
    {
        for (var i = 0; i < options.Streams; i++)
        {
            var key = ctx.Arg(options.FirstKey + i);
            ctx.CloseEntries();
            if (!ctx.TryRead<StreamValue>(key, out var stream)) return false;
            if (options.IsGroup && !stream.TryGetGroup(ctx.Arg(options.GroupAt), out _))
            {
                ctx.Fail(StreamReply.NoSuchGroup(key, ctx.Arg(options.GroupAt)) + " in XREADGROUP with GROUP option");
                return false;
            }
            if (Problem(ctx.Arg(options.FirstKey + options.Streams + i), options.IsGroup, stream, out ids[i]) is not { } problem) continue;
            ctx.Fail(problem);
            return false;
        }
        return true;
    }

    private static string? Problem(ReadOnlySpan<byte> text, bool isGroup, StreamValue stream, out StreamId id)
    {
        if (text is [(byte)'$'])
        {
            id = stream.LastId;
            return isGroup ? Meaningless('$') : null;
        }
        if (text is [(byte)'+'])
        {
            // The last entry that is there; a client that waits for one gets the last when it comes.
            id = stream.Count == 0 || !stream.LastEntryId.TryPrevious(out var previous) ? StreamId.Max : previous;
            return isGroup ? Meaningless('+') : null;
        }
        if (text is [(byte)'>'])
        {
            id = Undelivered;
            return isGroup ? null : "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
        }
        return StreamId.TryParse(text, seqIfMissing: 0, out id) ? null : StreamReply.InvalidId;
    }

    private static string Meaningless(char id) =>
        $"ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, "
        + $"or use the > ID to get new messages. The {id} ID would just return an empty result set.";

    // ---- giving -----------------------------------------------------------------------------------------------------

    private static void Open(CommandContext ctx, ReadOnlySpan<byte> key, ref int mark)
    {
        if (mark < 0) mark = ctx.Reply.DeferMap();
        ctx.Reply.Pair();
        ctx.Reply.Bulk(key);
    }

    private static bool Give(CommandContext ctx, in Options options, int i, StreamId behind, ref int mark)
    {
        var key = ctx.Arg(options.FirstKey + i);
        if (!ctx.TryRead<StreamValue>(key, out var stream) || stream.Count == 0) return false;
        if (behind >= stream.LastEntryId || !behind.TryNext(out var from)) return false;

        Open(ctx, key, ref mark);
        var walk = stream.Walk(from, StreamId.Max);
        ctx.Reply.Entries(ref walk, options.Count);
        return true;
    }

    private static bool GiveToConsumer(CommandContext ctx, in Options options, int i, StreamId behind, ref int mark)
    {
        var key = ctx.Arg(options.FirstKey + i);
        if (!ctx.TryRead<StreamValue>(key, out var stream) || !stream.TryGetGroup(ctx.Arg(options.GroupAt), out var group)) return false;
        var claims = new StreamClaims(ctx, key, options.GroupAt, options.GroupAt + 1);
        claims.MeetConsumer(ref group);
        if (behind != Undelivered)
        {
            Open(ctx, key, ref mark);
            GiveHistory(ctx, stream, ref group, behind, options.Count, ref claims);
        }
        else
        {
            if (stream.Count == 0 || group.LastId >= stream.LastEntryId) return false;
            Open(ctx, key, ref mark);
            GiveNew(ctx, stream, ref group, options, ref claims);
        }
        ctx.CountChanges(1);
        return true;
    }

    private static void GiveNew(CommandContext ctx, StreamValue stream, ref StreamGroup group, in Options options, ref StreamClaims claims)
    {
        var last = group.LastId;
        var entriesRead = group.EntriesRead;
        last.TryNext(out var from);
        var walk = stream.Walk(from, StreamId.Max);
        var array = ctx.Reply.DeferArray();
        var given = 0L;
        while ((options.Count == 0 || given < options.Count) && walk.MoveNext())
        {
            last = walk.Id;
            entriesRead = entriesRead >= 0 && !stream.MayHaveDeletedFrom(last) ? entriesRead + 1 : stream.CountThrough(last);
            ctx.Reply.Entry(ref walk);
            if (!options.NoAck) claims.Set(ref group, last, ctx.NowMs, deliveries: 1);
            given++;
        }
        ctx.Reply.EndArray(array, given);
        group.Advance(last, entriesRead);
        if (!options.NoAck) claims.Finish(ref group);
        claims.PropagateProgress(group);
    }

    /// <summary>What is pending for the consumer behind an ID. Entries that are gone are named with nothing in them; the others count as delivered again.</summary>
    private static void GiveHistory(CommandContext ctx, StreamValue stream, ref StreamGroup group, StreamId behind, long count, ref StreamClaims claims)
    {
        var array = ctx.Reply.DeferArray();
        var given = 0L;
        behind.TryNext(out var from);
        group.TryGetConsumer(claims.Consumer, out var consumer);
        for (var walk = group.WalkPending(consumer, from); (count == 0 || given < count) && walk.MoveNext(); given++)
        {
            var entry = stream.Walk(walk.Id, walk.Id);
            if (entry.MoveNext())
            {
                ctx.Reply.Entry(ref entry);
                claims.SetAgain(ref group, walk.Id);
                continue;
            }
            ctx.Reply.Array(2);
            ctx.Reply.Id(walk.Id);
            ctx.Reply.NullArray();
        }
        ctx.Reply.EndArray(array, given);
        claims.Close(group.LastId);
    }
}

using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Streams: adding, ranges, removing. Reading with waiting, consumer groups and XINFO have files of their own.</summary>
internal static class StreamCommands
{
    private const long EntryBytesMax = 1 << 30;

    private static readonly KeyEvent XAddEvent = new(NotifyClasses.Stream, "xadd");
    private static readonly KeyEvent XTrimEvent = new(NotifyClasses.Stream, "xtrim");
    private static readonly KeyEvent XDelEvent = new(NotifyClasses.Stream, "xdel");
    private static readonly KeyEvent XSetIdEvent = new(NotifyClasses.Stream, "xsetid");

    private const string IdTooSmall = "ERR The ID specified in XADD is equal or smaller than the target stream top item";

    public static CommandSpec[] Table() =>
    [
        new("XADD", -5, XAdd, Write | DenyOom | Fast,
            "key [NOMKSTREAM@6.2.0] [trim: <strategy: MAXLEN | MINID@6.2.0> [operator: <equal: => | <approximately: ~>] threshold [LIMIT count]@6.2.0] "
            + "<id-selector: <auto-id: *> | id> <data: field value [field value ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Stream, Since = "5.0.0", Tips = ["nondeterministic_output"],
          Summary = "Adds an entry to a stream, making the stream when missing.",
          Complexity = "O(1) for the entry, O(N) with trimming in the number of entries removed" },
        new("XDEL", -3, XDel, Write | Fast, "key id [id ...]")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Removes entries from a stream.",
          Complexity = "O(1) for each entry" },
        new("XLEN", 2, XLen, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Counts the entries of a stream.", Complexity = "O(1)" },
        new("XRANGE", -4, XRange, ReadOnly, "key start end [COUNT count]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0", Summary = "Gives the entries between two IDs of a stream.",
          Complexity = "O(N) in the number of entries given back" },
        new("XREVRANGE", -4, XRevRange, ReadOnly, "key end start [COUNT count]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Stream, Since = "5.0.0",
          Summary = "Gives the entries between two IDs of a stream, the last first.", Complexity = "O(N) in the number of entries given back" },
        new("XSETID", -3, XSetId, Write | DenyOom | Fast, "key last-id [ENTRIESADDED entries-added:int]@7.0.0 [MAXDELETEDID max-deleted-id]@7.0.0")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Stream, Since = "5.0.0",
          Summary = "Sets the last ID of a stream and its counters, for the server's own use.", Complexity = "O(1)" },
        new("XTRIM", -4, XTrim, Write,
            "key <trim: <strategy: MAXLEN | MINID@6.2.0> [operator: <equal: => | <approximately: ~>] threshold [LIMIT count]@6.2.0>")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.Stream, Since = "5.0.0", Tips = ["nondeterministic_output"],
          Summary = "Removes the oldest entries of a stream.", Complexity = "O(N) in the number of entries removed" },
    ];

    // ---- adding -----------------------------------------------------------------------------------------------------

    /// <summary>The ID that XADD is given: a whole one, one without its sequence (<c>5-*</c>), or none (<c>*</c>).</summary>
    private enum IdKind : byte { Missing, Whole, NoSequence, None }

    /// <summary>The fields and values of XADD as they lie in the request.</summary>
    private readonly ref struct RequestFields(CommandContext ctx, int first) : IStreamFields
    {
        private readonly CommandContext _ctx = ctx;
        private readonly int _first = first;

        public int Count => (_ctx.Argc - _first) / 2;

        public ReadOnlySpan<byte> Field(int i) => _ctx.Arg(_first + (2 * i));

        public ReadOnlySpan<byte> Value(int i) => _ctx.Arg(_first + (2 * i) + 1);
    }

    private static void XAdd(CommandContext ctx)
    {
        var trim = default(StreamTrim);
        var onlyIfExists = false;
        var kind = IdKind.Missing;
        StreamId id = default;
        var args = ctx.ArgsFrom(2);
        while (args.More && kind == IdKind.Missing)
        {
            if (args.Take("*"u8)) kind = IdKind.None;
            else if (trim.TryTake(ref args)) continue;
            else if (args.Take("NOMKSTREAM"u8)) onlyIfExists = true;
            else kind = NextIdToAdd(ref args, out id);
        }
        trim.Check(ctx, ref args);
        if (args.Failed()) return;

        var fields = new RequestFields(ctx, args.Position);
        if (args.Left < 2 || args.Left % 2 != 0) ctx.Fail(Errors.WrongArity(ctx.Spec.FullName));
        else if (kind == IdKind.Whole && id == default) ctx.Fail("ERR The ID specified in XADD must be greater than 0-0");
        else Add(ctx, kind, id, fields, trim, onlyIfExists);
    }

    private static IdKind NextIdToAdd(ref ArgReader args, out StreamId id)
    {
        var text = args.Next();
        var kind = text.EndsWith("-*"u8) ? IdKind.NoSequence : IdKind.Whole;
        if (!StreamId.TryParse(kind == IdKind.Whole ? text : text[..^2], seqIfMissing: 0, out id)
            || (kind == IdKind.NoSequence && text[..^2].Contains((byte)'-')))
        {
            args.Fail(StreamReply.InvalidId);
        }
        return kind;
    }

    private static void Add(CommandContext ctx, IdKind kind, StreamId id, RequestFields fields, StreamTrim trim, bool onlyIfExists)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StreamValue>(key, out var stream)) return;
        if (stream.IsMissing && onlyIfExists)
        {
            ctx.Reply.Null();
            return;
        }
        if (Refusal(ctx, stream.LastId, kind, fields, ref id) is { } error)
        {
            ctx.Fail(error);
            return;
        }

        if (stream.IsMissing) stream = ctx.Create<StreamValue>(key);
        stream.Append(id, fields);
        var trimmed = trim.Apply(stream);

        ctx.Reply.Id(id);
        ctx.Changed(key, XAddEvent);
        if (trimmed > 0) ctx.Notify(XTrimEvent, key);
        if (kind == IdKind.Whole && !trim.IsApproximate) return;
        var effect = ctx.PropagateAs("XADD"u8).Arg(key);
        if (!trim.IsApproximate || trimmed > 0) effect = trim.AddTo(effect, stream.Count);
        effect = effect.Arg(id);
        for (var i = 0; i < fields.Count; i++) effect.Arg(fields.Field(i)).Arg(fields.Value(i));
    }

    /// <summary>Completes the ID; what stands against it, else null.</summary>
    private static string? Refusal(CommandContext ctx, StreamId last, IdKind kind, RequestFields fields, ref StreamId id)
    {
        if (last == StreamId.Max) return "ERR The stream has exhausted the last possible ID, unable to add more items";
        if (kind == IdKind.None)
        {
            id = new StreamId((ulong)ctx.NowMs, 0);
            if (id.Ms <= last.Ms) last.TryNext(out id);
        }
        else if (kind == IdKind.NoSequence && id.Ms == last.Ms)
        {
            if (last.Seq == ulong.MaxValue) return IdTooSmall;
            id = new StreamId(id.Ms, last.Seq + 1);
        }
        if (id <= last) return IdTooSmall;

        long bytes = 0;
        for (var i = 0; i < fields.Count; i++) bytes += fields.Field(i).Length + fields.Value(i).Length;
        return bytes >= EntryBytesMax ? "ERR Elements are too large to be stored" : null;
    }

    // ---- reading ----------------------------------------------------------------------------------------------------

    private static void XLen(CommandContext ctx)
    {
        if (ctx.TryRead<StreamValue>(ctx.Arg(1), out var stream)) ctx.Reply.Integer(stream.Count);
    }

    private static void XRange(CommandContext ctx) => Range(ctx, isReverse: false);

    private static void XRevRange(CommandContext ctx) => Range(ctx, isReverse: true);

    private static void Range(CommandContext ctx, bool isReverse)
    {
        var count = -1L;
        var ends = ctx.ArgsFrom(isReverse ? 3 : 2);
        var from = ends.NextStart();
        if (isReverse && !ends.HasFailed) ends = ctx.ArgsFrom(2);
        var to = ends.NextEnd();
        if (ends.Failed()) return;
        var args = ctx.ArgsFrom(4);
        while (args.More)
        {
            if (args.Left > 1 && args.Take("COUNT"u8)) count = Math.Max(0, args.NextInt64());
            else args.Unexpected();
        }
        if (args.Failed()) return;

        if (!ctx.TryRead<StreamValue>(ctx.Arg(1), out var stream)) return;
        if (stream.IsMissing) ctx.Reply.Array(0);
        else if (count == 0) ctx.Reply.NullArray();
        else
        {
            var walk = stream.Walk(from, to, isReverse);
            ctx.Reply.Entries(ref walk, Math.Max(0, count));
        }
    }

    // ---- removing ---------------------------------------------------------------------------------------------------

    private static void XDel(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StreamValue>(key, out var stream)) return;
        if (stream.IsMissing)
        {
            ctx.Reply.Integer(0);
            return;
        }

        var ids = ctx.ArgsFrom(2);
        while (ids.More) ids.NextId();
        if (ids.Failed()) return;
        var deleted = 0;
        for (ids = ctx.ArgsFrom(2); ids.More;)
            if (stream.Delete(ids.NextId())) deleted++;

        if (deleted > 0) ctx.Changed(key, XDelEvent, deleted, feeds: false);
        ctx.Reply.Integer(deleted);
    }

    private static void XTrim(CommandContext ctx)
    {
        var trim = default(StreamTrim);
        var args = ctx.ArgsFrom(2);
        while (args.More)
            if (!trim.TryTake(ref args)) args.Unexpected();
        trim.Check(ctx, ref args);
        if (args.Failed()) return;

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StreamValue>(key, out var stream)) return;
        var trimmed = trim.Apply(stream);
        if (trimmed > 0)
        {
            ctx.Changed(key, XTrimEvent, trimmed, feeds: false);
            if (trim.IsApproximate) trim.AddTo(ctx.PropagateAs("XTRIM"u8).Arg(key), stream.Count);
        }
        ctx.Reply.Integer(trimmed);
    }

    private static void XSetId(CommandContext ctx)
    {
        var added = -1L;
        StreamId? maxDeleted = null;
        var args = ctx.ArgsFrom(2);
        var id = args.NextId();
        while (args.More)
        {
            if (args.Left > 1 && args.Take("ENTRIESADDED"u8))
            {
                added = args.NextInt64();
                if (added < 0) args.Fail("ERR entries_added must be positive");
            }
            else if (args.Left > 1 && args.Take("MAXDELETEDID"u8))
            {
                maxDeleted = args.NextId();
                if (id < maxDeleted) args.Fail("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
            }
            else args.Unexpected();
        }
        if (args.Failed()) return;

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StreamValue>(key, out var stream)) return;
        if (IdRefusal(stream, id, added, maxDeleted) is { } error)
        {
            ctx.Fail(error);
            return;
        }

        stream.LastId = id;
        if (added >= 0) stream.EntriesAdded = (ulong)added;
        if (maxDeleted is { } deleted && deleted != default) stream.MaxDeletedId = deleted;
        ctx.Reply.Ok();
        ctx.CountChanges(1);
        ctx.Notify(XSetIdEvent, key);
    }

    private static string? IdRefusal(StreamValue stream, StreamId id, long added, StreamId? maxDeleted)
    {
        if (stream.IsMissing) return Errors.NoSuchKey;
        if (id < stream.MaxDeletedId) return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
        if (stream.Count == 0) return null;
        if (id < stream.LastEntryId) return "ERR The ID specified in XSETID is smaller than the target stream top item";
        if (added >= 0 && stream.Count > added) return "ERR The entries_added specified in XSETID is smaller than the target stream length";
        return null;
    }
}

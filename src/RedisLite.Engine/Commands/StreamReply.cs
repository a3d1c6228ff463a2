using RedisLite.Data.Values;
using RedisLite.Protocol;

namespace RedisLite.Engine.Commands;

/// <summary>Streams as replies and as arguments: IDs, entries, and the errors that more than one of their files gives.</summary>
internal static class StreamReply
{
    public const string InvalidId = "ERR Invalid stream ID specified as stream command argument";
    public const string InvalidStart = "ERR invalid start ID for the interval";
    public const string InvalidEnd = "ERR invalid end ID for the interval";

    public static string Shown(ReadOnlySpan<byte> name) => CommandGate.Shown(name, int.MaxValue);

    public static string NoSuchGroupForKey(ReadOnlySpan<byte> key, ReadOnlySpan<byte> group) => $"NOGROUP No such consumer group '{Shown(group)}' for key name '{Shown(key)}'";

    public static string NoSuchGroup(ReadOnlySpan<byte> key, ReadOnlySpan<byte> group) => $"NOGROUP No such key '{Shown(key)}' or consumer group '{Shown(group)}'";

    public static void Id(this ReplyWriter reply, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.TextMax];
        reply.Bulk(text[..id.Format(text)]);
    }

    /// <summary>The entry that the walk stands on: its ID, and fields and values in a row.</summary>
    public static void Entry(this ReplyWriter reply, scoped ref StreamWalk walk)
    {
        reply.Array(2);
        reply.Id(walk.Id);
        reply.Array((long)walk.FieldCount * 2);
        while (walk.NextField(out var field, out var value))
        {
            reply.Bulk(field);
            reply.Bulk(value);
        }
    }

    /// <summary>The entries of a walk, at most so many (0 = all).</summary>
    public static void Entries(this ReplyWriter reply, scoped ref StreamWalk walk, long count)
    {
        var mark = reply.DeferArray();
        var written = 0L;
        while ((count == 0 || written < count) && walk.MoveNext())
        {
            reply.Entry(ref walk);
            written++;
        }
        reply.EndArray(mark, written);
    }

    public static EffectBuilder Arg(this EffectBuilder effect, StreamId id)
    {
        if (effect.IsNone) return effect;
        Span<byte> text = stackalloc byte[StreamId.TextMax];
        return effect.Arg(text[..id.Format(text)]);
    }

    /// <summary>A plain ID; a sequence that is left out is 0.</summary>
    public static StreamId NextId(this ref ArgReader args)
    {
        if (!StreamId.TryParse(args.Next(), seqIfMissing: 0, out var id)) args.Fail(InvalidId);
        return id;
    }

    /// <summary>The lower end of an interval: an ID, <c>(</c> and an ID, <c>-</c> or <c>+</c>.</summary>
    public static StreamId NextStart(this ref ArgReader args)
    {
        var id = NextEnd(ref args, seqIfMissing: 0, out var isExclusive);
        if (isExclusive && !id.TryNext(out id)) args.Fail(InvalidStart);
        return id;
    }

    /// <summary>The upper end of an interval: a sequence that is left out is the highest.</summary>
    public static StreamId NextEnd(this ref ArgReader args)
    {
        var id = NextEnd(ref args, seqIfMissing: ulong.MaxValue, out var isExclusive);
        if (isExclusive && !id.TryPrevious(out id)) args.Fail(InvalidEnd);
        return id;
    }

    private static StreamId NextEnd(ref ArgReader args, ulong seqIfMissing, out bool isExclusive)
    {
        var text = args.Next();
        isExclusive = false;
        if (args.HasFailed) return default;
        if (text is [(byte)'-']) return StreamId.Min;
        if (text is [(byte)'+']) return StreamId.Max;
        isExclusive = text is [(byte)'(', _, ..];
        if (StreamId.TryParse(isExclusive ? text[1..] : text, seqIfMissing, out var id)) return id;
        args.Fail(InvalidId);
        isExclusive = false;
        return default;
    }
}

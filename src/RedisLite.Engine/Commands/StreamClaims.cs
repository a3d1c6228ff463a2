using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;

namespace RedisLite.Engine.Commands;

/// <summary>
/// What one command makes pending for one consumer, and how that is passed on: as XCLAIM with the time and the number of deliveries that came out, many
/// IDs in one. (redis-server itself sends one XCLAIM for each entry, and none for what it reads again from the history, whose deliveries a copy then
/// counts wrongly.)
/// </summary>
internal ref struct StreamClaims
{
    private const int IdsPerCommand = 1000;

    private static readonly KeyEvent CreateConsumerEvent = new(NotifyClasses.Stream, "xgroup-createconsumer");

    private readonly CommandContext _ctx;
    private readonly ReadOnlySpan<byte> _key;
    private readonly ReadOnlySpan<byte> _group;
    private long _openMs;
    private long _openDeliveries;
    private int _openIds;
    private EffectBuilder _effect;

    /// <summary>The group and the consumer are named by arguments of the request.</summary>
    public StreamClaims(CommandContext ctx, ReadOnlySpan<byte> key, int groupAt, int consumerAt)
    {
        _ctx = ctx;
        _key = key;
        _group = ctx.Arg(groupAt);
        Consumer = ctx.Arg(consumerAt);
    }

    public ReadOnlySpan<byte> Consumer { get; }

    /// <summary>The consumer asks: it is made when it is not there.</summary>
    public readonly void MeetConsumer(ref StreamGroup group)
    {
        if (group.TryGetConsumer(Consumer, out _)) group.Touch(Consumer, _ctx.NowMs);
        else CreateConsumer(_ctx, _key, ref group, _group, Consumer);
    }

    public static void CreateConsumer(CommandContext ctx, ReadOnlySpan<byte> key, ref StreamGroup group, ReadOnlySpan<byte> groupName, ReadOnlySpan<byte> name)
    {
        group.CreateConsumer(name, ctx.NowMs);
        ctx.CountChanges(1);
        ctx.Notify(CreateConsumerEvent, key);
        ctx.PropagateAs("XGROUP"u8).Arg("CREATECONSUMER"u8).Arg(key).Arg(groupName).Arg(name);
    }

    public void Set(ref StreamGroup group, StreamId id, long deliveredMs, long deliveries)
    {
        group.SetPending(Consumer, id, deliveredMs, deliveries);
        PassOn(group, id, deliveredMs, deliveries);
    }

    /// <summary>What is pending for the consumer is handed out once more.</summary>
    public void SetAgain(ref StreamGroup group, StreamId id) => PassOn(group, id, _ctx.NowMs, group.Redeliver(id, _ctx.NowMs));

    private void PassOn(in StreamGroup group, StreamId id, long deliveredMs, long deliveries)
    {
        if (!_ctx.Engine.HasSinks) return;
        if (_openIds > 0 && (deliveredMs != _openMs || deliveries != _openDeliveries || _openIds == IdsPerCommand)) Close(group.LastId);
        if (_openIds++ == 0)
        {
            _effect = _ctx.PropagateAs("XCLAIM"u8).Arg(_key).Arg(_group).Arg(Consumer).Arg(0);
            _openMs = deliveredMs;
            _openDeliveries = deliveries;
        }
        _effect.Arg(id);
    }

    /// <summary>Something was handed out: the consumer was active.</summary>
    public void Finish(ref StreamGroup group)
    {
        group.Touch(Consumer, _ctx.NowMs, _ctx.NowMs);
        Close(group.LastId);
    }

    public void Close(StreamId lastId)
    {
        if (_openIds == 0) return;
        _effect.Arg("TIME"u8).Arg(_openMs).Arg("RETRYCOUNT"u8).Arg(_openDeliveries).Arg("FORCE"u8).Arg("JUSTID"u8).Arg("LASTID"u8).Arg(lastId);
        _openIds = 0;
    }

    /// <summary>How far the group is, which XCLAIM tells only in part.</summary>
    public readonly void PropagateProgress(in StreamGroup group) =>
        _ctx.PropagateAs("XGROUP"u8).Arg("SETID"u8).Arg(_key).Arg(_group).Arg(group.LastId).Arg("ENTRIESREAD"u8).Arg(group.EntriesRead);
}

using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Databases;

/// <summary>
/// Fields of hashes whose time has come: nobody sees them from that moment on (<see cref="Horizon"/>), a command that asks for one by name removes it first,
/// and the expiry cycle removes the others. Each goes as an HDEL of its own to the AOF and the replicas, which never remove one by themselves.
/// </summary>
internal static class FieldExpiry
{
    private static readonly KeyEvent HExpiredEvent = new(NotifyClasses.Hash, "hexpired");

    /// <summary>
    /// Fields that expire at or before this time are not seen. A log that is replayed and what a primary sends see all: what had expired there is deleted there.
    /// </summary>
    public static long Horizon(CommandContext ctx) =>
        ctx.Engine.IsLoading || (ctx.Engine.IsReplica && ctx.Client.Has(ClientFlags.Internal)) ? -1 : ctx.NowMs;

    /// <summary>Arguments from first on, step apart, name fields of the hash at argument 1: those past their time go. The hash may be missing afterwards.</summary>
    public static void RemoveNamed(CommandContext ctx, HashValue hash, int first, int end, int step = 1)
    {
        if (!hash.HasFieldExpiry || !MayRemove(ctx.Engine)) return;
        var key = ctx.Arg(1);
        var removed = 0;
        for (var i = first; i < end; i += step)
        {
            if (!hash.IsPast(ctx.Arg(i))) continue;
            hash.Delete(ctx.Arg(i));
            ctx.PropagateAlso("HDEL"u8).Arg(key).Arg(ctx.Arg(i));
            removed++;
        }

        Announce(ctx, ctx.Db, key, removed);
    }

    /// <summary>All fields of the hash at argument 1 that are past their time go, as many as there are: the request looks at all fields anyway.</summary>
    public static void RemoveAll(CommandContext ctx, HashValue hash)
    {
        if (!hash.HasFieldExpiry || !MayRemove(ctx.Engine)) return;
        var due = ctx.Found;
        due.Clear();
        var next = long.MaxValue;
        hash.SweepPast(0, ctx.NowMs, int.MaxValue, due, ref next);
        foreach (var place in due.Items) Remove(ctx, ctx.Db, ctx.Arg(1), hash, place);
        Announce(ctx, ctx.Db, ctx.Arg(1), due.Count);
    }

    /// <summary>Removes a field by its place, without an event yet.</summary>
    public static void Remove(CommandContext ctx, Database db, ReadOnlySpan<byte> key, HashValue hash, ulong place)
    {
        Span<byte> scratch = stackalloc byte[HashValue.ScratchMax];
        ctx.PropagateAlso(db, "HDEL"u8).Arg(key).Arg(hash.FieldAt(place).AsText(scratch));
        hash.DeleteAt(place);
    }

    /// <summary>So many fields of the hash have gone: one event, and another when they were the last.</summary>
    public static void Announce(CommandContext ctx, Database db, ReadOnlySpan<byte> key, int removed)
    {
        if (removed == 0) return;
        ctx.Engine.Stats.ExpiredFields += removed;
        ctx.Changed(db, key, HExpiredEvent, changes: 0);
    }

    /// <summary>The field was overwritten with its expiry kept, which went out as an HSET, which drops it: the expiry follows.</summary>
    public static void PropagateKept(CommandContext ctx, HashValue hash, ReadOnlySpan<byte> field)
    {
        var expireAtMs = hash.ExpireAtMs(hash.Find(field));
        if (expireAtMs >= 0) ctx.PropagateAs("HPEXPIREAT"u8).Arg(ctx.Arg(1)).Arg(expireAtMs).Arg("FIELDS"u8).Arg(1).Arg(field);
    }

    private static bool MayRemove(Engine engine) => engine.MayExpire && !engine.IsReplica;
}

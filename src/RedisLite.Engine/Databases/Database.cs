using System.Diagnostics.CodeAnalysis;
using RedisLite.Data;

namespace RedisLite.Engine.Databases;

/// <summary>
/// The one door to the keys of a database (house rule 1). Whoever wants a key comes through <see cref="Find"/>,
/// <see cref="Add"/> and <see cref="Remove"/>, so that lazy expiry, snapshot copy-on-write (in <see cref="Entry"/>), LRU/LFU and
/// accounting see every access. Commands reach it through <see cref="CommandContext"/>.
/// </summary>
internal sealed class Database
{
    private readonly Engine engine;

    public Database(Engine engine, int index)
    {
        this.engine = engine;
        Index = index;
        Keys = new Keyspace(engine.Heap);
        Watched = new WatchedKeys(engine.ByteKeys);
    }

    public int Index { get; }

    /// <summary>The records. SWAPDB exchanges them between two databases.</summary>
    public Keyspace Keys { get; private set; }

    public WatchedKeys Watched { get; }

    /// <summary>Sum of remaining lifetimes sampled by the expiry cycle, for avg_ttl of INFO.</summary>
    public long AverageTtlMs { get; set; }

    public void SwapWith(Database other) => (Keys, other.Keys, AverageTtlMs, other.AverageTtlMs) = (other.Keys, Keys, other.AverageTtlMs, AverageTtlMs);

    /// <summary>The key as it is now: a key past its expiry is gone (and its deletion propagated) before anyone sees it.</summary>
    public bool Find(CommandContext ctx, ReadOnlySpan<byte> key, ulong hash, Entry entry)
    {
        if (!Keys.Find(key, hash, entry)) return false;
        if (!entry.HasExpiry || entry.ExpireAtMs > ctx.NowMs || engine.IsLoading) return true;
        if (engine.IsReplica && !ctx.Client.Has(ClientFlags.Internal)) return false;       // the primary sends the DEL
        if (!engine.MayExpire && !ctx.Spec.Has(CommandFlags.Write)) return false;          // the end of the pause will
        Expire(ctx, entry);
        return false;
    }

    /// <summary>True: the key, found otherwise than by name, is past its expiry and nobody may see it (it is gone now, or a primary will say so).</summary>
    public bool ExpireIfDue(CommandContext ctx, Entry entry)
    {
        if (!entry.HasExpiry || entry.ExpireAtMs > ctx.NowMs) return false;
        if (engine.IsLoading) return false;
        if (engine.IsReplica || !engine.MayExpire) return true;
        Expire(ctx, entry);
        return true;
    }

    /// <summary>A key without its expiry being looked at: for the expiry cycle and for DEBUG.</summary>
    public bool FindRaw(ReadOnlySpan<byte> key, Entry entry) => Keys.Find(key, Keys.Hash(key), entry);

    /// <summary>Remove a key whose time has come: event, statistics, DEL to the sinks.</summary>
    public void Expire(CommandContext ctx, Entry entry)
    {
        var key = ctx.Scratch(entry.Key);
        var began = engine.Config.LatencyMonitorThreshold > 0 ? engine.Clock.Timestamp() : 0;
        Keys.Remove(entry);
        if (began != 0) engine.AddLatencySince("expire-del", began);
        engine.Stats.ExpiredKeys++;
        ctx.PropagateRemoval(this, key, engine.Config.LazyfreeLazyExpire);
        ctx.KeyRemoved(this, key, KeyEvents.Expired);
    }

    public void Add(ReadOnlySpan<byte> key, ulong hash, RecordKind kind, int valueLength, Entry entry)
    {
        Keys.Insert(key, hash, kind, valueLength, entry);
        entry.Access = engine.Access.Initial(engine.Clock.NowMs);
    }
}

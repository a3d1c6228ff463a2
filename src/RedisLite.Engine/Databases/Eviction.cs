using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Databases;

/// <summary>
/// maxmemory: before a request runs, keys are removed until the memory in use is below the limit.
///
/// Which key goes is decided as Redis decides it. There is no order over all keys; a few (maxmemory-samples) are looked at per database, and the best
/// candidates seen so far are kept in a pool of 16, sorted, best last. The pool remembers names, not records: a candidate that is gone, or that lost
/// its expiry under a volatile policy, is passed over when its turn comes. The random policies take one key of the next database in turn.
///
/// Memory in use is what is alive in the arena, to the byte and at once, plus the buffers of clients and the sources of scripts. So every removal counts, and the loop ends; a
/// value that is freed lazily is freed here, slice by slice, before another key has to go. What only a running snapshot still holds does not count,
/// else every key would go while it runs; nor do the output buffers of replicas, which the DELs of evicted keys make longer.
///
/// One request pays for at most the time that maxmemory-eviction-tenacity allows (half a millisecond by default). If that was not enough the request
/// runs all the same and the cron goes on evicting; only when nothing is left to evict are requests refused.
/// </summary>
internal sealed class Eviction
{
    private const int PoolSize = 16;
    private const int KeysPerTimeCheck = 16;
    private const int FreeSlice = 512;
    private const int SideMemoryAgeMs = 20;

    private readonly Engine engine;
    private readonly Action<CommandContext> evictOne;
    private readonly Entry entry = new();
    private readonly HandleList samples = new();
    private readonly Candidate[] pool = new Candidate[PoolSize];
    private int pooled;
    private int nextDb;
    private Database victimDb;
    private byte[] victimKey = [];
    private int victimLength;
    private long sideMemory;
    private long replicaMemory;
    private long knownLimit;
    private long sideMemoryAtMs = long.MinValue;
    private long exceededSinceUs;
    private long exceededUs;

    public Eviction(Engine engine)
    {
        this.engine = engine;
        knownLimit = engine.Config.Maxmemory;
        victimDb = engine.Databases[0];
        evictOne = EvictOne;
    }

    private struct Candidate
    {
        public byte[] Key;
        public int Length;
        public int Db;
        public ulong Score;             // the higher, the sooner it goes
    }

    public long UsedMemory
    {
        get
        {
            RefreshSideMemory();
            return engine.Heap.MemoryInUse + engine.Tracking.Memory + sideMemory;
        }
    }

    /// <summary>Time ran out: the cron goes on.</summary>
    public bool IsRunning { get; private set; }

    public long TotalExceededUs => exceededUs + CurrentExceededUs;

    public long CurrentExceededUs => exceededSinceUs == 0 ? 0 : engine.Clock.NowUs - exceededSinceUs;

    private long Excess
    {
        get
        {
            RefreshSideMemory();
            return engine.Heap.MemoryInUse - engine.Heap.DeferredBytes + engine.Tracking.Memory + sideMemory - replicaMemory - engine.Config.Maxmemory;
        }
    }

    /// <summary>Before a key goes: buffers that were counted may be gone by now.</summary>
    private long ExcessNow
    {
        get
        {
            RefreshSideMemory(ClientEviction.AgeMs(engine.Clients.Count));
            return Excess;
        }
    }

    private bool IsVolatile => engine.Config.MaxmemoryPolicy
        is MaxmemoryPolicy.VolatileLru or MaxmemoryPolicy.VolatileLfu or MaxmemoryPolicy.VolatileRandom or MaxmemoryPolicy.VolatileTtl;

    private bool IsRandom => engine.Config.MaxmemoryPolicy is MaxmemoryPolicy.AllkeysRandom or MaxmemoryPolicy.VolatileRandom;

    public void ResetTimes()
    {
        exceededUs = 0;
        if (exceededSinceUs != 0) exceededSinceUs = engine.Clock.NowUs;
    }

    /// <summary>The limit or the policy changed: the cron looks after it, and the next request measures anew.</summary>
    public void MakeRoomAfterConfig()
    {
        WarnOfSmallLimit();
        IsRunning = engine.Config.Maxmemory > 0;
        sideMemoryAtMs = long.MinValue;
    }

    /// <summary>A limit below what is in use already: keys will go, or writes be refused.</summary>
    private void WarnOfSmallLimit()
    {
        var limit = engine.Config.Maxmemory;
        var isNew = limit != knownLimit;
        knownLimit = limit;
        if (!isNew || limit == 0 || Excess <= 0) return;
        engine.Log.Write(LogLevel.Warning, $"WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the current memory usage ({Excess + limit}). "
            + "This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.");
    }

    /// <summary>What the last <see cref="MakeRoom"/> found.</summary>
    public bool IsOutOfMemory { get; private set; }

    /// <summary>False: over the limit, and nothing is left that the policy allows to evict.</summary>
    public bool MakeRoom(bool beforeRequest = true)
    {
        if (engine.Config.Maxmemory == 0 || IsExempt || Excess <= 0 || ExcessNow <= 0)
        {
            IsRunning = IsOutOfMemory = false;
            SetExceeded(false);
            return true;
        }

        engine.ClientEviction.Run();                    // clients over their share go before keys do
        var began = engine.Clock.Timestamp();
        var possible = engine.Config.MaxmemoryPolicy != MaxmemoryPolicy.Noeviction;
        IsRunning = possible;
        var limit = TimeLimit();
        for (var count = 1; possible && Excess > 0; count++)
        {
            if (engine.Heap.HasLazyFree) engine.Heap.RunLazyFree(FreeSlice);
            else if (TryChoose()) engine.Executor.RunInternal(evictOne, beforeRequest: true);
            else possible = false;
            if (count % KeysPerTimeCheck == 0 && engine.Clock.Timestamp() - began > limit) break;
        }

        var done = Excess <= 0;
        IsRunning = possible && !done;
        SetExceeded(!done);
        engine.AddLatencySince("eviction-cycle", began);
        if (!beforeRequest) engine.Executor.EndUnit(engine.Internal);
        IsOutOfMemory = !done && !possible;
        return !IsOutOfMemory;
    }

    private bool IsExempt => engine.IsLoading || engine.IsPausedForWrites || (engine.IsReplica && engine.Config.ReplicaIgnoreMaxmemory);

    /// <summary>In ticks. Up to tenacity 10, 50 microseconds each; from there 15 % more with each step; 100 is without limit.</summary>
    private long TimeLimit()
    {
        var tenacity = engine.Config.MaxmemoryEvictionTenacity;
        if (tenacity >= 100) return long.MaxValue;
        var microseconds = tenacity <= 10 ? 50.0 * tenacity : 500 * Math.Pow(1.15, tenacity - 10);
        return (long)(microseconds * engine.Environment.Time.TimestampFrequency / 1_000_000);
    }

    private void SetExceeded(bool exceeded)
    {
        if (exceeded && exceededSinceUs == 0) exceededSinceUs = engine.Clock.NowUs;
        if (exceeded || exceededSinceUs == 0) return;
        exceededUs += engine.Clock.NowUs - exceededSinceUs;
        exceededSinceUs = 0;
    }

    // ---- choosing ---------------------------------------------------------------------------------------------------

    /// <summary>Points the entry at the next victim, and notes its database and a copy of its name.</summary>
    private bool TryChoose() => IsRandom ? TryChooseRandom() : TryChooseBest();

    private bool TryChooseRandom()
    {
        for (var i = engine.Databases.MadeCount; i > 0; i--)
        {
            victimDb = engine.Databases.MadeFrom(nextDb) ?? engine.Databases[0];
            nextDb = victimDb.Index + 1;
            samples.Clear();
            victimDb.Keys.SampleForEviction(engine.Environment.Random, 1, IsVolatile, samples);
            if (samples.Count == 0) continue;
            victimDb.Keys.Open(samples.Items[0], entry);
            RememberVictim(entry.Key);
            return true;
        }

        return false;
    }

    private bool TryChooseBest()
    {
        while (FillPool())
        {
            while (pooled > 0)
            {
                ref var best = ref pool[--pooled];
                if (best.Db >= engine.Databases.Length) continue;
                victimDb = engine.Databases[best.Db];
                var key = best.Key.AsSpan(0, best.Length);
                if (!victimDb.FindRaw(key, entry) || (IsVolatile && !entry.HasExpiry)) continue;
                RememberVictim(key);
                return true;
            }
        }

        return false;
    }

    /// <summary>False: there is nothing to choose from.</summary>
    private bool FillPool()
    {
        var found = false;
        foreach (var db in engine.Databases)
        {
            if ((IsVolatile ? db.Keys.CountWithExpiry : db.Keys.Count) == 0) continue;
            found = true;
            samples.Clear();
            db.Keys.SampleForEviction(engine.Environment.Random, engine.Config.MaxmemorySamples, IsVolatile, samples);
            foreach (var handle in samples.Items)
            {
                db.Keys.Open(handle, entry);
                Consider(db.Index, entry.Key, ScoreOf(entry));
            }
        }

        return found;
    }

    private ulong ScoreOf(Entry candidate) => engine.Config.MaxmemoryPolicy switch
    {
        MaxmemoryPolicy.VolatileTtl => ulong.MaxValue - (ulong)Math.Max(0, candidate.ExpireAtMs),
        MaxmemoryPolicy.AllkeysLfu or MaxmemoryPolicy.VolatileLfu => 255 - engine.Access.Decayed(candidate.Access, engine.Clock.NowMs),
        _ => (ulong)AccessClock.IdleMs(candidate.Access, engine.Clock.NowMs),
    };

    /// <summary>Insert into the sorted pool; when it is full the worst makes room, and one that is no better is left out.</summary>
    private void Consider(int db, ReadOnlySpan<byte> key, ulong score)
    {
        var at = 0;
        while (at < pooled && pool[at].Score < score) at++;
        Candidate free;
        if (pooled < PoolSize)
        {
            free = pool[pooled];
            Array.Copy(pool, at, pool, at + 1, pooled - at);
            pooled++;
        }
        else
        {
            if (at == 0) return;
            free = pool[0];
            at--;
            Array.Copy(pool, 1, pool, 0, at);
        }

        if (free.Key is null || free.Key.Length < key.Length) free.Key = new byte[Math.Max(64, key.Length)];
        key.CopyTo(free.Key);
        pool[at] = free with { Length = key.Length, Db = db, Score = score };
    }

    private void RememberVictim(ReadOnlySpan<byte> key)
    {
        if (victimKey.Length < key.Length) victimKey = new byte[Math.Max(64, key.Length)];
        key.CopyTo(victimKey);
        victimLength = key.Length;
    }

    private void EvictOne(CommandContext ctx)
    {
        var lazy = engine.Config.LazyfreeLazyEviction;
        var key = victimKey.AsSpan(0, victimLength);
        var began = engine.Clock.Timestamp();
        victimDb.Keys.Remove(entry);
        if (!lazy) engine.AddLatencySince("eviction-del", began);
        engine.Stats.EvictedKeys++;
        ctx.PropagateRemoval(victimDb, key, lazy);
        ctx.KeyRemoved(victimDb, key, KeyEvents.Evicted);
    }

    // ---- memory beside the arena ----------------------------------------------------------------------------------------

    /// <summary>Summed up at most fifty times a second where it is not urgent: with ten thousand clients that is work.</summary>
    private void RefreshSideMemory(long ageMs = SideMemoryAgeMs)
    {
        var now = engine.Clock.NowMs;
        if (now < sideMemoryAtMs + ageMs && now >= sideMemoryAtMs) return;
        sideMemoryAtMs = now;
        replicaMemory = 0;
        sideMemory = engine.Scripts.Cache.Memory + engine.Scripts.Functions.Memory;
        foreach (var client in engine.Clients.All)
        {
            if (client.Has(ClientFlags.Closing)) continue;
            var bytes = ClientText.MemoryOf(client);
            sideMemory += bytes;
            if (client.Has(ClientFlags.Replica)) replicaMemory += bytes;
        }
    }
}

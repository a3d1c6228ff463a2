using RedisLite.Data;

namespace RedisLite.Engine.Waiting;

/// <summary>What a blocked client gets when its time is over.</summary>
internal enum BlockedNull
{
    NullArray,

    /// <summary>BLMOVE: a plain null where it may not wait. When its time is over Redis says a null array for it too.</summary>
    Null,
    Zero,

    /// <summary>WAITAOF: how many copies there are after all.</summary>
    AofCopies,
}

/// <summary>One waiting client: the request that will run again, the keys it waits for, and until when.</summary>
internal sealed class BlockedState
{
    public required StoredRequest Request { get; init; }

    public required int Db { get; init; }

    public required ValueType Type { get; init; }

    public required long DeadlineMs { get; init; }

    public required BlockedNull OnTimeout { get; init; }

    /// <summary>Also served when the key goes away or changes its type (XREADGROUP, which then answers with an error).</summary>
    public required bool ServeOnRemoval { get; init; }

    public List<byte[]> Keys { get; } = [];

    /// <summary>What its first run, which found nothing, took: it is counted when the command is over.</summary>
    public long Ticks { get; set; }

    public long SinceMs { get; init; }
}

/// <summary>
/// Clients that wait for a key (BLPOP, XREAD BLOCK, …).
///
/// A blocking handler that finds nothing calls ctx.Block: the request is copied, the client stops reading, and it stands in the
/// queue of each key it waits for, in order of arrival. A key that receives data (Changed on a value of that type, or a key that
/// appears by RENAME, SORT STORE, SWAPDB, …) goes to the ready list, once. When the unit that did it is over, <see cref="ServeReady"/>
/// runs the stored requests again from the top, first come first served; one that finds nothing blocks again and keeps its place.
/// Serving may make further keys ready (BLMOVE chains): the loop goes on until none is left. There is no resume path in any handler.
/// </summary>
internal sealed class BlockedClients(Engine engine)
{
    private readonly Dictionary<(int Db, byte[] Key), List<Client>> queues = new(new DbKeyComparer(engine.ByteKeys));
    private readonly PriorityQueue<(Client Client, BlockedState State), long> deadlines = new();
    private readonly List<(int Db, byte[] Key)> ready = [];
    private readonly List<(int Db, byte[] Key)> serving = [];

    public int Count { get; private set; }

    public int KeyCount => queues.Count;

    /// <summary>Keys that somebody waits for who is also served when they go away. Without any, the walk is not there to be compiled for the first INFO.</summary>
    public int KeysServedOnRemoval => queues.Count == 0 ? 0 : queues.Values.Count(queue => queue.Exists(client => client.Blocked is { ServeOnRemoval: true }));

    public bool HasReady => ready.Count > 0;

    /// <summary>Unix ms of the nearest timeout, long.MaxValue when there is none.</summary>
    public long NextDeadlineMs
    {
        get
        {
            while (deadlines.TryPeek(out var top, out var at))
            {
                if (ReferenceEquals(top.Client.Blocked, top.State)) return at;
                deadlines.Dequeue();
            }

            return long.MaxValue;
        }
    }

    public void Block(Client client, BlockedState state)
    {
        client.Blocked = state;
        client.Set(ClientFlags.Blocked);
        Count++;
        foreach (var key in state.Keys)
        {
            if (!queues.TryGetValue((state.Db, key), out var queue)) queues.Add((state.Db, key), queue = []);
            if (!queue.Contains(client)) queue.Add(client);
        }

        if (state.DeadlineMs > 0) deadlines.Enqueue((client, state), state.DeadlineMs);
    }

    /// <summary>The key has something new. Cheap when nobody is blocked.</summary>
    public void Signal(int db, ReadOnlySpan<byte> key)
    {
        if (queues.Count == 0) return;
        var bytes = key.ToArray();
        if (!queues.ContainsKey((db, bytes))) return;
        foreach (var (readyDb, readyKey) in ready)
        {
            if (readyDb == db && readyKey.AsSpan().SequenceEqual(key)) return;
        }

        ready.Add((db, bytes));
        engine.HasAftermath = true;
    }

    /// <summary>Every key somebody waits for in this database may have changed (SWAPDB, FLUSHALL).</summary>
    public void SignalAll(int db)
    {
        foreach (var (keyDb, key) in queues.Keys)
        {
            if (keyDb == db) ready.Add((keyDb, key));
        }

        engine.HasAftermath |= HasReady;
    }

    /// <summary>Take the client out of every queue; it may read again. Its reply has been or will be written by the caller.</summary>
    public void Unblock(Client client)
    {
        if (client.Blocked is not { } state) return;
        foreach (var key in state.Keys)
        {
            if (!queues.TryGetValue((state.Db, key), out var queue)) continue;
            queue.Remove(client);
            if (queue.Count == 0) queues.Remove((state.Db, key));
        }

        client.Blocked = null;
        client.Clear(ClientFlags.Blocked);
        Count--;
    }

    /// <summary>End the wait without data: timeout, or CLIENT UNBLOCK with an error.</summary>
    public void Release(Client client, string? error)
    {
        if (client.Blocked is not { } state) return;
        Unblock(client);
        var before = client.Output.Length;
        if (error is not null) client.Reply.Error(error);
        else if (state.OnTimeout == BlockedNull.AofCopies) engine.Durability.Aof.Waiters.ReplyCopies(client);
        else if (state.OnTimeout == BlockedNull.Zero) client.Reply.Integer(0);
        else client.Reply.NullArray();

        engine.Executor.FinishBlocked(client, state, before, failed: error is not null);
    }

    public void ReleaseTimedOut(long nowMs)
    {
        while (NextDeadlineMs <= nowMs)
        {
            var (client, _) = deadlines.Dequeue();
            Release(client, error: null);
        }
    }

    /// <summary>Something other than a key that the client waits for has happened: run its request again.</summary>
    public void Retry(Client client)
    {
        if (client.Blocked is { } state) engine.Executor.RunBlocked(client, state);
    }

    /// <summary>Run the waiting requests of all ready keys, until no key is ready any more.</summary>
    public void ServeReady()
    {
        while (ready.Count > 0)
        {
            serving.Clear();
            serving.AddRange(ready);
            ready.Clear();
            foreach (var (db, key) in serving)
            {
                if (!queues.TryGetValue((db, key), out var queue)) continue;
                foreach (var client in queue.ToArray()) Serve(client, db, key);
            }
        }
    }

    private void Serve(Client client, int db, byte[] key)
    {
        if (client.Blocked is not { } state || state.Db != db) return;
        if (!state.ServeOnRemoval && engine.TypeOf(db, key) != state.Type) return;
        engine.Executor.RunBlocked(client, state);
    }

    private sealed class DbKeyComparer(ByteKeyComparer bytes) : IEqualityComparer<(int Db, byte[] Key)>
    {
        public bool Equals((int Db, byte[] Key) x, (int Db, byte[] Key) y) => x.Db == y.Db && bytes.Equals(x.Key, y.Key);

        public int GetHashCode((int Db, byte[] Key) obj) => bytes.GetHashCode(obj.Key.AsSpan()) ^ obj.Db;
    }
}

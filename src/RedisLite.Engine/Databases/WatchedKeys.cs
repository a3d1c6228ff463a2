namespace RedisLite.Engine.Databases;

/// <summary>One key that one client watches.</summary>
internal sealed class WatchedKey(Client client, int db, byte[] key, bool expiredWhenWatched)
{
    public Client Client { get; } = client;

    public int Db { get; set; } = db;

    public byte[] Key { get; } = key;

    /// <summary>The key is there but was already past its expiry when the watch began: its disappearance is then no change.</summary>
    public bool ExpiredWhenWatched { get; set; } = expiredWhenWatched;
}

/// <summary>WATCH of one database: key to the clients that watch it. Empty almost always, and then it costs one test.</summary>
internal sealed class WatchedKeys(ByteKeyComparer comparer)
{
    private readonly Dictionary<byte[], List<WatchedKey>> watchers = new(comparer);

    public int Count => watchers.Count;

    public void Add(WatchedKey watch)
    {
        if (!watchers.TryGetValue(watch.Key, out var list)) watchers.Add(watch.Key, list = []);
        list.Add(watch);
        watch.Client.Watching.Add(watch);
        watch.Client.Hold(watch.Key);
    }

    public void Remove(WatchedKey watch)
    {
        watch.Client.LetGo(watch.Key);
        if (!watchers.TryGetValue(watch.Key, out var list)) return;
        list.Remove(watch);
        if (list.Count == 0) watchers.Remove(watch.Key);
    }

    /// <summary>The key changed: every transaction that watches it will fail.</summary>
    public void Touch(ReadOnlySpan<byte> key)
    {
        if (watchers.Count == 0 || !watchers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var list)) return;
        foreach (var watch in list) watch.Client.Set(ClientFlags.DirtyCas);
    }

    /// <summary>The server removed the key: a change for those who saw it alive.</summary>
    public void TouchRemoved(ReadOnlySpan<byte> key)
    {
        if (watchers.Count == 0 || !watchers.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var list)) return;
        foreach (var watch in list)
        {
            if (watch.ExpiredWhenWatched) watch.ExpiredWhenWatched = false;
            else watch.Client.Set(ClientFlags.DirtyCas);
        }
    }

    /// <summary>All keys may have changed (FLUSHDB, SWAPDB): touch those that <paramref name="affected"/> names.</summary>
    public void TouchAll(Func<WatchedKey, bool> affected)
    {
        foreach (var list in watchers.Values)
        {
            foreach (var watch in list)
            {
                if (affected(watch)) watch.Client.Set(ClientFlags.DirtyCas);
            }
        }
    }
}

namespace RedisLite.Engine.Transactions;

/// <summary>Leaving MULTI, and forgetting what is watched: the same steps for EXEC, DISCARD, RESET and a lost connection.</summary>
internal static class TransactionState
{
    public static void Discard(Client client)
    {
        client.Multi = null;
        client.Clear(ClientFlags.InMulti | ClientFlags.DirtyCas | ClientFlags.DirtyExec);
        Unwatch(client);
    }

    public static void Unwatch(Client client)
    {
        foreach (var watch in client.Watching) client.Engine.Databases[watch.Db].Watched.Remove(watch);
        client.Watching.Clear();
        client.Clear(ClientFlags.DirtyCas);
    }

    /// <summary>A watched key expired without anybody touching it: that is a change too.</summary>
    public static bool HasExpiredWatch(CommandContext ctx)
    {
        foreach (var watch in ctx.Client.Watching)
        {
            if (!watch.ExpiredWhenWatched && ctx.Engine.IsPastExpiry(watch.Db, watch.Key)) return true;
        }

        return false;
    }
}

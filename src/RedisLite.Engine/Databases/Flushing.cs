using RedisLite.Data;

namespace RedisLite.Engine.Databases;

/// <summary>Changes of whole databases: emptying and exchanging them, with what watchers and waiting clients must learn of it.</summary>
internal static class Flushing
{
    /// <summary>Returns the number of keys that are gone.</summary>
    public static long Flush(CommandContext ctx, Database db, bool lazy)
    {
        var removed = db.Keys.Count;
        TouchWatchers(ctx, db, other: null);
        db.Keys.Clear(lazy);
        db.AverageTtlMs = 0;
        ctx.Engine.Blocked.SignalAll(db.Index);
        return removed;
    }

    /// <summary>All of them, which clients that track keys are told.</summary>
    public static long FlushAll(CommandContext ctx, bool lazy)
    {
        long removed = 0;
        foreach (var db in ctx.Engine.Databases) removed += Flush(ctx, db, lazy);
        ctx.Engine.Tracking.KeysFlushed();
        return removed;
    }

    public static void Swap(CommandContext ctx, Database first, Database second)
    {
        TouchWatchers(ctx, first, second);
        TouchWatchers(ctx, second, first);
        first.SwapWith(second);
        ctx.Engine.Blocked.SignalAll(first.Index);
        ctx.Engine.Blocked.SignalAll(second.Index);
    }

    /// <summary>
    /// A watched key is touched when it was there or will be there, where being past the expiry counts as absence: a key that was already past it
    /// when the watch began and goes now, or that another one past it takes the place of, has not changed.
    /// </summary>
    private static void TouchWatchers(CommandContext ctx, Database db, Database? other)
    {
        if (db.Watched.Count == 0) return;
        var entry = new Entry();
        db.Watched.TouchAll(watch =>
        {
            var here = db.FindRaw(watch.Key, entry);
            var there = other is not null && other.FindRaw(watch.Key, entry);
            var thereAlive = there && (!entry.HasExpiry || entry.ExpireAtMs > ctx.NowMs);
            if (watch.ExpiredWhenWatched || !here)
            {
                watch.ExpiredWhenWatched = there && !thereAlive;
                return thereAlive;
            }

            return true;
        });
    }
}

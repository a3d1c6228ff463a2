using RedisLite.Engine.Databases;
using RedisLite.Engine.Transactions;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing itself is a matter of the gate; EXEC runs the queue as one unit, so its effects reach
/// the sinks together and nobody else runs in between.
/// </summary>
internal static class TransactionCommands
{
    public static CommandSpec[] Table() =>
    [
        new("DISCARD", 1, Discard, NoScript | Loading | Stale | Fast | AllowBusy, "")
        { Acl = AclCategory.Transaction, Since = "2.0.0", Summary = "Throws the queued commands of a transaction away.",
          Complexity = "O(N) in the number of queued commands" },
        new("EXEC", 1, Exec, NoScript | Loading | Stale | SkipSlowlog, "")
        { Acl = AclCategory.Transaction, Since = "1.2.0", Summary = "Runs the queued commands of a transaction.",
          Complexity = "The sum of its commands" },
        new("MULTI", 1, Multi, NoScript | Loading | Stale | Fast | AllowBusy, "")
        { Acl = AclCategory.Transaction, Since = "1.2.0", Summary = "Begins a transaction: what follows is queued.", Complexity = "O(1)" },
        new("UNWATCH", 1, Unwatch, NoScript | Loading | Stale | Fast | AllowBusy, "")
        { Acl = AclCategory.Transaction, Since = "2.2.0", Summary = "Forgets all watched keys.",
          Complexity = "O(N) in the number of watched keys" },
        new("WATCH", -2, Watch, NoScript | Loading | Stale | Fast | AllowBusy, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO)], Acl = AclCategory.Transaction, Since = "2.2.0",
          Summary = "Watches keys: the next EXEC fails if one of them changes before.", Complexity = "O(1) for each key" },
    ];

    private static void Multi(CommandContext ctx)
    {
        if (ctx.Client.Has(ClientFlags.InMulti))
        {
            ctx.Fail("ERR MULTI calls can not be nested");
            return;
        }

        ctx.Client.Multi = new Transaction();
        ctx.Client.Set(ClientFlags.InMulti);
        ctx.Reply.Ok();
    }

    private static void Discard(CommandContext ctx)
    {
        if (!ctx.Client.Has(ClientFlags.InMulti))
        {
            ctx.Fail("ERR DISCARD without MULTI");
            return;
        }

        TransactionState.Discard(ctx.Client);
        ctx.Reply.Ok();
    }

    private static void Exec(CommandContext ctx)
    {
        var client = ctx.Client;
        if (!client.Has(ClientFlags.InMulti))
        {
            ctx.Fail("ERR EXEC without MULTI");
            return;
        }

        var expired = TransactionState.HasExpiredWatch(ctx);
        var transaction = client.Multi!;
        var aborted = client.Has(ClientFlags.DirtyExec);
        var dirty = client.Has(ClientFlags.DirtyCas) || expired;
        TransactionState.Discard(client);
        if (aborted)
        {
            ctx.Fail(Errors.ExecAbort);
            return;
        }

        if (dirty)
        {
            ctx.Reply.NullArray();
            return;
        }

        client.Multi = transaction;                 // CLIENT LIST shows the queue until it has run
        ctx.Reply.Array(transaction.Queue.Count);
        foreach (var request in transaction.Queue) ctx.Engine.Executor.RunQueued(client, ctx.Reply, request);
        client.Multi = null;
    }

    private static void Watch(CommandContext ctx)
    {
        if (ctx.Client.Has(ClientFlags.InMulti))
        {
            ctx.Fail("ERR WATCH inside MULTI is not allowed");
            return;
        }

        for (var i = 1; i < ctx.Argc && !ctx.Client.Has(ClientFlags.DirtyCas); i++) WatchKey(ctx, ctx.Arg(i));
        ctx.Reply.Ok();
    }

    private static void WatchKey(CommandContext ctx, ReadOnlySpan<byte> key)
    {
        foreach (var watched in ctx.Client.Watching)
        {
            if (watched.Db == ctx.Db.Index && key.SequenceEqual(watched.Key)) return;
        }

        ctx.Db.Watched.Add(new WatchedKey(ctx.Client, ctx.Db.Index, key.ToArray(), ctx.Engine.IsPastExpiry(ctx.Db.Index, key)));
    }

    private static void Unwatch(CommandContext ctx)
    {
        TransactionState.Unwatch(ctx.Client);
        ctx.Reply.Ok();
    }
}

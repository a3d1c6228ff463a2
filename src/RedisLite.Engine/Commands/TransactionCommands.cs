using RedisLite.Engine.Databases;
using RedisLite.Engine.Transactions;

namespace RedisLite.Engine.Commands;

/// <summary>
/// MULTI, EXEC, DISCARD, WATCH, UNWATCH. Queueing itself is a matter of the gate; EXEC runs the queue as one unit, so its effects reach
/// the sinks together and nobody else runs in between.
/// </summary>
internal static class TransactionCommands
{
//ROWS
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
        var queue = client.Multi!.Queue;
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

        ctx.Reply.Array(queue.Count);
        foreach (var request in queue) ctx.Engine.Executor.RunNested(client, ctx.Reply, request, inTransaction: true);
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

using RedisLite.Engine.Durability;
using RedisLite.Engine.Waiting;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Replication as a lone primary sees it: WAIT waits for replicas that do not come, WAITAOF for them and for our own disk.</summary>
internal static class ReplicationCommands
{
    public static CommandSpec[] Table() =>
    [
        new("WAIT", 3, Wait, None, "numreplicas timeout:int")
        { Acl = AclCategory.Connection, Since = "3.0.0", Tips = ["request_policy:all_shards", "response_policy:agg_min"],
          Summary = "Waits until so many replicas have acknowledged the writes of this connection.", Complexity = "O(1)" },
        new("WAITAOF", 4, WaitAof, NoScript, "numlocal:int numreplicas timeout:int")
        { Acl = AclCategory.Connection, Since = "7.2.0", Tips = ["request_policy:all_shards", "response_policy:agg_min"],
          Summary = "Waits until the writes of this connection are synced to our own disk, and to those of so many replicas.", Complexity = "O(1)" },
    ];

    private static void Wait(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(1);
        var replicas = args.NextInt64();
        var timeoutMs = NextTimeoutMs(ctx, ref args);
        if (args.Failed()) return;

        if (replicas <= 0 || ctx.MayNotBlock) ctx.Reply.Integer(0);
        else ctx.Block(ValueType.String, firstKey: 1, lastKey: 0, timeoutMs, BlockedNull.Zero);       // for no key: only time ends it
    }

    private static void WaitAof(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(1);
        var local = args.NextInt64();
        if (local is < 0 or > 1) args.Fail(Errors.NotBetween(0, 1));
        var replicas = args.NextCount(Errors.NotPositive);
        var timeoutMs = NextTimeoutMs(ctx, ref args);
        if (args.Failed()) return;

        var aof = ctx.Engine.Durability.Aof;
        if (local > 0 && aof.State == AofState.Off)
        {
            ctx.Fail("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
            return;
        }
        if (ctx.MayNotBlock || (replicas == 0 && aof.Waiters.CopiesOf(ctx.Client) >= local))
        {
            aof.Waiters.ReplyCopies(ctx.Client);
            return;
        }
        ctx.Block(ValueType.String, firstKey: 1, lastKey: 0, timeoutMs, BlockedNull.AofCopies);
        aof.Waiters.Add(ctx.Client);
    }

    private static long NextTimeoutMs(CommandContext ctx, ref ArgReader args)
    {
        var timeoutMs = args.NextInt64("ERR timeout is not an integer or out of range");
        if (timeoutMs < 0) args.Fail(Errors.TimeoutNegative);
        if (timeoutMs > long.MaxValue - ctx.NowMs) args.Fail(Errors.TimeoutOutOfRange);
        return timeoutMs;
    }
}

using RedisLite.Engine.Durability;
using RedisLite.Engine.Waiting;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Replication as a lone primary sees it: WAIT waits for replicas that do not come, WAITAOF for them and for our own disk, FAILOVER finds nobody to hand over to,
/// REPLICAOF NO ONE changes nothing.
/// </summary>
internal static class ReplicationCommands
{
    private const string PrimaryChoice = "<args: <host-port: host port> | <no-one: NO ONE>>";

    public static CommandSpec[] Table() =>
    [
        new("FAILOVER", -1, Failover, Admin | NoScript | Stale, "[TO <target: host port [FORCE]>] [ABORT] [TIMEOUT milliseconds]")
        { Since = "6.2.0", Group = "server", Summary = "Hands the part of the master over to one of its replicas.", Complexity = "O(1)" },
        new("REPLICAOF", 3, ReplicaOf, Admin | NoScript | Stale | NoAsyncLoading, PrimaryChoice)
        { Since = "5.0.0", Group = "server", Summary = "Makes this server a replica of another one, or a master.", Complexity = "O(1)" },
        new("SLAVEOF", 3, ReplicaOf, Admin | NoScript | Stale | NoAsyncLoading, PrimaryChoice)
        { Since = "1.0.0", Group = "server", DeprecatedSince = "5.0.0", ReplacedBy = "REPLICAOF",
          Summary = "Makes this server a replica of another one, or a master.", Complexity = "O(1)" },
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

    private static void ReplicaOf(CommandContext ctx)
    {
        if (ctx.ArgIs(1, "NO"u8) && ctx.ArgIs(2, "ONE"u8))
        {
            ctx.Reply.Ok();
            return;
        }

        var args = ctx.ArgsFrom(2);
        args.NextInt64(0, 65535, "ERR Invalid master port");
        args.Fail("ERR replication is not supported yet");
        args.Failed();
    }

    private static void Failover(CommandContext ctx)
    {
        bool abort = false, force = false, hasTarget = false, hasTimeout = false;
        var args = ctx.ArgsFrom(1);
        while (args.More)
        {
            if (!hasTimeout && args.Left > 1 && args.Take("TIMEOUT"u8))
            {
                hasTimeout = true;
                if (args.NextInt64() <= 0) args.Fail("ERR FAILOVER timeout must be greater than 0");
            }
            else if (!hasTarget && args.Left > 2 && args.Take("TO"u8))
            {
                hasTarget = true;
                args.Next();
                args.NextInt64();
            }
            else if (ctx.Argc == 2 && args.Take("ABORT"u8)) abort = true;
            else if (!force && args.Take("FORCE"u8)) force = true;
            else args.Unexpected();
        }
        if (args.Failed()) return;

        ctx.Fail(abort ? "ERR No failover in progress." : "ERR FAILOVER requires connected replicas.");
    }
}

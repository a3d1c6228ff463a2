using RedisLite.Engine.Waiting;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Replication as a lone primary sees it: WAIT waits for replicas that do not come.</summary>
internal static class ReplicationCommands
{
    public static CommandSpec[] Table() =>
    [
        new("WAIT", 3, Wait, None, "numreplicas timeout:int")
        { Acl = AclCategory.Connection, Since = "3.0.0", Tips = ["request_policy:all_shards", "response_policy:agg_min"],
          Summary = "Waits until so many replicas have acknowledged the writes of this connection.", Complexity = "O(1)" },
    ];

    private static void Wait(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(1);
        var replicas = args.NextInt64();
        var timeoutMs = args.NextInt64("ERR timeout is not an integer or out of range");
        if (timeoutMs < 0) args.Fail(Errors.TimeoutNegative);
        if (timeoutMs > long.MaxValue - ctx.NowMs) args.Fail(Errors.TimeoutOutOfRange);
        if (args.Failed()) return;

        if (replicas <= 0 || ctx.MayNotBlock) ctx.Reply.Integer(0);
        else ctx.Block(ValueType.String, firstKey: 1, lastKey: 0, timeoutMs, BlockedNull.Zero);       // for no key: only time ends it
    }
}

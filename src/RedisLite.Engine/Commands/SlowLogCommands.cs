using System.Text;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>SLOWLOG.</summary>
internal static class SlowLogCommands
{
    private const int DefaultCount = 10;

    public static CommandSpec[] Table() =>
    [
        new("SLOWLOG", -2, null, None, "")
        {
            Since = "2.2.12", Summary = "Looks at the log of slow commands.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("GET", -2, SlowlogGet, Admin | Loading | Stale, "[count]")
                { Since = "2.2.12", Tips = ["request_policy:all_nodes", "nondeterministic_output"],
                  Summary = "Gives the newest entries of the slow log.", Complexity = "O(N) in the number of entries given back" },
                new("HELP", 2, SlowlogHelp, Loading | Stale, "")
                { Since = "6.2.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("LEN", 2, SlowlogLen, Admin | Loading | Stale, "")
                { Since = "2.2.12", Tips = ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
                  Summary = "Counts the entries of the slow log.", Complexity = "O(1)" },
                new("RESET", 2, SlowlogReset, Admin | Loading | Stale, "")
                { Since = "2.2.12", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"], Summary = "Empties the slow log.",
                  Complexity = "O(N) in the number of entries" },
            ],
        },
    ];

    private static void SlowlogGet(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(2);
        const string range = "ERR count should be greater than or equal to -1";
        var count = args.More ? args.NextInt64(range) : DefaultCount;
        if (count < -1) args.Fail(range);
        if (args.More) args.Fail($"ERR unknown subcommand or wrong number of arguments for '{ctx.ArgText(1)}'. Try SLOWLOG HELP.");
        if (args.Failed()) return;

        var log = ctx.Engine.SlowLog;
        var left = count == -1 ? log.Count : (int)Math.Min(count, log.Count);
        ctx.Reply.Array(left);
        foreach (var entry in log.Entries.Take(left))
        {
            ctx.Reply.Array(6);
            ctx.Reply.Integer(entry.Id);
            ctx.Reply.Integer(entry.UnixSeconds);
            ctx.Reply.Integer(entry.Microseconds);
            ctx.Reply.Array(entry.Args.Length);
            foreach (var arg in entry.Args) ctx.Reply.Bulk(arg);
            ctx.Reply.Bulk(entry.ClientAddress);
            ctx.Reply.Bulk(Encoding.UTF8.GetBytes(entry.ClientName));
        }
    }

    private static void SlowlogLen(CommandContext ctx) => ctx.Reply.Integer(ctx.Engine.SlowLog.Count);

    private static void SlowlogReset(CommandContext ctx)
    {
        ctx.Engine.SlowLog.Clear();
        ctx.Reply.Ok();
    }

    private static void SlowlogHelp(CommandContext ctx) => HelpText.Reply(ctx, "SLOWLOG",
        "GET [<count>]", "    The newest entries (10 unless told; -1 means all). An entry holds:",
        "    id, Unix time, microseconds, arguments, client address, client name",
        "LEN", "    The number of entries.",
        "RESET", "    Forget all entries.");
}

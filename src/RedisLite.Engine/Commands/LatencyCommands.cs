using RedisLite.Engine.Info;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>LATENCY: spikes by event, and how long commands take.</summary>
internal static class LatencyCommands
{
    /// <summary>HISTOGRAM counts up to 1.024, 2.048, 4.096 … microseconds.</summary>
    private const long FirstBorderNs = 1024;

    public static CommandSpec[] Table() =>
    [
        new("LATENCY", -2, null, None, "")
        {
            Since = "2.8.13", Summary = "Looks into what made the server slow.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("DOCTOR", 2, LatencyDoctor, Admin | NoScript | Loading | Stale, "")
                { Since = "2.8.13", Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
                  Summary = "Reads the latency events and gives advice in words.", Complexity = "O(1)" },
                new("GRAPH", 3, LatencyGraph, Admin | NoScript | Loading | Stale, "event")
                { Since = "2.8.13", Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
                  Summary = "Draws the latency of an event as a small text chart.", Complexity = "O(1)" },
                new("HELP", 2, LatencyHelp, Loading | Stale, "")
                { Since = "2.8.13", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("HISTOGRAM", -2, LatencyHistogram, Admin | NoScript | Loading | Stale, "[command [command ...]]")
                { Since = "7.0.0", Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
                  Summary = "Gives how many calls of each command took how long.", Complexity = "O(N) in the number of commands asked for" },
                new("HISTORY", 3, LatencyHistory, Admin | NoScript | Loading | Stale, "event")
                { Since = "2.8.13", Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
                  Summary = "Gives the recorded times of an event.", Complexity = "O(1)" },
                new("LATEST", 2, LatencyLatest, Admin | NoScript | Loading | Stale, "")
                { Since = "2.8.13", Tips = ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
                  Summary = "Gives the latest and the worst time of each event.", Complexity = "O(1)" },
                new("RESET", -2, LatencyReset, Admin | NoScript | Loading | Stale, "[event [event ...]]")
                { Since = "2.8.13", Tips = ["request_policy:all_nodes", "response_policy:agg_sum"],
                  Summary = "Forgets the recorded times of events.", Complexity = "O(1)" },
            ],
        },
    ];

    private static void LatencyLatest(CommandContext ctx)
    {
        var events = ctx.Engine.Latency.Events;
        ctx.Reply.Array(events.Count);
        foreach (var (name, spikes) in events)
        {
            ctx.Reply.Array(4);
            ctx.Reply.Bulk(name);
            ctx.Reply.Integer(spikes.Last.Second);
            ctx.Reply.Integer(spikes.Last.Ms);
            ctx.Reply.Integer(spikes.WorstMs);
        }
    }

    private static void LatencyHistory(CommandContext ctx)
    {
        var spikes = ctx.Engine.Latency.Events.GetValueOrDefault(ctx.ArgText(2))?.Samples.ToArray() ?? [];
        ctx.Reply.Array(spikes.Length);
        foreach (var (second, ms) in spikes)
        {
            ctx.Reply.Array(2);
            ctx.Reply.Integer(second);
            ctx.Reply.Integer(ms);
        }
    }

    private static void LatencyReset(CommandContext ctx)
    {
        var events = ctx.Engine.Latency.Events;
        var count = events.Count;
        if (ctx.Argc == 2) events.Clear();
        else
        {
            for (var i = 2; i < ctx.Argc; i++) events.Remove(ctx.ArgText(i));
            count -= events.Count;
        }

        ctx.Reply.Integer(count);
    }

    private static void LatencyGraph(CommandContext ctx)
    {
        var name = ctx.ArgText(2);
        if (ctx.Engine.Latency.Events.TryGetValue(name, out var spikes)) Text(ctx, LatencyText.Graph(name, spikes, ctx.NowMs / 1000));
        else ctx.Fail($"ERR No samples available for event '{name}'");
    }

    private static void LatencyDoctor(CommandContext ctx) => Text(ctx, LatencyText.Diagnose(ctx.Engine));

    private static void Text(CommandContext ctx, string text) => ctx.Reply.Verbatim(System.Text.Encoding.UTF8.GetBytes(text), "txt"u8);

    private static void LatencyHistogram(CommandContext ctx)
    {
        var mark = ctx.Reply.DeferMap();
        var count = 0;
        if (ctx.Argc == 2)
        {
            foreach (var spec in ctx.Engine.Commands.All) count += ReplyHistogram(ctx, spec);
        }

        for (var i = 2; i < ctx.Argc; i++)
        {
            if (ctx.Engine.Commands.FindPath(ctx.Arg(i)) is not { } spec) continue;
            count += ReplyHistogram(ctx, spec);
            foreach (var sub in spec.Subcommands) count += ReplyHistogram(ctx, sub);
        }

        ctx.Reply.EndMap(mark, count);
    }

    /// <summary>1 when there was something to tell.</summary>
    private static int ReplyHistogram(CommandContext ctx, CommandSpec spec)
    {
        if (spec.Latency is not { Count: > 0 } histogram) return 0;
        ctx.Reply.Bulk(spec.FullName);
        ctx.Reply.Map(2);
        ctx.Reply.Bulk("calls"u8);
        ctx.Reply.Integer(histogram.Count);
        ctx.Reply.Bulk("histogram_usec"u8);
        var mark = ctx.Reply.DeferMap();
        long before = 0;
        var borders = 0;
        for (var border = FirstBorderNs; before < histogram.Count; border *= 2)
        {
            var highest = border + (border >> 7) - 1;              // the border's bucket counts with it, as in Redis's histogram
            var upTo = histogram.CountUpTo(highest);
            if (upTo == before) continue;
            ctx.Reply.Integer(highest / 1000);
            ctx.Reply.Integer(upTo);
            before = upTo;
            borders++;
        }

        ctx.Reply.EndMap(mark, borders);
        return 1;
    }

    private static void LatencyHelp(CommandContext ctx) => HelpText.Reply(ctx, "LATENCY",
        "DOCTOR", "    Read the events and give advice in words.",
        "GRAPH <event>", "    Draw the spikes of an event.",
        "HISTORY <event>", "    The spikes of an event with their times.",
        "LATEST", "    The latest and the worst spike of each event.",
        "RESET [<event> ...]", "    Forget the spikes of these events.", "    (default: of all events)",
        "HISTOGRAM [COMMAND ...]", "    For each of these commands, how many calls took up to how many microseconds.",
        "    If no commands are specified then all histograms are replied.");
}

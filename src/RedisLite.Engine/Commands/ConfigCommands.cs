using RedisLite.Engine.Config;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>CONFIG: read and change the settings of the running server, keep them in the file, forget the statistics.</summary>
internal static class ConfigCommands
{
    private const CommandFlags Sub = Admin | NoScript | Loading | Stale;

    private static readonly string[] EveryNode = ["request_policy:all_nodes", "response_policy:all_succeeded"];

    public static CommandSpec[] Table() =>
    [
        new("CONFIG", -2, null, None, "")
        {
            Since = "2.0.0", Summary = "Reads and changes the configuration.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("GET", -3, ConfigGet, Sub, "parameter [parameter ...]")
                { Since = "2.0.0", Summary = "Gives the values of the directives that match.", History = [("7.0.0", "Takes several patterns.")],
                  Complexity = "O(N) in the number of patterns, times the number of directives for those with wildcards" },
                new("HELP", 2, ConfigHelp, Loading | Stale, "")
                { Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("RESETSTAT", 2, ConfigResetStat, Sub, "")
                { Since = "2.0.0", Tips = EveryNode, Summary = "Sets the statistics of INFO back to zero.", Complexity = "O(1)" },
                new("REWRITE", 2, ConfigRewrite, Sub, "")
                { Since = "2.8.0", Tips = EveryNode, Summary = "Brings the configuration file up to date with the running server.", Complexity = "O(1)" },
                new("SET", -4, ConfigSet, Sub, "<data: parameter value> [...]")
                { Since = "2.0.0", Tips = EveryNode, Summary = "Changes directives, all of them or none.",
                  History = [("7.0.0", "Takes several directives.")], Complexity = "O(N) in the number of directives" },
            ],
        },
    ];

    private static void ConfigGet(CommandContext ctx)
    {
        var patterns = new string[ctx.Argc - 2];
        for (var i = 0; i < patterns.Length; i++) patterns[i] = ConfigText.Decode(ctx.Arg(i + 2));

        var found = ctx.Config.Get(patterns);
        ctx.Reply.Map(found.Count);
        foreach (var (name, value) in found)
        {
            ctx.Reply.Bulk(ConfigText.Encode(name));
            ctx.Reply.Bulk(ConfigText.Encode(value));
        }
    }

    private static void ConfigSet(CommandContext ctx)
    {
        if (ctx.Argc % 2 != 0)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var pairs = new KeyValuePair<string, string>[(ctx.Argc - 2) / 2];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(ConfigText.Decode(ctx.Arg(2 * i + 2)), ConfigText.Decode(ctx.Arg(2 * i + 3)));
            if (DirectiveTable.TryFind(pairs[i].Key, out var directive) && directive.Is(DirectiveFlags.Sensitive)) ctx.HideArg(2 * i + 3);
        }

        var access = new ConfigAccess(Permits(ctx, ctx.Config.EnableProtectedConfigs), ctx.Engine.IsLoading);
        if (ctx.Config.TrySet(pairs, access, out var error)) ctx.Reply.Ok();
        else ctx.Fail(error);
    }

    /// <summary>What "yes", "no" or "local" says to this client; DEBUG and MODULE are guarded the same way.</summary>
    public static bool Permits(CommandContext ctx, GuardedAccess guard) =>
        guard == GuardedAccess.Yes || (guard == GuardedAccess.Local && ctx.Engine.IsLocal(ctx.Client));

    private static void ConfigRewrite(CommandContext ctx) => Rewrite(ctx, all: false);

    /// <param name="all">Also what is as it is by default: DEBUG CONFIG-REWRITE-FORCE-ALL, which proves that all can be read back.</param>
    public static void Rewrite(CommandContext ctx, bool all)
    {
        if (ctx.Config.ConfigFile.Length == 0)
        {
            ctx.Fail("ERR The server is running without a config file");
            return;
        }

        try
        {
            // Users of an ACL file are no matter of the configuration file.
            var users = ctx.Engine.AclFile.IsConfigured ? [] : ctx.Engine.Accounts.All.Select(static user => ConfigText.Decode(System.Text.Encoding.Latin1.GetBytes(user.ToString())));
            ConfigRewriter.Rewrite(ctx.Config, ctx.Engine.Environment.Storage, users, all);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ctx.Engine.Log.Write(LogLevel.Warning, "CONFIG REWRITE failed: " + e.Message);
            ctx.Fail("ERR Rewriting config file: " + e.Message);
            return;
        }

        ctx.Engine.Log.Write(LogLevel.Notice, "CONFIG REWRITE executed with success.");
        ctx.Reply.Ok();
    }

    private static void ConfigResetStat(CommandContext ctx)
    {
        ctx.Engine.Stats.Reset();
        ctx.Engine.Stats.LazyFreedAtReset = ctx.Engine.Heap.LazyFreed;
        ctx.Engine.LoopTimes.Reset();
        ctx.Engine.Rates.Reset();
        ctx.Engine.Eviction.ResetTimes();
        foreach (var command in ctx.Engine.Commands.All) command.ResetStatistics();
        ctx.Reply.Ok();
    }

    private static void ConfigHelp(CommandContext ctx) => HelpText.Reply(ctx, "CONFIG",
        "GET <pattern> [<pattern> ...]", "    The directives whose name matches, with their values.",
        "SET <directive> <value> [<directive> <value> ...]", "    Change directives, all or none.",
        "RESETSTAT", "    Set the statistics of INFO to zero.",
        "REWRITE", "    Bring the configuration file up to date.");
}

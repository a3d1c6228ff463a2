using System.Text;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using RedisLite.Engine.Info;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>The server as a whole: what it holds, what it tells about itself, how it stops. SLOWLOG, LATENCY, MEMORY, DEBUG have their own files.</summary>
internal static class ServerCommands
{
    public static CommandSpec[] Table() =>
    [
        new("DBSIZE", 1, DbSize, ReadOnly | Fast, "")
        { Acl = AclCategory.Keyspace, Since = "1.0.0", Tips = ["request_policy:all_shards", "response_policy:agg_sum"],
          Summary = "Counts the keys of the database.", Complexity = "O(1)" },
        new("FLUSHALL", -1, FlushAll, Write, "[flush-type: ASYNC@4.0.0 | SYNC@6.2.0]")
        { Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0",
          Tips = ["request_policy:all_shards", "response_policy:all_succeeded"], Summary = "Removes all keys of all databases.",
          Complexity = "O(N) in the number of keys" },
        new("FLUSHDB", -1, FlushDb, Write, "[flush-type: ASYNC@4.0.0 | SYNC@6.2.0]")
        { Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0",
          Tips = ["request_policy:all_shards", "response_policy:all_succeeded"], Summary = "Removes all keys of the database.",
          Complexity = "O(N) in the number of keys" },
        new("INFO", -1, Info, Loading | Stale, "[section [section ...]]")
        { Acl = AclCategory.Dangerous, Since = "1.0.0",
          Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
          Summary = "Gives facts and statistics about the server as text, by section.", Complexity = "O(1)" },
        new("LOLWUT", -1, LolWut, ReadOnly | Fast, "[VERSION version:int]")
        { Since = "5.0.0", Summary = "Draws a piece of computer art and tells the version.", Complexity = "O(1)" },
        new("MONITOR", 1, Monitor, Admin | NoScript | Loading | Stale, "")
        { Since = "1.0.0", Summary = "Streams every command that the server runs.", Complexity = "O(1) to begin" },
        new("ROLE", 1, Role, NoScript | Loading | Stale | Fast, "")
        { Acl = AclCategory.Admin | AclCategory.Dangerous, Since = "2.8.12",
          Summary = "Tells whether this is a master or a replica, and of whom.", Complexity = "O(1)" },
        new("SHUTDOWN", -1, Shutdown, Admin | NoScript | Loading | Stale | NoMulti | AllowBusy,
            "[save-selector: NOSAVE | SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]")
        { Since = "1.0.0", Summary = "Saves if configured so, and stops the server.",
          Complexity = "O(N) when saving, N the total number of keys; else O(1)" },
        new("SWAPDB", 3, SwapDb, Write | Fast, "index1:int index2:int")
        { Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "4.0.0", Summary = "Exchanges two databases.",
          Complexity = "O(N) in the clients that watch or wait for keys of either" },
        new("TIME", 1, Time, Loading | Stale | Fast, "")
        { Since = "2.6.0", Tips = ["nondeterministic_output"], Summary = "Gives the server's time as Unix seconds and microseconds.",
          Complexity = "O(1)" },
        new("MODULE", -2, null, None, "")
        {
            Since = "4.0.0", Summary = "Module commands; there are no modules here.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("HELP", 2, ModuleHelp, Loading | Stale, "")
                { Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("LIST", 2, ModuleList, Admin | NoScript, "")
                { Since = "4.0.0", Tips = ["nondeterministic_output_order"], Summary = "Gives the loaded modules.",
                  Complexity = "O(N) in the number of modules" },
                new("LOAD", -3, ModuleLoad, Admin | NoScript | NoAsyncLoading | Protected, "path [arg [arg ...]]")
                { Since = "4.0.0", Summary = "Loads a module.", Complexity = "O(1)" },
                new("LOADEX", -3, ModuleLoadEx, Admin | NoScript | NoAsyncLoading | Protected,
                    "path [CONFIG <configs: name value> [CONFIG name value ...]] [ARGS args [args ...]]")
                { Since = "7.0.0", Summary = "Loads a module with configuration.", Complexity = "O(1)" },
                new("UNLOAD", 3, ModuleUnload, Admin | NoScript | NoAsyncLoading | Protected, "name")
                { Since = "4.0.0", Summary = "Unloads a module.", Complexity = "O(1)" },
            ],
        },
    ];

    private static void Info(CommandContext ctx)
    {
        var sections = new string[ctx.Argc - 1];
        for (var i = 0; i < sections.Length; i++) sections[i] = ctx.ArgText(i + 1).ToLowerInvariant();
        ctx.Reply.Verbatim(InfoSections.Write(ctx.Engine, sections), "txt"u8);
    }

    private static void DbSize(CommandContext ctx) => ctx.Reply.Integer(ctx.Db.Keys.Count);

    private static void Time(CommandContext ctx)
    {
        var now = ctx.Engine.Clock.NowUs;
        ctx.Reply.Array(2);
        ctx.Reply.BulkLong(now / 1_000_000);
        ctx.Reply.BulkLong(now % 1_000_000);
    }

    private static void Role(CommandContext ctx)
    {
        ctx.Reply.Array(3);
        ctx.Reply.Bulk("master"u8);
        ctx.Reply.Integer(0);
        ctx.Reply.Array(0);
    }

    // ---- whole databases --------------------------------------------------------------------------------------------

    private static void FlushDb(CommandContext ctx)
    {
        if (!TryFlushMode(ctx, out var lazy)) return;
        ctx.CountChanges(Flushing.Flush(ctx, ctx.Db, lazy));
        ctx.Engine.Tracking.KeysFlushed();
        ctx.PropagateRequestAnyway();
        ctx.Reply.Ok();
    }

    private static void FlushAll(CommandContext ctx)
    {
        if (!TryFlushMode(ctx, out var lazy)) return;
        var removed = Flushing.FlushAll(ctx, lazy);
        ctx.PropagateRequestAnyway();
        if (!ctx.Engine.Durability.AllFlushed()) ctx.CountChanges(removed);
        ctx.Reply.Ok();
    }

    private static bool TryFlushMode(CommandContext ctx, out bool lazy)
    {
        lazy = ctx.Config.LazyfreeLazyUserFlush;
        if (ctx.Argc == 1) return true;
        lazy = ctx.ArgIs(1, "ASYNC"u8);
        if (ctx.Argc == 2 && (lazy || ctx.ArgIs(1, "SYNC"u8))) return true;
        ctx.Fail(Errors.Syntax);
        return false;
    }

    private static void SwapDb(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(1);
        var first = args.NextInt64(int.MinValue, int.MaxValue, "ERR invalid first DB index");
        var second = args.NextInt64(int.MinValue, int.MaxValue, "ERR invalid second DB index");
        var databases = ctx.Engine.Databases;
        if (first < 0 || first >= databases.Length || second < 0 || second >= databases.Length) args.Fail(Errors.DbIndexOutOfRange);
        if (args.Failed()) return;

        if (first != second) Flushing.Swap(ctx, databases[(int)first], databases[(int)second]);
        ctx.CountChanges(1);
        ctx.Reply.Ok();
    }

    // ---- MONITOR, SHUTDOWN, LOLWUT ----------------------------------------------------------------------------------

    private static void Monitor(CommandContext ctx)
    {
        if (ctx.MayNotBlock)
        {
            ctx.Fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
            return;
        }

        if (!ctx.Client.Has(ClientFlags.Monitor)) ctx.Engine.Monitors.Add(ctx.Client);
        ctx.Reply.Ok();
    }

    private static void Shutdown(CommandContext ctx)
    {
        var options = ShutdownOptions.Default;
        var abort = false;
        var args = ctx.ArgsFrom(1);
        while (args.More)
        {
            if (args.Take("SAVE"u8)) options |= ShutdownOptions.Save;
            else if (args.Take("NOSAVE"u8)) options |= ShutdownOptions.NoSave;
            else if (args.Take("NOW"u8)) options |= ShutdownOptions.Now;
            else if (args.Take("FORCE"u8)) options |= ShutdownOptions.Force;
            else if (args.Take("ABORT"u8)) abort = true;
            else args.Unexpected();
        }

        const ShutdownOptions contradiction = ShutdownOptions.Save | ShutdownOptions.NoSave;
        if ((options & contradiction) == contradiction || (abort && options != ShutdownOptions.Default)) args.Unexpected();
        if ((options & ShutdownOptions.Now) == 0 && !abort && ctx.MayNotBlock) args.Fail("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
        var run = ctx.Engine.Scripts.Run;
        if (run.IsBusy && (options & ShutdownOptions.NoSave) == 0) args.Fail(run.IsFunction ? Errors.BusyFunction : Errors.BusyScript);
        if (args.Failed()) return;

        if (abort)
        {
            if (ctx.Engine.Shutdown.TryAbort()) ctx.Reply.Ok();
            else ctx.Fail("ERR No shutdown in progress.");
        }
        else if (!ctx.Engine.Shutdown.TryBegin(options))
        {
            ctx.Fail("ERR Errors trying to SHUTDOWN. Check logs.");
        }
    }

    private static void LolWut(CommandContext ctx)
    {
        // As in Redis, arguments are only looked at strictly when a version is asked for. There is one picture for all versions.
        var args = ctx.ArgsFrom(1);
        long columns = Tide.DefaultColumns, rows = Tide.DefaultRows;
        var strict = args.Left > 1 && args.Take("VERSION"u8);
        if (strict) args.NextInt64();
        if (args.More) columns = args.NextInt64();
        if (args.More) rows = args.NextInt64();
        if (strict && args.Failed()) return;
        if (args.HasFailed) (columns, rows) = (Tide.DefaultColumns, Tide.DefaultRows);
        var picture = Tide.Draw(ctx.Engine.Environment.Random, columns, rows);
        var version = $"\nRedis ver. {ServerVersion.Redis} (RedisLite {ServerVersion.Own})\n";
        ctx.Reply.Verbatim(Encoding.ASCII.GetBytes(picture + version), "txt"u8);
    }

    // ---- MODULE -----------------------------------------------------------------------------------------------------

    private static void ModuleList(CommandContext ctx) => ctx.Reply.Array(0);

    private static void ModuleLoad(CommandContext ctx) => RefuseModule(ctx);

    private static void ModuleLoadEx(CommandContext ctx) => RefuseModule(ctx);

    private static void RefuseModule(CommandContext ctx)
    {
        ctx.Engine.Log.Write(LogLevel.Warning, $"Module {ctx.ArgText(2)} failed to load: native modules are not supported.");
        ctx.Fail("ERR Error loading the extension. Please check the server logs.");
    }

    private static void ModuleUnload(CommandContext ctx) => ctx.Fail("ERR Error unloading module: no such module with that name");

    private static void ModuleHelp(CommandContext ctx) => HelpText.Reply(ctx, "MODULE",
        "LIST", "    The loaded modules: none, there is no place for native code here.",
        "LOAD <path> [<arg> ...]", "    Refused.",
        "LOADEX <path> [[CONFIG NAME VALUE]...] [ARGS ...]", "    Refused.",
        "UNLOAD <name>", "    Refused: no module has that name.");
}

using RedisLite.Engine.Scripting;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>EVAL and its kin, SCRIPT. What a script is and how it runs stands in <see cref="ScriptEngine"/>. FUNCTION and FCALL have a file of their own.</summary>
internal static class ScriptingCommands
{
    private const string NoScriptError = "NOSCRIPT No matching script. Please use EVAL.";

    public static CommandSpec[] Table() =>
    [
        new("EVAL", -3, Eval, NoScript | Stale | SkipMonitor | NoMandatoryKeys | MayReplicate, "script numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RW | Access | Update)], Acl = AclCategory.Scripting, Since = "2.6.0",
          Summary = "Runs a Lua script on the server.", Complexity = "Depends on the script" },
        new("EVALSHA", -3, EvalSha, NoScript | Stale | SkipMonitor | NoMandatoryKeys | MayReplicate, "sha1 numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RW | Access | Update)], Acl = AclCategory.Scripting, Since = "2.6.0",
          Summary = "Runs a Lua script that the server knows, by its SHA1.", Complexity = "Depends on the script" },
        new("EVAL_RO", -3, EvalRo, ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys, "script numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RO | Access)], Acl = AclCategory.Scripting, Since = "7.0.0",
          Summary = "Runs a Lua script that may only read.", Complexity = "Depends on the script" },
        new("EVALSHA_RO", -3, EvalShaRo, ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys, "sha1 numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RO | Access)], Acl = AclCategory.Scripting, Since = "7.0.0",
          Summary = "Runs a Lua script that the server knows and that may only read.", Complexity = "Depends on the script" },
        new("SCRIPT", -2, null, None, "")
        {
            Since = "2.6.0", Summary = "Looks after the scripts that the server knows.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("DEBUG", 3, ScriptDebug, NoScript, "<mode: YES | SYNC | NO>")
                { Acl = AclCategory.Scripting, Since = "3.2.0", Summary = "Switches the script debugger of the connection.", Complexity = "O(1)" },
                new("EXISTS", -3, ScriptExists, NoScript, "sha1 [sha1 ...]")
                { Acl = AclCategory.Scripting, Since = "2.6.0", Tips = ["request_policy:all_shards", "response_policy:agg_logical_and"],
                  Summary = "Tells which scripts the server knows.", Complexity = "O(N) in the number of scripts asked for" },
                new("FLUSH", -2, ScriptFlush, NoScript, "[flush-type: ASYNC | SYNC]@6.2.0")
                { Acl = AclCategory.Scripting, Since = "2.6.0", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                  Summary = "Forgets all scripts.", Complexity = "O(N) in the number of scripts" },
                new("HELP", 2, ScriptHelp, Loading | Stale, "")
                { Acl = AclCategory.Scripting, Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("KILL", 2, ScriptKill, NoScript | AllowBusy, "")
                { Acl = AclCategory.Scripting, Since = "2.6.0", Tips = ["request_policy:all_shards", "response_policy:one_succeeded"],
                  Summary = "Ends the script that runs, as long as it has not written.", Complexity = "O(1)" },
                new("LOAD", 3, ScriptLoad, NoScript | Stale, "script")
                { Acl = AclCategory.Scripting, Since = "2.6.0", Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                  Summary = "Compiles a script and remembers it, without running it.", Complexity = "O(N) in the length of the script" },
            ],
        },
    ];

    private static void Eval(CommandContext ctx) => Run(ctx, readOnlyCall: false);

    private static void EvalRo(CommandContext ctx) => Run(ctx, readOnlyCall: true);

    private static void EvalSha(CommandContext ctx) => RunKnown(ctx, readOnlyCall: false);

    private static void EvalShaRo(CommandContext ctx) => RunKnown(ctx, readOnlyCall: true);

    private static void Run(CommandContext ctx, bool readOnlyCall)
    {
        ctx.Engine.Monitors.FeedScript(ctx);
        if (!ScriptEngine.TryKeyCount(ctx, out var keyCount)) return;
        if (ctx.Engine.Scripts.Compile(ctx, ctx.Arg(1)) is { } script) ctx.Engine.Scripts.RunScript(ctx, script, keyCount, readOnlyCall);
    }

    private static void RunKnown(CommandContext ctx, bool readOnlyCall)
    {
        ctx.Engine.Monitors.FeedScript(ctx);
        if (ctx.Arg(1).Length != EvalScripts.ShaLength)
        {
            ctx.Fail(NoScriptError);
            return;
        }

        if (!ScriptEngine.TryKeyCount(ctx, out var keyCount)) return;
        if (ctx.Engine.Scripts.Cache.FindSha(ctx.Arg(1)) is { } script) ctx.Engine.Scripts.RunScript(ctx, script, keyCount, readOnlyCall);
        else ctx.Fail(NoScriptError);
    }

    // ---- SCRIPT -----------------------------------------------------------------------------------------------------

    private static void ScriptLoad(CommandContext ctx)
    {
        var scripts = ctx.Engine.Scripts;
        if (scripts.Compile(ctx, ctx.Arg(2)) is not { } script) return;
        scripts.Cache.Keep(script);
        ctx.Reply.Bulk(script.Sha);
    }

    private static void ScriptExists(CommandContext ctx)
    {
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++) ctx.Reply.Integer(ctx.Engine.Scripts.Cache.FindSha(ctx.Arg(i)) is null ? 0 : 1);
    }

    private static void ScriptFlush(CommandContext ctx)
    {
        if (ctx.Argc > 3 || (ctx.Argc == 3 && !ctx.ArgIs(2, "SYNC"u8) && !ctx.ArgIs(2, "ASYNC"u8)))
        {
            ctx.Fail("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
            return;
        }

        ctx.Engine.Scripts.FlushScripts();
        ctx.Reply.Ok();
    }

    private static void ScriptKill(CommandContext ctx) => Kill(ctx, isFunction: false);

    /// <summary>Only what has not written can be killed, or half of its work would stay; and only by the command of its kind.</summary>
    public static void Kill(CommandContext ctx, bool isFunction)
    {
        var run = ctx.Engine.Scripts.Run;
        if (!run.IsActive)
        {
            ctx.Fail("NOTBUSY No scripts in execution right now.");
        }
        else if (run.HasWritten)
        {
            ctx.Fail("UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination "
                + "or kill the server in a hard way using the SHUTDOWN NOSAVE command.");
        }
        else if (run.IsFunction != isFunction)
        {
            ctx.Fail(run.IsFunction ? Errors.BusyFunction : Errors.BusyScript);
        }
        else
        {
            run.IsKilled = true;
            ctx.Reply.Ok();
        }
    }

    private static void ScriptDebug(CommandContext ctx)
    {
        if (ctx.ArgIs(2, "NO"u8)) ctx.Reply.Ok();
        else if (ctx.ArgIs(2, "YES"u8) || ctx.ArgIs(2, "SYNC"u8)) ctx.Fail("ERR The script debugger is not supported");
        else ctx.Fail("ERR Use SCRIPT DEBUG YES/SYNC/NO");
    }

    private static void ScriptHelp(CommandContext ctx) => HelpText.Reply(ctx, "SCRIPT",
        "DEBUG NO",
        "    The script debugger is not there: only NO is accepted.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Tell which of these scripts are known.",
        "FLUSH [ASYNC|SYNC]",
        "    Forget all scripts. Both options do the same here.",
        "KILL",
        "    End the script that runs, as long as it has not written.",
        "LOAD <script>",
        "    Compile a script and remember it, without running it.");
}

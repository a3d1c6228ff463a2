using System.Text;
using RedisLite.Data;
using RedisLite.Engine.Scripting;
using RedisLite.Persistence.Rdb;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>FUNCTION and FCALL: libraries of functions that are part of the data set. They are saved and propagated as their source.</summary>
internal static class FunctionCommands
{
    private const string Many = "request_policy:all_shards";
    private const string AllMustDo = "response_policy:all_succeeded";

    public static CommandSpec[] Table() =>
    [
        new("FCALL", -3, FCall, NoScript | Stale | SkipMonitor | NoMandatoryKeys | MayReplicate, "function numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RW | Access | Update)], Acl = AclCategory.Scripting, Since = "7.0.0",
          Summary = "Calls a function of a library.", Complexity = "Depends on the function" },
        new("FCALL_RO", -3, FCallRo, ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys, "function numkeys [key [key ...]] [arg [arg ...]]")
        { Keys = [KeySpec.Counted(2, RO | Access)], Acl = AclCategory.Scripting, Since = "7.0.0",
          Summary = "Calls a function that only reads.", Complexity = "Depends on the function" },
        new("FUNCTION", -2, null, None, "")
        {
            Since = "7.0.0", Summary = "Looks after libraries of functions.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("DELETE", 3, Delete, Write | NoScript, "library-name")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = [Many, AllMustDo], Summary = "Removes a library and its functions.", Complexity = "O(1)" },
                new("DUMP", 2, Dump, NoScript, "")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Summary = "Gives all libraries in a portable serialized form.",
                  Complexity = "O(N) in the number of libraries" },
                new("FLUSH", -2, Flush, Write | NoScript, "[flush-type: ASYNC | SYNC]")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = [Many, AllMustDo], Summary = "Removes all libraries.",
                  Complexity = "O(N) in the number of libraries" },
                new("HELP", 2, Help, Loading | Stale, "")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("KILL", 2, Kill, NoScript | AllowBusy, "")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = [Many, "response_policy:one_succeeded"],
                  Summary = "Ends the function that runs, as long as it has not written.", Complexity = "O(1)" },
                new("LIST", -2, List, NoScript, "[LIBRARYNAME library-name-pattern] [WITHCODE]")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = ["nondeterministic_output_order"], Summary = "Describes the libraries.",
                  Complexity = "O(N) in the number of functions" },
                new("LOAD", -3, Load, Write | DenyOom | NoScript, "[REPLACE] function-code")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = [Many, AllMustDo], Summary = "Makes a library from its code.",
                  Complexity = "O(1), and what its code does" },
                new("RESTORE", -3, Restore, Write | DenyOom | NoScript, "serialized-value [policy: FLUSH | APPEND | REPLACE]")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = [Many, AllMustDo], Summary = "Makes libraries from the form that FUNCTION DUMP gives.",
                  Complexity = "O(N) in the number of libraries" },
                new("STATS", 2, Stats, NoScript | AllowBusy, "")
                { Acl = AclCategory.Scripting, Since = "7.0.0", Tips = ["nondeterministic_output", Many, "response_policy:special"],
                  Summary = "Tells which function runs, and how many there are.", Complexity = "O(1)" },
            ],
        },
    ];

    // ---- FCALL ------------------------------------------------------------------------------------------------------

    private static void FCall(CommandContext ctx) => Call(ctx, readOnlyCall: false);

    private static void FCallRo(CommandContext ctx) => Call(ctx, readOnlyCall: true);

    private static void Call(CommandContext ctx, bool readOnlyCall)
    {
        ctx.Engine.Monitors.FeedScript(ctx);
        if (ctx.Engine.Scripts.Functions.FindFunction(ctx.Arg(1)) is not { } function) ctx.Fail("ERR Function not found");
        else if (ScriptEngine.TryKeyCount(ctx, out var keyCount, "ERR Bad number of keys provided")) ctx.Engine.Scripts.RunFunction(ctx, function, keyCount, readOnlyCall);
    }

    // ---- libraries --------------------------------------------------------------------------------------------------

    private static void Load(CommandContext ctx)
    {
        var replace = false;
        for (var i = 2; i < ctx.Argc - 1; i++)
        {
            if (!ctx.ArgIs(i, "REPLACE"u8))
            {
                ctx.Fail($"ERR Unknown option given: {CommandGate.Shown(ctx.Arg(i), 128)}");
                return;
            }

            replace = true;
        }

        if (ctx.Engine.Scripts.LoadLibrary(ctx.Arg(ctx.Argc - 1), replace, out var name) is { } problem)
        {
            ctx.Fail("ERR " + problem);
            return;
        }

        ctx.CountChanges(1);
        ctx.Reply.Bulk(name);
    }

    private static void Delete(CommandContext ctx)
    {
        var scripts = ctx.Engine.Scripts;
        if (scripts.Functions.Find(Encoding.Latin1.GetString(ctx.Arg(2))) is not { } library)
        {
            ctx.Fail("ERR Library not found");
            return;
        }

        scripts.Remove(library);
        ctx.CountChanges(1);
        ctx.Reply.Ok();
    }

    private static void Flush(CommandContext ctx)
    {
        if (ctx.Argc > 3)
        {
            ctx.Fail(ctx.SubcommandSyntaxError);
            return;
        }

        if (ctx.Argc == 3 && !ctx.ArgIs(2, "SYNC"u8) && !ctx.ArgIs(2, "ASYNC"u8))
        {
            ctx.Fail("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
            return;
        }

        ctx.Engine.Scripts.FlushFunctions();
        ctx.CountChanges(1);
        ctx.Reply.Ok();
    }

    private static void List(CommandContext ctx)
    {
        var pattern = "*"u8;
        bool hasPattern = false, withCode = false;
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (!withCode && ctx.ArgIs(i, "WITHCODE"u8))
            {
                withCode = true;
            }
            else if (!hasPattern && ctx.ArgIs(i, "LIBRARYNAME"u8))
            {
                if (++i == ctx.Argc)
                {
                    ctx.Fail("ERR library name argument was not given");
                    return;
                }

                hasPattern = true;
                pattern = ctx.Arg(i);
            }
            else
            {
                ctx.Fail($"ERR Unknown argument {CommandGate.Shown(ctx.Arg(i), 128)}");
                return;
            }
        }

        var found = new List<FunctionLibrary>();
        foreach (var library in ctx.Engine.Scripts.Functions.Libraries)
        {
            if (!hasPattern || Glob.IsMatch(pattern, Encoding.Latin1.GetBytes(library.Name), ignoreCase: true)) found.Add(library);
        }

        ctx.Reply.Array(found.Count);
        foreach (var library in found) Describe(ctx, library, withCode);
    }

    private static void Describe(CommandContext ctx, FunctionLibrary library, bool withCode)
    {
        var reply = ctx.Reply;
        reply.Map(withCode ? 4 : 3);
        reply.Bulk("library_name"u8);
        reply.Bulk(library.Name);
        reply.Bulk("engine"u8);
        reply.Bulk("LUA"u8);
        reply.Bulk("functions"u8);
        reply.Array(library.Functions.Count);
        foreach (var function in library.Functions)
        {
            reply.Map(3);
            reply.Bulk("name"u8);
            reply.Bulk(function.Name);
            reply.Bulk("description"u8);
            if (function.Description is { } description) reply.Bulk(description);
            else reply.Null();
            reply.Bulk("flags"u8);
            CommandFacts.Words(reply, ScriptFlagNames.Of(function.Flags));
        }

        if (!withCode) return;
        reply.Bulk("library_code"u8);
        reply.Bulk(library.Source);
    }

    private static void Stats(CommandContext ctx)
    {
        var scripts = ctx.Engine.Scripts;
        var run = scripts.Run;
        if (run is { IsActive: true, IsFunction: false })
        {
            ctx.Fail(Errors.BusyScript);
            return;
        }

        var reply = ctx.Reply;
        reply.Map(2);
        reply.Bulk("running_script"u8);
        if (run.Caller is { } caller) DescribeRun(ctx, run, caller);
        else reply.Null();
        reply.Bulk("engines"u8);
        reply.Map(1);
        reply.Bulk("LUA"u8);
        reply.Map(2);
        reply.Bulk("libraries_count"u8);
        reply.Integer(scripts.Functions.Libraries.Count);
        reply.Bulk("functions_count"u8);
        reply.Integer(scripts.Functions.Count);
    }

    private static void DescribeRun(CommandContext ctx, ScriptRun run, CommandContext caller)
    {
        var clock = ctx.Engine.Clock;
        ctx.Reply.Map(3);
        ctx.Reply.Bulk("name"u8);
        ctx.Reply.Bulk(run.Name);
        ctx.Reply.Bulk("command"u8);
        ctx.Reply.Array(caller.Argc);
        for (var i = 0; i < caller.Argc; i++) ctx.Reply.Bulk(caller.Arg(i));
        ctx.Reply.Bulk("duration_ms"u8);
        ctx.Reply.Integer(clock.MicrosecondsOf(clock.Timestamp() - run.StartedTicks) / 1000);
    }

    private static void Kill(CommandContext ctx) => ScriptingCommands.Kill(ctx, isFunction: true);

    // ---- DUMP and RESTORE -------------------------------------------------------------------------------------------

    private static void Dump(CommandContext ctx)
    {
        var output = ctx.Engine.Durability.DumpBuffer;
        output.Reset();
        foreach (var library in ctx.Engine.Scripts.Functions.Libraries)
        {
            output.Byte(RdbFormat.OpFunction2);
            output.String(library.Source);
        }

        ctx.Reply.Bulk(DumpPayload.Seal(output, ctx.Config.RdbVersionToWrite));
    }

    private static void Restore(CommandContext ctx)
    {
        if (ctx.Argc > 4)
        {
            ctx.Fail(ctx.SubcommandSyntaxError);
            return;
        }

        var (flush, replace) = (ctx.Argc == 4 && ctx.ArgIs(3, "FLUSH"u8), ctx.Argc == 4 && ctx.ArgIs(3, "REPLACE"u8));
        if (ctx.Argc == 4 && !flush && !replace && !ctx.ArgIs(3, "APPEND"u8))
        {
            ctx.Fail("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
            return;
        }

        if (!DumpPayload.Verify(ctx.Arg(2), out _)) ctx.Fail("ERR DUMP payload version or checksum are wrong");
        else if (Sources(ctx.Arg(2)) is not { } sources) ctx.Fail("ERR given type is not a function");
        else if (ctx.Engine.Scripts.RestoreLibraries(sources, flush, replace) is { } problem) ctx.Fail("ERR " + problem);
        else
        {
            ctx.CountChanges(1);
            ctx.Reply.Ok();
        }
    }

    /// <summary>Null: the payload holds something else.</summary>
    private static List<byte[]>? Sources(ReadOnlySpan<byte> payload)
    {
        var body = payload[..^RdbFormat.DumpTrailerBytes].ToArray();
        var input = new RdbInput(body, 0, body.Length);
        var sources = new List<byte[]>();
        try
        {
            while (input.Offset < body.Length)
            {
                if (input.Byte() != RdbFormat.OpFunction2) return null;
                sources.Add(input.String().ToArray());
            }

            return sources;
        }
        catch (RdbException)
        {
            return null;
        }
    }

    private static void Help(CommandContext ctx) => HelpText.Reply(ctx, "FUNCTION",
        "DELETE <library name>",
        "    Remove a library and its functions.",
        "DUMP",
        "    Give all libraries in a form that FUNCTION RESTORE takes.",
        "FLUSH [ASYNC|SYNC]",
        "    Remove all libraries. Both options do the same here.",
        "KILL",
        "    End the function that runs, as long as it has not written.",
        "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
        "    Describe all libraries or those whose name matches, with their code if asked for.",
        "LOAD [REPLACE] <function code>",
        "    Make a library from its code.",
        "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
        "    Make libraries from a dump: instead of all there are (FLUSH), besides them (APPEND,",
        "    which is the default and refuses what exists), or instead of those of the same name.",
        "STATS",
        "    Tell which function runs, and how many there are.");
}

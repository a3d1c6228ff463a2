using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF: the work is <see cref="Durability.RdbSaver"/>'s and <see cref="Durability.AofLog"/>'s.</summary>
internal static class PersistenceCommands
{
    public static CommandSpec[] Table() =>
    [
        new("BGREWRITEAOF", 1, BgRewriteAof, Admin | NoScript | NoAsyncLoading, "")
        { Since = "1.0.0", Summary = "Rewrites the append only file in the background.", Complexity = "O(1)" },
        new("BGSAVE", -1, BgSave, Admin | NoScript | NoAsyncLoading, "[SCHEDULE@3.2.2]")
        { Since = "1.0.0", Summary = "Writes the databases to disk in the background.", Complexity = "O(1)" },
        new("LASTSAVE", 1, LastSave, Loading | Stale | Fast, "")
        { Acl = AclCategory.Admin | AclCategory.Dangerous, Since = "1.0.0", Tips = ["nondeterministic_output"],
          Summary = "Gives the Unix time of the last successful save.", Complexity = "O(1)" },
        new("SAVE", 1, Save, Admin | NoScript | NoAsyncLoading | NoMulti, "")
        { Since = "1.0.0", Summary = "Writes the databases to disk, while everybody waits.",
          Complexity = "O(N) in the number of keys of all databases" },
    ];

    private static void Save(CommandContext ctx)
    {
        var durability = ctx.Engine.Durability;
        if (durability.Saver.Running is not null) ctx.Fail("ERR Background save already in progress");
        else if (durability.Saver.SaveNow() is not null) ctx.Fail("ERR");
        else ctx.Reply.Ok();
    }

    private static void BgSave(CommandContext ctx)
    {
        var schedule = ctx.Argc == 2 && ctx.ArgIs(1, "SCHEDULE"u8);
        if (ctx.Argc > 2 || (ctx.Argc == 2 && !schedule))
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var saver = ctx.Engine.Durability.Saver;
        if (saver.Running is not null)
        {
            ctx.Fail("ERR Background save already in progress");
        }
        else if (ctx.Engine.Heap.SnapshotActive || ctx.InTransaction)
        {
            if (!schedule && !ctx.InTransaction)
            {
                ctx.Fail("ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.");
                return;
            }
            saver.Schedule();
            ctx.Reply.Simple("Background saving scheduled"u8);
        }
        else
        {
            saver.TryStart();
            ctx.Reply.Simple("Background saving started"u8);
        }
    }

    private static void BgRewriteAof(CommandContext ctx)
    {
        var aof = ctx.Engine.Durability.Aof;
        if (aof.RewriteJob is not null)
        {
            ctx.Fail("ERR Background append only file rewriting already in progress");
        }
        else if (ctx.Engine.Heap.SnapshotActive || ctx.InTransaction)
        {
            aof.ScheduleRewrite();
            ctx.Reply.Simple("Background append only file rewriting scheduled"u8);
        }
        else if (aof.TryStartRewrite())
        {
            ctx.Reply.Simple("Background append only file rewriting started"u8);
        }
        else
        {
            ctx.Fail("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.");
        }
    }

    private static void LastSave(CommandContext ctx) => ctx.Reply.Integer(ctx.Engine.Durability.Saver.LastSaveSeconds);
}

using System.Globalization;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using RedisLite.Engine.Databases;
using RedisLite.Engine.Info;
using RedisLite.Persistence.Rdb;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// DEBUG: what test suites and tools ask of it. A subcommand of Redis that would mean nothing here is unknown, rather than accepted without effect.
/// </summary>
internal static class DebugCommands
{
    /// <summary>Number of arguments behind the subcommand's name: from least to most.</summary>
    private sealed record Part(string Name, int Least, int Most, CommandHandler Run, params string[] Help);

    private static readonly Part[] Parts =
    [
        new("AOF-FLUSH-SLEEP", 1, 1, AofFlushSleep, "AOF-FLUSH-SLEEP <microseconds>", "    Sleep so long before each write to the AOF, as a slow disk would."),
        new("ASSERT", 0, 0, Crash, "ASSERT, OOM, PANIC, SEGFAULT", "    End the process at once, as a crash does: nothing is saved, nobody is told."),
        new("CHANGE-REPL-ID", 0, 0, ChangeReplId, "CHANGE-REPL-ID", "    Take another replication ID, so that replicas need a full copy."),
        new("CLIENT-EVICTION", 0, 0, ClientEviction, "CLIENT-EVICTION", "    Show how many clients there are of which size (maxmemory-clients)."),
        new("CONFIG-REWRITE-FORCE-ALL", 0, 0, static ctx => ConfigCommands.Rewrite(ctx, all: true), "CONFIG-REWRITE-FORCE-ALL",
            "    CONFIG REWRITE of every directive, changed or not."),
        new("DIGEST", 0, 0, Digest, "DIGEST", "    20 bytes in hex that are the same for the same data, here and in Redis."),
        new("DIGEST-VALUE", 0, int.MaxValue, DigestValue, "DIGEST-VALUE <key> [<key> ...]", "    The same for values."),
        new("ERROR", 1, 1, Error, "ERROR <string>", "    Reply with this error."),
        new("LOG", 1, 1, Log, "LOG <message>", "    Write a line to the log."),
        new("HTSTATS", 1, 1, HtStats, "HTSTATS <dbid>", "    Figures of the table of a database."),
        new("HTSTATS-KEY", 1, 1, HtStatsKey, "HTSTATS-KEY <key>", "    Figures of the table that a value is kept in."),
        new("LISTPACK", 1, 1, ListPackEntries, "LISTPACK <key>", "    Write the entries of a listpack to the log."),
        new("OBJECT", 1, 1, Object, "OBJECT <key>", "    How a value is stored."),
        new("OOM", 0, 0, Crash),
        new("PANIC", 0, 0, Crash),
        new("PAUSE-CRON", 1, 1, PauseCron, "PAUSE-CRON <0|1>", "    Stop what the server does from time to time by itself."),
        new("POPULATE", 1, 3, Populate, "POPULATE <count> [<prefix>] [<size>]", "    Make string keys named key:<number>, or with another prefix.",
            "    They are not propagated."),
        new("PROTOCOL", 1, 1, Protocol, "PROTOCOL <type>", "    Reply with a value of this type: string, integer, double, bignum, null, array,",
            "    set, map, attrib, push, verbatim, true, false."),
        new("LOADAOF", 0, 0, LoadAof, "LOADAOF", "    Write the AOF out, forget all keys and load the AOF again."),
        new("RELOAD", 0, 3, Reload, "RELOAD [option ...]", "    Save the RDB file, forget all keys and load it again. Options: MERGE (keep what is there),",
            "    NOFLUSH (do not forget), NOSAVE (load what is on disk)."),
        new("REPLYBUFFER", 2, 2, ReplyBuffer, "REPLYBUFFER RESIZING <0|1>",
            "    With 0, a client whose replies have been sent keeps a buffer for the next ones."),
        new("QUICKLIST-PACKED-THRESHOLD", 1, 1, PackedThreshold, "QUICKLIST-PACKED-THRESHOLD <size>",
            "    List elements of this size get a node of their own from now on (0: the default of 1gb)."),
        new("SEGFAULT", 0, 0, Crash),
        new("SET-ACTIVE-EXPIRE", 1, 1, SetActiveExpire, "SET-ACTIVE-EXPIRE <0|1>",
            "    With 0, keys past their time go only when somebody asks for them."),
        new("SET-DISABLE-DENY-SCRIPTS", 1, 1, SetDisableDenyScripts, "SET-DISABLE-DENY-SCRIPTS <0|1>",
            "    With 1, scripts may call the commands that are refused to them."),
        new("SET-SKIP-CHECKSUM-VALIDATION", 1, 1, SetSkipChecksum, "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
            "    With 1, RDB files and RESTORE payloads are read whatever their checksum says."),
        new("SLEEP", 1, 1, Sleep, "SLEEP <seconds>", "    Stop the server for so long. Decimals allowed."),
        new("STRUCTSIZE", 0, 0, StructSize, "STRUCTSIZE", "    Bytes of the structures that data is kept in."),
        new("HELP", 0, 0, Help),
    ];

    public static CommandSpec[] Table() =>
    [
        new("DEBUG", -2, Debug, Admin | NoScript | Loading | Stale | Protected | SystemCommand, "")
        { Since = "1.0.0", Summary = "Tools for the developers of the server.", Complexity = "Depends on the subcommand" },
    ];

    private static void Debug(CommandContext ctx)
    {
        var name = ctx.ArgText(1);
        var args = ctx.Argc - 2;
        var part = Array.Find(Parts, part => part.Name.Equals(name, StringComparison.OrdinalIgnoreCase) && args >= part.Least && args <= part.Most);
        if (part is null) ctx.Fail($"ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP.");
        else part.Run(ctx);
    }

    private static void Help(CommandContext ctx) => HelpText.Reply(ctx, "DEBUG", Parts.SelectMany(part => part.Help).ToArray());

    // ---- the server -------------------------------------------------------------------------------------------------

    private static void Sleep(CommandContext ctx)
    {
        // As strtod takes it: what is no number is no time.
        _ = double.TryParse(ctx.ArgText(2), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds);
        if (seconds is > 0 and < 1e6) ctx.Engine.Environment.Process.Sleep(TimeSpan.FromSeconds(seconds));
        ctx.Reply.Ok();
    }

    private static void Reload(CommandContext ctx)
    {
        bool save = true, flush = true, merge = false;
        var args = ctx.ArgsFrom(2);
        while (args.More)
        {
            if (args.Take("NOSAVE"u8)) save = false;
            else if (args.Take("NOFLUSH"u8)) flush = false;
            else if (args.Take("MERGE"u8)) merge = true;
            else args.Fail("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
        }
        if (args.Failed()) return;

        var durability = ctx.Engine.Durability;
        if (save && durability.Saver.SaveNow() is not null) ctx.Fail("ERR");
        else Loaded(ctx, durability.Loader.Reload(ctx, aof: false, flush, merge));
    }

    private static void LoadAof(CommandContext ctx)
    {
        ctx.Engine.Durability.Aof.Flush(force: true);
        Loaded(ctx, ctx.Engine.Durability.Loader.Reload(ctx, aof: true, flush: true, merge: false));
    }

    private static void Loaded(CommandContext ctx, string? problem)
    {
        if (problem is not null) ctx.Fail("ERR Error trying to load the RDB dump, check server logs");
        else ctx.Reply.Ok();
    }

    private static void ChangeReplId(CommandContext ctx)
    {
        ctx.Engine.ChangeReplicationId();
        ctx.Reply.Ok();
    }

    private static void SetActiveExpire(CommandContext ctx)
    {
        ctx.Engine.ActiveExpireEnabled = IsOn(ctx);
        ctx.Reply.Ok();
    }

    private static void SetSkipChecksum(CommandContext ctx)
    {
        ctx.Engine.Durability.SkipsChecksums = IsOn(ctx);
        ctx.Reply.Ok();
    }

    private static void AofFlushSleep(CommandContext ctx)
    {
        _ = NumberText.TryParseInt64(ctx.Arg(2), out var microseconds);
        ctx.Engine.Durability.Aof.FlushSleepUs = Math.Clamp(microseconds, 0, 1_000_000_000);
        ctx.Reply.Ok();
    }

    private static void PauseCron(CommandContext ctx)
    {
        ctx.Engine.CronPaused = IsOn(ctx);
        ctx.Reply.Ok();
    }

    private static void SetDisableDenyScripts(CommandContext ctx)
    {
        ctx.Engine.Scripts.NoScriptDisabled = IsOn(ctx);
        ctx.Reply.Ok();
    }

    private static void PackedThreshold(CommandContext ctx)
    {
        if (!Config.MemoryText.TryParse(ctx.ArgText(2), out var bytes) || bytes > uint.MaxValue)
        {
            ctx.Fail("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
            return;
        }

        ctx.Engine.Heap.Limits.ListPackedThreshold = bytes == 0 ? EncodingLimits.ListPackedThresholdDefault : (long)bytes;
        ctx.Reply.Ok();
    }

    /// <summary>Peaks of reply buffers (PEAK-RESET-TIME) decide nothing here.</summary>
    private static void ReplyBuffer(CommandContext ctx)
    {
        if (!ctx.ArgIs(2, "RESIZING"u8))
        {
            ctx.Fail("ERR unknown subcommand or wrong number of arguments for 'REPLYBUFFER'. Try DEBUG HELP.");
            return;
        }

        ctx.Engine.OutputBlocks.ClientsKeepOne = !IsOn(ctx, 3);
        ctx.Reply.Ok();
    }

    private static bool IsOn(CommandContext ctx, int argument = 2) => NumberText.TryParseInt64(ctx.Arg(argument), out var value) && value != 0;

    private static void ClientEviction(CommandContext ctx)
    {
        if (ctx.Engine.ClientEviction.Limit == 0) ctx.Fail("ERR maxmemory-clients is disabled.");
        else Verbatim(ctx, ctx.Engine.ClientEviction.Describe());
    }

    private static void Crash(CommandContext ctx)
    {
        ctx.Engine.Log.Write(LogLevel.Warning, "DEBUG " + ctx.ArgText(1) + ": the process ends here, as it was asked to");
        ctx.Engine.Environment.Process.Crash();
    }

    private static void Error(CommandContext ctx) => ctx.Reply.Error(ctx.Arg(2));

    private static void Log(CommandContext ctx)
    {
        ctx.Engine.Log.Write(LogLevel.Warning, "DEBUG LOG: " + ctx.ArgText(2));
        ctx.Reply.Ok();
    }

    private static void StructSize(CommandContext ctx)
    {
        var record = Record.HeaderBytes(isLong: false, hasExpiry: false);
        var sizes = $"bits:{IntPtr.Size * 8} record_header:{record} record_expiry:8 bucket:64 table_header:{TableHeader.Bytes} access_bits:24";
        ctx.Reply.Simple(Encoding.ASCII.GetBytes(sizes));
    }

    private static void Populate(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(2);
        var count = args.NextInt64(0, long.MaxValue, Errors.NotPositive);
        var prefix = args.More ? args.Next() : "key"u8;
        var size = args.More ? args.NextInt64(0, int.MaxValue, Errors.NotPositive) : 0;
        if (args.HasFailed)
        {
            ctx.Fail(Errors.NotPositive);
            return;
        }

        for (long i = 0; i < count; i++)
        {
            var key = Encoding.ASCII.GetBytes($":{i}");
            PopulateKey(ctx, [.. prefix, .. key], Encoding.ASCII.GetBytes($"value:{i}"), (int)size);
            ctx.CloseEntries();
        }

        ctx.PropagateNothing();
        ctx.Reply.Ok();
    }

    /// <summary>A wanted size cuts the value or pads it with zero bytes.</summary>
    private static void PopulateKey(CommandContext ctx, byte[] key, byte[] value, int size)
    {
        var entry = ctx.Peek(key);
        if (entry.Exists) return;
        if (size > 0) Array.Resize(ref value, size);
        ctx.PutString(key, entry, value, keepExpiry: false);
        ctx.Changed(key, KeyEvents.Set, changes: 0);
    }

    // ---- keys -------------------------------------------------------------------------------------------------------

    private static void Digest(CommandContext ctx) => ctx.Reply.Simple(Hex(new DatasetDigest().OfAll(ctx.Engine)));

    private static void DigestValue(CommandContext ctx)
    {
        var digest = new DatasetDigest();
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++)
        {
            ctx.Reply.Simple(Hex(digest.OfValue(ctx.Peek(ctx.Arg(i)))));
            ctx.CloseEntries();
        }
    }

    private static byte[] Hex(byte[] digest) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest));

    /// <summary>Looks at a key as it is, also when its time is over: nothing expires by it.</summary>
    private static void Object(CommandContext ctx)
    {
        var entry = ctx.NextEntry();
        if (!ctx.Db.FindRaw(ctx.Arg(2), entry))
        {
            ctx.Fail(Errors.NoSuchKey);
            return;
        }

        var length = ctx.Engine.Durability.DumpOf(entry).Length - 1 - RdbFormat.DumpTrailerBytes;             // behind the byte that names the type
        var text = $"Value at:0x{entry.Handle:x} refcount:1 encoding:{EncodingName.Of(entry)} serializedlength:{length} "
            + $"lru:{entry.Access} lru_seconds_idle:{AccessClock.IdleMs(entry.Access, ctx.NowMs) / 1000}";
        ctx.Reply.Simple(Encoding.ASCII.GetBytes(text));
    }

    private static void ListPackEntries(CommandContext ctx)
    {
        if (!TryKey(ctx, out var entry)) return;
        if (entry.Kind == RecordKind.HashTable && !entry.Big)
        {
            ListPackExEntries(ctx, HashValue.Over(entry));
            return;
        }

        if (entry.Kind is not (RecordKind.HashBlob or RecordKind.ListBlob or RecordKind.SetBlob or RecordKind.ZSetBlob))
        {
            ctx.Fail("ERR Not a listpack encoded object.");
            return;
        }

        var pack = entry.Value;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = new StringBuilder($"Listpack of {ListPack.TotalBytes(pack)} bytes, {ListPack.Count(pack)} entries:");
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = ListPack.Next(pack, at))
        {
            var value = ListPack.Get(pack, at);
            text.Append(CultureInfo.InvariantCulture, $" [{at}, {ListPack.EntrySize(pack, at)} bytes] ");
            Quoting.Append(text, value.AsText(scratch));
        }

        ctx.Engine.Log.Write(LogLevel.Notice, text.ToString());
        ctx.Reply.Simple("Listpack structure printed in the log"u8);
    }

    /// <summary>What counts as a "listpackex": fields, values and when they expire (-1 = never), although they lie in a table here.</summary>
    private static void ListPackExEntries(CommandContext ctx, HashValue hash)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = new StringBuilder($"Table of {hash.Count} fields in place of a listpack:");
        for (var walk = hash.Walk(); walk.MoveNext();)
        {
            text.Append(' ');
            Quoting.Append(text, walk.Field.AsText(scratch));
            text.Append(' ');
            Quoting.Append(text, walk.Value.AsText(scratch));
            text.Append(CultureInfo.InvariantCulture, $" {walk.ExpireAtMs}");
        }

        ctx.Engine.Log.Write(LogLevel.Notice, text.ToString());
        ctx.Reply.Simple("Listpack structure printed in the log"u8);
    }

    private static bool TryKey(CommandContext ctx, out Entry entry)
    {
        entry = ctx.Peek(ctx.Arg(2));
        if (!entry.Exists) ctx.Fail(Errors.NoSuchKey);
        return entry.Exists;
    }

    private static void HtStats(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var index)) return;
        if (index < 0 || index >= ctx.Engine.Databases.Length)
        {
            ctx.Fail("ERR Out of range database");
            return;
        }

        var keys = ctx.Engine.Databases[(int)index].Keys;
        var expiring = $"[Expires HT]\n number of elements: {keys.CountWithExpiry} (kept in the same table)\n";
        Verbatim(ctx, "[Dictionary HT]\n" + Describe(keys.Count, keys.IndexBytes) + expiring);
    }

    private static void HtStatsKey(CommandContext ctx)
    {
        if (!TryKey(ctx, out var entry)) return;
        if (entry.Kind is not (RecordKind.HashTable or RecordKind.SetTable))
        {
            ctx.Fail("ERR The value stored at the specified key is not represented using an hash table");
            return;
        }

        var table = ElementTable.Readable(entry.Heap, entry.Value);
        Verbatim(ctx, Describe(table.Count, table.IndexBytes));
    }

    private static string Describe(long count, long indexBytes) => count == 0
        ? "No stats available for empty dictionaries\n"
        : string.Create(CultureInfo.InvariantCulture,
            $" number of elements: {count}\n index bytes: {indexBytes}\n index bytes per element: {(double)indexBytes / count:F2}\n");

    private static void Verbatim(CommandContext ctx, string text) => ctx.Reply.Verbatim(Encoding.ASCII.GetBytes(text), "txt"u8);

    // ---- PROTOCOL ---------------------------------------------------------------------------------------------------

    private static void Protocol(CommandContext ctx)
    {
        var reply = ctx.Reply;
        switch (ctx.ArgText(2).ToLowerInvariant())
        {
            case "string": reply.Bulk("Hello World"u8); break;
            case "integer": reply.Integer(12345); break;
            case "double": reply.Double(3.141); break;
            case "null": reply.Null(); break;
            case "bignum": reply.BigNumber("1234567999999999999999999999999999999"u8); break;
            case "verbatim": reply.Verbatim("This is a verbatim\nstring"u8, "txt"u8); break;
            case "true": reply.Bool(true); break;
            case "false": reply.Bool(false); break;
            case "array":
                reply.Array(3);
                for (var i = 0; i < 3; i++) reply.Integer(i);
                break;
            case "set":
                reply.Set(3);
                for (var i = 0; i < 3; i++) reply.Integer(i);
                break;
            case "map":
                reply.Map(3);
                for (var i = 0; i < 3; i++)
                {
                    reply.Integer(i);
                    reply.Bool(i == 1);
                }

                break;
            case "attrib": Attribute(reply); break;
            case "push": Push(ctx); break;
            default:
                ctx.Fail("ERR Wrong protocol type name. Please use one of the following: "
                    + "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
                break;
        }
    }

    private static void Attribute(RedisLite.Protocol.ReplyWriter reply)
    {
        if (reply.CanAttribute)
        {
            reply.Attribute(1);
            reply.Bulk("key-popularity"u8);
            reply.Array(2);
            reply.Bulk("key:123"u8);
            reply.Integer(90);
        }

        reply.Bulk("Some real reply following the attribute"u8);
    }

    private static void Push(CommandContext ctx)
    {
        if (!ctx.Reply.CanAttribute)
        {
            ctx.Fail("ERR RESP2 is not supported by this command");
            return;
        }

        ctx.Reply.Push(2);
        ctx.Reply.Bulk("server-cpu-usage"u8);
        ctx.Reply.Integer(42);
        ctx.Reply.Bulk("Some real reply following the push reply"u8);
    }
}

using RedisLite.Data;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using RedisLite.Persistence.Rdb;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>DUMP and RESTORE: one value in the RDB format, with its version and a checksum. A payload is read to its end before any key is touched.</summary>
internal static class DumpCommands
{
    private static readonly KeyEvent RestoreEvent = new(NotifyClasses.Generic, "restore");

    public static CommandSpec[] Table() =>
    [
        new("DUMP", 2, Dump, ReadOnly, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Keyspace, Since = "2.6.0", Tips = ["nondeterministic_output"],
          Summary = "Gives the value of a key in a portable serialized form.",
          Complexity = "O(1) to find the key, O(N*M) to write N elements of average size M" },
        new("RESTORE", -4, Restore, Write | DenyOom,
            "key ttl:int serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
        { Keys = [KeySpec.At(1, OW | Update)], Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "2.6.0",
          Summary = "Makes a key from the form that DUMP gives.",
          Complexity = "O(1) to make the key, O(N*M) to read N elements of average size M; O(N*M*log(N)) for sorted sets" },
        new("RESTORE-ASKING", -4, Restore, Write | DenyOom | CommandFlags.Asking | SystemCommand,
            "key ttl:int serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
        { Keys = [KeySpec.At(1, OW | Update)], Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "3.0.0", Group = "server",
          Summary = "RESTORE as cluster nodes use it while a slot migrates.", Complexity = "As RESTORE" },
    ];

    private static void Dump(CommandContext ctx)
    {
        var entry = ctx.Read(ctx.Arg(1));
        if (!entry.Exists)
        {
            ctx.Reply.Null();
            return;
        }
        ctx.Reply.Bulk(ctx.Engine.Durability.DumpOf(entry));
    }

    private static void Restore(CommandContext ctx)
    {
        bool replace = false, absolute = false;
        long idleSeconds = -1, frequency = -1;
        var args = ctx.ArgsFrom(4);
        while (args.More)
        {
            if (args.Take("REPLACE"u8)) replace = true;
            else if (args.Take("ABSTTL"u8)) absolute = true;
            else if (frequency < 0 && args.Left >= 2 && args.Take("IDLETIME"u8)) idleSeconds = NextWithin(ref args, long.MaxValue, "ERR Invalid IDLETIME value, must be >= 0");
            else if (idleSeconds < 0 && args.Left >= 2 && args.Take("FREQ"u8)) frequency = NextWithin(ref args, 255, "ERR Invalid FREQ value, must be >= 0 and <= 255");
            else args.Unexpected();
        }
        if (args.Failed()) return;

        var key = ctx.Arg(1);
        var old = ctx.Write(key);
        if (!replace && old.Exists)
        {
            ctx.Fail("BUSYKEY Target key name already exists.");
            return;
        }
        if (!ctx.TryInt64(2, out var ttl)) return;
        if (ttl < 0)
        {
            ctx.Fail("ERR Invalid TTL value, must be >= 0");
            return;
        }
        if (!TryRead(ctx, key, out var staged)) return;

        if (ttl > 0 && !absolute) ttl += ctx.NowMs;
        var existed = old.Exists;
        if (existed) ctx.Remove(old);
        if (ttl > 0 && ttl <= ctx.NowMs && ctx.Engine.MayExpire && !ctx.Engine.IsReplica)
        {
            DropExpired(ctx, key, staged, existed);
            return;
        }
        Install(ctx, key, staged, ttl, idleSeconds, frequency);
        if (ttl > 0 && !absolute) Propagate(ctx, ttl, replace, idleSeconds, frequency);
        ctx.Reply.Ok();
    }

    private static long NextWithin(ref ArgReader args, long max, string outOfRange)
    {
        var value = args.NextInt64();
        if (value < 0 || value > max) args.Fail(outOfRange);
        return value;
    }

    /// <summary>The value of the payload, under its key in a database of its own.</summary>
    private static bool TryRead(CommandContext ctx, ReadOnlySpan<byte> key, out Entry staged)
    {
        var durability = ctx.Engine.Durability;
        staged = ctx.NextEntry();
        var payload = ctx.Arg(3);
        if (!DumpPayload.Verify(payload, out var version, verifyChecksum: !durability.SkipsChecksums))
        {
            ctx.Fail("ERR DUMP payload version or checksum are wrong");
            return false;
        }
        try
        {
            var input = new RdbInput(payload[..^RdbFormat.DumpTrailerBytes].ToArray(), 0, payload.Length - RdbFormat.DumpTrailerBytes);
            var type = input.Byte();
            if (durability.Values.Read(input, type, durability.Staging, key, ctx.Engine.Heap.Hash(key), -1, staged, version == RdbFormat.VersionValkey)) return true;
            ctx.Engine.Log.Write(LogLevel.Warning, $"RESTORE: {ValueReader.EmptyValue}");
        }
        catch (RdbException problem)
        {
            ctx.Engine.Log.Write(LogLevel.Warning, $"RESTORE: {problem.Message}");
        }
        ctx.Fail("ERR Bad data format");
        return false;
    }

    /// <summary>What comes too late is not made; what it was to replace is gone.</summary>
    private static void DropExpired(CommandContext ctx, ReadOnlySpan<byte> key, Entry staged, bool existed)
    {
        ctx.Engine.Durability.Staging.Remove(staged);
        if (existed)
        {
            ctx.Changed(key, KeyEvents.Del);
            ctx.PropagateAs("DEL"u8).Arg(key);
        }
        ctx.Reply.Ok();
    }

    private static void Install(CommandContext ctx, ReadOnlySpan<byte> key, Entry staged, long expireAtMs, long idleSeconds, long frequency)
    {
        var entry = ctx.NextEntry();
        ctx.Engine.Durability.Staging.Transfer(staged, ctx.Db.Keys, key, ctx.HashOf(key), entry);
        if (expireAtMs > 0) entry.SetExpireAt(expireAtMs);
        if (frequency >= 0) entry.Access = AccessClock.FromFrequency((int)frequency, ctx.NowMs);
        else if (idleSeconds >= 0) entry.Access = AccessClock.FromIdle(Math.Min(idleSeconds, int.MaxValue) * 1000, ctx.NowMs);
        else entry.Access = ctx.Engine.Access.Initial(ctx.NowMs);
        ctx.OnCreated(ctx.Db, key);
        ctx.Changed(key, RestoreEvent);
    }

    private static void Propagate(CommandContext ctx, long expireAtMs, bool replace, long idleSeconds, long frequency)
    {
        var effect = ctx.PropagateAs("RESTORE"u8).Arg(ctx.Arg(1)).Arg(expireAtMs).Arg(ctx.Arg(3));
        if (replace) effect = effect.Arg("REPLACE"u8);
        effect = effect.Arg("ABSTTL"u8);
        if (idleSeconds >= 0) effect.Arg("IDLETIME"u8).Arg(idleSeconds);
        else if (frequency >= 0) effect.Arg("FREQ"u8).Arg(frequency);
    }
}

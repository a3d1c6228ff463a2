using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Times to live: setting them under conditions, asking for them, dropping them.</summary>
internal static class ExpireCommands
{
    [Flags]
    private enum Conditions
    {
        None = 0,
        IfNone = 1,
        IfSome = 2,
        IfLater = 4,
        IfEarlier = 8,
    }

    public static CommandSpec[] Table() =>
    [
        new("EXPIRE", -3, Expire, Write | Fast, "key seconds [condition: NX | XX | GT | LT]@7.0.0")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Keyspace, Since = "1.0.0",
          Summary = "Sets the time to live of a key in seconds.", Complexity = "O(1)" },
        new("EXPIREAT", -3, ExpireAt, Write | Fast, "key unix-time-seconds [condition: NX | XX | GT | LT]@7.0.0")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Keyspace, Since = "1.2.0",
          Summary = "Sets the Unix time in seconds at which a key expires.", Complexity = "O(1)" },
        new("EXPIRETIME", 2, ExpireTime, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Keyspace, Since = "7.0.0",
          Summary = "Gives the Unix time in seconds at which a key expires.", Complexity = "O(1)" },
        new("PERSIST", 2, Persist, Write | Fast, "key")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Keyspace, Since = "2.2.0", Summary = "Drops the time to live of a key.",
          Complexity = "O(1)" },
        new("PEXPIRE", -3, PExpire, Write | Fast, "key milliseconds [condition: NX | XX | GT | LT]@7.0.0")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Keyspace, Since = "2.6.0",
          Summary = "Sets the time to live of a key in milliseconds.", Complexity = "O(1)" },
        new("PEXPIREAT", -3, PExpireAt, Write | Fast, "key unix-time-milliseconds [condition: NX | XX | GT | LT]@7.0.0")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Keyspace, Since = "2.6.0",
          Summary = "Sets the Unix time in milliseconds at which a key expires.", Complexity = "O(1)" },
        new("PEXPIRETIME", 2, PExpireTime, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Keyspace, Since = "7.0.0",
          Summary = "Gives the Unix time in milliseconds at which a key expires.", Complexity = "O(1)" },
        new("PTTL", 2, PTtl, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Keyspace, Since = "2.6.0", Tips = ["nondeterministic_output"],
          Summary = "Gives the time that a key has left to live, in milliseconds.", Complexity = "O(1)" },
        new("TTL", 2, Ttl, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Keyspace, Since = "1.0.0", Tips = ["nondeterministic_output"],
          Summary = "Gives the time that a key has left to live, in seconds.", Complexity = "O(1)" },
    ];

    // ---- setting ----------------------------------------------------------------------------------------------------

    private static void Expire(CommandContext ctx) => SetExpiry(ctx, ctx.NowMs, unitMs: 1000);

    private static void PExpire(CommandContext ctx) => SetExpiry(ctx, ctx.NowMs, unitMs: 1);

    private static void ExpireAt(CommandContext ctx) => SetExpiry(ctx, originMs: 0, unitMs: 1000);

    private static void PExpireAt(CommandContext ctx) => SetExpiry(ctx, originMs: 0, unitMs: 1);

    private static void SetExpiry(CommandContext ctx, long originMs, long unitMs)
    {
        if (!TryConditions(ctx, out var conditions)) return;
        if (!ctx.TryInt64(2, out var amount)) return;
        var overflows = amount > long.MaxValue / unitMs || amount < long.MinValue / unitMs || amount * unitMs > long.MaxValue - originMs;
        if (overflows)
        {
            ctx.Fail(Errors.InvalidExpire(ctx.Spec.FullName));
            return;
        }

        var key = ctx.Arg(1);
        var expireAtMs = (amount * unitMs) + originMs;
        var entry = ctx.Write(key);
        if (!entry.Exists || !Allows(conditions, entry.ExpireAtMs, expireAtMs))
        {
            ctx.Reply.Integer(0);
            return;
        }

        KeyExpiry.Set(ctx, key, entry, expireAtMs);
        ctx.Reply.Integer(1);
    }

    private static bool TryConditions(CommandContext ctx, out Conditions conditions)
    {
        conditions = Conditions.None;
        for (var i = 3; i < ctx.Argc; i++)
        {
            if (ctx.ArgIs(i, "NX"u8)) conditions |= Conditions.IfNone;
            else if (ctx.ArgIs(i, "XX"u8)) conditions |= Conditions.IfSome;
            else if (ctx.ArgIs(i, "GT"u8)) conditions |= Conditions.IfLater;
            else if (ctx.ArgIs(i, "LT"u8)) conditions |= Conditions.IfEarlier;
            else
            {
                ctx.Fail($"ERR Unsupported option {CommandGate.Shown(ctx.Arg(i), int.MaxValue)}");
                return false;
            }
        }

        const Conditions both = Conditions.IfLater | Conditions.IfEarlier;
        if ((conditions & Conditions.IfNone) != 0 && conditions != Conditions.IfNone)
            ctx.Fail("ERR NX and XX, GT or LT options at the same time are not compatible");
        else if ((conditions & both) == both)
            ctx.Fail("ERR GT and LT options at the same time are not compatible");
        else return true;
        return false;
    }

    /// <summary>A key that never expires counts as one that expires last of all.</summary>
    private static bool Allows(Conditions conditions, long current, long wanted)
    {
        var never = current < 0;
        if ((conditions & Conditions.IfNone) != 0 && !never) return false;
        if ((conditions & Conditions.IfSome) != 0 && never) return false;
        if ((conditions & Conditions.IfLater) != 0 && (never || wanted <= current)) return false;
        return (conditions & Conditions.IfEarlier) == 0 || never || wanted < current;
    }

    private static void Persist(CommandContext ctx)
    {
        var entry = ctx.Write(ctx.Arg(1));
        if (!entry.Exists || !entry.HasExpiry)
        {
            ctx.Reply.Integer(0);
            return;
        }

        entry.SetExpireAt(-1);
        ctx.Changed(ctx.Arg(1), KeyEvents.Persist);
        ctx.Reply.Integer(1);
    }

    // ---- asking -----------------------------------------------------------------------------------------------------

    private static void Ttl(CommandContext ctx) => ReplyTime(ctx, relative: true, unitMs: 1000);

    private static void PTtl(CommandContext ctx) => ReplyTime(ctx, relative: true, unitMs: 1);

    private static void ExpireTime(CommandContext ctx) => ReplyTime(ctx, relative: false, unitMs: 1000);

    private static void PExpireTime(CommandContext ctx) => ReplyTime(ctx, relative: false, unitMs: 1);

    private static void ReplyTime(CommandContext ctx, bool relative, long unitMs)
    {
        var entry = ctx.Look(ctx.Arg(1));
        if (!entry.Exists || !entry.HasExpiry)
        {
            ctx.Reply.Integer(entry.Exists ? -1 : -2);
            return;
        }

        var ms = relative ? Math.Max(0, entry.ExpireAtMs - ctx.NowMs) : entry.ExpireAtMs;
        ctx.Reply.Integer((long)(((ulong)ms + (ulong)(unitMs / 2)) / (ulong)unitMs));        // unsigned: the latest time must not wrap around
    }
}

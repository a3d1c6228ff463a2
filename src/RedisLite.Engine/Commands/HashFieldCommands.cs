using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Times to live of the fields of a hash, newer than 7.2: as Redis 7.4 has them, and HGETEX, HSETEX, HGETDEL as 8.0 has them. What they did goes out as HSET,
/// HDEL, HPERSIST and HPEXPIREAT at a moment, with the fields that were really changed, so that 7.4, 8 and Valkey 9 understand it.
/// </summary>
internal static class HashFieldCommands
{
    private const long ExpireMaxMs = (1L << 46) - 1;
    private const string NoFields = "ERR Mandatory argument FIELDS is missing or not at the right position";
    private const string NotPositive = "ERR Number of fields must be a positive integer";
    private const string CountMismatch = "ERR The `numfields` parameter must match the number of arguments";
    private const long FieldIsMissing = -2, NothingToDo = -1, ConditionFailed = 0, Done = 1, Deleted = 2;

    private static readonly KeyEvent HSetEvent = new(NotifyClasses.Hash, "hset");
    private static readonly KeyEvent HDelEvent = new(NotifyClasses.Hash, "hdel");
    private static readonly KeyEvent HExpireEvent = new(NotifyClasses.Hash, "hexpire");
    private static readonly KeyEvent HPersistEvent = new(NotifyClasses.Hash, "hpersist");

    public static CommandSpec[] Table() =>
    [
        new("HEXPIRE", -6, HExpire, Write | DenyOom | Fast, "key seconds [condition: NX | XX | GT | LT] FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Sets the time to live of fields of a hash in seconds.", Complexity = "O(N) in the number of fields" },
        new("HEXPIREAT", -6, HExpireAt, Write | DenyOom | Fast,
            "key unix-time-seconds [condition: NX | XX | GT | LT] FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Sets the Unix time in seconds at which fields of a hash expire.", Complexity = "O(N) in the number of fields" },
        new("HEXPIRETIME", -5, HExpireTime, ReadOnly | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Gives the Unix time in seconds at which fields of a hash expire.", Complexity = "O(N) in the number of fields" },
        new("HGETDEL", -5, HGetDel, Write | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.Hash, Since = "8.0.0",
          Summary = "Gives the values of fields of a hash and removes the fields.", Complexity = "O(N) in the number of fields" },
        new("HGETEX", -5, HGetEx, Write | Fast,
            "key [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] "
            + "FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.Hash, Since = "8.0.0",
          Summary = "Gives the values of fields of a hash and sets or drops their time to live.", Complexity = "O(N) in the number of fields" },
        new("HPERSIST", -5, HPersist, Write | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Drops the time to live of fields of a hash.", Complexity = "O(N) in the number of fields" },
        new("HPEXPIRE", -6, HPExpire, Write | DenyOom | Fast, "key milliseconds [condition: NX | XX | GT | LT] FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Sets the time to live of fields of a hash in milliseconds.", Complexity = "O(N) in the number of fields" },
        new("HPEXPIREAT", -6, HPExpireAt, Write | DenyOom | Fast,
            "key unix-time-milliseconds [condition: NX | XX | GT | LT] FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Sets the Unix time in milliseconds at which fields of a hash expire.", Complexity = "O(N) in the number of fields" },
        new("HPEXPIRETIME", -5, HPExpireTime, ReadOnly | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Gives the Unix time in milliseconds at which fields of a hash expire.", Complexity = "O(N) in the number of fields" },
        new("HPTTL", -5, HPTtl, ReadOnly | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Gives the time that fields of a hash have left to live, in milliseconds.", Complexity = "O(N) in the number of fields" },
        new("HSETEX", -6, HSetEx, Write | DenyOom | Fast,
            "key [condition: FNX | FXX] [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] "
            + "FIELDS <fields: numfields:int <data: field value [field value ...]>>")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Hash, Since = "8.0.0",
          Summary = "Sets fields of a hash with optional condition and time to live.", Complexity = "O(N) in the number of fields" },
        new("HTTL", -5, HTtl, ReadOnly | Fast, "key FIELDS <fields: numfields:int field [field ...]>")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "7.4.0",
          Summary = "Gives the time that fields of a hash have left to live, in seconds.", Complexity = "O(N) in the number of fields" },
    ];

    // ---- setting ----------------------------------------------------------------------------------------------------

    private static void HExpire(CommandContext ctx) => SetExpiry(ctx, ctx.NowMs, unitMs: 1000);

    private static void HPExpire(CommandContext ctx) => SetExpiry(ctx, ctx.NowMs, unitMs: 1);

    private static void HExpireAt(CommandContext ctx) => SetExpiry(ctx, originMs: 0, unitMs: 1000);

    private static void HPExpireAt(CommandContext ctx) => SetExpiry(ctx, originMs: 0, unitMs: 1);

    private static void SetExpiry(CommandContext ctx, long originMs, long unitMs)
    {
        if (!ctx.TryWrite<HashValue>(ctx.Arg(1), out var hash)) return;
        if (!TryDeadline(ctx, 2, originMs, unitMs, out var expireAtMs)) return;
        var condition = ctx.ArgIs(3, "NX"u8) || ctx.ArgIs(3, "XX"u8) || ctx.ArgIs(3, "GT"u8) || ctx.ArgIs(3, "LT"u8) ? ctx.Arg(3) : default;
        if (!TryFields(ctx, condition.IsEmpty ? 3 : 4, "ERR Parameter `numFields` should be greater than 0", out var first)) return;

        var isPast = IsPast(ctx, expireAtMs);
        var applied = ctx.Found;
        applied.Clear();
        ctx.Reply.Array(ctx.Argc - first);
        for (var i = first; i < ctx.Argc; i++)
        {
            var place = hash.Find(ctx.Arg(i));
            var outcome = place == 0 ? FieldIsMissing : !Allows(condition, hash.ExpireAtMs(place), expireAtMs) ? ConditionFailed : isPast ? Deleted : Done;
            ctx.Reply.Integer(outcome);
            if (outcome is FieldIsMissing or ConditionFailed) continue;
            Apply(ctx, hash, i, isPast, expireAtMs);
            applied.Add((ulong)i);
        }

        if (isPast) DeletionsDone(ctx, applied, expired: true);
        else ExpiriesDone(ctx, applied, expireAtMs, condition);
    }

    private static bool Allows(ReadOnlySpan<byte> condition, long current, long wanted)
    {
        if (condition.IsEmpty) return true;
        var never = current < 0;
        return (condition[0] | 0x20) switch
        {
            'n' => never,
            'x' => !never,
            'g' => !never && wanted > current,                   // a field that never expires counts as one that expires last of all
            _ => never || wanted < current,
        };
    }

    private static bool IsPast(CommandContext ctx, long expireAtMs) => expireAtMs <= ctx.NowMs && !ctx.Engine.IsLoading && !ctx.Engine.IsReplica;

    private static void Apply(CommandContext ctx, HashValue hash, int arg, bool isPast, long expireAtMs)
    {
        if (isPast) hash.Delete(ctx.Arg(arg));
        else hash.SetExpireAt(ctx.Arg(arg), expireAtMs);
    }

    private static void ExpiriesDone(CommandContext ctx, HandleList applied, long expireAtMs, ReadOnlySpan<byte> condition)
    {
        if (applied.Count == 0) return;
        ctx.Changed(ctx.Arg(1), HExpireEvent, applied.Count);
        var effect = ctx.PropagateAs("HPEXPIREAT"u8).Arg(ctx.Arg(1)).Arg(expireAtMs);
        if (!condition.IsEmpty) effect.Arg(condition);
        AddFields(ctx, effect.Arg("FIELDS"u8).Arg(applied.Count), applied);
    }

    private static void DeletionsDone(CommandContext ctx, HandleList applied, bool expired)
    {
        if (applied.Count == 0) return;
        if (expired) ctx.Engine.Stats.ExpiredFields += applied.Count;
        ctx.Changed(ctx.Arg(1), HDelEvent, applied.Count);
        foreach (var arg in applied.Items) ctx.PropagateAs("HDEL"u8).Arg(ctx.Arg(1)).Arg(ctx.Arg((int)arg));
    }

    private static void AddFields(CommandContext ctx, EffectBuilder effect, HandleList args)
    {
        foreach (var arg in args.Items) effect.Arg(ctx.Arg((int)arg));
    }

    private static void HPersist(CommandContext ctx)
    {
        if (!ctx.TryWrite<HashValue>(ctx.Arg(1), out var hash)) return;
        if (!TryFields(ctx, 2, NotPositive, out var first)) return;

        var applied = ctx.Found;
        applied.Clear();
        ctx.Reply.Array(ctx.Argc - first);
        for (var i = first; i < ctx.Argc; i++)
        {
            var place = hash.Find(ctx.Arg(i));
            var isSet = place != 0 && hash.ExpireAtMs(place) >= 0;
            ctx.Reply.Integer(place == 0 ? FieldIsMissing : isSet ? Done : NothingToDo);
            if (!isSet) continue;
            hash.SetExpireAt(ctx.Arg(i), -1);
            applied.Add((ulong)i);
        }

        PersistDone(ctx, applied);
    }

    private static void PersistDone(CommandContext ctx, HandleList applied)
    {
        if (applied.Count == 0) return;
        ctx.Changed(ctx.Arg(1), HPersistEvent, applied.Count);
        AddFields(ctx, ctx.PropagateAs("HPERSIST"u8).Arg(ctx.Arg(1)).Arg("FIELDS"u8).Arg(applied.Count), applied);
    }

    // ---- asking -----------------------------------------------------------------------------------------------------

    private static void HTtl(CommandContext ctx) => ReplyTimes(ctx, relative: true, unitMs: 1000);

    private static void HPTtl(CommandContext ctx) => ReplyTimes(ctx, relative: true, unitMs: 1);

    private static void HExpireTime(CommandContext ctx) => ReplyTimes(ctx, relative: false, unitMs: 1000);

    private static void HPExpireTime(CommandContext ctx) => ReplyTimes(ctx, relative: false, unitMs: 1);

    private static void ReplyTimes(CommandContext ctx, bool relative, long unitMs)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        if (!TryFields(ctx, 2, NotPositive, out var first)) return;
        ctx.Reply.Array(ctx.Argc - first);
        for (var i = first; i < ctx.Argc; i++)
        {
            var place = hash.Find(ctx.Arg(i));
            var ms = place == 0 ? FieldIsMissing : hash.ExpireAtMs(place);
            if (ms >= 0 && relative) ms = Math.Max(0, ms - ctx.NowMs);
            ctx.Reply.Integer(ms < 0 ? ms : (ms + unitMs - 1) / unitMs);                     // rounded up, unlike TTL
        }
    }

    // ---- with values ------------------------------------------------------------------------------------------------

    private static void HGetDel(CommandContext ctx)
    {
        if (!ctx.TryWrite<HashValue>(ctx.Arg(1), out var hash)) return;
        if (!TryFields(ctx, 2, NotPositive, out var first)) return;
        FieldExpiry.RemoveNamed(ctx, hash, first, ctx.Argc);

        var deleted = ctx.Found;
        deleted.Clear();
        ctx.Reply.Array(ctx.Argc - first);
        for (var i = first; i < ctx.Argc; i++)
        {
            if (!ReplyValue(ctx, hash, ctx.Arg(i))) continue;
            hash.Delete(ctx.Arg(i));
            deleted.Add((ulong)i);
        }

        if (deleted.Count == 0) return;
        ctx.Changed(ctx.Arg(1), HDelEvent, deleted.Count);
        AddFields(ctx, ctx.PropagateAs("HDEL"u8).Arg(ctx.Arg(1)), deleted);
    }

    private static void HGetEx(CommandContext ctx)
    {
        if (!ctx.TryWrite<HashValue>(ctx.Arg(1), out var hash)) return;
        var persist = ctx.ArgIs(2, "PERSIST"u8);
        long expireAtMs = -1;
        var hasTime = TryUnit(ctx, 2, out var originMs, out var unitMs);
        if (hasTime && !TryDeadline(ctx, 3, originMs, unitMs, out expireAtMs)) return;
        if (!TryFields(ctx, hasTime ? 4 : persist ? 3 : 2, NotPositive, out var first)) return;
        FieldExpiry.RemoveNamed(ctx, hash, first, ctx.Argc);

        var isPast = hasTime && IsPast(ctx, expireAtMs);
        var applied = ctx.Found;
        applied.Clear();
        ctx.Reply.Array(ctx.Argc - first);
        for (var i = first; i < ctx.Argc; i++)
        {
            if (!ReplyValue(ctx, hash, ctx.Arg(i)) || (!hasTime && !persist)) continue;
            if (persist && hash.ExpireAtMs(hash.Find(ctx.Arg(i))) < 0) continue;
            Apply(ctx, hash, i, isPast, expireAtMs);
            applied.Add((ulong)i);
        }

        if (persist) PersistDone(ctx, applied);
        else if (isPast) DeletionsDone(ctx, applied, expired: true);
        else ExpiriesDone(ctx, applied, expireAtMs, condition: default);
    }

    /// <summary>False: the field is not there.</summary>
    private static bool ReplyValue(CommandContext ctx, HashValue hash, ReadOnlySpan<byte> field)
    {
        var found = hash.TryGet(field, out var value);
        if (found) ctx.Reply.Bulk(value);
        else ctx.Reply.Null();
        return found;
    }

    private static void HSetEx(CommandContext ctx)
    {
        if (!TrySetOptions(ctx, out var options, out var expireAtMs, out var first)) return;
        if (!ctx.TryWrite<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, first, ctx.Argc, step: 2);
        if (!AllowsSet(ctx, hash, options, first))
        {
            ctx.Reply.Integer(0);
            return;
        }

        if (hash.IsMissing) hash = ctx.Create<HashValue>(ctx.Arg(1));
        ctx.Reply.Integer(1);
        if ((options & SetOptions.Time) != 0 && IsPast(ctx, expireAtMs)) SetPast(ctx, hash, first);
        else SetFields(ctx, hash, options, expireAtMs, first);
    }

    private static void SetFields(CommandContext ctx, HashValue hash, SetOptions options, long expireAtMs, int first)
    {
        var keep = (options & SetOptions.KeepTtl) != 0;
        var pairs = (ctx.Argc - first) / 2;
        hash.Expect(pairs);
        for (var i = first; i < ctx.Argc; i += 2)
        {
            if (keep) hash.SetKeepingExpiry(ctx.Arg(i), ctx.Arg(i + 1));
            else hash.Set(ctx.Arg(i), ctx.Arg(i + 1), expireAtMs);
        }

        ctx.Changed(ctx.Arg(1), HSetEvent, pairs);
        if (expireAtMs >= 0) ctx.Notify(HExpireEvent, ctx.Arg(1));

        var effect = ctx.PropagateAs("HSET"u8).Arg(ctx.Arg(1));
        for (var i = first; i < ctx.Argc; i++) effect.Arg(ctx.Arg(i));
        if (keep && hash.HasFieldExpiry) PropagateKeptExpiries(ctx, hash, first);
        if (expireAtMs < 0) return;
        effect = ctx.PropagateAs("HPEXPIREAT"u8).Arg(ctx.Arg(1)).Arg(expireAtMs).Arg("FIELDS"u8).Arg(pairs);
        for (var i = first; i < ctx.Argc; i += 2) effect.Arg(ctx.Arg(i));
    }

    private static void PropagateKeptExpiries(CommandContext ctx, HashValue hash, int first)
    {
        for (var i = first; i < ctx.Argc; i += 2) FieldExpiry.PropagateKept(ctx, hash, ctx.Arg(i));
    }

    /// <summary>What is set with a time that is past is there for two events, and then it is not.</summary>
    private static void SetPast(CommandContext ctx, HashValue hash, int first)
    {
        var deleted = ctx.Found;
        deleted.Clear();
        for (var i = first; i < ctx.Argc; i += 2) hash.Set(ctx.Arg(i), ctx.Arg(i + 1));
        ctx.Changed(ctx.Arg(1), HSetEvent, (ctx.Argc - first) / 2);
        for (var i = first; i < ctx.Argc; i += 2)
        {
            if (hash.Delete(ctx.Arg(i))) deleted.Add((ulong)i);
        }

        DeletionsDone(ctx, deleted, expired: true);
    }

    [Flags]
    private enum SetOptions
    {
        None = 0,
        IfNone = 1,
        IfAll = 2,
        KeepTtl = 4,
        Time = 8,
    }

    private static bool AllowsSet(CommandContext ctx, HashValue hash, SetOptions options, int first)
    {
        if ((options & (SetOptions.IfNone | SetOptions.IfAll)) == 0) return true;
        var mustExist = (options & SetOptions.IfAll) != 0;
        for (var i = first; i < ctx.Argc; i += 2)
        {
            if (hash.Contains(ctx.Arg(i)) != mustExist) return false;
        }

        return true;
    }

    /// <summary>Options in any order, then FIELDS and the rest.</summary>
    private static bool TrySetOptions(CommandContext ctx, out SetOptions options, out long expireAtMs, out int first)
    {
        options = SetOptions.None;
        expireAtMs = -1;
        first = 0;
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (ctx.ArgIs(i, "FIELDS"u8)) return TryPairs(ctx, i + 1, out first);
            var isCondition = ctx.ArgIs(i, "FNX"u8) || ctx.ArgIs(i, "FXX"u8);
            var originMs = 0L;
            var unitMs = 0L;
            var isTime = !isCondition && TryUnit(ctx, i, out originMs, out unitMs);
            if (isCondition && (options & (SetOptions.IfNone | SetOptions.IfAll)) != 0)
            {
                ctx.Fail("ERR Only one of FXX or FNX arguments can be specified");
                return false;
            }

            if (!isCondition && !isTime && !ctx.ArgIs(i, "KEEPTTL"u8))
            {
                ctx.Fail($"ERR unknown argument: {CommandGate.Shown(ctx.Arg(i), int.MaxValue)}");
                return false;
            }

            if (!isCondition && (options & (SetOptions.KeepTtl | SetOptions.Time)) != 0)
            {
                ctx.Fail("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
                return false;
            }

            if (isCondition) options |= ctx.ArgIs(i, "FNX"u8) ? SetOptions.IfNone : SetOptions.IfAll;
            else if (!isTime) options |= SetOptions.KeepTtl;
            else if (TryDeadline(ctx, ++i, originMs, unitMs, out expireAtMs)) options |= SetOptions.Time;
            else return false;
        }

        ctx.Fail(Errors.WrongArity("hsetex"));
        return false;
    }

    private static bool TryPairs(CommandContext ctx, int countAt, out int first)
    {
        first = countAt + 1;
        if (countAt >= ctx.Argc || !NumberText.TryParseInt64(ctx.Arg(countAt), out var count) || count is < 1 or > int.MaxValue)
            ctx.Fail("ERR invalid number of fields");
        else if (ctx.Argc - first != count * 2) ctx.Fail("ERR wrong number of arguments");
        else return true;
        return false;
    }

    // ---- arguments --------------------------------------------------------------------------------------------------

    private static bool TryUnit(CommandContext ctx, int arg, out long originMs, out long unitMs)
    {
        originMs = ctx.NowMs;
        unitMs = 1000;
        if (ctx.ArgIs(arg, "EX"u8)) return true;
        unitMs = 1;
        if (ctx.ArgIs(arg, "PX"u8)) return true;
        originMs = 0;
        if (ctx.ArgIs(arg, "PXAT"u8)) return true;
        unitMs = 1000;
        return ctx.ArgIs(arg, "EXAT"u8);
    }

    /// <summary>An argument as a Unix time in ms; a past one is none to complain about.</summary>
    private static bool TryDeadline(CommandContext ctx, int arg, long originMs, long unitMs, out long expireAtMs)
    {
        expireAtMs = -1;
        if (arg >= ctx.Argc)
        {
            ctx.Fail("ERR missing expire time");
            return false;
        }

        if (!ctx.TryInt64(arg, out var amount)) return false;
        if (amount < 0)
        {
            ctx.Fail("ERR invalid expire time, must be >= 0");
            return false;
        }

        if (amount > ExpireMaxMs / unitMs || amount * unitMs > ExpireMaxMs - originMs)
        {
            ctx.Fail(Errors.InvalidExpire(ctx.Spec.FullName));
            return false;
        }

        expireAtMs = (amount * unitMs) + originMs;
        return true;
    }

    /// <summary>FIELDS numfields field [field ...] up to the end of the request; first = where the fields begin.</summary>
    private static bool TryFields(CommandContext ctx, int at, string onBadCount, out int first)
    {
        first = at + 2;
        if (at + 1 >= ctx.Argc || !ctx.ArgIs(at, "FIELDS"u8)) ctx.Fail(NoFields);
        else if (!NumberText.TryParseInt64(ctx.Arg(at + 1), out var count) || count < 1) ctx.Fail(onBadCount);
        else if (count != ctx.Argc - first) ctx.Fail(CountMismatch);
        else return true;
        return false;
    }
}

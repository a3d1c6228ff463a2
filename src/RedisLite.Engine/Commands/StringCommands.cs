using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Strings: SET and its relatives, numbers in strings, parts of strings. LCS has a file of its own.</summary>
internal static class StringCommands
{
    private static readonly KeyEvent IncrByEvent = new(NotifyClasses.String, "incrby");
    private static readonly KeyEvent IncrByFloatEvent = new(NotifyClasses.String, "incrbyfloat");
    private static readonly KeyEvent AppendEvent = new(NotifyClasses.String, "append");
    private static readonly KeyEvent SetRangeEvent = new(NotifyClasses.String, "setrange");

    [Flags]
    private enum SetOptions
    {
        None = 0,
        IfMissing = 1,
        IfExists = 2,
        Get = 4,
        KeepTtl = 8,
        Persist = 16,
        Expire = 32,
        IfEqual = 64,
        Conditions = IfMissing | IfExists | IfEqual,
    }

    /// <summary>Whose options are read: SET has GET and IFEQ, GETEX has PERSIST and no conditions.</summary>
    private enum OptionsOf
    {
        Set,
        MSetEx,
        GetEx,
    }

    public static CommandSpec[] Table() =>
    [
        new("APPEND", 3, Append, Write | DenyOom | Fast, "key value")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.String, Since = "2.0.0",
          Summary = "Adds bytes to the end of a string, making it when missing.",
          Complexity = "O(1) amortized, as the buffer grows by more than was asked" },
        new("DECR", 2, Decr, Write | DenyOom | Fast, "key")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "1.0.0",
          Summary = "Takes one from the integer at a key; a missing key counts as 0.", Complexity = "O(1)" },
        new("DECRBY", 3, DecrBy, Write | DenyOom | Fast, "key decrement:int")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "1.0.0",
          Summary = "Takes a number from the integer at a key; a missing key counts as 0.", Complexity = "O(1)" },
        new("DELIFEQ", 3, DelIfEq, Write | Fast, "key value")
        { Keys = [KeySpec.At(1, RW | Delete)], Acl = AclCategory.String, Since = "9.0.0",
          Summary = "Removes a key if it holds this string.", Complexity = "O(1)" },
        new("GET", 2, Get, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.String, Since = "1.0.0", Summary = "Gives the string at a key.",
          Complexity = "O(1)" },
        new("GETDEL", 2, GetDel, Write | Fast, "key")
        { Keys = [KeySpec.At(1, RW | Access | Delete)], Acl = AclCategory.String, Since = "6.2.0",
          Summary = "Gives the string at a key and removes the key.", Complexity = "O(1)" },
        new("GETEX", -2, GetEx, Write | Fast,
            "key [expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "6.2.0",
          Summary = "Gives the string at a key and sets, changes or drops its time to live.", Complexity = "O(1)" },
        new("GETRANGE", 4, GetRange, ReadOnly, "key start:int end:int")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.String, Since = "2.4.0", Summary = "Gives a part of a string by byte positions.",
          Complexity = "O(N) in the bytes given back" },
        new("GETSET", 3, GetSet, Write | DenyOom | Fast, "key value")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "1.0.0", DeprecatedSince = "6.2.0",
          ReplacedBy = "SET with GET", Summary = "Gives the old string of a key and puts a new one.", Complexity = "O(1)" },
        new("INCR", 2, Incr, Write | DenyOom | Fast, "key")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "1.0.0",
          Summary = "Adds one to the integer at a key; a missing key counts as 0.", Complexity = "O(1)" },
        new("INCRBY", 3, IncrBy, Write | DenyOom | Fast, "key increment:int")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "1.0.0",
          Summary = "Adds a number to the integer at a key; a missing key counts as 0.", Complexity = "O(1)" },
        new("INCRBYFLOAT", 3, IncrByFloat, Write | DenyOom | Fast, "key increment:double")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.String, Since = "2.6.0",
          Summary = "Adds a floating point number to the number at a key; a missing key counts as 0.", Complexity = "O(1)" },
        new("LCS", -3, Lcs, ReadOnly, "key1 key2#0 [LEN] [IDX] [MINMATCHLEN min-match-len:int] [WITHMATCHLEN]")
        { Keys = [KeySpec.Range(1, RO | Access, last: 1)], Acl = AclCategory.String, Since = "7.0.0",
          Summary = "Finds the longest common subsequence of two strings.", Complexity = "O(N*M) with N and M the lengths of the two strings" },
        new("MGET", -2, MGet, ReadOnly | Fast, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO | Access)], Acl = AclCategory.String, Since = "1.0.0", Tips = ["request_policy:multi_shard"],
          Summary = "Gives the strings of several keys at once.", Complexity = "O(N) in the number of keys" },
        new("MSET", -3, MSet, Write | DenyOom, "<data: key value [key value ...]>")
        { Keys = [KeySpec.Range(1, OW | Update, step: 2)], Acl = AclCategory.String, Since = "1.0.1",
          Tips = ["request_policy:multi_shard", "response_policy:all_succeeded"], Summary = "Puts several strings at once.",
          Complexity = "O(N) in the number of keys" },
        new("MSETEX", -4, MSetEx, Write | DenyOom,
            "numkeys <data: key value [key value ...]> [condition: NX | XX] "
            + "[expiration: EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]")
        { Keys = [KeySpec.Counted(1, OW | Update, step: 2)], Acl = AclCategory.String, Since = "8.4.0",
          Summary = "Puts several strings at once, with optional condition and time to live for all of them.",
          Complexity = "O(N) in the number of keys" },
        new("MSETNX", -3, MSetNx, Write | DenyOom, "<data: key value [key value ...]>")
        { Keys = [KeySpec.Range(1, OW | Insert, step: 2)], Acl = AclCategory.String, Since = "1.0.1",
          Summary = "Puts several strings at once, if none of the keys is there yet.", Complexity = "O(N) in the number of keys" },
        new("PSETEX", 4, PSetEx, Write | DenyOom, "key milliseconds value")
        { Keys = [KeySpec.At(1, OW | Update)], Acl = AclCategory.String, Since = "2.6.0", DeprecatedSince = "2.6.12", ReplacedBy = "SET with PX",
          Summary = "Puts a string with a time to live in milliseconds.", Complexity = "O(1)", IsBrief = true },
        new("SET", -3, Set, Write | DenyOom,
            "key value [condition: NX | XX | IFEQ comparison-value@8.1.0]@2.6.12 [GET@6.2.0] [expiration: EX seconds@2.6.12 | PX milliseconds@2.6.12 | EXAT "
            + "unix-time-seconds@6.2.0 | PXAT unix-time-milliseconds@6.2.0 | KEEPTTL@6.0.0]")
        { Keys = [KeySpec.At(1, RW | Access | Update | VariableFlags)], KeyFinder = CommandKeys.OfSet, Acl = AclCategory.String, Since = "1.0.0",
          Summary = "Puts a string, whatever type the key had, with optional condition and time to live.", Complexity = "O(1)", IsBrief = true },
        new("SETEX", 4, SetEx, Write | DenyOom, "key seconds value")
        { Keys = [KeySpec.At(1, OW | Update)], Acl = AclCategory.String, Since = "2.0.0", DeprecatedSince = "2.6.12", ReplacedBy = "SET with EX",
          Summary = "Puts a string with a time to live in seconds.", Complexity = "O(1)", IsBrief = true },
        new("SETNX", 3, SetNx, Write | DenyOom | Fast, "key value")
        { Keys = [KeySpec.At(1, OW | Insert)], Acl = AclCategory.String, Since = "1.0.0", DeprecatedSince = "2.6.12", ReplacedBy = "SET with NX",
          Summary = "Puts a string if the key is not there yet.", Complexity = "O(1)" },
        new("SETRANGE", 4, SetRange, Write | DenyOom, "key offset value")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.String, Since = "2.2.0",
          Summary = "Overwrites a part of a string from a byte position on, padding with zero bytes.",
          Complexity = "O(1) for short values, else O(M) in the length of the value" },
        new("STRLEN", 2, StrLen, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.String, Since = "2.2.0", Summary = "Gives the length of a string in bytes.",
          Complexity = "O(1)" },
        new("SUBSTR", 4, SubStr, ReadOnly, "key start:int end:int")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.String, Since = "1.0.0", DeprecatedSince = "2.0.0", ReplacedBy = "GETRANGE",
          Summary = "Gives a part of a string by byte positions (the older name of GETRANGE).", Complexity = "O(N) in the bytes given back" },
    ];

    // ---- reading ----------------------------------------------------------------------------------------------------

    private static void Get(CommandContext ctx)
    {
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        ReplyValue(ctx, value);
    }

    private static void MGet(CommandContext ctx)
    {
        ctx.Reply.Array(ctx.Argc - 1);
        for (var i = 1; i < ctx.Argc; i++)
        {
            var entry = ctx.Read(ctx.Arg(i));
            if (entry.Exists && entry.Type == ValueType.String) ReplyValue(ctx, StringValue.Over(entry));
            else ctx.Reply.Null();
            ctx.CloseEntries();
        }
    }

    private static void StrLen(CommandContext ctx)
    {
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        ctx.Reply.Integer(value.Length);
    }

    private static void GetRange(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var start) || !ctx.TryInt64(3, out var end)) return;
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        ctx.Reply.Bulk(value.GetRange(start, end, stackalloc byte[StringValue.ScratchMax]));
    }

    private static void SubStr(CommandContext ctx) => GetRange(ctx);

    private static void ReplyValue(CommandContext ctx, StringValue value)
    {
        if (value.IsMissing) ctx.Reply.Null();
        else if (value.Entry.Kind == RecordKind.String) ctx.Reply.Bulk(value.Entry.Value);
        else if (value.TryGetInteger(out var integer)) ctx.Reply.BulkLong(integer);
    }

    // ---- SET and its relatives --------------------------------------------------------------------------------------

    private static void Set(CommandContext ctx)
    {
        if (ctx.Argc == 3)
        {
            SetPlain(ctx, ctx.Arg(1), ctx.Arg(2));
            ctx.Reply.Ok();
            return;
        }

        if (!ParseOptions(ctx, 3, OptionsOf.Set, out var options, out var expireAtMs, out var comparand)) return;
        SetGeneric(ctx, ctx.Arg(2), options, expireAtMs, comparand);
    }

    private static void SetNx(CommandContext ctx)
    {
        var entry = ctx.Write(ctx.Arg(1));
        if (entry.Exists)
        {
            ctx.Reply.Integer(0);
            return;
        }

        ctx.PutString(ctx.Arg(1), entry, ctx.Arg(2), keepExpiry: false);
        ctx.Changed(ctx.Arg(1), KeyEvents.Set);
        ctx.Reply.Integer(1);
    }

    private static void SetEx(CommandContext ctx) => SetWithExpiry(ctx, unitMs: 1000);

    private static void PSetEx(CommandContext ctx) => SetWithExpiry(ctx, unitMs: 1);

    private static void SetWithExpiry(CommandContext ctx, long unitMs)
    {
        if (!ctx.TryInt64(2, out var amount)) return;
        if (!TryDeadline(ctx, amount, unitMs, relative: true, out var expireAtMs)) return;
        SetGeneric(ctx, ctx.Arg(3), SetOptions.Expire, expireAtMs);
    }

    private static void GetSet(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryRead<StringValue>(key, out var old)) return;           // it is read too: a hit or a miss, as in Redis
        ReplyValue(ctx, old);
        ctx.PutString(key, old.Entry, ctx.Arg(2), keepExpiry: false);
        ctx.Changed(key, KeyEvents.Set);
        ctx.PropagateAs("SET"u8).Arg(key).Arg(ctx.Arg(2));
    }

    private static void GetDel(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryRead<StringValue>(key, out var value)) return;
        ReplyValue(ctx, value);
        if (value.IsMissing) return;
        ctx.Remove(value.Entry);
        ctx.Changed(key, KeyEvents.Del);
        ctx.PropagateAs("DEL"u8).Arg(key);
    }

    private static void DelIfEq(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        if (!Holds(value, ctx.Arg(2)))
        {
            ctx.Reply.Integer(0);
            return;
        }

        ctx.Remove(value.Entry);
        ctx.Changed(key, KeyEvents.Del);
        ctx.PropagateAs("DEL"u8).Arg(key);
        ctx.Reply.Integer(1);
    }

    private static bool Holds(StringValue value, ReadOnlySpan<byte> text) =>
        !value.IsMissing && value.Length == text.Length && value.GetRange(0, -1, stackalloc byte[StringValue.ScratchMax]).SequenceEqual(text);

    private static void GetEx(CommandContext ctx)
    {
        if (!ParseOptions(ctx, 2, OptionsOf.GetEx, out var options, out var expireAtMs, out _)) return;
        var key = ctx.Arg(1);
        if (!ctx.TryRead<StringValue>(key, out var value)) return;
        ReplyValue(ctx, value);
        if (value.IsMissing) return;

        if ((options & SetOptions.Expire) != 0) KeyExpiry.Set(ctx, key, value.Entry, expireAtMs);
        else if ((options & SetOptions.Persist) != 0 && value.Entry.HasExpiry)
        {
            value.Entry.SetExpireAt(-1);
            ctx.Changed(key, KeyEvents.Persist);
            ctx.PropagateAs("PERSIST"u8).Arg(key);
        }
    }

    private static void MSet(CommandContext ctx)
    {
        if (ctx.Argc % 2 == 0)
        {
            ctx.Fail(Errors.WrongArity("mset"));
            return;
        }

        PutPairs(ctx);
        ctx.Reply.Ok();
    }

    private static void MSetNx(CommandContext ctx)
    {
        if (ctx.Argc % 2 == 0)
        {
            ctx.Fail(Errors.WrongArity("msetnx"));
            return;
        }

        for (var i = 1; i < ctx.Argc; i += 2)
        {
            if (ctx.Write(ctx.Arg(i)).Exists)
            {
                ctx.Reply.Integer(0);
                return;
            }

            ctx.CloseEntries();
        }

        PutPairs(ctx);
        ctx.Reply.Integer(1);
    }

    private static void MSetEx(CommandContext ctx)
    {
        if (!NumberText.TryParseInt64(ctx.Arg(1), out var count) || count is < 1 or > int.MaxValue)
        {
            ctx.Fail("ERR invalid numkeys value");
            return;
        }

        if (count > (ctx.Argc - 2) / 2)
        {
            ctx.Fail("ERR wrong number of key-value pairs");
            return;
        }

        var end = 2 + (2 * (int)count);
        if (!ParseOptions(ctx, end, OptionsOf.MSetEx, out var options, out var expireAtMs, out _)) return;
        if (!AllowsAll(ctx, end, options))
        {
            ctx.Reply.Integer(0);
            return;
        }

        for (var i = 2; i < end; i += 2)
        {
            var entry = ctx.Write(ctx.Arg(i));
            ctx.PutString(ctx.Arg(i), entry, ctx.Arg(i + 1), keepExpiry: (options & SetOptions.KeepTtl) != 0);
            if ((options & SetOptions.Expire) != 0) entry.SetExpireAt(expireAtMs);
            ctx.Changed(ctx.Arg(i), KeyEvents.Set);
            if ((options & SetOptions.Expire) != 0) ctx.Notify(KeyEvents.Expire, ctx.Arg(i));
            PropagateSet(ctx, ctx.Arg(i), ctx.Arg(i + 1), options, expireAtMs);
            ctx.CloseEntries();
        }

        ctx.Reply.Integer(1);
    }

    /// <summary>NX: none of the keys may be there; XX: all must be.</summary>
    private static bool AllowsAll(CommandContext ctx, int end, SetOptions options)
    {
        if ((options & SetOptions.Conditions) == 0) return true;
        for (var i = 2; i < end; i += 2)
        {
            var exists = ctx.Write(ctx.Arg(i)).Exists;
            ctx.CloseEntries();
            if (exists == ((options & SetOptions.IfMissing) != 0)) return false;
        }

        return true;
    }

    /// <summary>One string that was put, without what it was conditional on.</summary>
    private static void PropagateSet(CommandContext ctx, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, SetOptions options, long expireAtMs)
    {
        var effect = ctx.PropagateAs("SET"u8).Arg(key).Arg(value);
        if ((options & SetOptions.Expire) != 0) effect.Arg("PXAT"u8).Arg(expireAtMs);
        else if ((options & SetOptions.KeepTtl) != 0) effect.Arg("KEEPTTL"u8);
    }

    private static void PutPairs(CommandContext ctx)
    {
        for (var i = 1; i < ctx.Argc; i += 2)
        {
            SetPlain(ctx, ctx.Arg(i), ctx.Arg(i + 1));
            ctx.CloseEntries();
        }
    }

    private static void SetPlain(CommandContext ctx, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ctx.PutString(key, ctx.Write(key), value, keepExpiry: false);
        ctx.Changed(key, KeyEvents.Set);
    }

    private static void SetGeneric(CommandContext ctx, ReadOnlySpan<byte> value, SetOptions options, long expireAtMs, int comparand = 0)
    {
        var key = ctx.Arg(1);
        var get = (options & SetOptions.Get) != 0;
        Entry entry;
        if (get)
        {
            if (!ctx.TryRead<StringValue>(key, out var old)) return;
            ReplyValue(ctx, old);
            entry = old.Entry;
        }
        else
        {
            entry = ctx.Write(key);
        }

        var compares = (options & SetOptions.IfEqual) != 0;
        if (compares && entry.Exists && entry.Type != ValueType.String)
        {
            ctx.Fail(Errors.WrongType);
            return;
        }

        var unwanted = entry.Exists ? SetOptions.IfMissing : SetOptions.IfExists;
        if ((options & unwanted) != 0 || (compares && !Holds(StringValue.Over(entry), ctx.Arg(comparand))))
        {
            if (!get) ctx.Reply.Null();
            return;
        }

        ctx.PutString(key, entry, value, keepExpiry: (options & SetOptions.KeepTtl) != 0);
        if ((options & SetOptions.Expire) != 0) entry.SetExpireAt(expireAtMs);
        ctx.Changed(key, KeyEvents.Set);
        if ((options & SetOptions.Expire) != 0)
        {
            ctx.Notify(KeyEvents.Expire, key);
            PropagateSet(ctx, key, value, options, expireAtMs);
        }
        else if (compares)
        {
            PropagateSet(ctx, key, value, options, expireAtMs);
        }
        else if (get)
        {
            PropagateWithoutGet(ctx);
        }

        if (!get) ctx.Reply.Ok();
    }

    /// <summary>What GET gave back is no effect: a replica needs the rest of the request only.</summary>
    private static void PropagateWithoutGet(CommandContext ctx)
    {
        var effect = ctx.PropagateAs("SET"u8).Arg(ctx.Arg(1)).Arg(ctx.Arg(2));
        for (var i = 3; i < ctx.Argc; i++)
        {
            if (!ctx.ArgIs(i, "GET"u8)) effect.Arg(ctx.Arg(i));
        }
    }

    private static bool ParseOptions(CommandContext ctx, int first, OptionsOf command, out SetOptions options, out long expireAtMs, out int comparand)
    {
        const SetOptions life = SetOptions.Expire | SetOptions.KeepTtl | SetOptions.Persist;
        var forSet = command != OptionsOf.GetEx;
        options = SetOptions.None;
        expireAtMs = 0;
        comparand = 0;
        long amount = 0, unitMs = 1;
        var relative = false;
        var args = ctx.ArgsFrom(first);
        while (args.More)
        {
            if (forSet && (options & SetOptions.Conditions & ~SetOptions.IfMissing) == 0 && args.Take("NX"u8)) options |= SetOptions.IfMissing;
            else if (forSet && (options & SetOptions.Conditions & ~SetOptions.IfExists) == 0 && args.Take("XX"u8)) options |= SetOptions.IfExists;
            else if (command == OptionsOf.Set && (options & SetOptions.Conditions) == 0 && args.Left >= 2 && args.Take("IFEQ"u8))
            {
                options |= SetOptions.IfEqual;
                comparand = args.Position;
                args.Next();
            }
            else if (command == OptionsOf.Set && args.Take("GET"u8)) options |= SetOptions.Get;
            else if (forSet && (options & life & ~SetOptions.KeepTtl) == 0 && args.Take("KEEPTTL"u8)) options |= SetOptions.KeepTtl;
            else if (!forSet && (options & life & ~SetOptions.Persist) == 0 && args.Take("PERSIST"u8)) options |= SetOptions.Persist;
            else if ((options & life & ~SetOptions.Expire) == 0 && args.Left >= 2 && TakeUnit(ref args, (options & SetOptions.Expire) != 0, ref unitMs, ref relative))
            {
                options |= SetOptions.Expire;
                amount = NumberText.TryParseInt64(ctx.Arg(args.Position), out var number) ? number : long.MinValue;
                args.Next();
            }
            else args.Unexpected();
        }

        if (args.Failed()) return false;
        if ((options & SetOptions.Expire) == 0) return true;
        if (!forSet && !HasString(ctx)) return false;
        if (amount != long.MinValue) return TryDeadline(ctx, amount, unitMs, relative, out expireAtMs);
        ctx.Fail(Errors.NotInteger);
        return false;
    }

    /// <summary>GETEX looks at the key before it looks at the number; a missing key is answered here.</summary>
    private static bool HasString(CommandContext ctx)
    {
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return false;
        if (!value.IsMissing) return true;
        ctx.Reply.Null();
        return false;
    }

    /// <summary>The same unit may come again, and its last number counts; a second unit is a mistake.</summary>
    private static bool TakeUnit(ref ArgReader args, bool given, ref long unitMs, ref bool relative)
    {
        var before = (unitMs, relative);
        if (args.Take("EX"u8)) (unitMs, relative) = (1000, true);
        else if (args.Take("PX"u8)) (unitMs, relative) = (1, true);
        else if (args.Take("EXAT"u8)) (unitMs, relative) = (1000, false);
        else if (args.Take("PXAT"u8)) (unitMs, relative) = (1, false);
        else return false;
        return !given || before == (unitMs, relative);
    }

    private static bool TryDeadline(CommandContext ctx, long amount, long unitMs, bool relative, out long expireAtMs)
    {
        expireAtMs = 0;
        var ok = amount > 0 && amount <= long.MaxValue / unitMs;
        if (ok)
        {
            expireAtMs = amount * unitMs;
            ok = !relative || expireAtMs <= long.MaxValue - ctx.NowMs;
            if (relative && ok) expireAtMs += ctx.NowMs;
        }

        if (!ok) ctx.Fail(Errors.InvalidExpire(ctx.Spec.FullName));
        return ok;
    }

    // ---- numbers ----------------------------------------------------------------------------------------------------

    private static void Incr(CommandContext ctx) => Increment(ctx, 1);

    private static void Decr(CommandContext ctx) => Increment(ctx, -1);

    private static void IncrBy(CommandContext ctx)
    {
        if (ctx.TryInt64(2, out var by)) Increment(ctx, by);
    }

    private static void DecrBy(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var by)) return;
        if (by == long.MinValue) ctx.Fail("ERR decrement would overflow");
        else Increment(ctx, -by);
    }

    private static void Increment(CommandContext ctx, long by)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        long number = 0;
        if (!value.IsMissing && !value.TryGetInteger(out number))
        {
            ctx.Fail(Errors.NotInteger);
            return;
        }

        if ((by < 0 && number < long.MinValue - by) || (by > 0 && number > long.MaxValue - by))
        {
            ctx.Fail(Errors.Overflow);
            return;
        }

        number += by;
        ctx.PutInteger(key, value.Entry, number);
        ctx.Changed(key, IncrByEvent);
        ctx.Reply.Integer(number);
    }

    private static void IncrByFloat(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        if (!value.TryGetExtendedFloat(out var number) || !ExtendedFloat.TryParse(ctx.Arg(2), out var by))
        {
            ctx.Fail(Errors.NotFloat);
            return;
        }

        number += by;
        if (!number.IsFinite)
        {
            ctx.Fail(Errors.FloatNanOrInfinity);
            return;
        }

        Span<byte> sum = stackalloc byte[ExtendedFloat.TextMax];
        var length = number.Format(sum);
        sum = sum[..length];
        var entry = ctx.Put(key, value.Entry, RecordKind.String, sum.Length, keepExpiry: true);    // text also when it reads as an integer
        sum.CopyTo(entry.MutableValue());
        ctx.Changed(key, IncrByFloatEvent);
        ctx.Reply.Bulk(sum);
        ctx.PropagateAs("SET"u8).Arg(key).Arg(sum).Arg("KEEPTTL"u8);
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    private static void Append(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        var tail = ctx.Arg(2);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        if (value.IsMissing)
        {
            ctx.PutString(key, value.Entry, tail, keepExpiry: false);
            ctx.Changed(key, AppendEvent);
            ctx.Reply.Integer(tail.Length);
            return;
        }

        if (!FitsLimit(ctx, (long)value.Length + tail.Length)) return;
        var length = value.Append(tail);
        ctx.Changed(key, AppendEvent);
        ctx.Reply.Integer(length);
    }

    private static void SetRange(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        var patch = ctx.Arg(3);
        if (!ctx.TryInt64(2, out var offset)) return;
        if (offset < 0)
        {
            ctx.Fail(Errors.OffsetOutOfRange);
            return;
        }

        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        if (patch.IsEmpty)
        {
            ctx.Reply.Integer(value.Length);
            return;
        }

        if (!FitsLimit(ctx, offset + patch.Length)) return;
        if (value.IsMissing) ctx.PutString(key, value.Entry, default, keepExpiry: false);
        var length = value.SetRange((int)offset, patch);
        ctx.Changed(key, SetRangeEvent);
        ctx.Reply.Integer(length);
    }

    private static bool FitsLimit(CommandContext ctx, long length)
    {
        if (length >= 0 && length <= ctx.Config.ProtoMaxBulkLen) return true;
        ctx.Fail(Errors.StringTooLong);
        return false;
    }

    private static void Lcs(CommandContext ctx) => LongestCommonSubsequence.Run(ctx);
}

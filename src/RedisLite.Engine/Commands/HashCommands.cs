using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Hashes.</summary>
internal static class HashCommands
{
    private static readonly KeyEvent HSetEvent = new(NotifyClasses.Hash, "hset");
    private static readonly KeyEvent HDelEvent = new(NotifyClasses.Hash, "hdel");
    private static readonly KeyEvent HIncrByEvent = new(NotifyClasses.Hash, "hincrby");
    private static readonly KeyEvent HIncrByFloatEvent = new(NotifyClasses.Hash, "hincrbyfloat");

    public static CommandSpec[] Table() =>
    [
        new("HDEL", -3, HDel, Write | Fast, "key field [field ...]")
        { Keys = [KeySpec.At(1, RW | Delete)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0",
          Summary = "Removes fields of a hash, and the hash with its last field.", Complexity = "O(N) in the number of fields" },
        new("HEXISTS", 3, HExists, ReadOnly | Fast, "key field")
        { Keys = [KeySpec.At(1, RO)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0", Summary = "Tells whether a hash has a field.", Complexity = "O(1)" },
        new("HGET", 3, HGet, ReadOnly | Fast, "key field")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0", Summary = "Gives the value of a field of a hash.",
          Complexity = "O(1)" },
        new("HGETALL", 2, HGetAll, ReadOnly, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "2.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives all fields of a hash with their values.", Complexity = "O(N) in the size of the hash" },
        new("HINCRBY", 4, HIncrBy, Write | DenyOom | Fast, "key field increment:int")
        { Keys = [KeySpec.At(1, RW | Access | Update)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0",
          Summary = "Adds a number to the integer at a field; a missing field counts as 0.", Complexity = "O(1)" },
        new("HINCRBYFLOAT", 4, HIncrByFloat, Write | DenyOom | Fast, "key field increment:double")
        { Keys = [KeySpec.At(1, RW | Access | Update)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.6.0",
          Summary = "Adds a floating point number to the number at a field; a missing field counts as 0.", Complexity = "O(1)" },
        new("HKEYS", 2, HKeys, ReadOnly, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "2.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives all fields of a hash.", Complexity = "O(N) in the size of the hash" },
        new("HLEN", 2, HLen, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.Hash, Since = "2.0.0", Summary = "Counts the fields of a hash.", Complexity = "O(1)" },
        new("HMGET", -3, HMGet, ReadOnly | Fast, "key field [field ...]")
        { Keys = [KeySpec.At(1, RO | Access)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0", Summary = "Gives the values of several fields of a hash.",
          Complexity = "O(N) in the number of fields asked for" },
        new("HMSET", -4, HMSet, Write | DenyOom | Fast, "key <data: field value [field value ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0", DeprecatedSince = "4.0.0", ReplacedBy = "HSET",
          Summary = "Sets several fields of a hash.", Complexity = "O(N) in the number of fields" },
        new("HRANDFIELD", -2, HRandField, ReadOnly, "key [options: count [WITHVALUES]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "6.2.0", Tips = ["nondeterministic_output"],
          Summary = "Gives fields of a hash picked at random.", Complexity = "O(N) in the number of fields given back" },
        new("HSCAN", -3, HScan, ReadOnly, "key cursor [MATCH pattern] [COUNT count] [NOVALUES@7.4.0]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "2.8.0", Tips = ["nondeterministic_output"],
          Summary = "Walks through the fields and values of a hash step by step.",
          Complexity = "O(1) a call, O(N) for a whole walk over N fields" },
        new("HSET", -4, HSet, Write | DenyOom | Fast, "key <data: field value [field value ...]>")
        { Keys = [KeySpec.At(1, RW | Update)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0",
          Summary = "Sets fields of a hash and counts the new ones.", Complexity = "O(N) in the number of fields" },
        new("HSETNX", 4, HSetNx, Write | DenyOom | Fast, "key field value")
        { Keys = [KeySpec.At(1, RW | Insert)], ElementArg = 2, Acl = AclCategory.Hash, Since = "2.0.0",
          Summary = "Sets a field of a hash if it is not there yet.", Complexity = "O(1)" },
        new("HSTRLEN", 3, HStrLen, ReadOnly | Fast, "key field")
        { Keys = [KeySpec.At(1, RO)], ElementArg = 2, Acl = AclCategory.Hash, Since = "3.2.0", Summary = "Gives the length in bytes of the value of a field.",
          Complexity = "O(1)" },
        new("HVALS", 2, HVals, ReadOnly, "key")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Hash, Since = "2.0.0", Tips = ["nondeterministic_output_order"],
          Summary = "Gives all values of a hash.", Complexity = "O(N) in the size of the hash" },
    ];

    // ---- writing ----------------------------------------------------------------------------------------------------

    private static void HSet(CommandContext ctx)
    {
        if (SetFields(ctx) is { } created) ctx.Reply.Integer(created);
    }

    private static void HMSet(CommandContext ctx)
    {
        if (SetFields(ctx) is not null) ctx.Reply.Ok();
    }

    /// <summary>Number of fields that are new; null when the request was wrong and the error is replied.</summary>
    private static int? SetFields(CommandContext ctx)
    {
        if (ctx.Argc % 2 == 1)
        {
            ctx.Fail(Errors.WrongArity(ctx.Spec.FullName));
            return null;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<HashValue>(key, out var hash)) return null;
        if (hash.IsMissing) hash = ctx.Create<HashValue>(key);
        hash.Expect((ctx.Argc - 2) / 2);
        var created = 0;
        for (var i = 2; i < ctx.Argc; i += 2)
        {
            if (hash.Set(ctx.Arg(i), ctx.Arg(i + 1))) created++;
        }

        ctx.Changed(key, HSetEvent, (ctx.Argc - 2) / 2);
        return created;
    }

    private static void HSetNx(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<HashValue>(key, out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        if (hash.Contains(ctx.Arg(2)))
        {
            ctx.Reply.Integer(0);
            return;
        }

        if (hash.IsMissing) hash = ctx.Create<HashValue>(key);
        hash.Set(ctx.Arg(2), ctx.Arg(3));
        ctx.Changed(key, HSetEvent);
        ctx.Reply.Integer(1);
    }

    private static void HDel(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<HashValue>(key, out var hash)) return;
        var deleted = 0;
        for (var i = 2; i < ctx.Argc && hash.Count > 0; i++)
        {
            if (hash.Delete(ctx.Arg(i))) deleted++;
        }

        if (deleted > 0) ctx.Changed(key, HDelEvent, deleted);
        ctx.Reply.Integer(deleted);
    }

    private static void HIncrBy(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryInt64(3, out var by)) return;
        if (!ctx.TryWrite<HashValue>(key, out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        long number = 0;
        if (hash.TryGet(ctx.Arg(2), out var old) && !old.TryGetInteger(out number))
        {
            ctx.Fail("ERR hash value is not an integer");
            return;
        }

        if ((by < 0 && number < long.MinValue - by) || (by > 0 && number > long.MaxValue - by))
        {
            ctx.Fail(Errors.Overflow);
            return;
        }

        number += by;
        if (hash.IsMissing) hash = ctx.Create<HashValue>(key);
        Span<byte> digits = stackalloc byte[NumberText.Int64TextMax];
        hash.SetKeepingExpiry(ctx.Arg(2), digits[..NumberText.FormatInt64(number, digits)]);
        ctx.Changed(key, HIncrByEvent);
        ctx.Reply.Integer(number);
    }

    private static void HIncrByFloat(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!ExtendedFloat.TryParse(ctx.Arg(3), out var by))
        {
            ctx.Fail(Errors.NotFloat);
            return;
        }

        if (!by.IsFinite)
        {
            ctx.Fail("ERR value is NaN or Infinity");
            return;
        }

        if (!ctx.TryWrite<HashValue>(key, out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        var number = ExtendedFloat.FromInt64(0);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        if (hash.TryGet(ctx.Arg(2), out var old) && !ExtendedFloat.TryParse(old.AsText(scratch), out number))
        {
            ctx.Fail("ERR hash value is not a float");
            return;
        }

        number += by;
        if (!number.IsFinite)
        {
            ctx.Fail(Errors.FloatNanOrInfinity);
            return;
        }

        if (hash.IsMissing) hash = ctx.Create<HashValue>(key);
        Span<byte> sum = stackalloc byte[ExtendedFloat.TextMax];
        sum = sum[..number.Format(sum)];
        hash.SetKeepingExpiry(ctx.Arg(2), sum);
        ctx.Changed(key, HIncrByFloatEvent);
        ctx.Reply.Bulk(sum);
        ctx.PropagateAs("HSET"u8).Arg(key).Arg(ctx.Arg(2)).Arg(sum);
        if (hash.HasFieldExpiry) FieldExpiry.PropagateKept(ctx, hash, ctx.Arg(2));
    }

    // ---- reading ----------------------------------------------------------------------------------------------------

    private static void HGet(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        ReplyField(ctx, hash, ctx.Arg(2));
    }

    private static void HMGet(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, ctx.Argc);
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++) ReplyField(ctx, hash, ctx.Arg(i));
    }

    private static void ReplyField(CommandContext ctx, HashValue hash, ReadOnlySpan<byte> field)
    {
        if (hash.TryGet(field, out var value)) ctx.Reply.Bulk(value);
        else ctx.Reply.Null();
    }

    private static void HExists(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        ctx.Reply.Integer(hash.Contains(ctx.Arg(2)) ? 1 : 0);
    }

    private static void HLen(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        ctx.Reply.Integer(hash.Count);
    }

    private static void HStrLen(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveNamed(ctx, hash, 2, 3);
        ctx.Reply.Integer(hash.TryGet(ctx.Arg(2), out var value) ? value.TextLength : 0);
    }

    private static void HGetAll(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        ctx.Reply.Map(hash.CountAlive(ctx.Found));
        if (hash.TryGetPack(out var pack))
        {
            ctx.Reply.Entries(pack, ListPack.First, long.MaxValue);
            return;
        }
        for (var walk = hash.Walk(); walk.MoveNext();)
        {
            ctx.Reply.Bulk(walk.Field);
            ctx.Reply.Bulk(walk.Value);
        }
    }

    private static void HKeys(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        ctx.Reply.Array(hash.CountAlive(ctx.Found));
        for (var walk = hash.Walk(); walk.MoveNext();) ctx.Reply.Bulk(walk.Field);
    }

    private static void HVals(CommandContext ctx)
    {
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        ctx.Reply.Array(hash.CountAlive(ctx.Found));
        for (var walk = hash.Walk(); walk.MoveNext();) ctx.Reply.Bulk(walk.Value);
    }

    // ---- chance and cursors -----------------------------------------------------------------------------------------

    private static void HRandField(CommandContext ctx)
    {
        if (!SampleArguments.TryParse(ctx, "WITHVALUES"u8, out var wanted)) return;
        if (!ctx.TryRead<HashValue>(ctx.Arg(1), out var hash)) return;
        FieldExpiry.RemoveAll(ctx, hash);
        if (wanted.IsOne)
        {
            var place = hash.IsMissing ? 0 : hash.Random(ctx.Random);
            if (place == 0) ctx.Reply.Null();
            else ctx.Reply.Bulk(hash.FieldAt(place));
        }
        else if (hash.IsMissing || wanted.Count == 0 || hash.CountAlive(ctx.Found) == 0) ctx.Reply.Array(0);
        else if (wanted.Count > 0) ReplyDistinct(ctx, hash, wanted.Count, wanted.WithValues);
        else ReplyRepeating(ctx, hash, -wanted.Count, wanted.WithValues);
    }

    private static void ReplyDistinct(CommandContext ctx, HashValue hash, long count, bool withValues)
    {
        var found = ctx.Found;
        found.Clear();
        hash.Sample(ctx.Random, Math.Min(count, hash.Count), found);
        BeginPairs(ctx, found.Count, withValues);
        foreach (var place in found.Items) ReplyPair(ctx, hash, place, withValues);
    }

    private static void ReplyRepeating(CommandContext ctx, HashValue hash, long count, bool withValues)
    {
        BeginPairs(ctx, count, withValues);
        while (SampleArguments.GoesOn(ctx, ref count)) ReplyPair(ctx, hash, hash.Random(ctx.Random), withValues);
    }

    /// <summary>With values: a flat list in RESP2, a list of pairs in RESP3.</summary>
    private static void BeginPairs(CommandContext ctx, long count, bool withValues) =>
        ctx.Reply.Array(withValues && ctx.Reply.Protocol == 2 ? count * 2 : count);

    private static void ReplyPair(CommandContext ctx, HashValue hash, ulong place, bool withValues)
    {
        if (withValues && ctx.Reply.Protocol == 3) ctx.Reply.Array(2);
        ctx.Reply.Bulk(hash.FieldAt(place));
        if (withValues) ctx.Reply.Bulk(hash.ValueAt(place));
    }

    private static void HScan(CommandContext ctx) => ScanCommands.Elements<HashValue>(ctx, ScanKind.Hash, static (ctx, hash, place, in options) =>
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var field = hash.FieldAt(place);
        if (hash.IsPast(place) || !options.Matches(field.AsText(scratch))) return 0;
        ctx.Reply.Bulk(field);
        if (options.NoValues) return 1;
        ctx.Reply.Bulk(hash.ValueAt(place));
        return 2;
    });
}

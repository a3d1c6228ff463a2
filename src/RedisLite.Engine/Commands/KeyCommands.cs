using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Keys of any type: removing, renaming, copying, moving, looking at. Expiry and SCAN have files of their own.</summary>
internal static class KeyCommands
{
    private static readonly KeyEvent RenameFrom = new(NotifyClasses.Generic, "rename_from");
    private static readonly KeyEvent RenameTo = new(NotifyClasses.Generic, "rename_to");
    private static readonly KeyEvent CopyTo = new(NotifyClasses.Generic, "copy_to");
    private static readonly KeyEvent MoveFrom = new(NotifyClasses.Generic, "move_from");
    private static readonly KeyEvent MoveTo = new(NotifyClasses.Generic, "move_to");

    /// <summary>Redis keeps one shared object for each of the integers below this, and counts no references on it.</summary>
    private const int SharedIntegers = 10000;

    /// <summary>A replica may hold nothing but keys that its primary has yet to remove: in the end one of those is the answer.</summary>
    private const int RandomKeyTries = 100;

    public static CommandSpec[] Table() =>
    [
        new("COPY", -3, Copy, Write | DenyOom, "source destination [DB destination-db] [REPLACE]")
        { Keys = [KeySpec.At(1, RO | Access), KeySpec.At(2, OW | Update)], Acl = AclCategory.Keyspace, Since = "6.2.0",
          Summary = "Copies the value of a key to another key, also across databases.",
          Complexity = "O(N) in the elements of a collection, O(1) for strings" },
        new("DEL", -2, Del, Write, "key [key ...]")
        { Keys = [KeySpec.Range(1, RM | KeyFlags.Delete)], Acl = AclCategory.Keyspace, Since = "1.0.0",
          Tips = ["request_policy:multi_shard", "response_policy:agg_sum"], Summary = "Removes keys.",
          Complexity = "O(N) in the number of keys, plus O(M) for each collection of M elements" },
        new("EXISTS", -2, Exists, ReadOnly | Fast, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO)], Acl = AclCategory.Keyspace, Since = "1.0.0",
          Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
          Summary = "Counts how many of the keys are there; a key named twice counts twice.", Complexity = "O(N) in the number of keys" },
        new("KEYS", 2, Keys, ReadOnly, "pattern")
        { Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "1.0.0",
          Tips = ["request_policy:all_shards", "nondeterministic_output_order"], Summary = "Gives all key names that match a pattern.",
          Complexity = "O(N) in the number of keys of the database" },
        new("MOVE", 3, Move, Write | Fast, "key db:int")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.Keyspace, Since = "1.0.0", Summary = "Moves a key to another database.",
          Complexity = "O(1)" },
        new("OBJECT", -2, null, None, "")
        {
            Since = "2.2.3", Summary = "Looks into how values are stored.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("ENCODING", 3, ObjectEncoding, ReadOnly, "key")
                { Keys = [KeySpec.At(2, RO)], Acl = AclCategory.Keyspace, Since = "2.2.3", Tips = ["nondeterministic_output"],
                  Summary = "Gives the name of the inner encoding of a value.", Complexity = "O(1)" },
                new("FREQ", 3, ObjectFreq, ReadOnly, "key")
                { Keys = [KeySpec.At(2, RO)], Acl = AclCategory.Keyspace, Since = "4.0.0", Tips = ["nondeterministic_output"],
                  Summary = "Gives the logarithmic access frequency of a key, under an LFU policy.", Complexity = "O(1)" },
                new("HELP", 2, ObjectHelp, Loading | Stale, "")
                { Acl = AclCategory.Keyspace, Since = "6.2.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("IDLETIME", 3, ObjectIdleTime, ReadOnly, "key")
                { Keys = [KeySpec.At(2, RO)], Acl = AclCategory.Keyspace, Since = "2.2.3", Tips = ["nondeterministic_output"],
                  Summary = "Gives the seconds since a key was last used.", Complexity = "O(1)" },
                new("REFCOUNT", 3, ObjectRefCount, ReadOnly, "key")
                { Keys = [KeySpec.At(2, RO)], Acl = AclCategory.Keyspace, Since = "2.2.3", Tips = ["nondeterministic_output"],
                  Summary = "Gives the reference count of a value.", Complexity = "O(1)" },
            ],
        },
        new("RANDOMKEY", 1, RandomKey, ReadOnly, "")
        { Acl = AclCategory.Keyspace, Since = "1.0.0", Tips = ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
          Summary = "Gives the name of some key of the database.", Complexity = "O(1)" },
        new("RENAME", 3, Rename, Write, "key newkey")
        { Keys = [KeySpec.At(1, RW | Access | KeyFlags.Delete), KeySpec.At(2, OW | Update)], Acl = AclCategory.Keyspace, Since = "1.0.0",
          Summary = "Renames a key, overwriting the new name.", Complexity = "O(1), plus the cost of removing an overwritten value" },
        new("RENAMENX", 3, RenameNx, Write | Fast, "key newkey")
        { Keys = [KeySpec.At(1, RW | Access | KeyFlags.Delete), KeySpec.At(2, OW | Insert)], Acl = AclCategory.Keyspace, Since = "1.0.0",
          Summary = "Renames a key if the new name is free.", Complexity = "O(1)" },
        new("TOUCH", -2, Touch, ReadOnly | Fast, "key [key ...]")
        { Keys = [KeySpec.Range(1, RO)], Acl = AclCategory.Keyspace, Since = "3.2.1",
          Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
          Summary = "Counts how many of the keys are there and marks them as just used.", Complexity = "O(N) in the number of keys" },
        new("TYPE", 2, Type, ReadOnly | Fast, "key")
        { Keys = [KeySpec.At(1, RO)], Acl = AclCategory.Keyspace, Since = "1.0.0", Summary = "Gives the type of the value at a key.",
          Complexity = "O(1)" },
        new("UNLINK", -2, Del, Write | Fast, "key [key ...]")
        { Keys = [KeySpec.Range(1, RM | KeyFlags.Delete)], Acl = AclCategory.Keyspace, Since = "4.0.0",
          Tips = ["request_policy:multi_shard", "response_policy:agg_sum"], Summary = "Removes keys and frees big values in the background.",
          Complexity = "O(1) for each key in the caller's time, O(N) for N elements afterwards" },
    ];

    // ---- removing ---------------------------------------------------------------------------------------------------

    /// <summary>DEL and UNLINK: the memory of a big value is given back in slices either way.</summary>
    private static void Del(CommandContext ctx)
    {
        var removed = 0;
        for (var i = 1; i < ctx.Argc; i++)
        {
            var key = ctx.Arg(i);
            var entry = ctx.Peek(key);
            if (entry.Exists)
            {
                ctx.Remove(entry);
                ctx.Changed(key, KeyEvents.Del);
                removed++;
            }

            ctx.CloseEntries();
        }

        ctx.Reply.Integer(removed);
    }

    // ---- looking ----------------------------------------------------------------------------------------------------

    private static void Exists(CommandContext ctx)
    {
        var found = 0;
        for (var i = 1; i < ctx.Argc; i++)
        {
            if (ctx.Look(ctx.Arg(i)).Exists) found++;
            ctx.CloseEntries();
        }

        ctx.Reply.Integer(found);
    }

    private static void Touch(CommandContext ctx)
    {
        var found = 0;
        for (var i = 1; i < ctx.Argc; i++)
        {
            if (ctx.Read(ctx.Arg(i)).Exists) found++;
            ctx.CloseEntries();
        }

        ctx.Reply.Integer(found);
    }

    private static void Type(CommandContext ctx)
    {
        var entry = ctx.Look(ctx.Arg(1));
        ctx.Reply.Simple(entry.Exists ? TypeName(entry.Type) : "none"u8);
    }

    public static ReadOnlySpan<byte> TypeName(ValueType type) => type switch
    {
        ValueType.String => "string"u8,
        ValueType.List => "list"u8,
        ValueType.Set => "set"u8,
        ValueType.ZSet => "zset"u8,
        ValueType.Hash => "hash"u8,
        _ => "stream"u8,
    };

    private static void RandomKey(CommandContext ctx)
    {
        var entry = ctx.NextEntry();
        for (var left = RandomKeyTries; ctx.Db.Keys.RandomEntry(ctx.Engine.Environment.Random, entry); left--)
        {
            if (ctx.Db.ExpireIfDue(ctx, entry) && (left > 0 || !entry.Exists)) continue;
            ctx.Reply.Bulk(entry.Key);
            return;
        }

        ctx.Reply.Null();
    }

    private static void Keys(CommandContext ctx)
    {
        var pattern = ctx.Arg(1);
        var all = pattern.SequenceEqual("*"u8);
        var entry = ctx.NextEntry();
        var mark = ctx.Reply.DeferArray();
        long count = 0;
        foreach (var handle in ctx.Db.Keys)
        {
            ctx.Db.Keys.Open(handle, entry);
            if ((!all && !Glob.IsMatch(pattern, entry.Key)) || (entry.HasExpiry && entry.ExpireAtMs <= ctx.NowMs)) continue;
            ctx.Reply.Bulk(entry.Key);
            count++;
        }

        ctx.Reply.EndArray(mark, count);
    }

    // ---- renaming, moving, copying ----------------------------------------------------------------------------------

    private static void Rename(CommandContext ctx)
    {
        if (RenameKey(ctx, onlyIfFree: false) is not null) ctx.Reply.Ok();
    }

    private static void RenameNx(CommandContext ctx)
    {
        if (RenameKey(ctx, onlyIfFree: true) is { } renamed) ctx.Reply.Integer(renamed ? 1 : 0);
    }

    /// <summary>Null: there is no such key and the error has been replied.</summary>
    private static bool? RenameKey(CommandContext ctx, bool onlyIfFree)
    {
        var key = ctx.Arg(1);
        var newKey = ctx.Arg(2);
        var entry = ctx.Write(key);
        if (!entry.Exists)
        {
            ctx.Fail(Errors.NoSuchKey);
            return null;
        }

        if (key.SequenceEqual(newKey)) return !onlyIfFree;
        var target = ctx.Write(newKey);
        if (target.Exists)
        {
            if (onlyIfFree) return false;
            ctx.Remove(target);
        }

        ctx.Db.Keys.Transfer(entry, ctx.Db.Keys, newKey, ctx.HashOf(newKey), target);
        ctx.OnCreated(ctx.Db, newKey);
        ctx.Changed(key, RenameFrom);
        ctx.Changed(newKey, RenameTo, changes: 0);
        return true;
    }

    private static void Move(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        var args = ctx.ArgsFrom(2);
        var other = ctx.Engine.Databases[args.NextDatabase()];
        if (args.Failed()) return;
        if (other == ctx.Db)
        {
            ctx.Fail(Errors.SameObject);
            return;
        }

        var entry = ctx.Write(key);
        if (!entry.Exists || ctx.Write(other, key) is { Exists: true })
        {
            ctx.Reply.Integer(0);
            return;
        }

        ctx.Db.Keys.Transfer(entry, other.Keys, key, ctx.HashOf(key), ctx.NextEntry());
        ctx.OnCreated(other, key);
        ctx.Changed(ctx.Db, key, MoveFrom);
        ctx.Changed(other, key, MoveTo, changes: 0);
        ctx.Reply.Integer(1);
    }

    private static void Copy(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        var newKey = ctx.Arg(2);
        var other = ctx.Db;
        var replace = false;
        var args = ctx.ArgsFrom(3);
        while (args.More)
        {
            if (args.Take("REPLACE"u8)) replace = true;
            else if (args.Left > 1 && args.Take("DB"u8)) other = ctx.Engine.Databases[args.NextDatabase()];
            else args.Unexpected();
        }

        if (other == ctx.Db && key.SequenceEqual(newKey)) args.Fail(Errors.SameObject);
        if (args.Failed()) return;

        var entry = ctx.Read(key);
        var target = entry.Exists ? ctx.Write(other, newKey) : entry;
        if (!entry.Exists || (target.Exists && !replace))
        {
            ctx.Reply.Integer(0);
            return;
        }

        if (target.Exists) ctx.Remove(target);
        other.Keys.Copy(entry, newKey, ctx.HashOf(newKey), target);
        target.Access = ctx.Engine.Access.Initial(ctx.NowMs);
        ctx.OnCreated(other, newKey);
        ctx.Changed(other, newKey, CopyTo);
        ctx.Reply.Integer(1);
    }

    // ---- OBJECT -----------------------------------------------------------------------------------------------------

    /// <summary>False: there is no such key, null has been replied.</summary>
    private static bool TryObject(CommandContext ctx, out Entry entry)
    {
        entry = ctx.Look(ctx.Arg(2), announceMiss: false);
        if (!entry.Exists) ctx.Reply.Null();
        return entry.Exists;
    }

    private static void ObjectEncoding(CommandContext ctx)
    {
        if (TryObject(ctx, out var entry)) ctx.Reply.Bulk(EncodingName.Of(entry));
    }

    /// <summary>Values are not shared here. What Redis shares, small integers while no access times are needed, reports its constant.</summary>
    private static void ObjectRefCount(CommandContext ctx)
    {
        if (!TryObject(ctx, out var entry)) return;
        var policy = ctx.Config.MaxmemoryPolicy;
        var perKeyAccess = ctx.Config.Maxmemory > 0 && (IsLfu(policy) || policy is MaxmemoryPolicy.AllkeysLru or MaxmemoryPolicy.VolatileLru);
        var shared = !perKeyAccess && entry.Kind == RecordKind.Integer && StringValue.Over(entry).TryGetInteger(out var number)
            && number is >= 0 and < SharedIntegers;
        ctx.Reply.Integer(shared ? int.MaxValue : 1);
    }

    private static void ObjectIdleTime(CommandContext ctx)
    {
        if (!TryObject(ctx, out var entry)) return;
        if (IsLfu(ctx.Config.MaxmemoryPolicy)) ctx.Fail("ERR An LFU maxmemory policy is selected, idle time not tracked. " + SwitchNote);
        else ctx.Reply.Integer(AccessClock.IdleMs(entry.Access, ctx.NowMs) / 1000);
    }

    private static void ObjectFreq(CommandContext ctx)
    {
        if (!TryObject(ctx, out var entry)) return;
        if (!IsLfu(ctx.Config.MaxmemoryPolicy)) ctx.Fail("ERR An LFU maxmemory policy is not selected, access frequency not tracked. " + SwitchNote);
        else ctx.Reply.Integer(ctx.Engine.Access.Decayed(entry.Access, ctx.NowMs));
    }

    private const string SwitchNote = "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

    private static bool IsLfu(MaxmemoryPolicy policy) => policy is MaxmemoryPolicy.AllkeysLfu or MaxmemoryPolicy.VolatileLfu;

    private static void ObjectHelp(CommandContext ctx) => HelpText.Reply(ctx, "OBJECT",
        "ENCODING <key>", "    The name of the inner form of the value.",
        "FREQ <key>", "    The logarithmic access frequency of the key, under an LFU policy.",
        "IDLETIME <key>", "    Seconds since the key was last used, under any other policy.",
        "REFCOUNT <key>", "    The number of references to the value.");
}

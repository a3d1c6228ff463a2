using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>SCAN, and what it shares with HSCAN, SSCAN and ZSCAN: cursor, MATCH, COUNT, and how far one call goes.</summary>
internal static class ScanCommands
{
    /// <summary>A table that is nearly empty is walked for at most so many steps per wanted element.</summary>
    private const int StepsPerElement = 10;

    public static CommandSpec[] Table() =>
    [
        new("SCAN", -2, Scan, ReadOnly, "cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]")
        { Acl = AclCategory.Keyspace, Since = "2.8.0", Tips = ["nondeterministic_output", "request_policy:special", "response_policy:special"],
          Summary = "Walks through the key names of the database step by step.", Complexity = "O(1) a call, O(N) for a whole walk over N keys" },
    ];

    private static void Scan(CommandContext ctx)
    {
        if (!TryCursor(ctx, 1, out var cursor)) return;
        if (!ScanOptions.TryParse(ctx, 2, ScanKind.Keys, out var options)) return;

        var keys = ctx.Db.Keys;
        var found = ctx.Found;
        found.Clear();
        var steps = options.Count * StepsPerElement;
        do cursor = keys.Scan(cursor, found);
        while (cursor != 0 && found.Count < options.Count && --steps > 0);

        ctx.Reply.Array(2);
        ReplyCursor(ctx, cursor);
        var mark = ctx.Reply.DeferArray();
        long count = 0;
        var entry = ctx.NextEntry();
        foreach (var handle in found.Items)
        {
            keys.Open(handle, entry);
            if (!options.Matches(entry.Key)) continue;
            if (ctx.Db.ExpireIfDue(ctx, entry)) continue;
            if (options.HasType && !TypeIs(entry, options.Type)) continue;
            ctx.Reply.Bulk(entry.Key);
            count++;
        }

        ctx.Reply.EndArray(mark, count);
    }

    /// <summary>A type that does not exist is no error: nothing is of it.</summary>
    private static bool TypeIs(Entry entry, ReadOnlySpan<byte> name)
    {
        var type = KeyCommands.TypeName(entry.Type);
        return name.Length == type.Length && System.Text.Ascii.EqualsIgnoreCase(name, type);
    }

    /// <summary>HSCAN, SSCAN, ZSCAN. A key that is missing has nothing to scan, whatever the options say: they are not looked at.</summary>
    public static void Elements<T>(CommandContext ctx, ScanKind kind, ElementReply<T> reply)
        where T : struct, IScannedValue<T>
    {
        if (!TryCursor(ctx, 2, out var cursor)) return;
        if (!ctx.TryRead<T>(ctx.Arg(1), out var value)) return;
        if (value.IsMissing)
        {
            ctx.Reply.Array(2);
            ReplyCursor(ctx, 0);
            ctx.Reply.Array(0);
            return;
        }

        if (!ScanOptions.TryParse(ctx, 3, kind, out var options)) return;

        var found = ctx.Found;
        found.Clear();
        var steps = options.Count * StepsPerElement;
        do cursor = value.Scan(cursor, found);
        while (cursor != 0 && found.Count < options.Count && --steps > 0);

        ctx.Reply.Array(2);
        ReplyCursor(ctx, cursor);
        var mark = ctx.Reply.DeferArray();
        long count = 0;
        foreach (var place in found.Items) count += reply(ctx, value, place, in options);
        ctx.Reply.EndArray(mark, count);
    }

    private static void ReplyCursor(CommandContext ctx, ulong cursor)
    {
        Span<byte> text = stackalloc byte[20];
        cursor.TryFormat(text, out var length);
        ctx.Reply.Bulk(text[..length]);
    }

    /// <summary>The cursor argument; false = the error has been replied. As Redis reads it: nothing is 0, a minus sign counts backwards.</summary>
    private static bool TryCursor(CommandContext ctx, int arg, out ulong cursor)
    {
        var text = ctx.Arg(arg);
        var negative = text.Length > 1 && text[0] == '-';
        if (text.Length > 1 && text[0] is (byte)'-' or (byte)'+') text = text[1..];
        cursor = 0;
        foreach (var digit in text)
        {
            var value = (uint)digit - '0';
            if (value > 9 || cursor > (ulong.MaxValue - value) / 10)
            {
                ctx.Fail(Errors.CursorInvalid);
                return false;
            }

            cursor = (cursor * 10) + value;
        }

        if (negative) cursor = 0 - cursor;
        return true;
    }
}

/// <summary>Replies an element, unless the options do not want it, and tells how many items that were.</summary>
internal delegate int ElementReply<T>(CommandContext ctx, T value, ulong place, in ScanOptions options);

/// <summary>What is scanned: SCAN has an option that no other has, and so has HSCAN.</summary>
internal enum ScanKind { Keys, Hash, Other }

/// <summary>[MATCH pattern] [COUNT count]; for SCAN [TYPE type]; for HSCAN [NOVALUES].</summary>
internal ref struct ScanOptions
{
    private ReadOnlySpan<byte> pattern;
    private bool hasPattern;

    public long Count { get; private set; }

    public ReadOnlySpan<byte> Type { get; private set; }

    public bool HasType { get; private set; }

    public bool NoValues { get; private set; }

    public readonly bool Matches(ReadOnlySpan<byte> name) => !hasPattern || Glob.IsMatch(pattern, name);

    public static bool TryParse(CommandContext ctx, int first, ScanKind kind, out ScanOptions options)
    {
        options = new ScanOptions { Count = 10 };
        var args = ctx.ArgsFrom(first);
        while (args.More)
        {
            if (args.Left > 1 && args.Take("COUNT"u8))
            {
                options.Count = args.NextInt64();
                if (options.Count < 1) args.Fail(Errors.Syntax);
            }
            else if (args.Left > 1 && args.Take("MATCH"u8))
            {
                options.pattern = args.Next();
                options.hasPattern = !options.pattern.SequenceEqual("*"u8);
            }
            else if (kind == ScanKind.Keys && args.Left > 1 && args.Take("TYPE"u8))
            {
                options.Type = args.Next();
                options.HasType = true;
            }
            else if (args.Take("NOVALUES"u8))
            {
                options.NoValues = true;
                if (kind != ScanKind.Hash) args.Fail("ERR NOVALUES option can only be used in HSCAN");
            }
            else args.Unexpected();
        }

        options.Count = Math.Min(options.Count, int.MaxValue);
        return !args.Failed();
    }
}

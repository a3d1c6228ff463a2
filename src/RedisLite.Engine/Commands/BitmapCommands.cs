using System.Buffers;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Strings as rows of bits: single bits, counting, searching, combining. BITFIELD has a file of its own; <see cref="BitString"/> does the work.</summary>
internal static class BitmapCommands
{
    private const string BadOffset = "ERR bit offset is not an integer or out of range";
    private const string BadBit = "ERR bit is not an integer or out of range";

    /// <summary>What BITOP combines before it goes on to the next part, so that a part stays in the cache for all sources.</summary>
    private const int BlockBytes = 16 * 1024;

    /// <summary>Longest string whose length an offset may ask for, whatever proto-max-bulk-len says.</summary>
    private const long LengthMax = int.MaxValue - 4096;

    internal static readonly KeyEvent SetBitEvent = new(NotifyClasses.String, "setbit");

    /// <summary>A range as the request gives it.</summary>
    private readonly record struct RangeQuery(long Start, long End, bool InBits, bool HasEnd);

    /// <summary>One input of BITOP: a key, or its text when it has to be kept apart (an integer, or the old value of the destination).</summary>
    private readonly record struct Source(Entry Entry, byte[]? Text, int Length)
    {
        public ReadOnlySpan<byte> Bytes => Text is null ? Entry.Exists ? Entry.Value : default : Text.AsSpan(0, Length);
    }

    public static CommandSpec[] Table() =>
    [
        new("BITCOUNT", -2, BitCount, ReadOnly, "key [range: start:int end:int [unit: BYTE | BIT]@7.0.0]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Bitmap, Since = "2.6.0",
          Summary = "Counts the bits of a string, or of a part of it, that are 1.", Complexity = "O(N) in the bytes looked at" },
        new("BITOP", -4, BitOp, Write | DenyOom, "<operation: AND | OR | XOR | NOT> destkey key [key ...]")
        { Keys = [KeySpec.At(2, OW | Update), KeySpec.Range(3, RO | Access)], Acl = AclCategory.Bitmap, Since = "2.6.0",
          Summary = "Combines strings bit by bit and stores the result.", Complexity = "O(N) in the bytes of the longest string" },
        new("BITPOS", -3, BitPos, ReadOnly, "key bit:int [range: start:int [end-unit-block: end:int [unit: BYTE | BIT]@7.0.0]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Bitmap, Since = "2.8.7",
          Summary = "Finds the first bit that is 0 or 1.", Complexity = "O(N) in the bytes looked at" },
        new("GETBIT", 3, GetBit, ReadOnly | Fast, "key offset")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Bitmap, Since = "2.2.0", Summary = "Gives one bit of a string.",
          Complexity = "O(1)" },
        new("SETBIT", 4, SetBit, Write | DenyOom, "key offset value:int")
        { Keys = [KeySpec.At(1, RW | Access | Update)], Acl = AclCategory.Bitmap, Since = "2.2.0",
          Summary = "Sets or clears one bit of a string, which grows as far as needed.", Complexity = "O(1)" },
    ];

    // ---- one bit ----------------------------------------------------------------------------------------------------

    private static void SetBit(CommandContext ctx)
    {
        if (!TryOffset(ctx, ctx.Arg(2), out var offset)) return;
        if (!ctx.TryInt64(3, out var bit, BadBit)) return;
        if (bit is not (0 or 1))
        {
            ctx.Fail(BadBit);
            return;
        }

        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        var isNew = value.Length <= offset >> 3;
        var bytes = Writable(ctx, key, value, (int)(offset >> 3) + 1);
        var before = BitString.Get(bytes, offset);
        if (before != (bit == 1)) BitString.Set(bytes, offset, bit == 1);
        if (isNew || before != (bit == 1)) ctx.Changed(key, SetBitEvent);
        ctx.Reply.Integer(before ? 1 : 0);
    }

    private static void GetBit(CommandContext ctx)
    {
        if (!TryOffset(ctx, ctx.Arg(2), out var offset)) return;
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        ctx.Reply.Integer(BitString.Get(value.Get(stackalloc byte[StringValue.ScratchMax]), offset) ? 1 : 0);
    }

    /// <summary>An offset that a string may have a bit at; "#3" counts in fields of so many bits.</summary>
    internal static bool TryOffset(CommandContext ctx, ReadOnlySpan<byte> text, out long offset, int fieldBits = 0)
    {
        var inFields = fieldBits > 0 && !text.IsEmpty && text[0] == '#';
        var bytesMax = Math.Min(ctx.Config.ProtoMaxBulkLen, LengthMax);
        if (NumberText.TryParseInt64(inFields ? text[1..] : text, out offset) && offset >= 0 && offset <= bytesMax * 8)
        {
            if (inFields) offset *= fieldBits;
            if (offset >> 3 < bytesMax) return true;
        }

        ctx.Fail(BadOffset);
        return false;
    }

    /// <summary>All bytes of a string, at least so many, for changes in place; the key is made when it is missing.</summary>
    internal static Span<byte> Writable(CommandContext ctx, ReadOnlySpan<byte> key, StringValue value, int length)
    {
        if (!value.IsMissing) return value.MutableBytes(length);
        var entry = ctx.Put(key, value.Entry, RecordKind.String, length, keepExpiry: false);
        entry.Big = true;
        var bytes = entry.MutableValue();
        bytes.Clear();
        return bytes;
    }

    // ---- ranges -----------------------------------------------------------------------------------------------------

    private static void BitCount(CommandContext ctx)
    {
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        if (value.IsMissing)
        {
            ctx.Reply.Integer(0);
            return;
        }

        var query = new RangeQuery(0, -1, InBits: false, HasEnd: true);
        if (ctx.Argc is 4 or 5)
        {
            if (!ctx.TryInt64(2, out var start) || !ctx.TryInt64(3, out var end)) return;
            if (start < 0 && end < 0 && start > end)
            {
                ctx.Reply.Integer(0);                           // whatever the unit says: it is not looked at
                return;
            }

            if (!TryUnit(ctx, 4, out var inBits)) return;
            query = new RangeQuery(start, end, inBits, HasEnd: true);
        }
        else if (ctx.Argc != 2)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var bytes = value.Get(stackalloc byte[StringValue.ScratchMax]);
        ctx.Reply.Integer(Select(query, bytes.Length, out var first, out var last) ? BitString.Count(bytes, first, last) : 0);
    }

    private static void BitPos(CommandContext ctx)
    {
        if (!ctx.TryInt64(2, out var bit)) return;
        if (bit is not (0 or 1))
        {
            ctx.Fail("ERR The bit argument must be 1 or 0.");
            return;
        }

        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        if (value.IsMissing)
        {
            ctx.Reply.Integer(bit == 1 ? -1 : 0);
            return;
        }

        if (!TryParsePosRange(ctx, out var query)) return;
        var bytes = value.Get(stackalloc byte[StringValue.ScratchMax]);
        var found = Select(query, bytes.Length, out var first, out var last) ? BitString.Find(bytes, bit == 1, first, last) : -1;

        // Without an end the string counts as followed by zeros, if the search began inside it.
        if (found < 0 && bit == 0 && !query.HasEnd && first <= last) found = bytes.Length * 8L;
        ctx.Reply.Integer(found);
    }

    private static bool TryParsePosRange(CommandContext ctx, out RangeQuery query)
    {
        query = new RangeQuery(0, -1, InBits: false, HasEnd: false);
        if (ctx.Argc == 3) return true;
        if (ctx.Argc > 6)
        {
            ctx.Fail(Errors.Syntax);
            return false;
        }

        long end = -1;
        if (!ctx.TryInt64(3, out var start) || !TryUnit(ctx, 5, out var inBits) || (ctx.Argc > 4 && !ctx.TryInt64(4, out end))) return false;
        query = new RangeQuery(start, end, inBits, HasEnd: ctx.Argc > 4);
        return true;
    }

    private static bool TryUnit(CommandContext ctx, int at, out bool inBits)
    {
        inBits = ctx.Argc > at && ctx.ArgIs(at, "BIT"u8);
        if (ctx.Argc <= at || inBits || ctx.ArgIs(at, "BYTE"u8)) return true;
        ctx.Fail(Errors.Syntax);
        return false;
    }

    /// <summary>The range as bit offsets inside the string; false when it is empty.</summary>
    private static bool Select(in RangeQuery query, int length, out long first, out long last)
    {
        var total = query.InBits ? length * 8L : length;
        first = query.Start < 0 ? Math.Max(0, query.Start + total) : query.Start;
        last = Math.Min(query.End < 0 ? Math.Max(0, query.End + total) : query.End, total - 1);
        if (first > last) return false;
        if (query.InBits) return true;
        first *= 8;
        last = last * 8 + 7;
        return true;
    }

    // ---- BITOP ------------------------------------------------------------------------------------------------------

    private static void BitOp(CommandContext ctx)
    {
        if (!TryOperation(ctx, out var operation)) return;
        if (operation == BitOperation.Not && ctx.Argc != 4)
        {
            ctx.Fail("ERR BITOP NOT must be called with a single source key.");
            return;
        }

        var key = ctx.Arg(2);
        var target = ctx.Write(key);
        var sources = ArrayPool<Source>.Shared.Rent(ctx.Argc - 3);
        if (TryOpen(ctx, target, sources.AsSpan(0, ctx.Argc - 3), out var length)) Store(ctx, operation, key, target, sources.AsSpan(0, ctx.Argc - 3), length);
        ArrayPool<Source>.Shared.Return(sources, clearArray: true);
    }

    private static bool TryOperation(CommandContext ctx, out BitOperation operation)
    {
        operation = ctx.ArgIs(1, "OR"u8) ? BitOperation.Or : ctx.ArgIs(1, "XOR"u8) ? BitOperation.Xor : ctx.ArgIs(1, "NOT"u8) ? BitOperation.Not : BitOperation.And;
        if (operation != BitOperation.And || ctx.ArgIs(1, "AND"u8)) return true;
        ctx.Fail(Errors.Syntax);
        return false;
    }

    private static bool TryOpen(CommandContext ctx, Entry target, Span<Source> sources, out int longest)
    {
        longest = 0;
        Span<byte> scratch = stackalloc byte[StringValue.ScratchMax];
        for (var i = 0; i < sources.Length; i++)
        {
            if (!ctx.TryRead<StringValue>(ctx.Arg(i + 3), out var value)) return false;
            var isApart = !value.IsMissing && (value.Entry == target || value.Entry.Kind == RecordKind.Integer);
            sources[i] = new Source(value.Entry, isApart ? value.Get(scratch).ToArray() : null, value.Length);
            longest = Math.Max(longest, value.Length);
        }

        return true;
    }

    private static void Store(CommandContext ctx, BitOperation operation, ReadOnlySpan<byte> key, Entry target, ReadOnlySpan<Source> sources, int length)
    {
        if (length > 0)
        {
            var result = Writable(ctx, key, StringValue.Over(ctx.Put(key, target, RecordKind.String, length, keepExpiry: false)), length);
            for (var at = 0; at < length; at += BlockBytes)
            {
                var block = result.Slice(at, Math.Min(BlockBytes, length - at));
                BitString.Begin(operation, block, From(sources[0], at));
                for (var i = 1; i < sources.Length; i++) BitString.Combine(operation, block, From(sources[i], at));
            }

            ctx.Changed(key, KeyEvents.Set);
        }
        else if (target.Exists)
        {
            ctx.Remove(target);
            ctx.Changed(key, KeyEvents.Del);
        }

        ctx.Reply.Integer(length);
    }

    private static ReadOnlySpan<byte> From(in Source source, int at) => source.Length > at ? source.Bytes[at..] : default;
}

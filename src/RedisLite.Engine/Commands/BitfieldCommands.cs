using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Integers of any width at any bit of a string. All operations of a request are parsed before the first one runs, so a mistake changes nothing.</summary>
internal static class BitfieldCommands
{
    private enum Verb : byte
    {
        Get,
        Set,
        IncrBy,
    }

    private readonly record struct Operation(Verb Verb, BitField Field, BitFieldOverflow Overflow, long Offset, long Value);

    public static CommandSpec[] Table() =>
    [
        new("BITFIELD", -2, BitField, Write | DenyOom,
            "key [operation: GET <get-block: encoding offset> | <write: [OVERFLOW <overflow-block: WRAP | SAT | FAIL>] <write-operation: "
            + "SET <set-block: encoding offset value:int> | INCRBY <incrby-block: encoding offset increment:int>>>] [...]")
        { Keys = [KeySpec.At(1, RW | Access | Update | VariableFlags)], KeyFinder = CommandKeys.OfBitField, Acl = AclCategory.Bitmap, Since = "3.2.0",
          Summary = "Reads and changes integers of any width inside a string.", Complexity = "O(1) for each operation" },
        new("BITFIELD_RO", -2, BitFieldRo, ReadOnly | Fast, "key [GET <get-block: encoding offset> [GET encoding offset ...]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Bitmap, Since = "6.0.0", Summary = "Reads integers of any width inside a string.",
          Complexity = "O(1) for each operation" },
    ];

    private static void BitField(CommandContext ctx) => Run(ctx, mayWrite: true);

    private static void BitFieldRo(CommandContext ctx) => Run(ctx, mayWrite: false);

    private static void Run(CommandContext ctx, bool mayWrite)
    {
        var room = (ctx.Argc - 2) / 3 + 1;
        var operations = room <= 32 ? stackalloc Operation[32] : new Operation[room];
        if (!TryParse(ctx, ref operations, out var length)) return;
        if (length == 0) ReadFields(ctx, operations);
        else if (mayWrite) WriteFields(ctx, operations, length);
        else ctx.Fail("ERR BITFIELD_RO only supports the GET subcommand");
    }

    // ---- the request ------------------------------------------------------------------------------------------------

    /// <summary>Fills in the operations; <paramref name="length"/> is what the string must have for those that write, 0 = none does.</summary>
    private static bool TryParse(CommandContext ctx, ref Span<Operation> operations, out int length)
    {
        length = 0;
        var count = 0;
        var overflow = BitFieldOverflow.Wrap;
        var args = ctx.ArgsFrom(2);
        while (args.More)
        {
            var left = args.Left;
            if (left >= 2 && args.Take("OVERFLOW"u8))
            {
                overflow = NextOverflow(ref args);
                continue;
            }

            var verb = Verb.Get;
            if (left >= 4 && args.Take("SET"u8)) verb = Verb.Set;
            else if (left >= 4 && args.Take("INCRBY"u8)) verb = Verb.IncrBy;
            else if (left < 3 || !args.Take("GET"u8)) args.Unexpected();
            if (!args.More) break;

            if (!Data.Encodings.BitField.TryParse(args.Next(), out var field))
            {
                ctx.Fail("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
                return false;
            }

            if (!BitmapCommands.TryOffset(ctx, args.Next(), out var offset, field.Bits)) return false;
            var value = verb == Verb.Get ? 0 : args.NextInt64();
            if (verb != Verb.Get) length = Math.Max(length, (int)field.LastByte(offset) + 1);
            operations[count++] = new Operation(verb, field, overflow, offset, value);
        }

        operations = operations[..count];
        return !args.Failed();
    }

    private static BitFieldOverflow NextOverflow(ref ArgReader args)
    {
        if (args.Take("WRAP"u8)) return BitFieldOverflow.Wrap;
        if (args.Take("SAT"u8)) return BitFieldOverflow.Saturate;
        if (!args.Take("FAIL"u8)) args.Fail("ERR Invalid OVERFLOW type specified");
        return BitFieldOverflow.Fail;
    }

    // ---- running it -------------------------------------------------------------------------------------------------

    private static void ReadFields(CommandContext ctx, ReadOnlySpan<Operation> operations)
    {
        if (!ctx.TryRead<StringValue>(ctx.Arg(1), out var value)) return;
        var bytes = value.Get(stackalloc byte[StringValue.ScratchMax]);
        ctx.Reply.Array(operations.Length);
        foreach (var operation in operations) ctx.Reply.Integer(operation.Field.Read(bytes, operation.Offset));
    }

    private static void WriteFields(CommandContext ctx, ReadOnlySpan<Operation> operations, int length)
    {
        var key = ctx.Arg(1);
        if (!ctx.TryWrite<StringValue>(key, out var value)) return;
        var isLonger = value.Length < length;
        var bytes = BitmapCommands.Writable(ctx, key, value, length);
        var changes = 0;
        ctx.Reply.Array(operations.Length);
        foreach (var operation in operations)
        {
            var before = operation.Field.Read(bytes, operation.Offset);
            if (operation.Verb == Verb.Get) ctx.Reply.Integer(before);
            else if (!TryApply(operation, before, out var after)) ctx.Reply.Null();
            else
            {
                operation.Field.Write(bytes, operation.Offset, after);
                if (isLonger || before != after) changes++;
                ctx.Reply.Integer(operation.Verb == Verb.Set ? before : after);
            }
        }

        // A string that only grew has changed too, which Redis forgets when every write failed: its replicas then miss the key.
        if (isLonger || changes > 0) ctx.Changed(key, BitmapCommands.SetBitEvent, Math.Max(1, changes));
    }

    private static bool TryApply(in Operation operation, long before, out long after)
    {
        var wanted = operation.Verb == Verb.Set ? operation.Field.Interpret(operation.Value) : (Int128)before + operation.Value;
        return operation.Field.TryFit(wanted, operation.Overflow, out after);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Counting distinct elements in a few kilobytes. The value is an ordinary string with Redis's bytes (<see cref="HyperLogLog"/>), which a client may have
/// put there, so every command checks what it finds.
/// </summary>
internal static class HyperLogLogCommands
{
    private const string NotValid = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    private const string Corrupted = "INVALIDOBJ Corrupted HLL object detected";

    private static readonly KeyEvent PfAddEvent = new(NotifyClasses.String, "pfadd");

    public static CommandSpec[] Table() =>
    [
        new("PFADD", -2, PfAdd, Write | DenyOom | Fast, "key [element [element ...]]")
        { Keys = [KeySpec.At(1, RW | Insert)], Acl = AclCategory.HyperLogLog, Since = "2.8.9",
          Summary = "Counts elements in, making the key when it is missing.", Complexity = "O(1) for each element" },
        new("PFCOUNT", -2, PfCount, ReadOnly | MayReplicate, "key [key ...]")
        { Keys = [KeySpec.Range(1, RW | Access)], Acl = AclCategory.HyperLogLog, Since = "2.8.9",
          Summary = "Estimates how many distinct elements were counted in, in one key or in several together.",
          Complexity = "O(1) for one key, whose count is remembered; O(N) for N keys" },
        new("PFDEBUG", 3, PfDebug, Write | DenyOom | Admin | SystemCommand, "subcommand key")
        { Keys = [KeySpec.At(2, RW | Access)], Acl = AclCategory.HyperLogLog, Since = "2.8.9",
          Summary = "Shows or changes how a HyperLogLog is stored.", Complexity = "O(1)" },
        new("PFMERGE", -2, PfMerge, Write | DenyOom, "destkey [sourcekey [sourcekey ...]]")
        { Keys = [KeySpec.At(1, RW | Access | Insert), KeySpec.Range(2, RO | Access)], Acl = AclCategory.HyperLogLog, Since = "2.8.9",
          Summary = "Adds to one key what was counted in others.", Complexity = "O(N) in the number of keys" },
        new("PFSELFTEST", 1, PfSelfTest, Admin | SystemCommand, "")
        { Acl = AclCategory.HyperLogLog, Since = "2.8.9", Summary = "Checks registers and estimates of this server's HyperLogLog.", Complexity = "O(1)" },
    ];

    // ---- counting ---------------------------------------------------------------------------------------------------

    private static void PfAdd(CommandContext ctx)
    {
        var key = ctx.Arg(1);
        if (!TryOpen(ctx, ctx.Write(key), out var value)) return;
        var changes = 0;
        if (value.IsMissing)
        {
            Create(ctx, key, value);
            value.Invalidate();                             // as Redis does, although the count of an empty one is known
            changes++;
        }

        var isBroken = false;
        for (var i = 2; i < ctx.Argc && !isBroken; i++)
        {
            var change = value.Add(ctx.Arg(i));
            if (change == RegisterChange.Changed) changes++;
            isBroken = change == RegisterChange.Corrupt;
        }

        if (changes > 0) ctx.Changed(key, PfAddEvent, changes);
        if (isBroken) ctx.Fail(Corrupted);
        else ctx.Reply.Integer(changes > 0 ? 1 : 0);
    }

    private static void PfCount(CommandContext ctx)
    {
        if (ctx.Argc > 2)
        {
            CountTogether(ctx);
            return;
        }

        var key = ctx.Arg(1);
        if (!TryOpen(ctx, ctx.Read(key), out var value)) return;
        ulong count = 0;
        var isNewlyCached = false;
        if (!value.IsMissing && !value.TryCount(out count, out isNewlyCached))
        {
            ctx.Fail(Corrupted);
            return;
        }

        // The remembered count is part of the value: copies of the data set must get it too.
        if (isNewlyCached) ctx.Changed(key, KeyEvents.Silent);
        ctx.Reply.Integer((long)count);
    }

    private static void CountTogether(CommandContext ctx)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (TryMerge(ctx, registers, out _)) ctx.Reply.Integer((long)HyperLogLog.Estimate(registers));
    }

    private static void PfMerge(CommandContext ctx)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (!TryMerge(ctx, registers, out var anyDense)) return;

        var key = ctx.Arg(1);
        var value = new HyperLogLogValue(ctx.Write(key));
        if (value.IsMissing) Create(ctx, key, value);
        var isWhole = (!anyDense || value.MakeDense()) && value.RaiseAll(registers);
        ctx.Changed(key, PfAddEvent);
        if (isWhole) ctx.Reply.Ok();
        else ctx.Fail(Corrupted);
    }

    /// <summary>The highest value of each register over all keys of the request. False: one is no HyperLogLog, the error is replied.</summary>
    private static bool TryMerge(CommandContext ctx, Span<byte> registers, out bool anyDense)
    {
        anyDense = false;
        for (var i = 1; i < ctx.Argc; i++)
        {
            if (!TryOpen(ctx, ctx.Read(ctx.Arg(i)), out var value)) return false;
            if (!value.IsMissing)
            {
                anyDense |= !value.IsSparse;
                if (!value.MergeInto(registers))
                {
                    ctx.Fail(Corrupted);
                    return false;
                }
            }

            ctx.CloseEntries();
        }

        return true;
    }

    private static bool TryOpen(CommandContext ctx, Entry entry, out HyperLogLogValue value)
    {
        value = new HyperLogLogValue(entry);
        if (value.IsMissing || value.IsHyperLogLog) return true;
        ctx.Fail(entry.Type == ValueType.String ? NotValid : Errors.WrongType);
        return false;
    }

    private static void Create(CommandContext ctx, ReadOnlySpan<byte> key, HyperLogLogValue value)
    {
        ctx.Put(key, value.Entry, RecordKind.String, HyperLogLog.EmptySize, keepExpiry: false);
        value.Initialize();
    }

    // ---- looking inside ---------------------------------------------------------------------------------------------

    private static void PfDebug(CommandContext ctx)
    {
        var key = ctx.Arg(2);
        var entry = ctx.Write(key);
        if (!entry.Exists)
        {
            ctx.Fail("ERR The specified key does not exist");
            return;
        }

        if (!TryOpen(ctx, entry, out var value)) return;
        if (ctx.ArgIs(1, "ENCODING"u8)) ctx.Reply.Simple(value.IsSparse ? "sparse"u8 : "dense"u8);
        else if (ctx.ArgIs(1, "DECODE"u8))
        {
            if (value.IsSparse) ctx.Reply.Bulk(Decode(entry.Value));
            else ctx.Fail("ERR HLL encoding is not sparse");
        }
        else if (ctx.ArgIs(1, "TODENSE"u8))
        {
            var wasSparse = value.IsSparse;
            if (TryMakeDense(ctx, key, value)) ctx.Reply.Integer(wasSparse ? 1 : 0);
        }
        else if (ctx.ArgIs(1, "GETREG"u8))
        {
            if (TryMakeDense(ctx, key, value)) ReplyRegisters(ctx, value);
        }
        else ctx.Fail($"ERR Unknown PFDEBUG subcommand '{Encoding.Latin1.GetString(ctx.Arg(1))}'");
    }

    private static bool TryMakeDense(CommandContext ctx, ReadOnlySpan<byte> key, HyperLogLogValue value)
    {
        if (!value.IsSparse) return true;
        if (!value.MakeDense())
        {
            ctx.Fail(Corrupted);
            return false;
        }

        ctx.Changed(key, KeyEvents.Silent);
        return true;
    }

    private static void ReplyRegisters(CommandContext ctx, HyperLogLogValue value)
    {
        var dense = value.Entry.Value;
        ctx.Reply.Array(HyperLogLog.Registers);
        for (var i = 0; i < HyperLogLog.Registers; i++) ctx.Reply.Integer(HyperLogLog.GetDense(dense, i));
    }

    /// <summary>The runs as text: z:n and Z:n are short and long runs of zeros, v:x,n are n registers of x.</summary>
    private static string Decode(ReadOnlySpan<byte> sparse)
    {
        var text = new StringBuilder();
        for (var at = HyperLogLog.HeaderSize; HyperLogLog.ReadRun(sparse, at, out var bytes, out var length, out var value); at += bytes)
        {
            if (value > 0) text.Append(CultureInfo.InvariantCulture, $"v:{value},{length} ");
            else text.Append(bytes == 1 ? 'z' : 'Z').Append(CultureInfo.InvariantCulture, $":{length} ");
        }

        return text.ToString().TrimEnd();
    }

    // ---- self test --------------------------------------------------------------------------------------------------

    private static void PfSelfTest(CommandContext ctx)
    {
        if (CheckRegisters(ctx) && CheckEstimates(ctx)) ctx.Reply.Ok();
    }

    /// <summary>Every register holds what was put into it, whatever its neighbours hold.</summary>
    private static bool CheckRegisters(CommandContext ctx)
    {
        var dense = EmptyDense();
        var expected = new byte[HyperLogLog.Registers];
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < expected.Length; i++)
            {
                var rank = ctx.Random.Next(HyperLogLog.RankMax + 1);
                expected[i] = Math.Max(expected[i], (byte)rank);
                HyperLogLog.SetDense(dense, i, rank);
            }

            for (var i = 0; i < expected.Length; i++)
            {
                if (HyperLogLog.GetDense(dense, i) == expected[i]) continue;
                ctx.Fail($"TESTFAILED Register {i} should be {expected[i]} but is {HyperLogLog.GetDense(dense, i)}");
                return false;
            }
        }

        return true;
    }

    /// <summary>Counts of distinct numbers are within five standard errors.</summary>
    private static bool CheckEstimates(CommandContext ctx)
    {
        const double relativeError = 1.04 / 128;                    // 1.04 / sqrt(registers)
        var dense = EmptyDense();
        Span<byte> element = stackalloc byte[sizeof(ulong)];
        var seed = (ulong)ctx.Random.NextInt64();
        for (ulong added = 1, checkpoint = 1; added <= 100_000; added++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(element, seed ^ added);
            HyperLogLog.SetDense(dense, HyperLogLog.Locate(element, out var rank), rank);
            if (added != checkpoint) continue;
            checkpoint *= 10;
            HyperLogLog.TryEstimate(dense, out var estimate);
            var error = Math.Abs((double)estimate - added);
            if (error <= Math.Ceiling(relativeError * 5 * added)) continue;
            ctx.Fail($"TESTFAILED Too big error. card:{added} abserr:{error}");
            return false;
        }

        return true;
    }

    private static byte[] EmptyDense()
    {
        Span<byte> sparse = stackalloc byte[HyperLogLog.EmptySize];
        HyperLogLog.WriteEmpty(sparse);
        var dense = new byte[HyperLogLog.DenseSize];
        HyperLogLog.ToDense(sparse, dense);
        return dense;
    }
}

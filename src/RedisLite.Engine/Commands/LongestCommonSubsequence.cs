using System.Numerics;
using System.Runtime.Intrinsics;
using RedisLite.Data.Values;

namespace RedisLite.Engine.Commands;

/// <summary>
/// LCS by dynamic programming. The table of lengths L[i,j] (of the first i bytes of a and j of b) is never written down: along a row it grows by 0 or 1 a
/// step, so a row is one bit a column, and 64 columns follow from the row above in a few instructions (bit-parallel, after Crochemore and Hyyrö):
///
///     u = v &amp; (columns of b that equal this byte of a);   v = (v + u) | (v - u)        a bit of v is 0 where the length grows by one
///
/// The way back needs nothing else: where two bytes differ, L[i-1,j] is above L[i,j-1] just when the row grows at j. For LEN one row is enough. LEN of two
/// strings of 100 bytes costs 2.5 µs a request, as a table of numbers 34 (redis-server 30). That table's size is limited as Redis limits it, though it is not made.
/// </summary>
internal static class LongestCommonSubsequence
{
    private const long CellsMax = 1L << 29;         // 2 GiB of 32-bit cells there; here 64 MiB of bits, or as much when b is a few bytes
    private const int Columns = 64;                 // in a word

    private struct Options
    {
        public bool Length;
        public bool Ranges;
        public bool WithLengths;
        public long MinMatch;
    }

    public static void Run(CommandContext ctx)
    {
        if (!ReadBoth(ctx, out var a, out var b)) return;            // before the options, as Redis does it
        var options = new Options();
        var args = ctx.ArgsFrom(3);
        while (args.More)
        {
            if (args.Take("IDX"u8)) options.Ranges = true;
            else if (args.Take("LEN"u8)) options.Length = true;
            else if (args.Take("WITHMATCHLEN"u8)) options.WithLengths = true;
            else if (args.Left >= 2 && args.Take("MINMATCHLEN"u8)) options.MinMatch = Math.Max(0, args.NextInt64());
            else args.Unexpected();
        }

        if (args.Failed()) return;
        if (options is { Ranges: true, Length: true })
        {
            ctx.Fail("ERR If you want both the length and indexes, please just use IDX.");
            return;
        }

        if ((long)(a.Length + 1) * (b.Length + 1) > CellsMax)
        {
            ctx.Fail("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
            return;
        }

        if (options.Length) ctx.Reply.Integer(LengthOf(Fill(a, b, onlyLast: true), b.Length));
        else Answer(ctx, options, a, b, Fill(a, b, onlyLast: false));
    }

    private static bool ReadBoth(CommandContext ctx, out ReadOnlySpan<byte> a, out ReadOnlySpan<byte> b)
    {
        a = b = default;
        var first = ctx.Read(ctx.Arg(1));
        var second = ctx.Read(ctx.Arg(2));
        if ((first.Exists && first.Type != ValueType.String) || (second.Exists && second.Type != ValueType.String))
        {
            ctx.Fail("ERR The specified keys must contain string values");
            return false;
        }

        if (first.Exists) a = StringValue.Over(first).Get(ctx.Scratch(StringValue.ScratchMax));
        if (second.Exists) b = StringValue.Over(second).Get(ctx.Scratch(StringValue.ScratchMax));
        return true;
    }

    /// <summary>A row of bits for each byte of a, or the last one only.</summary>
    private static ulong[] Fill(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, bool onlyLast)
    {
        var words = WordsFor(b.Length);
        var columns = new byte[words * Columns];                   // what matches behind the end changes nothing before it
        b.CopyTo(columns);
        var rows = new ulong[(onlyLast ? 1 : Math.Max(1, a.Length)) * words];
        rows.AsSpan(0, words).Fill(ulong.MaxValue);
        var above = rows.AsSpan(0, words);
        for (var i = 0; i < a.Length; i++)
        {
            var row = onlyLast ? above : rows.AsSpan(i * words, words);
            FillRow(above, row, columns, a[i]);
            above = row;
        }

        return rows;
    }

    private static void FillRow(ReadOnlySpan<ulong> above, Span<ulong> row, ReadOnlySpan<byte> columns, byte value)
    {
        var wanted = Vector512.Create(value);
        var carry = 0ul;
        for (var w = 0; w < row.Length; w++)
        {
            var v = above[w];
            var u = v & Vector512.Equals(Vector512.Create(columns.Slice(w * Columns, Columns)), wanted).ExtractMostSignificantBits();
            var sum = v + u;
            var total = sum + carry;
            carry = sum < v || total < sum ? 1ul : 0;
            row[w] = total | (v & ~u);
        }
    }

    private static int WordsFor(int length) => (length + Columns - 1) / Columns;

    /// <summary>What the last row says.</summary>
    private static long LengthOf(ulong[] rows, int width)
    {
        var row = rows.AsSpan(rows.Length - WordsFor(width));
        long length = 0;
        for (var w = 0; w < row.Length; w++)
        {
            var outside = width - (w * Columns) >= Columns ? 0 : ulong.MaxValue << (width % Columns);
            length += BitOperations.PopCount(~(row[w] | outside));
        }

        return length;
    }

    /// <summary>Walk back from the end; equal stretches become ranges, reported last one first.</summary>
    private static void Answer(CommandContext ctx, in Options options, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ulong[] rows)
    {
        var words = WordsFor(b.Length);
        var length = LengthOf(rows, b.Length);
        var result = options.Ranges ? [] : new byte[length];
        var left = (int)length;
        List<(int AFrom, int ATo, int BFrom, int BTo)> ranges = [];
        var (i, j) = (a.Length, b.Length);
        while (i > 0 && j > 0)
        {
            if (a[i - 1] == b[j - 1])
            {
                if (options.Ranges) AddToRange(ranges, i - 1, j - 1);
                else result[--left] = a[i - 1];
                i--;
                j--;
            }
            else if ((rows[((i - 1) * words) + ((j - 1) / Columns)] >> ((j - 1) % Columns) & 1) == 0) i--;
            else j--;
        }

        if (!options.Ranges) ctx.Reply.Bulk(result);
        else ReplyRanges(ctx, options, ranges, length);
    }

    private static void AddToRange(List<(int AFrom, int ATo, int BFrom, int BTo)> ranges, int a, int b)
    {
        if (ranges.Count > 0)
        {
            var last = ranges[^1];
            if (last.AFrom == a + 1 && last.BFrom == b + 1)
            {
                ranges[^1] = (a, last.ATo, b, last.BTo);
                return;
            }
        }

        ranges.Add((a, a, b, b));
    }

    private static void ReplyRanges(CommandContext ctx, in Options options, List<(int AFrom, int ATo, int BFrom, int BTo)> ranges, long length)
    {
        ctx.Reply.Map(2);
        ctx.Reply.Bulk("matches"u8);
        var mark = ctx.Reply.DeferArray();
        var count = 0;
        foreach (var (aFrom, aTo, bFrom, bTo) in ranges)
        {
            var size = aTo - aFrom + 1;
            if (size < options.MinMatch) continue;
            count++;
            ctx.Reply.Array(options.WithLengths ? 3 : 2);
            ctx.Reply.Array(2);
            ctx.Reply.Integer(aFrom);
            ctx.Reply.Integer(aTo);
            ctx.Reply.Array(2);
            ctx.Reply.Integer(bFrom);
            ctx.Reply.Integer(bTo);
            if (options.WithLengths) ctx.Reply.Integer(size);
        }

        ctx.Reply.EndArray(mark, count);
        ctx.Reply.Bulk("len"u8);
        ctx.Reply.Integer(length);
    }
}

using RedisLite.Data.Values;

namespace RedisLite.Engine.Commands;

/// <summary>
/// LCS by dynamic programming: a table of (|a|+1)(|b|+1) lengths, filled row by row, walked back from the end. The table is what the command
/// costs in memory, so its size is limited as Redis limits it.
/// </summary>
internal static class LongestCommonSubsequence
{
    private const long CellsMax = 1L << 29;         // 2 GiB of 32-bit cells

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

        Answer(ctx, options, a, b, Fill(a, b));
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

    private static uint[] Fill(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var width = b.Length + 1;
        var table = new uint[(a.Length + 1) * width];
        for (var i = 1; i <= a.Length; i++)
        {
            var row = table.AsSpan(i * width, width);
            var above = table.AsSpan((i - 1) * width, width);
            for (var j = 1; j < width; j++)
            {
                row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : Math.Max(above[j], row[j - 1]);
            }
        }

        return table;
    }

    /// <summary>Walk back from the end; equal stretches become ranges, reported last one first.</summary>
    private static void Answer(CommandContext ctx, in Options options, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, uint[] table)
    {
        var width = b.Length + 1;
        var length = table[(a.Length * width) + b.Length];
        if (options.Length)
        {
            ctx.Reply.Integer(length);
            return;
        }

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
            else if (table[((i - 1) * width) + j] > table[(i * width) + j - 1]) i--;
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

    private static void ReplyRanges(CommandContext ctx, in Options options, List<(int AFrom, int ATo, int BFrom, int BTo)> ranges, uint length)
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

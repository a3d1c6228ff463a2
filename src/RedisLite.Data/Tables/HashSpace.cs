using System.Runtime.CompilerServices;

namespace RedisLite.Data.Tables;

/// <summary>
/// How the 64 bits of a hash are spent, and the bend that keeps tables evenly full.
///
///   63 ........ 32 | 31 ... 14 | 13 .... 8 | 7 .... 0
///   place (prefix) |  unused   |  bucket   |   tag
///
/// With uniform hashes all segments of a table would fill up and split at the same moment, so that its cost per key would swing by a factor of two
/// with its size. The place is therefore bent: y = log2(1 + x), which makes the upper end of hash space twice as dense as the lower one. Splits
/// then sweep through the table continuously and the average fill hardly depends on the number of keys (spiral storage, piecewise linear).
/// </summary>
internal static class HashSpace
{
    public const int PlaceBits = 32;
    public const int MaxDepth = 27;
    public const int BucketBits = 6;

    private const int PieceBits = 5;
    private const int FractionBits = PlaceBits - PieceBits;
    private static readonly ulong[] s_start = BuildStarts();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bend(ulong hash)
    {
        var place = hash >> 32;
        var piece = (int)(place >> FractionBits);
        var fraction = place & ((1UL << FractionBits) - 1);
        var starts = s_start;
        var bent = starts[piece] + ((fraction * (starts[piece + 1] - starts[piece])) >> FractionBits);
        return bent << 32 | (uint)hash;
    }

    /// <summary>How many of so many elements are expected in one share of hash space: the share with this number among the 2^depth of that depth.</summary>
    public static double ShareOf(long count, ulong number, int depth) =>
        count * (Math.Pow(2, (number + 1) / Math.Pow(2, depth)) - Math.Pow(2, number / Math.Pow(2, depth)));

    public static int Bucket(ulong hash, int homeBits) => (int)(hash >> (8 + BucketBits - homeBits)) & ((1 << homeBits) - 1);

    /// <summary>Never 0, which marks an empty slot.</summary>
    public static byte Tag(ulong hash) => (byte)hash == 0 ? (byte)1 : (byte)hash;

    private static ulong[] BuildStarts()
    {
        const int pieces = 1 << PieceBits;
        var starts = new ulong[pieces + 1];
        for (var i = 0; i < pieces; i++) starts[i] = (ulong)(Math.Log2(1 + ((double)i / pieces)) * (1UL << PlaceBits));
        starts[pieces] = 1UL << PlaceBits;
        return starts;
    }
}

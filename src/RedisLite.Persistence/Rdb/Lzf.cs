using System.Buffers.Binary;
using System.Numerics;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// The LZF format that RDB strings may be compressed in: literal runs (control byte below 32: that many + 1 bytes follow) and references
/// (three bits of length, thirteen of distance; length 7 = one more byte of length).
///
///     000lllll  bytes…                      lllll + 1 literals
///     lllddddd  [length]  dddddddd          copy lll + 2 bytes (lll = 7: + the length byte) from distance + 1 back
/// </summary>
internal sealed class Lzf
{
    private const int HashBitsMin = 8;
    private const int HashBitsMax = 14;
    private const int LiteralsMax = 32;
    private const int DistanceMax = 1 << 13;
    private const int MatchMax = 264;

    /// <summary>Positions + 1 by hash of three bytes; a stale one is harmless because every match is compared.</summary>
    private readonly int[] _table = new int[1 << HashBitsMax];

    /// <summary>The most that so many compressed bytes can stand for: a reference of three bytes copies at most 264.</summary>
    public static long ExpandedMax(long compressed) => (compressed / 3 + 1) * MatchMax;

    /// <summary>Bytes written, or 0 when the output is too small: the text is not worth it.</summary>
    public int Compress(ReadOnlySpan<byte> text, Span<byte> output)
    {
        // As much of the table as the text can fill: to clear all of it cost more than most texts.
        var bits = Math.Clamp(BitOperations.Log2((uint)text.Length) + 1, HashBitsMin, HashBitsMax);
        var table = _table.AsSpan(0, 1 << bits);
        table.Clear();
        int at = 0, literals = 0, out_ = 0;
        while (at + 4 <= text.Length)
        {
            var three = BinaryPrimitives.ReadUInt32LittleEndian(text[at..]) & 0xFFFFFF;
            ref var seen = ref table[(int)((three * 0x9E3779B1) >> (32 - bits))];
            var from = seen - 1;
            seen = at + 1;
            if (from < 0 || at - from > DistanceMax || (BinaryPrimitives.ReadUInt32LittleEndian(text[from..]) & 0xFFFFFF) != three)
            {
                at++;
                literals++;
                continue;
            }

            var max = Math.Min(text.Length - at, MatchMax);
            var length = 3 + text[(from + 3)..].CommonPrefixLength(text[(at + 3)..(at + max)]);
            if (!TryLiterals(text, at, literals, output, ref out_) || !TryReference(length, at - from - 1, output, ref out_)) return 0;
            literals = 0;
            at += length;
        }
        literals += text.Length - at;
        return TryLiterals(text, text.Length, literals, output, ref out_) ? out_ : 0;
    }

    private static bool TryLiterals(ReadOnlySpan<byte> text, int end, int count, Span<byte> output, ref int at)
    {
        for (var from = end - count; from < end;)
        {
            var run = Math.Min(end - from, LiteralsMax);
            if (at + 1 + run > output.Length) return false;
            output[at++] = (byte)(run - 1);
            text.Slice(from, run).CopyTo(output[at..]);
            at += run;
            from += run;
        }
        return true;
    }

    private static bool TryReference(int length, int distance, Span<byte> output, ref int at)
    {
        if (at + 3 > output.Length) return false;
        var code = length - 2;
        output[at++] = (byte)(Math.Min(code, 7) << 5 | distance >> 8);
        if (code >= 7) output[at++] = (byte)(code - 7);
        output[at++] = (byte)distance;
        return true;
    }

    /// <summary>True when the compressed bytes fill the output exactly; nothing is read or written beyond either.</summary>
    public static bool TryExpand(ReadOnlySpan<byte> compressed, Span<byte> output)
    {
        int at = 0, out_ = 0;
        while (at < compressed.Length)
        {
            int control = compressed[at++];
            if (control < LiteralsMax)
            {
                var run = control + 1;
                if (run > compressed.Length - at || run > output.Length - out_) return false;
                compressed.Slice(at, run).CopyTo(output[out_..]);
                at += run;
                out_ += run;
                continue;
            }

            var length = control >> 5;
            if (length == 7)
            {
                if (at >= compressed.Length) return false;
                length += compressed[at++];
            }
            length += 2;
            if (at >= compressed.Length) return false;
            var distance = ((control & 0x1F) << 8 | compressed[at++]) + 1;
            if (distance > out_ || length > output.Length - out_) return false;
            if (distance >= length) output.Slice(out_ - distance, length).CopyTo(output[out_..]);
            else for (var i = 0; i < length; i++) output[out_ + i] = output[out_ + i - distance];      // a run repeats itself
            out_ += length;
        }
        return out_ == output.Length;
    }
}

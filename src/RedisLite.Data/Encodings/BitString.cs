using System.Numerics;
using System.Runtime.InteropServices;

namespace RedisLite.Data.Encodings;

internal enum BitOperation { And, Or, Xor, Not }

/// <summary>
/// A string as a row of bits: bit 0 is the highest bit of the first byte. Offsets are in bits, ranges have inclusive ends that lie inside the string.
/// Whole bytes go by words or vectors; only the two ends of a range are looked at bit by bit.
/// </summary>
internal static class BitString
{
    public static bool Get(ReadOnlySpan<byte> bytes, long offset)
    {
        var at = offset >> 3;
        return at < bytes.Length && (bytes[(int)at] & (0x80 >> (int)(offset & 7))) != 0;
    }

    public static void Set(Span<byte> bytes, long offset, bool on)
    {
        ref var target = ref bytes[(int)(offset >> 3)];
        var mask = 0x80 >> (int)(offset & 7);
        target = (byte)(on ? target | mask : target & ~mask);
    }

    /// <summary>How many bits of a range are 1.</summary>
    public static long Count(ReadOnlySpan<byte> bytes, long first, long last)
    {
        bytes = bytes[(int)(first >> 3)..(int)((last >> 3) + 1)];
        var outside = BitOperations.PopCount((uint)(bytes[0] & ~HeadMask(first) & 0xFF)) + BitOperations.PopCount((uint)(bytes[^1] & ~TailMask(last) & 0xFF));
        return Count(bytes) - outside;
    }

    private static long Count(ReadOnlySpan<byte> bytes)
    {
        // Four counters, because each step of one waits for the step before.
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        var rest = bytes[(words.Length * sizeof(ulong))..];
        long a = 0, b = 0, c = 0, d = 0;
        for (; words.Length >= 4; words = words[4..])
        {
            a += BitOperations.PopCount(words[0]);
            b += BitOperations.PopCount(words[1]);
            c += BitOperations.PopCount(words[2]);
            d += BitOperations.PopCount(words[3]);
        }
        foreach (var word in words) a += BitOperations.PopCount(word);
        foreach (var one in rest) b += BitOperations.PopCount((uint)one);
        return a + b + c + d;
    }

    /// <summary>The first bit of this value in a range, or -1.</summary>
    public static long Find(ReadOnlySpan<byte> bytes, bool bit, long first, long last)
    {
        int at = (int)(first >> 3), end = (int)(last >> 3);
        var boring = bit ? (byte)0 : (byte)0xFF;
        if (FindInByte(bytes[at] ^ boring, HeadMask(first) & (at == end ? TailMask(last) : 0xFF), out var found)) return at * 8L + found;
        if (at == end) return -1;

        var whole = bytes[(at + 1)..end].IndexOfAnyExcept(boring);
        if (whole >= 0) end = at + 1 + whole;
        return FindInByte(bytes[end] ^ boring, whole >= 0 ? 0xFF : TailMask(last), out found) ? end * 8L + found : -1;
    }

    private static bool FindInByte(int bits, int mask, out int found)
    {
        found = BitOperations.LeadingZeroCount((uint)(bits & mask)) - 24;
        return (bits & mask) != 0;
    }

    /// <summary>The bits of a byte from this offset on.</summary>
    private static int HeadMask(long first) => 0xFF >> (int)(first & 7);

    /// <summary>The bits of a byte up to this offset.</summary>
    private static int TailMask(long last) => 0xFF << (7 - (int)(last & 7));

    /// <summary>Starts a result with its first source, inverted for Not; what the source does not reach is zero.</summary>
    public static void Begin(BitOperation operation, Span<byte> result, ReadOnlySpan<byte> source)
    {
        source = source[..Math.Min(source.Length, result.Length)];
        source.CopyTo(result);
        result[source.Length..].Clear();
        if (operation != BitOperation.Not) return;
        result = result[..source.Length];
        var vectors = MemoryMarshal.Cast<byte, Vector<byte>>(result);
        for (var i = 0; i < vectors.Length; i++) vectors[i] = ~vectors[i];
        for (var i = vectors.Length * Vector<byte>.Count; i < result.Length; i++) result[i] = (byte)~result[i];
    }

    /// <summary>Combines one more source into a result; a source that is shorter counts as zero behind its end.</summary>
    public static void Combine(BitOperation operation, Span<byte> result, ReadOnlySpan<byte> source)
    {
        source = source[..Math.Min(source.Length, result.Length)];
        if (operation == BitOperation.And) result[source.Length..].Clear();
        var from = MemoryMarshal.Cast<byte, Vector<byte>>(source);
        var to = MemoryMarshal.Cast<byte, Vector<byte>>(result[..source.Length]);
        switch (operation)
        {
            case BitOperation.And:
                for (var i = 0; i < from.Length; i++) to[i] &= from[i];
                break;
            case BitOperation.Or:
                for (var i = 0; i < from.Length; i++) to[i] |= from[i];
                break;
            default:
                for (var i = 0; i < from.Length; i++) to[i] ^= from[i];
                break;
        }

        for (var i = from.Length * Vector<byte>.Count; i < source.Length; i++)
        {
            result[i] = operation switch
            {
                BitOperation.And => (byte)(result[i] & source[i]),
                BitOperation.Or => (byte)(result[i] | source[i]),
                _ => (byte)(result[i] ^ source[i]),
            };
        }
    }
}

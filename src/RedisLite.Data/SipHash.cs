using System.Numerics;
using System.Runtime.InteropServices;

namespace RedisLite.Data;

/// <summary>
/// SipHash-1-2: keyed, so that a client who does not know the seed cannot choose keys that collide; one and two rounds are enough for a table.
/// </summary>
internal static class SipHash
{
    public static ulong Compute(ulong seed0, ulong seed1, ReadOnlySpan<byte> data)
    {
        var v0 = seed0 ^ 0x736f6d6570736575UL;
        var v1 = seed1 ^ 0x646f72616e646f6dUL;
        var v2 = seed0 ^ 0x6c7967656e657261UL;
        var v3 = seed1 ^ 0x7465646279746573UL;
        var tail = (ulong)data.Length << 56 | Tail(data);

        while (data.Length >= 8)
        {
            var word = MemoryMarshal.Read<ulong>(data);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
            data = data[8..];
        }

        v3 ^= tail;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= tail;
        v2 ^= 0xff;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    /// <summary>What is behind the last whole word: out of the last eight bytes, or of two pieces that meet, instead of byte by byte.</summary>
    private static ulong Tail(ReadOnlySpan<byte> data)
    {
        var rest = data.Length & 7;
        if (rest == 0) return 0;
        if (data.Length > 8) return MemoryMarshal.Read<ulong>(data[^8..]) >> (64 - (8 * rest));
        if (rest >= 4) return MemoryMarshal.Read<uint>(data) | (ulong)MemoryMarshal.Read<uint>(data[(rest - 4)..]) << (8 * (rest - 4));
        return data[0] | (ulong)data[rest >> 1] << (8 * (rest >> 1)) | (ulong)data[rest - 1] << (8 * (rest - 1));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}

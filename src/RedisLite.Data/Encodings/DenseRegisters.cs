using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RedisLite.Data.Encodings;

/// <summary>
/// All registers of a dense HyperLogLog at once, to bytes and back: sixteen of six bits are twelve bytes, which become one vector.
///
///     12 bytes -> four lanes of 24 bits -> each lane's four registers are shifted into a byte of their own, and the reverse
///
/// PFMERGE and PFCOUNT of several keys do nothing else 1024 times a key.
/// </summary>
internal static class DenseRegisters
{
    private const int Bytes = 12;

    // Index 255 = a zero byte.
    private static Vector128<byte> ToLanes => Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);

    private static Vector128<byte> ToBytes => Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);

    /// <summary>Raises byte registers to at least those of the dense body.</summary>
    public static void MergeInto(Span<byte> registers, ReadOnlySpan<byte> dense)
    {
        var targets = MemoryMarshal.Cast<byte, Vector128<byte>>(registers);
        var last = targets.Length - 1;
        for (var i = 0; i < last; i++)
            targets[i] = Vector128.Max(targets[i], Spread(Vector128.Create(dense.Slice(i * Bytes, Vector128<byte>.Count))));

        Span<byte> rest = stackalloc byte[Vector128<byte>.Count];
        dense.Slice(last * Bytes, Bytes).CopyTo(rest);
        targets[last] = Vector128.Max(targets[last], Spread(Vector128.Create<byte>(rest)));
    }

    /// <summary>Writes byte registers as a dense body.</summary>
    public static void Pack(ReadOnlySpan<byte> registers, Span<byte> dense)
    {
        var sources = MemoryMarshal.Cast<byte, Vector128<byte>>(registers);
        var last = sources.Length - 1;
        for (var i = 0; i < last; i++) Gather(sources[i]).CopyTo(dense[(i * Bytes)..]);      // the four bytes too many are written over by the next

        Span<byte> rest = stackalloc byte[Vector128<byte>.Count];
        Gather(sources[last]).CopyTo(rest);
        rest[..Bytes].CopyTo(dense[(last * Bytes)..]);
    }

    private static Vector128<byte> Spread(Vector128<byte> bits)
    {
        var lanes = Vector128.Shuffle(bits, ToLanes).AsUInt32();
        return ((lanes & Vector128.Create(0x3Fu)) | ((lanes << 2) & Vector128.Create(0x3F00u))
            | ((lanes << 4) & Vector128.Create(0x3F0000u)) | ((lanes << 6) & Vector128.Create(0x3F000000u))).AsByte();
    }

    private static Vector128<byte> Gather(Vector128<byte> registers)
    {
        var lanes = registers.AsUInt32();
        var bits = (lanes & Vector128.Create(0x3Fu)) | ((lanes >> 2) & Vector128.Create(0xFC0u))
            | ((lanes >> 4) & Vector128.Create(0x3F000u)) | ((lanes >> 6) & Vector128.Create(0xFC0000u));
        return Vector128.Shuffle(bits.AsByte(), ToBytes);
    }
}

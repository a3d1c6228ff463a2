using System.Buffers.Binary;
using RedisLite.Data;

namespace RedisLite.Tests.Durability;

/// <summary>What fuzzers do to an RDB file. Half of the files get a checksum that is right, a quarter says there is none, so that the bytes themselves must be checked.</summary>
internal static class Mutations
{
    private const int HeaderLength = 9, ChecksumLength = 8;

    public static byte[] Of(byte[] file, Random random)
    {
        var broken = file.ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(HeaderLength, broken.Length - ChecksumLength);
            switch (random.Next(6))
            {
                case 0 or 1: broken[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: broken[at] = (byte)random.Next(256); break;
                case 3: broken[at] = random.Next(2) == 0 ? (byte)0xFF : (byte)0x80; break;                // the longest lengths there are
                case 4: broken = [.. broken[..at], .. broken[Math.Min(at + random.Next(1, 9), broken.Length - ChecksumLength)..]]; break;
                default: if (random.Next(4) == 0) broken = [.. broken[..at], .. broken[^ChecksumLength..]]; break;
            }
            if (broken.Length < HeaderLength + ChecksumLength + 2) return file.ToArray();
        }
        var checksum = broken.AsSpan(broken.Length - ChecksumLength);
        if (random.Next(4) == 0) checksum.Clear();
        else if (random.Next(3) > 0) Seal(broken);
        return broken;
    }

    /// <summary>Makes the checksum at the end right.</summary>
    public static void Seal(byte[] bytes) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - ChecksumLength), Crc64.Compute(bytes.AsSpan(0, bytes.Length - ChecksumLength)));
}

using System.Buffers.Binary;

namespace RedisLite.Data;

/// <summary>
/// CRC-64 with the polynomial of Jones, bits reflected, starting at zero: the checksum of RDB files and DUMP payloads. Eight bytes a step through
/// eight tables, so that a checksum costs less than the disk.
/// </summary>
internal static class Crc64
{
    private const ulong Polynomial = 0x95AC9329AC4BC9B5;                   // 0xAD93D23594C935A9 with its bits mirrored

    private static readonly ulong[] Tables = BuildTables();

    public static ulong Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    public static ulong Append(ulong crc, ReadOnlySpan<byte> bytes)
    {
        var tables = Tables.AsSpan(0, 8 * 256);
        while (bytes.Length >= 8)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc = tables[7 * 256 + (int)(crc & 0xFF)]
                ^ tables[6 * 256 + (int)(crc >> 8 & 0xFF)]
                ^ tables[5 * 256 + (int)(crc >> 16 & 0xFF)]
                ^ tables[4 * 256 + (int)(crc >> 24 & 0xFF)]
                ^ tables[3 * 256 + (int)(crc >> 32 & 0xFF)]
                ^ tables[2 * 256 + (int)(crc >> 40 & 0xFF)]
                ^ tables[1 * 256 + (int)(crc >> 48 & 0xFF)]
                ^ tables[(int)(crc >> 56)];
            bytes = bytes[8..];
        }
        foreach (var b in bytes) crc = tables[(int)((crc ^ b) & 0xFF)] ^ crc >> 8;
        return crc;
    }

    private static ulong[] BuildTables()
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ Polynomial : crc >> 1;
            tables[i] = crc;
        }
        for (var i = 256; i < tables.Length; i++)
        {
            var previous = tables[i - 256];
            tables[i] = tables[(int)(previous & 0xFF)] ^ previous >> 8;
        }
        return tables;
    }
}

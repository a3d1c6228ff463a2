using System.Buffers.Binary;

namespace RedisLite.Data.Values;

/// <summary>
/// A score beside its member in the table of a big sorted set: four bytes when it is a whole number that fits them, as counters, ranks and times in
/// seconds are, else the eight of a double. The four bytes saved are a slot of eight for every other length of member.
/// </summary>
internal static class ElementScore
{
    public const int BytesMax = sizeof(double);

    /// <summary>Writes a score; returns the bytes it takes. -0 is no whole number here: it keeps its sign.</summary>
    public static ReadOnlySpan<byte> Write(Span<byte> room, double score)
    {
        var whole = (int)score;
        if (BitConverter.DoubleToInt64Bits(whole) == BitConverter.DoubleToInt64Bits(score))
        {
            BinaryPrimitives.WriteInt32LittleEndian(room, whole);
            return room[..sizeof(int)];
        }
        BinaryPrimitives.WriteDoubleLittleEndian(room, score);
        return room[..sizeof(double)];
    }

    public static double Read(ReadOnlySpan<byte> stored) =>
        stored.Length == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(stored) : BinaryPrimitives.ReadDoubleLittleEndian(stored);
}

using System.Buffers.Binary;
using System.Numerics;

namespace RedisLite.Data.Encodings;

/// <summary>
/// Where the entries of a listpack are, by their values: for a command that asks one listpack about many (SINTER of two sets of fifty members compares 1,250
/// pairs without it, and took 2.4 times as long as redis-server 7.0's tables). Open addressing over positions; 0 is none. The listpack is given
/// again with every call, so that it may grow meanwhile. Every entry is indexed, or every second (the members of a sorted set).
/// </summary>
internal sealed class PackIndex
{
    /// <summary>A smaller listpack, or one that is asked less often, is searched as quickly.</summary>
    private const int WorthFrom = 8;

    private readonly int _stride;
    private int[] _places = [];
    private int _count;

    /// <summary>With room for so many entries; it grows when more come.</summary>
    public PackIndex(ReadOnlySpan<byte> pack, int stride, int expected)
    {
        _stride = stride;
        Build(pack, Math.Max(expected, ListPack.Count(pack) / stride));
    }

    public static bool IsWorthwhile(ReadOnlySpan<byte> pack, int stride, long questions) => questions >= WorthFrom && ListPack.Count(pack) / stride >= WorthFrom;

    /// <summary>Position of the entry that equals a value, or -1. What spells an integer is given as one.</summary>
    public int Find(ReadOnlySpan<byte> pack, scoped in PackedValue value) => Find(pack, value, out _);

    /// <summary>The same; where the value would belong goes out, for <see cref="Add"/>.</summary>
    public int Find(ReadOnlySpan<byte> pack, scoped in PackedValue value, out int slot)
    {
        for (slot = SlotOf(value); ; slot = (slot + 1) & (_places.Length - 1))
        {
            var at = _places[slot];
            if (at == 0) return -1;
            if (ListPack.Matches(pack, at, value)) return at;
        }
    }

    /// <summary>An entry that has come to the listpack, as the value that was not found a moment ago.</summary>
    public void Add(ReadOnlySpan<byte> pack, int at, int slot)
    {
        if (_count >= _places.Length / 2)
        {
            Build(pack, _count * 2);
            return;
        }
        _count++;
        _places[slot] = at;
    }

    private void Build(ReadOnlySpan<byte> pack, int expected)
    {
        _places = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(expected, WorthFrom)) * 2];
        _count = 0;
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = ListPack.Next(pack, at))
        {
            Place(pack, at);
            if (_stride == 2) at = ListPack.Next(pack, at);
        }
    }

    private void Place(ReadOnlySpan<byte> pack, int at)
    {
        _count++;
        var value = ListPack.Get(pack, at);
        var slot = value.TryGetInteger(out var integer) ? SlotOf(new PackedValue(integer)) : SlotOf(value);
        while (_places[slot] != 0) slot = (slot + 1) & (_places.Length - 1);
        _places[slot] = at;
    }

    private int SlotOf(scoped in PackedValue value) => (int)Hash(value) & (_places.Length - 1);

    private static uint Hash(scoped in PackedValue value)
    {
        if (value.IsInteger) return BitOperations.Crc32C(0, (ulong)value.Integer);
        var text = value.AsText(default);
        var hash = (uint)text.Length;
        if (text.Length < sizeof(ulong))
        {
            foreach (var b in text) hash = BitOperations.Crc32C(hash, b);
            return hash;
        }

        // Whole words, and the last one wherever it begins.
        for (var at = 0; at < text.Length - sizeof(ulong); at += sizeof(ulong))
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt64LittleEndian(text[at..]));
        return BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt64LittleEndian(text[^sizeof(ulong)..]));
    }
}

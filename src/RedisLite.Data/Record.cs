using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data.Tables;

namespace RedisLite.Data;

/// <summary>
/// A key of a database, one arena slot:
///
///   byte 0      kind (4 bits), HasExpiry, LongForm, Big
///   bytes 1-3   LRU clock or LFU counter; the only bytes of a frozen record that may change
///   byte 4      key length          bytes 5-7  value length
///   LongForm    then two 32-bit lengths, key and value (a key above 255 bytes or a value of 16 MiB)
///   HasExpiry   then expireAtMs, 64 bits
///   key, value  (and slack up to the slot's end)
/// </summary>
internal readonly ref struct Record
{
    public const byte KindMask = 0x0f, ExpiryFlag = 0x10, LongFlag = 0x20, BigFlag = 0x40;

    private readonly ReadOnlySpan<byte> _slot;

    public Record(ReadOnlySpan<byte> slot) => _slot = slot;

    public RecordKind Kind => (RecordKind)(_slot[0] & KindMask);

    public bool HasExpiry => (_slot[0] & ExpiryFlag) != 0;

    public bool IsLong => (_slot[0] & LongFlag) != 0;

    public bool Big => (_slot[0] & BigFlag) != 0;

    public uint Access => MemoryMarshal.Read<uint>(_slot) >> 8;

    public int KeyLength => IsLong ? MemoryMarshal.Read<int>(_slot[8..]) : _slot[4];

    public int ValueLength => IsLong ? MemoryMarshal.Read<int>(_slot[12..]) : (int)(MemoryMarshal.Read<uint>(_slot[4..]) >> 8);

    public int KeyOffset => HeaderBytes(IsLong, HasExpiry);

    public ReadOnlySpan<byte> Key => _slot.Slice(KeyOffset, KeyLength);

    public ReadOnlySpan<byte> Value => _slot.Slice(KeyOffset + KeyLength, ValueLength);

    /// <summary>-1 = never.</summary>
    public long ExpireAtMs => HasExpiry ? MemoryMarshal.Read<long>(_slot[(IsLong ? 16 : 8)..]) : -1;

    /// <summary>Bytes in use; the slot may be larger.</summary>
    public int Length => KeyOffset + KeyLength + ValueLength;

    public static int HeaderBytes(bool isLong, bool hasExpiry) => 8 + (isLong ? 8 : 0) + (hasExpiry ? 8 : 0);

    public static bool NeedsLong(int keyLength, int valueLength) => keyLength > byte.MaxValue || valueLength > 0xff_ffff;

    public static int BytesFor(int keyLength, int valueLength, bool hasExpiry) =>
        checked(HeaderBytes(NeedsLong(keyLength, valueLength), hasExpiry) + keyLength + valueLength);

    /// <summary>Writes all but the value; returns where the value starts.</summary>
    public static int Write(Span<byte> slot, RecordKind kind, uint access, bool big, ReadOnlySpan<byte> key, int valueLength, long expireAtMs)
    {
        var isLong = NeedsLong(key.Length, valueLength);
        var flags = (byte)kind | (expireAtMs >= 0 ? ExpiryFlag : 0) | (isLong ? LongFlag : 0) | (big ? BigFlag : 0);
        MemoryMarshal.Write(slot, (uint)flags | (access << 8));
        SetLengths(slot, isLong, key.Length, valueLength);
        var offset = HeaderBytes(isLong, hasExpiry: false);
        if (expireAtMs >= 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(slot[offset..], expireAtMs);
            offset += 8;
        }
        key.CopyTo(slot[offset..]);
        return offset + key.Length;
    }

    public static void SetLengths(Span<byte> slot, bool isLong, int keyLength, int valueLength)
    {
        if (!isLong)
        {
            MemoryMarshal.Write(slot[4..], (uint)keyLength | ((uint)valueLength << 8));
            return;
        }
        MemoryMarshal.Write(slot[4..], 0u);
        MemoryMarshal.Write(slot[8..], keyLength);
        MemoryMarshal.Write(slot[12..], valueLength);
    }

    /// <summary>For a record that has an expiry already.</summary>
    public static void SetExpireAt(Span<byte> slot, long expireAtMs) => MemoryMarshal.Write(slot[((slot[0] & LongFlag) != 0 ? 16 : 8)..], expireAtMs);

    public static void SetAccess(Span<byte> slot, uint access)
    {
        // Not one 32-bit write: byte 0 belongs to the record proper.
        slot[1] = (byte)access;
        MemoryMarshal.Write(slot[2..], (ushort)(access >> 8));
    }
}

/// <summary>What the table needs to know of a record.</summary>
internal readonly struct RecordLayout : IRecordLayout
{
    public static bool SavesLines => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool KeyEquals(ReadOnlySpan<byte> slot, ReadOnlySpan<byte> key) => new Record(slot).Key.SequenceEqual(key);

    public static ulong Hash(Heap heap, ReadOnlySpan<byte> slot) => heap.Hash(new Record(slot).Key);

    public static long ExpireAtMs(ReadOnlySpan<byte> slot) => new Record(slot).ExpireAtMs;

    public static bool OwnsMemory(ReadOnlySpan<byte> slot) => new Record(slot).Kind.OwnsMemory();
}

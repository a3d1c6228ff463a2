using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RedisLite.Data.Tables;

[InlineArray(64)]
internal struct CacheLine
{
    private byte _first;
}

/// <summary>
/// One cache line of a table: ten slots.
///
///   0..9    tags: 8 bits of the hash, 0 = empty, compared all at once
///   10..59  handles, five bytes each
///   60..63  masks: has-expiry (10 bits), new since the snapshot (10), and for the elements whose home is this bucket: how many sit in the
///           neighbour (4) and in the stash (5); whether some overflowed to a chained segment (1); whether a record here owns other memory (1)
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct Bucket
{
    public const int Slots = 10;

    private const int HandlesAt = 10;
    private const int SlotMask = (1 << Slots) - 1;
    private const ulong HandleMask = (1UL << 40) - 1;
    private const int NewShift = 10, NeighbourShift = 20, StashShift = 24;
    private const uint NeighbourMask = 15u << NeighbourShift, StashMask = 31u << StashShift;
    private const uint ChainedBit = 1u << 29, OwnerBit = 1u << 30;

    [FieldOffset(0)]
    private CacheLine _line;

    [FieldOffset(60)]
    private uint _masks;

    [UnscopedRef]
    private Span<byte> Bytes => _line;

    public readonly uint Occupied => ~Matches(0) & SlotMask;

    public readonly uint WithExpiry => _masks & SlotMask;

    public readonly bool HasOverflow => (_masks & (NeighbourMask | StashMask | ChainedBit)) != 0;

    public int InNeighbour
    {
        readonly get => (int)((_masks & NeighbourMask) >> NeighbourShift);
        set => _masks = (_masks & ~NeighbourMask) | ((uint)value << NeighbourShift);
    }

    public int InStash
    {
        readonly get => (int)((_masks & StashMask) >> StashShift);
        set => _masks = (_masks & ~StashMask) | ((uint)value << StashShift);
    }

    public bool Chained
    {
        readonly get => (_masks & ChainedBit) != 0;
        set => _masks = value ? _masks | ChainedBit : _masks & ~ChainedBit;
    }

    /// <summary>Sticky hint for walkers: some record of this line may own a tree or an inner table.</summary>
    public bool HasOwner
    {
        readonly get => (_masks & OwnerBit) != 0;
        set => _masks = value ? _masks | OwnerBit : _masks & ~OwnerBit;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Matches(byte tag)
    {
        var tags = Vector128.LoadUnsafe(in _line[0]);
        return Vector128.Equals(tags, Vector128.Create(tag)).ExtractMostSignificantBits() & SlotMask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Handle(int slot) => MemoryMarshal.Read<ulong>(((ReadOnlySpan<byte>)_line)[(HandlesAt + (5 * slot))..]) & HandleMask;

    public void SetHandle(int slot, ulong handle)
    {
        var at = Bytes[(HandlesAt + (5 * slot))..];
        MemoryMarshal.Write(at, (uint)handle);
        at[4] = (byte)(handle >> 32);
    }

    public readonly byte Tag(int slot) => _line[slot];

    public readonly bool HasExpiry(int slot) => (_masks >> slot & 1) != 0;

    public void SetExpiry(int slot, bool value) => _masks = (_masks & ~(1u << slot)) | (value ? 1u << slot : 0);

    public readonly bool IsNew(int slot) => (_masks >> (NewShift + slot) & 1) != 0;

    public void SetNew(int slot, bool value) => _masks = (_masks & ~(1u << (NewShift + slot))) | (value ? 1u << (NewShift + slot) : 0);

    public void ClearNew() => _masks &= ~((uint)SlotMask << NewShift);

    public readonly int FreeSlot()
    {
        var free = Matches(0);
        return free == 0 ? -1 : BitOperations.TrailingZeroCount(free);
    }

    public void Put(int slot, byte tag, ulong handle, SlotFlags flags)
    {
        Bytes[slot] = tag;
        SetHandle(slot, handle);
        SetExpiry(slot, (flags & SlotFlags.Expiry) != 0);
        SetNew(slot, (flags & SlotFlags.New) != 0);
        if ((flags & SlotFlags.Owner) != 0) HasOwner = true;
    }

    public void Clear(int slot)
    {
        Bytes[slot] = 0;
        SetHandle(slot, 0);
        SetExpiry(slot, false);
        SetNew(slot, false);
    }
}

[Flags]
internal enum SlotFlags : byte
{
    None = 0,
    Expiry = 1,

    /// <summary>Made since the running snapshot began: the snapshot cannot see the record, so it may be changed in place.</summary>
    New = 2,

    /// <summary>The record owns other memory (inner table, tree).</summary>
    Owner = 4,
}

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RedisLite.Data.Trees;

/// <summary>
/// The root of a tree, as it lies in a record. Height 0: the root is a leaf; handle 0: nothing at all.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TreeRoot
{
    public const int Bytes = 16;

    private const ulong HandleMask = (1UL << 40) - 1;

    private ulong _node;

    /// <summary>Elements in all leaves.</summary>
    public long Count;

    public ulong Node
    {
        readonly get => _node & HandleMask;
        set => _node = (_node & ~HandleMask) | value;
    }

    public int Height
    {
        readonly get => (int)(_node >> 40);
        set => _node = (_node & HandleMask) | ((ulong)value << 40);
    }
}

/// <summary>
/// An inner node in its slot: epoch:u32, entries:u16, spare:u16, then entries of child handle (5 bytes), elements below it (u32), first key below
/// it (a size that the tree fixes; none for lists).
/// </summary>
internal readonly ref struct TreeNode(Span<byte> slot, int keySize)
{
    /// <summary>Wide enough that ten million elements are four levels, small enough that an insert moves little.</summary>
    public const int EntriesMax = 64;
    public const int HeaderBytes = 8;

    private const int KeyAt = 9;
    private const ulong HandleMask = (1UL << 40) - 1;

    private readonly Span<byte> _slot = slot;
    private readonly int _entrySize = KeyAt + keySize;

    public static int BytesFor(int entries, int keySize) => HeaderBytes + (entries * (KeyAt + keySize));

    public uint Epoch
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(_slot);
        set => BinaryPrimitives.WriteUInt32LittleEndian(_slot, value);
    }

    public int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => BinaryPrimitives.ReadUInt16LittleEndian(_slot[4..]);
        set => BinaryPrimitives.WriteUInt16LittleEndian(_slot[4..], (ushort)value);
    }

    /// <summary>Bytes in use.</summary>
    public int Length => HeaderBytes + (Count * _entrySize);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Child(int i)
    {
        var at = HeaderBytes + (i * _entrySize);
        return BinaryPrimitives.ReadUInt32LittleEndian(_slot[at..]) | (ulong)_slot[at + 4] << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Size(int i) => BinaryPrimitives.ReadUInt32LittleEndian(_slot[(HeaderBytes + (i * _entrySize) + 5)..]);

    public ReadOnlySpan<byte> Key(int i) => Entry(i)[KeyAt..];

    public void SetChild(int i, ulong child)
    {
        var entry = Entry(i);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)child);
        entry[4] = (byte)(child >> 32);
    }

    public void SetSize(int i, long size) => BinaryPrimitives.WriteUInt32LittleEndian(Entry(i)[5..], checked((uint)size));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddToSize(int i, int delta)
    {
        var size = _slot.Slice(HeaderBytes + (i * _entrySize) + 5, sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(size, checked((uint)(BinaryPrimitives.ReadUInt32LittleEndian(size) + (long)delta)));
    }

    public void SetKey(int i, ReadOnlySpan<byte> key) => key.CopyTo(Entry(i)[KeyAt..]);

    public void Insert(int i, ulong child, long size, ReadOnlySpan<byte> key)
    {
        var at = HeaderBytes + (i * _entrySize);
        _slot[at..Length].CopyTo(_slot[(at + _entrySize)..]);
        Count++;
        SetChild(i, child);
        SetSize(i, size);
        SetKey(i, key);
    }

    public void RemoveAt(int i)
    {
        var at = HeaderBytes + (i * _entrySize);
        _slot[(at + _entrySize)..Length].CopyTo(_slot[at..]);
        Count--;
    }

    /// <summary>Moves the entries from <paramref name="from"/> on to the end of another node.</summary>
    public void MoveTail(int from, TreeNode target)
    {
        var moved = Count - from;
        _slot[(HeaderBytes + (from * _entrySize))..Length].CopyTo(target._slot[target.Length..]);
        target.Count += moved;
        Count = from;
    }

    public void CopyAllTo(TreeNode target)
    {
        _slot[HeaderBytes..Length].CopyTo(target._slot[target.Length..]);
        target.Count += Count;
    }

    public long Total() => Total(Count);

    /// <summary>Elements below the first so many entries.</summary>
    public long Total(int entries)
    {
        long total = 0;
        for (var i = 0; i < entries; i++) total += Size(i);
        return total;
    }

    private Span<byte> Entry(int i) => _slot.Slice(HeaderBytes + (i * _entrySize), _entrySize);
}

using System.Runtime.InteropServices;

namespace RedisLite.Data.Tables;

/// <summary>
/// The root of a table; all zero = an empty table. Lives in a Keyspace or in the value of a record (unaligned). Copying it is how a snapshot is
/// taken: what it points to is never changed while frozen.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TableHeader
{
    public const int Bytes = 32;

    private ulong _root;
    private ulong _counts;
    public long Count;

    /// <summary>When the directory was made, see Heap.Epoch.</summary>
    public uint Epoch;

    /// <summary>Segments whose depth is the directory's: at zero the directory can be halved.</summary>
    public int DeepSegments;

    /// <summary>The only segment, or the directory when DirectoryBits > 0; 0 = no memory at all.</summary>
    public ulong Root
    {
        readonly get => _root & DirectoryEntry.HandleMask;
        set => _root = (_root & ~DirectoryEntry.HandleMask) | value;
    }

    public int DirectoryBits
    {
        readonly get => (int)(_root >> 40) & 0xff;
        set => _root = (_root & ~(0xffUL << 40)) | ((ulong)value << 40);
    }

    /// <summary>Home buckets per segment as a power of two; 6 whenever there is a directory.</summary>
    public int HomeBits
    {
        readonly get => (int)(_root >> 48) & 0xff;
        set => _root = (_root & ~(0xffUL << 48)) | ((ulong)value << 48);
    }

    public long CountWithExpiry
    {
        readonly get => (long)_counts;
        set => _counts = (ulong)value;
    }
}

/// <summary>A directory entry: segment handle (40 bits), its depth (8), and whether it holds an expiry, so that sweeps pass over it unread.</summary>
internal static class DirectoryEntry
{
    public const ulong HandleMask = (1UL << 40) - 1;
    public const ulong ExpiryBit = 1UL << 48;

    public static ulong Make(ulong segment, int depth, bool hasExpiry) => segment | (ulong)depth << 40 | (hasExpiry ? ExpiryBit : 0);

    public static ulong Segment(ulong entry) => entry & HandleMask;

    public static int Depth(ulong entry) => (int)(entry >> 40) & 0xff;
}

/// <summary>The first line of a segment.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct SegmentHeader
{
    /// <summary>When the segment was made or copied, see Heap.Epoch.</summary>
    public uint Epoch;
    public int Count;
    public int CountWithExpiry;
    public byte Depth;
    public byte HomeBits;

    /// <summary>A bit for each line of the stash beyond 64 that is saved.</summary>
    private byte _savedStash;

    /// <summary>The next segment of a chain, for elements that no split can separate.</summary>
    public ulong Next;

    /// <summary>No element expires before this time; may be too early, never too late.</summary>
    public long EarliestExpiryMs;

    /// <summary>The first place of hash space that belongs to this segment.</summary>
    public ulong Place;

    /// <summary>The lines that the running snapshot needs as they were (SavedLines), of this epoch or no longer good.</summary>
    public ulong Saved;
    private ulong _savedBuckets;
    private uint _savedEpoch;

    public readonly uint SavedEpoch => _savedEpoch;

    /// <summary>Whether the line of this bucket is saved. From any thread: of the bits and the epoch, which are written in the other order, none is taken for another's.</summary>
    public bool HasSaved(int bucket, uint epoch) =>
        Volatile.Read(ref _savedEpoch) == epoch && (bucket < 64 ? Volatile.Read(ref _savedBuckets) >> bucket & 1 : (ulong)(Volatile.Read(ref _savedStash) >> (bucket - 64)) & 1) != 0;

    public void MarkSaved(ulong handle, int bucket, uint epoch)
    {
        var isFirst = _savedEpoch != epoch;
        Volatile.Write(ref Saved, handle);
        var stash = isFirst ? 0 : _savedStash;
        var buckets = isFirst ? 0 : _savedBuckets;
        Volatile.Write(ref _savedStash, (byte)(bucket < 64 ? stash : stash | 1 << (bucket - 64)));
        Volatile.Write(ref _savedBuckets, bucket < 64 ? buckets | 1UL << bucket : buckets);
        Volatile.Write(ref _savedEpoch, epoch);
    }
}

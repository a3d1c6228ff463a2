using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>
/// When a list's listpack, or a node of its tree, is full: <c>list-max-listpack-size</c> as Redis reads it. Negative = bytes a node (4 to 64 KB),
/// positive = elements a node, but never more than 8 KB of them.
/// </summary>
internal readonly struct ListLimits
{
    private const int SafetyBytes = 8192;

    /// <summary>Redis's guess of what an element costs beside its text.</summary>
    private const int OverheadGuess = 8;

    private readonly int _bytesMax;
    private readonly int _countMax;
    private readonly long _aloneFrom;

    public ListLimits(EncodingLimits limits)
        : this(limits.ListMaxListpackSize) => _aloneFrom = limits.ListPackedThreshold;

    public ListLimits(int listMaxListpackSize)
    {
        _aloneFrom = EncodingLimits.ListPackedThresholdDefault;
        if (listMaxListpackSize >= 0)
        {
            _bytesMax = int.MaxValue;
            _countMax = Math.Max(1, listMaxListpackSize);
        }
        else
        {
            _bytesMax = 2048 << Math.Min(5, -listMaxListpackSize);
            _countMax = int.MaxValue;
        }
    }

    /// <summary>Whether a listpack of this size must become a tree.</summary>
    public bool Exceeds(long bytes, long count)
    {
        if (_bytesMax != int.MaxValue) return bytes > _bytesMax;
        return bytes > SafetyBytes || count > _countMax;
    }

    /// <summary>Whether a tree of one leaf may become a listpack again: half the limit, so that it does not flap.</summary>
    public bool FitsShrunk(long bytes, long count) => bytes <= _bytesMax / 2 && count <= _countMax / 2;

    /// <summary>
    /// Whether a leaf takes one more element. Redis's rule for its nodes, and below it one of ours: a leaf with its header stays
    /// inside the arena's largest slab slot whenever the configured limit allows.
    /// </summary>
    public bool Allows(int leafBytes, long leafCount, scoped in PackedValue value)
    {
        if (value.TextLength >= _aloneFrom || (leafCount == 1 && leafBytes >= _aloneFrom)) return false;
        if (Exceeds((long)leafBytes + value.TextLength + OverheadGuess, leafCount + 1)) return false;
        var exact = leafBytes + value.PackedSize + Trees.BTree.LeafHeader;
        return exact <= SafetyBytes || _bytesMax is > SafetyBytes and < int.MaxValue;
    }
}

using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// The members of a sorted set from a rank on, upward or downward: <c>while (walk.MoveNext()) use(walk.Member, walk.Score)</c>. The first step yields
/// the member at the rank itself. The set must not change meanwhile.
/// </summary>
internal ref struct ZSetWalk
{
    private const int Ahead = 6;

    private readonly Heap? _heap;
    private readonly bool _isTree;
    private BTree _tree;
    private ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _leafCount;
    private bool _isStarted;

    /// <summary>Over a live value or one that a snapshot holds; a negative rank counts from the end.</summary>
    public ZSetWalk(Heap heap, RecordKind kind, ReadOnlySpan<byte> value, long rank)
    {
        _isTree = kind == RecordKind.ZSetTree;
        _bytes = value;
        if (_isTree) _tree = ZSetValue.OpenTree(heap, value);
        var count = _isTree ? _tree.Root.Count : ListPack.Count(value) / 2;
        if (rank < 0) rank += count;
        if (rank < 0 || rank >= count) return;
        _heap = heap;
        if (!_isTree)
        {
            _at = ListPack.Seek(value, (int)rank * 2);
            return;
        }
        _at = _tree.SeekRank(rank);
        OpenLeaf();
        for (var i = 0; i < Ahead; i++) Prefetch(_at + i);
    }

    /// <summary>The place of the current member, see <see cref="ZSetValue.MemberAt"/>.</summary>
    public readonly ulong Place => _isTree ? ScoreTree.Element(ScoreTree.EntryAt(_bytes, _at)) : (ulong)_at;

    public readonly PackedValue Member => _isTree
        ? new PackedValue(new Element(_heap!.Arena.Slot(ScoreTree.Element(ScoreTree.EntryAt(_bytes, _at)))).Key, isEncodedText: true)
        : ListPack.Get(_bytes, _at);

    public readonly double Score => _isTree ? ScoreTree.Score(ScoreTree.EntryAt(_bytes, _at)) : ZSetBlob.ScoreAt(_bytes, _at);

    public bool MoveNext()
    {
        if (_heap is null) return false;
        if (!_isStarted) return _isStarted = true;
        if (!_isTree)
        {
            if (!ListPack.IsEnd(_bytes, _at)) _at = ListPack.Next(_bytes, ListPack.Next(_bytes, _at));
            return !ListPack.IsEnd(_bytes, _at);
        }
        if (++_at < _leafCount)
        {
            Prefetch(_at + Ahead);
            return true;
        }
        if (!_tree.MoveNext()) return false;
        OpenLeaf();
        _at = 0;
        for (var i = 0; i < Ahead; i++) Prefetch(i);
        return true;
    }

    public bool MovePrevious()
    {
        if (_heap is null) return false;
        if (!_isStarted) return _isStarted = true;
        if (!_isTree)
        {
            if (_at <= ListPack.First) return false;
            _at = ListPack.Previous(_bytes, ListPack.Previous(_bytes, _at));
            return true;
        }
        if (--_at >= 0)
        {
            Prefetch(_at - Ahead);
            return true;
        }
        if (!_tree.MovePrevious()) return false;
        OpenLeaf();
        _at = _leafCount - 1;
        for (var i = 0; i < Ahead; i++) Prefetch(_at - i);
        return true;
    }

    /// <summary>Members lie anywhere in memory; asked for some steps ahead, they are there when it is their turn.</summary>
    private readonly void Prefetch(int index)
    {
        if ((uint)index < (uint)_leafCount) _heap!.Arena.Prefetch(ScoreTree.Element(ScoreTree.EntryAt(_bytes, index)));
    }

    private void OpenLeaf()
    {
        _bytes = _tree.Leaf;
        _leafCount = (int)_tree.LeafCount;
    }
}

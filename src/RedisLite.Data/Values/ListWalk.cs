using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// The elements of a list from an index on, forward or backward: <c>while (walk.MoveNext()) use(walk.Current)</c>. The first step yields the
/// element at the index itself. The list must not change meanwhile.
/// </summary>
internal ref struct ListWalk
{
    private readonly bool _isTree;
    private BTree _tree;
    private ReadOnlySpan<byte> _pack;
    private int _at;
    private bool _isStarted;

    /// <summary>Over a live value or one that a snapshot holds; a negative index counts from the end.</summary>
    public ListWalk(Heap heap, RecordKind kind, ReadOnlySpan<byte> value, long index)
    {
        _isTree = kind == RecordKind.ListTree;
        _at = -1;
        var root = _isTree ? MemoryMarshal.Read<TreeRoot>(value) : default;
        var count = _isTree ? root.Count : ListPack.Count(value);
        if (index < 0) index += count;
        Index = index;
        if (index < 0 || index >= count) return;
        if (!_isTree)
        {
            _pack = value;
            _at = ListPack.Seek(_pack, (int)index);
            return;
        }
        _tree = new BTree(heap, keySize: 0, root);
        var inLeaf = _tree.SeekRank(index);
        _pack = ListLeaf.Pack(_tree);
        _at = ListPack.Seek(_pack, inLeaf);
    }

    /// <summary>Of no list at all: there is nothing to walk.</summary>
    public static ListWalk Nothing
    {
        get
        {
            var walk = default(ListWalk);
            walk._at = -1;
            return walk;
        }
    }

    /// <summary>Index of the current element.</summary>
    public long Index { get; private set; }

    public readonly PackedValue Current => ListPack.Get(_pack, _at);

    public bool MoveNext()
    {
        if (_at < 0) return false;
        if (!_isStarted)
        {
            _isStarted = true;
            return true;
        }
        _at = ListPack.Next(_pack, _at);
        Index++;
        if (!ListPack.IsEnd(_pack, _at)) return true;
        _at = -1;
        if (!_isTree || !_tree.MoveNext()) return false;
        _pack = ListLeaf.Pack(_tree);
        _at = ListPack.First;
        return true;
    }

    /// <summary>The listpack of the element that the next step would yield, and its position there; the walk then goes on behind that listpack.</summary>
    public bool TryTakePack(out ReadOnlySpan<byte> pack, out int at)
    {
        pack = _pack;
        at = _at;
        if (_at < 0) return false;
        _at = _isTree && _tree.MoveNext() ? ListPack.First : -1;
        if (_at >= 0) _pack = ListLeaf.Pack(_tree);
        return true;
    }

    public bool MovePrevious()
    {
        if (_at < 0) return false;
        if (!_isStarted)
        {
            _isStarted = true;
            return true;
        }
        _at = ListPack.Previous(_pack, _at);
        Index--;
        if (_at >= 0) return true;
        if (!_isTree || !_tree.MovePrevious()) return false;
        _pack = ListLeaf.Pack(_tree);
        _at = ListPack.Last(_pack);
        return true;
    }
}

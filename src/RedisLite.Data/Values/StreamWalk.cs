using RedisLite.Data.Encodings;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>
/// The entries of a stream between two IDs (both included), upward or downward: <c>while (walk.MoveNext())</c> use <c>walk.Id</c>, then
/// <c>while (walk.NextField(out field, out value))</c>. The stream must not change meanwhile.
/// </summary>
internal ref struct StreamWalk
{
    private readonly StreamId _from;
    private readonly StreamId _to;
    private readonly bool _isReverse;
    private BTree _tree;
    private ReadOnlySpan<byte> _pack;
    private StreamMaster _master;
    private StreamId _masterId;
    private StreamEntryHead _head;
    private int _next;
    private int _fieldAt;
    private int _partAt;
    private int _fieldsLeft;
    private bool _isOpen;

    public StreamWalk(Heap heap, TreeRoot root, StreamId from, StreamId to, bool isReverse)
    {
        _from = from;
        _to = to;
        _isReverse = isReverse;
        if (root.Node == 0 || from > to) return;
        _tree = IdTree.Open(heap, root);
        _tree.SeekKey(new IdOrder(isReverse ? to : from));
        _isOpen = true;
        OpenNode();
    }

    public readonly StreamId Id => _head.Id;

    public readonly int FieldCount => _head.Fields;

    /// <summary>Where the entry is inside its node, for whoever marks it deleted.</summary>
    internal readonly StreamEntryHead Head => _head;

    public bool MoveNext()
    {
        while (_isOpen)
        {
            if (_isReverse ? _next <= _master.EntriesAt : ListPack.IsEnd(_pack, _next))
            {
                _isOpen = _isReverse ? _tree.MovePrevious() : _tree.MoveNext();
                if (_isOpen) OpenNode();
                continue;
            }

            var at = _isReverse ? StreamNode.Back(_pack, _next) : _next;
            var head = StreamNode.ReadHead(_pack, at, _masterId, _master.Fields);
            _next = _isReverse ? at : StreamNode.Skip(_pack, head);
            if (_isReverse ? head.Id < _from : head.Id > _to) break;
            if ((head.Flags & StreamNode.Deleted) != 0 || head.Id < _from || head.Id > _to) continue;

            _head = head;
            _partAt = head.PartsAt;
            _fieldAt = _master.FieldsAt;
            _fieldsLeft = head.Fields;
            return true;
        }
        _isOpen = false;
        return false;
    }

    public bool NextField(out PackedValue field, out PackedValue value)
    {
        field = value = default;
        if (_fieldsLeft-- <= 0) return false;
        field = (_head.Flags & StreamNode.SameFields) != 0 ? ListPack.Read(_pack, ref _fieldAt) : ListPack.Read(_pack, ref _partAt);
        value = ListPack.Read(_pack, ref _partAt);
        return true;
    }

    private void OpenNode()
    {
        _pack = StreamNode.Pack(_tree);
        _masterId = StreamNode.Master(_tree);
        _master = StreamNode.ReadMaster(_pack);
        _next = _isReverse ? ListPack.End(_pack) : _master.EntriesAt;
    }
}

/// <summary>The nodes of a stream as an RDB file wants them: master ID and listpack.</summary>
internal ref struct StreamNodeWalk
{
    private BTree _tree;
    private bool _isStarted;

    public StreamNodeWalk(Heap heap, TreeRoot root)
    {
        if (root.Node != 0) _tree = IdTree.Open(heap, root);
    }

    public readonly StreamId MasterId => StreamNode.Master(_tree);

    public readonly ReadOnlySpan<byte> Pack
    {
        get
        {
            var pack = StreamNode.Pack(_tree);
            return pack[..ListPack.TotalBytes(pack)];
        }
    }

    public bool MoveNext()
    {
        if (_tree.Root.Node == 0) return false;
        if (_isStarted) return _tree.MoveNext();
        _tree.SeekFirst();
        return _isStarted = true;
    }
}

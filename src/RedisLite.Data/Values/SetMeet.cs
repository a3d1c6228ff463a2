using System.Numerics;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// The members that several sets have in common: <c>while (meet.MoveNext()) use(meet.Current)</c>. The first set is walked (give the smallest first), the
/// others are asked. A question to a big table is two cache misses in a row, which is nearly all it costs; so sixteen members are asked about at a time:
/// first all their buckets are called into the cache, then all their records, and only then is anything compared. Sets that lie in the cache anyway are
/// asked about one member after the other.
/// </summary>
internal ref struct SetMeet
{
    private const int BatchMax = 16;

    /// <summary>Members of a table that the processor's caches may no longer hold.</summary>
    private const int BigTable = 4096;

    private readonly SetValue[] _sets;
    private readonly PackIndex?[] _indexes;
    private readonly ReadOnlySpan<byte> _pack;
    private readonly bool _inBatches;

    // The second set is mostly the last: what asking it needs lies ready.
    private readonly bool _isSecondTable;
    private readonly ElementTable _secondTable;
    private readonly ReadOnlySpan<byte> _secondPack;
    private readonly ReadOnlySpan<byte> _secondInts;
    private readonly bool _isHashed;
    private readonly bool _ascends;
    private int _intsBefore;
    private SetWalk _walk;
    private Batch _places;
    private Batch _hashes;
    private uint _alive;
    private int _current;

    [System.Runtime.CompilerServices.InlineArray(BatchMax)]
    private struct Batch
    {
        private ulong _first;
    }

    /// <summary>All sets exist; the same set may stand several times.</summary>
    public SetMeet(SetValue[] sets)
    {
        _sets = sets;
        _walk = sets[0].Walk();
        sets[0].TryGetPack(out _pack);
        _indexes = SetValue.IndexesOfOthers(sets);
        for (var i = 1; i < sets.Length; i++)
        {
            _isHashed |= sets[i].IsTable;
            _inBatches |= sets[i].IsTable && sets[i].Count >= BigTable;
        }
        if (sets.Length == 1) return;
        _isSecondTable = sets[1].IsTable;
        _ascends = sets[0].IsInts;
        if (_isSecondTable) _secondTable = sets[1].Table;
        else if (sets[1].IsInts) _secondInts = sets[1].Entry.Value;
        else if (_indexes[1] is not null) sets[1].TryGetPack(out _secondPack);
    }

    public readonly PackedValue Current => _inBatches ? Member(_current) : _walk.Current;

    private readonly PackedValue Member(int i) => _pack.IsEmpty ? _sets[0].MemberAt(_places[i]) : ListPack.Get(_pack, (int)_places[i]);

    public bool MoveNext()
    {
        if (_inBatches) return MoveNextInBatches();
        while (_walk.MoveNext())
            if (IsInOthers(_walk.Current)) return true;
        return false;
    }

    private bool IsInOthers(scoped in PackedValue member)
    {
        if (_sets.Length == 1) return true;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = _isHashed ? member.AsText(scratch) : default;
        var hash = _isHashed ? _sets[0].Entry.Heap.Hash(text) : 0;
        var isInSecond = _isSecondTable ? _secondTable.Find(text, hash) != 0
            : !_secondInts.IsEmpty ? IsInSecondInts(member)
            : _secondPack.IsEmpty ? _sets[1].Contains(member, index: null)
            : _indexes[1]!.Find(_secondPack, SetValue.AsPacked(member)) >= 0;
        if (!isInSecond) return false;
        for (var i = 2; i < _sets.Length; i++)
        {
            var isThere = _sets[i].IsTable ? _sets[i].Table.Find(text, hash) != 0 : _sets[i].Contains(member, _indexes[i]);
            if (!isThere) return false;
        }
        return true;
    }

    private bool IsInSecondInts(scoped in PackedValue member)
    {
        if (_ascends) return IntSet.FindAscending(_secondInts, member.Integer, ref _intsBefore);
        return member.TryGetInteger(out var number) && IntSet.Contains(_secondInts, number);
    }

    private bool MoveNextInBatches()
    {
        while (_alive == 0)
            if (!NextBatch()) return false;
        _current = BitOperations.TrailingZeroCount(_alive);
        _alive &= _alive - 1;
        return true;
    }

    private bool NextBatch()
    {
        var count = 0;
        while (count < BatchMax && _walk.MoveNext()) _places[count++] = _walk.Place;
        if (count == 0) return false;
        _alive = (1u << count) - 1;
        HashBatch();
        for (var i = 1; i < _sets.Length && _alive != 0; i++)
        {
            if (ReferenceEquals(_sets[i].Entry, _sets[0].Entry)) continue;
            if (_sets[i].IsTable) AskTable(_sets[i].Table);
            else AskSmall(_sets[i], _indexes[i]);
        }
        return true;
    }

    private void HashBatch()
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var heap = _sets[0].Entry.Heap;
        for (var alive = _alive; alive != 0; alive &= alive - 1)
        {
            var i = BitOperations.TrailingZeroCount(alive);
            _hashes[i] = heap.Hash(Member(i).AsText(scratch));
        }
    }

    private void AskTable(ElementTable table)
    {
        Span<ulong> hashes = stackalloc ulong[BatchMax];
        var count = 0;
        for (var alive = _alive; alive != 0; alive &= alive - 1) hashes[count++] = _hashes[BitOperations.TrailingZeroCount(alive)];
        table.Prefetch(hashes[..count]);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var alive = _alive; alive != 0; alive &= alive - 1)
        {
            var i = BitOperations.TrailingZeroCount(alive);
            if (table.Find(Member(i).AsText(scratch), _hashes[i]) == 0) _alive &= ~(1u << i);
        }
    }

    private void AskSmall(SetValue set, PackIndex? index)
    {
        for (var alive = _alive; alive != 0; alive &= alive - 1)
        {
            var i = BitOperations.TrailingZeroCount(alive);
            if (!set.Contains(Member(i), index)) _alive &= ~(1u << i);
        }
    }
}

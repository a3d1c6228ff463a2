using System.Numerics;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// The members that several sets or sorted sets have in common: <c>while (meet.MoveNext()) use(meet.Current)</c>. The first is walked (give the smallest first), the
/// others are asked. A question to a big table is two cache misses in a row, which is nearly all it costs; so sixteen members are asked about at a time:
/// first all their buckets are called into the cache, then all their records, and only then is anything compared. Sets that lie in the cache anyway are
/// asked about one member after the other.
/// </summary>
internal ref struct SetMeet
{
    private const int BatchMax = 16;

    /// <summary>Members of a table that the processor's caches may no longer hold.</summary>
    private const int BigTable = 32768;

    private readonly AskedMembers[] _others;
    private readonly Heap _heap;
    private readonly bool _inBatches;
    private readonly bool _isHashed;

    /// <summary>Two tables, where a member is its bytes and nothing else needs to be asked.</summary>
    private readonly bool _areTables;

    // Two intsets, which are walked side by side.
    private readonly ReadOnlySpan<byte> _otherInts;
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

    /// <summary>All exist; the same one may stand several times. limit: so many are enough (0: all are wanted).</summary>
    public SetMeet(Entry[] entries, long limit = 0)
    {
        var first = entries[0];
        var isInts = first.Kind == RecordKind.SetInts;
        var count = AskedMembers.CountOf(first);
        _heap = first.Heap;
        _walk = new SetWalk(_heap, first.Kind, first.Value);
        _others = new AskedMembers[entries.Length - 1];
        for (var i = 0; i < _others.Length; i++)
        {
            var other = new AskedMembers(_heap, entries[i + 1], count, ascends: isInts);
            _others[i] = other;
            _isHashed |= other.IsTable;
            _inBatches |= other.IsTable && other.Table.Count >= BigTable && limit is 0 or > BatchMax;
        }
        if (_others.Length != 1) return;
        _areTables = _walk.IsTable && _isHashed;
        if (isInts && entries[1].Kind == RecordKind.SetInts) _otherInts = entries[1].Value;
    }

    public readonly PackedValue Current => _inBatches ? _walk.MemberAt(_places[_current]) : _walk.Current;

    public bool MoveNext()
    {
        if (_inBatches) return MoveNextInBatches();
        if (_areTables) return MoveNextInTables();
        if (!_otherInts.IsEmpty) return MoveNextInInts();
        while (_walk.MoveNext())
            if (IsInOthers(_walk.Current)) return true;
        return false;
    }

    private bool MoveNextInInts()
    {
        while (_walk.MoveNext())
            if (IntSet.FindAscending(_otherInts, _walk.Integer, ref _intsBefore)) return true;
        return false;
    }

    private bool MoveNextInTables()
    {
        var other = _others[0].Table;
        while (_walk.MoveNext())
            if (other.Contains(_walk.Key)) return true;
        return false;
    }

    private readonly bool IsInOthers(scoped in PackedValue member)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var text = _isHashed ? member.AsText(scratch) : default;
        var hash = _isHashed ? _heap.Hash(text) : 0;
        foreach (var other in _others)
            if (!other.Contains(member, text, hash)) return false;
        return true;
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
        for (var i = 0; i < _others.Length && _alive != 0; i++)
        {
            if (_others[i].IsTable) AskTable(_others[i].Table);
            else AskSmall(_others[i]);
        }
        return true;
    }

    private void HashBatch()
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var alive = _alive; alive != 0; alive &= alive - 1)
        {
            var i = BitOperations.TrailingZeroCount(alive);
            _hashes[i] = _heap.Hash(_walk.MemberAt(_places[i]).AsText(scratch));
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
            if (table.Find(_walk.MemberAt(_places[i]).AsText(scratch), _hashes[i]) == 0) _alive &= ~(1u << i);
        }
    }

    private void AskSmall(AskedMembers other)
    {
        for (var alive = _alive; alive != 0; alive &= alive - 1)
        {
            var i = BitOperations.TrailingZeroCount(alive);
            if (!other.Contains(_walk.MemberAt(_places[i]), text: default, hash: 0)) _alive &= ~(1u << i);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// A set or sorted set that is asked about many members of others: what every question needs is found once. A record that is looked up again, its kind and its
/// table for each member took two thirds of ZINTERCARD's time.
///
/// A table is asked through a copy of its header, so nothing may change meanwhile. A listpack gets an index when it is asked so often that one pays. An intset
/// that is asked for ascending numbers is walked along with them.
/// </summary>
internal sealed class AskedMembers
{
    /// <summary>A union of so many is answered by asking; of more, each member would be asked for too often, and a value is made of them.</summary>
    public const int UnionMax = 4;

    private readonly Entry _entry;
    private readonly Heap _heap;
    private readonly RecordKind _kind;
    private readonly bool _exists;
    private readonly bool _ascends;
    private readonly PackIndex? _index;
    private TableHeader _header;
    private int _intsBefore;

    /// <summary>ascends: the questions come in the order of an intset.</summary>
    public AskedMembers(Heap heap, Entry entry, long questions, bool ascends = false)
    {
        _heap = heap;
        _entry = entry;
        _exists = entry.Exists;
        if (!_exists) return;
        _ascends = ascends;
        _kind = entry.Kind;
        IsTable = _kind is RecordKind.SetTable or RecordKind.ZSetTree;
        if (IsTable) _header = MemoryMarshal.Read<TableHeader>(entry.Value);
        else if (_kind is RecordKind.SetBlob or RecordKind.ZSetBlob && PackIndex.IsWorthwhile(entry.Value, Stride, questions)) _index = new PackIndex(entry.Value, Stride, 0);
    }

    /// <summary>How many members there are, of either type.</summary>
    public static long CountOf(Entry entry) => !entry.Exists ? 0 : entry.Type == ValueType.Set ? SetValue.Over(entry).Count : ZSetValue.Over(entry).Count;

    /// <summary>Asked with text and hash.</summary>
    public bool IsTable { get; }

    /// <summary>The table, where it is one, for reading.</summary>
    public ElementTable Table => new(_heap, ref _header);

    /// <summary>Of a listpack's entries, how many make a member: with scores two.</summary>
    private int Stride => _kind == RecordKind.ZSetBlob ? 2 : 1;

    /// <summary>Whether a member is there. Its text and the hash of that are only needed by tables, where all that are asked share them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(scoped in PackedValue member, scoped ReadOnlySpan<byte> text, ulong hash) => Find(member, text, hash) != 0;

    /// <summary>The place of a member, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Find(scoped in PackedValue member, scoped ReadOnlySpan<byte> text, ulong hash) => IsTable ? Table.Find(text, hash) : FindSmall(member);

    private ulong FindSmall(scoped in PackedValue member)
    {
        if (!_exists) return 0;
        if (_kind == RecordKind.SetInts) return FindInteger(member);
        var pack = _entry.Value;
        if (!member.IsInteger && member.TryGetInteger(out var integer)) return FindPacked(pack, new PackedValue(integer));
        return FindPacked(pack, member);
    }

    private ulong FindPacked(ReadOnlySpan<byte> pack, scoped in PackedValue member) =>
        (ulong)Math.Max(0, _index is null ? ListPack.Find(pack, ListPack.First, member, Stride - 1) : _index.Find(pack, member));

    private ulong FindInteger(scoped in PackedValue member)
    {
        if (!member.TryGetInteger(out var integer)) return 0;
        int index;
        if (!_ascends) return IntSet.Find(_entry.Value, integer, out index) ? (ulong)index + 1 : 0;
        return IntSet.FindAscending(_entry.Value, integer, ref _intsBefore) ? (ulong)_intsBefore + 1 : 0;
    }

    /// <summary>The score of the member at a place; of a plain set's members 1.</summary>
    public double ScoreAt(ulong place) => _kind switch
    {
        RecordKind.ZSetTree => ElementScore.Read(Table.Value(place)),
        RecordKind.ZSetBlob => ZSetBlob.ScoreAt(_entry.Value, (int)place),
        _ => 1,
    };
}

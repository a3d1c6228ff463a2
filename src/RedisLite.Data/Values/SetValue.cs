using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// A set: an intset while all members are integers, a listpack while it is small, then an inner table. As with hashes, what OBJECT ENCODING reports
/// follows Redis (the sticky Big flag = "hashtable") while a small set stays a listpack in memory. An intset that outgrows
/// set-max-intset-entries becomes a table at once, as in Redis.
///
/// A place (ulong) names a member: its handle in the table, its position in the listpack, its index + 1 in the intset.
/// </summary>
internal readonly struct SetValue(Entry entry) : IScannedValue<SetValue>
{
    private const int BigBlobBytes = 2048;
    private const int BigBlobCount = 64;
    private const int IntsetEntriesMax = 1 << 30;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.Set;

    public static RecordKind EmptyKind => RecordKind.SetInts;

    public static int EmptySize => IntSet.HeaderSize;

    public static SetValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    /// <summary>An empty intset. A command that knows what is coming follows with <see cref="Start"/>.</summary>
    public void Initialize() => IntSet.WriteEmpty(_entry.MutableValue());

    public string Encoding => _entry.Big ? "hashtable" : IsInts ? "intset" : "listpack";

    public long Count => IsMissing ? 0 : _entry.Kind switch
    {
        RecordKind.SetInts => IntSet.Count(_entry.Value),
        RecordKind.SetBlob => ListPack.Count(_entry.Value),
        _ => ReadTable.Count,
    };

    internal bool IsInts => _entry.Kind == RecordKind.SetInts;

    private bool IsBlob => _entry.Kind == RecordKind.SetBlob;

    internal bool IsTable => _entry.Kind == RecordKind.SetTable;

    /// <summary>The table of a set that <see cref="IsTable"/>, for reading.</summary>
    internal ElementTable Table => ReadTable;

    private EncodingLimits Limits => _entry.Heap.Limits;

    private ElementTable ReadTable => ElementTable.Readable(_entry.Heap, _entry.Value);

    private ElementTable WriteTable => ElementTable.Writable(_entry.Heap, _entry.MutableValue());

    // ---- reading ----

    public bool Contains(ReadOnlySpan<byte> member) => Find(member) != 0;

    /// <summary>The place of a member, or 0.</summary>
    public ulong Find(ReadOnlySpan<byte> member)
    {
        if (IsMissing) return 0;
        var kind = _entry.Kind;
        return kind == RecordKind.SetTable ? ReadTable.Find(member) : FindSmall(kind, new PackedValue(member));
    }

    /// <summary>The same for a member that comes from another set.</summary>
    public ulong Find(scoped in PackedValue member)
    {
        if (IsMissing) return 0;
        var kind = _entry.Kind;
        if (kind != RecordKind.SetTable) return FindSmall(kind, AsPacked(member));
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        return ReadTable.Find(member.AsText(scratch));
    }

    private ulong FindSmall(RecordKind kind, scoped in PackedValue member)
    {
        if (kind == RecordKind.SetBlob) return (ulong)Math.Max(0, ListPack.Find(_entry.Value, ListPack.First, member, skip: 0));
        return member.IsInteger && IntSet.Find(_entry.Value, member.Integer, out var index) ? (ulong)index + 1 : 0;
    }

    /// <summary>As a listpack holds it: what spells an integer is one.</summary>
    internal static PackedValue AsPacked(scoped in PackedValue member) =>
        !member.IsInteger && member.TryGetInteger(out var number) ? new PackedValue(number) : member;

    public PackedValue MemberAt(ulong place) => _entry.Kind switch
    {
        RecordKind.SetInts => new PackedValue(IntSet.Get(_entry.Value, (int)place - 1)),
        RecordKind.SetBlob => ListPack.Get(_entry.Value, (int)place),
        _ => new PackedValue(ReadTable.Key(place), isEncodedText: true),
    };

    /// <summary>All members as one listpack, if they lie so.</summary>
    public bool TryGetPack(out ReadOnlySpan<byte> pack)
    {
        var isBlob = !IsMissing && IsBlob;
        pack = isBlob ? _entry.Value : default;
        return isBlob;
    }

    /// <summary>All members; the set must not change meanwhile.</summary>
    public SetWalk Walk() => IsMissing ? default : new(_entry.Heap, _entry.Kind, _entry.Value);

    /// <summary>One step of SSCAN: places go to the list, the next cursor comes back. A small set is one step.</summary>
    public ulong Scan(ulong cursor, HandleList found)
    {
        if (IsMissing) return 0;
        if (_entry.Kind == RecordKind.SetTable) return ReadTable.Scan(cursor, found);
        AddAllPlaces(found);
        return 0;
    }

    /// <summary>The place of a random member, all equally likely; 0 when there is none.</summary>
    public ulong Random(Random random)
    {
        var count = Count;
        if (count == 0) return 0;
        if (_entry.Kind == RecordKind.SetTable) return ReadTable.Random(random);
        var index = random.Next((int)count);
        return IsInts ? (ulong)index + 1 : (ulong)ListPack.Seek(_entry.Value, index);
    }

    /// <summary>So many distinct random members (all when there are no more): their places go to the list.</summary>
    public void Sample(Random random, long count, HandleList found)
    {
        if (IsMissing || count <= 0) return;
        if (_entry.Kind == RecordKind.SetTable)
        {
            ElementSample.FromTable(ReadTable, random, count, found);
            return;
        }
        AddAllPlaces(found);
        found.KeepRandom(random, count);
    }

    private void AddAllPlaces(HandleList found)
    {
        var value = _entry.Value;
        if (IsInts)
        {
            for (var i = 1; i <= IntSet.Count(value); i++) found.Add((ulong)i);
            return;
        }
        for (var at = ListPack.First; !ListPack.IsEnd(value, at); at = ListPack.Next(value, at)) found.Add((ulong)at);
    }

    // ---- writing ----

    /// <summary>The form a new set starts in, as Redis chooses it by the first member and by how many are coming.</summary>
    public void Start(ReadOnlySpan<byte> first, long expected)
    {
        var isInteger = NumberText.TryParseInt64(first, out _);
        if (isInteger && expected <= Limits.SetMaxIntsetEntries) return;
        StartAsListpack();
        if (expected > Limits.SetMaxListpackEntries) _entry.Big = true;
    }

    /// <summary>A new set becomes a listpack whatever is coming.</summary>
    public void StartAsListpack() => ListPack.WriteEmpty(_entry.Resize(ListPack.EmptySize, RecordKind.SetBlob));

    /// <summary>Announces how many members one command adds to a set that exists: too many for its form make it a table at once.</summary>
    public void Expect(long members)
    {
        if (_entry.Big) return;
        if (members > (IsInts ? Limits.SetMaxIntsetEntries : Limits.SetMaxListpackEntries)) BecomeBig();
    }

    /// <summary>True when the member is new.</summary>
    public bool Add(ReadOnlySpan<byte> member) =>
        _entry.Kind == RecordKind.SetTable ? WriteTable.Add(member) : AddPacked(new PackedValue(member));

    public bool Add(scoped in PackedValue member)
    {
        if (_entry.Kind != RecordKind.SetTable) return AddPacked(member);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        return WriteTable.Add(member.AsText(scratch));
    }

    private bool AddPacked(scoped in PackedValue member)
    {
        if (IsInts)
        {
            if (member.TryGetInteger(out var integer)) return AddInteger(integer);
            LeaveInts(member.TextLength);
        }
        if (!IsBlob) return Add(member);
        return Find(member) == 0 && AddNew(member);
    }

    /// <summary>A member that the caller knows to be absent comes to a listpack, whose record gets the slack when it must move. Always true.</summary>
    internal bool AddNew(scoped in PackedValue member, int slack = 0)
    {
        if (!_entry.Big && (Count >= Limits.SetMaxListpackEntries || member.TextLength > Limits.SetMaxListpackValue)) BecomeBig();
        if (!IsBlob) return Add(member);
        if (_entry.Big && (_entry.Value.Length + member.PackedSize > BigBlobBytes || Count >= BigBlobCount))
        {
            MakeTable();
            return Add(member);
        }
        PackedEdit.Append(_entry, AsPacked(member), slack);
        return true;
    }

    /// <summary>The next member of a set that is made out of another's, in which each is once: it is not looked for. The record grows in steps.</summary>
    public void AddDistinct(scoped in PackedValue member)
    {
        var isInteger = member.TryGetInteger(out var integer);
        if (IsInts && !isInteger) LeaveInts(member.TextLength);
        if (IsInts)
        {
            InsertInteger(integer, slack: _entry.Value.Length / 4);
        }
        else if (IsBlob)
        {
            AddNew(member, slack: Math.Max(_entry.Value.Length / 4, member.PackedSize));
        }
        else
        {
            Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
            WriteTable.AddNew(member.AsText(scratch), default);
        }
    }

    private bool AddInteger(long integer)
    {
        if (IntSet.Contains(_entry.Value, integer)) return false;
        InsertInteger(integer, slack: 0);
        return true;
    }

    private void InsertInteger(long integer, int slack)
    {
        IntSet.Insert(_entry.Resize(IntSet.SizeWith(_entry.Value, integer), RecordKind.SetInts, slack), integer);
        if (IntSet.Count(_entry.Value) > Math.Min(Limits.SetMaxIntsetEntries, IntsetEntriesMax)) BecomeBig();
    }

    /// <summary>A member that is no integer is coming: a listpack if the limits allow, else a set that counts as "hashtable".</summary>
    private void LeaveInts(int nextLength)
    {
        var set = _entry.Value;
        var count = IntSet.Count(set);
        var longest = count == 0 ? 0 : Math.Max(NumberText.LengthOf(IntSet.Get(set, 0)), NumberText.LengthOf(IntSet.Get(set, count - 1)));
        var allowed = count < Limits.SetMaxListpackEntries && Math.Max(nextLength, longest) <= Limits.SetMaxListpackValue;
        if (allowed) IntsToBlob();
        else BecomeBig();
    }

    /// <summary>True when the member was there. A set without members is removed by the caller.</summary>
    public bool Remove(ReadOnlySpan<byte> member)
    {
        if (_entry.Kind == RecordKind.SetTable) return WriteTable.Remove(member);
        var place = Find(member);
        if (place != 0) RemoveAt(place);
        return place != 0;
    }

    /// <summary>Removes the member at a place.</summary>
    public void RemoveAt(ulong place)
    {
        if (IsInts)
        {
            var set = _entry.MutableValue();
            IntSet.RemoveAt(set, (int)place - 1);
            _entry.Resize(IntSet.SizeOf(set), RecordKind.SetInts);
        }
        else if (IsBlob)
        {
            PackedEdit.Remove(_entry, (int)place, 1);
        }
        else
        {
            WriteTable.RemoveElement(place);
        }
    }

    // ---- form ----

    /// <summary>From now on the set counts as "hashtable".</summary>
    public void BecomeBig()
    {
        _entry.Big = true;
        if (IsInts && IntSet.Count(_entry.Value) <= BigBlobCount) IntsToBlob();
        else if (IsInts || ListPack.Count(_entry.Value) > BigBlobCount || _entry.Value.Length > BigBlobBytes) MakeTable();
    }

    /// <summary>The set has been loaded as an intset or a listpack: it takes the form that a set of its size has.</summary>
    public void Settle() => Expect(Count);

    /// <summary>A result set of integers only becomes an intset when it is small enough, as Redis does with what it stores.</summary>
    public void BecomeIntsIfPossible()
    {
        if (!IsBlob || _entry.Big || Count is 0 || Count > Limits.SetMaxIntsetEntries) return;
        for (var walk = Walk(); walk.MoveNext();)
            if (!walk.Current.TryGetInteger(out _)) return;

        var integers = new long[Count];
        var count = 0;
        for (var walk = Walk(); walk.MoveNext(); count++) walk.Current.TryGetInteger(out integers[count]);
        Array.Sort(integers);
        var width = Math.Max(IntSet.WidthFor(integers[0]), IntSet.WidthFor(integers[^1]));
        var set = _entry.Resize(IntSet.HeaderSize + width * count, RecordKind.SetInts);
        IntSet.WriteEmpty(set);
        foreach (var integer in integers) IntSet.Insert(set, integer);
    }

    private void IntsToBlob()
    {
        var set = _entry.Value;
        var bytes = ListPack.EmptySize;
        var count = IntSet.Count(set);
        for (var i = 0; i < count; i++) bytes += new PackedValue(IntSet.Get(set, i)).PackedSize;

        var integers = set.ToArray();
        var pack = _entry.Resize(bytes, RecordKind.SetBlob);
        var at = ListPack.HeaderSize;
        for (var i = 0; i < count; i++) at += new PackedValue(IntSet.Get(integers, i)).WriteTo(pack[at..]);
        pack[at] = ListPack.EndByte;
        ListPack.WriteHeader(pack, bytes, count);
    }

    /// <summary>The set is going to be large: it becomes a table, and counts as "hashtable", before its members come.</summary>
    internal void BecomeTable()
    {
        _entry.Big = true;
        if (!IsTable) MakeTable();
    }

    private void MakeTable()
    {
        var header = default(TableHeader);
        var table = new ElementTable(_entry.Heap, ref header);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var walk = Walk(); walk.MoveNext();) table.Set(walk.Current.AsText(scratch), default);
        MemoryMarshal.Write(_entry.Resize(TableHeader.Bytes, RecordKind.SetTable), header);
        if (!_entry.Big) _entry.Big = true;
    }
}

/// <summary>All members of a set, or of a sorted set in whatever order they lie: <c>while (walk.MoveNext()) use(walk.Current)</c>.</summary>
internal ref struct SetWalk
{
    private readonly Heap? _heap;
    private readonly RecordKind _kind;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _passesScores;
    private TableEnumerator _table;
    private int _at;

    /// <summary>Over a live value or one that a snapshot holds.</summary>
    public SetWalk(Heap heap, RecordKind kind, ReadOnlySpan<byte> value)
    {
        _heap = heap;
        _kind = kind switch { RecordKind.ZSetTree => RecordKind.SetTable, RecordKind.ZSetBlob => RecordKind.SetBlob, _ => kind };
        _bytes = value;
        _passesScores = kind == RecordKind.ZSetBlob;
        _at = -1;
        if (_kind == RecordKind.SetTable) _table = ElementTable.Readable(heap, value[..TableHeader.Bytes]).GetEnumerator();
    }

    /// <summary>The place of the current member, see <see cref="SetValue.MemberAt"/>.</summary>
    public readonly ulong Place => _kind switch
    {
        RecordKind.SetInts => (ulong)_at + 1,
        RecordKind.SetBlob => (ulong)_at,
        _ => _table.Current,
    };

    public readonly PackedValue Current => MemberAt(Place);

    public readonly PackedValue MemberAt(ulong place) => _kind switch
    {
        RecordKind.SetInts => new PackedValue(IntSet.Get(_bytes, (int)place - 1)),
        RecordKind.SetBlob => ListPack.Get(_bytes, (int)place),
        _ => new PackedValue(KeyAt(place), isEncodedText: true),
    };

    public readonly bool IsTable => _kind == RecordKind.SetTable;

    /// <summary>The current member of a table.</summary>
    public readonly ReadOnlySpan<byte> Key => KeyAt(_table.Current);

    /// <summary>The current member of an intset.</summary>
    public readonly long Integer => IntSet.Get(_bytes, _at);

    public bool MoveNext()
    {
        if (_heap is null) return false;
        switch (_kind)
        {
            case RecordKind.SetInts:
                return ++_at < IntSet.Count(_bytes);
            case RecordKind.SetBlob:
                if (_at < 0) _at = ListPack.First;
                else if (!ListPack.IsEnd(_bytes, _at)) _at = Next(_at);
                return !ListPack.IsEnd(_bytes, _at);
            default:
                return _table.MoveNext();
        }
    }

    private readonly int Next(int at)
    {
        var next = ListPack.Next(_bytes, at);
        return _passesScores ? ListPack.Next(_bytes, next) : next;
    }

    private readonly ReadOnlySpan<byte> KeyAt(ulong element) => new Element(_heap!.Arena.Slot(element)).Key;
}

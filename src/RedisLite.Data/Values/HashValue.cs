using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>
/// A hash: one listpack of field, value, field, value…, or an inner table.
///
/// Two questions are kept apart. What OBJECT ENCODING says follows Redis's limits to the letter, and sticks (the record's Big flag): "hashtable" once a
/// field or value was longer than hash-max-listpack-value or there were more than hash-max-listpack-entries. How the bytes lie is our own
/// business: a small hash stays a listpack even then, because a table for five fields costs ten times as much memory as they do.
///
/// A place (ulong) names an element in either form, see <see cref="ElementSample"/>.
/// </summary>
internal readonly struct HashValue(Entry entry) : IScannedValue<HashValue>
{
    /// <summary>Room for the text of an integer that a blob holds as a number.</summary>
    public const int ScratchMax = PackedValue.IntegerTextMax;

    /// <summary>Beyond these a hash that counts as "hashtable" really becomes a table.</summary>
    private const int BigBlobBytes = 2048;
    private const int BigBlobCount = 64;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.Hash;

    public static RecordKind EmptyKind => RecordKind.HashBlob;

    public static int EmptySize => ListPack.EmptySize;

    public static HashValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    public void Initialize() => ListPack.WriteEmpty(_entry.MutableValue());

    public string Encoding => _entry.Big ? "hashtable" : IsBlob ? "listpack" : "listpackex";

    /// <summary>All fields, those past their expiry included.</summary>
    public long Count => IsMissing ? 0 : IsBlob ? ListPack.Count(_entry.Value) / 2 : ReadTable.Count;

    private bool IsBlob => _entry.Kind == RecordKind.HashBlob;

    private EncodingLimits Limits => _entry.Heap.Limits;

    private ElementTable ReadTable => ElementTable.Readable(_entry.Heap, _entry.Value);

    private ElementTable WriteTable => ElementTable.Writable(_entry.Heap, _entry.MutableValue());

    // ---- reading ----

    /// <summary>The place of a field, or 0. A field past its expiry (Heap.FieldHorizonMs) is not there.</summary>
    public ulong Find(ReadOnlySpan<byte> field)
    {
        if (IsMissing) return 0;
        if (!IsBlob)
        {
            var element = ReadTable.Find(field);
            return element != 0 && IsPast(element) ? 0 : element;
        }
        var at = ListPack.Find(_entry.Value, ListPack.First, new PackedValue(field), skip: 1);
        return at < 0 ? 0 : (ulong)at;
    }

    public bool Contains(ReadOnlySpan<byte> field) => Find(field) != 0;

    public bool TryGet(ReadOnlySpan<byte> field, out PackedValue value)
    {
        var place = Find(field);
        value = place == 0 ? default : ValueAt(place);
        return place != 0;
    }

    /// <summary>The same as text; a number is written into the scratch.</summary>
    public bool TryGet(ReadOnlySpan<byte> field, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        var isThere = TryGet(field, out var packed);
        value = isThere ? packed.AsText(scratch) : default;
        return isThere;
    }

    public PackedValue FieldAt(ulong place) =>
        IsBlob ? ListPack.Get(_entry.Value, (int)place) : new PackedValue(ReadTable.Key(place), isEncodedText: true);

    public PackedValue ValueAt(ulong place)
    {
        if (!IsBlob) return new PackedValue(ReadTable.Value(place), isEncodedText: true);
        var pack = _entry.Value;
        return ListPack.Get(pack, ListPack.Next(pack, (int)place));
    }

    /// <summary>All fields, each with its value behind it, as one listpack, if they lie so.</summary>
    public bool TryGetPack(out ReadOnlySpan<byte> pack)
    {
        var isBlob = !IsMissing && IsBlob;
        pack = isBlob ? _entry.Value : default;
        return isBlob;
    }

    /// <summary>All fields with their values, but those past their expiry; the hash must not change meanwhile.</summary>
    public HashWalk Walk() => IsMissing ? default : new(_entry.Heap, _entry.Kind, _entry.Value, HasFieldExpiry ? _entry.Heap.FieldHorizonMs : -1);

    /// <summary>One step of HSCAN: places go to the list, the next cursor comes back. A blob is one step.</summary>
    public ulong Scan(ulong cursor, HandleList found)
    {
        if (IsMissing) return 0;
        if (!IsBlob && _entry.Big) return ReadTable.Scan(cursor, found);
        AddAllPlaces(found);
        return 0;
    }

    /// <summary>The place of a random field, all equally likely; 0 when there is none.</summary>
    public ulong Random(Random random)
    {
        if (Count == 0) return 0;
        if (!IsBlob) return HasFieldExpiry ? RandomAlive(random) : ReadTable.Random(random);
        return (ulong)ListPack.Seek(_entry.Value, 2 * random.Next((int)Count));
    }

    /// <summary>So many distinct random fields (all when there are no more): their places go to the list.</summary>
    public void Sample(Random random, long count, HandleList found)
    {
        if (IsMissing || count <= 0) return;
        if (!IsBlob && CountAlive(found) == Count)
        {
            ElementSample.FromTable(ReadTable, random, count, found);
            return;
        }
        AddAllPlaces(found);
        found.KeepRandom(random, count);
    }

    /// <summary>Fields past their expiry go soon and are few, but not where another server must say so first.</summary>
    private ulong RandomAlive(Random random)
    {
        const int attempts = 32;
        for (var i = 0; i < attempts; i++)
        {
            var place = ReadTable.Random(random);
            if (!IsPast(place)) return place;
        }
        var alive = new HandleList();
        AddAllPlaces(alive);
        return alive.Count == 0 ? 0 : alive.Items[random.Next(alive.Count)];
    }

    private void AddAllPlaces(HandleList found)
    {
        if (!IsBlob)
        {
            foreach (var element in ReadTable)
            {
                if (!IsPast(element)) found.Add(element);
            }
            return;
        }
        var pack = _entry.Value;
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = ListPack.Next(pack, ListPack.Next(pack, at))) found.Add((ulong)at);
    }

    // ---- writing ----

    /// <summary>Announces how many field-value pairs one HSET brings: Redis turns to a table at once when they alone pass the limit.</summary>
    public void Expect(int pairs)
    {
        if (!_entry.Big && pairs > Limits.HashMaxListpackEntries) BecomeBig();
    }

    /// <summary>True when the field is new.</summary>
    public bool Set(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        if (!_entry.Big && Math.Max(field.Length, value.Length) > Limits.HashMaxListpackValue) BecomeBig();
        if (IsBlob && _entry.Big && _entry.Value.Length + field.Length + value.Length > BigBlobBytes) MakeTable();
        return IsBlob ? SetInBlob(new PackedValue(field), new PackedValue(value)) : SetInTable(field, value, expireAtMs: -1);
    }

    private bool SetInBlob(scoped in PackedValue field, scoped in PackedValue value)
    {
        var pack = _entry.Value;
        var at = ListPack.Find(pack, ListPack.First, field, skip: 1);
        if (at >= 0)
        {
            PackedEdit.Replace(_entry, ListPack.Next(pack, at), value);
            return false;
        }

        int fieldBytes = field.PackedSize, valueBytes = value.PackedSize;
        var gap = PackedEdit.Splice(_entry, ListPack.End(pack), 0, fieldBytes + valueBytes, 2);
        field.WriteTo(gap);
        value.WriteTo(gap[fieldBytes..]);
        var count = Count;
        if (!_entry.Big && count > Limits.HashMaxListpackEntries) BecomeBig();
        else if (_entry.Big && count > BigBlobCount) MakeTable();
        return true;
    }

    /// <summary>True when the field was there. A hash without fields is removed by the caller.</summary>
    public bool Delete(ReadOnlySpan<byte> field)
    {
        if (!IsBlob) return DeleteInTable(field);
        var at = ListPack.Find(_entry.Value, ListPack.First, new PackedValue(field), skip: 1);
        return at >= 0 && PackedEdit.Remove(_entry, at, 2) > 0;
    }

    // ---- form ----

    /// <summary>From now on the hash counts as "hashtable" (also what a reader of a big hash from a file calls).</summary>
    public void BecomeBig()
    {
        _entry.Big = true;
        if (IsBlob && (_entry.Value.Length > BigBlobBytes || Count > BigBlobCount)) MakeTable();
    }

    /// <summary>The hash has been loaded as a listpack: it takes the form that a hash of its size has.</summary>
    public void Settle() => Expect((int)Math.Min(Count, int.MaxValue));

    private void MakeTable()
    {
        var header = default(TableHeader);
        var table = new ElementTable(_entry.Heap, ref header);
        Span<byte> fieldScratch = stackalloc byte[PackedValue.IntegerTextMax];
        Span<byte> valueScratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var walk = Walk(); walk.MoveNext();) table.Set(walk.Field.AsText(fieldScratch), walk.Value.AsText(valueScratch));
        MemoryMarshal.Write(_entry.Resize(TableHeader.Bytes, RecordKind.HashTable), header);
    }

    // ---- fields that expire ----
    // Only a table's elements have room for an expiry, so a hash with such a field is a table, and it stays one. While it is within the limits of a listpack
    // it counts as "listpackex", Redis's name for the same thing. Commands that overwrite or delete a field do not ask whether it is past its expiry.

    public bool HasFieldExpiry => !IsMissing && FieldExpiryIndex.HasFieldExpiry(_entry);

    /// <summary>-1 = never.</summary>
    public long ExpireAtMs(ulong place) => IsBlob ? -1 : ReadTable.ExpireAtMs(place);

    /// <summary>The field at this place is past its expiry: nobody is to see it.</summary>
    public bool IsPast(ulong place)
    {
        var expireAtMs = ExpireAtMs(place);
        return expireAtMs >= 0 && expireAtMs <= _entry.Heap.FieldHorizonMs;
    }

    /// <summary>The field is there, but past its expiry.</summary>
    public bool IsPast(ReadOnlySpan<byte> field)
    {
        if (IsMissing || IsBlob) return false;
        var element = ReadTable.Find(field);
        return element != 0 && IsPast(element);
    }

    /// <summary>Fields that are not past their expiry. The list is for its own use, and empty afterwards.</summary>
    public long CountAlive(HandleList scratch)
    {
        if (!HasFieldExpiry) return Count;
        var next = long.MaxValue;
        scratch.Clear();
        ReadTable.SweepExpired(0, _entry.Heap.FieldHorizonMs, int.MaxValue, scratch, ref next);
        var past = scratch.Count;
        scratch.Clear();
        return Count - past;
    }

    /// <summary>Adds or overwrites a field and gives it this expiry (-1 = none); true when it is new.</summary>
    public bool Set(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAtMs)
    {
        if (IsBlob && expireAtMs < 0) return Set(field, value);
        if (!_entry.Big && Math.Max(field.Length, value.Length) > Limits.HashMaxListpackValue) BecomeBig();
        if (IsBlob) MakeTable();
        return SetInTable(field, value, expireAtMs);
    }

    /// <summary>Adds or overwrites a field; an expiry that it has stays.</summary>
    public bool SetKeepingExpiry(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        var place = IsBlob ? 0 : ReadTable.Find(field);
        return Set(field, value, place == 0 ? -1 : ExpireAtMs(place));
    }

    /// <summary>For a field that is there; -1 = it never expires.</summary>
    public void SetExpireAt(ReadOnlySpan<byte> field, long expireAtMs)
    {
        if (IsBlob) MakeTable();
        var table = WriteTable;
        table.SetExpireAt(table.Find(field), expireAtMs);
        AfterExpiryChange(table, expireAtMs);
    }

    /// <summary>
    /// One step of the search for fields past their expiry: a few segments of the table, all of it in the end. The places go to the list, nextDueMs is
    /// lowered to the earliest later expiry that was met, the next cursor comes back, 0 at the end.
    /// </summary>
    public ulong SweepPast(ulong cursor, long nowMs, int maxSegments, HandleList due, ref long nextDueMs) =>
        IsMissing || IsBlob ? 0 : ReadTable.SweepExpired(cursor, nowMs, maxSegments, due, ref nextDueMs);

    /// <summary>Removes a field of a table by its place. A hash without fields is removed by the caller.</summary>
    public void DeleteAt(ulong place)
    {
        var table = WriteTable;
        table.RemoveElement(place);
        AfterExpiryChange(table, expireAtMs: -1);
    }

    /// <summary>A reader has put all fields of a table in place.</summary>
    public void SettleTable()
    {
        var table = ReadTable;
        if (table.Count > Limits.HashMaxListpackEntries) _entry.Big = true;
        var earliest = long.MaxValue;
        if (table.CountWithExpiry > 0) table.SweepExpired(0, nowMs: -1, int.MaxValue, new HandleList(), ref earliest);
        if (earliest != long.MaxValue) _entry.Space.NoteFieldExpiry(_entry, earliest);
    }

    private bool SetInTable(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAtMs)
    {
        var table = WriteTable;
        var hadExpiry = table.CountWithExpiry > 0;
        var isNew = table.Set(field, value, expireAtMs);
        if (hadExpiry || expireAtMs >= 0) AfterExpiryChange(table, expireAtMs);
        if (isNew && !_entry.Big && Count > Limits.HashMaxListpackEntries) _entry.Big = true;
        return isNew;
    }

    private bool DeleteInTable(ReadOnlySpan<byte> field)
    {
        var table = WriteTable;
        var hadExpiry = table.CountWithExpiry > 0;
        var removed = table.Remove(field);
        if (hadExpiry) AfterExpiryChange(table, expireAtMs: -1);
        return removed;
    }

    private void AfterExpiryChange(ElementTable table, long expireAtMs)
    {
        if (expireAtMs >= 0) _entry.Space.NoteFieldExpiry(_entry, expireAtMs);
        else if (table.CountWithExpiry == 0) _entry.Space.ForgetFieldExpiries(_entry);
    }
}

/// <summary>All fields of a hash: <c>while (walk.MoveNext()) use(walk.Field, walk.Value)</c>.</summary>
internal ref struct HashWalk
{
    private readonly Heap? _heap;
    private readonly ReadOnlySpan<byte> _pack;
    private readonly long _horizonMs;
    private TableEnumerator _table;
    private int _at;
    private int _valueAt;

    /// <summary>Over a live value or one that a snapshot holds, without the fields that expire at or before the horizon (-1 = with all).</summary>
    public HashWalk(Heap heap, RecordKind kind, ReadOnlySpan<byte> value, long horizonMs = -1)
    {
        _horizonMs = horizonMs;
        if (kind == RecordKind.HashBlob)
        {
            _pack = value;
            _valueAt = -1;
            return;
        }
        _heap = heap;
        _table = ElementTable.Readable(heap, value).GetEnumerator();
    }

    public readonly PackedValue Field => _heap is null ? ListPack.Get(_pack, _at) : new PackedValue(Element.Key, isEncodedText: true);

    public readonly PackedValue Value => _heap is null ? ListPack.Get(_pack, _valueAt) : new PackedValue(Element.Value, isEncodedText: true);

    /// <summary>-1 = never.</summary>
    public readonly long ExpireAtMs => _heap is null ? -1 : Element.ExpireAtMs;

    private readonly Element Element => new(_heap!.Arena.Slot(_table.Current));

    public bool MoveNext()
    {
        if (_heap is not null)
        {
            while (_table.MoveNext())
            {
                if (_horizonMs < 0 || ExpireAtMs < 0 || ExpireAtMs > _horizonMs) return true;
            }
            return false;
        }
        if (_pack.IsEmpty) return false;
        _at = _valueAt < 0 ? ListPack.First : ListPack.Next(_pack, _valueAt);
        if (ListPack.IsEnd(_pack, _at)) return false;
        _valueAt = ListPack.Next(_pack, _at);
        return true;
    }
}

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data.Memory;

namespace RedisLite.Data.Tables;

/// <summary>
/// An element of an inner table (hash field, set member, sorted-set member with its score), one arena slot:
///
///   byte 0  LongForm, HasExpiry     then key length and value length: a byte each, or 32 bits each in the long form
///   HasExpiry: expireAtMs, 64 bits   then key, value
/// </summary>
internal readonly ref struct Element(ReadOnlySpan<byte> slot)
{
    public const byte LongFlag = 1, ExpiryFlag = 2;

    private readonly ReadOnlySpan<byte> _slot = slot;

    public bool IsLong => (_slot[0] & LongFlag) != 0;

    public bool HasExpiry => (_slot[0] & ExpiryFlag) != 0;

    public int KeyLength => IsLong ? MemoryMarshal.Read<int>(_slot[1..]) : _slot[1];

    public int ValueLength => IsLong ? MemoryMarshal.Read<int>(_slot[5..]) : _slot[2];

    public int KeyOffset => HeaderBytes(IsLong, HasExpiry);

    public ReadOnlySpan<byte> Key => _slot.Slice(KeyOffset, KeyLength);

    public ReadOnlySpan<byte> Value => _slot.Slice(KeyOffset + KeyLength, ValueLength);

    /// <summary>-1 = never.</summary>
    public long ExpireAtMs => HasExpiry ? MemoryMarshal.Read<long>(_slot[(IsLong ? 9 : 3)..]) : -1;

    public int Length => KeyOffset + KeyLength + ValueLength;

    public static bool NeedsLong(int keyLength, int valueLength) => keyLength > byte.MaxValue || valueLength > byte.MaxValue;

    public static int HeaderBytes(bool isLong, bool hasExpiry) => (isLong ? 9 : 3) + (hasExpiry ? 8 : 0);

    public static int BytesFor(int keyLength, int valueLength, bool hasExpiry) =>
        checked(HeaderBytes(NeedsLong(keyLength, valueLength), hasExpiry) + keyLength + valueLength);

    /// <summary>For an element that has an expiry already.</summary>
    public static void SetExpireAt(Span<byte> slot, long expireAtMs) => MemoryMarshal.Write(slot[((slot[0] & LongFlag) != 0 ? 9 : 3)..], expireAtMs);

    public static void Write(Span<byte> slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAtMs)
    {
        var isLong = NeedsLong(key.Length, value.Length);
        slot[0] = (byte)((isLong ? LongFlag : 0) | (expireAtMs >= 0 ? ExpiryFlag : 0));
        var at = 3;
        if (isLong)
        {
            MemoryMarshal.Write(slot[1..], key.Length);
            MemoryMarshal.Write(slot[5..], value.Length);
            at = 9;
        }
        else
        {
            slot[1] = (byte)key.Length;
            slot[2] = (byte)value.Length;
        }
        if (expireAtMs >= 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(slot[at..], expireAtMs);
            at += 8;
        }
        key.CopyTo(slot[at..]);
        value.CopyTo(slot[(at + key.Length)..]);
    }
}

internal readonly struct ElementLayout : IRecordLayout
{
    public static bool SavesLines => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool KeyEquals(ReadOnlySpan<byte> slot, ReadOnlySpan<byte> key) => new Element(slot).Key.SequenceEqual(key);

    public static ulong Hash(Heap heap, ReadOnlySpan<byte> slot) => heap.Hash(new Element(slot).Key);

    public static long ExpireAtMs(ReadOnlySpan<byte> slot) => new Element(slot).ExpireAtMs;

    public static bool OwnsMemory(ReadOnlySpan<byte> slot) => false;
}

/// <summary>
/// A table inside a record. The header is the record's value: a reader may take it from Entry.Value (through ReadHeader), a writer must take it from
/// Entry.MutableValue, so that a running snapshot keeps the old one. Handles and spans are good until the next change of this table.
/// </summary>
internal readonly ref struct ElementTable(Heap heap, ref TableHeader header)
{
    /// <summary>Elements of a table that looking ahead is worth it for.</summary>
    private const long LargeCount = 10_000;

    private readonly Heap _heap = heap;
    private readonly ref TableHeader _header = ref header;

    private Arena Arena => _heap.Arena;

    private HashTable<ElementLayout> Table => new(_heap, ref _header);

    public long Count => _header.Count;

    /// <summary>Too large for the caches: looking ahead for its elements is worth the hashing.</summary>
    public bool IsLarge => Count >= LargeCount;

    public long CountWithExpiry => _header.CountWithExpiry;

    /// <summary>The table behind a value from Entry.MutableValue.</summary>
    public static ElementTable Writable(Heap heap, Span<byte> value) => new(heap, ref MemoryMarshal.AsRef<TableHeader>(value));

    /// <summary>The table behind a value from Entry.Value or a frozen record; only its reading members may be used.</summary>
    public static ElementTable Readable(Heap heap, ReadOnlySpan<byte> value) => new(heap, ref Unsafe.AsRef(in MemoryMarshal.AsRef<TableHeader>(value)));

    /// <summary>The element with this key, or 0.</summary>
    public ulong Find(ReadOnlySpan<byte> key) => Table.Find(key, _heap.Hash(key));

    /// <summary>The same when the hash (Heap.Hash) is known, which is one for all tables.</summary>
    public ulong Find(ReadOnlySpan<byte> key, ulong hash) => Table.Find(key, hash);

    public void Prefetch(ReadOnlySpan<ulong> hashes) => Table.Prefetch(hashes);

    public bool Contains(ReadOnlySpan<byte> key) => Find(key) != 0;

    public ReadOnlySpan<byte> Key(ulong element) => new Element(Arena.Slot(element)).Key;

    public ReadOnlySpan<byte> Value(ulong element) => new Element(Arena.Slot(element)).Value;

    /// <summary>-1 = never.</summary>
    public long ExpireAtMs(ulong element) => new Element(Arena.Slot(element)).ExpireAtMs;

    public bool TryGet(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        var element = Find(key);
        value = element == 0 ? default : Value(element);
        return element != 0;
    }

    /// <summary>Adds or overwrites; true when the key is new. An overwritten element loses its expiry unless it is given again.</summary>
    public bool Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAtMs = -1) => Set(key, value, expireAtMs, out _);

    public bool Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAtMs, out ulong element)
    {
        var hash = _heap.Hash(key);
        element = Table.Find(key, hash);
        if (element != 0)
        {
            element = Update(element, hash, value, expireAtMs);
            return false;
        }
        element = AddNew(key, hash, value, expireAtMs);
        return true;
    }

    /// <summary>Adds an element whose key the caller knows to be absent; returns its handle.</summary>
    public ulong AddNew(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => AddNew(key, _heap.Hash(key), value, expireAtMs: -1);

    private ulong AddNew(ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value, long expireAtMs)
    {
        var element = Arena.Alloc(Element.BytesFor(key.Length, value.Length, expireAtMs >= 0));
        Element.Write(Arena.Slot(element), key, value, expireAtMs);
        Table.Insert(hash, element, expireAtMs, ownsMemory: false);
        return element;
    }

    /// <summary>So many elements are about to come into an empty table.</summary>
    public void Expect(long count) => Table.Expect(count);

    /// <summary>Copies of all elements of another table into this one, which is empty.</summary>
    public void AddAll(scoped in ElementTable other)
    {
        Expect(other.Count);
        foreach (var element in other)
        {
            var record = new Element(Arena.Slot(element));
            var copy = Arena.Alloc(record.Length);
            Arena.Slot(element)[..record.Length].CopyTo(Arena.Slot(copy));
            Table.Insert(_heap.Hash(record.Key), copy, record.ExpireAtMs, ownsMemory: false);
        }
    }

    public bool Add(ReadOnlySpan<byte> key)
    {
        var hash = _heap.Hash(key);
        if (Table.Find(key, hash) != 0) return false;
        AddNew(key, hash, default, expireAtMs: -1);
        return true;
    }

    /// <summary>
    /// Writes another value into an element that Find returned, keeping its key; returns the element's handle, which changes when it had to move.
    /// </summary>
    public ulong SetValue(ulong element, ReadOnlySpan<byte> value)
    {
        var slot = Arena.Slot(element);
        var record = new Element(slot);
        if (!_heap.SnapshotActive && record.ValueLength == value.Length)
        {
            value.CopyTo(slot.Slice(record.KeyOffset + record.KeyLength, value.Length));   // in place, and no need to know the hash
            return element;
        }
        return Update(element, _heap.Hash(record.Key), value, record.ExpireAtMs);
    }

    /// <summary>-1 = never.</summary>
    public ulong SetExpireAt(ulong element, long expireAtMs)
    {
        var record = new Element(Arena.Slot(element));
        return Update(element, _heap.Hash(record.Key), record.Value, expireAtMs);
    }

    private ulong Update(ulong element, ulong hash, ReadOnlySpan<byte> value, long expireAtMs)
    {
        var slot = Arena.Slot(element);
        var record = new Element(slot);
        var sameShape = record.ValueLength == value.Length && record.HasExpiry == expireAtMs >= 0;
        if (sameShape && Table.IsMutable(hash, element))
        {
            value.CopyTo(slot.Slice(record.KeyOffset + record.KeyLength, value.Length));
            if (!record.HasExpiry || record.ExpireAtMs == expireAtMs) return element;
            Element.SetExpireAt(slot, expireAtMs);
            Table.Replace(hash, element, element, expireAtMs, ownsMemory: false);
            return element;
        }
        var moved = Arena.Alloc(Element.BytesFor(record.KeyLength, value.Length, expireAtMs >= 0));
        Element.Write(Arena.Slot(moved), record.Key, value, expireAtMs);
        var frozen = Table.Replace(hash, element, moved, expireAtMs, ownsMemory: false);
        _heap.Free(element, frozen);
        return moved;
    }

    /// <summary>Defragmentation: puts the element elsewhere and returns its new handle. Never while a snapshot runs.</summary>
    public ulong Move(ulong element)
    {
        var source = Arena.Slot(element);
        var moved = Arena.Alloc(source.Length);
        source.CopyTo(Arena.Slot(moved));
        var record = new Element(source);
        Table.Replace(_heap.Hash(record.Key), element, moved, record.ExpireAtMs, ownsMemory: false);
        Arena.Free(element);
        return moved;
    }

    public bool Remove(ReadOnlySpan<byte> key)
    {
        var hash = _heap.Hash(key);
        var element = Table.Find(key, hash);
        if (element != 0) _heap.Free(element, Table.Remove(hash, element));
        return element != 0;
    }

    /// <summary>Removes an element by its handle; its spans are dead afterwards.</summary>
    public void RemoveElement(ulong element)
    {
        var hash = _heap.Hash(Key(element));
        _heap.Free(element, Table.Remove(hash, element));
    }

    /// <summary>One step of the search for expired elements, as Keyspace.SweepExpired; the handles are good until another element is changed.</summary>
    public ulong SweepExpired(ulong cursor, long nowMs, int maxSegments, HandleList due, ref long nextDueMs) =>
        ExpirySweep<ElementLayout>.Step(_heap, ref _header, cursor, nowMs, maxSegments, due, ref nextDueMs);

    /// <summary>One step of SCAN: adds elements to the list and returns the next cursor, 0 at the end.</summary>
    public ulong Scan(ulong cursor, HandleList found) => Table.Scan(cursor, found);

    /// <summary>Nearly uniform; 0 when empty.</summary>
    public ulong Random(Random random) => Table.Random(random);

    /// <summary>All elements' handles; the table must not change meanwhile.</summary>
    public TableEnumerator GetEnumerator() => Table.GetEnumerator();

    public void CheckInvariants() => TableCheck<ElementLayout>.Run(_heap, in _header);

    /// <summary>Bytes of segments and directory.</summary>
    public long IndexBytes => TableSize.OfIndex(_heap, in _header);

    /// <summary>Bytes of segments and elements, these estimated from the first so many; 0 = all are looked at.</summary>
    public long MemoryInUse(int samples)
    {
        long bytes = 0, seen = 0;
        foreach (var element in Table)
        {
            bytes += Arena.Capacity(element);
            if (++seen == samples) break;
        }
        return TableSize.OfIndex(_heap, in _header) + (seen == 0 ? 0 : bytes * _header.Count / seen);
    }

    /// <summary>Frees a part of a dropped table; true when all is gone.</summary>
    public bool FreeSome(ref int budget) => TableFree<ElementLayout>.FreeSome(_heap, ref _header, ref budget, static (heap, element) => heap.Arena.Free(element));
}

/// <summary>Hashes and sets whose value is one inner table.</summary>
internal sealed class ElementTableOwner : IMemoryOwner
{
    public bool FreeSome(Heap heap, Span<byte> value, ref int budget) => ElementTable.Writable(heap, value).FreeSome(ref budget);

    public void Copy(Heap heap, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var source = ElementTable.Readable(heap, from);
        var target = ElementTable.Writable(heap, to);
        target.AddAll(source);
    }

    public long MemoryOf(Heap heap, ReadOnlySpan<byte> value, int samples) => ElementTable.Readable(heap, value).MemoryInUse(samples);

    public bool MoveSome(Heap heap, Span<byte> value, ref ulong cursor, ref int budget)
    {
        ref var header = ref MemoryMarshal.AsRef<TableHeader>(value);
        if (header.Root == 0) return true;
        do
        {
            var segment = new Segment(heap.Arena.Lines(TableMover.MoveSegment(heap, ref header, cursor)));
            cursor = TableMover.Next(segment);
            for (; ; segment = new Segment(heap.Arena.Lines(segment.Header.Next)))
            {
                for (var bucket = 0; bucket < segment.Buckets; bucket++) TableMover.MoveRecords(heap, ref segment[bucket], ref budget);
                if (segment.Header.Next == 0) break;
            }
        }
        while (cursor != 0 && budget > 0);
        return cursor == 0;
    }
}

using RedisLite.Data.Tables;

namespace RedisLite.Data;

/// <summary>The keys of one database.</summary>
internal sealed class Keyspace
{
    /// <summary>What the processor's caches may be trusted to hold: below it a prefetch costs more than it saves.</summary>
    private const long CachedBytes = 4 * 1024 * 1024;

    /// <summary>Keys that looking ahead is worth it for, however large their values are.</summary>
    private const long ManyKeys = 2_000;

    private TableHeader _header;

    public Keyspace(Heap heap)
    {
        Heap = heap;
        heap.Keyspaces.Add(this);
    }

    public Heap Heap { get; }

    public long Count => _header.Count;

    public long CountWithExpiry => _header.CountWithExpiry;

    /// <summary>Hashes with fields that expire.</summary>
    public long CountWithFieldExpiry => FieldExpiries?.Count ?? 0;

    /// <summary>Null while no hash ever had such a field.</summary>
    public FieldExpiryIndex? FieldExpiries { get; private set; }

    internal HashTable<RecordLayout> Table => new(Heap, ref _header);

    public ulong Hash(ReadOnlySpan<byte> key) => Heap.Hash(key);

    /// <summary>So many keys are about to come: when there are none yet, room is made for them at once.</summary>
    public void Expect(long keys) => Table.Expect(keys);

    /// <summary>Whether the lookups of a batch will miss the caches, so that it is worth to begin them together.</summary>
    public bool IsBeyondCaches => Count >= ManyKeys && Heap.MemoryInUse > CachedBytes;

    /// <summary>Brings what lookups of these hashes will touch into the cache (<see cref="HashTable{TLayout}.Prefetch"/>).</summary>
    public void Prefetch(ReadOnlySpan<ulong> hashes) => Table.Prefetch(hashes);

    public void PrefetchForChange(ulong hash)
    {
        if (Heap.MemoryInUse > CachedBytes) Table.PrefetchForChange(hash);
    }

    /// <summary>
    /// The record of this key when its value is an inner table too large for the caches, else 0: the way to look ahead for the elements of a big hash, set
    /// or sorted set, by <see cref="PrefetchElements"/>. Good until the next change.
    /// </summary>
    public ulong FindLargeTable(ReadOnlySpan<byte> key, ulong hash)
    {
        var handle = Table.Find(key, hash);
        return handle != 0 && new Record(Heap.Arena.Slot(handle)).Kind.HasElementTable() && TableIn(handle).IsLarge ? handle : 0;
    }

    public void PrefetchElements(ulong record, ReadOnlySpan<ulong> hashes) => TableIn(record).Prefetch(hashes);

    private ElementTable TableIn(ulong record) => ElementTable.Readable(Heap, new Record(Heap.Arena.Slot(record)).Value[..TableHeader.Bytes]);

    public bool Find(ReadOnlySpan<byte> key, ulong hash, Entry entry)
    {
        entry.Bind(this, Table.Find(key, hash), hash);
        return entry.Exists;
    }

    public bool Find(ReadOnlySpan<byte> key, Entry entry) => Find(key, Hash(key), entry);

    /// <summary>
    /// Adds a key that is absent and returns its value for writing: undefined content, except that a kind that owns memory starts as all zero (an
    /// empty table).
    /// </summary>
    public Span<byte> Insert(ReadOnlySpan<byte> key, ulong hash, RecordKind kind, int valueLength, Entry entry, long expireAtMs = -1)
    {
        var handle = Heap.Arena.Alloc(Record.BytesFor(key.Length, valueLength, expireAtMs >= 0));
        var slot = Heap.Arena.Slot(handle);
        var valueAt = Record.Write(slot, kind, access: 0, big: false, key, valueLength, expireAtMs);
        var value = slot.Slice(valueAt, valueLength);
        if (kind.OwnsMemory()) value.Clear();
        Table.Insert(hash, handle, expireAtMs, kind.OwnsMemory());
        if (expireAtMs >= 0) Heap.EarliestNewExpiryMs = Math.Min(Heap.EarliestNewExpiryMs, expireAtMs);
        entry.Bind(this, handle, hash);
        return value;
    }

    /// <summary>Replaces the value of an existing key by one of any kind, returned for writing with the content that Insert would give it.</summary>
    public Span<byte> Replace(Entry entry, RecordKind kind, int valueLength, bool keepExpiry)
    {
        ForgetFieldExpiries(entry);
        return entry.Overwrite(valueLength, kind, keepExpiry);
    }

    /// <summary>
    /// Removes the key and frees its record. What a value owns is freed here while that is a moment's work, else in slices by
    /// Heap.RunBackground.
    /// </summary>
    public void Remove(Entry entry)
    {
        ForgetFieldExpiries(entry);
        var frozen = Table.Remove(entry.Hash, entry.Handle);
        Heap.FreeRecord(entry.Handle, frozen);
        entry.Reset();
    }

    /// <summary>
    /// Moves a value with its expiry to another key, here or in another database, where the key must be absent. What the value owns is not copied: it
    /// changes hands. <paramref name="from"/> is gone afterwards.
    /// </summary>
    public void Transfer(Entry from, Keyspace target, ReadOnlySpan<byte> key, ulong hash, Entry to)
    {
        var source = from.Handle;
        var fieldExpiry = FieldExpiryOf(from);
        ForgetFieldExpiries(from);
        from.Value.CopyTo(target.Insert(key, hash, from.Kind, from.Value.Length, to, from.ExpireAtMs));
        to.Big = from.Big;
        to.Access = from.Access;
        if (fieldExpiry >= 0) target.NoteFieldExpiry(to, fieldExpiry);
        Heap.Free(source, Table.Remove(from.Hash, source));
        from.Reset();
    }

    /// <summary>Makes a copy of a value of this server, with its expiry and all it owns, under a key that must be absent.</summary>
    public void Copy(Entry from, ReadOnlySpan<byte> key, ulong hash, Entry to)
    {
        var value = Insert(key, hash, from.Kind, from.Value.Length, to, from.ExpireAtMs);
        if (from.Kind.OwnsMemory()) Heap.OwnerOf(from.Kind).Copy(Heap, from.Value, value);
        else from.Value.CopyTo(value);
        to.Big = from.Big;
        var fieldExpiry = from.Space.FieldExpiryOf(from);
        if (fieldExpiry >= 0) NoteFieldExpiry(to, fieldExpiry);
    }

    // ---- fields that expire: see FieldExpiryIndex ----

    /// <summary>A field of this hash was given an expiry.</summary>
    public void NoteFieldExpiry(Entry hash, long expireAtMs) => (FieldExpiries ??= new FieldExpiryIndex(Heap)).Note(hash.Key, hash.Hash, expireAtMs);

    /// <summary>None of the hash's fields expires any more, or the hash is about to go.</summary>
    public void ForgetFieldExpiries(Entry entry)
    {
        if (FieldExpiries is { Count: > 0 } index && entry.Kind == RecordKind.HashTable) index.Remove(entry.Key, entry.Hash);
    }

    private long FieldExpiryOf(Entry entry) =>
        FieldExpiries is { Count: > 0 } index && entry.Kind == RecordKind.HashTable ? index.TimeOf(entry.Key, entry.Hash) : -1;

    /// <summary>Bytes of the index, without the records.</summary>
    public long IndexBytes => TableSize.OfIndex(Heap, in _header);

    /// <summary>Points the entry at a record that Scan, a sample or an enumeration returned; it must still exist.</summary>
    public void Open(ulong handle, Entry entry) => entry.Bind(this, handle);

    /// <summary>
    /// One step of SCAN (about a dozen keys): adds handles to the list and returns the next cursor, 0 at the end. Keys present from the first step
    /// to the last are returned at least once, whatever changes meanwhile.
    /// </summary>
    public ulong Scan(ulong cursor, HandleList found) => Table.Scan(cursor, found);

    /// <summary>A key chosen nearly uniformly.</summary>
    public bool RandomEntry(Random random, Entry entry)
    {
        entry.Bind(this, Table.Random(random));
        return entry.Exists;
    }

    /// <summary>Up to count keys for an eviction pool, of those with an expiry on request; may repeat.</summary>
    public void SampleForEviction(Random random, int count, bool withExpiry, HandleList found)
    {
        for (var i = 0; i < count; i++)
        {
            var handle = Table.Random(random, withExpiry);
            if (handle == 0) return;
            found.Add(handle);
        }
    }

    /// <summary>
    /// One step of the search for expired keys: visits up to maxSegments segments (a few hundred keys each, most of them at the cost of a glance) and
    /// adds the handles of keys with expireAtMs at or before now to the list; lowers nextDueMs to the earliest later expiry it met. Returns the next
    /// cursor, 0 when the round is complete. The handles are good until another key is changed than those of the list.
    /// </summary>
    public ulong SweepExpired(ulong cursor, long nowMs, int maxSegments, HandleList due, ref long nextDueMs) =>
        ExpirySweep<RecordLayout>.Step(Heap, ref _header, cursor, nowMs, maxSegments, due, ref nextDueMs);

    /// <summary>Drops all keys at once. Memory is freed in slices by Heap.RunLazyFree, or here unless lazy (or a snapshot needs it).</summary>
    public void Clear(bool lazy)
    {
        Heap.FreeLazily(in _header);
        _header = default;
        FieldExpiries?.Clear();
        while (!lazy && Heap.RunLazyFree(int.MaxValue))
        {
        }
    }

    /// <summary>All records' handles; the keyspace must not change meanwhile.</summary>
    public TableEnumerator GetEnumerator() => new(Heap, in _header, frozen: false);

    /// <summary>The last use of a database that is not for ever (a temporary one while a replica loads): frees all and forgets it.</summary>
    public void Drop()
    {
        Clear(lazy: true);
        FieldExpiries?.Drop();
        Heap.Keyspaces.Remove(this);
    }

    internal ref TableHeader Header => ref _header;

    public void CheckInvariants()
    {
        TableCheck<RecordLayout>.Run(Heap, in _header);
        FieldExpiries?.CheckInvariants(this);
    }

    /// <summary>
    /// The keys as of now, for a snapshot reader; call it between Heap.BeginSnapshot and the next change. Whoever reads all of it before anything can change needs
    /// no snapshot, and may do it beside one: <paramref name="unchanged"/>.
    /// </summary>
    public FrozenKeyspace Freeze(bool unchanged = false) => new(Heap, in _header, CountWithFieldExpiry, Heap.SnapshotActive && !unchanged);
}

/// <summary>
/// A database as it was when the snapshot began. Another thread may enumerate it, read records and open inner tables in them (ElementTable.Readable)
/// until Heap.EndSnapshot; nothing it can reach changes, except the access bits.
/// </summary>
internal sealed class FrozenKeyspace
{
    private readonly Heap _heap;
    private readonly TableHeader _header;
    private readonly bool _frozen;

    public FrozenKeyspace(Heap heap, in TableHeader header, long countWithFieldExpiry, bool frozen)
    {
        _heap = heap;
        _header = header;
        CountWithFieldExpiry = countWithFieldExpiry;
        _frozen = frozen;
    }

    public long Count => _header.Count;

    public long CountWithExpiry => _header.CountWithExpiry;

    /// <summary>Hashes with fields that expire, which only newer versions of the RDB format can hold.</summary>
    public long CountWithFieldExpiry { get; }

    public TableEnumerator GetEnumerator() => new(_heap, in _header, _frozen);

    public Record Open(ulong handle) => new(_heap.Arena.Slot(handle));
}

using RedisLite.Data.Memory;

namespace RedisLite.Data;

/// <summary>
/// A key that has been opened: where its record is, and the only way to change it. Reused from command to command (no allocation per lookup). Spans
/// are good until the next change of the keyspace; the record may move whenever its length, kind or expiry changes or a snapshot runs.
/// </summary>
internal sealed class Entry
{
    private Keyspace? _keyspace;
    private ulong _hash;
    private bool _hashKnown;

    /// <summary>The record; 0 = no such key.</summary>
    public ulong Handle { get; private set; }

    public bool Exists => Handle != 0;

    public Heap Heap => Space.Heap;

    public Keyspace Space => _keyspace!;

    public ReadOnlySpan<byte> Key => View.Key;

    public RecordKind Kind => View.Kind;

    public ValueType Type => Kind.Type();

    public ReadOnlySpan<byte> Value => View.Value;

    /// <summary>A collection without elements, which is no key any more.</summary>
    public bool IsEmptyCollection
    {
        get
        {
            var record = View;
            return record.Kind.IsEmptyCollection(record.Value);
        }
    }

    public bool HasExpiry => View.HasExpiry;

    /// <summary>-1 = never.</summary>
    public long ExpireAtMs => View.ExpireAtMs;

    /// <summary>Reported encoding is the big one, whatever the physical form; never goes back by itself.</summary>
    public bool Big
    {
        get => View.Big;
        set
        {
            if (Big == value) return;
            MakeMutable();
            ref var flags = ref Arena.Slot(Handle)[0];
            flags = (byte)(value ? flags | Record.BigFlag : flags & ~Record.BigFlag);
        }
    }

    /// <summary>24 bits for LRU or LFU; may change even in a frozen record.</summary>
    public uint Access
    {
        get => View.Access;
        set => Record.SetAccess(Arena.Slot(Handle), value);
    }

    /// <summary>Bytes of the record's slot (not of what it owns).</summary>
    public int SlotBytes => Arena.Capacity(Handle);

    /// <summary>Bytes of the record and of what it owns, estimated from so many elements; 0 = all are looked at.</summary>
    public long MemoryInUse(int samples) =>
        SlotBytes + (Kind.OwnsMemory() ? Heap.OwnerOf(Kind).MemoryOf(Heap, Value, samples) : 0);

    internal ulong Hash
    {
        get
        {
            if (!_hashKnown)
            {
                _hash = Heap.Hash(Key);
                _hashKnown = true;
            }
            return _hash;
        }
    }

    private Arena Arena => Space.Heap.Arena;

    private Record View => new(Arena.Slot(Handle));

    /// <summary>No key.</summary>
    public void Reset() => Handle = 0;

    /// <summary>Points at a record found by scan, sample or sweep.</summary>
    internal void Bind(Keyspace keyspace, ulong handle)
    {
        _keyspace = keyspace;
        Handle = handle;
        _hashKnown = false;
    }

    internal void Bind(Keyspace keyspace, ulong handle, ulong hash)
    {
        if (_keyspace != keyspace) _keyspace = keyspace;        // the same as last time, nearly always, and a reference costs more to write than to compare
        Handle = handle;
        _hash = hash;
        _hashKnown = true;
    }

    /// <summary>The value for writing in place. All changes of record bytes start here, because a record that a snapshot reads is copied first.</summary>
    public Span<byte> MutableValue()
    {
        MakeMutable();
        var slot = Arena.Slot(Handle);
        var record = new Record(slot);
        return slot.Slice(record.KeyOffset + record.KeyLength, record.ValueLength);
    }

    /// <summary>
    /// Gives the value a new length (and kind) and returns it for writing: the common prefix is kept, what is beyond has any content. slack asks for
    /// room to grow when the record must move. The value must not own memory that the new kind forgets: see Overwrite.
    /// </summary>
    public Span<byte> Resize(int length, RecordKind kind, int slack = 0) => Reshape(length, kind, slack, keepsValue: true);

    private Span<byte> Reshape(int length, RecordKind kind, int slack, bool keepsValue)
    {
        var slot = Arena.Slot(Handle);
        var record = new Record(slot);
        var needed = Record.BytesFor(record.KeyLength, length, record.HasExpiry);
        var valueAt = record.KeyOffset + record.KeyLength;
        var fits = record.IsLong == Record.NeedsLong(record.KeyLength, length) && needed <= slot.Length
            && (length > record.ValueLength || !IsWasteful(needed, slot.Length));                    // what grows was given its room
        if (fits && IsMutable)
        {
            if (kind != record.Kind)
            {
                slot[0] = (byte)((slot[0] & ~Record.KindMask) | (byte)kind);
                if (kind.OwnsMemory()) Space.Table.Replace(Hash, Handle, Handle, record.ExpireAtMs, ownsMemory: true);
            }
            if (length != record.ValueLength) Record.SetLengths(slot, record.IsLong, record.KeyLength, length);
            return slot.Slice(valueAt, length);
        }
        return Move(kind, length, record.ExpireAtMs, slack, keepsValue ? Math.Min(length, record.ValueLength) : 0);
    }

    /// <summary>
    /// Replaces the value by another of any kind, freeing what it owned, and clears Big. Content is undefined, except that a kind that owns memory
    /// starts as all zero.
    /// </summary>
    internal Span<byte> Overwrite(int length, RecordKind kind, bool keepExpiry)
    {
        var record = View;
        Span<byte> value;
        if (!record.Kind.OwnsMemory() && (keepExpiry || !record.HasExpiry))
        {
            value = Reshape(length, kind, slack: 0, keepsValue: false);
            Arena.Slot(Handle)[0] &= unchecked((byte)~Record.BigFlag);
        }
        else
        {
            var old = Handle;
            var expireAtMs = keepExpiry ? record.ExpireAtMs : -1;
            Handle = Allocate(record, kind, length, expireAtMs, big: false, slack: 0);
            Heap.FreeRecord(old, Space.Table.Replace(Hash, old, Handle, expireAtMs, kind.OwnsMemory()));
            value = MutableValue();
        }
        if (kind.OwnsMemory()) value.Clear();
        return value;
    }

    /// <summary>-1 = never.</summary>
    public void SetExpireAt(long expireAtMs)
    {
        var record = View;
        if (record.ExpireAtMs == expireAtMs) return;
        if (expireAtMs >= 0) Heap.EarliestNewExpiryMs = Math.Min(Heap.EarliestNewExpiryMs, expireAtMs);
        if (record.HasExpiry && expireAtMs >= 0 && IsMutable)
        {
            Record.SetExpireAt(Arena.Slot(Handle), expireAtMs);
            Space.Table.Replace(Hash, Handle, Handle, expireAtMs, record.Kind.OwnsMemory());
            return;
        }
        Move(record.Kind, record.ValueLength, expireAtMs, slack: 0, record.ValueLength);
    }

    private bool IsMutable => !Heap.SnapshotActive || Space.Table.IsMutable(Hash, Handle);

    /// <summary>A slot that a quarter of would do is given back, except small ones.</summary>
    private static bool IsWasteful(int needed, int capacity) => capacity >= 64 && needed < capacity - (capacity / 4);

    private void MakeMutable()
    {
        if (IsMutable) return;
        var record = View;
        Move(record.Kind, record.ValueLength, record.ExpireAtMs, slack: 0, record.ValueLength);
    }

    private ulong Allocate(Record from, RecordKind kind, int length, long expireAtMs, bool big, int slack)
    {
        var bytes = Record.BytesFor(from.KeyLength, length, expireAtMs >= 0);
        var handle = Arena.Alloc(bytes + Math.Min(slack, int.MaxValue - bytes));
        Record.Write(Arena.Slot(handle), kind, from.Access, big, from.Key, length, expireAtMs);
        return handle;
    }

    private Span<byte> Move(RecordKind kind, int length, long expireAtMs, int slack, int kept)
    {
        var old = Handle;
        var record = View;
        var handle = Allocate(record, kind, length, expireAtMs, record.Big, slack);
        var slot = Arena.Slot(handle);
        var value = slot.Slice(new Record(slot).KeyOffset + record.KeyLength, length);
        record.Value[..kept].CopyTo(value);
        var frozen = Space.Table.Replace(Hash, old, handle, expireAtMs, kind.OwnsMemory());
        Handle = handle;
        Heap.Free(old, frozen);
        return value;
    }
}

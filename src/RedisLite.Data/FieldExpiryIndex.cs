using RedisLite.Data.Tables;

namespace RedisLite.Data;

/// <summary>
/// Which hashes of a keyspace hold fields that expire, and no later than when the first field of each is due.
///
/// The expiry of a field lies with the field, in the hash's table. Whoever removes fields when their time has come must know which hash to look into without
/// looking into all of them. So there is a second, small keyspace: the names of these hashes, each with an expiry of its own. It is found, swept, moved by the
/// defragmenter and counted by the code that does it for keys; a hash without such fields has no part in it and costs nothing.
///
/// The time of an entry may be too early (fields lost their expiry since), never too late; a sweep that finds nothing due in the hash sets it right. The
/// entry goes with the hash's last expiry. Keyspace sees to that for whatever happens to keys, HashValue for what happens to fields.
/// </summary>
internal sealed class FieldExpiryIndex(Heap heap)
{
    private readonly Keyspace _names = new(heap);
    private readonly Entry _entry = new();

    public long Count => _names.Count;

    /// <summary>A field of the hash expires then.</summary>
    public void Note(ReadOnlySpan<byte> key, ulong hash, long expireAtMs)
    {
        if (!_names.Find(key, hash, _entry)) _names.Insert(key, hash, RecordKind.String, 0, _entry, expireAtMs);
        else if (expireAtMs < _entry.ExpireAtMs) _entry.SetExpireAt(expireAtMs);
    }

    /// <summary>No field of the hash expires before then, as somebody who looked at all of them knows.</summary>
    public void Postpone(ReadOnlySpan<byte> key, ulong hash, long expireAtMs)
    {
        if (_names.Find(key, hash, _entry)) _entry.SetExpireAt(expireAtMs);
    }

    public void Remove(ReadOnlySpan<byte> key, ulong hash)
    {
        if (_names.Find(key, hash, _entry)) _names.Remove(_entry);
    }

    /// <summary>-1 = the hash has no such field.</summary>
    public long TimeOf(ReadOnlySpan<byte> key, ulong hash) => _names.Find(key, hash, _entry) ? _entry.ExpireAtMs : -1;

    /// <summary>As Keyspace.SweepExpired: handles of entries that are due, for <see cref="KeyOf"/>.</summary>
    public ulong Sweep(ulong cursor, long nowMs, int maxSegments, HandleList due, ref long nextDueMs) =>
        _names.SweepExpired(cursor, nowMs, maxSegments, due, ref nextDueMs);

    public ReadOnlySpan<byte> KeyOf(ulong handle)
    {
        _names.Open(handle, _entry);
        return _entry.Key;
    }

    public void Clear() => _names.Clear(lazy: true);

    public void Drop() => _names.Drop();

    /// <summary>Every entry names a hash with such fields, every such hash has an entry, and none is too late.</summary>
    public void CheckInvariants(Keyspace keys)
    {
        _names.CheckInvariants();
        var entry = new Entry();
        long seen = 0;
        foreach (var handle in keys)
        {
            keys.Open(handle, entry);
            if (!HasFieldExpiry(entry)) continue;
            seen++;
            var table = ElementTable.Readable(keys.Heap, entry.Value);
            var time = TimeOf(entry.Key, entry.Hash);
            foreach (var element in table)
            {
                var expireAtMs = table.ExpireAtMs(element);
                if (expireAtMs >= 0 && (time < 0 || time > expireAtMs)) throw new InvalidOperationException("A field expires before the index says so.");
            }
        }
        if (seen != Count) throw new InvalidOperationException($"{seen} hashes hold fields that expire, the index names {Count}.");
    }

    public static bool HasFieldExpiry(Entry entry) =>
        entry.Kind == RecordKind.HashTable && ElementTable.Readable(entry.Heap, entry.Value).CountWithExpiry > 0;
}

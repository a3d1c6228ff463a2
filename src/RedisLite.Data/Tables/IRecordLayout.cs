namespace RedisLite.Data.Tables;

/// <summary>
/// What differs between the keys of a database and the elements of an inner table: how a record shows its key, expiry and owned memory. Static, so
/// that one table code is compiled for each without a virtual call.
/// </summary>
internal interface IRecordLayout
{
    static abstract bool KeyEquals(ReadOnlySpan<byte> slot, ReadOnlySpan<byte> key);

    static abstract ulong Hash(Heap heap, ReadOnlySpan<byte> slot);

    static abstract long ExpireAtMs(ReadOnlySpan<byte> slot);

    static abstract bool OwnsMemory(ReadOnlySpan<byte> slot);

    /// <summary>
    /// How a segment that a running snapshot holds is changed: in place, each line being saved before (SavedLines), or in a copy of the whole. The first is far cheaper
    /// for the owner; the reader can then enumerate the table, but not look anything up.
    /// </summary>
    static abstract bool SavesLines { get; }
}

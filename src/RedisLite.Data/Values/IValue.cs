using RedisLite.Data.Tables;

namespace RedisLite.Data.Values;

/// <summary>A type of value over the record of a key. Commands know values; values know encodings.</summary>
internal interface IValue<TSelf>
    where TSelf : struct, IValue<TSelf>
{
    static abstract ValueType Type { get; }

    /// <summary>The encoding a new value starts with.</summary>
    static abstract RecordKind EmptyKind { get; }

    /// <summary>Bytes of the record's value that an empty one needs.</summary>
    static abstract int EmptySize { get; }

    /// <summary>The value of an entry; a missing key gives a value whose IsMissing is true.</summary>
    static abstract TSelf Over(Entry entry);

    /// <summary>Write the empty value into a record of EmptyKind and EmptySize.</summary>
    void Initialize();

    bool IsMissing { get; }
}

/// <summary>A value whose elements can be walked through by a cursor, a little at a time.</summary>
internal interface IScannedValue<TSelf> : IValue<TSelf>
    where TSelf : struct, IScannedValue<TSelf>
{
    /// <summary>Adds the places of some elements; gives the cursor to go on with, 0 at the end.</summary>
    ulong Scan(ulong cursor, HandleList found);
}

using System.Runtime.InteropServices;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data;

/// <summary>The physical form of a value; four bits of the record.</summary>
internal enum RecordKind : byte
{
    String,
    Integer,
    HashBlob,
    HashTable,
    ListBlob,
    ListTree,
    SetInts,
    SetBlob,
    SetTable,
    ZSetBlob,
    ZSetTree,
    Stream,
}

/// <summary>The type a client sees.</summary>
internal enum ValueType : byte
{
    String,
    List,
    Set,
    ZSet,
    Hash,
    Stream,
}

internal static class RecordKinds
{
    // By kind: every command asks, and a switch is a jump into a table of code.
    private static ReadOnlySpan<ValueType> Types =>
    [
        ValueType.String, ValueType.String, ValueType.Hash, ValueType.Hash, ValueType.List, ValueType.List, ValueType.Set, ValueType.Set, ValueType.Set,
        ValueType.ZSet, ValueType.ZSet, ValueType.Stream,
    ];

    public static ValueType Type(this RecordKind kind) => Types[(int)kind];

    /// <summary>Whether the value holds handles of other memory, which must be freed, moved and frozen with it.</summary>
    public static bool OwnsMemory(this RecordKind kind) =>
        kind is RecordKind.HashTable or RecordKind.ListTree or RecordKind.SetTable or RecordKind.ZSetTree or RecordKind.Stream;

    /// <summary>Whether a collection has nothing left: then its key goes. Strings and streams may be empty. Asked after every change, so it looks at the bytes.</summary>
    public static bool IsEmptyCollection(this RecordKind kind, ReadOnlySpan<byte> value) => kind switch
    {
        RecordKind.HashBlob or RecordKind.ListBlob or RecordKind.SetBlob or RecordKind.ZSetBlob => ListPack.IsEnd(value, ListPack.First),
        RecordKind.HashTable or RecordKind.SetTable or RecordKind.ZSetTree => MemoryMarshal.AsRef<TableHeader>(value[..TableHeader.Bytes]).Count == 0,
        RecordKind.ListTree => MemoryMarshal.AsRef<TreeRoot>(value).Count == 0,
        RecordKind.SetInts => IntSet.Count(value) == 0,
        _ => false,
    };

    /// <summary>Whether the value begins with the header of an inner table.</summary>
    public static bool HasElementTable(this RecordKind kind) => kind is RecordKind.HashTable or RecordKind.SetTable or RecordKind.ZSetTree;
}

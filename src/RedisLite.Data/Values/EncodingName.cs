namespace RedisLite.Data.Values;

/// <summary>The encoding of a value as OBJECT ENCODING names it: Redis's name for its own form, which our physical form may differ from.</summary>
internal static class EncodingName
{
    public static string Of(Entry entry) => entry.Kind switch
    {
        RecordKind.String or RecordKind.Integer => StringValue.Over(entry).Encoding,
        RecordKind.HashBlob or RecordKind.SetBlob => entry.Big ? "hashtable" : "listpack",
        RecordKind.HashTable => entry.Big ? "hashtable" : "listpackex",
        RecordKind.SetTable => "hashtable",
        RecordKind.ListBlob => "listpack",
        RecordKind.ListTree => "quicklist",
        RecordKind.SetInts => "intset",
        RecordKind.ZSetBlob => entry.Big ? "skiplist" : "listpack",
        RecordKind.ZSetTree => "skiplist",
        _ => "stream",
    };
}

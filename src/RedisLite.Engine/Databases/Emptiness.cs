using RedisLite.Data;
using RedisLite.Data.Values;

namespace RedisLite.Engine.Databases;

/// <summary>Whether a collection has nothing left: then its key goes. Strings and streams may be empty.</summary>
internal static class Emptiness
{
    public static bool IsEmpty(Entry entry) => entry.Type switch
    {
        ValueType.Hash => HashValue.Over(entry).Count == 0,
        ValueType.List => ListValue.Over(entry).Count == 0,
        ValueType.Set => SetValue.Over(entry).Count == 0,
        ValueType.ZSet => ZSetValue.Over(entry).Count == 0,
        _ => false,
    };
}

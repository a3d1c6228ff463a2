namespace RedisLite.Lua;

/// <summary>
/// A list of structs of ours. The framework's own has no machine code for them in its files, so that each of its methods would be compiled when the first script is
/// (docs/design/start-up.md); what is generic here is compiled with the build.
/// </summary>
internal sealed class GrowingArray<T>
    where T : struct
{
    private T[] _items = new T[16];

    internal int Count { get; private set; }

    internal ref T this[int index] => ref _items[index];

    internal void Add(in T item)
    {
        if (Count == _items.Length) _items = Copy(Count * 2);
        _items[Count++] = item;
    }

    internal T[] ToArray() => Copy(Count);

    private T[] Copy(int length)
    {
        var copy = new T[length];
        Array.Copy(_items, copy, Count);
        return copy;
    }
}

using System.Buffers;
using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>
/// A list made at one go from its first element to its last: the result of SORT … STORE. It becomes what pushes would have made of it, node for node,
/// but each node is written once: pushed one by one, 1000 elements cost as much as sorting them. Ends with <see cref="Finish"/>.
/// </summary>
internal ref struct ListBuilder(ListValue target)
{
    private readonly ListValue _target = target;
    private readonly ListLimits _limits = new(target.Entry.Heap.Limits);
    private byte[] _pack = ArrayPool<byte>.Shared.Rent(Memory.SizeClasses.MaxSlotBytes);
    private int _length = ListPack.EmptySize;
    private int _count;
    private bool _isTree;

    public void Add(scoped ReadOnlySpan<byte> text)
    {
        var value = new PackedValue(text);
        _isTree |= _limits.Exceeds((long)_length + value.TextLength, _count + 1);
        if (_isTree && _count > 0 && !_limits.Allows(_length, _count, value)) WriteLeaf();
        var size = value.PackedSize;
        if (_pack.Length - _length < size) Grow(size);
        value.WriteTo(_pack.AsSpan(_length - 1));
        _length += size;
        _count++;
    }

    /// <summary>Puts everything into the list, which was empty.</summary>
    public void Finish()
    {
        if (_isTree) WriteLeaf();
        else Pack().CopyTo(_target.Entry.Resize(_length, RecordKind.ListBlob));
        ArrayPool<byte>.Shared.Return(_pack);
        _pack = [];
    }

    private void WriteLeaf()
    {
        _target.AppendPack(Pack());
        _length = ListPack.EmptySize;
        _count = 0;
    }

    private readonly ReadOnlySpan<byte> Pack()
    {
        ListPack.WriteHeader(_pack, _length, _count);
        _pack[_length - 1] = ListPack.EndByte;
        return _pack.AsSpan(0, _length);
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(_length + size));
        _pack.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_pack);
        _pack = larger;
    }
}

using System.Numerics;

namespace RedisLite.Server.Transports;

/// The buffers for requests that do not fit into the loop's shared one, or have come in part. Their sizes go in quarters between powers of two, so at
/// most a fifth of what a client is charged for is waste (the runtime's pool doubles). What is kept for reuse is bounded; what is not kept gives its memory to
/// the system without waiting for the collector. Loop thread only.
internal sealed class InputBuffers(Action<byte[]> giveBack)
{
    private const int SmallestSize = 16;
    private const int LargestKept = 8 * 1024 * 1024;
    private const long KeptBytesMax = 16 * 1024 * 1024;

    private readonly Dictionary<int, Stack<byte[]>> _bySize = [];
    private long _keptBytes;

    public byte[] Rent(int size)
    {
        if (size > LargestKept) return GC.AllocateUninitializedArray<byte>(size);
        size = RoundUp(size);
        if (!_bySize.TryGetValue(size, out var kept) || kept.Count == 0) return GC.AllocateUninitializedArray<byte>(size);
        _keptBytes -= size;
        return kept.Pop();
    }

    public void Return(byte[] buffer)
    {
        var size = buffer.Length;
        if (size == 0) return;
        if (size > LargestKept || _keptBytes + size > KeptBytesMax)
        {
            giveBack(buffer);
            return;
        }
        if (!_bySize.TryGetValue(size, out var kept)) _bySize.Add(size, kept = []);
        kept.Push(buffer);
        _keptBytes += size;
    }

    private static int RoundUp(int size)
    {
        if (size <= SmallestSize) return SmallestSize;
        var shift = BitOperations.Log2((uint)size - 1) - 2;
        return (((size - 1) >> shift) + 1) << shift;
    }
}

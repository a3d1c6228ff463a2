using System.Numerics;

namespace RedisLite.Protocol;

/// The buffers for requests that do not fit into the loop's shared one, or have come in part. Their sizes go in quarters between powers of two, so at
/// most a fifth of what a client is charged for is waste (the runtime's pool doubles). Used by the loop thread only.
///
/// Memory that was never touched is dear: for a request of 4 MB the system clears a thousand pages, which costs more than copying it twice. So buffers are kept while
/// requests need them; what was not needed for a while gives its memory to the system without waiting for the collector (Trim), but for a few small ones.
internal sealed class InputBuffers
{
    private const int SmallestSize = 16;
    private const int LargestKept = 32 * 1024 * 1024;
    private const long KeptBytesMax = 64 * 1024 * 1024;
    private const long KeptForEver = 1024 * 1024;

    /// Some 0.6 ms of a system call's time.
    private const long TrimBytesMax = 16 * 1024 * 1024;

    private readonly Dictionary<int, Shelf> _shelves = [];
    private long _keptBytes;

    /// Takes the memory under an array whose contents nobody needs. The environment's: by default nothing is done.
    public Action<byte[]> GiveBack { get; set; } = static _ => { };

    public byte[] Rent(int size)
    {
        if (size > LargestKept) return GC.AllocateUninitializedArray<byte>(size);
        size = RoundUp(size);
        return TryTake(size, out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(size);
    }

    /// A buffer of at least this size, up to twice as large, if one is kept.
    public bool TryRentKept(int size, out byte[] buffer)
    {
        buffer = [];
        if (size > LargestKept || _keptBytes < size) return false;
        var largest = Math.Min(size * 2L, LargestKept);
        for (long tried = RoundUp(size); tried <= largest; tried = RoundUp((int)tried + 1))
        {
            if (TryTake((int)tried, out buffer)) return true;
        }
        return false;
    }

    public void Return(byte[] buffer)
    {
        var size = buffer.Length;
        if (size == 0) return;
        if (size > LargestKept || _keptBytes + size > KeptBytesMax)
        {
            GiveBack(buffer);
            return;
        }
        if (!_shelves.TryGetValue(size, out var shelf)) _shelves.Add(size, shelf = new Shelf());
        shelf.Buffers.Push(buffer);
        _keptBytes += size;
    }

    /// Lets go of buffers that were not needed since the last call; so many at most that nobody feels it. Called some times a second.
    public void Trim()
    {
        if (_keptBytes <= KeptForEver) return;
        var left = TrimBytesMax;
        foreach (var (size, shelf) in _shelves)
        {
            for (; shelf.Unneeded > 0 && left > 0 && _keptBytes > KeptForEver; shelf.Unneeded--)
            {
                _keptBytes -= size;
                left -= size;
                GiveBack(shelf.Buffers.Pop());
            }
            shelf.Unneeded = shelf.Buffers.Count;
        }
    }

    private bool TryTake(int size, out byte[] buffer)
    {
        buffer = [];
        if (!_shelves.TryGetValue(size, out var shelf) || !shelf.Buffers.TryPop(out var kept)) return false;
        shelf.Unneeded = Math.Min(shelf.Unneeded, shelf.Buffers.Count);
        _keptBytes -= size;
        buffer = kept;
        return true;
    }

    private static int RoundUp(int size)
    {
        if (size <= SmallestSize) return SmallestSize;
        var shift = BitOperations.Log2((uint)size - 1) - 2;
        return (((size - 1) >> shift) + 1) << shift;
    }

    private sealed class Shelf
    {
        public readonly Stack<byte[]> Buffers = new();

        /// So many were there at every moment since the last trim.
        public int Unneeded;
    }
}

namespace RedisLite.Protocol;

/// A piece of pending output: `Bytes[Start..End]` is still to be sent. The array is pinned, so its address never changes under a system call.
internal sealed class OutputBlock
{
    public readonly byte[] Bytes;
    public int Start;
    public int End;
    public OutputBlock? Next;

    internal OutputBlock(int size) => Bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);

    public ReadOnlySpan<byte> Pending => Bytes.AsSpan(Start, End - Start);
}

/// The blocks of all output buffers of one server. An idle client holds none; a client with a small reply holds 2 KB; the more a client is owed the larger
/// its next block, so that a 100 MB reply is some hundred blocks. Used by the loop thread only, so there is no lock.
///
/// A few blocks of each size are kept for ever. What else a burst has left is kept for the next one, and goes bit by bit (Trim) once none of the blocks has been
/// needed for a while. The collector would hardly ever come by to see that they are garbage: beside a data set it does not know, it has nothing to do. So a block
/// that goes gives the memory of its pages to the system itself (<see cref="GiveBack"/>).
internal sealed class BlockPool
{
    public const int SmallSize = 2 * 1024;
    public const int MediumSize = 16 * 1024;
    public const int LargeSize = 256 * 1024;

    /// Some 0.6 ms of a system call's time.
    private const long TrimBytesMax = 16 * 1024 * 1024;

    private readonly Shelf _small = new(SmallSize, kept: 4096);
    private readonly Shelf _medium = new(MediumSize, kept: 256);
    private readonly Shelf _large = new(LargeSize, kept: 16);

    /// A client whose output has been sent keeps its last block (DEBUG REPLYBUFFER RESIZING 0).
    public bool ClientsKeepOne { get; set; }

    /// Takes the memory under an array whose contents nobody needs, without waiting for its collection. The environment's: by default nothing is done.
    public Action<byte[]> GiveBack { get; set; } = static _ => { };

    /// Bytes of all blocks, lent and kept.
    public long MemoryInUse => _small.Bytes + _medium.Bytes + _large.Bytes;

    internal OutputBlock Rent(int size) => ShelfOf(size).Rent();

    internal void Return(OutputBlock block) => ShelfOf(block.Bytes.Length).Return(block);

    /// Lets go of blocks that were not needed since the last call; so many at most that nobody feels it. Called some times a second.
    public void Trim()
    {
        var left = TrimBytesMax;
        _large.Trim(ref left, GiveBack);
        _medium.Trim(ref left, GiveBack);
        _small.Trim(ref left, GiveBack);
    }

    private Shelf ShelfOf(int size) => size <= SmallSize ? _small : size <= MediumSize ? _medium : _large;

    private sealed class Shelf(int size, int kept)
    {
        private OutputBlock? _free;
        private int _freeCount;
        private int _freeLowest;
        private int _count;

        public long Bytes => (long)_count * size;

        public OutputBlock Rent()
        {
            var block = _free;
            if (block == null)
            {
                _count++;
                return new OutputBlock(size);
            }
            _free = block.Next;
            if (--_freeCount < _freeLowest) _freeLowest = _freeCount;
            block.Next = null;
            return block;
        }

        public void Return(OutputBlock block)
        {
            block.Start = block.End = 0;
            block.Next = _free;
            _free = block;
            _freeCount++;
        }

        public void Trim(ref long bytesMax, Action<byte[]> giveBack)
        {
            for (var surplus = _freeLowest - kept; surplus > 0 && bytesMax > 0; surplus--)
            {
                var block = _free!;
                _free = block.Next;
                _freeCount--;
                _count--;
                bytesMax -= size;
                giveBack(block.Bytes);
            }
            _freeLowest = _freeCount;
        }
    }
}

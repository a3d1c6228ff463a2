using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace RedisLite.Protocol;

/// What a client is still owed: a chain of pooled blocks, written at the tail by ReplyWriter, sent from the head by the transport.
///
/// An aggregate whose length is known only after its elements (a "deferred" one) leaves room for the shortest header; a longer one moves what follows in
/// the block, which is less than writing it was. So the bytes are exactly those of a length known before. Until then the buffer must not be sent.
/// Such aggregates may lie in one another; the last one begun ends first.
internal sealed class OutputBuffer(BlockPool pool)
{
    /// What a header of up to nine elements takes, and the longest one.
    private const int HeaderRoom = 4;
    private const int HeaderMax = 32;

    /// See OverflowLength.
    public const int UncountedSize = 16 * 1024;

    private OutputBlock? _head;
    private OutputBlock? _tail;
    private byte[] _bytes = [];
    private int _position;
    private long _sealedLength;
    private long _memory;
    private long _sent;                         // since the buffer was empty
    private long _uncounted = UncountedSize;    // so much of what was written since then does not count
    private readonly Stack<(OutputBlock Block, int At)> _deferred = [];

    public OutputBuffer()
        : this(new BlockPool())
    {
    }

    /// Bytes to be sent.
    public long Length => _sealedLength + (_tail == null ? 0 : _position - _tail.Start);

    public bool IsEmpty => Length == 0;

    /// Bytes of the blocks held.
    public long MemoryInUse => _memory;

    /// Size of the first block, 0 when none is held.
    public int FirstBlockSize => _head?.Bytes.Length ?? 0;

    /// The part of Length that is beyond the first 16 KB written since nothing was left to send, or from the first aggregate on whose length was not known. Output limits
    /// and CLIENT LIST count that part, as redis-server does, which has a buffer of this size in each client and puts what follows into a list.
    public long OverflowLength => Math.Max(0, Length - Math.Max(0, _uncounted - _sent));

    /// First block to send, or null; follow Next. Valid until the next call that changes the buffer.
    public OutputBlock? FirstBlock
    {
        get
        {
            Debug.Assert(_deferred.Count == 0, "sending a buffer with an unfinished aggregate");
            _tail?.End = _position;
            return _head;
        }
    }

    /// Room for at least `size` contiguous bytes (at most BlockPool.SmallSize); follow with Commit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> GetSpan(int size)
    {
        if (_bytes.Length - _position < size) AddBlock(size);
        return _bytes.AsSpan(_position);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Commit(int size) => _position += size;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= _bytes.Length - _position)
        {
            bytes.CopyTo(_bytes.AsSpan(_position));
            _position += bytes.Length;
            return;
        }
        WriteAcrossBlocks(bytes);
    }

    private void WriteAcrossBlocks(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_position == _bytes.Length) AddBlock(bytes.Length);
            var size = Math.Min(bytes.Length, _bytes.Length - _position);
            bytes[..size].CopyTo(_bytes.AsSpan(_position));
            _position += size;
            bytes = bytes[size..];
        }
    }

    private void AddBlock(int wanted)
    {
        var size = wanted > BlockPool.MediumSize || _memory >= 4 * BlockPool.MediumSize ? BlockPool.LargeSize
            : wanted > BlockPool.SmallSize || _tail != null ? BlockPool.MediumSize
            : BlockPool.SmallSize;
        var block = pool.Rent(size);
        if (_tail == null)
        {
            _head = block;
        }
        else
        {
            _tail.End = _position;
            _sealedLength += _tail.End - _tail.Start;
            _tail.Next = block;
        }
        _tail = block;
        _bytes = block.Bytes;
        _position = 0;
        _memory += block.Bytes.Length;
    }

    /// The transport has sent this many bytes.
    public void Advance(long sent)
    {
        Debug.Assert(sent <= Length);
        _tail?.End = _position;
        _sent += sent;
        while (_head is { } head)
        {
            var size = head.End - head.Start;
            if (sent < size)
            {
                head.Start += (int)sent;
                if (head != _tail) _sealedLength -= sent;
                return;
            }
            sent -= size;
            if (head == _tail)
            {
                Empty(head);
                return;
            }
            _sealedLength -= size;
            _head = head.Next;
            Release(head);
        }
    }

    /// All is sent. The last block goes back too, unless the pool says that clients keep one.
    private void Empty(OutputBlock last)
    {
        if (!pool.ClientsKeepOne)
        {
            Clear();
            return;
        }
        last.Start = last.End = _position = 0;
        _sealedLength = 0;
        _sent = 0;
        _uncounted = UncountedSize;
    }

    /// Drops everything and gives the blocks back.
    public void Clear()
    {
        while (_head is { } head)
        {
            _head = head.Next;
            Release(head);
        }
        _tail = null;
        _bytes = [];
        _position = 0;
        _sealedLength = 0;
        _sent = 0;
        _uncounted = UncountedSize;
        _deferred.Clear();
    }

    /// Takes back what was written since Length was `length` (a command that failed half-way, a muted reply).
    public void Truncate(long length)
    {
        if (length >= Length) return;
        if (length == 0)
        {
            Clear();
            return;
        }
        _deferred.Clear();
        _tail!.End = _position;
        var block = _head!;
        long before = 0;
        while (before + (block.End - block.Start) < length)
        {
            before += block.End - block.Start;
            block = block.Next!;
        }
        for (var next = block.Next; next != null;)
        {
            var dropped = next;
            next = next.Next;
            Release(dropped);
        }
        block.Next = null;
        _tail = block;
        _bytes = block.Bytes;
        _position = block.Start + (int)(length - before);
        _sealedLength = before;
    }

    private void Release(OutputBlock block)
    {
        _memory -= block.Bytes.Length;
        pool.Return(block);
    }

    /// Leaves room for an aggregate's header; returns the mark for EndDeferred.
    internal int Defer()
    {
        _uncounted = Math.Min(_uncounted, _sent + Length);
        if (_bytes.Length - _position < HeaderMax) AddBlock(HeaderMax);
        _deferred.Push((_tail!, _position));
        _position += HeaderRoom;
        return _deferred.Count;
    }

    internal void EndDeferred(int mark, ReadOnlySpan<byte> header)
    {
        if (mark != _deferred.Count) throw new InvalidOperationException("deferred aggregates do not end in order");
        var (block, at) = _deferred.Pop();
        if (header.Length != HeaderRoom) MoveElements(block, at + HeaderRoom, header.Length - HeaderRoom);
        header.CopyTo(block.Bytes.AsSpan(at));
    }

    /// Moves what the block holds from a place on by the difference; into a block of its own when it has no room (the header always has).
    private void MoveElements(OutputBlock block, int from, int by)
    {
        if (block == _tail) block.End = _position;
        else _sealedLength += by;
        var elements = block.Bytes.AsSpan(from, block.End - from);
        if (block.End + by <= block.Bytes.Length)
        {
            elements.CopyTo(block.Bytes.AsSpan(from + by));
            block.End += by;
            if (block == _tail) _position = block.End;
            return;
        }

        var next = pool.Rent(block.Bytes.Length);
        elements.CopyTo(next.Bytes);
        next.End = elements.Length;
        next.Next = block.Next;
        block.Next = next;
        block.End = from + by;
        _memory += next.Bytes.Length;
        if (block != _tail) return;
        _sealedLength += block.End - block.Start;
        _tail = next;
        _bytes = next.Bytes;
        _position = next.End;
    }

    /// Appends all of `other` (a reply captured for a script or transaction).
    public void WriteAll(OutputBuffer other)
    {
        for (var block = other.FirstBlock; block != null; block = block.Next) Write(block.Pending);
    }

    public byte[] ToArray()
    {
        var all = new byte[Length];
        var at = 0;
        for (var block = FirstBlock; block != null; block = block.Next)
        {
            block.Pending.CopyTo(all.AsSpan(at));
            at += block.End - block.Start;
        }
        return all;
    }
}

using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using RedisLite.Protocol;

namespace RedisLite.Server.Transports;

/// The bytes a connection has received and the engine has not consumed, always in one array.
///
///     nothing unread:      the next receive goes into the loop's shared buffer; the engine reads it there, usually all of it
///     an incomplete tail:  it is all that is copied, into a buffer of the connection's own (Settle), as the shared one serves the next connection
///     more bytes come:     a small tail is put in front of them in the shared buffer again; a big argument grows its own buffer and is received into it
///
/// So an idle connection holds no buffer at all, and a 100 MB argument is copied only when its buffer grows (fourfold, so about a third of it): the length a
/// client announces is not believed further than that, or a few bytes could make us reserve half a gigabyte. Unless a buffer for all of it is kept from another request.
internal sealed class LoopPipeReader(InputBuffers buffers) : PipeReader
{
    /// A tail is put back into the shared buffer, and copied out again if still incomplete, only while that is cheap: a bigger request arriving in network
    /// packets would be copied back and forth with each.
    private const int SharedTailMax = 16 * 1024;

    /// Up to this size what an argument announces is reserved at once: a megabyte with what stands around it, in the smallest buffer that holds both.
    private const int ReservedAtOnce = 1280 * 1024;

    /// A buffer with this much room left need not grow yet.
    private const int WorthReceiving = 16 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _examined;
    private bool _shared;

    public int Unread => _end - _start;

    /// Bytes of the buffer this connection keeps to itself.
    public int OwnedBytes => _shared ? 0 : _buffer.Length;

    /// Where to receive next. `wanted`: unread bytes needed in all before the engine can go on. Empty: no array is that large.
    public ArraySegment<byte> Prepare(byte[] shared, int wanted)
    {
        if (Unread == 0)
        {
            Use(shared, 0);
        }
        else if (Math.Max(wanted, Unread) <= SharedTailMax)
        {
            var tail = Unread;
            _buffer.AsSpan(_start, tail).CopyTo(shared);
            Use(shared, tail);
        }
        else if (!TryMakeRoom(wanted))
        {
            return default;
        }
        return new ArraySegment<byte>(_buffer, _end, _buffer.Length - _end);
    }

    public void Received(int count)
    {
        Debug.Assert(count <= _buffer.Length - _end);
        _end += count;
    }

    /// The shared buffer is about to serve another connection. Room for the rest of a big argument is made at once, one copy instead of two, if it is believed.
    public void Settle(int wanted = 1)
    {
        if (!_shared) return;
        var tail = Unread;
        if (tail == 0)
        {
            Use([], 0);
            _shared = false;
            return;
        }
        if (tail <= SharedTailMax) MoveTo(buffers.Rent(tail));
        else MoveTo(RentFor(wanted, SizeFor(wanted, tail)));
    }

    /// The peer has been silent for a while: no room is kept for what it announced.
    public void Trim()
    {
        var unread = Unread;
        if (_shared || unread == 0 || _buffer.Length < unread * 2L) return;
        MoveTo(buffers.Rent(unread));
    }

    public void Release()
    {
        Use([], 0);
        _shared = false;
    }

    private void Use(byte[] buffer, int unread)
    {
        _examined = unread == 0 ? 0 : _examined - _start;
        if (!_shared) buffers.Return(_buffer);
        _buffer = buffer;
        _shared = true;
        _start = 0;
        _end = unread;
    }

    private bool TryMakeRoom(int wanted)
    {
        var unread = Unread;
        var room = _buffer.Length - _end;
        if (!_shared && (room >= WorthReceiving || (room > 0 && _start + (long)wanted <= _buffer.Length))) return true;

        var size = SizeFor(wanted, unread);
        if (size > Array.MaxLength) return false;
        MoveTo(RentFor(wanted, size));
        return true;
    }

    /// One more byte is wanted when nobody knows how many will come.
    private static long SizeFor(int wanted, int unread) =>
        wanted <= unread + 1L ? unread + (long)WorthReceiving : Math.Min(wanted, Math.Max(ReservedAtOnce, unread * 4L));

    /// Room for all that is wanted if it costs nothing, as such a buffer is kept; else for as much as is believed.
    private byte[] RentFor(int wanted, long believed) =>
        wanted > believed && buffers.TryRentKept(wanted, out var kept) ? kept : buffers.Rent((int)believed);

    /// Into a buffer of the connection's own.
    private void MoveTo(byte[] own)
    {
        var unread = Unread;
        _buffer.AsSpan(_start, unread).CopyTo(own);
        _examined -= _start;
        if (!_shared) buffers.Return(_buffer);
        _buffer = own;
        _shared = false;
        _start = 0;
        _end = unread;
    }

    // ---- what the engine sees ----

    /// False when there is nothing that the engine has not examined.
    public override bool TryRead(out ReadResult result)
    {
        if (_end == _examined || _end == _start)
        {
            result = default;
            return false;
        }
        result = new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled: false, isCompleted: false);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _start = consumed.GetInteger();
        _examined = examined.GetInteger();
        if (_start != _end) return;
        if (_shared)
        {
            _start = _end = _examined = 0;
            return;
        }
        Release();
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? ValueTask.FromResult(result) : throw new NotSupportedException("The loop thread reads only what is there.");

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null) => Release();
}

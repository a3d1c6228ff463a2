using RedisLite.Engine;
using RedisLite.Protocol;

namespace RedisLite.Server.Transports;

/// A connection seen from the loop, whatever carries its bytes. A transport says how to receive and send without waiting, and calls `OnReadable` and
/// `OnWritable` when that becomes possible again; reading, the turn of a connection in an iteration, flushing and closing are the same for all and live here.
///
/// Life: Begin (the engine accepts it) -> Serve whenever there is input or the engine resumed the client -> Flush at the end of iterations in which it got
/// output -> End, at the end of an iteration, so that no command runs while its client is taken apart. The reasons to end: the engine asks (Close), an error, or
/// the input ended or the client is to go after its reply; in the last two cases what it is owed is sent first.
internal abstract class Connection(ExecutorLoop loop) : IConnection
{
    /// Returned by Receive and Send.
    protected const int WouldBlock = -1, Failed = -2;

    /// One connection may read and run this much per iteration, then it is the others' turn ...
    private const int InputPerTurn = 256 * 1024;

    /// ... and send this much.
    private const int OutputPerTurn = 1024 * 1024;

    /// A reply this big is sent at once instead of at the end of the iteration: its blocks are then still in the cache, and serve the next connection. Not while
    /// effects must be somewhere before their reply.
    private const int FlushedAtOnce = 64 * 1024;

    /// While its client is blocked or paused a connection takes in no more than this: its end must be noticed, its pipeline can wait in the kernel.
    private const int UnreadWhileHeld = 64 * 1024;

    private readonly LoopPipeReader _reader = new(loop.Engine.InputBuffers);
    private bool _canReceive;
    private bool _canSend = true;
    private bool _inputEnded;
    private bool _dropped;
    private bool _processing;

    protected ExecutorLoop Loop { get; } = loop;

    public Client? Client { get; private set; }

    public bool IsEnded { get; private set; }

    /// Its requests are being run: while a script of theirs takes long and others are served, this connection is left alone.
    internal bool IsProcessing => _processing;

    /// Set while it waits in the loop's list for another turn.
    internal bool WaitsForTurn { get; set; }

    internal bool WaitsForEnd { get; set; }

    public abstract string RemoteAddress { get; }

    public abstract string LocalAddress { get; }

    public virtual int FileDescriptor => -1;

    public virtual bool IsUnixSocket => false;

    public bool IsWaitingToSend => !_canSend;

    // ---- what a transport provides ----

    /// Bytes received, 0 at the end of the input, WouldBlock or Failed. After a WouldBlock, OnReadable is called once there is more.
    protected abstract int Receive(ArraySegment<byte> area);

    /// Whether a receive that did not fill its area can have left something behind. A transport that is told of new bytes in any case says no.
    protected virtual bool ShortReceiveMayHaveMore => true;

    /// Sends from the head of the buffer. Bytes taken, WouldBlock or Failed. After a WouldBlock, OnWritable is called once there is room.
    protected abstract long Send(OutputBuffer output);

    /// Nothing will be sent any more: a transport that can tells the peer before it closes.
    protected virtual void EndSending()
    {
    }

    protected abstract void CloseTransport();

    /// A few words to a peer that the engine does not want; errors are nobody's concern.
    protected abstract void SendRefusal(ReadOnlySpan<byte> text);

    // ---- life ----

    /// On the loop thread. False: refused and closed.
    public bool Begin()
    {
        Client = Loop.Engine.Connect(this, out var refusal);
        if (Client != null)
        {
            Loop.Count++;
            return true;
        }
        if (refusal != null) SendRefusal(System.Text.Encoding.ASCII.GetBytes(refusal));
        IsEnded = true;
        CloseTransport();
        return false;
    }

    public void OnReadable()
    {
        _canReceive = true;
        Serve();
    }

    public void OnWritable()
    {
        if (_canSend) return;
        _canSend = true;
        if (Client is { Output.IsEmpty: false }) Loop.FlushLater(this);
    }

    public void Resume() => Loop.ServeLater(this);

    public void TrimInput()
    {
        _reader.Trim();
        if (Client is { } client) client.QueryBufferSize = _reader.OwnedBytes;
    }

    public void Close()
    {
        _dropped = true;
        Loop.EndLater(this);
    }

    /// The bytes are gone or worthless: nothing will be sent any more.
    protected void Fail() => Close();

    // ---- input ----

    /// Lets the engine run what has arrived, in one fair turn.
    public void Serve()
    {
        var client = Client;
        if (client == null || _dropped || IsEnded || _processing || Loop.IsStopping) return;
        if (_reader.Unread > 0) Process(client);

        var budget = InputPerTurn;
        while (_canReceive && budget > 0 && !_dropped && !Loop.IsStopping && (client.MayRead || _reader.Unread < UnreadWhileHeld))
        {
            var area = _reader.Prepare(Loop.ReceiveBuffer, client.MayRead ? client.Parser.BytesWanted : 1);
            var received = area.Count == 0 ? Failed : Receive(area);
            if (received <= 0)
            {
                EndInput(received);
                break;
            }
            budget -= received;
            client.TotalInput += received;
            Loop.Engine.Stats.NetInput += received;
            Loop.Engine.Stats.Reads++;
            _reader.Received(received);
            if (received < area.Count && !ShortReceiveMayHaveMore) _canReceive = false;
            if (_reader.Unread < client.Parser.BytesWanted) continue;
            Process(client);
            if (client.Output.Length >= FlushedAtOnce && !Loop.Engine.HasSinks) Flush();
        }
        _reader.Settle(client.MayRead ? client.Parser.BytesWanted : 1);
        client.QueryBytes = _reader.Unread;
        client.QueryBufferSize = _reader.OwnedBytes;
        if (_canReceive && budget <= 0) Loop.ServeLater(this);
    }

    private void Process(Client client)
    {
        _processing = true;
        Loop.Engine.Process(client, _reader);
        _processing = false;
    }

    private void EndInput(int outcome)
    {
        _canReceive = false;
        if (outcome == WouldBlock) return;
        if (outcome == Failed)
        {
            Fail();
            return;
        }
        _inputEnded = true;
        Loop.EndLater(this);
    }

    // ---- output ----

    /// Sends what the client is owed, as far as the peer takes it.
    public void Flush()
    {
        var client = Client;
        if (client == null || _dropped || IsEnded || client.Has(ClientFlags.Closing)) return;
        var output = client.Output;
        long sentInTurn = 0;
        while (_canSend && !output.IsEmpty)
        {
            if (sentInTurn > OutputPerTurn)
            {
                Loop.FlushLater(this);
                return;
            }
            var sent = Send(output);
            if (sent == WouldBlock)
            {
                _canSend = false;
                return;
            }
            if (sent == Failed)
            {
                Fail();
                return;
            }
            output.Advance(sent);
            sentInTurn += sent;
            client.TotalOutput += sent;
            Loop.Engine.Stats.NetOutput += sent;
            Loop.Engine.Stats.Writes++;
        }
        if (!output.IsEmpty || !(client.CloseAfterReply || _inputEnded)) return;
        if (!Loop.IsStopping) EndSending();     // right behind the last reply: a client's pool asks at once whether its connection still lives
        Loop.EndLater(this);
    }

    /// The loop asks at the end of an iteration. False: not yet, something is still to be sent.
    internal bool TryEnd()
    {
        if (IsEnded) return true;
        if (!_dropped && Client is { Output.IsEmpty: false }) return false;
        End();
        return true;
    }

    internal void End()
    {
        if (IsEnded) return;
        IsEnded = true;
        _dropped = true;
        if (Client != null)
        {
            Loop.Engine.Disconnected(Client);
            Loop.Count--;
        }
        _reader.Release();
        CloseTransport();
    }

    /// Closes the socket and nothing else.
    internal void Abandon()
    {
        if (IsEnded) return;
        IsEnded = _dropped = true;
        CloseTransport();
    }
}

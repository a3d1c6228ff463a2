using System.Buffers;
using System.IO.Pipelines;
using RedisLite.Protocol;

namespace RedisLite.Server.Transports;

/// A connection without a socket: two pipes. The embedder's end writes requests and reads replies from any thread; our end is served by the loop like every other,
/// and a reader that falls behind makes replies wait in the client's output buffer, where the output limits see them.
internal sealed class InProcessConnection : Connection
{
    private const int RepliesInFlight = 256 * 1024;

    private readonly Pipe _requests = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.ThreadPool, useSynchronizationContext: false));
    private readonly Pipe _replies = new(new PipeOptions(readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: RepliesInFlight, resumeWriterThreshold: RepliesInFlight / 2, useSynchronizationContext: false));

    private readonly Action _onReadable;
    private readonly Action _onWritable;
    private bool _sending;

    public InProcessConnection(ExecutorLoop loop)
        : base(loop)
    {
        _onReadable = () =>
        {
            if (!IsEnded) OnReadable();
        };
        _onWritable = () =>
        {
            _sending = false;
            if (IsEnded) _replies.Writer.Complete();
            else OnWritable();
        };
        ClientEnd = new Duplex(_replies.Reader, _requests.Writer);
    }

    public IDuplexPipe ClientEnd { get; }

    public override string RemoteAddress => "inproc:0";

    public override string LocalAddress => "inproc:0";

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    protected override int Receive(ArraySegment<byte> area)
    {
        if (!_requests.Reader.TryRead(out var result))
        {
            WaitForInput();
            return WouldBlock;
        }
        if (result.Buffer.IsEmpty && result.IsCompleted) return 0;
        var size = (int)Math.Min(result.Buffer.Length, area.Count);
        var part = result.Buffer.Slice(0, size);
        part.CopyTo(area);
        _requests.Reader.AdvanceTo(part.End);           // from here on the part is somebody else's memory
        return size;
    }

    /// Completes on the writer's thread, or at once when it has written meanwhile.
    private void WaitForInput()
    {
        var read = _requests.Reader.ReadAsync().AsTask();
        read.ContinueWith(
            static (task, state) =>
            {
                var connection = (InProcessConnection)state!;
                if (task.IsCompletedSuccessfully) connection._requests.Reader.AdvanceTo(task.Result.Buffer.Start);
                connection.Loop.Arrivals.Post(connection._onReadable);
            },
            this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    protected override long Send(OutputBuffer output)
    {
        if (_sending) return WouldBlock;
        long sent = 0;
        for (var block = output.FirstBlock; block != null && sent < RepliesInFlight; block = block.Next)
        {
            _replies.Writer.Write(block.Pending);
            sent += block.End - block.Start;
        }
        var flush = _replies.Writer.FlushAsync();
        if (flush.IsCompleted) return flush.GetAwaiter().GetResult().IsCompleted ? Failed : sent;
        _sending = true;
        flush.AsTask().ContinueWith(
            static (_, state) =>
            {
                var connection = (InProcessConnection)state!;
                connection.Loop.Arrivals.Post(connection._onWritable);
            },
            this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return sent;
    }

    protected override void SendRefusal(ReadOnlySpan<byte> text)
    {
        _replies.Writer.Write(text);
        _ = _replies.Writer.FlushAsync().AsTask();
    }

    protected override void CloseTransport()
    {
        _requests.Reader.Complete();
        if (!_sending) _replies.Writer.Complete();
    }
}

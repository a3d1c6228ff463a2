using System.Runtime.CompilerServices;
using RedisLite.Data.Memory;
using RedisLite.Engine;
using RedisLite.Server.Transports;
using RedisEngine = RedisLite.Engine.Engine;

namespace RedisLite.Server;

/// The one thread that runs commands, and the order of its iteration, which everything else relies on:
///
///     wait       until a connection is ready, a mailbox post arrives or the engine has something due
///     serve      ready connections first, then those that had more than their turn took last time
///     mailbox    what other threads bring or ask for
///     engine     timers, expiry, blocked clients; later the append-only file: no reply leaves before its effects are where they must be
///     flush      every connection that got output, once, with one system call each
///     tidy       a slice of what can wait: freed memory, defragmentation; no reply waits for it
///     end        connections that are over
///
/// Iterations are short (each connection has a bounded turn, the engine works in slices), and there is no lock, since nobody else touches engine or connections.
internal sealed class ExecutorLoop : IDisposable
{
    /// Large enough that a request of 64 KB, if it has arrived whole, is executed where it was received.
    public const int ReceiveBufferSize = 256 * 1024;

    private readonly Transport _transport;
    private readonly StallDetector? _stalls;
    private readonly HashSet<Connection> _connections = [];
    private readonly Queue<Connection> _turns = new();
    private readonly Queue<Connection> _flushes = new();
    private readonly List<Connection> _ends = [];
    private readonly List<Connection> _work = [];
    private byte[]? _spareBuffer;
    private long _phase;

    public ExecutorLoop(RedisEngine engine, Transport transport, StallDetector? stalls)
    {
        Engine = engine;
        _transport = transport;
        _stalls = stalls;
        Mailbox = new Mailbox(transport.Wake);
        Arrivals = new Mailbox(transport.Wake);
        engine.OutputBlocks.GiveBack = OsMemory.GiveBack;
        engine.InputBuffers.GiveBack = OsMemory.GiveBack;
        engine.OnBusy = ServeDuringScript;
        transport.Attach(this);
    }

    public RedisEngine Engine { get; }

    public Mailbox Mailbox { get; }

    /// The mailbox of transports whose events come from other threads. Apart from the first, since it is also emptied in the middle of a script.
    public Mailbox Arrivals { get; }

    /// One receive buffer for all connections: each is served, and its rest put aside, before the next receives. Pinned: system calls write into it.
    public byte[] ReceiveBuffer { get; private set; } = NewBuffer();

    /// Connections the engine knows.
    public int Count { get; internal set; }

    /// Before the connections are closed: whose connection ends because the server does must not be able to connect again.
    public Action? OnStopping { get; set; }

    /// Counts the beginnings and the ends of waits: odd while the loop waits. For other threads.
    public long Phase => Volatile.Read(ref _phase);

    /// Whether the loop works or has worked since another thread read the phase.
    public bool HasWorkedSince(long phase) => Phase is var now && (now != phase || (now & 1) == 0);

    /// After Stop nothing more is run, or a write could be acknowledged after the last save.
    public bool IsStopping { get; private set; }

    // ---- for transports and connections, on the loop thread ----

    public void Add(Connection connection)
    {
        if (connection.Begin()) _connections.Add(connection);
    }

    public void ServeLater(Connection connection)
    {
        if (connection.WaitsForTurn) return;
        connection.WaitsForTurn = true;
        _turns.Enqueue(connection);
    }

    public void FlushLater(Connection connection) => _flushes.Enqueue(connection);

    public void EndLater(Connection connection)
    {
        if (connection.WaitsForEnd) return;
        connection.WaitsForEnd = true;
        _ends.Add(connection);
    }

    // ---- the iteration ----

    /// Runs until Stop; then every connection is closed. After a bug in the loop itself they are closed without asking the engine, whose state is unknown.
    public void Run()
    {
        try
        {
            while (!IsStopping) Iterate();
            OnStopping?.Invoke();
            foreach (var connection in _connections.ToArray())
            {
                connection.Flush();
                connection.End();
            }
        }
        finally
        {
            foreach (var connection in _connections) connection.Abandon();
            _connections.Clear();
        }
    }

    /// Ends Run after the current iteration. Loop thread only: post it from elsewhere.
    public void Stop() => IsStopping = true;

    /// A method of its own, called once per iteration, so that the JIT can replace it while the server runs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Iterate()
    {
        var idle = _turns.Count == 0 && _flushes.Count == 0 && Engine.DirtyClients.Count == 0 && !Mailbox.HasPosts && !Arrivals.HasPosts;
        _phase++;
        _transport.Wait(idle ? Engine.NextWakeMs() : 0);
        _phase++;
        _stalls?.Begin();

        Engine.BeginIteration();
        TakeTurns();
        _transport.Dispatch();
        Arrivals.Drain();
        Mailbox.Drain();
        Engine.EndIteration();
        FlushAll();
        Engine.Tidy();
        if (!IsStopping) EndAll();          // Run closes the listeners first: who sees its connection end finds nobody to connect to
        _stalls?.End();
    }

    private void TakeTurns()
    {
        for (var left = _turns.Count; left > 0 && _turns.TryDequeue(out var connection); left--)
        {
            connection.WaitsForTurn = false;
            connection.Serve();
        }
    }

    /// A script runs for too long, and the engine lets others in between: what is left of this iteration's connections, then what has arrived meanwhile. The script's
    /// own connection waits, and the buffer its requests lie in is left alone; nothing is closed, as the iteration is not over.
    private void ServeDuringScript()
    {
        var interrupted = ReceiveBuffer;
        ReceiveBuffer = _spareBuffer ??= NewBuffer();
        _transport.Dispatch();
        _transport.Wait(0);
        _transport.Dispatch();
        TakeTurns();
        Arrivals.Drain();
        Engine.BeforeReplies();
        FlushAll();
        ReceiveBuffer = interrupted;
    }

    private static byte[] NewBuffer() => GC.AllocateUninitializedArray<byte>(ReceiveBufferSize, pinned: true);

    private void FlushAll()
    {
        for (var left = _flushes.Count; left > 0 && _flushes.TryDequeue(out var connection); left--)
        {
            if (connection.IsProcessing) _flushes.Enqueue(connection);
            else connection.Flush();
        }

        var dirty = Engine.DirtyClients;
        var kept = 0;
        for (var i = 0; i < dirty.Count; i++)
        {
            var client = dirty[i];
            var connection = client.Connection as Connection;
            if (connection is { IsProcessing: true })
            {
                dirty[kept++] = client;
                continue;
            }

            client.Clear(ClientFlags.InDirtyList);
            connection?.Flush();
        }
        dirty.RemoveRange(kept, dirty.Count - kept);
    }

    private void EndAll()
    {
        if (_ends.Count == 0) return;
        _work.Clear();
        _work.AddRange(_ends);
        _ends.Clear();                      // one that is not over yet may enter it again
        foreach (var connection in _work)
        {
            connection.WaitsForEnd = false;
            if (connection.TryEnd()) _connections.Remove(connection);
        }
    }

    public void Dispose()
    {
        Mailbox.Close();
        Arrivals.Close();
        _transport.Dispose();
    }
}

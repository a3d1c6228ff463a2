namespace RedisLite.Engine.Peers;

/// <summary>A link that may be used again: what is selected on its other side, and what of the replies has come.</summary>
internal sealed class PeerSession(Engine engine, IPeerLink link) : IDisposable
{
    /// <summary>No reply to a command of ours is longer; what is, is cut.</summary>
    private const int LineMax = 1024;

    private readonly byte[] buffer = new byte[4096];
    private readonly byte[] line = new byte[LineMax];
    private int start;
    private int end;

    /// <summary>The database selected over there; null = unknown.</summary>
    public long? SelectedDb { get; set; }

    public long LastUseMs { get; set; }

    public PeerResult Send(ReadOnlySpan<byte> bytes, int timeoutMs) => link.Send(bytes, timeoutMs);

    /// <summary>One line without its end. The timeout is for the whole line: a peer that sends byte by byte gains nothing.</summary>
    public PeerResult ReadLine(int timeoutMs, out ReadOnlySpan<byte> text)
    {
        text = default;
        var length = 0;
        var began = engine.Clock.Timestamp();
        while (true)
        {
            while (start < end)
            {
                var next = buffer[start++];
                if (next == '\n')
                {
                    text = line.AsSpan(0, length).TrimEnd((byte)'\r');
                    return PeerResult.Ok;
                }
                if (length < LineMax) line[length++] = next;
            }
            var left = timeoutMs - (engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - began) / 1000);
            if (left <= 0) return PeerResult.TimedOut;
            var result = link.Receive(buffer, (int)left, out end);
            start = 0;
            if (result == PeerResult.Ok) continue;
            end = 0;
            return result;
        }
    }

    public void Dispose() => link.Dispose();
}

/// <summary>Open sessions by address, kept for some seconds: MIGRATE of many keys to one place is usual, and connecting (and logging in) costs round trips.</summary>
internal sealed class PeerSessions(Engine engine)
{
    private const int SessionsMax = 64;
    private const long IdleMaxMs = 10_000;

    private readonly Dictionary<(string Host, int Port), PeerSession> open = [];

    public int Count => open.Count;

    public PeerResult Get(string host, int port, int timeoutMs, out PeerSession? session)
    {
        if (!open.TryGetValue((host, port), out session))
        {
            var result = engine.Environment.Peers.Connect(host, port, timeoutMs, out var link);
            if (result != PeerResult.Ok) return result;
            if (open.Count == SessionsMax) Close(open.MinBy(static pair => pair.Value.LastUseMs).Key);
            open.Add((host, port), session = new PeerSession(engine, link!));
        }
        session.LastUseMs = engine.Clock.NowMs;
        return PeerResult.Ok;
    }

    /// <summary>After an error nobody knows which reply comes next.</summary>
    public void Drop(string host, int port)
    {
        if (open.ContainsKey((host, port))) Close((host, port));
    }

    public void CloseIdle(long nowMs)
    {
        if (open.Count == 0) return;
        foreach (var (address, session) in open.ToArray())
        {
            if (nowMs - session.LastUseMs > IdleMaxMs) Close(address);
        }
    }

    private void Close((string Host, int Port) address)
    {
        open[address].Dispose();
        open.Remove(address);
    }
}

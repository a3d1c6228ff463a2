using RedisLite.Engine.Peers;

namespace RedisLite.Testing;

/// <summary>Links between engines of one test. Each can be refused, cut or made silent at a step of its life.</summary>
internal sealed class SimPeers : IPeers
{
    private readonly Dictionary<(string, int), TestEngine> _engines = [];

    public void Add(string host, int port, TestEngine engine) => _engines.Add((host, port), engine);

    public int Connections { get; private set; }

    /// <summary>So many bytes of replies still arrive on any link; then it is closed (or silent).</summary>
    public int BytesLeft { get; set; } = int.MaxValue;

    public bool IsSilent { get; set; }

    /// <summary>Existing links are broken; new ones work.</summary>
    public void CutAll() => _generation++;

    private int _generation;

    public PeerResult Connect(string host, int port, int timeoutMs, out IPeerLink? link)
    {
        link = null;
        if (host == "nowhere") return PeerResult.NotFound;
        if (host == "silent") return PeerResult.TimedOut;
        if (!_engines.TryGetValue((host, port), out var engine)) return PeerResult.Failed;
        Connections++;
        link = new Link(this, engine.Connect());
        return PeerResult.Ok;
    }

    private sealed class Link(SimPeers owner, TestClient client) : IPeerLink
    {
        private readonly int _generation = owner._generation;
        private readonly Queue<byte> _replies = new();

        public PeerResult Send(ReadOnlySpan<byte> bytes, int timeoutMs)
        {
            if (_generation != owner._generation) return PeerResult.Failed;
            client.SendBytes(bytes);
            foreach (var b in client.TakeRaw()) _replies.Enqueue(b);
            return PeerResult.Ok;
        }

        public PeerResult Receive(Span<byte> buffer, int timeoutMs, out int received)
        {
            received = 0;
            if (_generation != owner._generation) return PeerResult.Failed;
            while (received < buffer.Length && owner.BytesLeft > 0 && _replies.TryDequeue(out var b))
            {
                buffer[received++] = b;
                owner.BytesLeft--;
            }
            if (received > 0) return PeerResult.Ok;
            return owner.IsSilent ? PeerResult.TimedOut : PeerResult.Failed;
        }

        public void Dispose() => client.Close();
    }
}

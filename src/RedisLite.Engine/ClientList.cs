using RedisLite.Engine.Transactions;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>All connections: joining, leaving, limits on their number, their buffers and their idleness.</summary>
internal sealed class ClientList(Engine engine)
{
    private const long TrimAfterMs = 2000;
    private const long LookGapMs = 250;

    /// <summary>A piece of redis-server's reply list: what fits into it, and what there is around it.</summary>
    private const long ReplyPieceSize = 20464;
    private const long ReplyPieceOverhead = 40;

    private readonly SortedDictionary<long, Client> byId = [];
    private readonly List<Client> closing = [];
    private long nextId = 1;
    private long nextLookMs;

    public int Count => byId.Count;

    /// <summary>In order of arrival.</summary>
    public IEnumerable<Client> All => byId.Values;

    public long PeakOutput { get; private set; }

    public Client? Find(long id) => byId.GetValueOrDefault(id);

    /// <summary>A new connection. Null: refused, the text to send before closing is in <paramref name="refusal"/>.</summary>
    public Client? Connect(IConnection connection, out string? refusal)
    {
        refusal = null;
        engine.Stats.Connections++;
        if (byId.Count >= engine.Config.Maxclients) refusal = "-ERR max number of clients reached\r\n";
        else if (IsUnprotected(connection)) refusal = ProtectedModeText;
        if (refusal is not null)
        {
            engine.Stats.RejectedConnections++;
            return null;
        }

        var client = new Client(engine, nextId++, connection, engine.RespLimits);
        client.Reply.OnError = engine.Stats.CountError;
        engine.Accounts.Enter(client);
        byId.Add(client.Id, client);
        return client;
    }

    /// <summary>The connection is gone: forget everything the client held.</summary>
    public void Disconnect(Client client)
    {
        if (!byId.Remove(client.Id)) return;
        client.Set(ClientFlags.Closing);
        engine.Blocked.Unblock(client);
        engine.Pause.Remove(client);
        engine.Monitors.Remove(client);
        engine.PubSub.UnsubscribeAll(client);
        engine.Tracking.Disable(client);
        TransactionState.Discard(client);
        client.Output.Clear();
    }

    /// <summary>Close once this iteration is over: the client may be in the middle of something now.</summary>
    public void ScheduleClose(Client client) => closing.Add(client);

    public void CloseScheduled()
    {
        if (closing.Count == 0) return;
        foreach (var client in closing.ToArray()) client.Connection.Close();
        closing.Clear();
    }

    /// <summary>
    /// Output limits: at the hard one, or at the soft one for too long, the client goes (rule 10). As in redis-server the first 16 KB of what is owed do not count,
    /// so that no limit is too small for a client to get any answer.
    /// </summary>
    public void CheckOutputLimit(Client client, long held = 0)
    {
        var counted = ReplyListBytes(client.Output.OverflowLength + held);
        if (counted > PeakOutput) PeakOutput = counted;
        if (client.Output.Length > client.PeakOutput) client.PeakOutput = Math.Min(client.Output.Length, OutputBuffer.UncountedSize);
        var limits = engine.Config.ClientOutputBufferLimit;
        var limit = client.Has(ClientFlags.Replica) ? limits.Replica
            : client.Has(ClientFlags.Subscribed) ? limits.Pubsub
            : limits.Normal;
        if (limit.Soft == 0 || counted < limit.Soft) client.SoftLimitSinceMs = 0;
        else if (client.SoftLimitSinceMs == 0) client.SoftLimitSinceMs = engine.Clock.NowMs;

        var overHard = limit.Hard > 0 && counted >= limit.Hard;
        var overSoft = client.SoftLimitSinceMs > 0 && engine.Clock.NowMs - client.SoftLimitSinceMs > limit.SoftSeconds * 1000L;
        if ((!overHard && !overSoft) || client.Has(ClientFlags.Closing)) return;

        if (client.Has(ClientFlags.Subscribed)) engine.Stats.PubSubDisconnections++;
        engine.Log.Write(LogLevel.Warning, $"Client {ClientText.Describe(client)} scheduled to be closed ASAP for overcoming of output buffer limits.");
        client.CloseNow();
    }

    /// <summary>How many pieces redis-server would have the bytes in that do not fit into a client's own buffer.</summary>
    public static long ReplyListLength(long overflow) => (overflow + ReplyPieceSize - 1) / ReplyPieceSize;

    /// <summary>What those pieces take, the first one being counted whole: "omem", and what the limits are about.</summary>
    public static long ReplyListBytes(long overflow) =>
        overflow == 0 ? 0 : Math.Max(overflow, ReplyPieceSize) + ReplyListLength(overflow) * ReplyPieceOverhead;

    public void QueryBufferExceeded(Client client)
    {
        engine.Stats.QueryBufferDisconnections++;
        engine.Log.Write(LogLevel.Warning, $"Closing client that reached max query buffer length: {ClientText.Describe(client)}");
        client.CloseNow();
    }

    /// <summary>The timeout directive: ordinary clients that said nothing for so long are closed. A slice of the clients per call.</summary>
    public void CloseIdle(long nowMs)
    {
        if (engine.Config.Timeout == 0) return;
        foreach (var client in byId.Values)
        {
            var exempt = client.Has(ClientFlags.Replica | ClientFlags.Blocked | ClientFlags.Subscribed | ClientFlags.Closing);
            if (!exempt && nowMs - client.LastInteractionMs > engine.Config.Timeout * 1000L) client.CloseNow();
        }
    }

    /// <summary>What a silent client calls for: its input buffer shrinks to what is in it, and a soft output limit that it stays above ends it.</summary>
    public void LookAfterBuffers(long nowMs)
    {
        if (nowMs < nextLookMs) return;
        nextLookMs = nowMs + LookGapMs;
        foreach (var client in byId.Values)
        {
            if (client.SoftLimitSinceMs > 0) CheckOutputLimit(client);
            if (client.QueryBufferSize > 0 && nowMs - client.LastInteractionMs > TrimAfterMs) client.Connection.TrimInput();
        }
    }

    private bool IsUnprotected(IConnection connection) => engine.Config.ProtectedMode && engine.Accounts.Default.NoPass
        && !connection.IsUnixSocket && !Engine.IsLoopback(connection.RemoteAddress);

    private const string ProtectedModeText = "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. "
        + "In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the "
        + "following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis "
        + "from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this "
        + "change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option "
        + "to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up "
        + "an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";
}

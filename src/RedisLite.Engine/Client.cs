using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>Anything that keeps a request from the fast path through the gate.</summary>
[Flags]
internal enum ClientFlags
{
    None = 0,
    NeedsAuth = 1 << 0,
    InMulti = 1 << 1,
    Subscribed = 1 << 2,
    Monitor = 1 << 3,
    Blocked = 1 << 4,
    Closing = 1 << 5,
    CloseAfterReply = 1 << 6,
    NoTouch = 1 << 7,
    NoEvict = 1 << 8,
    DirtyCas = 1 << 9,
    DirtyExec = 1 << 10,
    Replica = 1 << 11,
    Postponed = 1 << 12,
    Internal = 1 << 13,
    Restricted = 1 << 14,       // its user may not do everything: ACL checks are needed
    ReplyOff = 1 << 15,
    ReplySkip = 1 << 16,
    ReplySkipNext = 1 << 17,
    InDirtyList = 1 << 18,
    Tracking = 1 << 19,
    Caching = 1 << 20,          // CLIENT CACHING came before this command

    /// <summary>The client that scripts run their commands as.</summary>
    Script = 1 << 28,

    /// <summary>Any of these sends a request through the whole gate.</summary>
    GateMask = NeedsAuth | InMulti | Subscribed | Monitor | Replica | Restricted,

    /// <summary>Any of these stops reading further requests.</summary>
    StopMask = Blocked | Closing | CloseAfterReply | Postponed,
}

/// <summary>One connection as the engine sees it: identity, session state, output. It knows no socket.</summary>
internal sealed class Client
{
    private const int HeldOverhead = 64;

    public Client(Engine engine, long id, IConnection connection, RespLimits limits)
    {
        Engine = engine;
        Id = id;
        Connection = connection;
        Parser = new RequestParser(limits);
        Output = new OutputBuffer(engine.OutputBlocks);
        Reply = new ReplyWriter(Output);
        CreatedMs = LastInteractionMs = engine.Clock.NowMs;
    }

    public Engine Engine { get; }

    public long Id { get; }

    public IConnection Connection { get; }

    public RequestParser Parser { get; }

    public OutputBuffer Output { get; }

    public ReplyWriter Reply { get; }

    /// <summary>Messages that came from the client's own command and wait for its reply; see <see cref="Engine.PushTo"/>.</summary>
    public ReplyWriter? HeldPushes { get; set; }

    public ClientFlags Flags { get; set; }

    public int Db { get; set; }

    public string Name { get; set; } = "";

    public string LibName { get; set; } = "";

    public string LibVersion { get; set; } = "";

    public long CreatedMs { get; }

    public long LastInteractionMs { get; set; }

    /// <summary>When the soft output limit was first exceeded, 0 = it is not.</summary>
    public long SoftLimitSinceMs { get; set; }

    /// <summary>Bytes received but not yet executed, as of the last read.</summary>
    public int QueryBytes { get; set; }

    public int QueryBufferSize { get; set; }

    /// <summary>Bytes of what the server keeps for the client elsewhere: watched keys, subscriptions, tracking prefixes.</summary>
    public long HeldBytes { get; private set; }

    public CommandSpec? LastCommand { get; set; }

    /// <summary>For the client of scripts: whose script runs.</summary>
    public Client? ScriptCaller { get; set; }

    public Transactions.Transaction? Multi { get; set; }

    public List<Databases.WatchedKey> Watching { get; } = [];

    public Channels.Subscriptions? Subscriptions { get; set; }

    /// <summary>Null while CLIENT TRACKING is off.</summary>
    public Tracking.TrackingState? Tracking { get; set; }

    public Waiting.BlockedState? Blocked { get; set; }

    /// <summary>How far the append-only file had come with this client's last write (<see cref="Durability.AofLog.Appended"/>).</summary>
    public long AofMark { get; set; }

    /// <summary>The most that ever waited to be sent.</summary>
    public long PeakOutput { get; set; }

    public long TotalInput { get; set; }

    public long TotalOutput { get; set; }

    public long TotalCommands { get; set; }

    public bool Has(ClientFlags flag) => (Flags & flag) != 0;

    public void Set(ClientFlags flag) => Flags |= flag;

    public void Clear(ClientFlags flag) => Flags &= ~flag;

    /// <summary>False while blocked, paused or on its way out: its requests stay unread.</summary>
    public bool MayRead => (Flags & ClientFlags.StopMask) == 0;

    /// <summary>The transport closes the connection once <see cref="Output"/> is empty.</summary>
    public bool CloseAfterReply => Has(ClientFlags.CloseAfterReply);

    /// <summary>Something was written to <see cref="Output"/>: flush it at the end of this iteration.</summary>
    public void MarkDirty()
    {
        if (Has(ClientFlags.InDirtyList)) return;
        Set(ClientFlags.InDirtyList);
        Engine.DirtyClients.Add(this);
    }

    public Acl.AclUser User { get; set; } = null!;

    /// <summary>The server keeps a name for the client, with what leads from one to the other.</summary>
    public void Hold(ReadOnlySpan<byte> name) => HeldBytes += name.Length + HeldOverhead;

    public void LetGo(ReadOnlySpan<byte> name) => HeldBytes -= name.Length + HeldOverhead;

    /// <summary>Close now, dropping what was not sent.</summary>
    public void CloseNow()
    {
        if (Has(ClientFlags.Closing)) return;
        Set(ClientFlags.Closing);
        Engine.Clients.ScheduleClose(this);
    }
}

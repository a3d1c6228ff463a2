using System.IO.Pipelines;
using RedisLite.Data;
using RedisLite.Engine.Acl;
using RedisLite.Engine.Waiting;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using RedisLite.Engine.Info;
using RedisLite.Engine.Channels;
using RedisLite.Engine.Peers;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>
/// One Redis: data, clients, configuration, and the single thread of execution over them. It is deterministic: (requests, time,
/// seed, storage) give (replies, effects). The loop that drives it lives in Server:
/// BeginIteration, Process for every readable connection, EndIteration, flush <see cref="DirtyClients"/>, Tidy, wait for <see cref="NextWakeMs"/>.
/// </summary>
internal sealed class Engine
{
    private Executor? busyExecutor;
    private readonly Cron cron;

    public Engine(EngineEnvironment environment, ServerConfig config, CommandTable? commands = null)
    {
        Environment = environment;
        Config = config;
        Clock = new EngineClock(environment.Time);
        ByteKeys = new ByteKeyComparer(environment.Random.Next());
        RespLimits = new RespLimits { BulkMax = config.ProtoMaxBulkLen };
        Heap = new Heap((ulong)environment.Random.NextInt64(), (ulong)environment.Random.NextInt64());
        Drafts = new Keyspace(Heap);
        Access = new AccessClock(config, environment.Random);
        LoopTimes = new LoopTimes(Clock);
        Databases = new DatabaseList(this, config.Databases);
        Commands = commands ?? CommandCatalog.Create();
        Accounts = new Accounts(this);
        AclFile = new AclFile(this);
        RunId = NewRunId();
        ReplicationId = NewRunId();
        Clients = new ClientList(this);
        Blocked = new BlockedClients(this);
        PubSub = new PubSubHub(ByteKeys);
        Tracking = new Tracking.ClientTracking(this);
        Eviction = new Eviction(this);
        Expiry = new ExpiryCycle(this);
        ClientEviction = new ClientEviction(this);
        Executor = new Executor(this);
        Internal = new Client(this, 0, new NoConnection(), RespLimits) { Flags = ClientFlags.Internal, User = Accounts.Default };
        Scripts = new Scripting.ScriptEngine(this);
        Durability = new Durability.Durability(this);
        Peers = new PeerSessions(this);
        Shutdown = new Shutdown(this);
        cron = new Cron(this);
        ConfigEffects.Attach(this);
        AclFile.LoadAtStart();
    }

    public EngineEnvironment Environment { get; }

    public ServerConfig Config { get; }

    public EngineClock Clock { get; }

    public IEngineLog Log => Environment.Log;

    public Heap Heap { get; }

    public DatabaseList Databases { get; }

    /// <summary>Where results are built before they become keys, see <see cref="CommandContext.Draft"/>.</summary>
    public Keyspace Drafts { get; }

    public AccessClock Access { get; }

    public CommandTable Commands { get; }

    public ClientList Clients { get; }

    public Accounts Accounts { get; }

    public AclFile AclFile { get; }

    /// <summary>A client that has not logged in, while a login is asked for: the password may have been set or dropped since it came.</summary>
    public bool AwaitsAuth(Client client) => client.Has(ClientFlags.NeedsAuth) && !Accounts.IsOpen;

    public BlockedClients Blocked { get; }

    public PubSubHub PubSub { get; }

    public Tracking.ClientTracking Tracking { get; }

    public MonitorFeed Monitors { get; } = new();

    public SlowLog SlowLog { get; } = new();

    public LatencyMonitor Latency { get; } = new();

    public ClientPause Pause { get; } = new();

    public Stats Stats { get; } = new();

    public Rates Rates { get; } = new();

    public LoopTimes LoopTimes { get; }

    public Eviction Eviction { get; }

    public ExpiryCycle Expiry { get; }

    public ClientEviction ClientEviction { get; }

    public Executor Executor { get; }

    public ByteKeyComparer ByteKeys { get; }

    public RespLimits RespLimits { get; }

    /// <summary>The blocks of all clients' output: an idle client holds none.</summary>
    public BlockPool OutputBlocks { get; } = new();

    /// <summary>The buffers of requests that do not fit into the loop's own.</summary>
    public InputBuffers InputBuffers { get; } = new();

    /// <summary>40 hex digits that name this run.</summary>
    public string RunId { get; }

    /// <summary>40 hex digits that name this data set's history among replicas.</summary>
    public string ReplicationId { get; private set; }

    /// <summary>DEBUG CHANGE-REPL-ID.</summary>
    public void ChangeReplicationId() => ReplicationId = NewRunId();

    public Scripting.ScriptEngine Scripts { get; }

    /// <summary>Set by the loop: serve other connections from inside a script that runs for too long.</summary>
    public Action? OnBusy { get; set; }

    /// <summary>Files: snapshots, the append-only file, loading.</summary>
    public Durability.Durability Durability { get; }

    public Shutdown Shutdown { get; }

    /// <summary>Links to other servers that MIGRATE keeps open for a while.</summary>
    public PeerSessions Peers { get; }

    /// <summary>The client of units that no connection asked for.</summary>
    public Client Internal { get; }

    /// <summary>The command such units run under.</summary>
    public CommandSpec InternalCommand { get; } = new("INTERNAL", 0, static _ => { }, CommandFlags.None, "");

    /// <summary>Clients with output to flush at the end of this iteration. The loop flushes and clears.</summary>
    public List<Client> DirtyClients { get; } = [];

    /// <summary>AOF, replication, recorders of tests.</summary>
    public List<IEffectSink> Sinks { get; } = [];

    /// <summary>What INFO writes into.</summary>
    public InfoText InfoText => field ??= new InfoText();

    /// <summary>The effects of the unit that runs now.</summary>
    public Effects Effects { get; } = new();

    public bool HasSinks => Sinks.Count > 0;

    /// <summary>
    /// The unit that runs leaves something to be done after it: effects for the sinks, pushes held back for its client, a key that somebody waits for. Set by whoever adds to one
    /// of these, so that the executor asks one question after a unit instead of four; true with nothing to do is harmless.
    /// </summary>
    public bool HasAftermath { get; set; }

    public bool IsReplica => false;

    public bool IsLoading { get; set; }

    /// <summary>The server is about to end: a script that runs is ended, what it did is not kept.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Keys expire on access. Off inside DEBUG SET-ACTIVE-EXPIRE tests and while loading.</summary>
    public bool MayExpire => !IsLoading && !IsPausedForWrites;

    /// <summary>DEBUG PAUSE-CRON.</summary>
    public bool CronPaused { get; set; }

    /// <summary>DEBUG SET-ACTIVE-EXPIRE.</summary>
    public bool ActiveExpireEnabled { get; set; } = true;

    /// <summary>What the disk has against writes at the moment (MISCONF), null when nothing.</summary>
    public string? DiskRefusal { get; set; }

    /// <summary>Why writes are refused at the moment, null when they are not.</summary>
    public string? WriteRefusal => DiskRefusal ?? (HasTooFewReplicas ? Errors.NoReplicas : null);

    /// <summary>The configuration wants replicas before it takes writes, and there are none.</summary>
    public bool HasTooFewReplicas => Config.MinReplicasToWrite > 0 && Config.MinReplicasMaxLag > 0;

    /// <summary>Something global (maxmemory, a pause, loading, disk errors, too many tracked keys) sends every request through the whole gate.</summary>
    public bool GateIsNarrow => Config.Maxmemory > 0 || Pause.UntilMs != 0 || IsLoading || WriteRefusal is not null || Scripts.Run.IsBusy || Tracking.IsOverLimit;

    public bool IsPausedForWrites => Pause.UntilMs != 0 && Pause.IsActive(Clock.NowMs);

    public NotifyClasses KeyEventClasses => Config.NotifyKeyspaceEvents;

    public bool NotifiesMisses => (Config.NotifyKeyspaceEvents & NotifyClasses.KeyMiss) != 0;

    /// <summary>Requests below this many microseconds interest neither slow log nor latency monitor.</summary>
    public long SlowestUninteresting { get; private set; } = long.MaxValue;

    // ---- the loop's calls -------------------------------------------------------------------------------------------

    public Client? Connect(IConnection connection, out string? refusal) => Clients.Connect(connection, out refusal);

    public void Disconnected(Client client) => Clients.Disconnect(client);

    public void Process(Client client, PipeReader reader)
    {
        if (Scripts.Run.IsBusy) (busyExecutor ??= new Executor(this, duringScript: true)).Process(client, reader);
        else Executor.Process(client, reader);
    }

    /// <summary>A script takes too long: others are served, by an executor of their own, since the first is in the middle of its batch.</summary>
    public void ServeOthers()
    {
        var unit = Clock.UnitTicks;
        OnBusy?.Invoke();
        Clock.ResumeUnit(unit);
    }

    /// <summary>Once, when the loop is about to begin: files are loaded from here on, in slices.</summary>
    public void Start() => Durability.Start();

    public void BeginIteration()
    {
        Clock.Refresh();
        LoopTimes.Begin(Stats);
    }

    /// <summary>Replies are about to leave in the middle of an iteration: what they acknowledge must be in the log first.</summary>
    public void BeforeReplies()
    {
        if (!IsLoading) Durability.Aof.Flush();
    }

    /// <summary>Timers, expiry, blocked clients, closes: all that is due, in bounded slices.</summary>
    public void EndIteration()
    {
        var cronBegan = Clock.UnitTicks;            // the last unit has just ended
        cron.Run();
        Tracking.Broadcast();
        ClientEviction.Run();
        Durability.EndIteration();
        Clients.CloseScheduled();
        LoopTimes.End(Stats, cronBegan);
    }

    /// <summary>After the replies of the iteration have left: what nobody waits for, a slice of it.</summary>
    public void Tidy() => cron.Tidy();

    /// <summary>Milliseconds the loop may sleep at most.</summary>
    public int NextWakeMs() => IsLoading ? 0 : cron.NextWakeMs();

    // ---- what happens around a request ------------------------------------------------------------------------------

    /// <summary>Output was written to a client by its own request.</summary>
    public void AfterReply(Client client)
    {
        if (client.Output.IsEmpty && !client.CloseAfterReply) return;
        client.MarkDirty();
        if (client.Output.Length > 0) Clients.CheckOutputLimit(client);
    }

    /// <summary>
    /// Where a message to a client is written that is no reply. What comes from the client's own command is held until the command has replied, be it a
    /// whole transaction or script.
    /// </summary>
    public ReplyWriter PushTo(Client client)
    {
        if (client != Executor.Running) return client.Reply;
        var held = client.HeldPushes ??= new ReplyWriter(new OutputBuffer(OutputBlocks));
        held.Protocol = client.Reply.Protocol;
        HasAftermath = true;
        return held;
    }

    /// <summary>A message was written where <see cref="PushTo"/> said.</summary>
    public void AfterPush(Client client)
    {
        if (client != Executor.Running) AfterReply(client);
        else Clients.CheckOutputLimit(client, client.HeldPushes?.Output.Length ?? 0);
    }

    /// <summary>The command of this client has replied.</summary>
    public void SendHeldPushes(Client client)
    {
        if (client.HeldPushes is { Output.IsEmpty: false } held)
        {
            client.Output.WriteAll(held.Output);
            held.Output.Clear();
        }

        if (Tracking.HasPending) Tracking.SendPending(client);
    }

    /// <summary>Send a keyspace event to whoever listens.</summary>
    public void Notify(int db, KeyEvent what, ReadOnlySpan<byte> key)
    {
        var classes = Config.NotifyKeyspaceEvents;
        if ((classes & what.Class) == 0 || PubSub.IsIdle) return;
        if ((classes & NotifyClasses.Keyspace) != 0) PubSub.Publish(EventChannel("__keyspace@"u8, db, key), what.NameBytes);
        if ((classes & NotifyClasses.Keyevent) != 0) PubSub.Publish(EventChannel("__keyevent@"u8, db, what.NameBytes), key);
    }

    /// <summary>A key changed: whoever caches it outside is told. <paramref name="by"/>: null when it expired or was evicted.</summary>
    public void KeyChanged(Client? by, ReadOnlySpan<byte> key)
    {
        if (Tracking.IsActive) Tracking.KeyChanged(by?.ScriptCaller ?? by, key);
    }

    public ValueType? TypeOf(int db, ReadOnlySpan<byte> key)
    {
        var entry = new Entry();
        return Databases[db].FindRaw(key, entry) ? entry.Type : null;
    }

    public bool IsPastExpiry(int db, ReadOnlySpan<byte> key)
    {
        var entry = new Entry();
        return Databases[db].FindRaw(key, entry) && entry.HasExpiry && entry.ExpireAtMs <= Clock.NowMs;
    }

    /// <summary>A request took long enough for the slow log or the latency monitor.</summary>
    public void RecordSlow(CommandContext ctx, long microseconds)
    {
        var spec = ctx.Spec;
        var threshold = Config.SlowlogLogSlowerThan;
        if (threshold >= 0 && microseconds >= threshold && !spec.Has(CommandFlags.SkipSlowlog)) SlowLog.Add(ctx, microseconds, Config.SlowlogMaxLen);
        AddLatency(spec.Has(CommandFlags.Fast) ? "fast-command" : "command", microseconds / 1000);
    }

    public void AddLatencySince(string name, long timestamp)
    {
        if (Config.LatencyMonitorThreshold > 0) AddLatency(name, Clock.MicrosecondsOf(Clock.Timestamp() - timestamp) / 1000);
    }

    public void AddLatency(string name, long ms)
    {
        if (Config.LatencyMonitorThreshold > 0 && ms >= Config.LatencyMonitorThreshold) Latency.Add(name, Clock.NowMs, ms);
    }

    /// <summary>Called when slow log or latency monitor thresholds change.</summary>
    public void UpdateSlowThreshold()
    {
        var slow = Config.SlowlogLogSlowerThan < 0 ? long.MaxValue : Config.SlowlogLogSlowerThan;
        var latency = Config.LatencyMonitorThreshold <= 0 ? long.MaxValue : Config.LatencyMonitorThreshold * 1000;
        SlowestUninteresting = Math.Min(slow, latency);
    }

    /// <summary>
    /// Our own bug in a handler (rule 8). If the unit had changed nothing the client gets an error and life goes on; if it had, a
    /// half-applied write must not live on: log it and stop.
    /// </summary>
    public void InternalError(CommandContext ctx, Exception bug)
    {
        Log.Write(LogLevel.Warning, $"Bug in command '{ctx.Spec.FullName}': {bug}");
        if (ctx.Dirty > 0)
        {
            Log.Write(LogLevel.Warning, "The command had already changed data. Stopping, so that no half-applied write is served or replicated.");
            Environment.Process.Exit(1);
        }

        ctx.Reply.Error(Errors.Internal);
    }

    public bool IsLocal(Client client) => client.Connection.IsUnixSocket || IsLoopback(client.Connection.RemoteAddress);

    public static bool IsLoopback(string address) =>
        address.StartsWith("127.", StringComparison.Ordinal) || address.StartsWith("[::1]", StringComparison.Ordinal)
        || address.StartsWith("::1", StringComparison.Ordinal) || address.StartsWith("inproc", StringComparison.Ordinal);

    /// <summary>A client without a connection: it replays files, and nothing is refused to it.</summary>
    public Client NewInternalClient() => new(this, 0, new NoConnection(), RespLimits) { Flags = ClientFlags.Internal, User = Accounts.Default };

    private string NewRunId()
    {
        Span<byte> bytes = stackalloc byte[20];
        Environment.Random.NextBytes(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private byte[] EventChannel(ReadOnlySpan<byte> prefix, int db, ReadOnlySpan<byte> rest)
    {
        Span<byte> number = stackalloc byte[4];
        db.TryFormat(number, out var digits);
        return [.. prefix, .. number[..digits], .. "__:"u8, .. rest];
    }

    private sealed class NoConnection : IConnection
    {
        public string RemoteAddress => "?:0";

        public string LocalAddress => "?:0";

        public int FileDescriptor => -1;

        public bool IsUnixSocket => false;

        public bool IsWaitingToSend => false;

        public void Resume()
        {
        }

        public void TrimInput()
        {
        }

        public void Close()
        {
        }
    }
}

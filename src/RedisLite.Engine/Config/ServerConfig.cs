// The settings of one server. Readers take the typed fields below, which cost a field load; writers go through TrySet, a file
// or a command line, so that every value has passed its directive. The fields are named after the directives.
//
// TrySet is a transaction: all names are looked up, then all values are read, then those who registered for a changed directive
// act on it; a refusal at any point puts back every old value and lets those who had acted act again.
using System.Diagnostics.CodeAnalysis;
using System.Text;
using RedisLite.Data;

namespace RedisLite.Engine.Config;

/// <summary>What the one who changes the configuration is allowed to.</summary>
internal readonly record struct ConfigAccess(bool MayChangeProtected, bool IsLoading);

internal sealed class ServerConfig
{
    // Network
    public string[] Bind = [];
    public string BindSourceAddr = "";
    public int Port;
    public int TlsPort;
    public bool TlsReplication;
    public bool TlsCluster;
    public string Unixsocket = "";
    public int Unixsocketperm;
    public int TcpBacklog;
    public int TcpKeepalive;
    public int Timeout;
    public long Maxclients;
    public bool ProtectedMode;
    public TransportKind Transport;
    public long ProtoMaxBulkLen;
    public long ClientQueryBufferLimit;
    public OutputLimits ClientOutputBufferLimit;
    public long MaxmemoryClients;

    // Process
    public bool Daemonize;
    public string Pidfile = "";
    public string Logfile = "";
    public bool SetProcTitle;
    public string ProcTitleTemplate = "";
    public LogLevel Loglevel;
    public bool AlwaysShowLogo;
    public string Dir = "";
    public string LocaleCollate = "";
    public Supervision Supervised;
    public ShutdownOptions ShutdownOnSigint;
    public ShutdownOptions ShutdownOnSigterm;
    public int ShutdownTimeout;
    public int Hz;
    public OomScoreAdj OomScoreAdj;
    public int[] OomScoreAdjValues = [];

    // Access
    public string Requirepass = "";
    public string Aclfile = "";
    public long AcllogMaxLen;
    public AclPubsubDefault AclPubsubDefault;
    public bool AuthAccountInPassword;
    public string[] DisableCommandList = [];
    public GuardedAccess EnableDebugCommand;
    public GuardedAccess EnableModuleCommand;
    public GuardedAccess EnableProtectedConfigs;

    // Memory
    public int Databases;
    public long Maxmemory;
    public MaxmemoryPolicy MaxmemoryPolicy;
    public int MaxmemorySamples;
    public int MaxmemoryEvictionTenacity;
    public int LfuLogFactor;
    public int LfuDecayTime;
    public int ActiveExpireEffort;
    public bool LazyfreeLazyEviction;
    public bool LazyfreeLazyExpire;
    public bool LazyfreeLazyUserFlush;
    public bool Activedefrag;
    public long HashMaxListpackEntries;
    public long HashMaxListpackValue;
    public int ListMaxListpackSize;
    public long SetMaxIntsetEntries;
    public long SetMaxListpackEntries;
    public long SetMaxListpackValue;
    public long ZsetMaxListpackEntries;
    public long ZsetMaxListpackValue;
    public long HllSparseMaxBytes;
    public long StreamNodeMaxBytes;
    public long StreamNodeMaxEntries;

    // Events, measurement, scripts
    public NotifyClasses NotifyKeyspaceEvents;
    public long SlowlogLogSlowerThan;
    public long SlowlogMaxLen;
    public long LatencyMonitorThreshold;
    public bool LatencyTracking;
    public double[] LatencyTrackingInfoPercentiles = [];
    public long TrackingTableMaxKeys;
    public long BusyReplyThreshold;

    // Persistence
    public SavePoint[] Save = [];
    public string Dbfilename = "";
    public bool Rdbcompression;
    public bool Rdbchecksum;
    public bool RdbDelSyncFiles;
    public int RdbVersionToWrite;
    public int RdbKeySaveDelay;
    public int KeyLoadDelay;
    public bool StopWritesOnBgsaveError;
    public SanitizePayload SanitizeDumpPayload;
    public bool Appendonly;
    public string Appendfilename = "";
    public string Appenddirname = "";
    public FsyncPolicy Appendfsync;
    public bool NoAppendfsyncOnRewrite;
    public int AutoAofRewritePercentage;
    public long AutoAofRewriteMinSize;
    public bool AofLoadTruncated;
    public bool AofUseRdbPreamble;
    public bool AofTimestampEnabled;
    public bool AofDisableAutoGc;

    // Replication
    public PrimaryAddress? Replicaof;
    public string Masteruser = "";
    public string Masterauth = "";
    public bool ReplicaServeStaleData;
    public bool ReplicaReadOnly;
    public bool ReplicaLazyFlush;
    public bool ReplicaIgnoreMaxmemory;
    public bool ReplicaIgnoreDiskWriteErrors;
    public bool ReplicaAnnounced;
    public string ReplicaAnnounceIp = "";
    public int ReplicaAnnouncePort;
    public int ReplicaPriority;
    public int MinReplicasToWrite;
    public int MinReplicasMaxLag;
    public bool ReplDisklessSync;
    public int ReplDisklessSyncDelay;
    public int ReplDisklessSyncMaxReplicas;
    public DisklessLoad ReplDisklessLoad;
    public bool ReplDisableTcpNodelay;
    public int ReplPingReplicaPeriod;
    public int ReplTimeout;
    public long ReplBacklogSize;
    public long ReplBacklogTtl;
    public PropagationErrorBehavior PropagationErrorBehavior;

    // Cluster
    public bool ClusterEnabled;
    public string ClusterConfigFile = "";
    public long ClusterNodeTimeout;
    public int ClusterPort;
    public int ClusterMigrationBarrier;
    public int ClusterReplicaValidityFactor;
    public bool ClusterReplicaNoFailover;
    public bool ClusterAllowReplicaMigration;
    public bool ClusterRequireFullCoverage;
    public bool ClusterAllowReadsWhenDown;
    public bool ClusterAllowPubsubshardWhenDown;
    public string ClusterAnnounceIp = "";
    public string ClusterAnnounceHostname = "";
    public string ClusterAnnounceHumanNodename = "";
    public int ClusterAnnouncePort;
    public int ClusterAnnounceTlsPort;
    public int ClusterAnnounceBusPort;
    public EndpointType ClusterPreferredEndpointType;
    public long ClusterLinkSendbufLimit;

    // TLS
    public string TlsCertFile = "";
    public string TlsKeyFile = "";
    public string TlsKeyFilePass = "";
    public string TlsClientCertFile = "";
    public string TlsClientKeyFile = "";
    public string TlsClientKeyFilePass = "";
    public string TlsCaCertFile = "";
    public string TlsCaCertDir = "";
    public TlsClientAuth TlsAuthClients;
    public string TlsProtocols = "";
    public string TlsCiphersuites = "";

    /// <summary>Lines that only a file or a command line can hold.</summary>
    public List<(string Command, string NewName)> RenamedCommands { get; } = [];

    /// <summary>The words after "user" of each such line, for the ACL to read once it exists.</summary>
    public List<string[]> UserLines { get; } = [];

    /// <summary>Absolute path of the file this configuration was read from; empty = none, so CONFIG REWRITE has no place to write to.</summary>
    public string ConfigFile { get; set; } = "";

    /// <summary>A file is being read: directives that add up over several lines add up.</summary>
    public bool Loading { get; set; }

    internal static ServerConfig Defaults { get; } = new();

    private readonly string[] texts = new string[DirectiveTable.Rows.Length];
    private readonly bool[] touched = new bool[DirectiveTable.Rows.Length];
    private readonly Dictionary<Directive, List<Func<string?>>> listeners = [];

    public ServerConfig()
    {
        foreach (var directive in DirectiveTable.Rows) directive.SetDefault(this);
    }

    /// <summary>The place of the value of a directive without a typed field.</summary>
    internal ref string TextOf(Directive directive) => ref texts[directive.Index];

    /// <summary>No line of a file and no CONFIG SET has named the directive yet.</summary>
    internal bool IsAtStart(Directive directive) => !touched[directive.Index];

    internal string Report(Directive directive) => directive.Report(this);

    /// <summary>Reads one line of a file or of the command line; null, or the reason why not.</summary>
    internal string? ReadLine(Directive directive, ReadOnlySpan<string> words)
    {
        var before = Report(directive);
        if (directive.ReadLine(this, words) is { } error) return error;
        touched[directive.Index] = true;
        return Report(directive) == before ? null : Tell(directive);
    }

    /// <summary>Who has registered before a file is read takes part in reading it: the first refusal is the line's error.</summary>
    private string? Tell(Directive directive)
    {
        if (!listeners.TryGetValue(directive, out var list)) return null;
        foreach (var apply in list)
            if (apply() is { } error) return error;
        return null;
    }

    /// <summary>
    /// Calls <paramref name="apply"/> when a line of a file or CONFIG SET has changed one of the directives; it returns null, or the reason why the
    /// change cannot be had, which undoes the whole CONFIG SET (and calls it again, with the old values in place).
    /// </summary>
    public void OnChange(Func<string?> apply, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!DirectiveTable.TryFind(name, out var directive)) throw new ArgumentException($"no directive is named '{name}'");
            if (!listeners.TryGetValue(directive, out var list)) listeners[directive] = list = [];
            list.Add(apply);
        }
    }

    public void OnChange(Action apply, params ReadOnlySpan<string> names) =>
        OnChange(() => { apply(); return null; }, names);

    /// <summary>Sets one value as the server itself, without access rules: start-up, embedders, tests.</summary>
    public void Set(string name, string value)
    {
        if (!DirectiveTable.TryFind(name, out var directive)) throw new ArgumentException($"no directive is named '{name}'");
        var before = Report(directive);
        var error = directive.ReadText(this, value);
        touched[directive.Index] = true;
        if (error == null && Report(directive) != before) error = Tell(directive);
        if (error != null) throw new ArgumentException($"{name} '{value}': {error}");
    }

    /// <summary>The reported value of one directive, hidden ones too.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out string? value)
    {
        value = DirectiveTable.TryFind(name, out var directive) ? directive.Report(this) : null;
        return value != null;
    }

    /// <summary>
    /// CONFIG GET: names (aliases too) with their values, each once, in the order of the names. A pattern without wildcards is a name: it is
    /// answered in the spelling it was asked in, and finds hidden directives too.
    /// </summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Get(params ReadOnlySpan<string> patterns)
    {
        if (patterns.Length == 1 && IsName(patterns[0])) return TryGet(patterns[0], out var only) ? [new(patterns[0], only)] : [];

        var found = new List<KeyValuePair<string, string>>();
        var globs = new byte[]?[patterns.Length];
        for (var i = 0; i < globs.Length; i++) globs[i] = IsName(patterns[i]) ? null : ConfigText.Encode(patterns[i]);
        Span<byte> text = stackalloc byte[DirectiveTable.NameMax];
        foreach (var (name, directive) in DirectiveTable.ByName)
        {
            var ascii = text[..Encoding.ASCII.GetBytes(name, text)];
            for (var i = 0; i < globs.Length; i++)
            {
                var wanted = globs[i] is { } glob ? !directive.Is(DirectiveFlags.Hidden) && Glob.IsMatch(glob, ascii, ignoreCase: true)
                    : name.Equals(patterns[i], StringComparison.OrdinalIgnoreCase);
                if (!wanted) continue;
                found.Add(new(globs[i] == null ? patterns[i] : name, directive.Report(this)));
                break;
            }
        }
        return found;
    }

    private static bool IsName(string pattern) => pattern.AsSpan().IndexOfAny('*', '?', '[') < 0;

    /// <summary>CONFIG SET. On failure nothing has changed and <paramref name="error"/> is the reply with its code word.</summary>
    public bool TrySet(IReadOnlyList<KeyValuePair<string, string>> pairs, ConfigAccess access, [NotNullWhen(false)] out string? error)
    {
        var directives = new Directive[pairs.Count];
        for (var i = 0; i < directives.Length; i++)
            if (!TryAdmit(pairs, directives, i, access, out error)) return false;

        var before = Array.ConvertAll(directives, Report);
        for (var i = 0; i < directives.Length; i++)
        {
            if (directives[i].ReadText(this, pairs[i].Value) is not { } reason) continue;
            Restore(directives, before);
            error = Failure(DirectiveTable.Spelling(pairs[i].Key), reason);
            return false;
        }
        return TryApply(directives, before, pairs, out error);
    }

    private static bool TryAdmit(IReadOnlyList<KeyValuePair<string, string>> pairs, Directive[] directives, int i, ConfigAccess access, [NotNullWhen(false)] out string? error)
    {
        error = null;
        var name = pairs[i].Key;
        if (!DirectiveTable.TryFind(name, out var directive))
            error = $"ERR Unknown option or number of arguments for CONFIG SET - '{name}'";
        else if (directive.Is(DirectiveFlags.Immutable))
            error = Failure(name, "can't set immutable config");
        else if (directive.Is(DirectiveFlags.Protected) && !access.MayChangeProtected)
            error = Failure(name, "can't set protected config");
        else if (directive.Is(DirectiveFlags.DenyLoading) && access.IsLoading)
            error = "LOADING Redis is loading the dataset in memory";
        else if (IsRepeated(name, pairs, i))
            error = Failure(name, "duplicate parameter");
        else
            directives[i] = directive;
        return error == null;
    }


    // By name, as Redis does it: a directive and its alias in one CONFIG SET are two parameters and the later one wins.
    private static bool IsRepeated(string name, IReadOnlyList<KeyValuePair<string, string>> pairs, int count)
    {
        for (var i = 0; i < count; i++)
            if (pairs[i].Key.Equals(name, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private bool TryApply(Directive[] directives, string[] before, IReadOnlyList<KeyValuePair<string, string>> pairs, [NotNullWhen(false)] out string? error)
    {
        var called = new List<Func<string?>>();
        for (var i = 0; i < directives.Length; i++)
        {
            touched[directives[i].Index] = true;
            if (!listeners.TryGetValue(directives[i], out var list) || Report(directives[i]) == before[i]) continue;
            foreach (var apply in list)
            {
                if (called.Contains(apply)) continue;
                called.Add(apply);
                if (apply() is not { } reason) continue;

                Restore(directives, before);
                foreach (var undo in called) undo();
                error = Failure(DirectiveTable.Spelling(pairs[i].Key), reason);
                return false;
            }
        }
        error = null;
        return true;
    }

    private void Restore(Directive[] directives, string[] before)
    {
        for (var i = directives.Length - 1; i >= 0; i--)
            if (directives[i].ReadText(this, before[i]) is { } error) throw new InvalidOperationException($"{directives[i].Name} refuses its own value: {error}");
    }

    private static string Failure(string name, string reason) =>
        $"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}";
}

// Every directive of Redis 7.2, one row each: name, default, range, where the value lives, and what is special about it.
// A row without a place ("c => ref c.X") has no effect here and says why; docs/configuration.md is made from that.
using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using static RedisLite.Engine.Config.DirectiveFlags;

namespace RedisLite.Engine.Config;

internal static class DirectiveTable
{
    private const string NoJemalloc = "memory comes from our own arena, not from jemalloc";
    private const string NoCrashHandler = "there is no native crash handler to configure: the runtime reports faults";
    private const string OwnDefrag = "defragmentation is part of the allocator: it is judged by the pages it empties and bounded by time";
    private const string NoFork = "nothing forks here, so there is no child to tune";
    private const string NoIoThreads = "one loop thread does input, output and execution";
    private const string NoAffinity = "CPU affinity is left to the service manager (taskset, cgroups)";
    private const string NoIncrementalRehash = "tables grow by one small segment at a time, always";
    private const string AlwaysLazy = "a big value always gives its memory back in slices";
    private const string NoSyslog = "log lines go to standard output or to logfile";
    private const string LoopTimers = "timers follow their own deadlines, so the tick need not adapt";

    public static Directive[] Rows { get; } = Number(
    [
        // Network
        new WordsDirective("bind", ["*", "-::*"], 16, "Too many bind addresses specified.", static c => ref c.Bind),
        Text("bind-source-addr", "", static c => ref c.BindSourceAddr, EmptyIsNone),
        Int("port", 6379, 0, 65535, static c => ref c.Port),
        Text("unixsocket", "", static c => ref c.Unixsocket, Immutable | EmptyIsNone),
        new OctalDirective("unixsocketperm", 0, 511, static c => ref c.Unixsocketperm, Immutable),
        Int("tcp-backlog", 511, 0, int.MaxValue, static c => ref c.TcpBacklog, Immutable),
        Int("tcp-keepalive", 300, 0, int.MaxValue, static c => ref c.TcpKeepalive),
        Int("timeout", 0, 0, int.MaxValue, static c => ref c.Timeout),
        Long("maxclients", 10000, 1, uint.MaxValue, static c => ref c.Maxclients),
        Bool("protected-mode", true, static c => ref c.ProtectedMode),
        Long("socket-mark-id", 0, 0, uint.MaxValue, null, Immutable, noEffect: "packet marking is left to the host's firewall rules"),
        Memory("proto-max-bulk-len", 512 << 20, 1 << 20, static c => ref c.ProtoMaxBulkLen),
        Memory("client-query-buffer-limit", 1 << 30, 1 << 20, static c => ref c.ClientQueryBufferLimit),
        new OutputLimitsDirective("client-output-buffer-limit", static c => ref c.ClientOutputBufferLimit),
        new MemoryOrPercentDirective("maxmemory-clients", 0, static c => ref c.MaxmemoryClients, None),
        Int("io-threads", 1, 1, 128, null, Immutable, noEffect: NoIoThreads),
        Bool("io-threads-do-reads", false, null, Immutable, noEffect: NoIoThreads),
        Enum("transport", (int)TransportKind.Auto, "auto epoll sockets",
            static c => (int)c.Transport, static (c, v) => c.Transport = (TransportKind)v, Immutable | Own | Hidden),

        // Process
        Bool("daemonize", false, static c => ref c.Daemonize, Immutable),
        Text("pidfile", "", static c => ref c.Pidfile, Immutable | EmptyIsNone),
        Text("logfile", "", static c => ref c.Logfile, Immutable),
        Enum("loglevel", (int)LogLevel.Notice, "debug verbose notice warning nothing",
            static c => (int)c.Loglevel, static (c, v) => c.Loglevel = (LogLevel)v),
        Bool("always-show-logo", false, static c => ref c.AlwaysShowLogo, Immutable),
        Bool("syslog-enabled", false, null, Immutable, noEffect: NoSyslog),
        Text("syslog-ident", "redis", null, Immutable, noEffect: NoSyslog),
        Enum("syslog-facility", (int)SyslogFacility.Local0, "user local0 local1 local2 local3 local4 local5 local6 local7",
            null, null, Immutable, NoSyslog),
        Bool("crash-log-enabled", true, null, noEffect: NoCrashHandler),
        Bool("crash-memcheck-enabled", true, null, noEffect: NoCrashHandler),
        Bool("use-exit-on-panic", false, null, Hidden, noEffect: NoCrashHandler),
        Text("ignore-warnings", "", null, noEffect: "it silences checks of one ARM kernel bug, which are not made here"),
        new NumberDirective("watchdog-period", 0, 0, int.MaxValue, null, null, Hidden)
        { NoEffect = "it interrupts a native thread to print its stack", Clamp = static (c, v) => v == 0 ? 0 : Math.Max(v, 1000 / c.Hz * 2), KeepsFileValue = true },
        Text("dir", "", static c => ref c.Dir, Protected | DenyLoading | AlwaysWritten),
        Enum("supervised", (int)Supervision.No, "upstart systemd auto no",
            static c => (int)c.Supervised, static (c, v) => c.Supervised = (Supervision)v, Immutable),
        Bool("set-proc-title", true, static c => ref c.SetProcTitle, Immutable),
        Text("proc-title-template", "{title} {listen-addr} {server-mode}", static c => ref c.ProcTitleTemplate, check: CheckTitleTemplate),
        Text("locale-collate", "", static c => ref c.LocaleCollate),
        new ShutdownDirective("shutdown-on-sigint", static c => ref c.ShutdownOnSigint),
        new ShutdownDirective("shutdown-on-sigterm", static c => ref c.ShutdownOnSigterm),
        Int("shutdown-timeout", 10, 0, int.MaxValue, static c => ref c.ShutdownTimeout),
        Int("hz", 10, 0, int.MaxValue, static c => ref c.Hz, clamp: static (_, v) => Math.Clamp(v, 1, 500)),
        Bool("dynamic-hz", true, null, noEffect: LoopTimers),
        Enum("oom-score-adj", (int)OomScoreAdj.No, "no yes relative absolute",
            static c => (int)c.OomScoreAdj, static (c, v) => c.OomScoreAdj = (OomScoreAdj)v),
        new OomScoresDirective("oom-score-adj-values", static c => ref c.OomScoreAdjValues),
        Bool("disable-thp", true, null, Immutable, noEffect: "huge pages are asked for on purpose: without fork they cost nothing"),
        Text("server_cpulist", "", null, Immutable | EmptyIsNone, noEffect: NoAffinity),
        Text("bio_cpulist", "", null, Immutable | EmptyIsNone, noEffect: NoAffinity),
        Text("aof_rewrite_cpulist", "", null, Immutable | EmptyIsNone, noEffect: NoAffinity),
        Text("bgsave_cpulist", "", null, Immutable | EmptyIsNone, noEffect: NoAffinity),
        Bool("jemalloc-bg-thread", true, null, noEffect: NoJemalloc),

        // Access
        Text("requirepass", "", static c => ref c.Requirepass, Sensitive | EmptyIsNone),
        Text("aclfile", "", static c => ref c.Aclfile, Immutable),
        Long("acllog-max-len", 128, 0, long.MaxValue, static c => ref c.AcllogMaxLen),
        Enum("acl-pubsub-default", (int)AclPubsubDefault.Resetchannels, "allchannels resetchannels",
            static c => (int)c.AclPubsubDefault, static (c, v) => c.AclPubsubDefault = (AclPubsubDefault)v),
        Bool("auth-account-in-password", true, static c => ref c.AuthAccountInPassword, Own | Hidden),
        new WordsDirective("disable-command-list", [], int.MaxValue, "", static c => ref c.DisableCommandList, Own | Hidden) { SplitsAtCommas = true },
        Guarded("enable-debug-command", static c => (int)c.EnableDebugCommand, static (c, v) => c.EnableDebugCommand = (GuardedAccess)v),
        Guarded("enable-module-command", static c => (int)c.EnableModuleCommand, static (c, v) => c.EnableModuleCommand = (GuardedAccess)v),
        Guarded("enable-protected-configs", static c => (int)c.EnableProtectedConfigs, static (c, v) => c.EnableProtectedConfigs = (GuardedAccess)v),

        // Memory
        Int("databases", 16, 1, int.MaxValue, static c => ref c.Databases, Immutable),
        Memory("maxmemory", 0, 0, static c => ref c.Maxmemory, unbounded: true),
        Enum("maxmemory-policy", (int)MaxmemoryPolicy.Noeviction, "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction",
            static c => (int)c.MaxmemoryPolicy, static (c, v) => c.MaxmemoryPolicy = (MaxmemoryPolicy)v),
        Int("maxmemory-samples", 5, 1, int.MaxValue, static c => ref c.MaxmemorySamples),
        Int("maxmemory-eviction-tenacity", 10, 0, 100, static c => ref c.MaxmemoryEvictionTenacity),
        Int("lfu-log-factor", 10, 0, int.MaxValue, static c => ref c.LfuLogFactor),
        Int("lfu-decay-time", 1, 0, int.MaxValue, static c => ref c.LfuDecayTime),
        Int("active-expire-effort", 1, 1, 10, static c => ref c.ActiveExpireEffort),
        Bool("lazyfree-lazy-eviction", false, static c => ref c.LazyfreeLazyEviction),
        Bool("lazyfree-lazy-expire", false, static c => ref c.LazyfreeLazyExpire),
        Bool("lazyfree-lazy-server-del", false, null, noEffect: AlwaysLazy),
        Bool("lazyfree-lazy-user-del", false, null, noEffect: AlwaysLazy),
        Bool("lazyfree-lazy-user-flush", false, static c => ref c.LazyfreeLazyUserFlush),
        Bool("activerehashing", true, null, noEffect: NoIncrementalRehash),
        Bool("activedefrag", false, static c => ref c.Activedefrag),
        Memory("active-defrag-ignore-bytes", 100 << 20, 1, null, noEffect: OwnDefrag),
        Int("active-defrag-threshold-lower", 10, 0, 1000, null, noEffect: OwnDefrag),
        Int("active-defrag-threshold-upper", 100, 0, 1000, null, noEffect: OwnDefrag),
        Int("active-defrag-cycle-min", 1, 1, 99, null, noEffect: OwnDefrag),
        Int("active-defrag-cycle-max", 25, 1, 99, null, noEffect: OwnDefrag),
        Long("active-defrag-max-scan-fields", 1000, 1, long.MaxValue, null, noEffect: OwnDefrag),
        Long("hash-max-listpack-entries", 512, 0, long.MaxValue, static c => ref c.HashMaxListpackEntries, alias: "hash-max-ziplist-entries"),
        Memory("hash-max-listpack-value", 64, 0, static c => ref c.HashMaxListpackValue, alias: "hash-max-ziplist-value"),
        Int("list-max-listpack-size", -2, int.MinValue, int.MaxValue, static c => ref c.ListMaxListpackSize, alias: "list-max-ziplist-size"),
        Int("list-compress-depth", 0, 0, int.MaxValue, null, noEffect: "nodes of lists are small and kept as they are"),
        Long("set-max-intset-entries", 512, 0, long.MaxValue, static c => ref c.SetMaxIntsetEntries),
        Long("set-max-listpack-entries", 128, 0, long.MaxValue, static c => ref c.SetMaxListpackEntries),
        Long("set-max-listpack-value", 64, 0, long.MaxValue, static c => ref c.SetMaxListpackValue),
        Long("zset-max-listpack-entries", 128, 0, long.MaxValue, static c => ref c.ZsetMaxListpackEntries, alias: "zset-max-ziplist-entries"),
        Memory("zset-max-listpack-value", 64, 0, static c => ref c.ZsetMaxListpackValue, alias: "zset-max-ziplist-value"),
        Memory("hll-sparse-max-bytes", 3000, 0, static c => ref c.HllSparseMaxBytes),
        Memory("stream-node-max-bytes", 4096, 0, static c => ref c.StreamNodeMaxBytes),
        Long("stream-node-max-entries", 100, 0, long.MaxValue, static c => ref c.StreamNodeMaxEntries),

        // Events, measurement, scripts
        new KeyEventsDirective("notify-keyspace-events", static c => ref c.NotifyKeyspaceEvents),
        Long("slowlog-log-slower-than", 10000, -1, long.MaxValue, static c => ref c.SlowlogLogSlowerThan),
        Long("slowlog-max-len", 128, 0, long.MaxValue, static c => ref c.SlowlogMaxLen),
        Long("latency-monitor-threshold", 0, 0, long.MaxValue, static c => ref c.LatencyMonitorThreshold),
        Bool("latency-tracking", true, static c => ref c.LatencyTracking),
        new PercentilesDirective("latency-tracking-info-percentiles", static c => ref c.LatencyTrackingInfoPercentiles),
        Long("tracking-table-max-keys", 1_000_000, 0, long.MaxValue, static c => ref c.TrackingTableMaxKeys),
        Long("busy-reply-threshold", 5000, 0, long.MaxValue, static c => ref c.BusyReplyThreshold, alias: "lua-time-limit"),
        Bool("lua-enable-deprecated-api", false, null, Immutable | Hidden, noEffect: "the deprecated functions of the script API are not there"),

        // Persistence
        new SaveDirective("save", static c => ref c.Save),
        Text("dbfilename", "dump.rdb", static c => ref c.Dbfilename, Protected, check: static v => CheckFileName(v, "dbfilename can't be a path, just a filename")),
        Bool("rdbcompression", true, static c => ref c.Rdbcompression),
        Bool("rdbchecksum", true, static c => ref c.Rdbchecksum, Immutable),
        Bool("rdb-save-incremental-fsync", true, null, noEffect: "a snapshot is written by its own thread, whose fsync stalls nobody"),
        Bool("rdb-del-sync-files", false, static c => ref c.RdbDelSyncFiles),
        Int("rdb-version-to-write", 10, 9, 12, static c => ref c.RdbVersionToWrite, Own | Hidden),
        Int("rdb-key-save-delay", 0, int.MinValue, int.MaxValue, static c => ref c.RdbKeySaveDelay, Hidden),
        Int("key-load-delay", 0, int.MinValue, int.MaxValue, static c => ref c.KeyLoadDelay, Hidden),
        Int("loading-process-events-interval-bytes", 2 << 20, 1024, int.MaxValue, null, Hidden, noEffect: "loading is done in slices of time, between which clients are answered"),
        Bool("stop-writes-on-bgsave-error", true, static c => ref c.StopWritesOnBgsaveError),
        Enum("sanitize-dump-payload", (int)SanitizePayload.No, "no yes clients",
            static c => (int)c.SanitizeDumpPayload, static (c, v) => c.SanitizeDumpPayload = (SanitizePayload)v),
        Bool("appendonly", false, static c => ref c.Appendonly, DenyLoading),
        Text("appendfilename", "appendonly.aof", static c => ref c.Appendfilename, Immutable,
            check: static v => v.Length == 0 ? "appendfilename can't be empty" : CheckFileName(v, "appendfilename can't be a path, just a filename")),
        Text("appenddirname", "appendonlydir", static c => ref c.Appenddirname, Immutable,
            check: static v => v.Length == 0 ? "appenddirname can't be empty" : CheckFileName(v, "appenddirname can't be a path, just a dirname")),
        Enum("appendfsync", (int)FsyncPolicy.Everysec, "everysec always no",
            static c => (int)c.Appendfsync, static (c, v) => c.Appendfsync = (FsyncPolicy)v),
        Bool("no-appendfsync-on-rewrite", false, static c => ref c.NoAppendfsyncOnRewrite),
        Int("auto-aof-rewrite-percentage", 100, 0, int.MaxValue, static c => ref c.AutoAofRewritePercentage),
        Memory("auto-aof-rewrite-min-size", 64 << 20, 0, static c => ref c.AutoAofRewriteMinSize),
        Bool("aof-load-truncated", true, static c => ref c.AofLoadTruncated),
        Bool("aof-use-rdb-preamble", true, static c => ref c.AofUseRdbPreamble),
        Bool("aof-timestamp-enabled", false, static c => ref c.AofTimestampEnabled),
        Bool("aof-disable-auto-gc", false, static c => ref c.AofDisableAutoGc, Hidden),
        Bool("aof-rewrite-incremental-fsync", true, null, noEffect: NoFork),

        // Replication
        new ReplicaOfDirective("replicaof", static c => ref c.Replicaof) { Alias = "slaveof" },
        Text("masteruser", "", static c => ref c.Masteruser, Sensitive | EmptyIsNone),
        Text("masterauth", "", static c => ref c.Masterauth, Sensitive | EmptyIsNone),
        Bool("replica-serve-stale-data", true, static c => ref c.ReplicaServeStaleData, alias: "slave-serve-stale-data"),
        Bool("replica-read-only", true, static c => ref c.ReplicaReadOnly, alias: "slave-read-only"),
        Bool("replica-lazy-flush", false, static c => ref c.ReplicaLazyFlush, alias: "slave-lazy-flush"),
        Bool("replica-ignore-maxmemory", true, static c => ref c.ReplicaIgnoreMaxmemory, alias: "slave-ignore-maxmemory"),
        Bool("replica-ignore-disk-write-errors", false, static c => ref c.ReplicaIgnoreDiskWriteErrors),
        Bool("replica-announced", true, static c => ref c.ReplicaAnnounced),
        Text("replica-announce-ip", "", static c => ref c.ReplicaAnnounceIp, EmptyIsNone, alias: "slave-announce-ip"),
        Int("replica-announce-port", 0, 0, 65535, static c => ref c.ReplicaAnnouncePort, alias: "slave-announce-port"),
        Int("replica-priority", 100, 0, int.MaxValue, static c => ref c.ReplicaPriority, alias: "slave-priority"),
        Int("min-replicas-to-write", 0, 0, int.MaxValue, static c => ref c.MinReplicasToWrite, alias: "min-slaves-to-write"),
        Int("min-replicas-max-lag", 10, 0, int.MaxValue, static c => ref c.MinReplicasMaxLag, alias: "min-slaves-max-lag"),
        Bool("repl-diskless-sync", true, static c => ref c.ReplDisklessSync),
        Int("repl-diskless-sync-delay", 5, 0, int.MaxValue, static c => ref c.ReplDisklessSyncDelay),
        Int("repl-diskless-sync-max-replicas", 0, 0, int.MaxValue, static c => ref c.ReplDisklessSyncMaxReplicas),
        Enum("repl-diskless-load", (int)DisklessLoad.Disabled, "disabled on-empty-db swapdb",
            static c => (int)c.ReplDisklessLoad, static (c, v) => c.ReplDisklessLoad = (DisklessLoad)v, DenyLoading),
        Bool("repl-disable-tcp-nodelay", false, static c => ref c.ReplDisableTcpNodelay),
        Int("repl-ping-replica-period", 10, 1, int.MaxValue, static c => ref c.ReplPingReplicaPeriod, alias: "repl-ping-slave-period"),
        Int("repl-timeout", 60, 1, int.MaxValue, static c => ref c.ReplTimeout),
        new MemoryDirective("repl-backlog-size", 1 << 20, 1, static c => ref c.ReplBacklogSize, unbounded: false, None)
        { Clamp = static (_, v) => Math.Max(v, 16 * 1024), KeepsFileValue = true },
        Long("repl-backlog-ttl", 3600, 0, long.MaxValue, static c => ref c.ReplBacklogTtl),
        Enum("propagation-error-behavior", (int)PropagationErrorBehavior.Ignore, "ignore panic panic-on-replicas",
            static c => (int)c.PropagationErrorBehavior, static (c, v) => c.PropagationErrorBehavior = (PropagationErrorBehavior)v),

        // Cluster
        Bool("cluster-enabled", false, static c => ref c.ClusterEnabled, Immutable),
        Text("cluster-config-file", "nodes.conf", static c => ref c.ClusterConfigFile, Immutable),
        Long("cluster-node-timeout", 15000, 0, long.MaxValue, static c => ref c.ClusterNodeTimeout),
        Int("cluster-port", 0, 0, 65535, static c => ref c.ClusterPort, Immutable),
        Int("cluster-migration-barrier", 1, 0, int.MaxValue, static c => ref c.ClusterMigrationBarrier),
        Int("cluster-replica-validity-factor", 10, 0, int.MaxValue, static c => ref c.ClusterReplicaValidityFactor, alias: "cluster-slave-validity-factor"),
        Bool("cluster-replica-no-failover", false, static c => ref c.ClusterReplicaNoFailover, alias: "cluster-slave-no-failover"),
        Bool("cluster-allow-replica-migration", true, static c => ref c.ClusterAllowReplicaMigration),
        Bool("cluster-require-full-coverage", true, static c => ref c.ClusterRequireFullCoverage),
        Bool("cluster-allow-reads-when-down", false, static c => ref c.ClusterAllowReadsWhenDown),
        Bool("cluster-allow-pubsubshard-when-down", true, static c => ref c.ClusterAllowPubsubshardWhenDown),
        Text("cluster-announce-ip", "", static c => ref c.ClusterAnnounceIp, EmptyIsNone),
        Text("cluster-announce-hostname", "", static c => ref c.ClusterAnnounceHostname, EmptyIsNone, check: CheckHostName),
        Text("cluster-announce-human-nodename", "", static c => ref c.ClusterAnnounceHumanNodename, EmptyIsNone, check: CheckNodeName),
        Int("cluster-announce-port", 0, 0, 65535, static c => ref c.ClusterAnnouncePort),
        Int("cluster-announce-tls-port", 0, 0, 65535, static c => ref c.ClusterAnnounceTlsPort),
        Int("cluster-announce-bus-port", 0, 0, 65535, static c => ref c.ClusterAnnounceBusPort),
        Enum("cluster-preferred-endpoint-type", (int)EndpointType.Ip, "ip hostname unknown-endpoint",
            static c => (int)c.ClusterPreferredEndpointType, static (c, v) => c.ClusterPreferredEndpointType = (EndpointType)v),
        Memory("cluster-link-sendbuf-limit", 0, 0, static c => ref c.ClusterLinkSendbufLimit, unbounded: true),

        // TLS
        Int("tls-port", 0, 0, 65535, static c => ref c.TlsPort),
        Text("tls-cert-file", "", static c => ref c.TlsCertFile, EmptyIsNone),
        Text("tls-key-file", "", static c => ref c.TlsKeyFile, EmptyIsNone),
        Text("tls-key-file-pass", "", static c => ref c.TlsKeyFilePass, Sensitive | EmptyIsNone),
        Text("tls-client-cert-file", "", static c => ref c.TlsClientCertFile, EmptyIsNone),
        Text("tls-client-key-file", "", static c => ref c.TlsClientKeyFile, EmptyIsNone),
        Text("tls-client-key-file-pass", "", static c => ref c.TlsClientKeyFilePass, Sensitive | EmptyIsNone),
        Text("tls-ca-cert-file", "", static c => ref c.TlsCaCertFile, EmptyIsNone),
        Text("tls-ca-cert-dir", "", static c => ref c.TlsCaCertDir, EmptyIsNone),
        Enum("tls-auth-clients", (int)TlsClientAuth.Yes, "no yes optional",
            static c => (int)c.TlsAuthClients, static (c, v) => c.TlsAuthClients = (TlsClientAuth)v),
        Bool("tls-replication", false, static c => ref c.TlsReplication),
        Bool("tls-cluster", false, static c => ref c.TlsCluster),
        Text("tls-protocols", "", static c => ref c.TlsProtocols, EmptyIsNone),
        Text("tls-ciphersuites", "", static c => ref c.TlsCiphersuites, EmptyIsNone),
        Text("tls-ciphers", "", null, EmptyIsNone, noEffect: "TLS 1.2 cipher strings are OpenSSL's own language; tls-ciphersuites and the system's policy decide"),
        Text("tls-dh-params-file", "", null, EmptyIsNone, noEffect: "key exchange parameters are the platform's"),
        Bool("tls-prefer-server-ciphers", false, null, noEffect: "cipher order is the platform's policy"),
        Bool("tls-session-caching", true, null, noEffect: "session resumption is the platform's policy"),
        Int("tls-session-cache-size", 20480, 0, int.MaxValue, null, noEffect: "session resumption is the platform's policy"),
        Int("tls-session-cache-timeout", 300, 0, int.MaxValue, null, noEffect: "session resumption is the platform's policy"),
    ]);

    /// <summary>All names, aliases too, in their order.</summary>
    public static SortedList<string, Directive> ByName { get; } = SortNames();

    /// <summary>Characters of the longest name.</summary>
    public static int NameMax { get; } = ByName.Keys.Max(static name => name.Length);

    private static readonly Dictionary<string, Directive> Index = new(ByName, StringComparer.OrdinalIgnoreCase);

    public static bool TryFind(string name, [NotNullWhen(true)] out Directive? directive) => Index.TryGetValue(name, out directive);

    /// <summary>A known name as the table writes it.</summary>
    public static string Spelling(string name) => name.ToLowerInvariant();

    private static Directive[] Number(Directive[] rows)
    {
        for (var i = 0; i < rows.Length; i++) rows[i].Index = i;
        return rows;
    }

    private static SortedList<string, Directive> SortNames()
    {
        var names = new SortedList<string, Directive>(Rows.Length + 32, StringComparer.Ordinal);
        foreach (var row in Rows)
        {
            names.Add(row.Name, row);
            if (row.Alias != null) names.Add(row.Alias, row);
        }
        return names;
    }

    private static BoolDirective Bool(string name, bool value, Place<bool>? place, DirectiveFlags flags = None, string? alias = null, string? noEffect = null) =>
        new(name, value, place, flags) { Alias = alias, NoEffect = noEffect };

    private static NumberDirective Int(
        string name, int value, int min, int max, Place<int>? place, DirectiveFlags flags = None, string? alias = null, string? noEffect = null, Func<ServerConfig, long, long>? clamp = null) =>
        new(name, value, min, max, place, null, flags) { Alias = alias, NoEffect = noEffect, Clamp = clamp };

    private static NumberDirective Long(
        string name, long value, long min, long max, Place<long>? place, DirectiveFlags flags = None, string? alias = null, string? noEffect = null) =>
        new(name, value, min, max, null, place, flags) { Alias = alias, NoEffect = noEffect };

    private static MemoryDirective Memory(
        string name, long value, long min, Place<long>? place, DirectiveFlags flags = None, string? alias = null, bool unbounded = false,
        string? noEffect = null) =>
        new(name, value, min, place, unbounded, flags) { Alias = alias, NoEffect = noEffect };

    private static TextDirective Text(
        string name, string value, Place<string>? place, DirectiveFlags flags = None, string? alias = null, string? noEffect = null, Func<string, string?>? check = null) =>
        new(name, value, place, flags) { Alias = alias, NoEffect = noEffect, Check = check };

    private static EnumDirective Enum(
        string name, int value, string words, Func<ServerConfig, int>? load, Action<ServerConfig, int>? store, DirectiveFlags flags = None, string? noEffect = null) =>
        new(name, value, words, load, store, flags) { NoEffect = noEffect };

    private static EnumDirective Guarded(string name, Func<ServerConfig, int> load, Action<ServerConfig, int> store) =>
        new(name, (int)GuardedAccess.No, "no yes local", load, store, Immutable);

    private static string? CheckFileName(string value, string refusal) => value.AsSpan().ContainsAny('/', '\\') ? refusal : null;

    private static string? CheckHostName(string value)
    {
        if (value.Length >= 256) return "Hostnames must be less than 256 characters";
        foreach (var c in value)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')) return "Hostnames may only contain alphanumeric characters, hyphens or dots";
        return null;
    }

    private static readonly SearchValues<char> NoNodeName = SearchValues.Create("!#$%&()*+:;<>?@[]^{|}~");

    private static string? CheckNodeName(string value)
    {
        if (value.Length >= 256) return "Hostnames must be less than 256 characters";
        return value.AsSpan().ContainsAny(NoNodeName) ? "Announced human node name contained invalid character" : null;
    }

    private static readonly string[] TitleVariables = ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];

    private static string? CheckTitleTemplate(string value)
    {
        // Tried with an empty title, as Redis tries it: what is left must not be blank.
        const string Refusal = "template format is invalid or contains unknown variables";
        var rest = value.AsSpan();
        for (var open = rest.IndexOf('{'); open >= 0; open = rest.IndexOf('{'))
        {
            rest = rest[(open + 1)..];
            var close = rest.IndexOf('}');
            if (close < 0 || Array.IndexOf(TitleVariables, rest[..close].ToString()) < 0) return Refusal;
            rest = rest[(close + 1)..];
        }
        return value.Replace("{title}", "").Trim(' ').Length == 0 ? Refusal : null;
    }
}

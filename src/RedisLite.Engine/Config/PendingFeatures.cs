// Features that are still to come. Their directives are known, checked, reported and kept in the file, so that a configuration made for
// Redis can be read; but whoever switches such a feature on is refused: a server must not promise a log or a replica that is not there.
// The change that brings a feature removes its entry here.
namespace RedisLite.Engine.Config;

internal sealed record PendingFeature(string Name, string Refusal, Func<ServerConfig, bool> IsAskedFor, string[] Switches, string[] Directives);

internal static class PendingFeatures
{
    public static PendingFeature[] All { get; } =
    [
        new("replication", "replication is not supported yet", static c => c.Replicaof != null, ["replicaof"],
            ["masteruser", "masterauth", "replica-serve-stale-data", "replica-read-only", "replica-lazy-flush", "replica-ignore-maxmemory",
             "replica-ignore-disk-write-errors", "replica-announced", "replica-announce-ip", "replica-announce-port", "replica-priority",
             "repl-diskless-sync", "repl-diskless-sync-delay", "repl-diskless-sync-max-replicas",
             "repl-diskless-load", "repl-disable-tcp-nodelay", "repl-ping-replica-period", "repl-timeout", "repl-backlog-size", "repl-backlog-ttl",
             "propagation-error-behavior", "rdb-del-sync-files", "bind-source-addr", "shutdown-timeout"]),
        new("cluster mode", "cluster mode is not supported yet", static c => c.ClusterEnabled, ["cluster-enabled"],
            ["cluster-config-file", "cluster-node-timeout", "cluster-port", "cluster-migration-barrier", "cluster-replica-validity-factor",
             "cluster-replica-no-failover", "cluster-allow-replica-migration", "cluster-require-full-coverage", "cluster-allow-reads-when-down",
             "cluster-allow-pubsubshard-when-down", "cluster-announce-ip", "cluster-announce-hostname", "cluster-announce-human-nodename",
             "cluster-announce-port", "cluster-announce-tls-port", "cluster-announce-bus-port", "cluster-preferred-endpoint-type",
             "cluster-link-sendbuf-limit"]),
        new("TLS", "TLS is not supported yet", static c => c.TlsPort != 0 || c.TlsCluster || c.TlsReplication,
            ["tls-port", "tls-cluster", "tls-replication"],
            ["tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-client-cert-file", "tls-client-key-file", "tls-client-key-file-pass",
             "tls-ca-cert-file", "tls-ca-cert-dir", "tls-auth-clients", "tls-protocols", "tls-ciphersuites"]),
        new("modules", "", static _ => false, [], ["enable-module-command"]),
    ];

    /// <summary>Before a file is read: from then on nobody can switch on what is not there.</summary>
    public static void Attach(ServerConfig config)
    {
        foreach (var feature in All)
            if (feature.Switches.Length > 0) config.OnChange(() => feature.IsAskedFor(config) ? feature.Refusal : null, feature.Switches);
    }
}

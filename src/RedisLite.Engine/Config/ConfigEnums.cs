namespace RedisLite.Engine.Config;

internal enum MaxmemoryPolicy { VolatileLru, VolatileLfu, VolatileRandom, VolatileTtl, AllkeysLru, AllkeysLfu, AllkeysRandom, Noeviction }

internal enum FsyncPolicy { Everysec, Always, No }

internal enum DisklessLoad { Disabled, OnEmptyDb, Swapdb }

internal enum SanitizePayload { No, Yes, Clients }

internal enum OomScoreAdj { No, Yes, Relative, Absolute }

internal enum Supervision { Upstart, Systemd, Auto, No }

internal enum SyslogFacility { User, Local0, Local1, Local2, Local3, Local4, Local5, Local6, Local7 }

internal enum AclPubsubDefault { Allchannels, Resetchannels }

/// <summary>Who may use a dangerous command: nobody, everybody, or clients of this machine.</summary>
internal enum GuardedAccess { No, Yes, Local }

internal enum TlsClientAuth { No, Yes, Optional }

internal enum EndpointType { Ip, Hostname, UnknownEndpoint }

internal enum PropagationErrorBehavior { Ignore, Panic, PanicOnReplicas }

/// <summary>The event loop: our own over epoll, or .NET sockets.</summary>
internal enum TransportKind { Auto, Epoll, Sockets }

[Flags]
internal enum ShutdownOptions { Default = 0, Save = 1, NoSave = 2, Now = 4, Force = 8 }

internal sealed record PrimaryAddress(string Host, int Port);

/// <summary>The letters of notify-keyspace-events.</summary>
[Flags]
internal enum NotifyClasses
{
    None = 0,
    Keyspace = 1 << 0,
    Keyevent = 1 << 1,
    Generic = 1 << 2,
    String = 1 << 3,
    List = 1 << 4,
    Set = 1 << 5,
    Hash = 1 << 6,
    ZSet = 1 << 7,
    Expired = 1 << 8,
    Evicted = 1 << 9,
    Stream = 1 << 10,
    KeyMiss = 1 << 11,
    Module = 1 << 13,
    New = 1 << 14,
    All = Generic | String | List | Set | Hash | ZSet | Expired | Evicted | Stream | Module,
}

namespace RedisLite.Protocol;

/// The bounds of the wire format: what a peer may make us hold before it has shown a complete request. One object is shared by all parsers of a
/// server, so that CONFIG SET proto-max-bulk-len reaches every connection at once.
internal sealed class RespLimits
{
    /// An inline request, or the length line of a multibulk request, that has not ended after this many bytes is refused.
    public const int LineMax = 64 * 1024;

    /// Redis 7 lets a request name as many arguments as an int can count; memory is bounded by the query buffer, not by this.
    public const int ArgumentsMax = int.MaxValue;

    /// Before AUTH a stranger may name at most this many arguments ...
    public const int ArgumentsMaxUnauthenticated = 10;

    /// ... of at most this many bytes each.
    public const int BulkMaxUnauthenticated = 16 * 1024;

    public const long BulkMaxDefault = 512L * 1024 * 1024;

    /// A whole request lies in one byte[], so no argument can be longer than an array, whatever the configuration says.
    public const int BulkMaxPossible = int.MaxValue - 64 * 1024 * 1024;

    private long _bulkMax = BulkMaxDefault;

    /// proto-max-bulk-len, in bytes.
    public long BulkMax
    {
        get => _bulkMax;
        set => _bulkMax = Math.Min(value, BulkMaxPossible);
    }
}

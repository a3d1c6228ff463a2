namespace RedisLite.Data;

/// <summary>Where small encodings end. One object per server, set from the configuration while it runs; 7.2's defaults.</summary>
internal sealed class EncodingLimits
{
    public int HashMaxListpackEntries { get; set; } = 512;

    public int HashMaxListpackValue { get; set; } = 64;

    public int SetMaxIntsetEntries { get; set; } = 512;

    public int SetMaxListpackEntries { get; set; } = 128;

    public int SetMaxListpackValue { get; set; } = 64;

    public int ZSetMaxListpackEntries { get; set; } = 128;

    public int ZSetMaxListpackValue { get; set; } = 64;

    /// <summary>Positive: entries a node. Negative: -1 to -5 = 4, 8, 16, 32, 64 KB a node.</summary>
    public int ListMaxListpackSize { get; set; } = -2;

    /// <summary>An element of this size gets a node of its own, whatever else fits (DEBUG QUICKLIST-PACKED-THRESHOLD).</summary>
    public long ListPackedThreshold { get; set; } = ListPackedThresholdDefault;

    public const long ListPackedThresholdDefault = 1L << 30;

    /// <summary>Bytes a stream node may take, 0 = no limit.</summary>
    public long StreamNodeMaxBytes { get; set; } = 4096;

    /// <summary>Entries a stream node may hold, 0 = no limit.</summary>
    public long StreamNodeMaxEntries { get; set; } = 100;

    public int HllSparseMaxBytes { get; set; } = 3000;
}

namespace RedisLite.Engine.Tracking;

/// <summary>How a client wants to be told about keys it caches.</summary>
[Flags]
internal enum TrackingOptions
{
    None = 0,

    /// <summary>Told about every key with one of its prefixes, whether it has read the key or not.</summary>
    Broadcast = 1 << 0,

    /// <summary>Reads are remembered only behind CLIENT CACHING YES.</summary>
    OptIn = 1 << 1,

    /// <summary>Reads are remembered unless CLIENT CACHING NO came before.</summary>
    OptOut = 1 << 2,

    /// <summary>Not told about its own changes.</summary>
    NoLoop = 1 << 3,
}

/// <summary>Client tracking of one client, as CLIENT TRACKING ON has set it up.</summary>
internal sealed class TrackingState
{
    public TrackingOptions Options { get; set; }

    /// <summary>The client that gets the messages instead; 0 = itself.</summary>
    public long RedirectTo { get; set; }

    /// <summary>A message could not be delivered, because that client is gone.</summary>
    public bool RedirectBroken { get; set; }

    /// <summary>In broadcast mode only; the empty prefix is every key.</summary>
    public SortedSet<byte[]> Prefixes { get; } = new(ByteOrder.Instance);

    public bool Has(TrackingOptions option) => (Options & option) != 0;
}

/// <summary>Byte strings in the order of their bytes.</summary>
internal sealed class ByteOrder : IComparer<byte[]>
{
    public static readonly ByteOrder Instance = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}

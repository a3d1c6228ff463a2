using System.Text;

namespace RedisLite.Engine;

/// <summary>What INFO stats counts. CONFIG RESETSTAT makes most of it zero again.</summary>
internal sealed class Stats
{
    private const int ErrorKindsMax = 128;

    private readonly Dictionary<byte[], long> errors = new(new ByteKeyComparer(0));
    private bool errorKindsDisabled;

    public long Connections;
    public long RejectedConnections;
    public long Commands;
    public long NetInput;
    public long NetOutput;
    public long KeyspaceHits;
    public long KeyspaceMisses;
    public long ExpiredKeys;
    public long ExpiredFields;
    public double ExpiredStalePercent;
    public long ExpiredTimeCapReached;
    public long EvictedKeys;
    public long EvictedClients;
    public long ErrorReplies;
    public long Unblocked;
    public long ActiveDefragHits;
    public long ActiveDefragMisses;
    public long PubSubDisconnections;
    public long QueryBufferDisconnections;
    public long Reads;
    public long Writes;

    /// <summary>Refusals by access control; not part of a reset.</summary>
    public long AclDeniedAuth;
    public long AclDeniedCommand;
    public long AclDeniedKey;
    public long AclDeniedChannel;
    public long LazyFreedAtReset;

    /// <summary>What Redis forks for: BGSAVE and rewrites of the AOF.</summary>
    public long BackgroundSnapshots;
    public long PeakMemory;
    public long PeakMemoryAtMs;

    /// <summary>Changes since the last save; not part of a reset.</summary>
    public long Dirty;

    /// <summary>In the order of the names.</summary>
    public IEnumerable<KeyValuePair<string, long>> Errors
    {
        get
        {
            if (errors.Count == 0) yield break;     // what follows would be compiled for the first INFO, which mostly has none
            var names = new string[errors.Count];
            var count = 0;
            foreach (var error in errors.Keys) names[count++] = Encoding.Latin1.GetString(error);
            Array.Sort(names, StringComparer.Ordinal);
            foreach (var name in names) yield return KeyValuePair.Create(name, errors[Encoding.Latin1.GetBytes(name)]);
        }
    }

    /// <summary>Called for every error reply: count it under its first word. More than 128 kinds can only come from scripts that invent them.</summary>
    public void CountError(ReadOnlySpan<byte> text)
    {
        ErrorReplies++;
        if (errorKindsDisabled) return;
        var end = text.IndexOf((byte)' ');
        var code = end < 0 ? text : text[..end];
        if (errors.Count >= ErrorKindsMax && !errors.GetAlternateLookup<ReadOnlySpan<byte>>().ContainsKey(code))
        {
            errors.Clear();
            errors["ERRORSTATS_DISABLED"u8.ToArray()] = 1;
            errorKindsDisabled = true;
            return;
        }

        var lookup = errors.GetAlternateLookup<ReadOnlySpan<byte>>();
        lookup.TryGetValue(code, out var count);
        lookup[code] = count + 1;
    }

    public void Reset()
    {
        errors.Clear();
        errorKindsDisabled = false;
        Connections = RejectedConnections = Commands = NetInput = NetOutput = KeyspaceHits = KeyspaceMisses = ExpiredKeys = ExpiredFields = 0;
        ExpiredStalePercent = 0;
        ExpiredTimeCapReached = EvictedKeys = EvictedClients = ErrorReplies = Unblocked = BackgroundSnapshots = 0;
        ActiveDefragHits = ActiveDefragMisses = PubSubDisconnections = QueryBufferDisconnections = Reads = Writes = 0;
    }
}

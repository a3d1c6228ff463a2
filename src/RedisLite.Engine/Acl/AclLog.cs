namespace RedisLite.Engine.Acl;

/// <summary>Where the request came from that was refused.</summary>
internal enum AclContext
{
    TopLevel,
    Multi,
    Lua,
    Module,
}

/// <summary>Refusals of the same kind: how often, when first and when last.</summary>
internal sealed class AclLogEntry
{
    public required AclReason Reason { get; init; }

    public required AclContext Context { get; init; }

    /// <summary>The command, key or channel; of a failed login the command it was tried with.</summary>
    public required byte[] Object { get; init; }

    public required string UserName { get; init; }

    public required long Id { get; init; }

    public required long CreatedMs { get; init; }

    public long UpdatedMs { get; set; }

    public long Count { get; set; } = 1;

    /// <summary>The client that was refused last.</summary>
    public required string ClientInfo { get; set; }

    public bool IsLike(AclLogEntry other) => Reason == other.Reason && Context == other.Context && UserName == other.UserName
        && other.CreatedMs - UpdatedMs <= AclLog.GroupingMs && Object.AsSpan().SequenceEqual(other.Object);
}

/// <summary>ACL LOG: the latest refusals, newest first. A refusal like one of the newest few within a minute only counts it up and brings it to the front.</summary>
internal sealed class AclLog
{
    public const long GroupingMs = 60_000;

    private const int GroupingDepth = 10;

    private readonly LinkedList<AclLogEntry> entries = new();
    private long nextId;

    public int Count => entries.Count;

    public IEnumerable<AclLogEntry> Entries => entries;

    /// <summary>Entries are numbered for the life of the server; one that only counts up a former one uses no number.</summary>
    public long NextId => nextId;

    public void Add(AclLogEntry entry, long max)
    {
        var node = entries.First;
        for (var i = 0; i < GroupingDepth && node is not null; i++, node = node.Next)
        {
            if (!node.Value.IsLike(entry)) continue;
            node.Value.Count++;
            node.Value.UpdatedMs = entry.CreatedMs;
            node.Value.ClientInfo = entry.ClientInfo;
            entries.Remove(node);
            entries.AddFirst(node);
            return;
        }

        nextId++;
        entry.UpdatedMs = entry.CreatedMs;
        entries.AddFirst(entry);
        Trim(max);
    }

    public void Trim(long max)
    {
        while (entries.Count > max) entries.RemoveLast();
    }

    public void Clear() => entries.Clear();
}

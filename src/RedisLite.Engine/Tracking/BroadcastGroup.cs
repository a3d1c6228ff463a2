using RedisLite.Protocol;

namespace RedisLite.Engine.Tracking;

/// <summary>The clients that are told about all keys with one prefix, and the keys changed since they were told last.</summary>
internal sealed class BroadcastGroup(byte[] prefix)
{
    private readonly SortedDictionary<byte[], Client?> changed = new(ByteOrder.Instance);
    private readonly ReplyWriter text = new(new OutputBuffer());

    public byte[] Prefix { get; } = prefix;

    public List<Client> Clients { get; } = [];

    public bool HasChanges => changed.Count > 0;

    /// <summary>Whoever changed a key last is who changed it; null: it expired or was evicted.</summary>
    public void Add(ReadOnlySpan<byte> key, Client? by) => changed[key.ToArray()] = by;

    /// <summary>The changed keys as a reply. <paramref name="unlessBy"/>: without those that this client changed itself; empty when none is left.</summary>
    public byte[] KeysAsReply(Client? unlessBy)
    {
        var count = unlessBy is null ? changed.Count : changed.Values.Count(by => by != unlessBy);
        if (count == 0) return [];
        text.Array(count);
        foreach (var (key, by) in changed)
        {
            if (unlessBy is null || by != unlessBy) text.Bulk(key);
        }

        var reply = text.Output.ToArray();
        text.Output.Clear();
        return reply;
    }

    public bool WasChangedBy(Client client) => changed.ContainsValue(client);

    public void ForgetChanges() => changed.Clear();
}

using RedisLite.Data;

namespace RedisLite.Engine.Channels;

/// <summary>What one client listens to.</summary>
internal sealed class Subscriptions(ByteKeyComparer comparer)
{
    public HashSet<byte[]> Channels { get; } = new(comparer);

    public HashSet<byte[]> Patterns { get; } = new(comparer);

    public HashSet<byte[]> ShardChannels { get; } = new(comparer);

    public int Count => Channels.Count + Patterns.Count;

    public bool IsEmpty => Channels.Count + Patterns.Count + ShardChannels.Count == 0;
}

/// <summary>Channels, patterns and shard channels, each to its subscribers in order of subscription.</summary>
internal sealed class PubSubHub(ByteKeyComparer comparer)
{
    private readonly Dictionary<byte[], List<Client>> channels = new(comparer);
    private readonly Dictionary<byte[], List<Client>> patterns = new(comparer);
    private readonly Dictionary<byte[], List<Client>> shardChannels = new(comparer);

    public int ChannelCount => channels.Count;

    public int PatternCount => patterns.Count;

    public int ShardChannelCount => shardChannels.Count;

    public int ClientCount { get; private set; }

    public IEnumerable<byte[]> Channels => channels.Keys;

    public IEnumerable<byte[]> ShardChannels => shardChannels.Keys;

    public bool IsIdle => channels.Count == 0 && patterns.Count == 0;

    public int Subscribers(ReadOnlySpan<byte> channel, bool shard = false) =>
        (shard ? shardChannels : channels).GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out var list) ? list.Count : 0;

    public bool Subscribe(Client client, ReadOnlySpan<byte> channel) => Add(client, channels, Of(client).Channels, channel);

    public bool SubscribePattern(Client client, ReadOnlySpan<byte> pattern) => Add(client, patterns, Of(client).Patterns, pattern);

    public bool SubscribeShard(Client client, ReadOnlySpan<byte> channel) => Add(client, shardChannels, Of(client).ShardChannels, channel);

    public bool Unsubscribe(Client client, ReadOnlySpan<byte> channel) => Remove(client, channels, client.Subscriptions?.Channels, channel);

    public bool UnsubscribePattern(Client client, ReadOnlySpan<byte> pattern) => Remove(client, patterns, client.Subscriptions?.Patterns, pattern);

    public bool UnsubscribeShard(Client client, ReadOnlySpan<byte> channel) => Remove(client, shardChannels, client.Subscriptions?.ShardChannels, channel);

    /// <summary>Forget everything of a client that disconnects or resets.</summary>
    public void UnsubscribeAll(Client client)
    {
        if (client.Subscriptions is not { } subscriptions) return;
        foreach (var channel in subscriptions.Channels.ToArray()) Unsubscribe(client, channel);
        foreach (var pattern in subscriptions.Patterns.ToArray()) UnsubscribePattern(client, pattern);
        foreach (var channel in subscriptions.ShardChannels.ToArray()) UnsubscribeShard(client, channel);
    }

    /// <summary>Send to the subscribers of the channel, then to those of matching patterns. Returns the number of receivers.</summary>
    public int Publish(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        var receivers = 0;
        if (channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out var list))
        {
            foreach (var client in list) Push(client, "message"u8, channel, message);
            receivers += list.Count;
        }

        foreach (var (pattern, clients) in patterns)
        {
            if (!Glob.IsMatch(pattern, channel)) continue;
            foreach (var client in clients)
            {
                if (client.Has(ClientFlags.Closing)) continue;
                var reply = client.Engine.Executor.PushTo(client);
                reply.Push(4);
                reply.Bulk("pmessage"u8);
                reply.Bulk(pattern);
                reply.Bulk(channel);
                reply.Bulk(message);
                client.Engine.AfterPush(client);
            }

            receivers += clients.Count;
        }

        return receivers;
    }

    public int PublishShard(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        if (!shardChannels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out var list)) return 0;
        foreach (var client in list) Push(client, "smessage"u8, channel, message);
        return list.Count;
    }

    private static void Push(Client client, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        if (client.Has(ClientFlags.Closing)) return;
        var reply = client.Engine.Executor.PushTo(client);
        reply.Push(3);
        reply.Bulk(kind);
        reply.Bulk(channel);
        reply.Bulk(message);
        client.Engine.AfterPush(client);
    }

    private Subscriptions Of(Client client) => client.Subscriptions ??= new Subscriptions(comparer);

    private bool Add(Client client, Dictionary<byte[], List<Client>> map, HashSet<byte[]> own, ReadOnlySpan<byte> name)
    {
        if (own.GetAlternateLookup<ReadOnlySpan<byte>>().Contains(name)) return false;
        var wasEmpty = client.Subscriptions!.IsEmpty;
        var bytes = name.ToArray();
        own.Add(bytes);
        if (!map.TryGetValue(bytes, out var list)) map.Add(bytes, list = []);
        list.Add(client);
        client.Hold(name);
        client.Set(ClientFlags.Subscribed);
        if (wasEmpty) ClientCount++;
        return true;
    }

    private bool Remove(Client client, Dictionary<byte[], List<Client>> map, HashSet<byte[]>? own, ReadOnlySpan<byte> name)
    {
        if (own is null || !own.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name)) return false;
        client.LetGo(name);
        var lookup = map.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(name, out var list))
        {
            list.Remove(client);
            if (list.Count == 0) lookup.Remove(name);
        }

        if (client.Subscriptions!.IsEmpty)
        {
            client.Clear(ClientFlags.Subscribed);
            ClientCount--;
        }

        return true;
    }
}

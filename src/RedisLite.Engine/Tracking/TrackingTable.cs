using RedisLite.Data;

namespace RedisLite.Engine.Tracking;

/// <summary>
/// Which clients have read which key since it changed last: key names (of all databases together, as in Redis) to client IDs. A client that goes or
/// stops tracking leaves its IDs behind, to be passed over when the key changes; they cannot pile up under a key that never changes, because a set
/// of IDs that has doubled drops those of clients that are gone. The keys also stand in a list, so that one can be picked at random.
/// </summary>
internal sealed class TrackingTable(ByteKeyComparer comparer)
{
    private const int ReadersBeforeCleaning = 64;

    private readonly Dictionary<byte[], Readers> byKey = new(comparer);
    private readonly List<Readers> all = [];

    /// <summary>The clients of one key; nearly always one.</summary>
    internal sealed class Readers(byte[] key, int place, long first)
    {
        private HashSet<long>? more;
        private int cleanAt = ReadersBeforeCleaning;

        public byte[] Key { get; } = key;

        public int Place { get; set; } = place;

        public int Count => more?.Count ?? 1;

        public IEnumerable<long> Ids => more is null ? [first] : more;

        public void Add(long id, Func<long, bool> isGone)
        {
            if (more is null && id == first) return;
            more ??= [first];
            if (!more.Add(id) || more.Count < cleanAt) return;
            more.RemoveWhere(known => isGone(known));
            cleanAt = Math.Max(ReadersBeforeCleaning, more.Count * 2);
        }
    }

    public int KeyCount => all.Count;

    /// <summary>Pairs of a key and a client.</summary>
    public long ItemCount { get; private set; }

    public void Add(ReadOnlySpan<byte> key, long clientId, Func<long, bool> isGone)
    {
        if (byKey.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var readers))
        {
            ItemCount -= readers.Count;
            readers.Add(clientId, isGone);
            ItemCount += readers.Count;
            return;
        }

        readers = new Readers(key.ToArray(), all.Count, clientId);
        byKey.Add(readers.Key, readers);
        all.Add(readers);
        ItemCount++;
    }

    /// <summary>Forgets the key and returns who had read it, or null.</summary>
    public Readers? Take(ReadOnlySpan<byte> key)
    {
        if (!byKey.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key, out _, out var readers)) return null;
        ItemCount -= readers.Count;
        var last = all[^1];
        all[readers.Place] = last;
        last.Place = readers.Place;
        all.RemoveAt(all.Count - 1);
        return readers;
    }

    public byte[] RandomKey(Random random) => all[random.Next(all.Count)].Key;

    public void Clear()
    {
        byKey.Clear();
        all.Clear();
        ItemCount = 0;
    }
}

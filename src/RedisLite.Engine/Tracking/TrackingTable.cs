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

    // What the runtime takes, rounded: the name's array, the readers, their places in the dictionary and the list; an ID in a set.
    private const int BytesOfKey = 160;
    private const int BytesOfItem = 24;

    private readonly Dictionary<byte[], Readers> byKey = new(comparer);
    private readonly List<Readers> all = [];
    private long nameBytes;

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

    /// <summary>An estimate, for the server's used memory.</summary>
    public long Memory => nameBytes + ((long)KeyCount * BytesOfKey) + ((ItemCount - KeyCount) * BytesOfItem);

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
        nameBytes += key.Length;
    }

    /// <summary>Forgets the key and returns who had read it, or null.</summary>
    public Readers? Take(ReadOnlySpan<byte> key)
    {
        if (!byKey.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key, out _, out var readers)) return null;
        ItemCount -= readers.Count;
        nameBytes -= readers.Key.Length;
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
        ItemCount = nameBytes = 0;
    }
}

using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// Streams in the RDB format: the nodes as they lie in memory, the header, then groups with what is pending, once for the group with times and counts
/// and once for each consumer by ID. The second form added entries-read and the deleted IDs (7.0), the third the time a consumer was last active (7.2).
/// </summary>
internal static class StreamCodec
{
    public static byte TypeFor(int version) =>
        version >= 11 ? RdbFormat.TypeStreamListpacks3 : version == 10 ? RdbFormat.TypeStreamListpacks2 : RdbFormat.TypeStreamListpacks;

    public static bool IsStream(byte type) => type is RdbFormat.TypeStreamListpacks or RdbFormat.TypeStreamListpacks2 or RdbFormat.TypeStreamListpacks3;

    // ---- writing ----

    public static void Write(Heap heap, RdbOutput output, ReadOnlySpan<byte> value, int version)
    {
        var type = TypeFor(version);
        var header = MemoryMarshal.Read<StreamHeader>(value);
        var nodes = 0L;
        for (var walk = new StreamNodeWalk(heap, header.Entries); walk.MoveNext();) nodes++;
        output.Count(nodes);
        Span<byte> id = stackalloc byte[StreamId.KeyBytes];
        for (var walk = new StreamNodeWalk(heap, header.Entries); walk.MoveNext();)
        {
            walk.MasterId.WriteTo(id);
            output.Bytes(id);
            output.Bytes(walk.Pack);
        }

        output.Count(header.Entries.Count);
        WriteId(output, header.LastId);
        if (type != RdbFormat.TypeStreamListpacks)
        {
            var first = new StreamWalk(heap, header.Entries, StreamId.Min, StreamId.Max, isReverse: false);
            WriteId(output, first.MoveNext() ? first.Id : default);
            WriteId(output, header.MaxDeletedId);
            output.Length64(header.EntriesAdded);
        }

        var names = StreamGroups.SortedKeys(heap, ref header.Groups);
        output.Count(names.Count);
        foreach (var name in names) WriteGroup(output, name, new StreamGroup(heap, value, name), type);
    }

    private static void WriteGroup(RdbOutput output, byte[] name, StreamGroup group, byte type)
    {
        output.String(name);
        WriteId(output, group.LastId);
        if (type != RdbFormat.TypeStreamListpacks) output.Length64((ulong)group.EntriesRead);
        output.Count(group.PendingCount);
        for (var walk = group.WalkPending(StreamId.Min); walk.MoveNext();)
        {
            var pending = PendingEntry.Read(walk.Current);
            output.Raw(walk.Current[..StreamId.KeyBytes]);
            output.Int64(pending.DeliveredMs);
            output.Count(pending.Deliveries);
        }

        var consumers = group.ConsumerNames();
        output.Count(consumers.Count);
        foreach (var consumerName in consumers)
        {
            group.TryGetConsumer(consumerName, out var consumer);
            output.String(consumerName);
            output.Int64(consumer.SeenMs);
            if (type == RdbFormat.TypeStreamListpacks3) output.Int64(consumer.ActiveMs);
            output.Count(consumer.Pending.Count);
            for (var walk = group.WalkPending(consumer, StreamId.Min); walk.MoveNext();) output.Raw(walk.Current);
        }
    }

    private static void WriteId(RdbOutput output, StreamId id)
    {
        output.Length64(id.Ms);
        output.Length64(id.Seq);
    }

    // ---- reading ----

    public static void Read(RdbInput input, byte type, StreamValue stream)
    {
        var last = ReadNodes(input, stream);
        var length = input.Length();
        if (length != (ulong)stream.Count) throw input.Bad($"a stream says it has {length} entries, its nodes hold {stream.Count}");
        var lastId = ReadId(input);
        if (stream.Count > 0 && lastId < last) throw input.Bad("a stream's last ID is below its entries");
        stream.LastId = lastId;
        stream.EntriesAdded = length;
        if (type != RdbFormat.TypeStreamListpacks)
        {
            ReadId(input);                                     // the first ID, which is looked up here
            stream.MaxDeletedId = ReadId(input);
            stream.EntriesAdded = input.Length();
        }
        for (var groups = input.Count(bytesEach: 5); groups > 0; groups--) ReadGroup(input, type, stream);
    }

    private static StreamId ReadNodes(RdbInput input, StreamValue stream)
    {
        StreamId last = default;
        var isFirst = true;
        for (var nodes = input.Count(bytesEach: 2); nodes > 0; nodes--)
        {
            var key = input.String();
            if (key.Length != StreamId.KeyBytes) throw input.Bad("a stream node's ID has the wrong size");
            var master = StreamId.Read(key);
            var pack = input.String();
            if (!StreamCheck.IsValid(pack, master, out var live, out var first, out var lastHere)) throw input.Bad("Stream listpack integrity check failed");
            if (!isFirst && first <= last) throw input.Bad("a stream's nodes are out of order");
            isFirst = false;
            last = lastHere;
            if (live > 0) stream.AddNode(master, pack);
        }
        return last;
    }

    private static void ReadGroup(RdbInput input, byte type, StreamValue stream)
    {
        var name = input.String().ToArray();
        var lastId = ReadId(input);
        var entriesRead = type == RdbFormat.TypeStreamListpacks ? stream.CountThrough(lastId) : (long)input.Length();
        if (!stream.CreateGroup(name, lastId, Math.Max(entriesRead, -1))) throw input.Bad("a stream holds a group twice");
        stream.TryGetGroup(name, out var group);

        var pending = new Dictionary<StreamId, (long DeliveredMs, long Deliveries)>();
        for (var count = input.Count(bytesEach: StreamId.KeyBytes + 9); count > 0; count--)
        {
            var id = StreamId.Read(input.Fixed(StreamId.KeyBytes));
            var delivered = input.Int64();
            if (!pending.TryAdd(id, (delivered, (long)input.Length()))) throw input.Bad("a group holds a pending entry twice");
        }
        for (var consumers = input.Count(bytesEach: 10); consumers > 0; consumers--) ReadConsumer(input, type, ref group, pending);
        if (pending.Count > 0) throw input.Bad("a pending entry belongs to no consumer");
    }

    private static void ReadConsumer(RdbInput input, byte type, ref StreamGroup group, Dictionary<StreamId, (long DeliveredMs, long Deliveries)> pending)
    {
        var name = input.String().ToArray();
        if (group.TryGetConsumer(name, out _)) throw input.Bad("Duplicate stream consumer detected");
        var seen = input.Int64();
        group.CreateConsumer(name, seen, type == RdbFormat.TypeStreamListpacks3 ? input.Int64() : seen);
        for (var count = input.Count(bytesEach: StreamId.KeyBytes); count > 0; count--)
        {
            var id = StreamId.Read(input.Fixed(StreamId.KeyBytes));
            if (!pending.Remove(id, out var delivery)) throw input.Bad("a consumer's pending entry is not its group's");
            group.SetPending(name, id, delivery.DeliveredMs, delivery.Deliveries);
        }
    }

    private static StreamId ReadId(RdbInput input)
    {
        var ms = input.Length();
        return new StreamId(ms, input.Length());
    }
}

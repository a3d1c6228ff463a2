using System.Security.Cryptography;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Persistence;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Tests.Persistence;

/// <summary>A few databases without an engine: files are read into it and written from it.</summary>
internal sealed class RdbWorld : IRdbTarget, IDisposable
{
    public RdbWorld(int databases = 16, long nowMs = 1_700_000_000_000)
    {
        NowMs = nowMs;
        Databases = Enumerable.Range(0, databases).Select(_ => new Keyspace(Heap)).ToArray();
    }

    public long NowMs { get; }

    public Heap Heap { get; } = new(5, 6);

    public Keyspace[] Databases { get; }

    public Dictionary<string, string> AuxFields { get; } = [];

    public List<string> Functions { get; } = [];

    public Keyspace? Keys(int database) => database < Databases.Length ? Databases[database] : null;

    public bool IsPast(long expireAtMs) => expireAtMs < NowMs;

    public void Aux(string name, string value) => AuxFields[name] = value;

    public string? Function(ReadOnlySpan<byte> source)
    {
        Functions.Add(Encoding.UTF8.GetString(source));
        return null;
    }

    public void Empty(ReadOnlySpan<byte> key)
    {
        // Left out, and that is all.
    }

    public void Loaded(int database, Entry entry, long idleSeconds, int frequency)
    {
    }

    public RdbReader Load(byte[] file, bool isStrict = true)
    {
        var reader = new RdbReader(Heap, new RdbInput(new MemorySource(file), file.Length), this, isStrict);
        reader.ReadAll();
        return reader;
    }

    public byte[] Save(int version = RdbFormat.VersionDefault, bool compress = true)
    {
        var sink = new MemorySink();
        Heap.BeginSnapshot();
        var frozen = Databases.Select((keys, index) => new RdbDatabase(index, keys.Freeze())).ToArray();
        var writer = new RdbWriter(Heap, sink, frozen, new RdbWriteOptions { Version = version, Compress = compress });
        while (writer.Step(7))
        {
        }
        Heap.EndSnapshot();
        return sink.ToArray();
    }

    /// <summary>Every key with its value in one canonical text.</summary>
    public SortedDictionary<string, string> Contents()
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var entry = new Entry();
        for (var db = 0; db < Databases.Length; db++)
        {
            foreach (var handle in Databases[db])
            {
                Databases[db].Open(handle, entry);
                all.Add($"{db}:{Encoding.Latin1.GetString(entry.Key)}", $"{entry.Type} {entry.ExpireAtMs} {string.Join('|', Parts(entry).Select(Convert.ToHexStringLower))}"
                    + (entry.Type == RedisLite.Data.ValueType.Stream ? GroupsOf(StreamValue.Over(entry)) : ""));
            }
        }
        return all;
    }

    /// <summary>The elements of a value as bytes, in canonical order.</summary>
    public static List<byte[]> Parts(Entry entry, bool oldNumbers = false)
    {
        var parts = new List<byte[]>();
        var scratch = new byte[64];
        switch (entry.Type)
        {
            case RedisLite.Data.ValueType.String:
                parts.Add(StringValue.Over(entry).Get(scratch).ToArray());
                break;
            case RedisLite.Data.ValueType.List:
                for (var walk = ListValue.Over(entry).Walk(); walk.MoveNext();) parts.Add(walk.Current.AsText(scratch).ToArray());
                ListValue.Over(entry).CheckInvariants();
                break;
            case RedisLite.Data.ValueType.Set:
                for (var walk = SetValue.Over(entry).Walk(); walk.MoveNext();) parts.Add(walk.Current.AsText(scratch).ToArray());
                parts.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
                break;
            case RedisLite.Data.ValueType.ZSet:
                for (var walk = ZSetValue.Over(entry).Walk(); walk.MoveNext();)
                {
                    parts.Add(walk.Member.AsText(scratch).ToArray());
                    var text = new byte[NumberText.DoubleTextMax];
                    parts.Add(text[..(oldNumbers ? NumberText.FormatDouble17(walk.Score, text) : NumberText.FormatDouble(walk.Score, text))]);
                }
                ZSetValue.Over(entry).CheckInvariants();
                break;
            case RedisLite.Data.ValueType.Stream:
                AddStream(parts, StreamValue.Over(entry));
                break;
            case RedisLite.Data.ValueType.Hash:
                var pairs = new List<byte[][]>();
                for (var walk = HashValue.Over(entry).Walk(); walk.MoveNext();) pairs.Add([walk.Field.AsText(scratch).ToArray(), walk.Value.AsText(new byte[64]).ToArray()]);
                pairs.Sort(static (a, b) => a[0].AsSpan().SequenceCompareTo(b[0]));
                foreach (var pair in pairs) parts.AddRange(pair);
                break;
        }
        return parts;
    }

    private static void AddStream(List<byte[]> parts, StreamValue stream)
    {
        var scratch = new byte[64];
        for (var walk = stream.Walk(StreamId.Min, StreamId.Max); walk.MoveNext();)
        {
            var text = new byte[StreamId.TextMax];
            parts.Add(text[..walk.Id.Format(text)]);
            while (walk.NextField(out var field, out var value))
            {
                parts.Add(field.AsText(scratch).ToArray());
                parts.Add(value.AsText(scratch).ToArray());
            }
        }
    }

    /// <summary>All of a stream that its entries do not show.</summary>
    public static string GroupsOf(StreamValue stream)
    {
        var text = new StringBuilder($"last {stream.LastId} deleted {stream.MaxDeletedId} added {stream.EntriesAdded}");
        foreach (var name in stream.GroupNames())
        {
            stream.TryGetGroup(name, out var group);
            text.Append($"; {Encoding.Latin1.GetString(name)} last {group.LastId} read {group.EntriesRead} pending");
            for (var walk = group.WalkPending(StreamId.Min); walk.MoveNext();)
            {
                var pending = PendingEntry.Read(walk.Current);
                text.Append($" {pending.Id}/{Encoding.Latin1.GetString(group.NameOf(pending.Consumer))}/{pending.Deliveries}/{pending.DeliveredMs}");
            }
            foreach (var consumerName in group.ConsumerNames())
            {
                group.TryGetConsumer(consumerName, out var consumer);
                text.Append($" {Encoding.Latin1.GetString(consumerName)} seen {consumer.SeenMs} active {consumer.ActiveMs} has {consumer.Pending.Count}");
            }
        }
        return text.ToString();
    }

    public void CheckInvariants()
    {
        foreach (var keys in Databases) keys.CheckInvariants();
        Heap.Arena.CheckInvariants();
    }

    public void Dispose() => Heap.Dispose();
}

internal sealed class MemorySource(byte[] bytes, int chunk = int.MaxValue) : IByteSource
{
    private int _at;

    public int Read(Span<byte> into)
    {
        var part = Math.Min(Math.Min(into.Length, chunk), bytes.Length - _at);
        bytes.AsSpan(_at, part).CopyTo(into);
        _at += part;
        return part;
    }
}

internal sealed class MemorySink : IByteSink
{
    private readonly MemoryStream _bytes = new();

    public void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public byte[] ToArray() => _bytes.ToArray();
}

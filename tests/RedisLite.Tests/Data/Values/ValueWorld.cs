using System.Text;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Values;

/// <summary>
/// Random changes to a few keys of one type beside a naive model, with snapshots begun and ended at any time: after each change the value equals its
/// model, and what a snapshot froze equals the models of that moment. At the end no byte of the arena is left over.
/// </summary>
public abstract class ValueWorld<TModel>
    where TModel : class
{
    private readonly Dictionary<string, TModel> _models = [];
    private Dictionary<string, TModel>? _frozenModels;
    private FrozenKeyspace? _frozen;

    internal Heap Heap { get; } = new(11, 22);

    internal Entry Entry { get; } = new();

    protected Random Random { get; private set; } = new(0);

    internal abstract RecordKind EmptyKind { get; }

    internal abstract int EmptySize { get; }

    protected abstract TModel NewModel();

    protected abstract TModel Clone(TModel model);

    protected abstract bool IsEmpty(TModel model);

    internal abstract void Initialize(Entry entry);

    /// <summary>One random change to both.</summary>
    internal abstract void Step(Entry entry, TModel model);

    internal abstract void Check(Entry entry, TModel model);

    internal abstract TModel ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value);

    protected abstract void AssertSame(TModel expected, TModel actual);

    protected void Run(int seed, int steps, int keys)
    {
        Random = new Random(seed);
        var keyspace = new Keyspace(Heap);
        for (var step = 0; step < steps; step++)
        {
            var key = "key:" + Random.Next(keys);
            var bytes = Encoding.ASCII.GetBytes(key);
            if (!keyspace.Find(bytes, Entry))
            {
                keyspace.Insert(bytes, keyspace.Hash(bytes), EmptyKind, EmptySize, Entry);
                Initialize(Entry);
                _models[key] = NewModel();
            }
            Step(Entry, _models[key]);
            if (IsEmpty(_models[key]) || Random.Next(300) == 0)
            {
                keyspace.Remove(Entry);
                _models.Remove(key);
            }
            else
            {
                Check(Entry, _models[key]);
            }
            SometimesSnapshot(keyspace, step);
        }

        if (_frozen is not null) EndSnapshot();
        Heap.Arena.CheckInvariants();
        foreach (var (key, model) in _models)
        {
            Assert.True(keyspace.Find(Encoding.ASCII.GetBytes(key), Entry));
            Check(Entry, model);
        }
        keyspace.Clear(lazy: false);
        while (Heap.RunLazyFree(100_000))
        {
        }
        Assert.Equal(0, Heap.Arena.LiveBytes);
        Heap.Arena.CheckInvariants();
    }

    private void SometimesSnapshot(Keyspace keyspace, int step)
    {
        if (_frozen is null && Random.Next(40) == 0) Heap.Purge(everyPage: true, slice: Random.Next(200, 3000));
        if (_frozen is null && Random.Next(60) == 0)
        {
            Heap.BeginSnapshot();
            _frozen = keyspace.Freeze();
            _frozenModels = _models.ToDictionary(pair => pair.Key, pair => Clone(pair.Value));
        }
        else if (_frozen is not null && Random.Next(40) == 0)
        {
            EndSnapshot();
            Heap.RunLazyFree(Random.Next(1000));
        }
        else if (_frozen is not null && step % 16 == 0)
        {
            CheckFrozen();
        }
    }

    private void EndSnapshot()
    {
        CheckFrozen();
        Heap.EndSnapshot();
        _frozen = null;
    }

    private void CheckFrozen()
    {
        var seen = 0;
        foreach (var handle in _frozen!)
        {
            var record = _frozen.Open(handle);
            AssertSame(_frozenModels![Encoding.ASCII.GetString(record.Key)], ReadFrozen(record.Kind, record.Value));
            seen++;
        }
        Assert.Equal(_frozenModels!.Count, seen);
    }

    protected static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    internal static string Text(in PackedValue value)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        return Encoding.Latin1.GetString(value.AsText(scratch));
    }

    protected string RandomText(int longMax = 300)
    {
        switch (Random.Next(5))
        {
            case 0: return Random.Next(-200, 200).ToString();
            case 1: return (Random.NextInt64() >> Random.Next(64)).ToString();
            default:
                var text = new char[Random.Next(Random.Next(10) == 0 ? longMax : 30)];
                for (var i = 0; i < text.Length; i++) text[i] = (char)Random.Next(256);
                return new string(text);
        }
    }
}

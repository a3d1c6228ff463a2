using System.Text;
using RedisLite.Data;
using RedisLite.Data.Tables;
using Xunit;
using Record = RedisLite.Data.Record;

namespace RedisLite.Tests.Data;

/// <summary>What a snapshot reader sees is the state at its start, whatever is done meanwhile.</summary>
public class SnapshotTests
{
    private sealed class World : IDisposable
    {
        public readonly Heap Heap;
        public Keyspace Keys;

        private readonly Dictionary<string, string> _model = [];
        private readonly Random _random;
        private readonly Entry _entry = new();
        private readonly int _names;

        public World(int seed, int names)
        {
            Heap = new Heap(5, (ulong)seed);
            Keys = new Keyspace(Heap);
            _random = new Random(seed);
            _names = names;
        }

        public void Dispose() => Heap.Dispose();

        public Dictionary<string, string> Copy() => new(_model);

        public Dictionary<string, string> Read()
        {
            var found = new Dictionary<string, string>();
            foreach (var handle in Keys) Add(found, new Record(Heap.Arena.Slot(handle)), Heap);
            return found;
        }

        public static Dictionary<string, string> Read(FrozenKeyspace frozen, Heap heap)
        {
            var found = new Dictionary<string, string>();
            foreach (var handle in frozen) Add(found, frozen.Open(handle), heap);
            return found;
        }

        private static void Add(Dictionary<string, string> found, Record record, Heap heap) =>
            found.Add(Encoding.ASCII.GetString(record.Key), Describe(record, heap));

        private static string Describe(Record record, Heap heap)
        {
            var head = $"{record.Kind} {record.Big} {record.ExpireAtMs} ";
            if (!record.Kind.OwnsMemory()) return head + Convert.ToHexString(record.Value);
            var table = ElementTable.Readable(heap, record.Value);
            var fields = new List<string>();
            foreach (var element in table)
            {
                fields.Add(Encoding.ASCII.GetString(table.Key(element)) + "=" + Convert.ToHexString(table.Value(element)) + "@" + table.ExpireAtMs(element));
            }
            fields.Sort(StringComparer.Ordinal);
            return head + table.Count + " " + string.Join(',', fields);
        }

        public void Step()
        {
            var name = "key:" + _random.Next(_names);
            var key = Encoding.ASCII.GetBytes(name);
            if (_random.Next(4000) == 0)
            {
                Keys.Clear(lazy: _random.Next(2) == 0);
                _model.Clear();
                return;
            }
            if (!Keys.Find(key, _entry)) Create(key);
            else if (_random.Next(6) == 0) Keys.Remove(_entry);
            else Change();

            if (_entry.Exists) _model[name] = Describe(new Record(Heap.Arena.Slot(_entry.Handle)), Heap);
            else _model.Remove(name);
            if (!Heap.SnapshotActive && _random.Next(8) == 0) Heap.RunBackground(eagerDefrag: true);
            if (!Heap.SnapshotActive && _random.Next(500) == 0) Heap.Purge(everyPage: true, _random.Next(200, 2000));
        }

        private void Create(byte[] key)
        {
            var isTable = _random.Next(10) == 0;
            var expiry = _random.Next(3) == 0 ? _random.Next(1000) : -1;
            var value = isTable
                ? Keys.Insert(key, Keys.Hash(key), RecordKind.HashTable, TableHeader.Bytes, _entry, expiry)
                : Keys.Insert(key, Keys.Hash(key), RecordKind.String, _random.Next(60), _entry, expiry);
            if (isTable) Fill(_random.Next(_random.Next(20) == 0 ? 2000 : 60));
            else _random.NextBytes(value);
        }

        private void Fill(int fields)
        {
            var table = ElementTable.Writable(Heap, _entry.MutableValue());
            for (var i = 0; i < fields; i++) table.Set(Field(), Encoding.ASCII.GetBytes("v" + _random.Next(100)), _random.Next(5) == 0 ? 9 : -1);
        }

        private byte[] Field() => Encoding.ASCII.GetBytes("field:" + _random.Next(1500));

        private void Change()
        {
            switch (_random.Next(7))
            {
                case 0:
                    _entry.SetExpireAt(_random.Next(2) == 0 ? -1 : _random.Next(1000));
                    return;
                case 1:
                    _entry.Big = !_entry.Big;
                    return;
                case 2:
                    _entry.Access = (uint)_random.Next(1 << 24);
                    return;
                case 3:
                    var kind = _random.Next(8) == 0 ? RecordKind.SetTable : RecordKind.String;
                    var value = Keys.Replace(_entry, kind, kind == RecordKind.SetTable ? TableHeader.Bytes : _random.Next(60), _random.Next(2) == 0);
                    if (kind == RecordKind.String) _random.NextBytes(value);
                    else Fill(50);
                    return;
                default:
                    if (_entry.Kind.OwnsMemory()) ChangeTable();
                    else ChangeString();
                    return;
            }
        }

        private void ChangeString()
        {
            if (_random.Next(2) == 0)
            {
                var value = _entry.MutableValue();
                if (value.Length > 0) value[_random.Next(value.Length)]++;
                return;
            }
            var before = _entry.Value.Length;
            var resized = _entry.Resize(_random.Next(80), RecordKind.String, slack: _random.Next(20));
            if (resized.Length > before) _random.NextBytes(resized[before..]);
        }

        private void ChangeTable()
        {
            var table = ElementTable.Writable(Heap, _entry.MutableValue());
            for (var i = _random.Next(40); i > 0; i--)
            {
                var field = Field();
                var element = table.Find(field);
                switch (_random.Next(4))
                {
                    case 0:
                        table.Set(field, Encoding.ASCII.GetBytes("w" + _random.Next(1000)));
                        break;
                    case 1 when element != 0:
                        table.SetValue(element, "v1"u8);
                        break;
                    case 2 when element != 0:
                        table.SetExpireAt(element, _random.Next(50));
                        break;
                    default:
                        table.Remove(field);
                        break;
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 900)]
    [InlineData(3, 3000)]
    [InlineData(4, 20_000)]
    public void A_reader_on_another_thread_sees_the_state_at_the_start(int seed, int names)
    {
        using var world = new World(seed, names);
        for (var round = 0; round < 4; round++)
        {
            for (var i = 0; i < names * 3; i++) world.Step();
            world.Keys.CheckInvariants();
            world.Heap.BeginSnapshot();
            var expected = world.Copy();
            var frozen = world.Keys.Freeze();
            var reader = Task.Run(() => World.Read(frozen, world.Heap));
            for (var i = 0; i < names * 2; i++) world.Step();
            Assert.Equal(expected, reader.Result);
            for (var i = 0; i < names; i++) world.Step();
            // Everything has changed by now; a second look must still show the start.
            Assert.Equal(expected, World.Read(frozen, world.Heap));
            world.Keys.CheckInvariants();
            world.Heap.EndSnapshot();
            Assert.Equal(world.Copy(), world.Read());
        }
        world.Keys.Clear(lazy: true);
        while (world.Heap.RunBackground(eagerDefrag: true))
        {
        }
        Assert.Equal(0, world.Heap.Arena.LiveBytes);
        world.Heap.Arena.CheckInvariants();
    }

    [Fact]
    public void A_snapshot_keeps_the_memory_it_needs_and_no_longer()
    {
        using var world = new World(9, 500);
        for (var i = 0; i < 3000; i++) world.Step();
        world.Heap.BeginSnapshot();
        world.Keys.Clear(lazy: false);
        Assert.Equal(0, world.Keys.Count);
        Assert.True(world.Heap.Arena.LiveBytes > 0);
        Assert.False(world.Heap.RunBackground(eagerDefrag: true));
        world.Heap.EndSnapshot();
        while (world.Heap.RunBackground(eagerDefrag: true))
        {
        }
        Assert.Equal(0, world.Heap.Arena.LiveBytes);
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using RedisLite.Persistence.Rdb;

namespace RedisLite.Persistence.Aof;

/// <summary>
/// A whole data set as the commands that make it, for those who want the base of their AOF readable (aof-use-rdb-preamble no). Collections come in commands of
/// 64 elements, a stream with its groups and what is pending, and each key's expiry behind it.
/// </summary>
internal sealed class AofBaseWriter : ISnapshotWriter
{
    private const int ElementsPerCommand = 64;
    private const int FlushAbove = 64 * 1024;

    private readonly Heap _heap;
    private readonly IByteSink _sink;
    private readonly RdbDatabase[] _databases;
    private readonly RdbWriteOptions _options;
    private readonly AofText _text = new();
    private int _database = -1;
    private TableEnumerator _keys;
    private long _keysWritten;
    private long _bytesWritten;

    public AofBaseWriter(Heap heap, IByteSink sink, RdbDatabase[] databases, RdbWriteOptions options)
    {
        _heap = heap;
        _sink = sink;
        _databases = databases;
        _options = options;
    }

    public long KeysWritten => Volatile.Read(ref _keysWritten);

    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    public bool Step(int keys)
    {
        if (_database < 0)
        {
            if (_options.Timestamp > 0) _text.Raw(System.Text.Encoding.ASCII.GetBytes($"#TS:{_options.Timestamp}\r\n"));
            foreach (var library in _options.Functions) Command("FUNCTION"u8, 3).Then("LOAD"u8).Then(library);
            if (!NextDatabase()) return Finish();
        }
        for (; keys > 0; keys--)
        {
            while (!_keys.MoveNext())
            {
                if (!NextDatabase()) return Finish();
            }
            WriteKey(new Record(_heap.Arena.Slot(_keys.Current)));
            Volatile.Write(ref _keysWritten, _keysWritten + 1);
            if (_text.Length > FlushAbove) Flush();
        }
        return true;
    }

    private bool NextDatabase()
    {
        while (++_database < _databases.Length)
        {
            var (index, keys) = _databases[_database];
            if (keys.Count == 0) continue;
            Command("SELECT"u8, 2).Then(index);
            _keys = keys.GetEnumerator();
            return true;
        }
        return false;
    }

    private bool Finish()
    {
        Flush();
        return false;
    }

    private void Flush()
    {
        _sink.Write(_text.Bytes);
        Volatile.Write(ref _bytesWritten, _bytesWritten + _text.Length);
        _text.Clear();
    }

    private void WriteKey(in Record record)
    {
        switch (record.Kind.Type())
        {
            case Data.ValueType.String:
                Command("SET"u8, 3).Then(record.Key);
                if (record.Kind == RecordKind.Integer) _text.Arg(BinaryPrimitives.ReadInt64LittleEndian(record.Value));
                else _text.Arg(record.Value);
                break;
            case Data.ValueType.List:
                var left = record.Kind == RecordKind.ListBlob ? Data.Encodings.ListPack.Count(record.Value) : MemoryMarshal.Read<Data.Trees.TreeRoot>(record.Value).Count;
                var inCommand = 0L;
                for (var walk = new ListWalk(_heap, record.Kind, record.Value, 0); walk.MoveNext();) Element(record.Key, "RPUSH"u8, 1, ref left, ref inCommand).Arg(walk.Current);
                break;
            case Data.ValueType.Set:
                WriteSet(record);
                break;
            case Data.ValueType.ZSet:
                WriteZSet(record);
                break;
            case Data.ValueType.Hash:
                WriteHash(record);
                break;
            default:
                WriteStream(record);
                break;
        }
        if (record.HasExpiry) Command("PEXPIREAT"u8, 3).Then(record.Key).Then(record.ExpireAtMs);
    }

    /// <summary>Opens a command when the last one is full: for the next elements, of so many arguments each.</summary>
    private AofText Element(ReadOnlySpan<byte> key, ReadOnlySpan<byte> command, int argsEach, ref long left, ref long inCommand)
    {
        if (inCommand == 0)
        {
            inCommand = Math.Min(left, ElementsPerCommand);
            left -= inCommand;
            Command(command, 2 + (inCommand * argsEach)).Then(key);
        }
        inCommand--;
        return _text;
    }

    private void WriteSet(in Record record)
    {
        var left = 0L;
        for (var walk = new SetWalk(_heap, record.Kind, record.Value); walk.MoveNext();) left++;
        var inCommand = 0L;
        for (var walk = new SetWalk(_heap, record.Kind, record.Value); walk.MoveNext();) Element(record.Key, "SADD"u8, 1, ref left, ref inCommand).Arg(walk.Current);
    }

    private void WriteZSet(in Record record)
    {
        var left = 0L;
        for (var walk = new ZSetWalk(_heap, record.Kind, record.Value, 0); walk.MoveNext();) left++;
        var inCommand = 0L;
        Span<byte> score = stackalloc byte[NumberText.DoubleTextMax];
        for (var walk = new ZSetWalk(_heap, record.Kind, record.Value, 0); walk.MoveNext();)
        {
            var text = Element(record.Key, "ZADD"u8, 2, ref left, ref inCommand);
            text.Arg(score[..NumberText.FormatDouble(walk.Score, score)]);
            text.Arg(walk.Member);
        }
    }

    private void WriteHash(in Record record)
    {
        var left = 0L;
        for (var walk = new HashWalk(_heap, record.Kind, record.Value); walk.MoveNext();) left++;
        var inCommand = 0L;
        for (var walk = new HashWalk(_heap, record.Kind, record.Value); walk.MoveNext();)
        {
            var text = Element(record.Key, "HMSET"u8, 2, ref left, ref inCommand);
            text.Arg(walk.Field);
            text.Arg(walk.Value);
        }
        for (var walk = new HashWalk(_heap, record.Kind, record.Value); walk.MoveNext();)
        {
            if (walk.ExpireAtMs < 0) continue;
            Command("HPEXPIREAT"u8, 6).Then(record.Key).Then(walk.ExpireAtMs).Then("FIELDS"u8).Then(1);
            _text.Arg(walk.Field);
        }
    }

    private void WriteStream(in Record record)
    {
        var header = MemoryMarshal.Read<StreamHeader>(record.Value);
        for (var walk = new StreamWalk(_heap, header.Entries, StreamId.Min, StreamId.Max, isReverse: false); walk.MoveNext();)
        {
            Command("XADD"u8, 3 + (walk.FieldCount * 2)).Then(record.Key).Then(walk.Id);
            while (walk.NextField(out var field, out var value))
            {
                _text.Arg(field);
                _text.Arg(value);
            }
        }
        if (header.Entries.Count == 0) Command("XADD"u8, 7).Then(record.Key).Then("MAXLEN"u8).Then("0"u8).Then(header.LastId == default ? new StreamId(0, 1) : header.LastId).Then("x"u8).Then("y"u8);
        Command("XSETID"u8, 7).Then(record.Key).Then(header.LastId).Then("ENTRIESADDED"u8).Then((long)header.EntriesAdded).Then("MAXDELETEDID"u8).Then(header.MaxDeletedId);
        foreach (var name in StreamGroups.SortedKeys(_heap, ref header.Groups)) WriteGroup(record.Key, name, new StreamGroup(_heap, record.Value, name));
    }

    private void WriteGroup(ReadOnlySpan<byte> key, byte[] name, StreamGroup group)
    {
        Command("XGROUP"u8, 7).Then("CREATE"u8).Then(key).Then(name).Then(group.LastId).Then("ENTRIESREAD"u8).Then(group.EntriesRead);
        foreach (var consumer in group.ConsumerNames())
        {
            Command("XGROUP"u8, 5).Then("CREATECONSUMER"u8).Then(key).Then(name).Then(consumer);
        }
        for (var walk = group.WalkPending(StreamId.Min); walk.MoveNext();)
        {
            var pending = PendingEntry.Read(walk.Current);
            Command("XCLAIM"u8, 12).Then(key).Then(name).Then(group.NameOf(pending.Consumer)).Then("0"u8).Then(pending.Id)
                .Then("TIME"u8).Then(pending.DeliveredMs).Then("RETRYCOUNT"u8).Then(pending.Deliveries).Then("JUSTID"u8).Then("FORCE"u8);
        }
    }

    private Words Command(ReadOnlySpan<byte> name, long argc)
    {
        _text.Begin(argc);
        _text.Arg(name);
        return new Words(_text);
    }

    private readonly struct Words(AofText text)
    {
        public Words Then(ReadOnlySpan<byte> word)
        {
            text.Arg(word);
            return this;
        }

        public Words Then(long number)
        {
            text.Arg(number);
            return this;
        }

        public Words Then(StreamId id)
        {
            Span<byte> bytes = stackalloc byte[StreamId.TextMax];
            text.Arg(bytes[..id.Format(bytes)]);
            return this;
        }
    }
}

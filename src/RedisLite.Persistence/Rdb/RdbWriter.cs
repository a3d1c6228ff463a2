using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using RedisLite.Data;
using RedisLite.Data.Tables;

namespace RedisLite.Persistence.Rdb;

/// <summary>One database of a file that is being written.</summary>
internal readonly record struct RdbDatabase(int Index, FrozenKeyspace Keys);

/// <summary>What stands in a file beside the keys, and how it is written.</summary>
internal sealed class RdbWriteOptions
{
    /// <summary>Raised by the writer when the data need a newer one.</summary>
    public int Version { get; set; } = RdbFormat.VersionDefault;

    public bool Compress { get; init; } = true;

    public bool Checksum { get; init; } = true;

    /// <summary>Facts about the writer, at the head of the file.</summary>
    public List<KeyValuePair<string, string>> Aux { get; } = [];

    /// <summary>The source of each function library.</summary>
    public List<byte[]> Functions { get; } = [];

    /// <summary>What the access bits mean: none is written, idle seconds, or the LFU counter.</summary>
    public RdbAccess Access { get; init; }

    /// <summary>For idle seconds.</summary>
    public long NowMs { get; init; }

    /// <summary>Unix seconds to put at the head of a base that is written as commands; 0 = none.</summary>
    public long Timestamp { get; init; }
}

/// <summary>Writes a whole data set in steps.</summary>
internal interface ISnapshotWriter
{
    /// <summary>May be read from another thread.</summary>
    long KeysWritten { get; }

    /// <summary>May be read from another thread.</summary>
    long BytesWritten { get; }

    /// <summary>Writes about so many keys; false when all is written.</summary>
    bool Step(int keys);
}

internal enum RdbAccess { None, Idle, Frequency }

/// <summary>
/// Writes a whole RDB file in steps, from databases that a snapshot holds: head, functions, then each database key by key, then the checksum. Runs on
/// whatever thread calls <see cref="Step"/>; touches nothing but the frozen data and its sink.
/// </summary>
internal sealed class RdbWriter : ISnapshotWriter
{
    private readonly Heap _heap;
    private readonly RdbOutput _output;
    private readonly RdbWriteOptions _options;
    private readonly RdbDatabase[] _databases;
    private int _database = -1;
    private TableEnumerator _keys;
    private long _keysWritten;
    private long _bytesWritten;

    public RdbWriter(Heap heap, IByteSink sink, RdbDatabase[] databases, RdbWriteOptions options)
    {
        _heap = heap;
        _options = options;
        _databases = databases;
        foreach (var database in databases)
        {
            if (database.Keys.CountWithFieldExpiry > 0) options.Version = Math.Max(options.Version, RdbFormat.VersionOfFieldExpiry);
        }
        _output = new RdbOutput(sink, options.Compress, options.Checksum);
    }

    public long KeysWritten => Volatile.Read(ref _keysWritten);

    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    public bool Step(int keys)
    {
        if (_database < 0)
        {
            WriteHead();
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
        }
        Volatile.Write(ref _bytesWritten, _output.Length);
        return true;
    }

    private void WriteHead()
    {
        _output.Raw(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"REDIS{_options.Version:D4}")));
        foreach (var (name, value) in _options.Aux)
        {
            _output.Byte(RdbFormat.OpAux);
            _output.String(Encoding.UTF8.GetBytes(name));
            _output.String(Encoding.UTF8.GetBytes(value));
        }
        if (_options.Version < 10) return;                     // functions came with 7.0
        foreach (var library in _options.Functions)
        {
            _output.Byte(RdbFormat.OpFunction2);
            _output.Bytes(library);
        }
    }

    private bool NextDatabase()
    {
        while (++_database < _databases.Length)
        {
            var (index, keys) = _databases[_database];
            if (keys.Count == 0) continue;
            _output.Byte(RdbFormat.OpSelectDb);
            _output.Count(index);
            _output.Byte(RdbFormat.OpResizeDb);
            _output.Count(keys.Count);
            _output.Count(keys.CountWithExpiry);
            _keys = keys.GetEnumerator();
            return true;
        }
        return false;
    }

    private void WriteKey(in Record record)
    {
        if (record.HasExpiry)
        {
            _output.Byte(RdbFormat.OpExpireTimeMs);
            _output.Int64(record.ExpireAtMs);
        }
        if (_options.Access == RdbAccess.Idle)
        {
            var now = (uint)(_options.NowMs / 1000) & 0xFFFFFF;
            _output.Byte(RdbFormat.OpIdle);
            _output.Count((now - record.Access) & 0xFFFFFF);
        }
        else if (_options.Access == RdbAccess.Frequency)
        {
            _output.Byte(RdbFormat.OpFreq);
            _output.Byte((byte)record.Access);
        }
        _output.Byte(ValueWriter.TypeOf(record, _options.Version, _heap));
        _output.String(record.Key);
        new ValueWriter(_heap, _output, _options.Version).Write(record);
    }

    private bool Finish()
    {
        _output.Byte(RdbFormat.OpEof);
        _output.FinishWithChecksum();
        Volatile.Write(ref _bytesWritten, _output.Length);
        return false;
    }
}

/// <summary>DUMP payloads: type byte, value, version, checksum.</summary>
internal static class DumpPayload
{
    public static ReadOnlySpan<byte> Write(Heap heap, RdbOutput output, scoped in Record record, int version)
    {
        output.Reset();
        if (ValueWriter.HasFieldExpiry(record, heap)) version = Math.Max(version, RdbFormat.VersionOfFieldExpiry);
        output.Byte(ValueWriter.TypeOf(record, version, heap));
        new ValueWriter(heap, output, version).Write(record);
        return Seal(output, version);
    }

    /// <summary>Version and checksum behind what has been written.</summary>
    public static ReadOnlySpan<byte> Seal(RdbOutput output, int version)
    {
        output.UInt16((ushort)version);
        output.UInt64(Crc64.Compute(output.Written));
        return output.Written;
    }

    /// <summary>True when version and checksum are right; the value is all before the trailer.</summary>
    public static bool Verify(ReadOnlySpan<byte> payload, out int version, bool verifyChecksum = true)
    {
        version = 0;
        if (payload.Length < RdbFormat.DumpTrailerBytes) return false;
        var trailer = payload[^RdbFormat.DumpTrailerBytes..];
        version = BinaryPrimitives.ReadUInt16LittleEndian(trailer);
        if (!RdbFormat.IsReadable(version)) return false;
        return !verifyChecksum || BinaryPrimitives.ReadUInt64LittleEndian(trailer[2..]) == Crc64.Compute(payload[..^8]);
    }
}

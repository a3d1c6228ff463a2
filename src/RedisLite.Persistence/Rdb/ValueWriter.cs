using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;
using RedisLite.Data.Values;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// A value in the RDB format, for files and for DUMP. Works on live records and on those that a snapshot holds, from any thread.
///
/// The type byte names an encoding, and the reader gives the value that encoding; so what is written follows the encoding that OBJECT ENCODING reports:
/// listpacks and intsets as they lie in memory, and anything "big" element by element, even when it is a blob here. Older versions
/// lack some of the blobs; those are written element by element too, which every reader since 2.x turns into its own best encoding.
/// </summary>
internal readonly ref struct ValueWriter(Heap heap, RdbOutput output, int version)
{
    private readonly Heap _heap = heap;
    private readonly RdbOutput _output = output;

    public static byte TypeOf(in Record record, int version, Heap heap) => record.Kind switch
    {
        RecordKind.String or RecordKind.Integer => RdbFormat.TypeString,
        RecordKind.HashBlob => !record.Big && version >= 10 ? RdbFormat.TypeHashListpack : RdbFormat.TypeHash,
        RecordKind.HashTable => HasFieldExpiry(record, heap) ? RdbFormat.TypeHashMetadata : RdbFormat.TypeHash,
        RecordKind.ListBlob or RecordKind.ListTree => version >= 10 ? RdbFormat.TypeListQuicklist2 : RdbFormat.TypeList,
        RecordKind.SetInts => RdbFormat.TypeSetIntset,
        RecordKind.SetBlob => !record.Big && version >= 11 ? RdbFormat.TypeSetListpack : RdbFormat.TypeSet,
        RecordKind.SetTable => RdbFormat.TypeSet,
        RecordKind.ZSetBlob => !record.Big && version >= 10 ? RdbFormat.TypeZSetListpack : RdbFormat.TypeZSet2,
        RecordKind.ZSetTree => RdbFormat.TypeZSet2,
        _ => StreamCodec.TypeFor(version),
    };

    /// <summary>Needs RdbFormat.VersionOfFieldExpiry.</summary>
    public static bool HasFieldExpiry(in Record record, Heap heap) =>
        record.Kind == RecordKind.HashTable && ElementTable.Readable(heap, record.Value).CountWithExpiry > 0;

    /// <summary>All after the type byte and the key.</summary>
    public void Write(in Record record)
    {
        switch (record.Kind)
        {
            case RecordKind.String:
                _output.String(record.Value);
                break;
            case RecordKind.Integer:
                _output.Integer(BinaryPrimitives.ReadInt64LittleEndian(record.Value));
                break;
            case RecordKind.HashBlob or RecordKind.HashTable:
                WriteHash(record);
                break;
            case RecordKind.ListBlob or RecordKind.ListTree:
                WriteList(record);
                break;
            case RecordKind.SetInts or RecordKind.SetBlob or RecordKind.SetTable:
                WriteSet(record);
                break;
            case RecordKind.ZSetBlob or RecordKind.ZSetTree:
                WriteZSet(record);
                break;
            default:
                StreamCodec.Write(_heap, _output, record.Value, version);
                break;
        }
    }

    private void WriteHash(in Record record)
    {
        switch (TypeOf(record, version, _heap))
        {
            case RdbFormat.TypeHashListpack:
                _output.Bytes(record.Value);
                return;
            case RdbFormat.TypeHashMetadata:
                WriteHashWithExpiries(record);
                return;
        }
        _output.Count(record.Kind == RecordKind.HashBlob ? ListPack.Count(record.Value) / 2 : ElementTable.Readable(_heap, record.Value).Count);
        for (var walk = new HashWalk(_heap, record.Kind, record.Value); walk.MoveNext();)
        {
            _output.String(walk.Field);
            _output.String(walk.Value);
        }
    }

    /// <summary>The earliest expiry, then each field with its own as a distance + 1 from that (0 = none).</summary>
    private void WriteHashWithExpiries(in Record record)
    {
        var table = ElementTable.Readable(_heap, record.Value);
        var earliest = long.MaxValue;
        foreach (var element in table)
        {
            var at = table.ExpireAtMs(element);
            if (at >= 0) earliest = Math.Min(earliest, at);
        }
        _output.Int64(earliest);
        _output.Count(table.Count);
        foreach (var element in table)
        {
            var at = table.ExpireAtMs(element);
            _output.Count(at < 0 ? 0 : at - earliest + 1);
            _output.String(table.Key(element));
            _output.String(table.Value(element));
        }
    }

    private void WriteList(in Record record)
    {
        if (version < 10)
        {
            _output.Count(record.Kind == RecordKind.ListBlob ? ListPack.Count(record.Value) : MemoryMarshal.Read<TreeRoot>(record.Value).Count);
            for (var walk = new ListWalk(_heap, record.Kind, record.Value, 0); walk.MoveNext();) _output.String(walk.Current);
            return;
        }
        if (record.Kind == RecordKind.ListBlob)
        {
            _output.Count(1);
            _output.Count(RdbFormat.ContainerPacked);
            _output.Bytes(record.Value);
            return;
        }

        var tree = new BTree(_heap, keySize: 0, MemoryMarshal.Read<TreeRoot>(record.Value));
        var leaves = 1L;
        for (tree.SeekFirst(); tree.MoveNext();) leaves++;
        _output.Count(leaves);
        tree.SeekFirst();
        do
        {
            var pack = ListLeaf.Pack(tree);
            _output.Count(RdbFormat.ContainerPacked);
            _output.Bytes(pack[..ListPack.TotalBytes(pack)]);
        }
        while (tree.MoveNext());
    }

    private void WriteSet(in Record record)
    {
        if (record.Kind == RecordKind.SetInts || TypeOf(record, version, _heap) == RdbFormat.TypeSetListpack)
        {
            _output.Bytes(record.Value);
            return;
        }
        _output.Count(record.Kind == RecordKind.SetBlob ? ListPack.Count(record.Value) : ElementTable.Readable(_heap, record.Value).Count);
        for (var walk = new SetWalk(_heap, record.Kind, record.Value); walk.MoveNext();) _output.String(walk.Current);
    }

    /// <summary>From the highest score down, as Redis writes it: inserting at the front of its skiplist is cheap.</summary>
    private void WriteZSet(in Record record)
    {
        if (TypeOf(record, version, _heap) == RdbFormat.TypeZSetListpack)
        {
            _output.Bytes(record.Value);
            return;
        }
        _output.Count(record.Kind == RecordKind.ZSetBlob ? ListPack.Count(record.Value) / 2 : ElementTable.Readable(_heap, record.Value[..TableHeader.Bytes]).Count);
        for (var walk = new ZSetWalk(_heap, record.Kind, record.Value, -1); walk.MovePrevious();)
        {
            _output.String(walk.Member);
            _output.Double(walk.Score);
        }
    }
}

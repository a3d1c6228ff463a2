using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Persistence.Rdb;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class OutsideBlobTests
{
    private readonly Entry _entry = new();
    private readonly Keyspace _keyspace = new(new Heap(1, 2));

    private static byte[] Pack(params object[] values)
    {
        var pack = new byte[ListPack.EmptySize];
        ListPack.WriteEmpty(pack);
        foreach (var value in values)
        {
            var packed = value is string text ? new PackedValue(System.Text.Encoding.Latin1.GetBytes(text)) : new PackedValue((int)value);
            Array.Resize(ref pack, pack.Length + packed.PackedSize);
            packed.WriteTo(ListPack.Splice(pack, ListPack.End(pack), 0, packed.PackedSize, 1));
        }
        return pack;
    }

    private bool Reads(byte type, bool strict, params object[] values)
    {
        var pack = Pack(values);
        byte[] payload = [(byte)pack.Length, .. pack];
        var reader = new ValueReader(_keyspace.Heap) { IsStrict = strict };
        try
        {
            if (!reader.Read(new RdbInput(payload, 0, payload.Length), type, _keyspace, "k"u8, _keyspace.Hash("k"u8), -1, _entry)) return false;
        }
        catch (RdbException)
        {
            Assert.False(_keyspace.Find("k"u8, _keyspace.Hash("k"u8), _entry));
            return false;
        }
        _keyspace.Remove(_entry);
        return true;
    }

    [Fact]
    public void Blobs_of_each_type_are_told_from_wrong_ones()
    {
        const byte hash = RdbFormat.TypeHashListpack, set = RdbFormat.TypeSetListpack, zset = RdbFormat.TypeZSetListpack;
        Assert.True(Reads(hash, strict: true, "a", "1", "b", "2"));
        Assert.False(Reads(hash, strict: false, "a", "1", "b"));
        Assert.False(Reads(hash, strict: false));
        Assert.True(Reads(hash, strict: false, "a", "1", "a", "2"));
        Assert.False(Reads(hash, strict: true, "a", "1", "a", "2"));
        Assert.False(Reads(set, strict: true, "a", 1, "a"));
        Assert.True(Reads(zset, strict: false, "a", 1, "b", "1", "c", "2.5"));
        Assert.True(Reads(zset, strict: false, "b", 2, "a", 1));                     // out of order: made anew, in order
        Assert.False(Reads(zset, strict: false, "a", 1, "a", 1));
        Assert.False(Reads(zset, strict: false, "a", "nan"));
    }

    private static bool IsStreamNode(params object[] values) => StreamCheck.IsValid(Pack(values), new StreamId(1, 1), out _, out _, out _);

    [Fact]
    public void Stream_nodes_must_describe_themselves_truly()
    {
        Assert.True(IsStreamNode(1, 1, 1, "f", 0, 2, 0, 0, "v", 4, 1, 5, 0, 1, "g", "w", 6));
        Assert.False(IsStreamNode(2, 0, 1, "f", 0, 2, 0, 0, "v", 4, 1, 5, 0, 1, "g", "w", 6));
        Assert.False(IsStreamNode(1, 0, 1, "f", 0, 2, 0, 0, "v", 5));
        Assert.False(IsStreamNode(1, 0, 100, "f", 0));
        Assert.False(IsStreamNode(1, 0, 1, "f", 0, 0, 0, 0, 1_000_000_000, "v", 4));
        Assert.False(IsStreamNode("x", 0, 1, "f", 0));
    }

    [Fact]
    public void Loaded_values_take_the_form_of_their_size()
    {
        _keyspace.Insert("h"u8, _keyspace.Hash("h"u8), RecordKind.HashBlob, 0, _entry);
        var pack = Pack([.. Enumerable.Range(0, 1026).Select(i => (object)("x" + i))]);
        pack.CopyTo(_entry.Resize(pack.Length, RecordKind.HashBlob));
        new HashValue(_entry).Settle();
        Assert.Equal(("hashtable", 513L), (new HashValue(_entry).Encoding, new HashValue(_entry).Count));

        _keyspace.Insert("l"u8, _keyspace.Hash("l"u8), RecordKind.ListBlob, ListPack.EmptySize, _entry);
        var list = new ListValue(_entry);
        list.Initialize();
        list.AppendPack(Pack("a", "b"));
        list.Settle();
        Assert.Equal(("listpack", 2L), (list.Encoding, list.Count));
        list.AppendPack(Pack("c"));
        list.AppendPack(Pack("d", new string('e', 9000)));
        list.Settle();
        Assert.Equal(("quicklist", 5L), (list.Encoding, list.Count));
        list.CheckInvariants();
    }
}

using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class ValueCheckTests
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

    [Fact]
    public void Blobs_of_each_type_are_told_from_wrong_ones()
    {
        Assert.True(ValueCheck.IsHash(Pack("a", "1", "b", "2"), isDeep: true));
        Assert.False(ValueCheck.IsHash(Pack("a", "1", "b"), isDeep: false));
        Assert.False(ValueCheck.IsHash(Pack(), isDeep: false));
        Assert.True(ValueCheck.IsHash(Pack("a", "1", "a", "2"), isDeep: false));
        Assert.False(ValueCheck.IsHash(Pack("a", "1", "a", "2"), isDeep: true));
        Assert.False(ValueCheck.IsSet(Pack("a", 1, "a"), isDeep: true));
        Assert.True(ValueCheck.IsZSet(Pack("a", 1, "b", "1", "a", "2.5"), isDeep: false));
        Assert.False(ValueCheck.IsZSet(Pack("a", 2, "b", 1), isDeep: false));
        Assert.False(ValueCheck.IsZSet(Pack("b", 1, "a", 1), isDeep: false));
        Assert.False(ValueCheck.IsZSet(Pack(12, 1, 11, 1), isDeep: false));
        Assert.False(ValueCheck.IsZSet(Pack("a", "nan"), isDeep: false));
        Assert.True(ValueCheck.IsList(Pack("x")));
        Assert.False(ValueCheck.IsList(Pack()));
    }

    [Fact]
    public void Stream_nodes_must_describe_themselves_truly()
    {
        Assert.True(ValueCheck.IsStreamNode(Pack(1, 1, 1, "f", 0, 2, 0, 0, "v", 4, 1, 5, 0, 1, "g", "w", 6)));
        Assert.False(ValueCheck.IsStreamNode(Pack(2, 0, 1, "f", 0, 2, 0, 0, "v", 4, 1, 5, 0, 1, "g", "w", 6)));
        Assert.False(ValueCheck.IsStreamNode(Pack(1, 0, 1, "f", 0, 2, 0, 0, "v", 5)));
        Assert.False(ValueCheck.IsStreamNode(Pack(1, 0, 100, "f", 0)));
        Assert.False(ValueCheck.IsStreamNode(Pack(1, 0, 1, "f", 0, 0, 0, 0, 1_000_000_000, "v", 4)));
        Assert.False(ValueCheck.IsStreamNode(Pack("x", 0, 1, "f", 0)));
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

using System.Text;
using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Encodings;

public class PackIndexTests
{
    [Fact]
    public void Finds_what_a_search_finds_while_the_listpack_grows()
    {
        var random = new Random(1);
        for (var round = 0; round < 50; round++)
        {
            var pack = new byte[ListPack.EmptySize];
            ListPack.WriteEmpty(pack);
            var index = new PackIndex(pack, stride: 1, expected: random.Next(20));
            for (var step = 0; step < 300; step++)
            {
                var value = new PackedValue(Text(random));
                var found = index.Find(pack, value, out var slot);
                Assert.Equal(ListPack.Find(pack, ListPack.First, value, skip: 0), found);
                if (found >= 0) continue;
                var end = ListPack.End(pack);
                Array.Resize(ref pack, pack.Length + value.PackedSize);
                value.WriteTo(ListPack.Splice(pack, end, 0, value.PackedSize, 1));
                index.Add(pack, end, slot);
            }
        }
    }

    [Fact]
    public void Starts_with_what_is_there()
    {
        var pack = new byte[ListPack.EmptySize];
        ListPack.WriteEmpty(pack);
        for (var i = 0; i < 1000; i++)
        {
            var value = new PackedValue(Encoding.ASCII.GetBytes(i % 3 == 0 ? $"{i}" : $"member {i}"));
            var end = ListPack.End(pack);
            Array.Resize(ref pack, pack.Length + value.PackedSize);
            value.WriteTo(ListPack.Splice(pack, end, 0, value.PackedSize, 1));
        }

        var index = new PackIndex(pack, stride: 1, expected: 8);                 // less than there are
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = ListPack.Next(pack, at)) Assert.Equal(at, index.Find(pack, ListPack.Get(pack, at)));
        Assert.Equal(-1, index.Find(pack, new PackedValue("member 0"u8)));
        Assert.Equal(-1, index.Find(pack, new PackedValue(1000)));
    }

    [Fact]
    public void Indexes_only_the_members_of_a_sorted_set()
    {
        var pack = new byte[ListPack.EmptySize];
        ListPack.WriteEmpty(pack);
        for (var i = 0; i < 200; i++)
        {
            var value = new PackedValue(i % 2 == 0 ? i : i + 1000);               // member, score, member…
            var end = ListPack.End(pack);
            Array.Resize(ref pack, pack.Length + value.PackedSize);
            value.WriteTo(ListPack.Splice(pack, end, 0, value.PackedSize, 1));
        }

        var index = new PackIndex(pack, stride: 2, expected: 0);
        for (var i = 0; i < 200; i += 2) Assert.Equal(ListPack.Seek(pack, i), index.Find(pack, new PackedValue(i)));
        for (var i = 1; i < 200; i += 2) Assert.Equal(-1, index.Find(pack, new PackedValue(i + 1000)));
        Assert.False(PackIndex.IsWorthwhile(pack, stride: 2, questions: 1));
    }

    /// <summary>Integers, short texts that differ at one end only, and long ones; few enough to meet again.</summary>
    private static byte[] Text(Random random) => Encoding.ASCII.GetBytes(random.Next(4) switch
    {
        0 => $"{random.Next(200) - 100}",
        1 => $"member{random.Next(100)}",
        2 => $"{random.Next(100)}x",
        _ => new string((char)('a' + random.Next(3)), random.Next(150)),
    });
}

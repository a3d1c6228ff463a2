using System.Text;
using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Encodings;

public class ListPackTests
{
    /// <summary>A listpack that grows as a record would: the new size is known first, then the edit runs inside.</summary>
    private sealed class Pack
    {
        public byte[] Bytes = new byte[ListPack.EmptySize];

        public Pack() => ListPack.WriteEmpty(Bytes);

        public void Insert(int at, byte[] text)
        {
            var value = new PackedValue(text);
            var size = value.PackedSize;
            Array.Resize(ref Bytes, Bytes.Length + size);
            var gap = ListPack.Splice(Bytes, at, 0, size, 1);
            Assert.Equal(size, value.WriteTo(gap));
        }

        public void Remove(int at, int entries)
        {
            var bytes = ListPack.MeasureRange(Bytes, at, entries, out var found);
            ListPack.Splice(Bytes, at, bytes, 0, -found);
            Array.Resize(ref Bytes, Bytes.Length - bytes);
        }

        public void Replace(int at, byte[] text)
        {
            var value = new PackedValue(text);
            var old = ListPack.EntrySize(Bytes, at);
            var after = Bytes.Length - old + value.PackedSize;
            if (after > Bytes.Length) Array.Resize(ref Bytes, after);
            value.WriteTo(ListPack.Splice(Bytes, at, old, value.PackedSize, 0));
            Array.Resize(ref Bytes, after);
        }

        public string[] Forward()
        {
            var list = new List<string>();
            Span<byte> scratch = stackalloc byte[32];
            for (var at = ListPack.First; !ListPack.IsEnd(Bytes, at);) list.Add(Encoding.Latin1.GetString(ListPack.Read(Bytes, ref at).AsText(scratch)));
            return [.. list];
        }

        public string[] Backward()
        {
            var list = new List<string>();
            Span<byte> scratch = stackalloc byte[32];
            for (var at = ListPack.Last(Bytes); at >= 0; at = ListPack.Previous(Bytes, at))
                list.Add(Encoding.Latin1.GetString(ListPack.Get(Bytes, at).AsText(scratch)));
            list.Reverse();
            return [.. list];
        }
    }

    // The bytes on the right were dumped by redis-server (DUMP of a one-element list or hash), less header and end.
    [Theory]
    [InlineData("0", "0001")]
    [InlineData("127", "7F01")]
    [InlineData("128", "C08002")]
    [InlineData("4095", "CFFF02")]
    [InlineData("-1", "DFFF02")]
    [InlineData("-4096", "D00002")]
    [InlineData("4096", "F1001003")]
    [InlineData("-4097", "F1FFEF03")]
    [InlineData("32767", "F1FF7F03")]
    [InlineData("32768", "F200800004")]
    [InlineData("-8388608", "F200008004")]
    [InlineData("8388608", "F30000800005")]
    [InlineData("2147483647", "F3FFFFFF7F05")]
    [InlineData("2147483648", "F4000000800000000009")]
    [InlineData("-9223372036854775808", "F4000000000000008009")]
    [InlineData("9223372036854775808", "93393232333337323033363835343737353830" + "3814")]
    [InlineData("-0", "822D3003")]
    [InlineData("01", "82303103")]
    [InlineData("", "8001")]
    [InlineData("abc", "8361626304")]
    public void Entries_have_the_bytes_of_redis(string text, string hex)
    {
        var pack = new Pack();
        pack.Insert(ListPack.First, Encoding.Latin1.GetBytes(text));
        Assert.Equal(hex, Convert.ToHexString(pack.Bytes.AsSpan(6, pack.Bytes.Length - 7)));
        Assert.True(ListPack.Validate(pack.Bytes));
        Assert.Equal([text], pack.Forward());
    }

    [Theory]
    [InlineData(63, 1 + 63 + 1)]
    [InlineData(64, 2 + 64 + 1)]
    [InlineData(125, 2 + 125 + 1)]
    [InlineData(126, 2 + 126 + 2)]
    [InlineData(4095, 2 + 4095 + 2)]
    [InlineData(4096, 5 + 4096 + 2)]
    [InlineData(16377, 5 + 16377 + 2)]
    [InlineData(16378, 5 + 16378 + 3)]
    [InlineData(2097146, 5 + 2097146 + 4)]
    public void Long_texts_take_the_length_classes_of_redis(int length, int size)
    {
        var pack = new Pack();
        var text = new byte[length];
        text.AsSpan().Fill((byte)'x');
        pack.Insert(ListPack.First, text);
        pack.Insert(ListPack.End(pack.Bytes), "7"u8.ToArray());
        Assert.Equal(ListPack.EmptySize + size + 2, pack.Bytes.Length);
        Assert.True(ListPack.Validate(pack.Bytes));
        Assert.Equal(ListPack.First, ListPack.Previous(pack.Bytes, ListPack.Last(pack.Bytes)));
    }

    [Fact]
    public void Random_edits_agree_with_a_list()
    {
        var random = new Random(1);
        for (var round = 0; round < 60; round++)
        {
            var pack = new Pack();
            var model = new List<string>();
            for (var step = 0; step < 120; step++)
            {
                var index = random.Next(model.Count + 1);
                var at = index == model.Count ? ListPack.End(pack.Bytes) : ListPack.Seek(pack.Bytes, index);
                var text = RandomText(random);
                switch (random.Next(5))
                {
                    case 0 when index < model.Count:
                        var length = random.Next(1, 4);
                        pack.Remove(at, length);
                        model.RemoveRange(index, Math.Min(length, model.Count - index));
                        break;
                    case 1 when index < model.Count:
                        pack.Replace(at, Encoding.Latin1.GetBytes(text));
                        model[index] = text;
                        break;
                    default:
                        pack.Insert(at, Encoding.Latin1.GetBytes(text));
                        model.Insert(index, text);
                        break;
                }
                Check(pack, model, random);
            }
        }
    }

    private static void Check(Pack pack, List<string> model, Random random)
    {
        Assert.True(ListPack.Validate(pack.Bytes, out var count));
        Assert.Equal(model.Count, count);
        Assert.Equal(model.Count, ListPack.Count(pack.Bytes));
        Assert.Equal(model, pack.Forward());
        Assert.Equal(model, pack.Backward());

        var needle = model.Count > 0 && random.Next(2) == 0 ? model[random.Next(model.Count)] : RandomText(random);
        var skip = random.Next(3);
        var expected = -1;
        for (var i = 0; i < model.Count && expected < 0; i += 1 + skip)
            if (model[i] == needle) expected = i;
        var found = ListPack.Find(pack.Bytes, ListPack.First, new PackedValue(Encoding.Latin1.GetBytes(needle)), skip);
        Assert.Equal(expected < 0 ? -1 : ListPack.Seek(pack.Bytes, expected), found);
        Assert.Equal(-1, ListPack.Seek(pack.Bytes, model.Count));
        Assert.Equal(-1, ListPack.Seek(pack.Bytes, -model.Count - 1));
        if (model.Count > 0) Assert.Equal(ListPack.Last(pack.Bytes), ListPack.Seek(pack.Bytes, -1));
    }

    private static string RandomText(Random random)
    {
        switch (random.Next(4))
        {
            case 0: return random.NextInt64(-5000, 5000).ToString();
            case 1: return (random.NextInt64() >> random.Next(64)).ToString();
            default:
                var text = new char[random.Next(random.Next(8) == 0 ? 5000 : 90)];
                for (var i = 0; i < text.Length; i++) text[i] = (char)random.Next(256);
                return new string(text);
        }
    }

    [Fact]
    public void More_entries_than_the_header_can_count_are_walked()
    {
        const int entries = 65540;
        var pack = new Pack { Bytes = new byte[ListPack.EmptySize + entries * 2] };
        ListPack.WriteEmpty(pack.Bytes);
        for (var i = 0; i < entries; i++) new PackedValue(i & 127).WriteTo(ListPack.Splice(pack.Bytes, ListPack.End(pack.Bytes), 0, 2, 1));
        Assert.Equal(entries, ListPack.Count(pack.Bytes));
        Assert.True(ListPack.Validate(pack.Bytes));
        Assert.Equal(65539 & 127, ListPack.Get(pack.Bytes, ListPack.Seek(pack.Bytes, 65539)).Integer);
        Assert.Equal(-1, ListPack.Seek(pack.Bytes, 65540));
        Assert.Equal(ListPack.First, ListPack.Seek(pack.Bytes, -entries));

        pack.Remove(ListPack.First, 10);                                   // Redis keeps "unknown" too
        Assert.Equal(entries - 10, ListPack.Count(pack.Bytes));
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_harmless()
    {
        var random = new Random(2);
        var pack = new Pack();
        foreach (var text in new[] { "1", "300", "hello", new string('a', 100), "70000", new string('b', 5000), "-1" })
            pack.Insert(ListPack.End(pack.Bytes), Encoding.Latin1.GetBytes(text));

        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])pack.Bytes.Clone();
            for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(3) == 0 ? random.Next(20) : random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            if (!ListPack.Validate(bytes, out var count)) continue;
            var copy = new Pack { Bytes = bytes };
            Assert.Equal(count, copy.Forward().Length);
            Assert.Equal(count, copy.Backward().Length);
        }
    }
}

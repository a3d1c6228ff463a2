using System.Text;
using RedisLite.Data;
using RedisLite.Data.Values;
using Xunit;

namespace RedisLite.Tests.Data.Values;

public class StringValueTests : ValueWorld<StringBuilder>
{
    internal override RecordKind EmptyKind => StringValue.EmptyKind;

    internal override int EmptySize => StringValue.EmptySize;

    protected override StringBuilder NewModel() => new();

    protected override StringBuilder Clone(StringBuilder model) => new(model.ToString());

    protected override bool IsEmpty(StringBuilder model) => false;

    internal override void Initialize(Entry entry) => new StringValue(entry).Initialize();

    internal override void Step(Entry entry, StringBuilder model)
    {
        var value = new StringValue(entry);
        var text = RandomText(Random.Next(30) == 0 ? 20_000 : 100);
        switch (Random.Next(6))
        {
            case 0:
                value.Set(Bytes(text));
                model.Clear().Append(text);
                break;
            case 1:
                model.Append(text);
                Assert.Equal(model.Length, value.Append(Bytes(text)));
                break;
            case 2:
                var offset = Random.Next(model.Length + 50);
                if (text.Length == 0) break;
                while (model.Length < offset + text.Length) model.Append('\0');
                model.Remove(offset, text.Length).Insert(offset, text);
                Assert.Equal(model.Length, value.SetRange(offset, Bytes(text)));
                break;
            case 3:
                var isInteger = long.TryParse(model.ToString(), out var integer) && integer.ToString() == model.ToString();
                Assert.Equal(isInteger, value.TryGetInteger(out var read));
                if (!isInteger || integer == long.MaxValue) break;
                Assert.Equal(integer, read);
                value.SetInteger(integer + 1);
                model.Clear().Append(integer + 1);
                break;
            case 4:
                value.SetText(Bytes(text));
                model.Clear().Append(text);
                break;
            default:
                if (model.Length == 0) break;
                var at = Random.Next(model.Length);
                value.MutableBytes(at + 1)[at] = (byte)'!';
                model[at] = '!';
                break;
        }
    }

    internal override void Check(Entry entry, StringBuilder model)
    {
        var value = new StringValue(entry);
        var text = model.ToString();
        Span<byte> scratch = stackalloc byte[StringValue.ScratchMax];
        Assert.Equal(text, Encoding.Latin1.GetString(value.Get(scratch)));
        Assert.Equal(text.Length, value.Length);

        long start = Random.Next(-40, 40), end = Random.Next(-40, 40);
        long from = start < 0 ? Math.Max(0, start + text.Length) : start, to = end < 0 ? Math.Max(0, end + text.Length) : end;
        to = Math.Min(to, text.Length - 1);
        var expected = (start < 0 && end < 0 && start > end) || from > to ? "" : text[(int)from..(int)(to + 1)];
        Assert.Equal(expected, Encoding.Latin1.GetString(value.GetRange(start, end, scratch)));
    }

    internal override StringBuilder ReadFrozen(RecordKind kind, ReadOnlySpan<byte> value) =>
        new(kind == RecordKind.Integer ? BitConverter.ToInt64(value).ToString() : Encoding.Latin1.GetString(value));

    protected override void AssertSame(StringBuilder expected, StringBuilder actual) => Assert.Equal(expected.ToString(), actual.ToString());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_changes_agree_with_a_text_while_snapshots_run(int seed) => Run(seed, 6000, 10);

    [Fact]
    public void The_reported_encoding_follows_the_history()
    {
        var keyspace = new Keyspace(Heap);
        keyspace.Insert("k"u8, keyspace.Hash("k"u8), EmptyKind, EmptySize, Entry);
        var value = new StringValue(Entry);
        void Is(string encoding) => Assert.Equal(encoding, value.Encoding);

        value.Set("12345"u8);
        Is("int");
        value.Append("6"u8);
        Is("raw");
        value.Set("123456"u8);
        Is("int");
        value.SetText("3200"u8);
        Is("embstr");
        value.Set(new byte[44]);
        Is("embstr");
        value.Set(new byte[45]);
        Is("raw");
        value.Set("x"u8);
        Is("embstr");
        value.SetRange(0, "y"u8);
        Is("raw");
        value.Set("9223372036854775808"u8);
        Is("embstr");
        value.SetInteger(7);
        Is("int");
        value.MutableBytes(3)[2] = 1;
        Is("raw");
        Assert.Equal([(byte)'7', 0, 1], Entry.Value.ToArray());
    }
}

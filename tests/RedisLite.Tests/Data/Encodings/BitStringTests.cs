using System.Numerics;
using RedisLite.Data.Encodings;
using Xunit;

namespace RedisLite.Tests.Data.Encodings;

/// <summary>Bit operations beside a naive row of bools, fields beside unlimited integers.</summary>
public class BitStringTests
{
    private static bool[] Bits(byte[] bytes) => [.. bytes.SelectMany(b => Enumerable.Range(0, 8).Select(i => (b >> (7 - i) & 1) == 1))];

    private static byte[] Bytes(bool[] bits) =>
        [.. bits.Chunk(8).Select(eight => (byte)eight.Select((bit, i) => bit ? 0x80 >> i : 0).Sum())];

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[random.Next(1, 120)];
        if (random.Next(3) == 0) Array.Fill(bytes, random.Next(2) == 0 ? (byte)0 : (byte)0xFF);
        else random.NextBytes(bytes);
        if (random.Next(2) == 0) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes;
    }

    [Fact]
    public void Count_and_find_agree_with_a_row_of_bools()
    {
        var random = new Random(1);
        for (var round = 0; round < 5000; round++)
        {
            var bytes = RandomBytes(random);
            var bits = Bits(bytes);
            var first = random.Next(bits.Length);
            var last = random.Next(first, bits.Length);
            Assert.Equal(bits[first..(last + 1)].Count(bit => bit), BitString.Count(bytes, first, last));
            foreach (var wanted in new[] { false, true })
            {
                var index = Array.IndexOf(bits, wanted, first, last - first + 1);
                Assert.Equal(index, BitString.Find(bytes, wanted, first, last));
            }
        }
    }

    [Fact]
    public void Set_and_get_agree_with_a_row_of_bools()
    {
        var random = new Random(2);
        var bytes = new byte[50];
        var bits = new bool[400];
        for (var round = 0; round < 5000; round++)
        {
            var at = random.Next(bits.Length);
            bits[at] = random.Next(2) == 0;
            BitString.Set(bytes, at, bits[at]);
            var look = random.Next(bits.Length + 20);
            Assert.Equal(look < bits.Length && bits[look], BitString.Get(bytes, look));
        }

        Assert.Equal(Bytes(bits), bytes);
    }

    [Fact]
    public void Combining_agrees_with_a_row_of_bools()
    {
        var random = new Random(3);
        for (var round = 0; round < 3000; round++)
        {
            var operation = (BitOperation)random.Next(4);
            var sources = Enumerable.Range(0, operation == BitOperation.Not ? 1 : random.Next(1, 5)).Select(_ => RandomBytes(random)).ToArray();
            var result = new byte[sources.Max(source => source.Length)];
            random.NextBytes(result);
            BitString.Begin(operation, result, sources[0]);
            foreach (var source in sources[1..]) BitString.Combine(operation, result, source);

            var padded = sources.Select(source => Bits([.. source, .. new byte[result.Length - source.Length]])).ToArray();
            var expected = Enumerable.Range(0, result.Length * 8).Select(i => operation switch
            {
                BitOperation.And => padded.All(bits => bits[i]),
                BitOperation.Or => padded.Any(bits => bits[i]),
                BitOperation.Xor => padded.Count(bits => bits[i]) % 2 == 1,
                _ => !padded[0][i],
            });
            Assert.Equal(Bytes([.. expected]), result);
        }
    }

    [Fact]
    public void Fields_agree_with_unlimited_integers()
    {
        var random = new Random(4);
        for (var round = 0; round < 3000; round++)
        {
            var isSigned = random.Next(2) == 0;
            var field = new BitField(isSigned, random.Next(1, isSigned ? 65 : 64));
            var bytes = new byte[24];
            random.NextBytes(bytes);
            var offset = random.Next(bytes.Length * 8 - field.Bits + 1);
            var before = Bits(bytes);
            Assert.Equal(Value(before, offset, field), field.Read(bytes, offset));

            var wanted = (Int128)random.NextInt64(long.MinValue, long.MaxValue) + (random.Next(2) == 0 ? 0 : random.NextInt64());
            if (random.Next(2) == 0) wanted >>= random.Next(70);
            foreach (var overflow in Enum.GetValues<BitFieldOverflow>())
            {
                var fits = field.TryFit(wanted, overflow, out var fitting);
                BigInteger min = isSigned ? -BigInteger.Pow(2, field.Bits - 1) : 0, max = BigInteger.Pow(2, field.Bits - (isSigned ? 1 : 0)) - 1;
                var inRange = wanted >= (Int128)min && wanted <= (Int128)max;
                Assert.Equal(inRange || overflow != BitFieldOverflow.Fail, fits);
                var expected = overflow == BitFieldOverflow.Saturate ? BigInteger.Max(min, BigInteger.Min(max, wanted)) : Wrap(wanted, field);
                if (fits) Assert.Equal(expected, fitting);
                if (!fits) continue;

                field.Write(bytes, offset, fitting);
                Assert.Equal(fitting, field.Read(bytes, offset));
                var after = Bits(bytes);
                Assert.Equal(before[..offset], after[..offset]);
                Assert.Equal(before[(offset + field.Bits)..], after[(offset + field.Bits)..]);
            }
        }
    }

    [Fact]
    public void Behind_the_end_of_a_string_a_field_reads_zeros()
    {
        byte[] bytes = [0xFF];
        Assert.Equal(0xF0, new BitField(IsSigned: false, 8).Read(bytes, 4));
        Assert.Equal(-16, new BitField(IsSigned: true, 8).Read(bytes, 4));
        Assert.Equal(0, new BitField(IsSigned: true, 64).Read(bytes, 4_294_967_295));
        Assert.Equal(0, new BitField(IsSigned: true, 64).Read([], 0));
    }

    private static BigInteger Value(bool[] bits, int offset, BitField field)
    {
        var value = bits.Skip(offset).Take(field.Bits).Aggregate(BigInteger.Zero, (sum, bit) => sum * 2 + (bit ? 1 : 0));
        return field.IsSigned && bits[offset] ? value - BigInteger.Pow(2, field.Bits) : value;
    }

    private static BigInteger Wrap(BigInteger value, BitField field)
    {
        var size = BigInteger.Pow(2, field.Bits);
        var wrapped = (value % size + size) % size;
        return field.IsSigned && wrapped >= size / 2 ? wrapped - size : wrapped;
    }
}

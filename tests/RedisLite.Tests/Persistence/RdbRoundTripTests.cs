using System.Text;
using RedisLite.Data;
using RedisLite.Data.Values;
using RedisLite.Persistence.Rdb;
using Xunit;

namespace RedisLite.Tests.Persistence;

public sealed class RdbRoundTripTests
{
    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    public void What_is_written_in_any_version_is_read_back(int version)
    {
        for (var seed = 1; seed <= 6; seed++)
        {
            using var world = new RdbWorld();
            Fill(world, new Random(seed), keys: 60);
            var file = world.Save(version, compress: seed % 2 == 0);

            using var copy = new RdbWorld();
            var reader = copy.Load(file);
            copy.CheckInvariants();
            Assert.Equal(version, reader.Version);
            Assert.Equal(world.Contents(), copy.Contents());
        }
    }

    [Fact]
    public void A_dump_payload_is_verified_and_read_back()
    {
        using var world = new RdbWorld();
        Fill(world, new Random(3), keys: 40);
        var output = new RdbOutput(null, compress: true, checksum: false);
        var reader = new ValueReader(world.Heap);
        var entry = new Entry();
        var copied = new Entry();
        foreach (var handle in world.Databases[0])
        {
            world.Databases[0].Open(handle, entry);
            var payload = DumpPayload.Write(world.Heap, output, new RedisLite.Data.Record(world.Heap.Arena.Slot(handle)), 11).ToArray();
            Assert.True(DumpPayload.Verify(payload, out var version));
            Assert.Equal(11, version);
            var key = entry.Key.ToArray();
            Assert.True(reader.Read(new RdbInput(payload, 1, payload.Length - 10), payload[0], world.Databases[7], key, world.Heap.Hash(key), -1, copied));
            Assert.Equal(RdbWorld.Parts(entry).Select(Convert.ToHexString), RdbWorld.Parts(copied).Select(Convert.ToHexString));
            payload[payload.Length / 2] ^= 1;
            Assert.False(DumpPayload.Verify(payload, out _));
        }
    }

    [Fact]
    public void A_flipped_bit_is_found_and_named_with_its_place()
    {
        using var world = new RdbWorld();
        Fill(world, new Random(4), keys: 20);
        var file = world.Save();
        file[^1] ^= 1;
        using var copy = new RdbWorld();
        var problem = Assert.Throws<RdbException>(() => copy.Load(file));
        Assert.Equal(file.Length, problem.Offset);
        Assert.Contains("wrong checksum", problem.Message);
    }

    [Fact]
    public void Broken_files_are_refused_or_read_and_break_nothing()
    {
        using var world = new RdbWorld();
        Fill(world, new Random(5), keys: 40);
        var file = world.Save(compress: false);
        var random = new Random(6);
        int refused = 0, read = 0;
        for (var round = 0; round < 1500 * RedisLite.Testing.LongRun.Factor; round++)
        {
            var broken = Mutate(file, random);
            using var copy = new RdbWorld();
            try
            {
                copy.Load(broken);
                read++;
            }
            catch (RdbException)
            {
                refused++;
            }
            if (round % 16 != 0) continue;
            copy.CheckInvariants();
            copy.Contents();
        }
        Assert.True(refused > 250 && read > 5, $"{refused} refused, {read} read");
    }

    private static byte[] Mutate(byte[] file, Random random)
    {
        var broken = file.ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(broken.Length);
            switch (random.Next(3))
            {
                case 0: broken[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: broken[at] = (byte)random.Next(256); break;
                default: broken = broken[..Math.Max(10, at)]; break;
            }
        }
        if (broken.Length > 20 && random.Next(2) == 0) broken.AsSpan(broken.Length - 8).Clear();       // no checksum: the bytes themselves must be checked
        return broken;
    }

    internal static void Fill(RdbWorld world, Random random, int keys)
    {
        var entry = new Entry();
        for (var i = 0; i < keys; i++)
        {
            var keyspace = world.Databases[random.Next(3) == 0 ? 3 : 0];
            var key = Encoding.ASCII.GetBytes($"key:{i}:{Text(random)}");
            FillOne(keyspace, key, random, entry, size: random.Next(4) switch { 0 => 1, 1 => 10, 2 => 100, _ => 700 });
            if (random.Next(3) == 0) entry.SetExpireAt(world.NowMs + random.Next(1, 1 << 30));
        }
    }

    private static void FillOne(Keyspace keyspace, byte[] key, Random random, Entry entry, int size)
    {
        switch (random.Next(5))
        {
            case 0:
                var text = Encoding.Latin1.GetBytes(random.Next(3) == 0 ? random.NextInt64().ToString() : string.Concat(Enumerable.Repeat(Text(random), size)));
                var kind = StringValue.KindFor(text, out var integer);
                keyspace.Insert(key, keyspace.Hash(key), kind, StringValue.SizeFor(kind, text), entry);
                if (kind == RecordKind.Integer) StringValue.Over(entry).SetInteger(integer);
                else text.CopyTo(entry.MutableValue());
                break;
            case 1:
                var list = Start<ListValue>(keyspace, key, entry);
                for (var i = 0; i < size * 4; i++) list.Push(ListEnd.Right, Bytes(random));
                break;
            case 2:
                var set = Start<SetValue>(keyspace, key, entry);
                var numbers = random.Next(2) == 0;
                for (var i = 0; i < size; i++) set.Add(numbers ? Encoding.ASCII.GetBytes((random.NextInt64() >> random.Next(64)).ToString()) : Bytes(random));
                break;
            case 3:
                var zset = Start<ZSetValue>(keyspace, key, entry);
                for (var i = 0; i < size; i++) zset.Set(Bytes(random), random.Next(4) == 0 ? random.Next(10) : random.NextDouble() * 1e9 - 5e8);
                break;
            default:
                var hash = Start<HashValue>(keyspace, key, entry);
                for (var i = 0; i < size; i++) hash.Set(Bytes(random), Bytes(random));
                break;
        }
    }

    private static T Start<T>(Keyspace keyspace, byte[] key, Entry entry)
        where T : struct, IValue<T>
    {
        keyspace.Insert(key, keyspace.Hash(key), T.EmptyKind, T.EmptySize, entry);
        var value = T.Over(entry);
        value.Initialize();
        return value;
    }

    private static byte[] Bytes(Random random) => Encoding.Latin1.GetBytes(Text(random));

    private static string Text(Random random)
    {
        if (random.Next(3) == 0) return (random.NextInt64() >> random.Next(64)).ToString();
        var text = new char[random.Next(random.Next(20) == 0 ? 300 : 20)];
        var narrow = random.Next(2) == 0;
        for (var i = 0; i < text.Length; i++) text[i] = (char)(narrow ? 'a' + random.Next(2) : random.Next(256));
        return new string(text);
    }
}

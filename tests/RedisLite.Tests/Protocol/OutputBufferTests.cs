using System.Text;
using RedisLite.Protocol;
using Xunit;

namespace RedisLite.Tests.Protocol;

public class OutputBufferTests
{
    /// Random writes, deferred headers, partial sends and truncations against a plain list of bytes.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Behaves_as_a_queue_of_bytes(int seed)
    {
        var random = new Random(seed);
        var pool = new BlockPool();
        var buffer = new OutputBuffer(pool);
        var writer = new ReplyWriter(buffer);
        var model = new List<byte>();
        var payload = new byte[600_000];
        random.NextBytes(payload);
        for (var step = 0; step < 3000; step++)
        {
            switch (random.Next(7))
            {
                case 0:
                    var size = random.Next(8) == 0 ? random.Next(payload.Length) : random.Next(3000);
                    buffer.Write(payload.AsSpan(0, size));
                    model.AddRange(payload.AsSpan(0, size));
                    break;
                case 1:
                    var bulk = random.Next(2000);
                    writer.Bulk(payload.AsSpan(0, bulk));
                    model.AddRange(Encoding.ASCII.GetBytes($"${bulk}\r\n"));
                    model.AddRange(payload.AsSpan(0, bulk));
                    model.AddRange("\r\n"u8);
                    break;
                case 2:
                    WriteNested(writer, model, random, depth: 0);
                    break;
                case 3:
                    var length = buffer.Length;
                    buffer.Write(payload.AsSpan(0, random.Next(40_000)));
                    if (random.Next(2) == 0) writer.DeferArray();
                    buffer.Truncate(length);
                    break;
                default:
                    var sent = random.Next(4) == 0 ? model.Count : random.Next(model.Count + 1);
                    Assert.Equal(model.ToArray(), buffer.ToArray());
                    buffer.Advance(sent);
                    model.RemoveRange(0, sent);
                    break;
            }
            Assert.Equal(model.Count, buffer.Length);
        }
        buffer.Advance(buffer.Length);
        Assert.True(buffer.IsEmpty);
        Assert.Equal(0, buffer.MemoryInUse);
    }

    private static void WriteNested(ReplyWriter writer, List<byte> model, Random random, int depth)
    {
        var mark = writer.DeferArray();
        var elements = new List<byte>();
        var count = random.Next(20);
        for (var i = 0; i < count; i++)
        {
            if (depth < 3 && random.Next(5) == 0)
            {
                WriteNested(writer, elements, random, depth + 1);
                continue;
            }
            writer.Integer(i);
            elements.AddRange(Encoding.ASCII.GetBytes($":{i}\r\n"));
        }
        writer.EndArray(mark, count);
        model.AddRange(Encoding.ASCII.GetBytes($"*{count}\r\n"));
        model.AddRange(elements);
    }

    /// The header of a deferred aggregate grows wherever the block's end lies: before it, inside the elements, right behind them.
    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public void Deferred_headers_find_room_at_the_end_of_a_block(long count)
    {
        var payload = new byte[BlockPool.SmallSize];
        new Random(4).NextBytes(payload);
        for (var before = BlockPool.SmallSize - 100; before <= BlockPool.SmallSize; before++)
        {
            foreach (var elements in (int[])[0, 1, 40, 64, 70, 90, 100, 300])
            {
                var buffer = new OutputBuffer(new BlockPool());
                var writer = new ReplyWriter(buffer) { Protocol = 3 };
                buffer.Write(payload.AsSpan(0, before));
                var outer = writer.DeferArray();
                var inner = writer.DeferArray();
                buffer.Write(payload.AsSpan(0, elements));
                End(inner);
                buffer.Write("x"u8);
                End(outer);
                buffer.Write("behind"u8);

                var header = count < 0 ? "_\r\n"u8.ToArray() : Encoding.ASCII.GetBytes($"*{count}\r\n");
                byte[] expected = [.. payload.AsSpan(0, before), .. header, .. header, .. payload.AsSpan(0, elements), .. "xbehind"u8];
                Assert.Equal(expected, buffer.ToArray());
                Assert.Equal(expected.Length, buffer.Length);

                void End(int mark)
                {
                    if (count < 0) writer.EndNullArray(mark);
                    else writer.EndArray(mark, count);
                }
            }
        }
    }

    [Fact]
    public void Small_replies_hold_one_small_block_and_idle_buffers_none()
    {
        var pool = new BlockPool();
        var buffer = new OutputBuffer(pool);
        buffer.Write("+OK\r\n"u8);
        Assert.Equal(BlockPool.SmallSize, buffer.MemoryInUse);
        buffer.Advance(5);
        Assert.Equal(0, buffer.MemoryInUse);
        Assert.Null(buffer.FirstBlock);
    }

    /// A block for each, as it once was, ran a pipeline of such replies into the garbage collector.
    [Fact]
    public void Deferred_aggregates_share_a_block()
    {
        var buffer = new OutputBuffer(new BlockPool());
        var writer = new ReplyWriter(buffer);
        for (var i = 0; i < 20; i++)
        {
            var outer = writer.DeferArray();
            var inner = writer.DeferArray();
            writer.Integer(i);
            writer.EndArray(inner, 1);
            writer.EndArray(outer, 1);
        }
        Assert.NotNull(buffer.FirstBlock);
        Assert.Null(buffer.FirstBlock.Next);
    }

    [Fact]
    public void What_a_burst_leaves_goes_when_it_was_not_needed_for_a_while()
    {
        var given = 0L;
        var pool = new BlockPool { GiveBack = bytes => given += bytes.Length };
        var buffer = new OutputBuffer(pool);
        const int burst = 64 * 1024 * 1024;
        for (var i = 0; i < 3; i++)
        {
            buffer.Write(new byte[burst]);
            buffer.Advance(burst);
            pool.Trim();                                            // needed a moment ago
        }
        Assert.Equal(0, given);
        Assert.InRange(pool.MemoryInUse, burst, burst * 5 / 4);     // and nothing was made anew

        pool.Trim();
        Assert.InRange(given, 1, burst / 2);                        // little at a time
        for (var i = 0; i < 10; i++) pool.Trim();
        Assert.InRange(pool.MemoryInUse, 1, burst / 8);
        Assert.InRange(given, burst * 7 / 8, burst);
    }

    [Fact]
    public void Writing_and_sending_allocates_nothing_once_warm()
    {
        var writer = new ReplyWriter(new OutputBuffer());
        var value = new byte[5000];
        for (var i = 0; i < 100; i++) Round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Round();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Round()
        {
            writer.Ok();
            writer.Integer(12345);
            writer.Bulk(value);
            writer.Bulk("text");
            writer.Error("ERR no");
            var mark = writer.DeferArray();
            writer.Double(1.25);
            writer.EndArray(mark, 1);
            writer.Output.Advance(writer.Output.Length);
        }
    }
}

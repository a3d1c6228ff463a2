using RedisLite.Protocol;
using RedisLite.Server.Transports;
using Xunit;

namespace RedisLite.Tests.Server;

public class LoopPipeReaderTests
{
    /// Random receives, reads that consume all, some or nothing, and turns of other connections in between, against a plain list of bytes.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Shows_what_was_received_and_not_consumed(int seed)
    {
        var random = new Random(seed);
        var shared = new byte[64 * 1024];
        var reader = new LoopPipeReader(new InputBuffers());
        var model = new List<byte>();
        for (var step = 0; step < 1500; step++)
        {
            var wanted = random.Next(3) == 0 ? reader.Unread + random.Next(1, 3_000_000) : reader.Unread + 1;
            var area = reader.Prepare(shared, wanted);
            Assert.True(area.Count > 0);
            var received = random.Next(5) == 0 ? 0 : random.Next(3) == 0 ? area.Count : random.Next(1, Math.Min(area.Count, 5000) + 1);
            random.NextBytes(area.AsSpan(0, received));
            model.AddRange(area.AsSpan(0, received));
            reader.Received(received);
            Assert.Equal(model.Count, reader.Unread);
            if (received > 0 && random.Next(3) > 0) Read(reader, model, random);
            if (random.Next(2) == 0 || model.Count > 4_000_000)
            {
                if (model.Count > 4_000_000) ReadAll(reader, model);
                reader.Settle();
                random.NextBytes(shared);
            }
        }
    }

    private static void Read(LoopPipeReader reader, List<byte> model, Random random)
    {
        Assert.True(reader.TryRead(out var result));
        var data = result.Buffer;
        Assert.True(data.IsSingleSegment);
        Assert.Equal(model.Count, data.Length);
        Assert.True(data.FirstSpan.SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(model)));
        var consumed = random.Next(3) switch { 0 => 0, 1 => model.Count, _ => random.Next(model.Count + 1) };
        model.RemoveRange(0, consumed);
        var all = random.Next(2) == 0;
        reader.AdvanceTo(data.GetPosition(consumed), all ? data.End : data.GetPosition(consumed));
        Assert.Equal(!all && model.Count > 0, reader.TryRead(out _));
    }

    private static void ReadAll(LoopPipeReader reader, List<byte> model)
    {
        reader.Prepare(new byte[64 * 1024], 1).AsSpan()[0] = 7;
        reader.Received(1);
        model.Add(7);
        Assert.True(reader.TryRead(out var result));
        reader.AdvanceTo(result.Buffer.End);
        model.Clear();
        Assert.Equal(0, reader.OwnedBytes);
    }

    [Fact]
    public void Holds_nothing_while_idle_and_only_the_tail_otherwise()
    {
        var shared = new byte[64 * 1024];
        var reader = new LoopPipeReader(new InputBuffers());
        reader.Prepare(shared, 1);
        reader.Received(1000);
        reader.TryRead(out var result);
        reader.AdvanceTo(result.Buffer.GetPosition(990), result.Buffer.End);
        reader.Settle();
        Assert.InRange(reader.OwnedBytes, 10, 16);
        reader.Prepare(shared, 20);
        reader.Received(10);
        reader.TryRead(out result);
        reader.AdvanceTo(result.Buffer.End);
        reader.Settle();
        Assert.Equal(0, reader.OwnedBytes);
    }

    [Fact]
    public void Announced_length_is_not_believed_at_once()
    {
        var reader = new LoopPipeReader(new InputBuffers());
        var shared = new byte[64 * 1024];
        reader.Prepare(shared, 1);
        reader.Received(30);
        reader.Settle();
        var area = reader.Prepare(shared, 512 * 1024 * 1024);
        Assert.InRange(area.Count, 1280 * 1024 - 64, 1280 * 1024);
        reader.Received(area.Count);
        Assert.InRange(reader.Prepare(shared, 512 * 1024 * 1024).Array!.Length, 5 * 1024 * 1024 - 256, 5 * 1024 * 1024 + 256);
    }

    /// <summary>However much of it comes first: what a client is charged for a megabyte does not depend on the network's pieces.</summary>
    [Theory]
    [InlineData(20_000)]
    [InlineData(256 * 1024)]
    public void A_megabyte_gets_its_last_buffer_at_once(int first)
    {
        const int wanted = 1024 * 1024 + 20;
        var reader = new LoopPipeReader(new InputBuffers());
        var shared = new byte[256 * 1024];
        reader.Prepare(shared, 1);
        reader.Received(first);
        reader.Settle(wanted);
        Assert.Equal(1280 * 1024, reader.OwnedBytes);
        Assert.Equal(1280 * 1024 - first, reader.Prepare(shared, wanted).Count);
    }

    [Fact]
    public void A_buffer_that_is_kept_takes_all_that_is_announced()
    {
        const int announced = 6 * 1024 * 1024;
        var buffers = new InputBuffers();
        buffers.Return(buffers.Rent(announced));
        var reader = new LoopPipeReader(buffers);
        var shared = new byte[64 * 1024];
        reader.Prepare(shared, 1);
        reader.Received(50_000);
        reader.Settle(announced);
        Assert.Equal(announced, reader.OwnedBytes);
        Assert.Equal(announced - 50_000, reader.Prepare(shared, announced).Count);
    }

    [Fact]
    public void Buffers_that_are_not_kept_or_not_needed_give_their_memory_back()
    {
        const int mib = 1024 * 1024;
        var given = new List<int>();
        var buffers = new InputBuffers { GiveBack = buffer => given.Add(buffer.Length / mib) };
        foreach (var buffer in Enumerable.Range(0, 5).Select(_ => buffers.Rent(16 * mib)).ToArray()) buffers.Return(buffer);
        Assert.Equal([16], given);                                  // four fill what is kept
        buffers.Return(buffers.Rent(40 * mib));
        Assert.Equal([16, 40], given);
        given.Clear();
        buffers.Trim();
        Assert.Empty(given);
        buffers.Return(buffers.Rent(16 * mib));                     // one is needed
        buffers.Trim();
        Assert.Equal([16], given);                                  // and of the others one a time
        for (var i = 0; i < 4; i++) buffers.Trim();
        Assert.Equal([16, 16, 16, 16], given);
    }

    [Fact]
    public void Kept_buffers_are_at_most_twice_as_large_as_what_they_are_for()
    {
        var buffers = new InputBuffers();
        buffers.Return(buffers.Rent(10_000_000));
        Assert.False(buffers.TryRentKept(11_000_000, out _));
        Assert.False(buffers.TryRentKept(5_000_000, out _));
        Assert.True(buffers.TryRentKept(6_000_000, out var buffer));
        Assert.InRange(buffer.Length, 10_000_000, 12_000_000);
        Assert.False(buffers.TryRentKept(6_000_000, out _));
    }
}

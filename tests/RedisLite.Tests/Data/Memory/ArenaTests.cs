using RedisLite.Data.Memory;
using Xunit;

namespace RedisLite.Tests.Data.Memory;

public class ArenaTests
{
    [Fact]
    public void Size_classes_waste_little_and_fill_pages()
    {
        for (var bytes = 1; bytes <= SizeClasses.MaxSlotBytes; bytes++)
        {
            var size = SizeClasses.Bytes[SizeClasses.Of(bytes)];
            Assert.True(size >= bytes);
            Assert.True(size - bytes < Math.Max(8, bytes / (bytes < 4096 ? 12.0 : 7.5)), $"{bytes} -> {size}");
            Assert.True(SizeClasses.PageBytes % size <= SizeClasses.PageBytes / 16, $"page of {size}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(4352)]
    [InlineData(8192)]
    [InlineData(8193)]
    [InlineData(70_000)]
    [InlineData(Arena.MaxRunBytes)]
    [InlineData(Arena.MaxRunBytes + 1)]
    [InlineData(20_000_000)]
    public void A_slot_holds_what_was_asked_for(int bytes)
    {
        using var arena = new Arena();
        var handle = arena.Alloc(bytes);
        Assert.True(arena.Slot(handle).Length >= bytes);
        Assert.Equal(Arena.CapacityFor(bytes), arena.Capacity(handle));
        arena.Slot(handle).Fill(7);
        arena.CheckInvariants();
        arena.Free(handle);
        arena.CheckInvariants();
        Assert.Equal(0, arena.LiveBytes);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 5_000)]
    [InlineData(3, 300_000)]
    public void Slots_never_overlap(int seed, int maxBytes)
    {
        using var arena = new Arena();
        var random = new Random(seed);
        var live = new List<(ulong Handle, byte Fill, int Length)>();
        for (var step = 0; step < 20_000; step++)
        {
            if (live.Count > 0 && (random.Next(100) < 45 || live.Count > 2000))
            {
                var index = random.Next(live.Count);
                var (handle, fill, length) = live[index];
                Assert.Equal(-1, arena.Slot(handle)[..length].IndexOfAnyExcept(fill));
                arena.Free(handle);
                live[index] = live[^1];
                live.RemoveAt(live.Count - 1);
                continue;
            }
            var bytes = 1 + random.Next(1 + random.Next(maxBytes));
            var added = (arena.Alloc(bytes), (byte)random.Next(256), bytes);
            arena.Slot(added.Item1)[..bytes].Fill(added.Item2);
            live.Add(added);
        }
        arena.CheckInvariants();
        foreach (var (handle, _, _) in live) arena.Free(handle);
        arena.CheckInvariants();
        Assert.Equal(0, arena.LiveBytes);
    }

    [Fact]
    public void Freed_memory_goes_back_to_the_system()
    {
        using var arena = new Arena();
        var handles = new List<ulong>();
        for (var i = 0; i < 100_000; i++) handles.Add(arena.Alloc(1000));
        Assert.True(arena.CommittedBytes > 95_000_000);
        handles.Add(arena.Alloc(50_000_000));
        foreach (var handle in handles) arena.Free(handle);
        Assert.Equal(0, arena.LiveBytes);
        arena.CheckInvariants();
        var slices = 1;
        for (; arena.TrimIdlePages(16); slices++) arena.CheckInvariants();
        Assert.InRange(slices, 12, 200);
        Assert.True(arena.CommittedBytes < 4_000_000, $"{arena.CommittedBytes} bytes kept");
        arena.CheckInvariants();
    }

    [Fact]
    public void Pages_are_kept_while_they_may_not_be_released_and_trimmed_later()
    {
        using var arena = new Arena();
        arena.BeginReading();
        var handles = new List<ulong>();
        for (var i = 0; i < 50_000; i++) handles.Add(arena.Alloc(1000));
        var full = arena.CommittedBytes;
        foreach (var handle in handles) arena.Free(handle);
        Assert.Equal(full, arena.CommittedBytes);
        arena.EndReading();
        while (arena.TrimIdlePages(16))
        {
        }
        Assert.True(arena.CommittedBytes < 4_000_000);
        arena.CheckInvariants();
    }

    [Fact]
    public void A_second_free_is_caught_when_the_page_is_gone()
    {
        using var arena = new Arena();
        var handle = arena.Alloc(100);
        arena.Free(handle);
        Assert.Throws<InvalidOperationException>(() => arena.Free(handle));
    }

    [Fact]
    public void A_handle_stack_gives_back_all_handles_and_its_own_memory()
    {
        using var arena = new Arena();
        var stack = new HandleStack(arena);
        for (ulong i = 1; i <= 5000; i++) stack.Push(i);
        for (ulong i = 5000; i >= 1; i--)
        {
            Assert.True(stack.TryPop(out var handle));
            Assert.Equal(i, handle);
        }
        Assert.False(stack.TryPop(out _));
        Assert.Equal(0, arena.LiveBytes);
    }

    /// <summary>Who comes second to a huge page waits for it as long as who touches it: 5 ms where the host must find the memory.</summary>
    [Fact]
    public void No_slot_lies_in_the_huge_page_that_is_being_touched()
    {
        using var arena = new Arena();
        var asked = 0;
        arena.PagesWanted = () => asked++;                     // a helper that never comes
        for (var i = 0; i < 20_000; i++) Assert.False(arena.IsBeingTouched(arena.Alloc(8192)), $"slot {i}");      // 160 MB: the first 64 have no huge pages
        Assert.Equal(1, asked);
        arena.PreparePages();
        var chunks = arena.ChunkEnd;
        for (var i = 0; i < 256; i++) arena.Alloc(8192);
        Assert.Equal(chunks, arena.ChunkEnd);                  // what was left out is used afterwards
        arena.CheckInvariants();
    }

    /// <summary>Else the helper's advice would come after the owner's, and the holes be filled again with huge pages.</summary>
    [Fact]
    public void No_page_is_given_back_beside_the_huge_page_that_is_being_touched()
    {
        if (!OsMemory.CanDecommit) return;
        using var arena = new Arena();
        arena.PagesWanted = static () => { };                  // a helper that comes late
        var handles = new List<ulong>();
        for (var i = 0; i < 20_000; i++) handles.Add(arena.Alloc(8192));
        for (var i = 0; i < handles.Count; i++)
        {
            if (i % 1000 != 0) arena.Free(handles[i]);
        }
        var asked = Enumerable.Range(1, arena.ChunkEnd - 1).Where(c => arena.ChunkAt(c) is { PreparedBlocks: > 0 }).ToArray();
        Assert.NotEmpty(asked);
        for (var i = 0; i < 1000; i++) arena.TrimIdlePages(50);
        Assert.Contains(asked, c => arena.ChunkAt(c)!.HugePages);

        arena.PreparePages();
        while (arena.TrimIdlePages(50))
        {
        }
        Assert.DoesNotContain(asked, c => arena.ChunkAt(c)!.HugePages);
        arena.CheckInvariants();
    }

    [Fact]
    public void Another_thread_may_touch_pages_ahead_while_chunks_come_and_go()
    {
        using var arena = new Arena();
        using var wanted = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        arena.PagesWanted = () => wanted.Release();
        var prepared = 0;
        var helper = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (!wanted.Wait(10)) continue;
                arena.PreparePages();
                Interlocked.Increment(ref prepared);
            }
        });
        var live = new List<ulong>();
        for (var round = 0; round < 6; round++)
        {
            if (round % 2 == 1) arena.BeginReading();
            for (var i = 0; i < 60_000; i++)
            {
                live.Add(arena.Alloc(2000));                   // 120 MB: the first 64 have no huge pages
                arena.Slot(live[^1]).Fill(5);
            }
            foreach (var handle in live)
            {
                Assert.Equal(-1, arena.Slot(handle).IndexOfAnyExcept((byte)5));
                arena.Free(handle);
            }
            live.Clear();
            if (round % 2 == 1) arena.EndReading();
            while (arena.TrimIdlePages(50))
            {
            }
            arena.CheckInvariants();
        }
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref prepared) > 0, 10_000));
        stop.Cancel();
        helper.Wait();
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Tables;

namespace RedisLite.Benchmarks;

/// <summary>
/// Memory per key and CPU time per operation of the keyspace in one process, without a server: growth of the resident set is what counts, so this is a
/// plain program and not a BenchmarkDotNet class. Run: <c>keyspace [10m|5m|1m|10k|fill|hash|churn|delete|snapshot ...]</c>.
/// </summary>
internal static class KeyspaceCheck
{
    public static void Run(string[] names)
    {
        if (names.Length == 0) names = ["10m", "5m", "1m", "10k", "hash", "churn", "delete", "snapshot"];
        foreach (var name in names)
        {
            switch (name)
            {
                case "10m": Strings("10 M keys, 16 + 16 B", 10_000_000, 16, 16, gets: true); break;
                case "5m": Strings("5 M keys, 24 + 100 B", 5_000_000, 24, 100, gets: false); break;
                case "1m": Strings("1 M keys, 16 + 1024 B", 1_000_000, 16, 1024, gets: false); break;
                case "10k": Strings("10 k keys, 16 + 16 B (in cache)", 10_000, 16, 16, gets: true); break;
                case "fill": Fill(); break;
                case "hash": Hash(); break;
                case "churn": Churn(); break;
                case "delete": Delete(); break;
                case "snapshot": Snapshot(); break;
                default: Console.WriteLine("unknown: " + name); break;
            }
        }
    }

    /// <summary>CPU time of this thread: figures should not depend on what else the machine does.</summary>
    private static long Now()
    {
        const int threadCpuTime = 3;
        _ = ClockGetTime(threadCpuTime, out var time);
        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, out TimeSpec time);

    private static long Resident()
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal)) return long.Parse(line[6..^2].Trim(), CultureInfo.InvariantCulture) * 1024;
        }
        return 0;
    }

    /// <summary>A heap with a thread that touches its pages ahead, as in the server.</summary>
    private static Heap NewHeap()
    {
        var heap = new Heap(1, 2);
        var wanted = new SemaphoreSlim(0);
        heap.Arena.PagesWanted = () => wanted.Release();
        new Thread(() =>
        {
            while (true)
            {
                wanted.Wait();
                heap.Arena.PreparePages();
            }
        }) { IsBackground = true }.Start();
        return heap;
    }

    private static void KeyOf(long number, Span<byte> key)
    {
        key.Fill((byte)'k');
        var mixed = (ulong)number * 0x9E3779B97F4A7C15UL;
        MemoryMarshal.Write(key[^8..], in mixed);
    }

    private static void Report(string name, Heap heap, long before, long count) => Console.WriteLine(
        $"{name}: RSS {(Resident() - before) / (double)count:F1} B each, committed {heap.CommittedBytes / (double)count:F1}, live {heap.MemoryInUse / (double)count:F1}");

    private static void Insert(Keyspace keys, Entry entry, long number, Span<byte> key, int valueBytes)
    {
        KeyOf(number, key);
        keys.Insert(key, keys.Hash(key), RecordKind.String, valueBytes, entry).Fill((byte)'v');
    }

    private static void Strings(string name, int count, int keyBytes, int valueBytes, bool gets)
    {
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        Span<byte> key = stackalloc byte[keyBytes];
        GC.Collect();
        var before = Resident();
        var (collections, slow) = (GC.CollectionCount(0), new PriorityQueue<int, long>());
        const int group = 10;
        var clock = Now();
        var start = clock;
        for (var i = 0; i < count; i++)
        {
            Insert(keys, entry, i, key, valueBytes);
            if (i % group != 0) continue;
            var now = Now();
            slow.Enqueue(i, now - start);
            if (slow.Count > 10) slow.Dequeue();
            start = now;
        }
        Report(name, heap, before, count);
        Console.WriteLine($"  insert {(Now() - clock) / (double)count:F0} ns, GCs {GC.CollectionCount(0) - collections}");
        while (slow.TryDequeue(out var at, out var nanoseconds)) Console.Write($"  [{at}: {nanoseconds / 1e6:F2} ms]");
        Console.WriteLine();
        if (gets) Gets(keys, entry, count, keyBytes, valueBytes);
    }

    private static void Gets(Keyspace keys, Entry entry, int count, int keyBytes, int valueBytes)
    {
        const int rounds = 4_000_000;
        var random = new Random(1);
        Span<byte> key = stackalloc byte[keyBytes];
        long bytes = 0;
        for (var warm = 0; warm < 2; warm++)
        {
            var clock = Now();
            for (var i = 0; i < rounds; i++)
            {
                KeyOf(random.Next(count), key);
                if (keys.Find(key, keys.Hash(key), entry)) bytes += entry.Value.Length;
            }
            if (warm == 1) Console.WriteLine($"  GET hit {(Now() - clock) / (double)rounds:F0} ns");
        }
        var missClock = Now();
        for (var i = 0; i < rounds; i++)
        {
            KeyOf(count + random.Next(count), key);
            if (keys.Find(key, keys.Hash(key), entry)) bytes++;
        }
        Console.WriteLine($"  GET miss {(Now() - missClock) / (double)rounds:F0} ns");
        Console.WriteLine($"  GET hit, prefetched in batches of 16: {Batched(keys, entry, count, keyBytes, rounds):F0} ns");
        var setClock = Now();
        for (var i = 0; i < rounds; i++)
        {
            KeyOf(random.Next(count), key);
            if (keys.Find(key, keys.Hash(key), entry)) keys.Replace(entry, RecordKind.String, valueBytes, keepExpiry: false)[0] = 1;
        }
        Console.WriteLine($"  SET overwrite {(Now() - setClock) / (double)rounds:F0} ns");
        var churnClock = Now();
        for (var i = 0; i < rounds; i++)
        {
            KeyOf(random.Next(count), key);
            if (!keys.Find(key, keys.Hash(key), entry)) continue;
            keys.Remove(entry);
            keys.Insert(key, keys.Hash(key), RecordKind.String, valueBytes, entry)[0] = 1;
        }
        Console.WriteLine($"  DEL + SET {(Now() - churnClock) / (double)rounds:F0} ns ({bytes})");
    }

    private static double Batched(Keyspace keys, Entry entry, int count, int keyBytes, int rounds)
    {
        const int batch = 16;
        var random = new Random(2);
        Span<byte> all = stackalloc byte[batch * keyBytes];
        Span<ulong> hashes = stackalloc ulong[batch];
        long bytes = 0;
        var clock = Now();
        for (var i = 0; i < rounds / batch; i++)
        {
            for (var j = 0; j < batch; j++)
            {
                KeyOf(random.Next(count), all.Slice(j * keyBytes, keyBytes));
                hashes[j] = keys.Hash(all.Slice(j * keyBytes, keyBytes));
            }
            keys.Prefetch(hashes);
            for (var j = 0; j < batch; j++)
            {
                if (keys.Find(all.Slice(j * keyBytes, keyBytes), hashes[j], entry)) bytes += entry.Value.Length;
            }
        }
        return bytes == 0 ? 0 : (Now() - clock) / (double)rounds;
    }

    /// <summary>Bytes of table per key over four doublings: the bent hash space should keep it level.</summary>
    private static void Fill()
    {
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        Span<byte> key = stackalloc byte[16];
        for (var i = 1; i <= 3_200_000; i++)
        {
            Insert(keys, entry, i, key, 16);
            if (i % 200_000 == 0) Console.WriteLine($"  {i}: table {(heap.MemoryInUse / (double)i) - 40:F2} B per key");
        }
    }

    private static void Hash()
    {
        const int count = 1_000_000;
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        Span<byte> field = stackalloc byte[13], text = stackalloc byte[13];
        var before = Resident();
        var value = keys.Insert("hash"u8, keys.Hash("hash"u8), RecordKind.HashTable, TableHeader.Bytes, entry);
        var clock = Now();
        var (slowest, start) = (0L, clock);
        for (var i = 0; i < count; i++)
        {
            KeyOf(i, field);
            ElementTable.Writable(heap, value).Set(field, text);
            if (i % 10 != 0) continue;
            if (i > count / 100) slowest = Math.Max(slowest, Now() - start);
            start = Now();
        }
        Report("hash of 1 M fields, 13 + 13 B", heap, before, count);
        Console.WriteLine($"  HSET {(Now() - clock) / (double)count:F0} ns, slowest 10 {slowest / 1e6:F2} ms");
        slowest = 0;
        var deletion = Now();
        keys.Remove(entry);
        do
        {
            slowest = Math.Max(slowest, Now() - deletion);
            deletion = Now();
        }
        while (heap.RunBackground(eagerDefrag: false));
        Console.WriteLine($"  DEL, slowest slice {slowest / 1e6:F2} ms; RSS after {(Resident() - before) / 1e6:F0} MB");
    }

    /// <summary>Values change size again and again: slabs of the wrong class must not pile up.</summary>
    private static void Churn()
    {
        const int count = 1_000_000;
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        var random = new Random(1);
        Span<byte> key = stackalloc byte[16];
        for (var i = 0; i < count; i++) Insert(keys, entry, i, key, 100);
        Console.WriteLine($"churn: before, committed {heap.CommittedBytes / (double)count:F1} B a key");
        var slowest = 0L;
        foreach (var size in new[] { 40, 220, 60, 150, 100 })
        {
            for (var i = 0; i < 3 * count; i++)
            {
                KeyOf(random.Next(count), key);
                keys.Find(key, keys.Hash(key), entry);
                keys.Replace(entry, RecordKind.String, random.Next(size / 2, (size * 3 / 2) + 1), keepExpiry: false);
                if (i % 50 != 0) continue;
                var start = Now();
                heap.RunBackground(eagerDefrag: true);
                slowest = Math.Max(slowest, Now() - start);
            }
            Console.WriteLine($"  values of about {size}: committed {heap.CommittedBytes / (double)count:F1}, live {heap.MemoryInUse / (double)count:F1}, waste {heap.CommittedBytes / (double)heap.MemoryInUse:F3}");
        }
        Console.WriteLine($"  slowest background slice {slowest / 1e6:F2} ms");
    }

    private static void Delete()
    {
        const int count = 4_000_000;
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        var random = new Random(1);
        Span<byte> key = stackalloc byte[16];
        var before = Resident();
        for (var i = 0; i < count; i++) Insert(keys, entry, i, key, 16);
        Report("delete: 4 M keys", heap, before, count);
        for (var i = 0; i < count; i++)
        {
            if (random.Next(100) >= 60) continue;
            KeyOf(i, key);
            keys.Find(key, keys.Hash(key), entry);
            keys.Remove(entry);
        }
        Report("  60 % deleted", heap, before, keys.Count);
        var (slices, slowest, clock) = (0, 0L, Now());
        var start = Now();
        while (heap.RunBackground(eagerDefrag: true))
        {
            slowest = Math.Max(slowest, Now() - start);
            start = Now();
            slices++;
        }
        Report("  after defragmentation", heap, before, keys.Count);
        Console.WriteLine($"  {slices} slices, {(Now() - clock) / 1_000_000} ms, slowest {slowest / 1e6:F2} ms");
    }

    /// <summary>Overwrites beside a snapshot that another thread reads: cost per write and extra memory.</summary>
    private static void Snapshot()
    {
        const int count = 4_000_000, writes = 1_000_000;
        using var heap = NewHeap();
        var keys = new Keyspace(heap);
        var entry = new Entry();
        Span<byte> key = stackalloc byte[16];
        for (var i = 0; i < count; i++) Insert(keys, entry, i, key, 16);
        Console.WriteLine($"snapshot: 4 M keys, {heap.CommittedBytes / 1e6:F0} MB; {Writes(keys, entry, count, writes, key)} before");
        heap.BeginSnapshot();
        var frozen = keys.Freeze();
        var reader = Task.Run(() =>
        {
            var start = Now();
            long bytes = 0;
            foreach (var handle in frozen) bytes += frozen.Open(handle).Value.Length;
            return (Bytes: bytes, Cost: (Now() - start) / (double)count);
        });
        Console.WriteLine($"  {Writes(keys, entry, count, writes, key)} during, {heap.CommittedBytes / 1e6:F0} MB");
        Console.WriteLine($"  reader {reader.Result.Cost:F0} ns a key, {reader.Result.Bytes} bytes");
        heap.EndSnapshot();
        var (slowest, begin) = (0L, Now());
        while (heap.RunBackground(eagerDefrag: false))
        {
            slowest = Math.Max(slowest, Now() - begin);
            begin = Now();
        }
        Console.WriteLine($"  {Writes(keys, entry, count, writes, key)} after, {heap.CommittedBytes / 1e6:F0} MB, slowest slice of freeing {slowest / 1e6:F2} ms");
    }

    private static string Writes(Keyspace keys, Entry entry, int count, int writes, Span<byte> key)
    {
        var random = new Random(3);
        var slowest = 0L;
        var start = Now();
        var begin = start;
        for (var i = 0; i < writes; i++)
        {
            KeyOf(random.Next(count), key);
            if (keys.Find(key, keys.Hash(key), entry)) keys.Replace(entry, RecordKind.String, 16, keepExpiry: false)[0]++;
            if (i % 16 != 0) continue;
            slowest = Math.Max(slowest, Now() - begin);
            begin = Now();
        }
        return $"{(Now() - start) / (double)writes:F0} ns a write (slowest 16: {slowest / 1e6:F2} ms)";
    }
}

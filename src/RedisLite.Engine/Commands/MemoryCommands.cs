using System.Text;
using RedisLite.Engine.Info;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>MEMORY.</summary>
internal static class MemoryCommands
{
    private const int DefaultSamples = 5;

    public static CommandSpec[] Table() =>
    [
        new("MEMORY", -2, null, None, "")
        {
            Since = "4.0.0", Summary = "Looks into the use of memory.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("DOCTOR", 2, MemoryDoctor, None, "")
                { Since = "4.0.0", Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
                  Summary = "Looks for problems of memory use and describes them in words.", Complexity = "O(1)" },
                new("HELP", 2, MemoryHelp, Loading | Stale, "")
                { Since = "4.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("MALLOC-STATS", 2, MemoryMallocStats, None, "")
                { Since = "4.0.0", Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
                  Summary = "Gives the statistics of the memory allocator as text.",
                  Complexity = "Depends on how much memory there is, usually fast" },
                new("PURGE", 2, MemoryPurge, None, "")
                { Since = "4.0.0", Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
                  Summary = "Asks the allocator to give free memory back to the system.",
                  Complexity = "Depends on how much memory there is, may be slow" },
                new("STATS", 2, MemoryStats, None, "")
                { Since = "4.0.0", Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
                  Summary = "Tells what memory is used for.", Complexity = "O(1)" },
                new("USAGE", -3, MemoryUsage, ReadOnly, "key [SAMPLES count]")
                { Keys = [KeySpec.At(2, RO)], Since = "4.0.0", Summary = "Estimates the memory that a key takes.",
                  Complexity = "O(N) in the number of samples" },
            ],
        },
    ];

    private static void MemoryUsage(CommandContext ctx)
    {
        var args = ctx.ArgsFrom(3);
        long samples = DefaultSamples;
        while (args.More)
        {
            if (args.Left > 1 && args.Take("SAMPLES"u8))
            {
                samples = args.NextInt64();
                if (samples < 0) args.Fail(Errors.Syntax);
            }
            else args.Unexpected();
        }

        if (args.Failed()) return;
        var entry = ctx.Look(ctx.Arg(2), announceMiss: false);
        if (entry.Exists) ctx.Reply.Integer(entry.MemoryInUse((int)Math.Min(samples, int.MaxValue)));
        else ctx.Reply.Null();
    }

    private static void MemoryStats(CommandContext ctx)
    {
        var engine = ctx.Engine;
        var memory = new MemoryReport(engine);
        var reply = ctx.Reply;
        var mark = reply.DeferMap();
        var count = 0;
        Number("peak.allocated"u8, memory.Peak);
        Number("total.allocated"u8, memory.Used);
        Number("startup.allocated"u8, 0);
        Number("replication.backlog"u8, 0);
        Number("clients.slaves"u8, memory.ReplicaClients);
        Number("clients.normal"u8, memory.NormalClients);
        Number("cluster.links"u8, 0);
        Number("aof.buffer"u8, 0);
        Number("lua.caches"u8, engine.Scripts.Cache.Memory);
        Number("functions.caches"u8, engine.Scripts.Functions.Memory);
        foreach (var db in engine.Databases)
        {
            if (db.Keys.Count == 0) continue;
            reply.Bulk($"db.{db.Index}");
            reply.Map(3);
            reply.Bulk("overhead.hashtable.main"u8);
            reply.Integer(db.Keys.IndexBytes);
            reply.Bulk("overhead.hashtable.expires"u8);         // expiry is part of the records
            reply.Integer(0);
            reply.Bulk("overhead.hashtable.slot-to-keys"u8);
            reply.Integer(0);
            count++;
        }

        Number("overhead.total"u8, memory.Overhead);
        Number("keys.count"u8, memory.Keys);
        Number("keys.bytes-per-key"u8, memory.Keys == 0 ? 0 : memory.Used / memory.Keys);
        Number("dataset.bytes"u8, memory.Dataset);
        Double("dataset.percentage"u8, memory.DatasetPercent);
        Double("peak.percentage"u8, memory.PeakPercent);
        Number("allocator.allocated"u8, memory.Live);
        Number("allocator.active"u8, memory.Committed);
        Number("allocator.resident"u8, memory.Committed);
        Double("allocator-fragmentation.ratio"u8, memory.AllocatorFragmentation);
        Number("allocator-fragmentation.bytes"u8, memory.Committed - memory.Live);
        Double("allocator-rss.ratio"u8, memory.Committed == 0 ? 0 : 1);
        Number("allocator-rss.bytes"u8, 0);
        Double("rss-overhead.ratio"u8, memory.ResidentOverhead);
        Number("rss-overhead.bytes"u8, memory.Resident - memory.Committed);
        Double("fragmentation"u8, memory.Fragmentation);
        Number("fragmentation.bytes"u8, memory.Resident - memory.Used);
        reply.EndMap(mark, count);

        void Number(ReadOnlySpan<byte> name, long value)
        {
            reply.Bulk(name);
            reply.Integer(value);
            count++;
        }

        void Double(ReadOnlySpan<byte> name, double value)
        {
            reply.Bulk(name);
            reply.Double(value);
            count++;
        }
    }

    private static void MemoryDoctor(CommandContext ctx) => Text(ctx, MemoryText.Diagnose(ctx.Engine, new MemoryReport(ctx.Engine)));

    private static void MemoryMallocStats(CommandContext ctx) => Text(ctx, MemoryText.Allocator(ctx.Engine.Heap));

    private static void Text(CommandContext ctx, string text) => ctx.Reply.Verbatim(Encoding.UTF8.GetBytes(text), "txt"u8);

    /// <summary>Everything that waits to be freed is freed now, and every idle page goes back to the system.</summary>
    private static void MemoryPurge(CommandContext ctx)
    {
        var heap = ctx.Engine.Heap;
        while (heap.RunLazyFree(int.MaxValue))
        {
        }

        while (!heap.SnapshotActive && heap.Arena.TrimIdlePages(int.MaxValue))
        {
        }

        ctx.Reply.Ok();
    }

    private static void MemoryHelp(CommandContext ctx) => HelpText.Reply(ctx, "MEMORY",
        "DOCTOR", "    Look for problems of memory use and describe them.",
        "MALLOC-STATS", "    Figures of the memory allocator.",
        "PURGE", "    Give free memory back to the system now.",
        "STATS", "    What the memory is used for.",
        "USAGE <key> [SAMPLES <count>]", "    Bytes that a key and its value take, estimated from so many elements",
        "    (default: 5, 0 means all).");
}

using RedisLite.Engine.Config;

namespace RedisLite.Engine.Info;

internal static class MemoryInfo
{
    public static void Write(InfoText text, Engine engine)
    {
        var memory = new MemoryReport(engine);
        text.Bytes("used_memory", memory.Used);
        text.Bytes("used_memory_rss", memory.Resident);
        text.Bytes("used_memory_peak", memory.Peak);
        text.Percent("used_memory_peak_perc", memory.PeakPercent);
        text.Field("used_memory_overhead", memory.Overhead);
        text.Field("used_memory_startup", 0);
        text.Field("used_memory_dataset", memory.Dataset);
        text.Percent("used_memory_dataset_perc", memory.DatasetPercent);
        text.Field("allocator_allocated", memory.Live);
        text.Field("allocator_active", memory.Committed);
        text.Field("allocator_resident", memory.Committed);
        text.Bytes("total_system_memory", engine.Environment.Process.SystemMemoryBytes);
        WriteScripting(text, engine.Scripts);
        text.Bytes("maxmemory", engine.Config.Maxmemory);
        text.Field("maxmemory_policy", engine.Config.TryGet("maxmemory-policy", out var policy) ? policy : "");
        text.Fixed("allocator_frag_ratio", memory.AllocatorFragmentation);
        text.Field("allocator_frag_bytes", memory.Committed - memory.Live);
        text.Fixed("allocator_rss_ratio", memory.Committed == 0 ? 0 : 1);
        text.Field("allocator_rss_bytes", 0);
        text.Fixed("rss_overhead_ratio", memory.ResidentOverhead);
        text.Field("rss_overhead_bytes", memory.Resident - memory.Committed);
        text.Fixed("mem_fragmentation_ratio", memory.Fragmentation);
        text.Field("mem_fragmentation_bytes", memory.Resident - memory.Used);
        text.Field("mem_not_counted_for_evict", memory.ReplicaClients);
        text.Field("mem_replication_backlog", 0);
        text.Field("mem_total_replication_buffers", memory.ReplicaClients);
        text.Field("mem_clients_slaves", memory.ReplicaClients);
        text.Field("mem_clients_normal", memory.NormalClients);
        text.Field("mem_cluster_links", 0);
        text.Field("mem_aof_buffer", 0);
        text.Field("mem_allocator", "redislite-arena");
        text.Field("active_defrag_running", 0);
        text.Field("lazyfree_pending_objects", engine.Heap.LazyFreePending);
        text.Field("lazyfreed_objects", engine.Heap.LazyFreed - engine.Stats.LazyFreedAtReset);
    }

    /// <summary>There is no interpreter in memory as long as no script has run.</summary>
    private static void WriteScripting(InfoText text, Scripting.ScriptEngine scripts)
    {
        text.Field("used_memory_lua", scripts.EvalWorldBytes);
        text.Field("used_memory_vm_eval", scripts.EvalWorldBytes);
        text.Field("used_memory_lua_human", InfoText.Human(scripts.EvalWorldBytes));
        text.Field("used_memory_scripts_eval", scripts.Cache.Memory);
        text.Field("number_of_cached_scripts", scripts.Cache.Count);
        text.Field("number_of_functions", scripts.Functions.Count);
        text.Field("number_of_libraries", scripts.Functions.Libraries.Count);
        text.Field("used_memory_vm_functions", scripts.Loader.WorldBytes);
        text.Bytes("used_memory_vm_total", scripts.EvalWorldBytes + scripts.Loader.WorldBytes);
        text.Field("used_memory_functions", scripts.Functions.Memory);
        text.Bytes("used_memory_scripts", scripts.Cache.Memory + scripts.Functions.Memory);
    }
}

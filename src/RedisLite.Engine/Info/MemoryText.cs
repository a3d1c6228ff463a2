using System.Globalization;
using System.Text;
using RedisLite.Data;

namespace RedisLite.Engine.Info;

/// <summary>Memory in words: MEMORY DOCTOR and MEMORY MALLOC-STATS.</summary>
internal static class MemoryText
{
    private const long TooLittle = 5 * 1024 * 1024;
    private const double HighRatio = 1.5;
    private const long NoticeableBytes = 10 * 1024 * 1024;
    private const long BigClient = 200 * 1024;

    public static string Diagnose(Engine engine, MemoryReport memory)
    {
        if (memory.Used < TooLittle) return "This instance is empty or nearly so: there is too little memory in use to find problems in it.\n";

        var findings = new List<string>();
        if (memory.Peak > memory.Used * HighRatio)
            findings.Add("Peak: the server once used more than one and a half times the memory it uses now. Free pages have been given back.");
        if (memory.AllocatorFragmentation > HighRatio && memory.Committed - memory.Live > NoticeableBytes)
            findings.Add("Fragmentation: less than two thirds of the memory taken from the system is in use. Deletes left holes; writes will fill "
                + "them, MEMORY PURGE gives back whole free pages.");
        if (memory.ResidentOverhead > HighRatio && memory.Resident - memory.Committed > 10 * NoticeableBytes)
            findings.Add("Overhead: the process is much larger than the memory it keeps data in. Big replies or requests may have passed through.");
        var clients = engine.Clients.Count;
        if (clients > 0 && memory.NormalClients / clients > BigClient)
            findings.Add("Clients: connections hold more than 200 KB each on average. Slow readers or very large requests are the usual reasons; "
                + "see tot-mem and omem in CLIENT LIST.");

        if (findings.Count == 0) return "No problem of memory use was found in this instance.\n";
        var text = new StringBuilder("This instance has memory problems worth a look:\n\n");
        foreach (var finding in findings) text.Append(" * ").Append(finding).Append("\n\n");
        return text.ToString();
    }

    public static string Allocator(Heap heap)
    {
        var text = new StringBuilder("Arena of the data set\n");
        Line("taken from the system", heap.CommittedBytes);
        Line("alive", heap.MemoryInUse);
        Line("kept for a snapshot", heap.DeferredBytes);
        text.Append(CultureInfo.InvariantCulture, $"  {"values waiting to be freed",-30}{heap.LazyFreePending,16}\n");
        return text.ToString();

        void Line(string name, long bytes) => text.Append(CultureInfo.InvariantCulture, $"  {name,-30}{bytes,16} bytes\n");
    }
}

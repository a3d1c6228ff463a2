namespace RedisLite.Engine.Info;

/// <summary>
/// Where the memory is, for INFO memory and MEMORY STATS. Used: bytes alive in the arena (keys, values, indexes) plus buffers of clients and the table of who has read which key.
/// Committed: pages the arena has taken from the system. Resident: the whole process, runtime included.
/// </summary>
internal sealed class MemoryReport
{
    public MemoryReport(Engine engine)
    {
        foreach (var client in engine.Clients.All)
        {
            if (client.Has(ClientFlags.Replica)) ReplicaClients += ClientText.MemoryOf(client);
            else NormalClients += ClientText.MemoryOf(client);
        }

        foreach (var db in engine.Databases)
        {
            Keys += db.Keys.Count;
            Indexes += db.Keys.IndexBytes;
        }

        Live = engine.Heap.MemoryInUse;
        Committed = engine.Heap.CommittedBytes;
        Used = engine.Eviction.UsedMemory;
        Peak = Math.Max(engine.Stats.PeakMemory, Used);
        Resident = engine.Environment.Process.ResidentBytes;
        Overhead = NormalClients + ReplicaClients + Indexes;
        Dataset = Math.Max(0, Used - Overhead);
    }

    public long Used { get; }

    public long Peak { get; }

    public long Live { get; }

    public long Committed { get; }

    public long Resident { get; }

    public long NormalClients { get; }

    public long ReplicaClients { get; }

    public long Indexes { get; }

    public long Keys { get; }

    public long Overhead { get; }

    public long Dataset { get; }

    /// <summary>Nothing lies in the arena before the first key, so all that is used is in question.</summary>
    public double DatasetPercent => Used == 0 ? 0 : Dataset * 100.0 / Used;

    public double PeakPercent => Peak == 0 ? 0 : Used * 100.0 / Peak;

    public double AllocatorFragmentation => Ratio(Committed, Live);

    public double ResidentOverhead => Ratio(Resident, Committed);

    public double Fragmentation => Ratio(Resident, Used);

    public static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}

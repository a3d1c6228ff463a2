using System.Globalization;
using System.Text;

namespace RedisLite.Engine;

/// <summary>
/// maxmemory-clients: when the buffers of all ordinary clients together take more, the biggest clients are closed until they take less. Replicas and
/// clients under CLIENT NO-EVICT neither count nor go.
/// </summary>
internal sealed class ClientEviction(Engine engine)
{
    private const long LimitMin = 128 * 1024;
    private const int ClientsPerMs = 100;
    private const int AgeMaxMs = 20;

    private const long SmallestClass = 1L << 15;
    private const long BiggestClass = 1L << 32;

    private long nextMs;

    /// <summary>0 = there is none. A negative setting is a percentage of maxmemory.</summary>
    public long Limit
    {
        get
        {
            var setting = engine.Config.MaxmemoryClients;
            if (setting < 0) setting = engine.Config.Maxmemory * -setting / 100;
            return setting == 0 ? 0 : Math.Max(setting, LimitMin);
        }
    }

    /// <summary>Summing up costs time with many clients, so it is done the less often the more there are.</summary>
    public static long AgeMs(int clients) => Math.Clamp(clients / ClientsPerMs, 0, AgeMaxMs);

    public void Run()
    {
        if (engine.Config.MaxmemoryClients == 0 || engine.Clock.NowMs < nextMs || Limit is not (> 0 and var limit)) return;
        nextMs = engine.Clock.NowMs + AgeMs(engine.Clients.Count);
        var sum = engine.Clients.All.Where(Counts).Sum(ClientText.MemoryOf);
        if (sum <= limit) return;

        foreach (var client in engine.Clients.All.Where(Counts).OrderByDescending(ClientText.MemoryOf).ToArray())
        {
            if (sum <= limit) return;
            sum -= ClientText.MemoryOf(client);
            Evict(client);
        }
    }

    /// <summary>False: with so many bytes received, the client itself had to go.</summary>
    public bool Allows(Client client, int queryBytes)
    {
        if (engine.Config.MaxmemoryClients == 0) return true;
        client.QueryBufferSize = Math.Max(client.QueryBufferSize, queryBytes);
        nextMs = 0;
        Run();
        return !client.Has(ClientFlags.Closing);
    }

    /// <summary>A request has begun that will be bigger than all clients together may be: there is no use in waiting for the rest.</summary>
    public void RequestBegan(Client client, long bytes)
    {
        if (engine.Config.MaxmemoryClients != 0 && Limit is > 0 and var limit && bytes > limit && Counts(client)) Evict(client);
    }

    /// <summary>How much the clients of each size take together, size doubling from line to line.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        var clients = engine.Clients.All.Where(Counts).Select(ClientText.MemoryOf).ToArray();
        for (long from = 0, to = SmallestClass; ; from = to, to *= 2)
        {
            var isLast = from == BiggestClass;
            var members = clients.Where(bytes => bytes >= from && (isLast || bytes < to)).ToArray();
            var range = isLast ? $"{from,10}+            " : $"{from,10} - {to - 1,10}";
            text.Append(CultureInfo.InvariantCulture, $"bucket {range}: tot-mem: {members.Sum(),10}, clients: {members.Length}\n");
            if (isLast) return text.ToString();
        }
    }

    private void Evict(Client client)
    {
        engine.Log.Write(LogLevel.Notice, $"Evicting client: {ClientText.Describe(client)}");
        engine.Stats.EvictedClients++;
        client.CloseNow();
    }

    private static bool Counts(Client client) => !client.Has(ClientFlags.NoEvict | ClientFlags.Replica | ClientFlags.Closing);
}

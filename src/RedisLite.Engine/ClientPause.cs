namespace RedisLite.Engine;

/// <summary>CLIENT PAUSE: requests that may change something (or all requests) stay unread until the pause is over.</summary>
internal sealed class ClientPause
{
    private readonly List<Client> waiting = [];

    public long UntilMs { get; private set; }

    /// <summary>All commands, not only writes.</summary>
    public bool All { get; private set; }

    public bool IsActive(long nowMs) => UntilMs > nowMs;

    public void Start(long untilMs, bool all, long nowMs)
    {
        if (!IsActive(nowMs))
        {
            UntilMs = untilMs;
            All = all;
            return;
        }

        UntilMs = Math.Max(UntilMs, untilMs);       // a second PAUSE never shortens nor weakens the first
        All |= all;
    }

    public bool Holds(Client client, CommandSpec spec, long nowMs)
    {
        if (UntilMs == 0 || UntilMs <= nowMs || client.Has(ClientFlags.Replica | ClientFlags.Internal)) return false;
        if (All) return !(spec.Parent?.Name == "CLIENT" && spec.Name is "UNPAUSE");
        return (CommandGate.FlagsOf(client, spec) & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0;
    }

    /// <summary>Clients that are held back now.</summary>
    public int Count => waiting.Count;

    public void Add(Client client) => waiting.Add(client);

    public void Remove(Client client) => waiting.Remove(client);

    /// <summary>Let everybody read on when the time is over.</summary>
    public void ReleaseIfOver(long nowMs)
    {
        if (UntilMs == 0 || UntilMs > nowMs) return;
        End();
    }

    public void End()
    {
        UntilMs = 0;
        foreach (var client in waiting)
        {
            client.Clear(ClientFlags.Postponed);
            client.Connection.Resume();
        }

        waiting.Clear();
    }
}

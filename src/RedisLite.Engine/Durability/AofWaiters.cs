namespace RedisLite.Engine.Durability;

/// <summary>Clients that wait until the disk has their writes (WAITAOF). Their request runs again whenever the disk has more, or the AOF goes away.</summary>
internal sealed class AofWaiters(Engine engine, AofLog aof)
{
    private readonly HashSet<Client> waiting = [];
    private bool isSignalled;

    public void Add(Client client) => waiting.Add(client);

    /// <summary>1 when our own disk has all this client wrote. A log that waits for its base counts for nothing yet.</summary>
    public int CopiesOf(Client client) => aof.State == AofState.On && aof.Synced >= client.AofMark ? 1 : 0;

    /// <summary>Our own copy, and those of replicas.</summary>
    public void ReplyCopies(Client client)
    {
        client.Reply.Array(2);
        client.Reply.Integer(CopiesOf(client));
        client.Reply.Integer(0);
    }

    /// <summary>The disk has more, or the AOF has gone.</summary>
    public void Signal() => isSignalled = true;

    /// <summary>At the end of an iteration: a signal may come in the middle of another client's command.</summary>
    public void ServeSignalled()
    {
        if (!isSignalled) return;
        isSignalled = false;
        if (waiting.Count == 0) return;
        var served = waiting.ToArray();
        waiting.Clear();                                        // who has to wait on adds itself again
        foreach (var client in served)
        {
            if (client.Blocked is { OnTimeout: Waiting.BlockedNull.AofCopies }) engine.Blocked.Retry(client);
        }
    }
}

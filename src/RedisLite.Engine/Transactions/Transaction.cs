namespace RedisLite.Engine.Transactions;

/// <summary>The queue between MULTI and EXEC.</summary>
internal sealed class Transaction
{
    public List<StoredRequest> Queue { get; } = [];

    /// <summary>Union of the flags of the queued commands, so that EXEC can be refused before it starts.</summary>
    public CommandFlags Flags { get; private set; }

    public long Memory { get; private set; }

    /// <summary>"multi-mem" of CLIENT LIST.</summary>
    public long ArgumentMemory { get; private set; }

    /// <summary>A script that says that it only reads does not make the transaction one that may replicate.</summary>
    public void Add(StoredRequest request, bool onlyReads)
    {
        Queue.Add(request);
        Flags |= onlyReads ? request.Spec.Flags & ~CommandFlags.MayReplicate : request.Spec.Flags;
        Memory += request.Memory;
        ArgumentMemory += request.ArgumentMemory;
    }
}

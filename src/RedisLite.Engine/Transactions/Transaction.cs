namespace RedisLite.Engine.Transactions;

/// <summary>The queue between MULTI and EXEC.</summary>
internal sealed class Transaction
{
    public List<StoredRequest> Queue { get; } = [];

    /// <summary>Union of the flags of the queued commands, so that EXEC can be refused before it starts.</summary>
    public CommandFlags Flags { get; private set; }

    public long Memory { get; private set; }

    public void Add(StoredRequest request)
    {
        Queue.Add(request);
        Flags |= request.Spec.Flags;
        Memory += request.Memory;
    }
}

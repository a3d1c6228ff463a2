using System.Text;

namespace RedisLite.Engine.Tracking;

/// <summary>
/// Client-side caching (CLIENT TRACKING): clients keep values they have read, and are told when a key is not any more what they read.
///
/// By default the server remembers who read which key (<see cref="TrackingTable"/>) and tells each reader once; it must read again to be told again. In
/// broadcast mode it remembers nothing: the client names prefixes, and learns at the end of each loop iteration which keys with that prefix have
/// changed (<see cref="BroadcastGroup"/>).
///
/// A message is a RESP3 push of the kind "invalidate" to the reader itself, or to the client it redirects to; when that one speaks RESP2 and is
/// subscribed to something, it is a message of the channel __redis__:invalidate. A message to the client whose command made the change
/// waits until the command (with EXEC: the transaction) has replied.
///
/// The table is bounded (tracking-table-max-keys): over the limit random keys are invalidated although they have not changed, more of them each time the
/// limit is found exceeded in a row. A server without tracking clients pays for a test of <see cref="IsActive"/> per change.
/// </summary>
internal sealed class ClientTracking
{
    private const int EffortStep = 100;

    private readonly Engine engine;
    private readonly TrackingTable table;
    private readonly SortedDictionary<byte[], BroadcastGroup> groups = new(ByteOrder.Instance);
    private readonly KeyPlaces keys = new();
    private readonly Func<long, bool> isGone;

    /// <summary>Keys to tell the running client about once it has its reply; null = all keys.</summary>
    private readonly List<byte[]?> pending = [];
    private Client? pendingFor;
    private int timesOverLimit;

    public ClientTracking(Engine engine)
    {
        this.engine = engine;
        table = new TrackingTable(engine.ByteKeys);
        isGone = id => engine.Clients.Find(id) is null;
    }

    /// <summary>Some client has tracking switched on, or had and left something in the table.</summary>
    public bool IsActive => ClientCount > 0 || table.KeyCount > 0;

    public int ClientCount { get; private set; }

    public int KeyCount => table.KeyCount;

    public long Memory => table.Memory;

    public long ItemCount => table.ItemCount;

    public int PrefixCount => groups.Count;

    /// <summary>More keys are remembered than may be: the next command, or the cron, sees to it.</summary>
    public bool IsOverLimit { get; private set; }

    // ---- switching on and off ---------------------------------------------------------------------------------------

    public void Enable(Client client, TrackingOptions options, long redirectTo, List<byte[]> prefixes)
    {
        if (client.Tracking is null) ClientCount++;
        var state = client.Tracking ??= new TrackingState();
        client.Set(ClientFlags.Tracking);
        state.Options = options;
        state.RedirectTo = redirectTo;
        state.RedirectBroken = false;
        if (!state.Has(TrackingOptions.Broadcast)) return;
        if (prefixes.Count == 0) prefixes.Add([]);
        foreach (var prefix in prefixes)
        {
            if (!state.Prefixes.Add(prefix)) continue;
            if (!groups.TryGetValue(prefix, out var group)) groups.Add(prefix, group = new BroadcastGroup(prefix));
            group.Clients.Add(client);
            client.Hold(prefix);
        }
    }

    public void Disable(Client client)
    {
        if (client.Tracking is not { } state) return;
        foreach (var prefix in state.Prefixes)
        {
            var group = groups[prefix];
            group.Clients.Remove(client);
            client.LetGo(prefix);
            if (group.Clients.Count == 0) groups.Remove(prefix);
        }

        client.Tracking = null;
        client.Clear(ClientFlags.Tracking | ClientFlags.Caching);
        ClientCount--;
    }

    // ---- reading and changing ---------------------------------------------------------------------------------------

    /// <summary>A client with tracking has run a command, itself or in a script: remember the keys it read. A script as such reads nothing.</summary>
    public void Remember(Client client, CommandContext ctx)
    {
        var state = client.Tracking!;
        var spec = ctx.Spec;
        if (!spec.Has(CommandFlags.ReadOnly) || state.Has(TrackingOptions.Broadcast) || spec.Name is "EVAL_RO" or "EVALSHA_RO" or "FCALL_RO") return;
        var caching = client.Has(ClientFlags.Caching);
        if (state.Has(TrackingOptions.OptIn) ? !caching : state.Has(TrackingOptions.OptOut) && caching) return;

        CommandKeys.Find(spec, new RequestView(ctx, 0), keys);
        foreach (var place in keys.AsSpan()) table.Add(ctx.Arg(place.Position), client.Id, isGone);
        UpdateOverLimit();
    }

    /// <summary><paramref name="by"/>: the client that changed the key; null when it expired or was evicted.</summary>
    public void KeyChanged(Client? by, ReadOnlySpan<byte> key)
    {
        foreach (var (prefix, group) in groups)
        {
            if (key.StartsWith(prefix)) group.Add(key, by);
        }

        Invalidate(key);
    }

    /// <summary>All keys of a database, or of all of them, are gone: everybody forgets everything.</summary>
    public void KeysFlushed()
    {
        foreach (var client in engine.Clients.All)
        {
            if (client.Tracking is null) continue;
            if (client == engine.Executor.Running) Hold(null);
            else SendAll(client);
        }

        table.Clear();
        UpdateOverLimit();
    }

    private void Invalidate(ReadOnlySpan<byte> key)
    {
        if (table.KeyCount == 0 || table.Take(key) is not { } readers) return;
        var running = engine.Executor.Running;
        foreach (var id in readers.Ids)
        {
            // What a client read before it switched to broadcasts is not its concern any more.
            if (engine.Clients.Find(id) is not { Tracking: { } state } client || state.Has(TrackingOptions.Broadcast)) continue;
            if (state.Has(TrackingOptions.NoLoop) && client == running) continue;
            if (client == running) Hold(readers.Key);
            else Send(client, readers.Key);
        }
    }

    // ---- the limit --------------------------------------------------------------------------------------------------

    public void UpdateOverLimit()
    {
        var limit = engine.Config.TrackingTableMaxKeys;
        IsOverLimit = limit > 0 && table.KeyCount > limit;
    }

    public void ReduceToLimit()
    {
        if (!IsOverLimit) return;
        for (var effort = EffortStep * ++timesOverLimit; effort > 0 && IsOverLimit; effort--)
        {
            Invalidate(table.RandomKey(engine.Environment.Random));
            UpdateOverLimit();
        }

        if (!IsOverLimit) timesOverLimit = 0;
    }

    // ---- messages ---------------------------------------------------------------------------------------------------

    /// <summary>At the end of an iteration: every group learns what has changed.</summary>
    public void Broadcast()
    {
        if (groups.Count == 0) return;
        foreach (var group in groups.Values)
        {
            if (!group.HasChanges) continue;
            var forAll = group.KeysAsReply(unlessBy: null);
            foreach (var client in group.Clients)
            {
                var without = client.Tracking!.Has(TrackingOptions.NoLoop) && group.WasChangedBy(client);
                var changed = without ? group.KeysAsReply(client) : forAll;
                if (changed.Length > 0 && TryOpenMessage(client, out var target, out var writer)) Finish(target, writer, changed);
            }

            group.ForgetChanges();
        }
    }

    /// <summary>A message to the client whose command runs waits for the command's reply. Null: all keys.</summary>
    private void Hold(byte[]? key)
    {
        pending.Add(key);
        pendingFor = engine.Executor.Running;
        engine.HasAftermath = true;
    }

    public bool HasPending => pending.Count > 0;

    /// <summary>A client has its reply. Another one's is still to come when its command runs commands of others (DEBUG LOADAOF).</summary>
    public void SendPending(Client client)
    {
        if (client != pendingFor) return;
        foreach (var key in pending)
        {
            if (client.Tracking is null) break;
            if (key is null) SendAll(client);
            else Send(client, key);
        }

        pending.Clear();
    }

    private void Send(Client client, byte[] key)
    {
        if (!TryOpenMessage(client, out var target, out var writer)) return;
        writer.Array(1);
        writer.Bulk(key);
        engine.AfterPush(target);
    }

    /// <summary>As Redis has it, the null is that of the tracking client's protocol, whoever receives it.</summary>
    private void SendAll(Client client)
    {
        if (TryOpenMessage(client, out var target, out var writer)) Finish(target, writer, client.Reply.Protocol > 2 ? "_\r\n"u8 : "$-1\r\n"u8);
    }

    private void Finish(Client target, Protocol.ReplyWriter writer, ReadOnlySpan<byte> changed)
    {
        writer.Raw(changed);
        engine.AfterPush(target);
    }

    /// <summary>Begins a message; what has changed comes next. False: nobody can be told.</summary>
    private bool TryOpenMessage(Client client, out Client target, out Protocol.ReplyWriter writer)
    {
        var state = client.Tracking!;
        target = client;
        writer = engine.PushTo(client);
        if (state.RedirectTo != 0)
        {
            if (engine.Clients.Find(state.RedirectTo) is not { } other)
            {
                ReportBrokenRedirect(client, state, writer);
                return false;
            }

            target = other;
            writer = engine.PushTo(other);
        }

        if (target.Reply.Protocol > 2)
        {
            writer.Push(2);
            writer.Bulk("invalidate"u8);
            return true;
        }

        if (state.RedirectTo == 0 || !target.Has(ClientFlags.Subscribed)) return false;
        writer.Push(3);
        writer.Bulk("message"u8);
        writer.Bulk("__redis__:invalidate"u8);
        return true;
    }

    private void ReportBrokenRedirect(Client client, TrackingState state, Protocol.ReplyWriter writer)
    {
        state.RedirectBroken = true;
        if (client.Reply.Protocol < 3) return;
        writer.Push(2);
        writer.Bulk("tracking-redir-broken"u8);
        writer.Integer(state.RedirectTo);
        engine.AfterPush(client);
    }

    // ---- prefixes ---------------------------------------------------------------------------------------------------

    /// <summary>Prefixes of one client exclude each other, or it would be told twice. The error, or null.</summary>
    public static string? Overlap(Client client, List<byte[]> prefixes)
    {
        for (var i = 0; i < prefixes.Count; i++)
        {
            foreach (var known in client.Tracking?.Prefixes ?? [])
            {
                if (Overlaps(prefixes[i], known)) return Text(prefixes[i], "an existing", known);
            }

            for (var j = i + 1; j < prefixes.Count; j++)
            {
                if (Overlaps(prefixes[i], prefixes[j])) return Text(prefixes[i], "another provided", prefixes[j]);
            }
        }

        return null;

        static bool Overlaps(byte[] a, byte[] b) => a.AsSpan().StartsWith(b) || b.AsSpan().StartsWith(a);

        static string Text(byte[] prefix, string which, byte[] other) =>
            $"ERR Prefix '{Encoding.Latin1.GetString(prefix)}' overlaps with {which} prefix '{Encoding.Latin1.GetString(other)}'. "
            + "Prefixes for a single client must not overlap.";
    }
}

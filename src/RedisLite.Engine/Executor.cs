using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using RedisLite.Engine.Waiting;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>
/// The way of a request: bytes -> batch of requests -> (look ahead) -> gate -> handler -> effects.
///
/// A connection's bytes are parsed into a batch of up to 32 requests. When there is more than one, their keys are hashed and the
/// buckets, then the records, are prefetched, so that the cache misses of the batch overlap; then they run strictly in order. A unit
/// is one request (with EXEC: all it queued; with EVAL: all it calls). When a unit is over its effects go to the sinks, blocked
/// clients whose keys became ready are served as units of their own, and the clock moves on.
/// </summary>
internal sealed class Executor
{
    private const int NestingMax = 8;
    private const long SharedTimeFromUs = 1000;
    private const ClientFlags Silenced = ClientFlags.ReplyOff | ClientFlags.ReplySkip | ClientFlags.ReplySkipNext;

    /// <summary>From this size on unread bytes are weighed before they become a request.</summary>
    private const int BigRequest = 64 * 1024;

    /// <summary>Below this, output limits are looked at once for the whole batch; above, they stop the batch at once.</summary>
    private const long UncheckedOutputMax = 16 * 1024;

    private readonly Engine engine;
    private readonly bool duringScript;
    private readonly RequestBatch batch = new();
    private readonly LookAhead lookAhead;
    private readonly CommandSpec[] briefSpecs = new CommandSpec[RequestBatch.RequestsMax];
    private readonly int[] briefCalls = new int[RequestBatch.RequestsMax];
    private readonly CommandContext[] contexts = new CommandContext[NestingMax];
    private readonly CommandContext internalContext;
    private readonly CommandContext replayContext;
    private CommandContext briefContext;
    private int depth;
    private int briefRuns;
    private int briefCount;
    private long nestedErrors;

    public Executor(Engine engine, bool duringScript = false)
    {
        this.engine = engine;
        this.duringScript = duringScript;
        lookAhead = new LookAhead(engine);
        internalContext = new CommandContext(engine);
        for (var i = 0; i < contexts.Length; i++) contexts[i] = new CommandContext(engine);
        replayContext = new CommandContext(engine);
        briefContext = contexts[0];
    }

    /// <summary>Whose command runs now.</summary>
    public Client? Running { get; private set; }

    /// <summary>Bytes of the arguments of the request that a client runs, waits with or has received a part of.</summary>
    public long ArgumentBytesOf(Client client)
    {
        if (ReferenceEquals(Running, client)) return contexts[0].ArgumentBytes;
        return client.Blocked?.Request.ArgumentBytes ?? client.Parser.PendingArgumentBytes;
    }

    /// <summary>Consume and run the whole requests that the reader holds.</summary>
    public void Process(Client client, PipeReader reader)
    {
        while (client.MayRead && reader.TryRead(out var result))
        {
            var data = result.Buffer;
            if (data.IsEmpty)
            {
                reader.AdvanceTo(data.Start, data.End);
                break;
            }

            var bytes = Contiguous(data);
            var start = bytes.Offset;
            var end = bytes.Offset + bytes.Count;
            client.LastInteractionMs = engine.Clock.NowMs;
            if (end - start >= BigRequest && !engine.ClientEviction.Allows(client, end - start))
            {
                reader.AdvanceTo(data.Start, data.End);
                break;
            }

            client.Parser.Authenticated = !engine.AwaitsAuth(client);
            var status = client.Parser.Parse(bytes.Array!, start, end, batch);
            client.QueryBytes = end - start;                         // a request sees itself in CLIENT LIST
            var consumed = batch.Count == 0 ? batch.Consumed : Run(client);
            if (status == ParseStatus.ProtocolError && client.MayRead) ProtocolError(client, bytes);

            client.QueryBytes = end - consumed;
            var pending = status == ParseStatus.NeedMore && client.MayRead;
            var next = data.GetPosition(consumed - start);
            reader.AdvanceTo(next, pending ? data.End : next);
            if (!pending) continue;
            if (client.QueryBytes > engine.Config.ClientQueryBufferLimit) engine.Clients.QueryBufferExceeded(client);
            else engine.ClientEviction.RequestBegan(client, client.Parser.BytesWanted);
            break;
        }

        batch.Trim();
    }

    /// <summary>Run a command that a transaction queued, if its client still may.</summary>
    public void RunQueued(Client client, ReplyWriter reply, StoredRequest request)
    {
        var ctx = contexts[depth + 1];
        ctx.LoadStored(client, reply, request, inTransaction: true);
        if (CommandGate.ExecPermissionError(engine, client, ctx, request.Spec) is { } error)
        {
            reply.Error(error);
            return;
        }

        ctx.Begin(request.Spec);
        var before = engine.Clock.Timestamp();
        Invoke(ctx);
        Account(ctx, engine.Clock.Timestamp() - before);
    }

    /// <summary>A command that a script wants to run, for the checks before it does.</summary>
    public CommandContext PrepareScripted(Client client, byte[] buffer, ArgSlice[] args, int argc)
    {
        var ctx = contexts[depth + 1];
        ctx.LoadScripted(client, buffer, args, argc);
        return ctx;
    }

    /// <summary>Run it, inside the current unit. What it replies is in its client's output.</summary>
    public void RunScripted(CommandContext ctx, CommandSpec spec)
    {
        ctx.Begin(spec);
        var before = engine.Clock.Timestamp();
        Invoke(ctx);
        Account(ctx, engine.Clock.Timestamp() - before);
    }

    /// <summary>Run a blocked client's request again because one of its keys is ready. One that finds nothing stays blocked.</summary>
    public void RunBlocked(Client client, BlockedState state)
    {
        var ctx = contexts[0];
        ctx.LoadBlocked(client, state);
        if (CommandGate.PermissionError(engine, client, ctx, state.Request.Spec) is { } error)
        {
            engine.Blocked.Unblock(client);
            state.Request.Spec.RejectedCalls++;
            client.Reply.Error(error);
            Resume(client);
            return;
        }

        ctx.Begin(state.Request.Spec);
        var before = engine.Clock.Timestamp();
        var outer = Running;
        Running = client;
        var written = client.Output.Length;
        Invoke(ctx);
        Running = outer;
        FlushEffects(client);                           // also of one that waits on: XREADGROUP may have made its consumer anew
        engine.SendHeldPushes(client);
        if (ctx.HasBlocked) return;

        engine.Blocked.Unblock(client);
        if (client.Has(Silenced)) Silence(client, state.Request.Spec, written);
        Account(ctx, state.Ticks + engine.Clock.Timestamp() - before);
        Resume(client);
    }

    /// <summary>A blocked client was answered without its command having run (timeout, CLIENT UNBLOCK).</summary>
    public void FinishBlocked(Client client, BlockedState state, long lengthBefore, bool failed)
    {
        if (client.Has(Silenced)) Silence(client, state.Request.Spec, lengthBefore);
        if (failed)
        {
            state.Request.Spec.FailedCalls++;
            // Redis's quirk: what waits for copies was counted when it began to wait, and an error counts it once more.
            if (state.OnTimeout is BlockedNull.Zero or BlockedNull.AofCopies) Count(state.Request.Spec, 0);
        }
        var ctx = internalContext;                  // CLIENT UNBLOCK is still using its own
        ctx.LoadBlocked(client, state);
        ctx.Begin(state.Request.Spec);
        Account(ctx, state.Ticks);
        Resume(client);
    }

    /// <summary>Run one request of an append-only file. Null, or why it cannot be run; what it replies is of no interest.</summary>
    public string? Replay(Client client, RequestBatch source, in Request request)
    {
        var spec = engine.Commands.Find(source.Arg(request, 0)) ?? engine.Commands.FindDisabled(source.Arg(request, 0));
        if (spec is null) return $"Unknown command '{CommandGate.Shown(source.Arg(request, 0), 128)}' reading the append only file";
        var ctx = replayContext;                    // DEBUG LOADAOF replays while its own context is in use
        ctx.Load(client, client.Reply, source.Buffer, source.Args, request.FirstArg, request.Argc);
        RunUnit(client, ctx, spec);
        SettleBrief();
        client.Output.Clear();
        return null;
    }

    /// <summary>
    /// A unit that no client asked for: expiry, eviction, a key's removal by the server. It has a context of its own, because eviction happens between
    /// the loading of a request and its run; then whoever waits for a key is served after that request.
    /// </summary>
    public void RunInternal(Action<CommandContext> work, bool beforeRequest = false)
    {
        var ctx = internalContext;
        ctx.Load(engine.Internal, engine.Internal.Reply, [], [], 0, 0);
        ctx.Begin(engine.InternalCommand);
        work(ctx);
        FlushEffects(engine.Internal);
        if (!beforeRequest && engine.Blocked.HasReady) engine.Blocked.ServeReady();
    }

    /// <summary>Effects of the finished unit go to the sinks; then whoever waited for its keys is served, when no log is being replayed.</summary>
    public void EndUnit(Client client)
    {
        if (duringScript) return;                   // the unit is the script, and it goes on
        FlushEffects(client);
        if (engine.Blocked.HasReady && !engine.IsLoading) engine.Blocked.ServeReady();
        engine.HasAftermath = engine.Blocked.HasReady;
    }

    private int Run(Client client)
    {
        lookAhead.Run(batch, engine.Databases[client.Db].Keys);
        engine.Clock.NextUnit();
        for (var i = 0; i < batch.Count; i++)
        {
            ref readonly var request = ref batch.Requests[i];
            var ctx = contexts[0];
            ctx.Load(client, client.Reply, batch.Buffer, batch.Args, request.FirstArg, request.Argc);
            if (lookAhead.HashOf(i) is not 0 and var hash) ctx.SetHashOfArg1(hash);
            if (!RunUnit(client, ctx, lookAhead.SpecOf(i)))
            {
                SettleBrief();
                client.Parser.Rewind();
                return request.WireStart;               // held back: it stays unread
            }

            if (client.MayRead) continue;
            client.Parser.Rewind();
            FinishBatch(client);
            return request.WireEnd;
        }

        FinishBatch(client);
        return batch.Consumed;
    }

    /// <summary>A name means something else from now on, also for the requests that came together with the one that made it so.</summary>
    public void FindCommandsAgain() => lookAhead.FindCommands(batch);

    /// <summary>False: the request is held back (CLIENT PAUSE) and has to be read again later.</summary>
    private bool RunUnit(Client client, CommandContext ctx, CommandSpec? spec)
    {
        client.TotalCommands++;
        var before = client.Output.Length;
        var verdict = CommandGate.Admit(engine, client, ctx, ref spec);
        if (verdict == Verdict.HoldBack) return false;
        if (verdict == Verdict.Run)
        {
            if (!ReferenceEquals(client.LastCommand, spec)) client.LastCommand = spec;
            var isBrief = spec!.IsBrief && engine.SlowestUninteresting >= SharedTimeFromUs;
            if (!isBrief) SettleBrief();
            ctx.Begin(spec);
            var outer = Running;                                // whose script lets this client in meanwhile
            Running = client;
            Invoke(ctx);
            Running = outer;
            if (client.Has(Silenced)) Silence(client, spec, before);
            if (engine.HasAftermath) engine.SendHeldPushes(client);
            if (isBrief) RememberBrief(ctx, spec);
            else if (ctx.HasBlocked) client.Blocked!.Ticks = engine.Clock.NextUnit();
            else Account(ctx, engine.Clock.NextUnit());
        }
        else
        {
            SettleBrief();
            if (client.Has(Silenced)) Silence(client, spec, before);
            client.LastCommand = spec;
            engine.Clock.NextUnit();
        }

        if (client.Has(ClientFlags.Caching)) EndCaching(client, spec);
        if (engine.HasAftermath) EndUnit(client);
        if (client.Output.Length > UncheckedOutputMax) engine.Clients.CheckOutputLimit(client);
        return true;
    }

    /// <summary>CLIENT CACHING holds for the next command, or transaction.</summary>
    private static void EndCaching(Client client, CommandSpec? spec)
    {
        if (!client.Has(ClientFlags.InMulti) && spec is not { Parent.Name: "CLIENT" }) client.Clear(ClientFlags.Caching);
    }

    /// <summary>
    /// Commands in a row that are all O(1) (<see cref="CommandSpec.IsBrief"/>) are timed together and share the time evenly: reading the clock costs 20-25 ns, a tenth of such a
    /// command. With a slow log threshold below a millisecond every command is timed for itself.
    /// </summary>
    private void SettleBrief()
    {
        if (briefCount == 0) return;
        var total = engine.Clock.NanosecondsOf(engine.Clock.NextUnit());
        var share = total / briefCount;
        for (var i = 0; i < briefRuns; i++) Count(briefSpecs[i], share, briefCalls[i]);
        briefCount = briefRuns = 0;
        if (total / 1000 >= engine.SlowestUninteresting) engine.RecordSlow(briefContext, total / 1000);
    }

    private void RememberBrief(CommandContext ctx, CommandSpec spec)
    {
        briefCount++;
        if (!ReferenceEquals(briefContext, ctx)) briefContext = ctx;
        if (briefRuns > 0 && ReferenceEquals(briefSpecs[briefRuns - 1], spec))
        {
            briefCalls[briefRuns - 1]++;
            return;
        }

        briefSpecs[briefRuns] = spec;
        briefCalls[briefRuns++] = 1;
    }

    /// <summary>
    /// CLIENT REPLY OFF and SKIP: take back what the command wrote. SKIP holds for the command after it. What (un)subscribing says is no reply but a
    /// push, and is sent all the same.
    /// </summary>
    private static void Silence(Client client, CommandSpec? spec, long lengthBefore)
    {
        if (client.Has(ClientFlags.Blocked)) return;            // its reply comes later, and so does the end of SKIP
        var pushes = spec is not null && spec.Has(CommandFlags.PubSub) && spec.Name.EndsWith("SUBSCRIBE", StringComparison.Ordinal);
        if (!pushes) client.Output.Truncate(lengthBefore);
        if (client.Has(ClientFlags.ReplySkip)) client.Clear(ClientFlags.ReplySkip);
        if (!client.Has(ClientFlags.ReplySkipNext)) return;
        client.Clear(ClientFlags.ReplySkipNext);
        client.Set(ClientFlags.ReplySkip);
    }

    private void Invoke(CommandContext ctx)
    {
        depth++;
        var errors = ctx.Reply.Errors;
        var nestedBefore = nestedErrors;
        try
        {
            ctx.Spec.Handler!(ctx);
            ctx.End();
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            engine.InternalError(ctx, bug);
        }

        depth--;
        if (Running is { } reader && reader.Has(ClientFlags.Tracking)) engine.Tracking.Remember(reader, ctx);
        if (ctx.Reply.Errors != errors) CountErrors(ctx, ctx.Reply.Errors - errors - (nestedErrors - nestedBefore));
        if (engine.Monitors.Count > 0 && ctx.Rerun is null) engine.Monitors.Feed(ctx.Client, ctx);
        if (ctx.Dirty > 0) engine.Stats.Dirty += ctx.Dirty;
    }

    /// <summary>What the commands inside EXEC got wrong is theirs: EXEC itself did not fail.</summary>
    private void CountErrors(CommandContext ctx, long own)
    {
        if (own > 0) ctx.Spec.FailedCalls++;
        if (depth > 0 && ReferenceEquals(ctx.Reply, ctx.Client.Reply) && !ctx.Client.Has(ClientFlags.Script)) nestedErrors += own;
    }

    private void Account(CommandContext ctx, long ticks)
    {
        var nanoseconds = engine.Clock.NanosecondsOf(ticks);
        var microseconds = nanoseconds / 1000;
        Count(ctx.Spec, nanoseconds);
        if (microseconds >= engine.SlowestUninteresting) engine.RecordSlow(ctx, microseconds);
    }

    private void Count(CommandSpec spec, long nanoseconds, int calls = 1)
    {
        engine.Stats.Commands += calls;
        spec.Calls += calls;
        spec.Nanoseconds += nanoseconds * calls;
        if (depth == 0) engine.LoopTimes.CommandNanoseconds += nanoseconds * calls;
        if (engine.Config.LatencyTracking) (spec.Latency ??= new LatencyHistogram()).Record(nanoseconds, calls);
    }

    private void FlushEffects(Client client)
    {
        var effects = engine.Effects;
        if (effects.Count == 0) return;
        foreach (var sink in engine.Sinks) sink.Append(effects);
        effects.Clear();
        client.AofMark = engine.Durability.Aof.Appended;
    }

    private void Resume(Client client)
    {
        client.LastInteractionMs = engine.Clock.NowMs;
        engine.AfterReply(client);
        client.Connection.Resume();
    }

    private void FinishBatch(Client client)
    {
        SettleBrief();
        engine.AfterReply(client);
    }

    private void ProtocolError(Client client, ArraySegment<byte> bytes)
    {
        engine.Log.Write(LogLevel.Verbose, $"Protocol error ({client.Parser.ErrorText}) from client: id={client.Id} addr={client.Connection.RemoteAddress} query buffer: {bytes.Count} bytes");
        client.Reply.Error("ERR " + client.Parser.ErrorText);
        client.Set(ClientFlags.CloseAfterReply);
        engine.AfterReply(client);
    }

    private static ArraySegment<byte> Contiguous(ReadOnlySequence<byte> data) =>
        data.IsSingleSegment && MemoryMarshal.TryGetArray(data.First, out var segment) ? segment : data.ToArray();
}

using RedisLite.Engine.Acl;
using RedisLite.Engine.Config;

namespace RedisLite.Engine;

internal enum Verdict
{
    Run,
    Refused,
    Queued,
    HoldBack,
}

/// <summary>
/// Everything that may stand between a request and its handler, in Redis's order, as a list of small named checks. A request of an
/// ordinary client on an ordinary day passes none of them but the name and the number of arguments.
/// </summary>
internal static class CommandGate
{
    private delegate string? Check(Engine engine, Client client, CommandContext ctx, CommandSpec spec);

    private static readonly Check[] Checks =
    [
        ProtectedCommand, Authentication, NotInTransaction, Permission, Memory, TrackingTable, Writing, SubscribedContext, LoadingState, BusyScript, Monitoring,
    ];

    /// <summary>Decide, and reply when the decision is no. The subcommand, where there is one, is found here.</summary>
    public static Verdict Admit(Engine engine, Client client, CommandContext ctx, ref CommandSpec? spec)
    {
        if (spec is { IsContainer: true }) spec = Subcommand(ctx, spec);
        if (spec is null || !spec.AcceptsArgc(ctx.Argc) || spec.Handler is null) return RefuseShape(engine, client, ctx, spec);

        if ((client.Flags & ClientFlags.GateMask) == 0 && !engine.GateIsNarrow && !spec.Has(CommandFlags.Protected)) return Verdict.Run;
        return AdmitSlowly(engine, client, ctx, spec);
    }

    /// <summary>What the client's account forbids about a command that a client sent, or that woke up. Null: it may run.</summary>
    public static string? PermissionError(Engine engine, Client client, CommandContext ctx, CommandSpec spec, AclContext context = AclContext.TopLevel)
    {
        var verdict = Examine(engine, client, ctx, spec, context);
        return verdict.IsAllowed ? null : "NOPERM " + Accounts.Describe(client.User, verdict, spec, new RequestView(ctx, first: 0), named: false);
    }

    /// <summary>The same for a call of a script, in whose context the call's arguments are.</summary>
    public static string? ScriptPermissionError(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        var verdict = Examine(engine, client, ctx, spec, AclContext.Lua);
        return verdict.IsAllowed ? null : "ERR ACL failure in script: " + Accounts.Describe(client.User, verdict, spec, new RequestView(ctx, first: 0), named: false);
    }

    /// <summary>The same for a queued command, whose permission may be gone since it was queued.</summary>
    public static string? ExecPermissionError(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        var verdict = Examine(engine, client, ctx, spec, AclContext.Multi);
        return verdict.IsAllowed ? null : NoLongerAllowed + verdict.Reason switch
        {
            AclReason.Command => "no permission to execute the command or subcommand",
            AclReason.Key => "no permission to touch the specified keys",
            _ => "no permission to access one of the channels used as arguments",
        };
    }

    private const string NoLongerAllowed = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. "
        + "This command is no longer allowed for the following reason: ";

    /// <summary>A refusal is counted and logged here.</summary>
    private static AclVerdict Examine(Engine engine, Client client, CommandContext ctx, CommandSpec spec, AclContext context)
    {
        if (!client.Has(ClientFlags.Restricted)) return default;
        var request = new RequestView(ctx, first: 0);
        var verdict = engine.Accounts.Check(client.User, spec, request);
        if (!verdict.IsAllowed) engine.Accounts.Record(client.ScriptCaller ?? client, verdict, spec, request, context);
        return verdict;
    }

    /// <summary>Whether the user of a script may run a command (redis.acl_check_cmd): asking is no offence, and is not logged as one.</summary>
    public static bool MayRun(Engine engine, Client client, CommandContext ctx, CommandSpec spec) =>
        !client.Has(ClientFlags.Restricted) || engine.Accounts.Check(client.User, spec, new RequestView(ctx, first: 0)).IsAllowed;

    private static Verdict AdmitSlowly(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        foreach (var check in Checks)
        {
            if (check(engine, client, ctx, spec) is not { } error) continue;
            return Refuse(engine, client, ctx, spec, error);
        }

        var held = engine.Pause.Holds(client, spec, engine.Clock.NowMs);
        var queued = client.Has(ClientFlags.InMulti) && !RunsInsideMulti(spec);
        if (!held && !queued) return Verdict.Run;
        var onlyReads = engine.Scripts.IsKnownToRead(ctx, spec);
        if (held && (engine.Pause.All || !onlyReads))
        {
            client.Set(ClientFlags.Postponed);
            engine.Pause.Add(client);
            return Verdict.HoldBack;
        }

        if (!queued) return Verdict.Run;
        ctx.Begin(spec);
        client.Multi!.Add(StoredRequest.Copy(ctx), onlyReads);
        ctx.Reply.Simple("QUEUED"u8);
        return Verdict.Queued;
    }

    private static bool RunsInsideMulti(CommandSpec spec) => spec.Parent is null
        && spec.Name is "EXEC" or "DISCARD" or "MULTI" or "WATCH" or "QUIT" or "RESET";

    private static CommandSpec? Subcommand(CommandContext ctx, CommandSpec container) =>
        ctx.Argc < 2 ? container : container.FindSubcommand(ctx.Arg(1));

    private static Verdict RefuseShape(Engine engine, Client client, CommandContext ctx, CommandSpec? spec)
    {
        if (spec is null)
        {
            if (IsHttp(ctx)) return HangUp(engine, client);
            var container = engine.Commands.Find(ctx.Arg(0));
            return Refuse(engine, client, ctx, null, container is null ? Unknown(ctx) : Errors.UnknownSubcommand(Shown(ctx.Arg(1), 128), container.FullName));
        }

        return Refuse(engine, client, ctx, spec, Errors.WrongArity(spec.FullName));
    }

    private static Verdict Refuse(Engine engine, Client client, CommandContext ctx, CommandSpec? spec, string error)
    {
        if (client.Has(ClientFlags.InMulti)) client.Set(ClientFlags.DirtyExec);
        if (spec is not null) spec.RejectedCalls++;
        if (spec is { FullName: "exec" })
        {
            Transactions.TransactionState.Discard(client);
            error = $"EXECABORT Transaction discarded because of: {(error.StartsWith("ERR ", StringComparison.Ordinal) ? error[4..] : error)}";
        }

        ctx.Reply.Error(error);
        return Verdict.Refused;
    }

    /// <summary>A browser led to this port by a hostile page: its request line or Host header arrives as a command.</summary>
    private static bool IsHttp(CommandContext ctx) => ctx.ArgIs(0, "POST"u8) || ctx.ArgIs(0, "HOST:"u8);

    private static Verdict HangUp(Engine engine, Client client)
    {
        engine.Log.Write(LogLevel.Warning, $"A web request came in where commands are expected, perhaps forged to attack this server: connection closed. {ClientText.Describe(client)}");
        client.CloseNow();
        return Verdict.Refused;
    }

    private static string Unknown(CommandContext ctx)
    {
        var text = new System.Text.StringBuilder();
        for (var i = 1; i < ctx.Argc && text.Length < 128; i++)
        {
            var room = 128 - text.Length;
            text.Append('\'').Append(Shown(ctx.Arg(i), room)).Append("' ");
        }

        return $"ERR unknown command '{Shown(ctx.Arg(0), 128)}', with args beginning with: {text}";
    }

    /// <summary>A part of a request inside an error text: byte by byte, up to the first NUL.</summary>
    internal static string Shown(ReadOnlySpan<byte> bytes, int max)
    {
        bytes = bytes[..Math.Min(bytes.Length, max)];
        var zero = bytes.IndexOf((byte)0);                           // as a C string shows it
        return System.Text.Encoding.Latin1.GetString(zero < 0 ? bytes : bytes[..zero]);
    }

    // ---- the checks, in order ---------------------------------------------------------------------------------------

    private static string? ProtectedCommand(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        if (!spec.Has(CommandFlags.Protected)) return null;
        var name = (spec.Parent ?? spec).Name.ToUpperInvariant();
        var allowed = name == "DEBUG" ? engine.Config.EnableDebugCommand : engine.Config.EnableModuleCommand;
        if (allowed == GuardedAccess.Yes || (allowed == GuardedAccess.Local && engine.IsLocal(client))) return null;
        return $"ERR {name} command not allowed. If the {(name == "DEBUG" ? "enable-debug-command" : "enable-module-command")} option is set to \"local\", "
            + "you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";
    }

    private static string? Authentication(Engine engine, Client client, CommandContext ctx, CommandSpec spec) =>
        engine.AwaitsAuth(client) && !spec.Has(CommandFlags.NoAuth) ? Errors.NoAuth : null;

    private static string? NotInTransaction(Engine engine, Client client, CommandContext ctx, CommandSpec spec) =>
        client.Has(ClientFlags.InMulti) && spec.Has(CommandFlags.NoMulti) ? Errors.NoMulti : null;

    private static string? Permission(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        client.LastCommand = spec;                                       // ACL LOG tells what the client was doing
        return PermissionError(engine, client, ctx, spec, client.Has(ClientFlags.InMulti) ? AclContext.Multi : AclContext.TopLevel);
    }

    private static string? Memory(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        if (engine.Config.Maxmemory == 0) return null;
        var enough = engine.Eviction.MakeRoom();
        if (client.Has(ClientFlags.Closing)) return Errors.OutOfMemory;         // evicted itself; nobody will read this
        if (enough) return null;
        var deny = (FlagsOf(client, spec) & CommandFlags.DenyOom) != 0
            || (client.Has(ClientFlags.InMulti) && spec.FullName is not ("exec" or "discard" or "quit" or "reset"));    // queueing takes memory too
        return deny ? Errors.OutOfMemory : null;
    }

    /// <summary>Refuses nothing: it makes room for what this request may have to be remembered for.</summary>
    private static string? TrackingTable(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        engine.Tracking.ReduceToLimit();
        return null;
    }

    /// <summary>PING tells what the disk has against writes too.</summary>
    private static string? Writing(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        if (client.Has(ClientFlags.Internal)) return null;
        if ((FlagsOf(client, spec) & CommandFlags.Write) != 0) return engine.WriteRefusal;
        return spec.FullName == "ping" ? engine.DiskRefusal : null;
    }

    /// <summary>The flags of a request: EXEC does what its transaction has queued.</summary>
    public static CommandFlags FlagsOf(Client client, CommandSpec spec) =>
        spec.FullName == "exec" && client.Multi is { } multi ? spec.Flags | multi.Flags : spec.Flags;

    private static string? SubscribedContext(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        if (!client.Has(ClientFlags.Subscribed) || client.Reply.Protocol != 2) return null;
        return spec.FullName is "ping" or "subscribe" or "ssubscribe" or "unsubscribe" or "sunsubscribe" or "psubscribe" or "punsubscribe" or "quit" or "reset"
            ? null
            : Errors.NotAllowedWhileSubscribed(spec.FullName);
    }

    private static string? LoadingState(Engine engine, Client client, CommandContext ctx, CommandSpec spec) =>
        engine.IsLoading && !spec.Has(CommandFlags.Loading) && !client.Has(ClientFlags.Internal) ? Errors.Loading : null;

    private static string? BusyScript(Engine engine, Client client, CommandContext ctx, CommandSpec spec)
    {
        if (!engine.Scripts.Run.IsBusy || spec.Has(CommandFlags.AllowBusy)) return null;
        return engine.Scripts.Run.IsFunction ? Errors.BusyFunction : Errors.BusyScript;
    }

    /// <summary>Whoever watches the commands of all gets them as a replica would, and is held to a replica's rules.</summary>
    private static string? Monitoring(Engine engine, Client client, CommandContext ctx, CommandSpec spec) =>
        client.Has(ClientFlags.Monitor) && (FlagsOf(client, spec) & (CommandFlags.Write | CommandFlags.ReadOnly | CommandFlags.MayReplicate)) != 0
            ? "ERR Replica can't interact with the keyspace"
            : null;
}

using RedisLite.Lua;
using RedisLite.Protocol;
using NumberText = RedisLite.Data.NumberText;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// redis.call and redis.pcall: a command inside a script. Its arguments are laid out in one buffer, as a request's are; it runs as the client of scripts, a client
/// without a connection that takes over user and database of the caller; its reply is read from that client's output. Nothing is allocated for a call but what the
/// script receives.
/// </summary>
internal sealed class CommandBridge
{
    private const int BufferKept = 64 * 1024;
    private const int ArgsKept = 1024;
    private const int StepsPerCommand = 10;

    private readonly Engine engine;
    private readonly ScriptRun run;
    private byte[] buffer = new byte[512];
    private ArgSlice[] args = new ArgSlice[16];
    private int argc;
    private int length;

    public CommandBridge(Engine engine, ScriptRun run)
    {
        this.engine = engine;
        this.run = run;
        Client = engine.NewInternalClient();
        Client.Flags = ClientFlags.Script;
        Client.Reply.OnError = engine.Stats.CountError;
    }

    /// <summary>The client that scripts run their commands as.</summary>
    public Client Client { get; }

    /// <summary>A script begins: it is the caller, with the caller's rights and database, and speaks RESP2 until it says otherwise.</summary>
    public void Begin(Client caller)
    {
        Client.Flags = ClientFlags.Script | (caller.Flags & (ClientFlags.Restricted | ClientFlags.NoTouch | ClientFlags.Internal));
        Client.User = caller.User;
        Client.Db = caller.Db;
        Client.Reply.Protocol = 2;
        Client.ScriptCaller = caller;
    }

    public void End()
    {
        Client.ScriptCaller = null;
        Client.Output.Clear();
        if (buffer.Length > BufferKept) buffer = new byte[512];
        if (args.Length > ArgsKept) args = new ArgSlice[16];
    }

    public int Call(LuaCall call) => Run(call, raises: true);

    public int PCall(LuaCall call) => Run(call, raises: false);

    /// <summary>redis.acl_check_cmd: whether the user may run this.</summary>
    public int AclCheck(LuaCall call)
    {
        if (TakeArguments(call) is { } problem) return Fail(call, problem, raises: true);
        var ctx = engine.Executor.PrepareScripted(Client, buffer, args, argc);
        var spec = Find(ctx);
        if (spec is null) return Fail(call, "ERR Invalid command passed to redis.acl_check_cmd()", raises: true);
        return call.Return(CommandGate.MayRun(engine, Client, ctx, spec));
    }

    private int Run(LuaCall call, bool raises)
    {
        if (TakeArguments(call) is { } problem) return Fail(call, problem, raises);
        call.Runtime.Spend(StepsPerCommand);
        var ctx = engine.Executor.PrepareScripted(Client, buffer, args, argc);
        var spec = Find(ctx);
        if (spec is null) return Refuse(call, null, "ERR Unknown Redis command called from script", raises);
        if (Refusal(ctx, spec) is { } refusal) return Refuse(call, spec, refusal, raises);

        if (spec.Has(CommandFlags.Write)) run.HasWritten = true;
        var effects = engine.Effects.Count;
        engine.Effects.Targets = run.Targets;
        engine.Executor.RunScripted(ctx, spec);
        engine.Effects.Targets = EffectTargets.All;
        if (run.Targets == EffectTargets.None) engine.Effects.Truncate(effects);
        return TakeReply(call, raises);
    }

    private CommandSpec? Find(CommandContext ctx)
    {
        var spec = engine.Commands.Find(ctx.Arg(0));
        return spec is { IsContainer: true } && ctx.Argc > 1 ? spec.FindSubcommand(ctx.Arg(1)) : spec;
    }

    /// <summary>What a script may not call, in Redis's order.</summary>
    private string? Refusal(CommandContext ctx, CommandSpec spec)
    {
        if (!spec.AcceptsArgc(ctx.Argc) || spec.Handler is null) return "ERR Wrong number of args calling Redis command from script";
        if (spec.Has(CommandFlags.NoScript) && !engine.Scripts.NoScriptDisabled) return "ERR This Redis command is not allowed from script";
        if (CommandGate.ScriptPermissionError(engine, Client, ctx, spec) is { } denied) return denied;
        if (run.IsReadOnly && spec.Has(CommandFlags.Write | CommandFlags.MayReplicate)) return "ERR Write commands are not allowed from read-only scripts.";
        if (spec.Has(CommandFlags.Write) && WriteRefusal() is { } unwritable) return unwritable;

        var judged = (run.Flags & ScriptFlags.AllowOom) == 0 && !run.HasWritten;        // what has begun is finished
        return judged && run.IsOutOfMemory && spec.Has(CommandFlags.DenyOom) ? Errors.OutOfMemory : null;
    }

    private string? WriteRefusal()
    {
        if (Client.Has(ClientFlags.Internal)) return null;
        if (engine.IsReplica) return Errors.ReadOnlyReplica;
        return run.HasWritten ? null : engine.WriteRefusal;
    }

    // ---- arguments --------------------------------------------------------------------------------------------------

    /// <summary>Null, or why these are no arguments of a command.</summary>
    private string? TakeArguments(LuaCall call)
    {
        argc = length = 0;
        if (call.Count == 0) return "ERR Please specify at least one argument for this redis lib call";
        if (args.Length < call.Count) args = new ArgSlice[Math.Max(call.Count, args.Length * 2)];
        for (var i = 0; i < call.Count; i++)
        {
            var value = call[i];
            if (value.Ref is LuaString text) Append(text.Bytes);
            else if (value.IsNumber) AppendNumber(value.Num);
            else return "ERR Lua redis lib command arguments must be strings or integers";
        }

        return null;
    }

    private void Append(ReadOnlySpan<byte> arg)
    {
        if (buffer.Length - length < arg.Length) Array.Resize(ref buffer, (int)Math.Min(Array.MaxLength, Math.Max(buffer.Length * 2L, length + (long)arg.Length)));
        arg.CopyTo(buffer.AsSpan(length));
        args[argc++] = new ArgSlice(length, arg.Length);
        length += arg.Length;
    }

    private void AppendNumber(double number)
    {
        Span<byte> text = stackalloc byte[40];
        var whole = LuaCall.ToInteger(number);
        if (whole == number && Math.Abs(number) < 9.2e18) Append(text[..NumberText.FormatInt64(whole, text)]);
        else if (double.IsNaN(number)) Append(double.IsNegative(number) ? "-nan"u8 : "nan"u8);
        else Append(text[..NumberText.FormatDouble(number, text)]);
    }

    // ---- results ----------------------------------------------------------------------------------------------------

    private int TakeReply(LuaCall call, bool raises)
    {
        var output = Client.Output;
        if (output.IsEmpty) return call.Return(default);
        var first = output.FirstBlock!;
        var bytes = first.Next is null ? first.Pending : output.ToArray();
        var value = new ReplyToLua(call.Runtime, bytes).Read();
        var isError = bytes[0] == (byte)'-';
        output.Clear();
        if (isError && raises) throw new LuaError(value);
        return call.Return(value);
    }

    /// <summary>The command does not run, and that is counted as its rejection.</summary>
    private int Refuse(LuaCall call, CommandSpec? spec, string error, bool raises)
    {
        if (spec is not null) spec.RejectedCalls++;
        Client.Reply.Error(error);
        return TakeReply(call, raises);
    }

    /// <summary>The call itself is wrong.</summary>
    public static int Fail(LuaCall call, string error, bool raises)
    {
        var table = call.Runtime.NewTable(0, 1);
        table.Set(ReplyToLua.Err, LuaString.From(error));
        return raises ? throw new LuaError(table) : call.Return(table);
    }
}

using RedisLite.Lua;

namespace RedisLite.Engine.Scripting;

/// <summary>The table "redis" of scripts and of functions; a library that is being loaded sees only a part of it.</summary>
internal sealed class RedisLibrary(Engine engine, CommandBridge bridge, ScriptRun run)
{
    private static readonly LogLevel[] Levels = [LogLevel.Debug, LogLevel.Verbose, LogLevel.Notice, LogLevel.Warning];

    public LuaTable Create(LuaRuntime runtime)
    {
        var table = runtime.NewTable(0, 24);
        runtime.Register(table, "call", bridge.Call);
        runtime.Register(table, "pcall", bridge.PCall);
        runtime.Register(table, "acl_check_cmd", bridge.AclCheck);
        runtime.Register(table, "error_reply", static call => StatusTable(call, ReplyToLua.Err));
        runtime.Register(table, "status_reply", static call => StatusTable(call, ReplyToLua.Ok));
        runtime.Register(table, "sha1hex", Sha1Hex);
        runtime.Register(table, "setresp", SetResp);
        runtime.Register(table, "set_repl", SetRepl);
        AddConstants(runtime, table);
        return table;
    }

    /// <summary>What only scripts of EVAL see: leftovers of older versions and of the debugger.</summary>
    public static void AddForScripts(LuaRuntime runtime, LuaTable table)
    {
        runtime.Register(table, "replicate_commands", static call => call.Return(true));
        runtime.Register(table, "breakpoint", static call => call.Return(false));
        runtime.Register(table, "debug", static _ => 0);
    }

    /// <summary>Log and constants: these are there while a library is loaded, too.</summary>
    public void AddConstants(LuaRuntime runtime, LuaTable table)
    {
        runtime.Register(table, "log", Log);
        for (var i = 0; i < Levels.Length; i++) table["LOG_" + Levels[i].ToString().ToUpperInvariant()] = i;
        table["REPL_NONE"] = 0;
        table["REPL_AOF"] = 1;
        table["REPL_SLAVE"] = table["REPL_REPLICA"] = 2;
        table["REPL_ALL"] = 3;
        table["REDIS_VERSION"] = LuaValue.Of(ServerVersion.Redis);
        var parts = Array.ConvertAll(ServerVersion.Redis.Split('.'), int.Parse);
        table["REDIS_VERSION_NUM"] = (parts[0] << 16) | (parts[1] << 8) | parts[2];
    }

    private static int StatusTable(LuaCall call, LuaString field)
    {
        if (call.Count != 1 || call[0].Ref is not LuaString text) return CommandBridge.Fail(call, "ERR wrong number or type of arguments", raises: false);
        var table = call.Runtime.NewTable(0, 1);
        table.Set(field, ReferenceEquals(field, ReplyToLua.Err) ? WithCode(call.Runtime, text) : text);
        return call.Return(table);
    }

    /// <summary>An error needs a code word in front: a single word is none, and a leading dash is the protocol's.</summary>
    private static LuaString WithCode(LuaRuntime runtime, LuaString text)
    {
        var bytes = text.Bytes;
        if (bytes.Length > 0 && bytes[0] == (byte)'-') bytes = bytes[1..];
        return bytes.IndexOf((byte)' ') >= 0 ? runtime.NewString(bytes) : runtime.NewString([.. "ERR "u8, .. bytes]);
    }

    private static int Sha1Hex(LuaCall call)
    {
        if (call.Count != 1) return CommandBridge.Fail(call, "ERR wrong number of arguments", raises: true);
        var text = call[0].ToLuaString() ?? LuaString.Empty;
        call.Runtime.Spend(1 + (text.Length / 256));
        return call.ReturnBytes(EvalScripts.ShaOf(text.Bytes));
    }

    private int Log(LuaCall call)
    {
        if (call.Count < 2) return CommandBridge.Fail(call, "ERR redis.log() requires two arguments or more.", raises: true);
        if (!call[0].IsNumber) return CommandBridge.Fail(call, "ERR First argument must be a number (log level).", raises: true);
        var level = LuaCall.ToInteger(call[0].Num);
        if (level < 0 || level >= Levels.Length) return CommandBridge.Fail(call, "ERR Invalid debug level.", raises: true);
        var words = new List<string>();
        for (var i = 1; i < call.Count; i++)
        {
            if (call[i].ToLuaString() is { } word) words.Add(word.ToString());
        }

        engine.Log.Write(Levels[level], string.Join(' ', words));
        return 0;
    }

    private int SetResp(LuaCall call)
    {
        if (call.Count != 1) return CommandBridge.Fail(call, "ERR redis.setresp() requires one argument.", raises: true);
        var version = call[0].TryNumber(out var number) ? LuaCall.ToInteger(number) : 0;
        if (version is not (2 or 3)) return CommandBridge.Fail(call, "ERR RESP version must be 2 or 3.", raises: true);
        bridge.Client.Reply.Protocol = (int)version;
        return 0;
    }

    private int SetRepl(LuaCall call)
    {
        if (call.Count != 1) return CommandBridge.Fail(call, "ERR redis.set_repl() requires one argument.", raises: true);
        var targets = call[0].TryNumber(out var number) ? LuaCall.ToInteger(number) : 0;
        if ((targets & ~(long)EffectTargets.All) != 0)
            return CommandBridge.Fail(call, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.", raises: true);
        run.Targets = (EffectTargets)targets;
        return 0;
    }
}

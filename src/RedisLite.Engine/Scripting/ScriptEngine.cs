using System.Text;
using RedisLite.Lua;
using RedisLite.Protocol;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// Scripts and functions of one server: the Lua worlds they live in, the caches, and the run in progress.
///
/// EVAL's scripts share one world and the libraries of functions another, as in Redis, so that nothing leaks from one to the other. A world is made when it is
/// first needed. A script runs to its end inside the unit of its caller: time stands still, nobody else's commands run in between, and what its commands changed
/// leaves as one unit of effects. What bounds it is <see cref="BusyScript"/> for time and the limits of the interpreter for memory and depth.
/// </summary>
internal sealed class ScriptEngine
{
    private static readonly LuaString Keys = LuaString.From("KEYS");
    private static readonly LuaString Argv = LuaString.From("ARGV");

    private readonly Engine engine;
    private readonly RedisLibrary library;
    private readonly BusyScript busy;
    private LuaRuntime? evalWorld;

    public ScriptEngine(Engine engine)
    {
        this.engine = engine;
        Bridge = new CommandBridge(engine, Run);
        library = new RedisLibrary(engine, Bridge, Run);
        busy = new BusyScript(engine, Run);
        Cache = new EvalScripts(engine.ByteKeys);
        Functions = new FunctionRegistry(engine.ByteKeys);
        Loader = new FunctionLoader(engine, library, CreateWorld);
    }

    public ScriptRun Run { get; } = new();

    public CommandBridge Bridge { get; }

    public EvalScripts Cache { get; }

    public FunctionRegistry Functions { get; private set; }

    public FunctionLoader Loader { get; private set; }

    /// <summary>DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what they must not.</summary>
    public bool NoScriptDisabled { get; set; }

    /// <summary>Bytes of the world of EVAL's scripts.</summary>
    public long EvalWorldBytes => evalWorld is null ? 0 : Run.IsActive ? evalWorld.Meter.Estimate : evalWorld.Meter.Measure();

    private LuaRuntime EvalWorld => evalWorld ??= CreateEvalWorld();

    // ---- EVAL's scripts ---------------------------------------------------------------------------------------------

    /// <summary>The script with this text, compiled if it is new. Null: it does not compile, the reason is replied.</summary>
    public Script? Compile(CommandContext ctx, ReadOnlySpan<byte> source)
    {
        if (Cache.FindSource(source) is { } known) return known;
        if (ScriptHeader.ParseScript(source, out var flags, out var code) is { } problem)
        {
            ctx.Fail("ERR " + problem);
            return null;
        }

        try
        {
            var proto = LuaRuntime.Compile(code, "user_script");
            var script = new Script(source.ToArray(), EvalScripts.ShaOf(source), flags, EvalWorld.NewFunction(proto), source.Length + proto.SizeInBytes);
            Cache.Add(script);
            return script;
        }
        catch (LuaSyntaxError error)
        {
            ctx.Fail($"ERR Error compiling script (new function): {error.Message}");
            return null;
        }
    }

    /// <summary>EVAL and its kin: arguments are name or text, number of keys, keys, further arguments.</summary>
    public void RunScript(CommandContext ctx, Script script, int keyCount, bool readOnlyCall)
    {
        var world = EvalWorld;
        if (!TryBegin(ctx, world, script.Sha, script.Flags, readOnlyCall, isFunction: false)) return;
        world.Globals.Set(Keys, ArgumentTable(ctx, world, 3, keyCount));
        world.Globals.Set(Argv, ArgumentTable(ctx, world, 3 + keyCount, ctx.Argc - 3 - keyCount));
        Invoke(ctx, world, script.Function);
    }

    /// <summary>A request for a script or a function that says it does not write: a pause of writes does not hold it.</summary>
    public bool IsKnownToRead(CommandContext ctx, CommandSpec spec)
    {
        if (!spec.Has(CommandFlags.MayReplicate) || spec.Has(CommandFlags.Write)) return false;
        var flags = spec.FullName switch
        {
            "eval" => ScriptHeader.ParseScript(ctx.Arg(1), out var given, out _) is null ? given : ScriptFlags.None,
            "evalsha" => Cache.FindSha(ctx.Arg(1))?.Flags ?? ScriptFlags.None,
            "fcall" => Functions.FindFunction(ctx.Arg(1))?.Flags ?? ScriptFlags.None,
            _ => ScriptFlags.None,
        };
        return (flags & ScriptFlags.NoWrites) != 0;
    }

    public void FlushScripts()
    {
        Cache.Clear();
        evalWorld = null;
    }

    // ---- functions --------------------------------------------------------------------------------------------------

    /// <summary>FCALL: the function gets the two lists as arguments.</summary>
    public void RunFunction(CommandContext ctx, RegisteredFunction function, int keyCount, bool readOnlyCall)
    {
        var world = Loader.World;
        if (!TryBegin(ctx, world, function.Name, function.Flags, readOnlyCall, isFunction: true)) return;
        Invoke(ctx, world, function.Callback, ArgumentTable(ctx, world, 3, keyCount), ArgumentTable(ctx, world, 3 + keyCount, ctx.Argc - 3 - keyCount));
    }

    /// <summary>FUNCTION LOAD, and libraries of files. Null, or why the library cannot be had.</summary>
    public string? LoadLibrary(ReadOnlySpan<byte> source, bool replace, out string name)
    {
        if (Loader.Describe(source, out name) is { } problem) return problem;
        var old = Functions.Find(name);
        if (old is not null && !replace) return $"Library '{name}' already exists";
        if (Loader.Load(source, out var library) is { } failure) return failure;
        if (Functions.Collision(library!, old) is { } taken) return $"Function {taken} already exists";
        if (old is not null) Remove(old);
        Add(library!);
        return null;
    }

    /// <summary>All of a dump or nothing. Null, or why it cannot be had.</summary>
    public string? RestoreLibraries(List<byte[]> sources, bool flush, bool replace)
    {
        var restored = new FunctionRegistry(engine.ByteKeys);
        foreach (var source in sources)
        {
            if (Loader.Describe(source, out var name) is { } problem) return problem;
            if (restored.Find(name) is not null || (!flush && !replace && Functions.Find(name) is not null)) return $"Library {name} already exists";
            if (Loader.Load(source, out var library) is { } failure) return failure;
            if (restored.Collision(library!, null) is { } taken) return $"Function {taken} already exists";
            restored.Add(library!);
        }

        var gone = Functions.Libraries.FindAll(library => flush || restored.Find(library.Name) is not null);
        var staying = Functions.Libraries.FindAll(library => !gone.Contains(library));
        foreach (var library in staying)
        {
            if (restored.Collision(library, null) is { } taken) return $"Function {taken} already exists";
        }

        foreach (var library in gone) Remove(library);
        foreach (var library in restored.Libraries) Add(library);
        return null;
    }

    private void Add(FunctionLibrary library)
    {
        Functions.Add(library);
        Loader.Keep(library);
    }

    public void Remove(FunctionLibrary library)
    {
        Functions.Remove(library);
        Loader.Forget(library);
    }

    public void FlushFunctions()
    {
        Functions = new FunctionRegistry(engine.ByteKeys);
        Loader = new FunctionLoader(engine, library, CreateWorld);
    }

    // ---- one run ----------------------------------------------------------------------------------------------------

    public static bool TryKeyCount(CommandContext ctx, out int count, string notNumber = Errors.NotInteger)
    {
        count = 0;
        if (!ctx.TryInt64(2, out var number, notNumber)) return false;
        if (number > ctx.Argc - 3) ctx.Fail("ERR Number of keys can't be greater than number of args");
        else if (number < 0) ctx.Fail("ERR Number of keys can't be negative");
        else
        {
            count = (int)number;
            return true;
        }

        return false;
    }

    private bool TryBegin(CommandContext ctx, LuaRuntime world, byte[] name, ScriptFlags flags, bool readOnlyCall, bool isFunction)
    {
        var outOfMemory = engine.Config.Maxmemory > 0 && engine.Eviction.IsOutOfMemory;
        if (ScriptRun.Refusal(engine, ctx.Client, flags, readOnlyCall, outOfMemory) is { } refusal)
        {
            ctx.Fail(refusal);
            return false;
        }

        Run.Begin(ctx, name, isFunction, flags, readOnlyCall || (flags & ScriptFlags.NoWrites) != 0, outOfMemory);
        Bridge.Begin(ctx.Client);
        engine.Clock.Freeze();
        world.Steps = world.Limits.StepsPerInterrupt;
        return true;
    }

    private void Invoke(CommandContext ctx, LuaRuntime world, LuaFunction function, params ReadOnlySpan<LuaValue> arguments)
    {
        try
        {
            var result = world.Call(function, arguments);
            new LuaToReply(ctx.Reply, Bridge.Client.Reply.Protocol).Write(result);
        }
        catch (LuaError error)
        {
            ReplyError(ctx, error.Value, world.FailedAt);
        }
        catch (LuaTerminated end)
        {
            if (engine.IsEnding) engine.Effects.Clear();            // half of its work is not to outlive it
            ctx.Fail(Located("ERR " + end.Message, world.FailedAt));
        }
        finally
        {
            Bridge.End();
            Run.End();
            engine.Clock.Unfreeze();
            busy.Finished(world);
        }
    }

    /// <summary>A raised error: a table as redis.call raises it, or any value that error() was given.</summary>
    private void ReplyError(CommandContext ctx, in LuaValue value, CodePlace place)
    {
        var table = value.AsTable;
        var bytes = Encoding.Latin1.GetBytes(Located(ErrorText(value), place));
        if (table is null || table.GetString(ReplyToLua.AlreadyCounted).IsFalsy) ctx.Reply.Error(bytes);
        else ctx.Reply.ErrorAgain(bytes);
    }

    /// <summary>What a raised value says as an error reply.</summary>
    public static string ErrorText(in LuaValue value) =>
        value.AsTable is { } table ? table.GetString(ReplyToLua.Err).ToLuaString()?.ToString() ?? "ERR unknown error" : "ERR " + TextOf(value);

    private static string TextOf(in LuaValue value) => value.ToLuaString()?.ToString() ?? (value.IsNil ? "nil" : value.IsBoolean ? value.ToString() : value.TypeName);

    private string Located(string text, CodePlace place)
    {
        var name = Encoding.Latin1.GetString(Run.Name);
        return place.Source is null ? text : $"{text} script: {name}, on {place.Source}:{place.Line}.";
    }

    private static LuaTable ArgumentTable(CommandContext ctx, LuaRuntime world, int first, int count)
    {
        var table = world.NewTable(count);
        for (var i = 0; i < count; i++) table.SetInt(i + 1, world.NewString(ctx.Arg(first + i)));
        return table;
    }

    // ---- worlds -----------------------------------------------------------------------------------------------------

    private LuaRuntime CreateWorld() =>
        new(new Limits { MemoryBytes = ScriptLimits.MemoryBytes }) { OnInterrupt = busy.Interrupt, OnCaught = Caught, Clock = Seconds };

    private LuaRuntime CreateEvalWorld()
    {
        var world = CreateWorld();
        var table = library.Create(world);
        RedisLibrary.AddForScripts(world, table);
        world.Globals.Set(LuaString.From("redis"), table);
        world.Globals.Set(Keys, world.NewTable());
        world.Globals.Set(Argv, world.NewTable());
        world.ProtectGlobals();
        world.Globals.GetString(Keys).AsTable!.ReadOnly = world.Globals.GetString(Argv).AsTable!.ReadOnly = false;
        return world;
    }

    /// <summary>pcall shows a script the text of an error, whether it was raised as a text or as the table of redis.call.</summary>
    private static LuaValue Caught(LuaValue error) => error.Ref is LuaTable table && table.GetString(ReplyToLua.Err).Ref is LuaString text ? text : error;

    private double Seconds() => engine.Clock.MicrosecondsOf(engine.Clock.Timestamp() - Run.StartedTicks) / 1e6;
}

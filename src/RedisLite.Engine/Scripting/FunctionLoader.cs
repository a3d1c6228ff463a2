using System.Text;
using RedisLite.Lua;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// Runs the code of a library so that it registers its functions. While it loads, a library sees nothing but redis.register_function, redis.log and constants: what
/// it registers must not hang on the data or on chance. Its closures keep the table of globals they were made with; when loading is over that table is
/// filled with all that functions may use.
/// </summary>
internal sealed class FunctionLoader(Engine engine, RedisLibrary api, Func<LuaRuntime> createWorld)
{
    private const string BadName = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

    private static readonly LuaString Redis = LuaString.From("redis");

    private LuaRuntime? world;
    private LuaTable? loadingApi;
    private FunctionLibrary? loading;
    private long deadlineTicks;

    /// <summary>Where all libraries live, made when the first is loaded.</summary>
    public LuaRuntime World => world ??= Create();

    public long WorldBytes => world is null ? 0 : engine.Scripts.Run.IsActive ? world.Meter.Estimate : world.Meter.Measure();

    /// <summary>The name in the first line of a library. Null, or what is wrong with the line.</summary>
    public string? Describe(ReadOnlySpan<byte> source, out string name)
    {
        if (ScriptHeader.ParseLibrary(source, out var language, out name, out _) is { } problem) return problem;
        if (!FunctionRegistry.IsName(name)) return BadName;
        return language.Equals("lua", StringComparison.OrdinalIgnoreCase) ? null : $"Engine '{language}' not found";
    }

    /// <summary>Runs the code. Null, or what is wrong with it.</summary>
    public string? Load(ReadOnlySpan<byte> source, out FunctionLibrary? library)
    {
        library = null;
        ScriptHeader.ParseLibrary(source, out _, out var name, out var code);
        try
        {
            var proto = LuaRuntime.Compile(code, "user_function");
            library = new FunctionLibrary(name, source.ToArray(), proto.SizeInBytes);
            Run(proto, library);
            return library.Functions.Count == 0 ? "No functions registered" : null;
        }
        catch (LuaSyntaxError error)
        {
            return $"Error compiling function: {error.Message}";
        }
        catch (LuaError error)
        {
            return $"Error registering functions: {ScriptEngine.ErrorText(error.Value)}";
        }
        catch (LuaTerminated)
        {
            return "Error registering functions: ERR FUNCTION LOAD timeout";
        }
    }

    private void Run(Proto proto, FunctionLibrary library)
    {
        var runtime = World;
        var environment = runtime.NewTable(0, 64);
        runtime.Guard(environment);
        environment.Set(Redis, loadingApi!);
        environment.ReadOnly = true;
        loading = library;
        deadlineTicks = engine.IsLoading ? long.MaxValue : engine.Clock.Timestamp() + (ScriptLimits.LoadTimeoutMs * engine.Environment.Time.TimestampFrequency / 1000);
        try
        {
            runtime.Call(runtime.NewFunction(proto, environment));
        }
        finally
        {
            loading = null;
            Fill(environment, runtime.Globals);
        }
    }

    /// <summary>The interpreter's interrupt while no script runs: a library that does not come to its end is given up.</summary>
    public void CheckTime(long now)
    {
        if (loading is not null && now > deadlineTicks) throw new LuaTerminated("FUNCTION LOAD timeout");
    }

    /// <summary>Its functions count as reachable from now on.</summary>
    public void Keep(FunctionLibrary library)
    {
        foreach (var function in library.Functions) World.Roots.Add(function.Callback);
    }

    /// <summary>A library that is no more keeps nothing alive.</summary>
    public void Forget(FunctionLibrary library) =>
        World.Roots.RemoveAll(root => library.Functions.Exists(function => ReferenceEquals(function.Callback, root.Ref)));

    private LuaRuntime Create()
    {
        var runtime = createWorld();
        runtime.Globals.Set(Redis, api.Create(runtime));
        runtime.ProtectGlobals();

        loadingApi = runtime.NewTable(0, 16);
        api.AddConstants(runtime, loadingApi);
        runtime.Register(loadingApi, "register_function", Register);
        runtime.Guard(loadingApi);
        loadingApi.ReadOnly = true;
        runtime.Roots.Add(loadingApi);
        return runtime;
    }

    private static void Fill(LuaTable environment, LuaTable globals)
    {
        for (var position = 0; globals.EntryFrom(position, out var key, out var value); position = globals.PositionAfter(key))
            environment.Set(key, ReferenceEquals(value.Ref, globals) ? environment : value);
    }

    // ---- redis.register_function ------------------------------------------------------------------------------------

    private int Register(LuaCall call)
    {
        if (loading is null) return CommandBridge.Fail(call, "ERR redis.register_function can only be called on FUNCTION LOAD command", raises: true);
        var registration = new Registration();
        var problem = call.Count switch
        {
            1 => registration.TakeTable(call[0].AsTable),
            2 => registration.TakePair(call[0], call[1]),
            _ => "wrong number of arguments to redis.register_function",
        };
        problem ??= registration.AddTo(loading);
        return problem is null ? 0 : CommandBridge.Fail(call, "ERR " + problem, raises: true);
    }

    /// <summary>The arguments of redis.register_function, given in order or by name.</summary>
    private sealed class Registration
    {
        private LuaString? name;
        private LuaFunction? callback;
        private LuaString? description;
        private ScriptFlags flags;

        public string? TakePair(in LuaValue first, in LuaValue second)
        {
            name = first.ToLuaString();
            callback = second.AsFunction;
            if (name is null) return "first argument to redis.register_function must be a string";
            return callback is null ? "second argument to redis.register_function must be a function" : null;
        }

        public string? TakeTable(LuaTable? arguments)
        {
            if (arguments is null) return "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).";
            for (var position = 0; arguments.EntryFrom(position, out var key, out var value); position = arguments.PositionAfter(key))
            {
                if (TakeNamed(key, value) is { } problem) return problem;
            }

            if (name is null) return "redis.register_function must get a function name argument";
            return callback is null ? "redis.register_function must get a callback argument" : null;
        }

        private string? TakeNamed(in LuaValue key, in LuaValue value)
        {
            switch (key.AsString?.ToString().ToLowerInvariant())
            {
                case "function_name":
                    name = value.ToLuaString();
                    return name is null ? "function_name argument given to redis.register_function must be a string" : null;
                case "description":
                    description = value.ToLuaString();
                    return description is null ? "description argument given to redis.register_function must be a string" : null;
                case "callback":
                    callback = value.AsFunction;
                    return callback is null ? "callback argument given to redis.register_function must be a function" : null;
                case "flags":
                    return value.AsTable is { } table ? TakeFlags(table) : "flags argument to redis.register_function must be a table representing function flags";
                default:
                    return "unknown argument given to redis.register_function";
            }
        }

        private string? TakeFlags(LuaTable table)
        {
            for (var i = 1; table.GetInt(i) is { IsNil: false } item; i++)
            {
                if (item.AsString is not { } word || !ScriptFlagNames.TryParse(word.ToString(), out var flag)) return "unknown flag given";
                flags |= flag;
            }

            return null;
        }

        public string? AddTo(FunctionLibrary library)
        {
            var text = name!.ToString();
            if (!FunctionRegistry.IsName(text)) return BadName;
            if (library.Functions.Exists(function => Encoding.Latin1.GetString(function.Name).Equals(text, StringComparison.OrdinalIgnoreCase)))
                return "Function already exists in the library";
            library.Functions.Add(new RegisteredFunction(name.Bytes.ToArray(), callback!, flags, description?.Bytes.ToArray()));
            return null;
        }
    }
}

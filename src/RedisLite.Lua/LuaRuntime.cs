using System.Runtime.CompilerServices;

namespace RedisLite.Lua;

// One Lua world: globals, threads, limits. Single-threaded by design: the host calls it from one thread at a time. Nothing here reads
// a clock or chance; os.clock and the interrupt are given by the host.
//
//   var proto = LuaRuntime.Compile(source, "user_script");           // cacheable, immutable, shareable between runtimes
//   var result = runtime.Call(runtime.NewFunction(proto), arguments);   // throws LuaError, LuaTerminated
internal sealed class LuaRuntime
{
    private static int s_epoch;

    internal readonly Limits Limits;
    internal readonly Meter Meter;
    internal readonly LuaTable Globals;
    internal readonly LuaTable StringMetatable;
    internal readonly LuaThread MainThread;
    internal readonly HostFunction NextFunction;
    internal readonly ByteBuffer Buffer;
    internal readonly Random48 Random = new();
    /// <summary>Values of the host that must count as reachable.</summary>
    internal readonly List<LuaValue> Roots = [];

    internal LuaThread CurrentThread;
    internal int HostDepth;
    internal int Steps;

    internal LuaRuntime(Limits? limits = null)
    {
        Limits = limits ?? new Limits();
        Meter = new Meter(Limits, MeasureLive);
        Globals = new LuaTable(Meter);
        StringMetatable = new LuaTable(Meter);
        Buffer = new ByteBuffer(Meter);
        CurrentThread = MainThread = new LuaThread(this, Globals) { Status = ThreadStatus.Running };
        Steps = Limits.StepsPerInterrupt;
        NextFunction = new HostFunction("next", Library.BaseLibrary.Next, Globals);
        Library.Libraries.OpenAll(this);
    }

    /// <summary>Called every Limits.StepsPerInterrupt steps; throws LuaTerminated to end the script.</summary>
    internal Action? OnInterrupt { get; set; }

    /// <summary>What pcall gives a script for the value of an error; the host may have errors of a form of its own.</summary>
    internal Func<LuaValue, LuaValue>? OnCaught { get; set; }

    /// <summary>Where the script was when the last call from the host failed.</summary>
    internal CodePlace FailedAt { get; private set; }

    /// <summary>Where the script is now: for a function of the host, its caller.</summary>
    internal CodePlace CurrentPlace => LuaErrors.PlaceOf(CurrentThread);

    /// <summary>Seconds for os.clock.</summary>
    internal Func<double>? Clock { get; set; }

    /// <summary>Compiles a chunk; throws LuaSyntaxError. The name appears in messages exactly as given.</summary>
    internal static Proto Compile(ReadOnlySpan<byte> source, string chunkName) => Parser.Parse(source, ChunkName.Of(chunkName));

    internal static Proto Compile(ReadOnlySpan<byte> source, ChunkName chunkName) => Parser.Parse(source, chunkName);

    internal LuaClosure NewFunction(Proto proto, LuaTable? environment = null)
    {
        Meter.Charge(Lua.Meter.ClosureBytes);
        return new LuaClosure(proto, new Box[proto.UpvalueCount], environment ?? Globals);
    }

    internal LuaTable NewTable(int arraySize = 0, int hashSize = 0) => new(Meter, arraySize, hashSize);

    internal LuaString NewString(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 1) Meter.Charge(Lua.Meter.StringBytes + bytes.Length);
        return LuaString.From(bytes);
    }

    internal void Register(LuaTable table, string name, HostBody body) => table.Set(LuaString.From(name), new HostFunction(name, body, Globals));

    /// <summary>Calls a function from the host and returns its first result.</summary>
    internal LuaValue Call(LuaFunction function, params ReadOnlySpan<LuaValue> arguments)
    {
        var thread = CurrentThread;
        var point = thread.Save();
        var func = thread.Top;
        thread.Push(function);
        foreach (ref readonly var argument in arguments) thread.Push(argument);
        try
        {
            thread.Call(func, arguments.Length, 1);
            return thread.Stack[func];
        }
        catch
        {
            FailedAt = LuaErrors.PlaceOf(CurrentThread);
            thread.Restore(point);
            CurrentThread = thread;
            throw;
        }
        finally
        {
            thread.Top = func;
            if (thread.Depth == 0)
            {
                thread.Release(func);
                Buffer.Trim();
            }
        }
    }

    /// <summary>Makes a table unchangeable for scripts; with everything it holds when asked.</summary>
    internal static void Seal(LuaTable table, bool recursive)
    {
        if (table.ReadOnly && recursive) return;
        table.ReadOnly = true;
        if (!recursive) return;
        if (table.Metatable is { } meta) Seal(meta, recursive);
        for (var position = 0; table.EntryFrom(position, out var key, out var value); position = table.PositionAfter(key))
        {
            if (value.Ref is LuaTable inner) Seal(inner, recursive);
        }
    }

    /// <summary>The sandbox of Redis: globals cannot be created, reading an unknown one is an error, libraries are sealed.</summary>
    internal void ProtectGlobals()
    {
        Guard(Globals);
        Seal(Globals, recursive: true);
        Seal(StringMetatable, recursive: true);
    }

    /// <summary>Reading a field that is not there is an error from now on.</summary>
    internal void Guard(LuaTable table)
    {
        var meta = NewTable();
        Register(meta, "__index", static call =>
        {
            var name = call[1].ToLuaString();
            throw call.Error($"Script attempted to access nonexistent global variable '{name?.ToString() ?? call[1].TypeName}'");
        });
        Seal(meta, recursive: false);
        table.Metatable = meta;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void Interrupt()
    {
        Steps = Limits.StepsPerInterrupt;
        OnInterrupt?.Invoke();
    }

    /// <summary>Counts work that happens inside a library function.</summary>
    internal void Spend(int steps)
    {
        if ((Steps -= steps) < 0) Interrupt();
    }

    internal void EnterHostCall(LuaThread thread)
    {
        if (++HostDepth < Limits.HostCalls && RuntimeHelpers.TryEnsureSufficientExecutionStack()) return;
        HostDepth--;
        throw LuaErrors.Runtime(thread, "C stack overflow");
    }

    // ---- metatables

    internal LuaTable? MetatableOf(in LuaValue value) => value.Ref switch
    {
        LuaTable table => table.Metatable,
        LuaString => StringMetatable,
        LuaUserdata userdata => userdata.Metatable,
        _ => null,
    };

    internal LuaValue Metamethod(in LuaValue value, Events name) => MetatableOf(value) is { } meta ? Handler(meta, name) : default;

    internal static LuaValue Handler(LuaTable meta, Events name)
    {
        if ((meta.AbsentEvents & name.Bit) != 0) return default;
        var handler = meta.GetString(name.Name);
        if (handler.IsNil) meta.AbsentEvents |= name.Bit;
        return handler;
    }

    internal LuaString Join(LuaString a, LuaString b)
    {
        var length = (long)a.Length + b.Length;
        Meter.Reserve(length);
        Meter.Charge(Lua.Meter.StringBytes + length);
        var bytes = new byte[length];
        a.Bytes.CopyTo(bytes);
        b.Bytes.CopyTo(bytes.AsSpan(a.Length));
        return new LuaString(bytes);
    }

    // ---- live memory

    private long MeasureLive()
    {
        var walk = new LiveWalk(Interlocked.Increment(ref s_epoch));
        walk.Add(Globals);
        walk.Add(StringMetatable);
        walk.Add(MainThread);
        walk.Add(CurrentThread);
        foreach (var root in Roots) walk.Add(root.Ref);
        return walk.Finish() + Buffer.Length;
    }
}

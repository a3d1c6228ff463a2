namespace RedisLite.Lua;

internal abstract class LuaFunction
{
    internal int Mark;
    internal LuaTable Env;

    private protected LuaFunction(LuaTable env) => Env = env;
}

/// <summary>A Lua function: its code and the boxes of the variables it closes over.</summary>
internal sealed class LuaClosure : LuaFunction
{
    internal readonly Proto Proto;
    internal readonly Box[] Upvalues;

    internal LuaClosure(Proto proto, Box[] upvalues, LuaTable env) : base(env)
    {
        Proto = proto;
        Upvalues = upvalues;
    }
}

/// <summary>
/// The body of a function of the host. Reads arguments from <paramref name="call"/>, pushes results and returns their count
/// (the last ones pushed count). Errors are thrown through <see cref="LuaCall.Error(string)"/>.
/// </summary>
internal delegate int HostBody(LuaCall call);

internal sealed class HostFunction : LuaFunction
{
    internal readonly string Name;
    internal readonly HostBody Body;
    /// <summary>What the body closes over, for the count of live memory.</summary>
    internal object? Attached;

    internal HostFunction(string name, HostBody body, LuaTable env) : base(env)
    {
        Name = name;
        Body = body;
    }
}

/// <summary>The heap cell of a local variable that an inner function uses.</summary>
internal sealed class Box
{
    internal LuaValue Value;
    internal int Mark;
}

/// <summary>An opaque value of the host (cjson.null) or of newproxy.</summary>
internal sealed class LuaUserdata
{
    internal LuaTable? Metatable;
    internal LuaTable? Env;
    internal object? Host;
}

namespace RedisLite.Lua;

/// <summary>A Lua error on its way to the nearest pcall or to the host; its value is any Lua value.</summary>
internal sealed class LuaError(LuaValue value) : Exception
{
    internal LuaValue Value { get; } = value;

    public override string Message => Value.Ref is LuaString or string ? Value.ToString() : $"(error object is a {Value.TypeName} value)";
}

/// <summary>Ends a script whatever pcall it is in. Thrown by the host's interrupt (SCRIPT KILL, shutdown).</summary>
internal sealed class LuaTerminated(string message) : Exception(message);

/// <summary>A chunk that does not compile.</summary>
internal sealed class LuaSyntaxError(string message) : Exception(message);

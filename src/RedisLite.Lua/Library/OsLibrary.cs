namespace RedisLite.Lua.Library;

/// <summary>os.clock, the only part of os that says nothing about the machine.</summary>
internal static class OsLibrary
{
    internal static void Open(LuaRuntime runtime) =>
        Libraries.New(runtime, "os", ("clock", static call => call.Return(call.Runtime.Clock?.Invoke() ?? 0)));
}

namespace RedisLite.Lua.Library;

internal static class Libraries
{
    internal static void OpenAll(LuaRuntime runtime)
    {
        BaseLibrary.Open(runtime);
        CoroutineLibrary.Open(runtime);
        StringLibrary.Open(runtime);
        TableLibrary.Open(runtime);
        MathLibrary.Open(runtime);
        OsLibrary.Open(runtime);
        BitLibrary.Open(runtime);
        CJsonLibrary.Open(runtime);
        CMsgPackLibrary.Open(runtime);
        StructLibrary.Open(runtime);
    }

    internal static LuaTable New(LuaRuntime runtime, string name, params (string Name, HostBody Body)[] functions)
    {
        var table = runtime.NewTable(0, functions.Length);
        foreach (var (function, body) in functions) runtime.Register(table, function, body);
        runtime.Globals.Set(LuaString.From(name), table);
        return table;
    }
}

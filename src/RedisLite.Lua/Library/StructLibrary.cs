namespace RedisLite.Lua.Library; internal static class StructLibrary { internal static void Open(LuaRuntime runtime) { } }

namespace RedisLite.Lua.Library; internal static class CJsonLibrary { internal static void Open(LuaRuntime runtime) { } }

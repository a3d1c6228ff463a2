namespace RedisLite.Lua.Library; internal static class CMsgPackLibrary { internal static void Open(LuaRuntime runtime) { } }

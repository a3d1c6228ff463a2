using RedisLite.Engine.Commands;

namespace RedisLite.Engine;

/// <summary>The families, in one place. A new family file is one line here.</summary>
internal static class CommandCatalog
{
    public static CommandTable Create() => new CommandTable()
        .Add("connection", ConnectionCommands.Table())
        .Add("connection", ClientCommands.Table())
        .Add("server", AclCommands.Table())
        .Add("transactions", TransactionCommands.Table())
        .Add("generic", KeyCommands.Table())
        .Add("generic", ExpireCommands.Table())
        .Add("generic", ScanCommands.Table())
        .Add("string", StringCommands.Table())
        .Add("hash", HashCommands.Table())
        .Add("hash", HashFieldCommands.Table())
        .Add("list", ListCommands.Table())
        .Add("set", SetCommands.Table())
        .Add("sorted-set", SortedSetCommands.Table())
        .Add("sorted-set", SortedSetRangeCommands.Table())
        .Add("sorted-set", SortedSetCombineCommands.Table())
        .Add("pubsub", PubSubCommands.Table())
        .Add("scripting", ScriptingCommands.Table())
        .Add("generic", ReplicationCommands.Table())
        .Add("server", ServerCommands.Table())
        .Add("server", SlowLogCommands.Table())
        .Add("server", LatencyCommands.Table())
        .Add("server", MemoryCommands.Table())
        .Add("server", DebugCommands.Table())
        .Add("server", ConfigCommands.Table())
        .Add("server", CommandCommands.Table())
        .Add("server", PersistenceCommands.Table())
        .Add("generic", DumpCommands.Table())
        .Add("generic", MigrateCommand.Table())
        .Freeze();
}

namespace RedisLite;

/// <summary>The command line of redis-server, and the tools as subcommands.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        if (args is ["-v" or "--version", ..]) return Help.PrintVersion();
        if (args is ["-h" or "--help", ..]) return Help.PrintUsage();
        if (args is ["check-rdb", .. var rdb]) return CheckCommands.Rdb(rdb);
        if (args is ["check-aof", .. var aof]) return CheckCommands.Aof(aof);
        if (args is ["cli-ping", .. var rest]) return PingCommand.Run(rest);
        if (args is ["--test-memory", ..]) return Refuse("--test-memory is not offered: use a memory tester such as memtester or memtest86.");
        if (args is ["--check-system", ..]) return Refuse("--check-system is not offered: its checks concern fork and jemalloc, which are not used here.");
        if (Array.IndexOf(args, "--sentinel") >= 0) return Refuse("Sentinel is not part of this server: run redis-sentinel beside it.");

        return ServerCommand.Run(args is ["server", .. var options] ? options : args);
    }

    private static int Refuse(string reason)
    {
        Console.Error.WriteLine(reason);
        return 1;
    }
}

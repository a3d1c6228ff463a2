using RedisLite.Engine;

namespace RedisLite;

internal static class Help
{
    /// <summary>The form of redis-server's line, which scripts take apart.</summary>
    public static int PrintVersion()
    {
        Console.WriteLine($"Redis server v={ServerVersion.Redis} sha=00000000:0 malloc=redislite-{ServerVersion.Own} bits=64 build=0");
        return 0;
    }

    /// <summary>On standard error and with exit code 1, as redis-server does it.</summary>
    public static int PrintUsage()
    {
        Console.Error.WriteLine(
            """
            Usage: redislite [/path/to/redis.conf] [--name value ...] [-]
                   redislite -                        read the configuration from standard input
                   redislite check-rdb <file>         tell whether an RDB file is sound
                   redislite check-aof [--fix] [--truncate-to-timestamp <seconds>] <file or manifest>
                   redislite cli-ping [-h host] [-p port] [-s socket] [-a password]
                   redislite -v | --version
                   redislite -h | --help

            Options are the directives of redis.conf, and win over the file:
                   redislite --port 7000 --save 60 1 --save 300 10
                   redislite /etc/redis.conf --appendonly no --loglevel verbose
                   echo 'maxmemory 128mb' | redislite -

            From the environment, between the file and the options:
                   REDIS_ARGS                         options, in the form of the command line
                   REDIS_PASSWORD, REDIS_PASSWORD_FILE  the value of requirepass, or a file that holds it
            and below the file:
                   REDISLITE_DEFAULTS                 options, for those who build images
            """);
        return 1;
    }
}

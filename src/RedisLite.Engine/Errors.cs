namespace RedisLite.Engine;

/// <summary>The error texts of Redis, exactly. Those with a parameter are methods.</summary>
internal static class Errors
{
    public const string WrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    public const string Syntax = "ERR syntax error";
    public const string NotInteger = "ERR value is not an integer or out of range";
    public const string NotFloat = "ERR value is not a valid float";
    public const string NotPositive = "ERR value is out of range, must be positive";
    public static string NotBetween(long min, long max) => $"ERR value is out of range, value must between {min} and {max}";

    public const string OutOfRange = "ERR value is out of range";
    public const string NoSuchKey = "ERR no such key";
    public const string SameObject = "ERR source and destination objects are the same";
    public const string IndexOutOfRange = "ERR index out of range";
    public const string DbIndexOutOfRange = "ERR DB index is out of range";
    public const string InvalidDbIndex = "ERR invalid DB index";
    public const string Overflow = "ERR increment or decrement would overflow";
    public const string FloatNanOrInfinity = "ERR increment would produce NaN or Infinity";
    public const string StringTooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    public const string OffsetOutOfRange = "ERR offset is out of range";
    public const string TimeoutNotFloat = "ERR timeout is not a float or out of range";
    public const string TimeoutNegative = "ERR timeout is negative";
    public const string TimeoutOutOfRange = "ERR timeout is out of range";
    public const string NoAuth = "NOAUTH Authentication required.";
    public const string WrongPass = "WRONGPASS invalid username-password pair or user is disabled.";
    public const string OutOfMemory = "OOM command not allowed when used memory > 'maxmemory'.";
    public const string Loading = "LOADING Redis is loading the dataset in memory";
    public const string ReadOnlyReplica = "READONLY You can't write against a read only replica.";
    public const string NoMulti = "ERR Command not allowed inside a transaction";
    public const string ExecAbort = "EXECABORT Transaction discarded because of previous errors.";
    public const string NoReplicas = "NOREPLICAS Not enough good replicas to write.";
    public const string MisConf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
    public const string MaxClients = "ERR max number of clients reached";
    public const string BusyScript = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
    public const string BusyFunction = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
    public const string Internal = "ERR internal error";
    public const string CursorInvalid = "ERR invalid cursor";

    public static string WrongArity(string fullName) => $"ERR wrong number of arguments for '{fullName}' command";

    public static string InvalidExpire(string command) => $"ERR invalid expire time in '{command}' command";

    public static string UnknownSubcommand(string subcommand, string command) =>
        $"ERR unknown subcommand '{subcommand}'. Try {command.ToUpperInvariant()} HELP.";

    public static string SubcommandSyntax(string subcommand, string command) =>
        $"ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try {command} HELP.";

    public static string NotAllowedWhileSubscribed(string command) =>
        $"ERR Can't execute '{command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
}

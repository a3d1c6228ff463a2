using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server;

namespace RedisLite;

/// <summary>
/// The configuration this process starts with. Later sources win: defaults of the environment (for makers of images), the file, the
/// environment, standard input, the command line.
/// All of them are lines of redis.conf by the time they are read, so a mistake is reported in one way.
/// </summary>
internal sealed class StartupConfig
{
    private StartupConfig(ServerConfig config, string standardInput)
    {
        Config = config;
        StandardInput = standardInput;
    }

    public ServerConfig Config { get; }

    /// <summary>What was read from standard input, which a detached process cannot read again.</summary>
    public string StandardInput { get; }

    /// <summary>Null when the configuration cannot be taken; the reason has been printed.</summary>
    public static StartupConfig? Read(string[] args)
    {
        var config = new ServerConfig();
        WorkingDirectory.Attach(config);
        PendingFeatures.Attach(config);
        config.OnChange(() => config.Logfile.Length == 0 ? null : LogOutput.WhyNot(WorkingDirectory.Resolve(config, config.Logfile)), "logfile");
        try
        {
            var options = CommandLineOptions.Parse(args);
            var file = options.ConfigFile.Length == 0 ? "" : Path.GetFullPath(options.ConfigFile);
            if (options.ReadsStandardInput) new LogOutput("").Write(LogLevel.Notice, "Reading config from stdin");
            var standardInput = options.ReadsStandardInput ? Console.In.ReadToEnd() : "";
            new ConfigLoader(config, new DiskStorage()).Load(file, FromEnvironment() + standardInput + options.Lines, OptionsOf("REDISLITE_DEFAULTS"));
            if (config.ClusterEnabled && config.Replicaof != null) throw new ConfigFileException("replicaof directive not allowed in cluster mode");
            return new(config, standardInput);
        }
        catch (ConfigFileException e)
        {
            Report(e);
            return null;
        }
    }

    private static string FromEnvironment()
    {
        var lines = "";
        if (Password() is { Length: > 0 } password) lines += $"requirepass {ConfigText.Quote(password)}\n";
        return lines + OptionsOf("REDIS_ARGS");
    }

    /// <summary>A variable that holds options in the form of the command line, as lines.</summary>
    private static string OptionsOf(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return "";
        if (!ConfigText.TrySplit(text, out var words)) throw new ConfigFileException($"Unbalanced quotes in {variable}");
        return CommandLineOptions.LinesOf(words).TrimStart('\n') + "\n";
    }

    /// <summary>The password of the environment; null when there is none. A file's last line end is not part of it.</summary>
    public static string? Password()
    {
        if (Environment.GetEnvironmentVariable("REDIS_PASSWORD_FILE") is not { Length: > 0 } file) return Environment.GetEnvironmentVariable("REDIS_PASSWORD");
        try
        {
            return ConfigText.Decode(File.ReadAllBytes(file)).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigFileException($"Fatal error, can't read REDIS_PASSWORD_FILE '{file}': {e.Message}");
        }
    }

    private static void Report(ConfigFileException e)
    {
        if (e.Message.StartsWith("Fatal error", StringComparison.Ordinal))
        {
            new LogOutput("").Write(LogLevel.Warning, e.Message);
            return;
        }
        Console.Error.WriteLine();
        Console.Error.WriteLine($"*** FATAL CONFIG FILE ERROR (Redis {ServerVersion.Redis}) ***");
        if (e.Line > 0)
        {
            Console.Error.WriteLine($"Reading the configuration file, at line {e.Line}");
            Console.Error.WriteLine($">>> '{e.Text}'");
        }
        Console.Error.WriteLine(e.Message);
    }
}

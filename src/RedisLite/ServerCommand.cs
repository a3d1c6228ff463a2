// The server as a process. The order is chosen for a fast start: the configuration is read and the server listens and answers
// before the host and Serilog are built, because they take longer to build than everything else together.
//
//   configuration ─> (daemonize: start again, detached) ─> log ─> server listens ─> pid file, ready line ─> host, Serilog ─> wait
//
// The server ends by SHUTDOWN or by a signal; either completes the same task, and the process ends with its exit code.
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server;
using Serilog;
using EngineLevel = RedisLite.Engine.LogLevel;

namespace RedisLite;

internal sealed class ServerCommand
{
    private readonly ServerConfig config;
    private readonly LogOutput output;
    private readonly StartupLogger logger;
    private readonly bool hasOptions;
    private readonly NativeHeap nativeHeap = new();

    private ServerCommand(ServerConfig config, bool hasOptions)
    {
        this.config = config;
        this.hasOptions = hasOptions;
        output = new LogOutput(config.Logfile.Length == 0 ? "" : WorkingDirectory.Resolve(config, config.Logfile));
        logger = new StartupLogger(output);
    }

    public static int Run(string[] args)
    {
        NativeHeap.KeepSmall();
        if (Detached.IsThisProcess) Detached.Enter();
        if (StartupConfig.Read(args) is not { } startup) return 1;
        if (startup.Config.Daemonize && !Detached.IsThisProcess) return Detached.Start(args, startup.StandardInput);
        return new ServerCommand(startup.Config, args.Length > 0).Run();
    }

    private int Run()
    {
        OomScore.Attach(config, warning => Say(EngineLevel.Warning, warning));
        if (!RedisLiteServer.HasCollation(config.LocaleCollate))
        {
            output.Role = 'M';
            Say(EngineLevel.Warning, RedisLiteServer.NoCollation);
            return 1;
        }
        var server = RedisLiteServer.Launch(config, new RedisLiteOptions { Logger = logger });
        AnnounceStart();
        AnnounceMode();
        if (!IsListening(server)) return 1;

        if (server.Port == 0 && config.Unixsocket.Length == 0)
        {
            Say(EngineLevel.Warning, "Configured to not listen anywhere, exiting.");
            return 1;
        }

        using var signals = new Signals(config, Say, server);
        ProcessTitle.Attach(config);
        PidFile.Write(config, reason => Say(EngineLevel.Warning, reason));
        Say(EngineLevel.Notice, "Server initialized");
        if (!HasLoaded(server)) return server.Completion.GetAwaiter().GetResult();
        AnnounceReady(server);
        if (config.Maxmemory is > 0 and < 1024 * 1024)
        {
            Say(EngineLevel.Warning, $"WARNING: You specified a maxmemory value that is less than 1MB (current value is {config.Maxmemory} bytes). "
                + "Are you sure this is what you really want?");
        }
        var exitCode = Serve(server);

        Supervisor.Tell(config, "STOPPING=1\n");
        if (PidFile.TryRemove(config)) Say(EngineLevel.Notice, "Removing the pid file.");
        if (config.Unixsocket.Length > 0) Say(EngineLevel.Notice, "Removing the unix socket file.");
        Say(EngineLevel.Warning, "Redis is now ready to exit, bye bye...");
        return exitCode;
    }

    private void AnnounceStart()
    {
        Say(EngineLevel.Notice, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
        Say(EngineLevel.Notice, $"Redis version={ServerVersion.Redis}, bits=64, commit=00000000, modified=0, pid={Environment.ProcessId}, just started");
        if (hasOptions) Say(EngineLevel.Notice, "Configuration loaded");
        else Say(EngineLevel.Warning, "Warning: no config file specified, using the default config. In order to specify a config file use redislite /path/to/redis.conf");
        output.Role = config.Replicaof == null ? 'M' : 'S';
    }

    /// <summary>What goes wrong here the log knows already.</summary>
    private static bool HasLoaded(RedisLiteServer server)
    {
        try
        {
            server.Started.GetAwaiter().GetResult();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private bool IsListening(RedisLiteServer server)
    {
        try
        {
            server.Listening.GetAwaiter().GetResult();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException or InvalidOperationException)
        {
            foreach (var line in e.Message.Split('\n')) Say(EngineLevel.Warning, line);
            return false;
        }
    }

    /// <summary>Before the server listens or anything is loaded, as Redis does: scripts and tests wait for these lines.</summary>
    private void AnnounceMode()
    {
        if (config.AlwaysShowLogo || (config.Logfile.Length == 0 && !Console.IsOutputRedirected)) output.WriteRaw(Banner.Text(config, config.Port));
        else Say(EngineLevel.Notice, $"Running mode={(config.ClusterEnabled ? "cluster" : "standalone")}, port={config.Port}.");
    }

    private void AnnounceReady(RedisLiteServer server)
    {
        if (server.Port > 0) Say(EngineLevel.Notice, "Ready to accept connections tcp");
        if (config.Unixsocket.Length > 0) Say(EngineLevel.Notice, "Ready to accept connections unix");
        Supervisor.Tell(config, "STATUS=Ready to accept connections\nREADY=1\n");
    }

    /// <summary>Builds the host around the running server and waits until the server has ended.</summary>
    private int Serve(RedisLiteServer server)
    {
        using var serilog = new LoggerConfiguration()
            .MinimumLevel.Verbose().MinimumLevel.Override("Microsoft", Serilog.Events.LogEventLevel.Warning)
            .WriteTo.Sink(new LogOutputSink(output)).CreateLogger();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSerilog(serilog);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(server);
        using var host = builder.Build();
        host.Start();
        logger.HandOver(host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("RedisLite"));

        while (Task.WaitAny([server.Completion], NativeHeap.PeriodMs) < 0) nativeHeap.Tidy();
        var exitCode = server.Completion.GetAwaiter().GetResult();
        host.StopAsync().GetAwaiter().GetResult();
        return exitCode;
    }

    private void Say(EngineLevel level, string message)
    {
        if (level >= config.Loglevel) logger.Say(level, message);
    }

    /// <summary>Signals have Redis's meaning here, which the host's own life time does not know.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

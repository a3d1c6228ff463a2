using System.IO.Pipelines;
using System.Security.Cryptography;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server.Transports;
using RedisEngine = RedisLite.Engine.Engine;

namespace RedisLite.Server;

/// <summary>
/// One running server: an engine, its transport and the thread that drives both. Many can live in one process and share nothing.
/// </summary>
public sealed class RedisLiteServer : IAsyncDisposable
{
    /// Deep recursion is bounded everywhere; this leaves room for the deepest, nested scripts.
    private const int StackBytes = 16 * 1024 * 1024;

    private readonly ServerConfig _config;
    private readonly RedisLiteOptions _options;
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ExecutorLoop _loop = null!;
    private ListenerSet _listeners = null!;
    private readonly BackgroundThreads _background = new();
    private PageToucher? _pages;
    private int _exitCode;

    private RedisLiteServer(ServerConfig config, RedisLiteOptions options)
    {
        _config = config;
        _options = options;
    }

    /// <summary>Starts a server with the given options and returns when it accepts connections.</summary>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    /// <exception cref="ArgumentException">A directive is unknown or refuses its value.</exception>
    public static Task<RedisLiteServer> StartAsync(RedisLiteOptions? options = null)
    {
        options ??= new RedisLiteOptions();
        var config = new ServerConfig();
        WorkingDirectory.Attach(config);
        PendingFeatures.Attach(config);
        config.Set("save", "");                                  // who embeds a server says himself when it is to write files
        foreach (var (directive, value) in options.Configuration) config.Set(directive, value);
        return StartAsync(config, options);
    }

    internal static async Task<RedisLiteServer> StartAsync(ServerConfig config, RedisLiteOptions options)
    {
        var server = Launch(config, options);
        await server.Started.ConfigureAwait(false);
        return server;
    }

    /// The executable brings a configuration that it has read itself, and has something to do until the server has started.
    internal static RedisLiteServer Launch(ServerConfig config, RedisLiteOptions options)
    {
        var server = new RedisLiteServer(config, options);
        new Thread(server.Run, StackBytes) { Name = "redislite", IsBackground = true }.Start();
        return server;
    }

    /// Completes when the server listens; what it has to load comes after that. Fails with the reason why it cannot.
    internal Task Listening => _listening.Task;

    /// Completes when the data are loaded and every command is served, or fails with the reason why that cannot be.
    internal Task Started => _started.Task;

    /// <summary>The TCP port that is listened on; 0 without TCP.</summary>
    public int Port => _listeners.Port;

    /// <summary>Completes with the exit code when the server has stopped, by <see cref="StopAsync"/> or by itself (SHUTDOWN).</summary>
    public Task<int> Completion => _stopped.Task;

    internal StallDetector? Stalls { get; private set; }

    internal ExecutorLoop Loop => _loop;

    /// <summary>Opens a connection without a socket: requests go to Output, replies come from Input. Completing Output closes it.</summary>
    public IDuplexPipe Connect()
    {
        var connection = new InProcessConnection(_loop);
        var posted = _loop.Mailbox.Post(() =>
        {
            _loop.Add(connection);
            if (!connection.IsEnded) connection.OnReadable();
        });
        ObjectDisposedException.ThrowIf(!posted, this);
        return connection.ClientEnd;
    }

    /// <summary>Stops after the current iteration: saves when save points are set, what has been replied is sent, connections are closed. Returns when that is done.</summary>
    public Task StopAsync()
    {
        if (!_stopped.Task.IsCompleted)
        {
            _loop.Mailbox.Post(() =>
            {
                _loop.Engine.Durability.PrepareShutdown(save: false, noSave: false, force: true);
                _loop.Stop();
            });
        }
        return _stopped.Task;
    }

    /// SHUTDOWN from outside: a signal. It may still be taken back, or refused because saving fails; the server then goes on.
    internal void RequestShutdown(ShutdownOptions options) => _loop.Engine.Shutdown.Request(options);

    /// A signal has asked, and the end is being prepared or soon will be. Any thread.
    internal bool IsShutdownRequested => _loop.Engine.Shutdown.IsRequested;

    /// Any thread; the process is about to end in the middle of a save.
    internal void DeleteTemporaryFile() => _loop.Engine.Durability.Saver.DeleteTemporaryFile();

    /// <summary>Stops the server.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// Runs something on the loop thread and waits for it; for tests and tools that look at the engine.
    internal async Task<T> OnLoop<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Mailbox.Post(() =>
        {
            try
            {
                result.SetResult(work());
            }
            catch (Exception problem)
            {
                result.SetException(problem);
            }
        });
        await Task.WhenAny(result.Task, _stopped.Task).ConfigureAwait(false);
        ObjectDisposedException.ThrowIf(!result.Task.IsCompleted, this);
        return await result.Task.ConfigureAwait(false);
    }

    // ---- the loop thread ----

    private void Run()
    {
        try
        {
            SetUp();
        }
        catch (Exception problem)
        {
            _listeners?.CloseAll();
            _loop?.Dispose();
            _pages?.Dispose();
            _listening.SetException(problem);
            _ = _listening.Task.Exception;                           // whoever waits for Started only does not look at it
            _started.SetException(problem);
            _stopped.SetResult(1);
            return;
        }

        _listening.SetResult();
        try
        {
            _loop.Engine.Durability.Loader.Finished = Announce;
            _loop.Engine.Start();
            _loop.OnStopping = _listeners.CloseAll;
            _loop.Run();
        }
        catch (Exception bug)
        {
            // Our own bug outside of any command: state may be half changed, so nothing more is served.
            _loop.Engine.Log.Write(LogLevel.Warning, $"Bug in the loop, stopping: {bug}");
            _exitCode = 1;
        }
        _listeners.CloseAll();
        _loop.Dispose();
        _background.Dispose();
        _pages?.Dispose();
        _loop.Engine.Heap.Dispose();
        _started.TrySetException(new IOException("The server was stopped before it had started."));
        _stopped.SetResult(_exitCode);
    }

    /// The data are loaded: until now clients were told to wait.
    private void Announce(string? problem)
    {
        if (problem is null) _started.TrySetResult();
        else _started.TrySetException(new IOException(problem));
    }

    private void SetUp()
    {
        if (_options.Port is { } port) _config.Port = Math.Max(port, 0);
        if (!HasCollation(_config.LocaleCollate)) throw new IOException(NoCollation);
        var log = new EngineLog(_options.Logger, _config);
        var transport = CreateTransport();
        try
        {
            _listeners = new ListenerSet(transport, _config, log);
            // Without a seed of ours it takes 256 bits from the system, and loads no OpenSSL for that.
            var random = _options.Seed is { } seed ? new Random(seed) : new Random();
            var facts = new ProcessFacts(_config, () => _listeners.Port, Exit);
            var environment = new EngineEnvironment(_options.TimeProvider, random, new DiskStorage(), log, facts)
            {
                Background = _background,
                Peers = new SocketPeers(),
                FillSecret = _options.Seed is null ? static bytes => RandomNumberGenerator.Fill(bytes) : random.NextBytes,
            };
            var engine = new RedisEngine(environment, _config);
            Stalls = _options.StallThreshold is { } threshold ? new StallDetector(threshold) : null;
            _loop = new ExecutorLoop(engine, transport, Stalls);
            _background.Loop = _loop;
            if (OperatingSystem.IsLinux()) _pages = new PageToucher(engine.Heap.Arena);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
        FitClientsToFileLimit(log);
        _listeners.Open(_options.Port == RedisLiteOptions.AnyFreePort);
        _config.OnChange(() => HasCollation(_config.LocaleCollate) ? null : "Invalid locale name", "locale-collate");
        _config.OnChange(() => _listeners.TryApplyTcp() ? null : "Failed to bind to specified addresses.", "bind");
        _config.OnChange(() => _listeners.TryApplyTcp() ? null : "Unable to listen on this port. Check server logs.", "port");
    }

    internal const string NoCollation = "Failed to configure LOCALE for invalid locale name.";

    /// locale-collate: texts are compared byte by byte in every locale, but one that is not installed is a mistake. The one of the environment is not asked about.
    internal static bool HasCollation(string name) =>
        name.Length == 0 || !OperatingSystem.IsLinux() || LinuxCalls.HasCollation(ConfigText.Encode(name + '\0'));

    private Transport CreateTransport()
    {
        var epoll = _options.Transport switch
        {
            RedisLiteTransport.Epoll => true,
            RedisLiteTransport.Sockets => false,
            _ => _config.Transport == TransportKind.Epoll || (_config.Transport == TransportKind.Auto && OperatingSystem.IsLinux()),
        };
        if (epoll) return OperatingSystem.IsLinux() ? new EpollTransport() : throw new PlatformNotSupportedException("The epoll transport needs Linux.");
        SocketTransport.PrepareProcess();
        return new SocketTransport();
    }

    private void Exit(int code)
    {
        _exitCode = code;
        _loop.Stop();
        foreach (var client in _loop.Engine.Clients.All) client.Set(ClientFlags.CloseAfterReply);       // nobody's pipeline runs on
    }

    /// The system allows only so many open files; clients get what the server itself does not need. More is refused in CONFIG SET.
    private void FitClientsToFileLimit(EngineLog log)
    {
        if (!OperatingSystem.IsLinux() || LinuxCalls.OpenFilesMax() is not { } files || !Directory.Exists("/proc/self/fd")) return;
        var filesOfTheServer = (uint)Directory.GetFiles("/proc/self/fd").Length + 32;
        if (files <= filesOfTheServer) throw new IOException($"{files} open files are too few for the server itself. Raise 'ulimit -n'.");
        var clients = (uint)Math.Min(files, uint.MaxValue) - filesOfTheServer;
        if (_config.Maxclients > clients)
        {
            log.Write(LogLevel.Warning, $"maxclients of {_config.Maxclients} needs {_config.Maxclients + filesOfTheServer} open files, the system allows {files}: "
                + $"maxclients is now {clients}. Raise 'ulimit -n' for more.");
            _config.Maxclients = clients;
        }
        _config.OnChange(
            () => _config.Maxclients <= clients ? null : $"The operating system is not able to handle the specified number of clients, try with {clients}",
            "maxclients");
    }
}

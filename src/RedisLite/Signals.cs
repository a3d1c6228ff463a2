using System.Runtime.InteropServices;
using RedisLite.Engine;
using RedisLite.Engine.Config;
using RedisLite.Server;

namespace RedisLite;

/// <summary>
/// SIGTERM and SIGINT ask for a shutdown, which saves when save points are set or shutdown-on-… says so and may be refused when saving
/// fails. A second SIGINT, while the first is being followed, does not ask. SIGHUP is ignored: a server outlives its terminal.
/// </summary>
internal sealed class Signals : IDisposable
{
    private readonly PosixSignalRegistration[] registrations;
    private readonly RedisLiteServer server;
    private readonly ServerConfig config;
    private readonly Action<LogLevel, string> log;

    public Signals(ServerConfig config, Action<LogLevel, string> log, RedisLiteServer server)
    {
        this.server = server;
        this.config = config;
        this.log = log;
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Terminate),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true),
        ];
    }

    private void Terminate(PosixSignalContext context)
    {
        context.Cancel = true;
        log(LogLevel.Warning, "Received SIGTERM scheduling shutdown...");
        server.RequestShutdown(config.ShutdownOnSigterm);
    }

    private void Interrupt(PosixSignalContext context)
    {
        context.Cancel = true;
        if (server.IsShutdownRequested)
        {
            log(LogLevel.Warning, "You insist... exiting now.");
            server.DeleteTemporaryFile();
            Environment.Exit(1);
        }
        log(LogLevel.Warning, "Received SIGINT scheduling shutdown...");
        server.RequestShutdown(config.ShutdownOnSigint);
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
    }
}

using System.Runtime.InteropServices;
using RedisLite.Engine;
using RedisLite.Engine.Config;

namespace RedisLite;

/// <summary>
/// SIGTERM and SIGINT ask for a shutdown, which saves when save points are set or shutdown-on-… says so and may be refused when saving
/// fails. A second SIGINT, while the first is being followed, does not ask. SIGHUP is ignored: a server outlives its terminal.
/// </summary>
internal sealed class Signals : IDisposable
{
    private readonly PosixSignalRegistration[] registrations;
    private readonly Func<ShutdownOptions, Task<bool>> shutDown;
    private readonly ServerConfig config;
    private readonly Action<LogLevel, string> log;
    private int interrupts;

    public Signals(ServerConfig config, Action<LogLevel, string> log, Func<ShutdownOptions, Task<bool>> shutDown)
    {
        this.shutDown = shutDown;
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
        shutDown(config.ShutdownOnSigterm);
    }

    private void Interrupt(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref interrupts) > 1)
        {
            log(LogLevel.Warning, "You insist... exiting now.");
            Environment.Exit(1);
        }
        log(LogLevel.Warning, "Received SIGINT scheduling shutdown...");
        shutDown(config.ShutdownOnSigint).ContinueWith(asked => interrupts = asked.Result ? 1 : 0, TaskContinuationOptions.OnlyOnRanToCompletion);
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
    }
}

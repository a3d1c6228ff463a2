using Microsoft.Extensions.Logging;
using Serilog.Core;
using Serilog.Events;
using EngineLevel = RedisLite.Engine.LogLevel;
using HostLevel = Microsoft.Extensions.Logging.LogLevel;

namespace RedisLite;

/// <summary>Serilog's last station: Redis's log lines.</summary>
internal sealed class LogOutputSink(LogOutput output) : ILogEventSink
{
    public void Emit(LogEvent logEvent)
    {
        var message = logEvent.Properties.TryGetValue("Message", out var text) && text is ScalarValue { Value: string plain } ? plain : logEvent.RenderMessage();
        if (logEvent.Exception != null) message += ": " + logEvent.Exception;
        output.Write(LevelOf(logEvent.Level), logEvent.Timestamp.LocalDateTime, message);
    }

    private static EngineLevel LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => EngineLevel.Debug,
        LogEventLevel.Debug => EngineLevel.Verbose,
        LogEventLevel.Information => EngineLevel.Notice,
        _ => EngineLevel.Warning,
    };
}

/// <summary>
/// The server's logger from its first moment. It starts before Serilog and the host exist, because building those takes longer than
/// starting the server does; its lines go straight to the output until <see cref="HandOver"/>.
/// </summary>
internal sealed class StartupLogger(LogOutput output) : ILogger
{
    private volatile ILogger? successor;

    public void HandOver(ILogger logger) => successor = logger;

    public void Say(EngineLevel level, string message)
    {
        if (successor == null) output.Write(level, message);
        else successor.Log(HostLevelOf(level), "{Message}", message);
    }

    private static HostLevel HostLevelOf(EngineLevel level) => level switch
    {
        EngineLevel.Debug => HostLevel.Trace,
        EngineLevel.Verbose => HostLevel.Debug,
        EngineLevel.Notice => HostLevel.Information,
        _ => HostLevel.Warning,
    };

    public bool IsEnabled(HostLevel logLevel) => successor?.IsEnabled(logLevel) ?? logLevel != HostLevel.None;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => successor?.BeginScope(state);

    public void Log<TState>(HostLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (successor is { } logger)
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
            return;
        }
        var message = formatter(state, exception);
        output.Write(LevelOf(logLevel), exception == null ? message : $"{message}: {exception}");
    }

    private static EngineLevel LevelOf(HostLevel level) => level switch
    {
        HostLevel.Trace => EngineLevel.Debug,
        HostLevel.Debug => EngineLevel.Verbose,
        HostLevel.Information => EngineLevel.Notice,
        _ => EngineLevel.Warning,
    };
}

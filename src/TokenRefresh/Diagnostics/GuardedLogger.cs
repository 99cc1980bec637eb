using Microsoft.Extensions.Logging;

namespace TokenRefresh.Diagnostics;

/// <summary>
/// Wraps the app's logger and catches its exceptions. A log provider may fail, or be disposed before the sessions are. A failed log line
/// must not lose a token, an event or a response.
/// </summary>
internal sealed class GuardedLogger(ILoggerFactory loggers) : ILogger
{
    private const string Category = "TokenRefresh.TokenSession";

    private readonly ILogger _inner = loggers.CreateLogger(Category);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return _inner.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            _inner.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // The failure can't be reported anywhere else.
        }
    }
}

using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;

namespace TokenRefresh.ProcessTests;

/// <summary>Counts how often a session begins to wait for another process.</summary>
internal sealed class WaitLog : ILoggerFactory, ILogger
{
    public Gate Waits { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name == "WaitingForOtherProcess")
        {
            _ = Waits.PassAsync();
        }
    }

    public void Dispose()
    {
    }
}

using Microsoft.Extensions.Logging;

namespace TokenRefresh.Tests.Support;

/// <summary>A log that blocks its caller at the first message of one name, as a slow sink does.</summary>
internal sealed class PausingLoggerProvider(string eventName) : ILoggerProvider, ILogger
{
    private int _messages;

    public Gate Reached { get; } = new();

    public ManualResetEventSlim Continue { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name == eventName && Interlocked.Increment(ref _messages) == 1)
        {
            _ = Reached.PassAsync(CancellationToken.None);
            Continue.Wait(Gate.FailSafe, CancellationToken.None);
        }
    }

    public void Dispose() => Continue.Dispose();
}

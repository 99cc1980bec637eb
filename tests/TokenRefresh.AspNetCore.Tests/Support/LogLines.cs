using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>Everything that a node logs at Trace, with exceptions.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<(string Category, string Text)> _lines = new();

    public IEnumerable<string> All => _lines.Select(line => line.Text);

    /// <summary>The lines of this library.</summary>
    public IEnumerable<string> Own => _lines.Where(line => line.Category.StartsWith("TokenRefresh", StringComparison.Ordinal)).Select(line => line.Text);

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Lines(LogLines owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner._lines.Enqueue((category, $"{logLevel} {formatter(state, exception)} {exception}"));
    }
}

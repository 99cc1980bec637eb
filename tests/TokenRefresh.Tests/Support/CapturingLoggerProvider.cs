using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.Tests.Support;

/// <summary>Keeps everything that is logged, down to Trace: the text, every value of the structured state, scopes and exceptions.</summary>
internal sealed class CapturingLoggerProvider : ILoggerProvider
{
    private readonly ConcurrentQueue<Message> _messages = new();

    public IReadOnlyList<Message> Messages => [.. _messages];

    public void Add(IServiceCollection services) => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(this));

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    public sealed record Message(string Category, string? EventName, LogLevel Level, string Text);

    private sealed class Logger(CapturingLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Keep(default, LogLevel.Trace, Write(state));
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Keep(eventId, logLevel, formatter(state, exception) + "\n" + Write(state) + "\n" + exception);

        private void Keep(EventId eventId, LogLevel level, string text) => owner._messages.Enqueue(new Message(category, eventId.Name, level, text));

        private static string Write(object? state) => state is IEnumerable<KeyValuePair<string, object?>> values
            ? string.Join("\n", values.Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Key}={value.Value}")))
            : state?.ToString() ?? "";
    }
}

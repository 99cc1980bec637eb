using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.TestKit;

/// <summary>
/// Stands around a whole suite (C42): whatever any test has the library log at Trace, throw, or say in the tags of metrics and activities,
/// is searched for tokens, those that the test kit numbers and those that real servers sign. A leak anywhere fails the run.
/// </summary>
public sealed partial class Canary : IDisposable
{
    private readonly ConcurrentQueue<string> _leaks = new();
    private TelemetryEars _telemetry;
    private int _watched;
    private int _heard;

    /// <summary>Begins to listen. One for each suite, as an assembly fixture.</summary>
    public Canary()
    {
        _telemetry = new TelemetryEars(Search);
        Current = this;
        AppDomain.CurrentDomain.FirstChanceException += Hear;
    }

    private static Canary? Current { get; set; }

    /// <summary>Listens to an app that is being put together.</summary>
    public static void Watch(IServiceCollection services)
    {
        if (Current is { } canary)
        {
            Interlocked.Increment(ref canary._watched);
            services.AddLogging(logging => logging
                .AddFilter(static (category, _) => category?.StartsWith("TokenRefresh", StringComparison.Ordinal) ?? false)
                .AddProvider(new Ears(canary)));
        }
    }

    /// <summary>Doesn't listen to metrics and activities until it is disposed: for tests of the library's cost without listeners.</summary>
    public static IDisposable? CoverEars()
    {
        Current?._telemetry.Dispose();
        return Current is null ? null : new Covered(Current);
    }

    /// <exception cref="InvalidOperationException">A token was found, or nothing was recorded at all: then the check would never fail.</exception>
    public void Dispose()
    {
        AppDomain.CurrentDomain.FirstChanceException -= Hear;
        _telemetry.Dispose();
        Current = null;
        // A handful of tests, run by themselves, may have nothing to say.
        var isDeaf = Volatile.Read(ref _heard) == 0 && Volatile.Read(ref _watched) > 20;
        if (isDeaf || !_leaks.IsEmpty)
        {
            throw new InvalidOperationException("Leaked: " + string.Join(Environment.NewLine, _leaks.Distinct().DefaultIfEmpty("nothing, but nothing was heard either")));
        }
    }

    private void Hear(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (e.Exception is TokenRefreshException exception)
        {
            // The message and its causes; the stack may name a test's own code.
            for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
            {
                Hear($"{cause.GetType().Name}: {cause.Message} {string.Join(' ', cause.Data.Values.Cast<object?>())}");
            }

            Hear($"Error: {exception.Error}");
        }
    }

    private void Hear(string text)
    {
        Interlocked.Increment(ref _heard);
        Search(text);
    }

    private void Search(string text)
    {
        if (Token().IsMatch(text))
        {
            _leaks.Enqueue(text);
        }
    }

    [GeneratedRegex("(access|refresh)-[0-9]+|eyJ[A-Za-z0-9_-]{8}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Token();

    private sealed class Covered(Canary canary) : IDisposable
    {
        public void Dispose() => canary._telemetry = new TelemetryEars(canary.Search);
    }

    private sealed class Ears(Canary canary) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Ear(canary);

        public void Dispose()
        {
        }
    }

    private sealed class Ear(Canary canary) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            canary.Hear(formatter(state, exception) + exception);
            foreach (var value in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
            {
                canary.Hear($"{value.Key}={value.Value}");
            }
        }
    }
}

using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

[assembly: AssemblyFixture(typeof(SuiteCanary))]

namespace TokenRefresh.Tests.Support;

/// <summary>
/// Stands around the whole suite (C42): whatever any test has the library log at Trace, or throw, is searched for the numbered tokens of
/// the test kit. A leak anywhere fails the run.
/// </summary>
public sealed partial class SuiteCanary : IDisposable, ILoggerProvider
{
    private readonly ConcurrentQueue<string> _leaks = new();
    private int _heard;

    public SuiteCanary()
    {
        TestApp.EveryApp = services => services.AddLogging(logging => logging
            .AddFilter(static (category, _) => category?.StartsWith("TokenRefresh", StringComparison.Ordinal) ?? false)
            .AddProvider(this));
        AppDomain.CurrentDomain.FirstChanceException += Hear;
    }

    public ILogger CreateLogger(string categoryName) => new Ear(this);

    public void Dispose()
    {
        AppDomain.CurrentDomain.FirstChanceException -= Hear;
        TestApp.EveryApp = null;
        Assert.Empty(_leaks.Distinct());

        // A canary that hears nothing would never fall silent either.
        Assert.NotEqual(0, _heard);
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
        _heard++;
        if (Token().IsMatch(text))
        {
            _leaks.Enqueue(text);
        }
    }

    [GeneratedRegex("(access|refresh)-[0-9]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();

    private sealed class Ear(SuiteCanary canary) : ILogger
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

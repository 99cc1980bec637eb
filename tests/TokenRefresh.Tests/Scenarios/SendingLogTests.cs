using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A log provider that sends each line to the API, through the client that is refreshed, and waits for the answer.</summary>
public sealed class SendingLogTests
{
    [Theory]
    [Trait("Case", "C14")]
    [InlineData("RefreshStarted")]
    [InlineData("Refreshed")]
    public async Task A_log_provider_that_sends_through_the_client_delays_no_refresh(string eventName)
    {
        var log = new SendingLog(eventName);
        await using var app = TestApp.Create(services: log.Add);
        log.Client = app.Client;
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await Bounded(app.GetAsync(), log);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, log.Lines);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Theory]
    [Trait("Case", "C14")]
    [InlineData("RefreshStarted")]
    [InlineData("ReLoginRequired")]
    public async Task A_log_provider_that_sends_through_the_client_delays_no_end_of_a_login(string eventName)
    {
        var log = new SendingLog(eventName);
        await using var app = TestApp.Create(services: log.Add);
        log.Client = app.Client;
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var response = await Bounded(app.GetAsync(), log);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(1, log.Lines);
        Assert.Single(app.ReLogins);
    }

    // A request that hangs would hang the disposal of the app, too.
    private static async Task<HttpResponseMessage> Bounded(Task<HttpResponseMessage> request, SendingLog log)
    {
        try
        {
            return await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        }
        finally
        {
            await log.Sending.CancelAsync();
        }
    }

    private sealed class SendingLog(string eventName) : ILoggerProvider, ILogger
    {
        private int _lines;

        public HttpClient? Client { get; set; }

        public int Lines => Volatile.Read(ref _lines);

        public CancellationTokenSource Sending { get; } = new();

        public void Add(IServiceCollection services) => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(this));

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name != eventName || Interlocked.Increment(ref _lines) > 1)
            {
                return;
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("logs", UriKind.Relative)) { Content = new StringContent("line") };
            using var response = Client!.SendAsync(request, Sending.Token).GetAwaiter().GetResult();
        }

        public void Dispose() => Sending.Dispose();
    }
}

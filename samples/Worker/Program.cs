// A worker that calls an API in its own name, with the client-credentials grant.

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenRefresh;
using TokenRefresh.Samples.Servers;

// This server replaces your login server and your API. Its tokens live for 2 s, so that they expire while the worker runs.
await using var server = await OAuthServer.StartAsync();

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddHttpClient<ReportClient>(client => client.BaseAddress = server.Api)
    .AddTokenRefreshHandler("reports");
builder.Services.AddTokenSession("reports", options =>
{
    options.GrantType = TokenGrantType.ClientCredentials;
    options.TokenEndpoint = server.TokenEndpoint;
    options.ClientId = OAuthServer.ClientId;
    options.ClientSecret = OAuthServer.ClientSecret;
});
builder.Services.AddHostedService<Reporter>();

using var host = builder.Build();
var tokens = 0;
host.Services.GetRequiredService<TokenSessions>()["reports"].TokensRefreshed += (_, _) => Interlocked.Increment(ref tokens);
await host.RunAsync();

// The reports take 4 s, and a token lives for 2 s. No user signed in, and no report was lost.
Console.WriteLine($"{server.Counters.Api200} reports, {tokens} tokens");
return server.Counters.Api200 == 40 && tokens >= 2 ? 0 : 1;

internal sealed class ReportClient(HttpClient client)
{
    public Task<string> ReadAsync(CancellationToken cancellationToken) => client.GetStringAsync(new Uri("api/me", UriKind.Relative), cancellationToken);
}

internal sealed partial class Reporter(IServiceProvider services, IHostApplicationLifetime lifetime, ILogger<Reporter> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var i = 0; i < 40; i++)
        {
            var report = await services.GetRequiredService<ReportClient>().ReadAsync(stoppingToken);
            LogReport(logger, report);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, stoppingToken);
        }

        lifetime.StopApplication();
    }

    [LoggerMessage(1, LogLevel.Information, "Report: {Report}")]
    private static partial void LogReport(ILogger logger, string report);
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ServerTests;

/// <summary>An app against a real server, with real time and real sockets.</summary>
internal sealed class RealApp : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private int _reLogins;

    public RealApp(RealServer server)
    {
        Server = server;
        var services = new ServiceCollection();
        services.AddHttpClient("api", client => { client.BaseAddress = server.Api; client.Timeout = TimeSpan.FromSeconds(20); })
            .AddTokenRefreshHandler(options =>
            {
                server.Configure(options);

                // The servers' tokens live two seconds: ten seconds without a refresh would be longer than a life.
                options.MinRefreshInterval = TimeSpan.Zero;
            });
        Canary.Watch(services);
        _services = services.BuildServiceProvider();
        Session = _services.GetRequiredService<TokenSessions>()["api"];
        Session.ReLoginRequired += (_, _) => Interlocked.Increment(ref _reLogins);
    }

    public RealServer Server { get; }

    public TokenSession Session { get; }

    public int ReLogins => Volatile.Read(ref _reLogins);

    public async Task SignInAsync() => await Session.SignInAsync(await Server.SignInAsync());

    /// <summary>Signs in with an access token that the API rejects. The session doesn't know that.</summary>
    public async Task SignInExpiredAsync()
    {
        await Session.SignInAsync(await Server.SignInExpiredAsync());
        await Server.ResetAsync();
    }

    public async Task<HttpStatusCode> GetAsync()
    {
        using var response = await _services.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync(new Uri("api/me", UriKind.Relative));
        return response.StatusCode;
    }

    public Task<HttpStatusCode[]> GetManyAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(GetAsync)));

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

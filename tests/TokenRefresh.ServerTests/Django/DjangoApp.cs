using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ServerTests.Django;

/// <summary>An app with the options that its docs ask for, in front of a Django server. Its clock moves only when a test moves it.</summary>
internal sealed class DjangoApp : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public DjangoApp(
        SimpleJwtServer server, Action<TokenRefreshOptions>? configure = null, Action<TokenSessionBuilder>? session = null, FakeTimeProvider? time = null)
    {
        Server = server;
        Time = time ?? new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddHttpClient("api", client => { client.BaseAddress = server.Address; client.Timeout = TimeSpan.FromSeconds(20); })
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = server.TokenEndpoint;
                options.Protocol = TokenEndpointProtocol.SimpleJwt;
                configure?.Invoke(options);
            });
        session?.Invoke(services.AddTokenSession("api"));
        Canary.Watch(services);
        _services = services.BuildServiceProvider();
        Session = _services.GetRequiredService<TokenSessions>()["api"];
        Session.ReLoginRequired += (_, e) => ReLogins.Enqueue(e);
    }

    public SimpleJwtServer Server { get; }

    public FakeTimeProvider Time { get; }

    public TokenSession Session { get; }

    public ConcurrentQueue<ReLoginRequiredEventArgs> ReLogins { get; } = new();

    public HttpClient Client => _services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

    public async Task SignInAsync(string user, string password = "secret")
    {
        var tokens = await Server.SignInAsync(user, password);
        await Session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
    }

    /// <summary>Signs in with an access token that the API refuses.</summary>
    public async Task SignInExpiredAsync(string user)
    {
        var tokens = await Server.SignInExpiredAsync(user);
        await Session.SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
    }

    public async Task<HttpStatusCode> GetAsync(string path = "api/me")
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return response.StatusCode;
    }

    public Task<HttpStatusCode[]> GetManyAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(() => GetAsync())));

    /// <summary>Sends a request that is expected to fail, and says how.</summary>
    public async Task<TokenRefreshException> FailAsync()
    {
        try
        {
            var status = await GetAsync();
            throw new InvalidOperationException($"The request was answered {(int)status}.");
        }
        catch (TokenRefreshException e)
        {
            return e;
        }
    }

    /// <summary>
    /// Moves the clock while work is under way: for a flight that pauses between its attempts. What the server takes is real time.
    /// </summary>
    public async Task<T> MoveTimeWhileAsync<T>(Task<T> work)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System)) != work
            && TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe)
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
        }

        return await work.WaitAsync(TimeSpan.FromSeconds(1), TimeProvider.System);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

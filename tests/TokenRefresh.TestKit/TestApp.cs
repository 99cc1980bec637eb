using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.TestKit;

/// <summary>An app as its users write it: a named client "orders" with the handler, an API and a token server in memory, and a clock that stands still.</summary>
public sealed class TestApp : IAsyncDisposable
{
    public const string Name = "orders";

    private TestApp(FakeTimeProvider time, FakeTokenServer tokens, FakeApi api, ServiceProvider services)
    {
        Time = time;
        Tokens = tokens;
        Api = api;
        Services = services;
        Sessions = services.GetRequiredService<TokenSessions>();
    }

    /// <summary>How long disposal may take before the clock is moved on.</summary>
    public static TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    public FakeTimeProvider Time { get; }

    public FakeTokenServer Tokens { get; }

    public FakeApi Api { get; }

    public ServiceProvider Services { get; }

    public TokenSessions Sessions { get; }

    /// <summary>The session without a user. An app with a UserKey has none.</summary>
    public TokenSession Session => Sessions[Name];

    public ConcurrentQueue<ReLoginRequiredEventArgs> ReLogins { get; } = new();

    public ConcurrentQueue<TokensRefreshedEventArgs> Refreshes { get; } = new();

    private bool HasUsers => Services.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(Name).UserKey is not null;

    /// <summary>A client as the factory gives it: a new one each time, on the same handlers.</summary>
    public HttpClient Client => Services.GetRequiredService<IHttpClientFactory>().CreateClient(Name);

    public static TestApp Create(
        Action<TokenRefreshOptions>? configure = null,
        Action<IServiceCollection>? services = null,
        TokenServerMode mode = TokenServerMode.ReuseIsRejected)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var tokens = new FakeTokenServer(time, mode);
        var api = new FakeApi(tokens);
        var collection = new ServiceCollection();
        collection.AddSingleton<TimeProvider>(time);
        collection.AddSingleton(api);
        collection.AddHttpClient(Name, client => client.BaseAddress = new Uri("https://api.example.com/"))
            .ConfigurePrimaryHttpMessageHandler(() => api)
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/token");
                options.ClientId = "shop";
                options.Protocol = mode == TokenServerMode.SimpleJwt ? TokenEndpointProtocol.SimpleJwt : TokenEndpointProtocol.OAuth;
                configure?.Invoke(options);
            });
        collection.AddTokenSession(Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => tokens);
        Canary.Watch(collection);
        services?.Invoke(collection);

        var app = new TestApp(time, tokens, api, collection.BuildServiceProvider());
        if (!app.HasUsers)
        {
            app.Session.ReLoginRequired += (_, e) => app.ReLogins.Enqueue(e);
            app.Session.TokensRefreshed += (_, e) => app.Refreshes.Enqueue(e);
        }

        return app;
    }

    /// <summary>The same app with its tokens in this store.</summary>
    public static TestApp Over(ITokenStore store, Action<TokenRefreshOptions>? configure = null, Action<IServiceCollection>? services = null) => Create(
        configure,
        collection =>
        {
            collection.AddTokenSession(Name).UseStore(store).AllowUnencryptedStore();
            services?.Invoke(collection);
        });

    /// <summary>Signs in with the first tokens of a new family. An app with users only issues them: each user signs in separately.</summary>
    public async Task<TokenSet> SignInAsync()
    {
        var tokens = Tokens.Issue();
        if (!HasUsers)
        {
            await Session.SignInAsync(tokens);
        }

        return tokens;
    }

    public Task<HttpResponseMessage> GetAsync(CancellationToken cancellationToken = default) =>
        Client.GetAsync(new Uri("me", UriKind.Relative), cancellationToken);

    /// <summary>Sends requests that all reach the API with the token of now, and are all refused at once when the returned gate opens.</summary>
    public async Task<Task<HttpResponseMessage>[]> SendAtOnceAsync(int count, CancellationToken cancellationToken = default)
    {
        var gate = Api.Hold();
        var requests = Enumerable.Range(0, count).Select(_ => Task.Run(() => GetAsync(cancellationToken))).ToArray();
        await gate.ArrivedAsync(count);
        return requests;
    }

    public static async Task<IReadOnlyList<HttpStatusCode>> StatusesOf(IEnumerable<Task<HttpResponseMessage>> requests)
    {
        var responses = await Task.WhenAll(requests).WaitAsync(Gate.FailSafe, TimeProvider.System);
        return [.. responses.Select(response => response.StatusCode)];
    }

    public async ValueTask DisposeAsync()
    {
        // Disposal waits for a flight under way: a test that failed early must not hang on top of it.
        Tokens.Release();
        Api.Release();
        var disposal = Services.DisposeAsync().AsTask();
        if (await Task.WhenAny(disposal, Task.Delay(Patience, TimeProvider.System)) != disposal)
        {
            // Its deadline runs by a clock that stands still.
            Time.Advance(TimeSpan.FromMinutes(11));
        }

        await disposal;
        Tokens.Dispose();
        Api.Dispose();
    }
}

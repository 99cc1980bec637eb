using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace TokenRefresh.TestKit;

/// <summary>Several processes that share one login: each a container of its own with a store of its own, before one API and one token server.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private TestCluster(FakeTimeProvider time, TokenServerMode mode)
    {
        Time = time;
        Tokens = new FakeTokenServer(time, mode);
        Api = new FakeApi(Tokens);
    }

    public FakeTimeProvider Time { get; }

    public FakeTokenServer Tokens { get; }

    public FakeApi Api { get; }

    public IReadOnlyList<TestNode> Nodes { get; private set; } = [];

    public TestNode this[int number] => Nodes[number];

    /// <summary>Starts the processes.</summary>
    /// <param name="count">How many.</param>
    /// <param name="open">Opens the store as the process of this number has it.</param>
    /// <param name="configure">Sets further options.</param>
    /// <param name="mode">What the token server does with a used refresh token.</param>
    public static TestCluster Start(
        int count, Func<int, ITokenStore> open, Action<TokenRefreshOptions>? configure = null, TokenServerMode mode = TokenServerMode.ReuseRevokesFamily)
    {
        var cluster = new TestCluster(new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)), mode);
        cluster.Nodes = [.. Enumerable.Range(0, count).Select(number => cluster.StartNode(open(number), configure))];
        return cluster;
    }

    /// <summary>Signs in at the first process, and has all of them load that login.</summary>
    public async Task<TokenSet> SignInAsync()
    {
        var tokens = Tokens.Issue();
        await Nodes[0].Session.SignInAsync(tokens);
        foreach (var node in Nodes)
        {
            await node.Session.GetAccessTokenAsync();
        }

        return tokens;
    }

    /// <summary>Has every process send a request with the token of now, and all of them refused at once.</summary>
    public async Task<IReadOnlyList<HttpResponseMessage>> SendRefusedFromAllAsync()
    {
        var gate = Api.Hold();
        var requests = Nodes.Select(node => Task.Run(() => node.GetAsync())).ToArray();
        await gate.ArrivedAsync(Nodes.Count);
        Tokens.ExpireAccessTokens();
        Api.Release();
        return await Task.WhenAll(requests).WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.Services.DisposeAsync();
        }

        Tokens.Dispose();
        Api.Dispose();
    }

    private TestNode StartNode(ITokenStore store, Action<TokenRefreshOptions>? configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        Canary.Watch(services);
        services.AddHttpClient(TestApp.Name, client => client.BaseAddress = new Uri("https://api.example.com/"))
            .ConfigurePrimaryHttpMessageHandler(() => Api)
            .AddTokenRefreshHandler(options =>
            {
                options.TokenEndpoint = new Uri("https://login.example.com/token");
                options.ClientId = "shop";
                configure?.Invoke(options);
            });
        var session = services.AddTokenSession(TestApp.Name).UseStore(store).AllowUnencryptedStore();
        session.TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => Tokens);
        return new TestNode(services.BuildServiceProvider(), store);
    }
}

/// <summary>One process of a <see cref="TestCluster"/>.</summary>
public sealed class TestNode
{
    internal TestNode(ServiceProvider services, ITokenStore store)
    {
        Services = services;
        Store = store;
        Session = services.GetRequiredService<TokenSessions>()[TestApp.Name];
        Session.ReLoginRequired += (_, e) => ReLogins.Enqueue(e);
        Session.TokensRefreshed += (_, e) => Refreshes.Enqueue(e);
    }

    public ServiceProvider Services { get; }

    public ITokenStore Store { get; }

    public TokenSession Session { get; }

    public ConcurrentQueue<ReLoginRequiredEventArgs> ReLogins { get; } = new();

    public ConcurrentQueue<TokensRefreshedEventArgs> Refreshes { get; } = new();

    public Task<HttpResponseMessage> GetAsync(CancellationToken cancellationToken = default) =>
        Services.GetRequiredService<IHttpClientFactory>().CreateClient(TestApp.Name).GetAsync(new Uri("me", UriKind.Relative), cancellationToken);
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>The client of token requests takes the primary handler of all clients, and nothing else of theirs.</summary>
public sealed class TokenEndpointClientTests
{
    private readonly FakeTokenServer _tokens = new();
    private readonly List<string> _passed = [];
    private HttpRequestMessage? _received;

    [Fact]
    public async Task A_client_that_is_disposed_still_serves_the_last_request()
    {
        await using var provider = Build(_ => { }, isFirst: true);
        var client = new BackchannelClient(provider, "orders", new TokenRefreshOptions());
        var before = client.Get();

        client.Dispose();

        Assert.Same(before, client.Get());
        Assert.Same(before, client.Get());
    }

    [Fact]
    public void Without_a_session_there_is_nothing_to_wait_for() =>
        Assert.True(new DrainOnDispose().DisposeAsync().AsTask().IsCompletedSuccessfully);

    [Theory]
    [Trait("Case", "B94")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_primary_handler_for_all_clients_carries_token_requests_too(bool isFirst)
    {
        await using var provider = Build(services => services.ConfigureHttpClientDefaults(clients => clients.ConfigurePrimaryHttpMessageHandler(() => _tokens)), isFirst);

        await RefreshAsync(provider);

        Assert.Equal(1, _tokens.Calls);
    }

    [Theory]
    [Trait("Case", "B94")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_primary_handler_of_its_own_comes_first(bool isFirst)
    {
        using var other = new FakeTokenServer();
        await using var provider = Build(
            services => services.ConfigureHttpClientDefaults(clients => clients.ConfigurePrimaryHttpMessageHandler(() => other)),
            isFirst,
            client => client.ConfigurePrimaryHttpMessageHandler(() => _tokens));

        await RefreshAsync(provider);

        Assert.Equal((1, 0), (_tokens.Calls, other.Calls));
    }

    [Theory]
    [Trait("Case", "A7")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_else_that_is_configured_for_all_clients_reaches_a_token_request(bool isFirst)
    {
        await using var provider = Build(
            services =>
            {
                services.ConfigureHttpClientDefaults(clients => clients
                    .ConfigureHttpClient(client => client.DefaultRequestHeaders.Add("X-Api-Key", "kanarie"))
                    .ConfigureHttpClient(client => client.DefaultRequestHeaders.Add("Authorization", "kanarie"))
                    .AddHttpMessageHandler(() => new Passing("defaults", _passed))
                    .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Insert(0, new Passing("additional", _passed)))
                    .ConfigurePrimaryHttpMessageHandler(() => _tokens));
                services.ConfigureAll<HttpClientFactoryOptions>(options =>
                {
                    options.HttpClientActions.Add(client => client.DefaultRequestHeaders.Add("X-All", "kanarie"));
                    options.HttpMessageHandlerBuilderActions.Add(builder => builder.AdditionalHandlers.Add(new Passing("all", _passed)));
                });
                services.PostConfigureAll<HttpClientFactoryOptions>(options =>
                    options.HttpMessageHandlerBuilderActions.Add(builder => builder.AdditionalHandlers.Add(new Passing("post", _passed))));
                services.AddSingleton<IHttpMessageHandlerBuilderFilter>(new Filter(_passed));
            },
            isFirst);

        await RefreshAsync(provider);

        Assert.Equal(1, _tokens.Calls);
        Assert.Empty(_passed);
        Assert.Equal(["Accept"], _received!.Headers.Select(header => header.Key));
    }

    [Fact]
    [Trait("Case", "A7")]
    public async Task What_is_configured_for_it_by_name_stays()
    {
        await using var provider = Build(
            services => services.AddTransient(_ => new Passing("typed", _passed)),
            isFirst: true,
            client => client
                .ConfigureHttpClient((_, http) => http.DefaultRequestHeaders.Add("X-Tenant", "7"))
                .ConfigurePrimaryHttpMessageHandler(_ => _tokens)
                .AddHttpMessageHandler(() => new Passing("outer", _passed))
                .AddHttpMessageHandler<Passing>());

        await RefreshAsync(provider);

        Assert.Equal(["outer", "typed"], _passed);
        Assert.Equal(["7"], _received!.Headers.GetValues("X-Tenant"));
    }

    [Fact]
    public async Task A_token_request_has_the_HTTP_version_that_is_set_for_its_client()
    {
        await using var provider = Build(
            _ => { },
            isFirst: true,
            client => client
                .ConfigureHttpClient(http =>
                {
                    http.DefaultRequestVersion = HttpVersion.Version20;
                    http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrHigher;
                })
                .ConfigurePrimaryHttpMessageHandler(() => _tokens)
                .AddHttpMessageHandler(() => new Passing("outer", _passed)));

        await RefreshAsync(provider);

        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrHigher), (_received!.Version, _received.VersionPolicy));
    }

    [Fact]
    [Trait("Case", "B94")]
    public async Task A_proxy_for_all_clients_carries_token_requests_to_an_https_endpoint()
    {
        await using var proxy = new LoopbackServer(_ => LoopbackServer.Response(403, ""));
        await using var provider = Build(
            services => services.ConfigureHttpClientDefaults(clients =>
                clients.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { Proxy = new WebProxy(proxy.Url) })),
            isFirst: true,
            configure: options => options.ConfigureRefreshPipeline = _ => { });

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => RefreshAsync(provider));

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.StartsWith("CONNECT login.example.com:443 ", Assert.Single(proxy.Received), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "A6")]
    [InlineData("defaults")]
    [InlineData("own")]
    [InlineData("client handler")]
    [InlineData("by hand")]
    public async Task A_token_request_to_http_on_loopback_uses_no_proxy(string kind)
    {
        await using var proxy = new LoopbackServer(_ => LoopbackServer.Response(403, ""));
        await using var server = new LoopbackServer(_ => LoopbackServer.Response(200, """{"access_token":"new"}"""));
        var endpoint = new Uri(server.Url, "token");
        HttpMessageHandler Handler() => kind == "client handler"
            ? new HttpClientHandler { Proxy = new WebProxy(proxy.Url) }
            : new SocketsHttpHandler { Proxy = new WebProxy(proxy.Url) };

        if (kind == "by hand")
        {
            using var handler = Handler();
            await using var session = TokenSession.Create(new TokenRefreshOptions { TokenEndpoint = endpoint, ClientId = "shop" }, new TokenSessionSettings { TokenEndpointHandler = handler });
            await session.SignInAsync(new TokenSet("access", "refresh"));
            await session.RefreshAsync();
        }
        else
        {
            await using var provider = Build(
                services => services.ConfigureHttpClientDefaults(clients => _ = kind == "defaults" ? clients.ConfigurePrimaryHttpMessageHandler(Handler) : clients),
                isFirst: true,
                client => _ = kind == "defaults" ? client : client.ConfigurePrimaryHttpMessageHandler(Handler),
                options => options.TokenEndpoint = endpoint);
            await RefreshAsync(provider);
        }

        Assert.Single(server.Received);
        Assert.Empty(proxy.Received);
    }

    [Fact]
    [Trait("Case", "A26")]
    public async Task A_handler_that_is_in_use_and_follows_redirects_is_an_error_that_says_what_to_do()
    {
        using var used = await UsedAsync();
        var byHand = Assert.Throws<ArgumentException>(() => TokenSession.Create(
            new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" }, new TokenSessionSettings
            {
                TokenEndpointHandler = used,
            }));
        await using var provider = Build(_ => { }, isFirst: true, client => client.ConfigurePrimaryHttpMessageHandler(() => used));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => RefreshAsync(provider));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.All([byHand.Message, failure.Message], message => Assert.Contains("Set AllowAutoRedirect and UseCookies to false", message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "A26")]
    public async Task A_handler_that_is_in_use_and_needs_no_change_is_fine()
    {
        await using var server = new LoopbackServer(_ => LoopbackServer.Response(200, """{"access_token":"new"}"""));
        using var used = await UsedAsync(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });
        await using var provider = Build(
            _ => { }, isFirst: true, client => client.ConfigurePrimaryHttpMessageHandler(() => used), options => options.TokenEndpoint = new Uri(server.Url, "token"));

        await RefreshAsync(provider);

        Assert.Single(server.Received);
    }

    [Fact]
    [Trait("Case", "B94")]
    public void Its_handler_is_replaced_when_its_lifetime_is_over_and_the_scope_ends_when_no_request_uses_it()
    {
        var time = new FakeTimeProvider();
        var created = 0;
        var services = new ServiceCollection();
        services.AddScoped<Disposed>();
        services.AddHttpClient("token").SetHandlerLifetime(TimeSpan.FromMinutes(2)).ConfigurePrimaryHttpMessageHandler(provider =>
        {
            created++;
            provider.GetRequiredService<Disposed>().List.Add("kept");
            return new FakeTokenServer();
        });
        using var provider = services.BuildServiceProvider(validateScopes: true);
        Disposed.Count = 0;
        var client = new BackchannelClient(provider, "token", new TokenRefreshOptions(), time);

        client.Get().Dispose();
        time.Advance(TimeSpan.FromMinutes(1));
        client.Get().Dispose();
        Assert.Equal(1, created);

        time.Advance(TimeSpan.FromMinutes(1));
        client.Get().Dispose();
        Assert.Equal((2, 0), (created, Disposed.Count));

        time.Advance(TimeSpan.FromMinutes(2));
        client.Get().Dispose();
        Assert.Equal((3, 1), (created, Disposed.Count));
    }

    [Fact]
    [Trait("Case", "B94")]
    public void The_scope_of_a_handler_that_cant_be_created_ends_at_once()
    {
        var services = new ServiceCollection();
        services.AddScoped<Disposed>();
        services.AddHttpClient("token").ConfigurePrimaryHttpMessageHandler(provider =>
        {
            provider.GetRequiredService<Disposed>().List.Add("kept");
            throw new InvalidOperationException("The certificate isn't there.");
        });
        using var provider = services.BuildServiceProvider(validateScopes: true);
        Disposed.Count = 0;
        using var client = new BackchannelClient(provider, "token", new TokenRefreshOptions());

        Assert.Throws<InvalidOperationException>(() => client.Get());

        // The client tries to create the handler when it is created, too.
        Assert.Equal(2, Disposed.Count);
    }

    private static async Task<SocketsHttpHandler> UsedAsync(SocketsHttpHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        await using var server = new LoopbackServer(_ => LoopbackServer.Response(200, ""));
        using var client = new HttpClient(handler, disposeHandler: false);
        using var response = await client.GetAsync(server.Url);
        return handler;
    }

    private static async Task RefreshAsync(ServiceProvider provider)
    {
        var session = provider.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(new TokenSet("access-1", "refresh-1"));
        await session.RefreshAsync();
    }

    private ServiceProvider Build(
        Action<IServiceCollection> all, bool isFirst, Action<IHttpClientBuilder>? own = null, Action<TokenRefreshOptions>? configure = null)
    {
        _tokens.RespondAlways((request, _) =>
        {
            _received = request;
            return Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage { Content = new StringContent("""{"access_token":"access-2"}""") });
        });
        var services = new ServiceCollection();
        if (isFirst)
        {
            all(services);
        }

        var session = services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            configure?.Invoke(options);
        });
        own?.Invoke(session.TokenEndpointClient);
        if (!isFirst)
        {
            all(services);
        }

        return services.BuildServiceProvider(validateScopes: true);
    }

    private sealed class Passing(string name, List<string> passed) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            passed.Add(name);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Filter(List<string> passed) : IHttpMessageHandlerBuilderFilter
    {
        public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
        {
            next(builder);
            builder.AdditionalHandlers.Add(new Passing("filter", passed));
        };
    }

    private sealed class Disposed : IDisposable
    {
        public static int Count { get; set; }

        public List<string> List { get; } = [];

        public void Dispose() => Count++;
    }
}

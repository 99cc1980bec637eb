using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Addresses that Microsoft.Extensions.ServiceDiscovery looks up: as an app of the Aspire template has them.</summary>
[Trait("Case", "B82")]
public sealed class ServiceDiscoveryTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeTokenServer _tokens;
    private readonly Api _api;
    private readonly CapturingLoggerProvider _logs = new();
    private readonly ConcurrentQueue<string> _tokenAddresses = new();
    private readonly Dictionary<string, string?> _endpoints = new()
    {
        ["Services:api:https:0"] = "https://localhost:7001",
        ["Services:api:http:0"] = "http://localhost:5001",
        ["Services:api:admin:0"] = "https://localhost:7002",
        ["Services:login:https:0"] = "https://localhost:7443",
    };

    private string? _document;

    public ServiceDiscoveryTests()
    {
        _tokens = new FakeTokenServer(_time);
        _api = new Api(_tokens);
    }

    public enum Order
    {
        ForAllClients,
        BeforeTheHandler,
        AfterTheHandler,
    }

    public static TheoryData<string, string, Order> Addresses
    {
        get
        {
            var data = new TheoryData<string, string, Order>();
            foreach (var order in Enum.GetValues<Order>())
            {
                data.Add("https+http://api", "https://localhost:7001", order);
                data.Add("http+https://api", "http://localhost:5001", order);
                data.Add("http://api", "http://localhost:5001", order);
                data.Add("https://api", "https://localhost:7001", order);
                data.Add("https://_admin.api", "https://localhost:7002", order);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task A_looked_up_base_address_gets_the_token_and_a_refresh(string baseAddress, string resolved, Order order)
    {
        await using var app = Build(baseAddress, order);
        await SignInAsync(app);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(app, "/me")).StatusCode);

        _tokens.ExpireAccessTokens();
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(app, "/me")).StatusCode);

        Assert.Equal(["access-1", "access-1", "access-2"], _api.Received.Select(request => request.Token));
        Assert.All(_api.Received, request => Assert.Equal(resolved, request.Origin));
        Assert.Equal(1, _tokens.Calls);
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task A_looked_up_origin_may_be_named_in_the_options(string address, string resolved, Order order)
    {
        await using var app = Build(baseAddress: null, order, options => options.AllowedOrigins.Add(new Uri(address)));
        await SignInAsync(app);

        await GetAsync(app, address + "/me");

        Assert.Equal(("access-1", resolved), _api.Received.Select(request => (request.Token, request.Origin)).Single());
    }

    [Theory]
    [InlineData(Order.ForAllClients)]
    [InlineData(Order.AfterTheHandler)]
    public async Task Another_absolute_address_gets_no_token(Order order)
    {
        await using var app = Build("https+http://api", order);
        await SignInAsync(app);

        foreach (var foreign in new[] { "https://elsewhere.example.com/me", "https://login/me", "https://localhost:7001/me", "https+http://login/me" })
        {
            await GetAsync(app, foreign);
        }

        Assert.Equal(4, _api.Received.Count);
        Assert.All(_api.Received, request => Assert.Null(request.Token));
    }

    [Theory]
    [InlineData(Order.ForAllClients)]
    [InlineData(Order.BeforeTheHandler)]
    [InlineData(Order.AfterTheHandler)]
    public async Task Plain_http_on_another_machine_gets_no_token_and_a_message(Order order)
    {
        _endpoints["Services:api:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("http://api", order);
        await SignInAsync(app);

        var response = await GetAsync(app, "/me");
        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.InsecureAddress), (response.StatusCode, response.GetTokenRefreshOutcome()));

        Assert.Equal((null, "http://10.1.2.3:8080"), _api.Received.Select(request => (request.Token, request.Origin)).Single());
        Assert.Single(_logs.Messages, line => line is { EventName: "InsecureAddress", Level: LogLevel.Warning }
            && line.Text.Contains("http://10.1.2.3:8080, which isn't https", StringComparison.Ordinal)
            && line.Text.Contains("InsecureOrigins", StringComparison.Ordinal));
        Assert.Contains(_logs.Messages, line => line.EventName == "NoTokenSent");
        Assert.DoesNotContain(_logs.Messages, line => line.EventName == "RejectionReturned");
        Assert.Equal(0, _tokens.Calls);
    }

    [Fact]
    public async Task The_reason_stays_if_the_app_decides_what_a_rejection_is()
    {
        _endpoints["Services:api:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("http://api", Order.AfterTheHandler, options => options.ShouldRefresh = response => response.StatusCode == HttpStatusCode.Unauthorized);
        await SignInAsync(app);

        Assert.Equal(TokenRefreshOutcome.InsecureAddress, (await GetAsync(app, "/me")).GetTokenRefreshOutcome());
        Assert.Equal(0, _tokens.Calls);
    }

    [Theory]
    [InlineData(Order.ForAllClients, "http://api", "http://10.1.2.3:8080")]
    [InlineData(Order.AfterTheHandler, "http://api", "http://10.1.2.3:8080")]
    [InlineData(Order.ForAllClients, "http://api", "http://api")]
    [InlineData(Order.AfterTheHandler, "http://api", "http://api")]
    [InlineData(Order.ForAllClients, "https+http://api", "http://api")]
    [InlineData(Order.AfterTheHandler, "https+http://api", "http://api")]
    [InlineData(Order.AfterTheHandler, "http+https://api:80", "http://api")]
    public async Task Plain_http_on_another_machine_gets_the_token_where_the_app_names_it(Order order, string baseAddress, string named)
    {
        _endpoints["Services:api:http:0"] = "http://10.1.2.3:8080";
        _endpoints.Remove("Services:api:https:0");
        await using var app = Build(baseAddress, order, options => options.InsecureOrigins.Add(new Uri(named)));
        await SignInAsync(app);

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(app, "/me")).StatusCode);
    }

    [Theory]
    [InlineData("http://other")]
    [InlineData("http://api:8080")]
    [InlineData("http://api.example.com")]
    public async Task The_name_of_another_service_allows_no_plain_http(string named)
    {
        _endpoints["Services:api:http:0"] = "http://10.1.2.3:8080";
        _endpoints.Remove("Services:api:https:0");
        await using var app = Build("https+http://api", Order.AfterTheHandler, options => options.InsecureOrigins.Add(new Uri(named)));
        await SignInAsync(app);

        await GetAsync(app, "/me");

        Assert.Null(_api.Received.Single().Token);
    }

    [Fact]
    public async Task A_synchronous_request_that_isnt_looked_up_names_the_way_out()
    {
        await using var app = Build("https+http://api", Order.ForAllClients);
        await SignInAsync(app);
        using var client = app.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");

        var failure = Assert.Throws<TokenRefreshException>(() => client.Send(request, Token));

        Assert.Contains("SendAsync instead of Send", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoint_may_change_between_send_and_resend()
    {
        await using var app = Build("https+http://api", Order.AfterTheHandler);
        var configuration = app.GetRequiredService<IConfiguration>();
        await SignInAsync(app);
        _tokens.ExpireAccessTokens();
        var gate = _tokens.Hold();

        var sending = GetAsync(app, "/me");
        await gate.ArrivedAsync(1);
        configuration["Services:api:https:0"] = "https://localhost:7009";
        ((IConfigurationRoot)configuration).Reload();
        _tokens.Release();

        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
        Assert.Equal("access-2", _api.Received[^1].Token);
    }

    [Theory]
    [InlineData(Order.ForAllClients)]
    [InlineData(Order.AfterTheHandler)]
    public async Task A_redirect_below_takes_no_new_token_along(Order order)
    {
        await using var app = Build("https+http://api", order);
        await SignInAsync(app);
        _api.Answer = request =>
        {
            // What .NET does when it follows a redirect, but for the header.
            request.RequestUri = new Uri("https://elsewhere.example.com/");
            return new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = request };
        };

        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(app, "/me")).StatusCode);

        Assert.Single(_api.Received);
        Assert.Equal(0, _tokens.Calls);
    }

    [Theory]
    [InlineData(Order.ForAllClients, true)]
    [InlineData(Order.ForAllClients, false)]
    [InlineData(Order.AfterTheHandler, true)]
    public async Task A_follower_of_redirects_above_takes_no_token_to_another_host(Order order, bool isOutsideDiscovery)
    {
        await using var app = Build("https+http://api", order, isOutsideDiscovery: isOutsideDiscovery, outer: () => new Follower());
        await SignInAsync(app);
        _api.Answer = request => request.RequestUri!.Host == "localhost"
            ? new HttpResponseMessage(HttpStatusCode.Found) { RequestMessage = request, Headers = { Location = new Uri("https://elsewhere.example.com/") } }
            : null;

        await GetAsync(app, "/me");

        Assert.Equal([("access-1", "https://localhost:7001"), (null, "https://elsewhere.example.com")], _api.Received.Select(request => (request.Token, request.Origin)));
    }

    [Theory]
    [InlineData(Order.ForAllClients, "wss://chat.example.com/socket", true)]
    [InlineData(Order.AfterTheHandler, "wss://chat.example.com/socket", true)]
    [InlineData(Order.ForAllClients, "ws://chat.internal/socket", true)]
    [InlineData(Order.AfterTheHandler, "ws://chat.internal/socket", true)]
    [InlineData(Order.AfterTheHandler, "ws://chat.example.com/socket", false)]
    public async Task A_handshake_gets_the_token_beside_an_origin_that_is_looked_up(Order order, string address, bool isSent)
    {
        await using var app = Build(baseAddress: null, order, options =>
        {
            options.AllowedOrigins.Add(new Uri("https+http://api"));
            options.AllowedOrigins.Add(new Uri("https://chat.example.com"));
            options.AllowedOrigins.Add(new Uri("http://chat.internal"));
            options.InsecureOrigins.Add(new Uri("http://chat.internal"));
        });
        await SignInAsync(app);

        await GetAsync(app, address);

        Assert.Equal(isSent ? "access-1" : null, _api.Received.Single().Token);
    }

    [Fact]
    public async Task A_handshake_by_hand_gets_the_token_beside_an_origin_that_is_looked_up()
    {
        await using var app = Build(baseAddress: null, order: null, options =>
        {
            options.AllowedOrigins.Add(new Uri("https+http://api"));
            options.AllowedOrigins.Add(new Uri("https://chat.example.com"));
        });
        await SignInAsync(app);
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(app.GetRequiredService<TokenSessions>()["orders"]) { InnerHandler = _api });
        using var request = new HttpRequestMessage(HttpMethod.Get, "wss://chat.example.com/socket");

        await invoker.SendAsync(request, Token);

        Assert.Equal("access-1", _api.Received.Single().Token);
    }

    [Fact]
    public async Task A_request_that_was_looked_up_by_another_client_proves_nothing()
    {
        await using var app = Build("https+http://api", Order.ForAllClients, options => options.AllowedOrigins.Add(new Uri("https+http://api")));
        await SignInAsync(app);
        using var request = new HttpRequestMessage(HttpMethod.Get, "https+http://api/me");
        using var invoker = new HttpMessageInvoker(app.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("orders"), disposeHandler: false);
        await invoker.SendAsync(request, Token);
        using var byHand = new HttpMessageInvoker(new TokenRefreshHandler(app.GetRequiredService<TokenSessions>()["orders"]) { InnerHandler = _api });

        await Assert.ThrowsAsync<TokenRefreshException>(() => byHand.SendAsync(request, Token));
        request.RequestUri = new Uri("https://localhost:7001/me");
        await byHand.SendAsync(request, Token);

        Assert.Equal(["access-1", null], _api.Received.Select(received => received.Token));
    }

    [Fact]
    public async Task A_header_that_a_handler_below_parsed_is_removed_from_plain_http_too()
    {
        _endpoints["Services:api:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("http://api", Order.AfterTheHandler, inner: () => new Rewriter());
        await SignInAsync(app);

        await GetAsync(app, "/me");

        Assert.Null(_api.Received.Single().Token);
    }

    [Theory]
    [InlineData("https+http://api")]
    [InlineData("http+https://api")]
    public async Task Without_service_discovery_the_error_says_what_to_add(string address)
    {
        await using var app = Build(address, order: null);
        await SignInAsync(app);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => GetAsync(app, "/me"));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("Call AddServiceDiscovery", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Received);
    }

    [Fact]
    public async Task Without_service_discovery_a_name_over_plain_http_gets_no_token()
    {
        await using var app = Build("http://api", order: null);
        await SignInAsync(app);

        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(app, "/me")).StatusCode);

        Assert.Null(_api.Received.Single().Token);
    }

    [Fact]
    public async Task A_handler_made_by_hand_refuses_an_address_that_it_cant_check()
    {
        await using var app = Build("https+http://api", Order.ForAllClients, options => options.AllowedOrigins.Add(new Uri("https+http://api")));
        await SignInAsync(app);
        using var client = new HttpClient(new TokenRefreshHandler(app.GetRequiredService<TokenSessions>()["orders"]) { InnerHandler = _api });

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https+http://api/me"), Token));

        Assert.Contains("AddTokenRefreshHandler", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Received);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_looked_up_token_endpoint_is_reached_by_the_discovery_of_all_clients_or_its_own(bool isForAll)
    {
        await using var app = Build("https+http://api", isForAll ? Order.ForAllClients : Order.AfterTheHandler, options => options.TokenEndpoint = new Uri("https+http://login/token"), isForAll
            ? null
            : services => services.AddTokenSession("orders").TokenEndpointClient.AddServiceDiscovery());
        await SignInAsync(app);
        _tokens.ExpireAccessTokens();

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(app, "/me")).StatusCode);

        Assert.Equal(["https://localhost:7443/token"], _tokenAddresses);
    }

    [Fact]
    public async Task A_looked_up_token_endpoint_on_plain_http_never_gets_the_refresh_token()
    {
        _endpoints["Services:login:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("https+http://api", Order.ForAllClients, options => options.TokenEndpoint = new Uri("http://login/token"));
        await SignInAsync(app);
        _tokens.ExpireAccessTokens();

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => GetAsync(app, "/me"));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("http://10.1.2.3:8080 isn't https", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_tokenAddresses);
    }

    [Theory]
    [InlineData("http://login/token")]
    [InlineData("https+http://login/token")]
    public async Task A_looked_up_token_endpoint_on_plain_http_is_used_where_the_app_names_the_service(string endpoint)
    {
        _endpoints.Remove("Services:login:https:0");
        _endpoints["Services:login:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("https+http://api", Order.ForAllClients, options =>
        {
            options.TokenEndpoint = new Uri(endpoint);
            options.InsecureOrigins.Add(new Uri("http://login"));
        });
        await SignInAsync(app);

        await app.GetRequiredService<TokenSessions>()["orders"].RefreshAsync(Token);

        Assert.Equal(["http://10.1.2.3:8080/token"], _tokenAddresses);
    }

    [Fact]
    public async Task Plain_http_that_is_allowed_for_one_endpoint_isnt_for_another()
    {
        _endpoints["Services:login:http:0"] = "http://10.1.2.3:8080";
        await using var app = Build("https+http://api", Order.ForAllClients, options =>
        {
            options.TokenEndpoint = new Uri("http://login/token");
            options.RevocationEndpoint = new Uri("http://legacy:8080/revoke");
            options.InsecureOrigins.Add(new Uri("http://legacy:8080"));
        });
        await SignInAsync(app);

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetRequiredService<TokenSessions>()["orders"].RefreshAsync(Token));

        Assert.Empty(_tokenAddresses);
    }

    [Theory]
    [InlineData("https://localhost:7444/realms/shop", "https://localhost:7443/realms/shop/token")]
    [InlineData("https://other.example.com/realms/shop", "https://other.example.com/token")]
    [InlineData("https://localhost:7443/realms/shop", "http://localhost:7080/token")]
    public async Task A_looked_up_issuer_must_name_its_own_address_and_https(string issuer, string endpoint)
    {
        _document = $$"""{"issuer":"{{issuer}}","token_endpoint":"{{endpoint}}"}""";
        await using var app = Build("https+http://api", Order.ForAllClients, options =>
        {
            options.TokenEndpoint = null;
            options.Issuer = new Uri("https+http://login/realms/shop");
        });
        await SignInAsync(app);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetRequiredService<TokenSessions>()["orders"].RefreshAsync(Token));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Single(_tokenAddresses);
    }

    [Fact]
    public async Task A_looked_up_issuer_is_reached_and_known_by_the_address_that_was_found()
    {
        _document = """{"issuer":"https://localhost:7443/realms/shop","token_endpoint":"https://localhost:7443/realms/shop/token"}""";
        await using var app = Build("https+http://api", Order.ForAllClients, options =>
        {
            options.TokenEndpoint = null;
            options.Issuer = new Uri("https+http://login/realms/shop");
        });
        await SignInAsync(app);
        _tokens.ExpireAccessTokens();

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(app, "/me")).StatusCode);

        Assert.Equal(["https://localhost:7443/realms/shop/.well-known/openid-configuration", "https://localhost:7443/realms/shop/token"], _tokenAddresses);
    }

    [Fact]
    public void A_session_made_by_hand_refuses_a_looked_up_endpoint()
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https+http://login/token"), ClientId = "shop" };

        var failure = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.Contains("https+http://login isn't https", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.example.com", false)]
    [InlineData("http://localhost:5000", false)]
    [InlineData("https://api", true)]
    [InlineData("https+http://api", true)]
    public async Task Only_looked_up_clients_get_more_handlers(string baseAddress, bool isLookedUp)
    {
        await using var app = Build(baseAddress, order: null);

        var names = new List<string>();
        for (var handler = app.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("orders"); handler is DelegatingHandler { InnerHandler: { } inner }; handler = inner)
        {
            names.Add(handler.GetType().Name);
        }

        Assert.Equal(isLookedUp, names.Contains("FinalAddressHandler"));
    }

    [Fact]
    public async Task A_change_of_the_options_leaves_the_client_as_its_session_is()
    {
        await using var app = Build(baseAddress: null, Order.AfterTheHandler, more: services => services.AddOptions<TokenRefreshOptions>("orders")
            .Configure<IConfiguration>((options, configuration) => options.AllowedOrigins.Add(new Uri(configuration["Origin"] ?? "https+http://api"))));
        await SignInAsync(app);

        app.GetRequiredService<IConfiguration>()["Origin"] = "https://api.example.com";
        app.GetRequiredService<IOptionsMonitorCache<TokenRefreshOptions>>().Clear();
        await GetAsync(app, "https+http://api/me");

        Assert.Equal("access-1", _api.Received.Single().Token);
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _api.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<HttpResponseMessage> GetAsync(ServiceProvider app, string address) =>
        app.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync(new Uri(address, UriKind.RelativeOrAbsolute), Token);

    private Task SignInAsync(ServiceProvider app) => app.GetRequiredService<TokenSessions>()["orders"].SignInAsync(_tokens.Issue());

    private ServiceProvider Build(
        string? baseAddress,
        Order? order,
        Action<TokenRefreshOptions>? configure = null,
        Action<IServiceCollection>? more = null,
        bool isOutsideDiscovery = false,
        Func<DelegatingHandler>? outer = null,
        Func<DelegatingHandler>? inner = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(_endpoints).Build());
        services.AddSingleton<TimeProvider>(_time);
        _logs.Add(services);
        services.AddServiceDiscovery(options => options.RefreshPeriod = TimeSpan.FromSeconds(1));
        if (outer is not null && isOutsideDiscovery)
        {
            services.ConfigureHttpClientDefaults(clients => clients.AddHttpMessageHandler(outer));
        }

        if (order == Order.ForAllClients)
        {
            services.ConfigureHttpClientDefaults(clients => clients.AddServiceDiscovery());
        }

        var client = services.AddHttpClient("orders", http => http.BaseAddress = baseAddress is null ? null : new Uri(baseAddress)).ConfigurePrimaryHttpMessageHandler(() => _api);
        if (order == Order.BeforeTheHandler)
        {
            client.AddServiceDiscovery();
        }

        if (outer is not null && !isOutsideDiscovery)
        {
            client.AddHttpMessageHandler(outer);
        }

        client.AddTokenRefreshHandler(options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            configure?.Invoke(options);
        });
        if (order == Order.AfterTheHandler)
        {
            client.AddServiceDiscovery();
        }

        if (inner is not null)
        {
            client.AddHttpMessageHandler(inner);
        }

        services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => new Recorder(_tokenAddresses, () => _document) { InnerHandler = _tokens });
        more?.Invoke(services);
        return services.BuildServiceProvider();
    }

    private sealed record Received(string? Token, string Origin);

    private sealed class Api(FakeTokenServer tokens) : HttpMessageHandler
    {
        private readonly List<Received> _received = [];

        public List<Received> Received => _received;

        public Func<HttpRequestMessage, HttpResponseMessage?>? Answer { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _received.Add(new Received(request.Headers.Authorization?.Parameter, request.RequestUri!.GetLeftPart(UriPartial.Authority)));
            return Task.FromResult(Answer?.Invoke(request)
                ?? new HttpResponseMessage(tokens.Accepts(request) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized) { RequestMessage = request });
        }
    }

    /// <summary>Follows redirects with the same request object, as Kiota's handler does.</summary>
    private sealed class Follower : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.Headers.Location is not { } location)
            {
                return response;
            }

            request.RequestUri = location;
            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Parses the header and writes it again: another string of the same text.</summary>
    private sealed class Rewriter : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", request.Headers.Authorization?.Parameter + "");
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Recorder(ConcurrentQueue<string> addresses, Func<string?> document) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            addresses.Enqueue(request.RequestUri!.AbsoluteUri);
            return request.Method == HttpMethod.Get
                ? Task.FromResult(new HttpResponseMessage { Content = new StringContent(document()!) })
                : base.SendAsync(request, cancellationToken);
        }
    }
}

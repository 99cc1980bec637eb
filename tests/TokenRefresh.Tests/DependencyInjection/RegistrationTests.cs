using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Storage;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>What is registered in the container, and the messages for a wrong registration.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task A_session_is_found_by_name_and_as_a_keyed_service()
    {
        await using var app = TestApp.Create();

        Assert.Same(app.Session, app.Services.GetRequiredKeyedService<TokenSession>(TestApp.Name));
        Assert.Same(app.Sessions[TestApp.Name, "a"], app.Sessions[TestApp.Name, "a"]);
        Assert.NotSame(app.Sessions[TestApp.Name, "a"], app.Session);
    }

    [Fact]
    public async Task The_message_for_an_unknown_name_lists_the_known_ones()
    {
        await using var app = TestApp.Create();

        var exception = Assert.Throws<ArgumentException>(() => app.Sessions["ordres"]);

        Assert.Contains("'ordres'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'orders'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twice_the_same_is_once()
    {
        var services = new ServiceCollection();
        var builder = services.AddHttpClient("orders");
        Assert.Same(builder, builder.AddTokenRefreshHandler(Valid));
        var count = services.Count(descriptor => descriptor.ServiceType == typeof(TokenSessions));

        builder.AddTokenRefreshHandler(options => options.Scope = "more");

        Assert.Equal(1, count);
        Assert.Equal(1, services.Count(descriptor => descriptor.ServiceType == typeof(TokenSessions)));
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("orders");
        Assert.Equal(("shop", "more"), (options.ClientId, options.Scope));
    }

    [Fact]
    public void Two_sessions_on_one_client_fail_with_advice()
    {
        var builder = new ServiceCollection().AddHttpClient("orders").AddTokenRefreshHandler(Valid);

        var exception = Assert.Throws<InvalidOperationException>(() => builder.AddTokenRefreshHandler("other"));

        Assert.Contains("'other'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_handler_for_all_clients_fails_with_advice()
    {
        var exception = Assert.Throws<InvalidOperationException>(() =>
            new ServiceCollection().ConfigureHttpClientDefaults(builder => builder.AddTokenRefreshHandler(Valid)));

        Assert.Contains("ConfigureHttpClientDefaults", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_configured_for_all_clients_stays_away_from_the_token_calls()
    {
        var calls = 0;
        await using var app = TestApp.Create(services: services => services.ConfigureHttpClientDefaults(builder =>
            builder.AddHttpMessageHandler(() => new CountingHandler(() => calls++))));
        await app.SignInAsync();

        await app.Session.RefreshAsync();

        Assert.Equal(0, calls);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_file_store_keeps_a_login_for_the_next_process()
    {
        var directory = TestDirectory.Create();
        try
        {
            await using (var first = TestApp.Create(services: InFiles))
            {
                await first.SignInAsync();
                first.Tokens.ExpireAccessTokens();
                using var refreshed = await first.GetAsync();
            }

            Assert.Single(Directory.GetFiles(directory, "*.record"));
            await using var second = TestApp.Create(services: InFiles);
            second.Api.Answer(_ => new HttpResponseMessage());
            using var response = await second.GetAsync();

            Assert.Equal("access-2", Assert.Single(second.Api.Received).Token);
            Assert.Equal(0, second.Tokens.Calls);
        }
        finally
        {
            await TestDirectory.DeleteAsync(directory);
        }

        void InFiles(IServiceCollection services) => services.AddTokenSession(TestApp.Name).UseFileStore(directory).AllowUnencryptedStore();
    }

    [Fact]
    public async Task A_store_that_a_factory_makes_is_made_once_and_the_last_word_counts()
    {
        var made = new List<MemoryTokenStore>();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name)
            .UseStore(_ => throw new InvalidOperationException("Not this one."))
            .UseStore(_ =>
            {
                made.Add(new MemoryTokenStore());
                return made[^1];
            }));
        await app.SignInAsync();
        await app.Session.RefreshAsync();

        Assert.Equal("refresh-2", await Assert.Single(made).RefreshTokenAsync());
    }

    [Fact]
    public async Task A_backchannel_that_cant_be_built_fails_its_token_calls_and_nothing_else()
    {
        await using var app = TestApp.Create(services: services =>
        {
            ImpatientTime.In(services);
            services.AddTokenSession(TestApp.Name).TokenEndpointClient
                .ConfigureHttpClient(_ => throw new InvalidOperationException("The proxy's address is missing."));
        });
        await app.SignInAsync();

        using var good = await app.GetAsync();
        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Contains("InvalidOperationException", failure.Message, StringComparison.Ordinal);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    public async Task Nothing_has_an_empty_name()
    {
        await using var app = TestApp.Create();

        Assert.Contains("Pass null", Assert.Throws<ArgumentException>(() => app.Sessions[TestApp.Name, ""]).Message, StringComparison.Ordinal);
        Assert.Equal("name", Assert.Throws<ArgumentException>(() => new ServiceCollection().AddTokenSession("")).ParamName);
        Assert.Equal("session", Assert.Throws<ArgumentNullException>(() => new TokenRefreshHandler((TokenSession)null!)).ParamName);
    }

    public static TheoryData<string, string?, string> WrongOptions => new()
    {
        { "TokenEndpoint", "http://login.example.com/token", "TokenEndpoint, http://login.example.com/token, isn't https" },
        { "TokenEndpoint", "https://login.example.com/token#x", "TokenEndpoint, https://login.example.com/token, has a fragment" },
        { "TokenEndpoint", "token", "isn't an absolute URL" },
        { "TokenEndpoint", null, "TokenEndpoint isn't set" },
        { "RefreshTimeout", null, "isn't a time" },
        { "GrantType", "", "isn't one of RefreshToken, ClientCredentials" },
        { "TokenEndpoint", "/oauth/token", "isn't an absolute" },
        { "TokenEndpoint", "file:///oauth/token", "TokenEndpoint, file:///oauth/token, isn't an absolute http or https URL. Write the whole URL" },
        { "TokenEndpoint", "login:oauth/token", "isn't an absolute http or https URL" },
        { "TokenEndpoint", "wss://login.example.com/token", "isn't an absolute http or https URL" },
        { "RevocationEndpoint", "file:///oauth/revoke", "RevocationEndpoint, file:///oauth/revoke, isn't an absolute http or https URL" },
        { "ClientId", "", "ClientId isn't set" },
        { "ClientAuthentication", "Post", "ClientSecret isn't set" },
        { "AllowedOrigins:0", "http://api.example.com", "AllowedOrigins holds http://api.example.com" },
        { "RefreshTimeout", "00:00:00", "RefreshTimeout is 00:00:00" },
        { "RefreshTimeout", "soon", "isn't a time" },
        { "MinRefreshInterval", "10", "isn't a time" },
        { "AllowedOrigins", "https://api.example.com", "is a single value" },
        { "ExtraParameters", "audience=orders", "is a single value" },
        { "ExtraParameters:audience:0", "orders", "ExtraParameters:audience is a list or an object" },
        { "Scope:0", "openid", "Orders:Scope is a list or an object" },
        { "ClientSecret:Value", "s", "Orders:ClientSecret is a list or an object" },
        { "MinRefreshInterval", "-00:00:01", "MinRefreshInterval is -00:00:01" },
        { "RecheckInterval", "-00:00:01", "RecheckInterval is -00:00:01. Use null or zero (never), or 00:00:01 to 1.00:00:00" },
        { "RecheckInterval", "00:00:00.9", "RecheckInterval is 00:00:00.9" },
        { "RecheckInterval", "1.00:00:01", "RecheckInterval is 1.00:00:01" },
        { "RecheckInterval", "30", "isn't a time" },
        { "ExpiryBuffer", "00:10:00", "longer than RefreshWindow" },
        { "MaxReplayBufferSize", "-1", "MaxReplayBufferSize is -1" },
        { "Scheme", "Bea rer", "Scheme is no authentication scheme" },
        { "Scheme", null, "Scheme is no authentication scheme" },
        { "GrantType", "Implicit", "isn't one of RefreshToken, ClientCredentials" },
        { "RevocationEndpoint", "http://login.example.com/revoke", "RevocationEndpoint, http://login.example.com/revoke, isn't https" },
        { "MaxReplayBufferSize", "lots", "isn't a whole number" },
        { "UserIdleTimeout", "20", "isn't a time" },
        { "UserIdleTimeout", "24:00:00", "isn't a time" },
        { "InteractiveSignInTimeout", "00:00:00", "InteractiveSignInTimeout is 00:00:00" },
        { "ReLoginResult", "Panic", "isn't one of Return401, Throw" },
        { "RefreshTimeOut2", "x", "an option that configuration can set" },
        { "Issuer", "https://login.example.com", "TokenEndpoint and Issuer are both set" },
        { "Issuer", "http://login.example.com", "Issuer, http://login.example.com/, isn't https" },
        { "Issuer", "https://login.example.com/?tenant=1", "has a query" },
        { "Issuer", "login", "isn't an absolute URL" },
        { "MetadataAddress", "https://login.example.com/config", "MetadataAddress is set, but Issuer isn't" },
        { "MetadataAddress", "http://login.example.com/config", "MetadataAddress, http://login.example.com/config, isn't https" },
        { "AllowedOrigins:0", "ftp://api.example.com", "AllowedOrigins holds ftp://api.example.com/, which isn't an absolute http or https URL" },
        { "AllowedOrigins:0", "file:///api", "AllowedOrigins holds file:///api, which isn't an absolute http or https URL" },
        { "Issuer", "file:///realms/shop", "Issuer, file:///realms/shop, isn't an absolute http or https URL" },
        { "GrantType", "ClientCredentials", "but ClientSecret isn't set. Set it." },
        { "InsecureOrigins:0", "https://api.example.com", "InsecureOrigins holds something that isn't an absolute http URL" },
        { "InsecureOrigins:0", "10.0.2.2:8000", "isn't an absolute URL" },
        { "InsecureOrigins:0", "http://*.example.com", "isn't an absolute URL" },
        { "InsecureOrigins", "http://10.0.2.2:8000", "is a single value" },
    };

    [Theory]
    [Trait("Case", "C45")]
    [MemberData(nameof(WrongOptions))]
    public async Task A_wrong_option_fails_at_start_naming_the_option_and_the_client(string option, string? value, string message)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Orders:TokenEndpoint"] = "https://login.example.com/token",
            ["Orders:ClientId"] = "shop",
            ["Orders:RefreshWindow"] = "00:05:00",
            ["Orders:" + option] = value,
        };
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddHttpClient("orders").AddTokenRefreshHandler(builder.Configuration.GetSection("Orders"));
        using var host = builder.Build();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains("'orders'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "C45")]
    public async Task A_client_whose_session_isnt_registered_fails_at_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddTokenSession("shop", Valid);
        builder.Services.AddHttpClient("orders").AddTokenRefreshHandler("shpo");
        using var host = builder.Build();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("client 'orders'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'shpo' is registered. Known: 'shop'", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("TokenEndpoint", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_that_couldnt_be_made_is_made_when_it_is_asked_for_again()
    {
        var attempts = 0;
        await using var app = TestApp.Create(services: services => services.AddTokenSession("flaky", Valid).UseEndpoint(_ =>
            ++attempts == 1 ? throw new InvalidOperationException("not yet") : new NoEndpoint()));

        Assert.Throws<InvalidOperationException>(() => app.Sessions["flaky"]);

        Assert.Equal(TokenSessionState.SignedOut, app.Sessions["flaky"].State);
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task A_session_that_is_disposed_by_itself_ends_no_other_and_not_itself()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        await app.Sessions[TestApp.Name, "a"].DisposeAsync();
        app.Sessions[TestApp.Name, "b"].Dispose();

        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());
        await app.Session.RefreshAsync();

        Assert.Equal(1, app.Tokens.Calls);
    }

    [Theory]
    [Trait("Case", "C45")]
    [InlineData(null)]
    [InlineData("")]
    public void A_setting_whose_default_is_null_may_be_written_without_a_value(string? nothing)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["O:TokenEndpoint"] = "https://login.example.com/token",
            ["O:ClientId"] = "id",
            ["O:ClientAuthentication"] = nothing,
            ["O:Issuer"] = nothing,
            ["O:MetadataAddress"] = nothing,
            ["O:RevocationEndpoint"] = nothing,
            ["O:RefreshWindow"] = nothing,
            ["O:ExpiryBuffer"] = nothing,
            ["O:RecheckInterval"] = nothing,
        }).Build();
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddTokenRefreshHandler(configuration.GetSection("O"));
        using var provider = services.BuildServiceProvider();

        var options = provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("orders");

        Assert.Equal((null, null, null), (options.RefreshWindow, options.ExpiryBuffer, options.RecheckInterval));
        Assert.Null(options.ClientAuthentication);
        Assert.Equal((null, null, null), (options.Issuer, options.MetadataAddress, options.RevocationEndpoint));
    }

    [Fact]
    public void Configuration_sets_every_option_that_can_be_written_down()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["O:TokenEndpoint"] = "https://login.example.com/token",
            ["O:Protocol"] = "simplejwt",
            ["O:ClientId"] = "id",
            ["O:ClientSecret"] = "secret",
            ["O:ClientAuthentication"] = "Post",
            ["O:Scope"] = "a b",
            ["O:Scheme"] = "JWT",
            ["O:ExtraParameters:resource"] = "r",
            ["O:ExtraParameters:empty"] = null,
            ["O:AllowedOrigins:0"] = "https://api.example.com",
            ["O:RefreshTimeout"] = "00:00:10",
            ["O:RefreshWindow"] = "00:01:00",
            ["O:ExpiryBuffer"] = "00:00:05",
            ["O:MinRefreshInterval"] = "00:00:01",
            ["O:RecheckInterval"] = "00:00:30",
            ["O:MaxReplayBufferSize"] = "1024",
            ["O:ReLoginResult"] = "Throw",
            ["O:InteractiveSignInTimeout"] = "00:02:00",
            ["O:GrantType"] = "refreshtoken",
            ["O:RevocationEndpoint"] = "https://login.example.com/revoke",
            ["O:UserIdleTimeout"] = "00:30:00",
        }).Build();
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddTokenRefreshHandler(configuration.GetSection("O"));
        using var provider = services.BuildServiceProvider();

        var options = provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get("orders");

        Assert.Equal(TokenEndpointProtocol.SimpleJwt, options.Protocol);
        Assert.Equal(("id", "secret", "a b", "JWT"), (options.ClientId, options.ClientSecret, options.Scope, options.Scheme));
        Assert.Equal(ClientAuthentication.Post, options.ClientAuthentication);
        Assert.Equal("r", options.ExtraParameters["resource"]);
        Assert.Equal(new Uri("https://api.example.com"), options.AllowedOrigins.Single());
        Assert.Equal(TimeSpan.FromSeconds(10), options.RefreshTimeout);
        Assert.Equal(TimeSpan.FromMinutes(1), options.RefreshWindow);
        Assert.Equal(TimeSpan.FromSeconds(5), options.ExpiryBuffer);
        Assert.Equal(TimeSpan.FromSeconds(1), options.MinRefreshInterval);
        Assert.Equal(TimeSpan.FromSeconds(30), options.RecheckInterval);
        Assert.Equal(1024, options.MaxReplayBufferSize);
        Assert.Equal(ReLoginResult.Throw, options.ReLoginResult);
        Assert.Equal(TimeSpan.FromMinutes(2), options.InteractiveSignInTimeout);
        Assert.Equal(TokenGrantType.RefreshToken, options.GrantType);
        Assert.Equal(new Uri("https://login.example.com/revoke"), options.RevocationEndpoint);
        Assert.Equal(TimeSpan.FromMinutes(30), options.UserIdleTimeout);
        Assert.Equal("", options.ExtraParameters["empty"]);
    }

    [Fact]
    public void Without_dependency_injection_wrong_options_are_refused_at_once()
    {
        var exception = Assert.Throws<ArgumentException>(() => TokenSession.Create(new TokenRefreshOptions()));

        Assert.Contains("TokenEndpoint isn't set", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_origin_the_first_request_says_what_to_set()
    {
        await using var session = TokenSession.Create(new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com"), ClientId = "shop" });
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://api.example.com")));

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Contains("AllowedOrigins", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_without_a_sign_in_says_so()
    {
        await using var app = TestApp.Create();

        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
        Assert.Null(await app.Session.GetAccessTokenAsync());
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => app.Session.RefreshAsync());
        Assert.Contains("SignInAsync", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_couldnt_be_made_is_made_when_it_is_asked_for_again()
    {
        var attempts = 0;
        await using var app = TestApp.Create(services: services => services.AddTokenSession("flaky", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
        }).UseStore(_ => ++attempts == 1 ? throw new InvalidOperationException("not yet") : new MemoryTokenStore()));

        Assert.Throws<InvalidOperationException>(() => app.Sessions["flaky"]);

        var second = Record.Exception(() => app.Sessions["flaky"]);
        Assert.Equal("2 made, no exception", $"{attempts} made, {second?.Message ?? "no exception"}");
    }

    private static void Valid(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "shop";
    }

    private sealed class NoEndpoint : ITokenEndpoint
    {
        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, System.Threading.CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class CountingHandler(Action count) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, System.Threading.CancellationToken cancellationToken)
        {
            count();
            return base.SendAsync(request, cancellationToken);
        }
    }
}

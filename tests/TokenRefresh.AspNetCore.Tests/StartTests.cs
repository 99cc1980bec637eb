using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What is set up wrongly fails at the start, with a message that says what to write.</summary>
public sealed class StartTests
{
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;

    public static TheoryData<string, string> Mistakes => new()
    {
        { "no scheme", "AddOpenIdConnect(o => { o.Authority" },
        { "no cookie scheme", "AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie()" },
        { "two providers", "o.OpenIdConnectScheme = \"one\"" },
        { "unknown provider", "Registered: 'OpenIdConnect'" },
        { "unknown cookie", "o.CookieScheme = \"Cookies\"" },
        { "another sign-in scheme", "o.SignInScheme = \"Kekse\"" },
        { "Identity", "requests are authenticated by 'Identity.Application'" },
        { "Identity", "o.CookieScheme = \"Identity.Application\"" },
        { "no default scheme", "o.CookieScheme = \"Cookies\"" },
        { "two sessions", "belongs to session 'shop' too" },
        { "two form sessions", "Give each session a cookie scheme" },
        { "no code", "o.ResponseType = \"code\"" },
        { "cookie events type", "Derive it from TokenRefreshCookieEvents, and in it write: await base.ValidatePrincipal(context);" },
        { "provider events type", "Derive it from TokenRefreshOpenIdConnectEvents" },
        { "overriding events", "await base.ValidatePrincipal(context);" },
        { "overriding provider events", "Derive it from TokenRefreshOpenIdConnectEvents, and in it write: await base.TokenValidated(context);" },
        { "no encryption", "UseDataProtection" },
        { "user key", "Remove UserKey" },
        { "client credentials", "use AddTokenSession instead" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_fails_the_start_and_the_message_says_what_to_write(string mistake, string advice)
    {
        var builder = CreateBuilder();
        Make(mistake, builder.Services);
        await using var app = builder.Build();

        var error = await Assert.ThrowsAnyAsync<Exception>(() => app.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains(advice, error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("'shop'", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UseTokenRefresh")]
    [InlineData("MapSignOut")]
    [InlineData("MapUser")]
    [InlineData("MapBackChannelLogout")]
    public async Task A_method_without_its_services_says_what_to_write(string method)
    {
        await using var app = CreateBuilder().Build();

        var error = Assert.Throws<InvalidOperationException>(() =>
        {
            switch (method)
            {
                case "UseTokenRefresh": app.UseTokenRefresh(); break;
                case "MapSignOut": app.MapSignOut(); break;
                case "MapUser": app.MapUser(); break;
                default: app.MapBackChannelLogout(); break;
            }
        });

        Assert.Contains(method + " needs", error.Message, StringComparison.Ordinal);
        Assert.Contains("builder.Services.AddUserTokenSession(\"name\")", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_order_of_the_calls_does_not_matter()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup();
        var address = new Uri($"http://127.0.0.1:{TestKit.FreePort.Find()}/");
        await provider.AllowAsync(address);
        var builder = Node.CreateBuilder(setup, address);
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = provider.Address).AddTokenRefreshHandler("shop");
        builder.Services.AddUserTokenSession("shop");
        builder.Services.AddUserTokenSession("shop");
        builder.Services.AddAuthentication(Cookies).AddOpenIdConnect(options => Node.Configure(options, provider)).AddCookie();
        await using var node = await Node.StartAsync(builder, setup, address);
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
    }

    [Theory]
    [InlineData("none", ReLoginResult.Throw)]
    [InlineData("code before", ReLoginResult.Return401)]
    [InlineData("code after", ReLoginResult.Return401)]
    [InlineData("configuration before", ReLoginResult.Return401)]
    [InlineData("configuration after", ReLoginResult.Return401)]
    [InlineData("all before", ReLoginResult.Return401)]
    public async Task The_app_decides_what_callers_get_whatever_the_order_of_the_calls(string order, ReLoginResult expected)
    {
        var services = new ServiceCollection();
        var section = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Shop:ReLoginResult"] = "Return401" })
            .Build().GetSection("Shop");
        Set("before");
        services.AddUserTokenSession("shop");
        Set("after");
        services.AddUserTokenSession("shop");
        await using var provider = services.BuildServiceProvider();

        var options = new OptionsFactory<TokenRefreshOptions>(provider.GetServices<IConfigureOptions<TokenRefreshOptions>>(), []).Create("shop");

        Assert.Equal(expected, options.ReLoginResult);

        void Set(string time)
        {
            _ = order == "code " + time ? services.AddTokenSession("shop", options => options.ReLoginResult = ReLoginResult.Return401)
                : order == "configuration " + time ? services.AddTokenSession("shop", section)
                : null;
            if (order == "all " + time)
            {
                services.ConfigureAll<TokenRefreshOptions>(options => options.ReLoginResult = ReLoginResult.Return401);
            }
        }
    }

    [Fact]
    public async Task A_second_call_adds_no_handler_to_the_token_requests()
    {
        var services = new ServiceCollection();
        var client = services.AddUserTokenSession("shop").TokenEndpointClient.Name;
        var once = await CountHandlersAsync();

        services.AddUserTokenSession("shop");

        Assert.Equal((1, 1), (once, await CountHandlersAsync()));

        async Task<int> CountHandlersAsync()
        {
            await using var provider = services.BuildServiceProvider();
            return provider.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(client).HttpMessageHandlerBuilderActions.Count;
        }
    }

    [Fact]
    public async Task A_sign_in_scheme_that_forwards_to_the_cookie_scheme_works()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options => options.SignInScheme = "forwarding",
            ConfigureUsers = options => options.CookieScheme = Cookies,
            ConfigureServices = services => services.AddAuthentication().AddPolicyScheme(
                "forwarding", displayName: null, options => options.ForwardDefault = Cookies),
        });
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
    }

    [Fact]
    public async Task Event_types_that_derive_from_ours_work()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services =>
            {
                services.AddScoped<DerivedCookieEvents>().AddScoped<DerivedProviderEvents>();
                services.Configure<CookieAuthenticationOptions>(Cookies, options => options.EventsType = typeof(DerivedCookieEvents));
                services.Configure<OpenIdConnectOptions>(
                    OpenIdConnectDefaults.AuthenticationScheme, options => options.EventsType = typeof(DerivedProviderEvents));
            },
        });
        using var browser = new Browser();

        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        await browser.SubmitAsync(node.At("logout"), from: node.Address);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    private static WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        return builder;
    }

    private static void Make(string mistake, IServiceCollection services)
    {
        var authentication = services.AddAuthentication(Cookies);
        switch (mistake)
        {
            case "no scheme":
                services.AddUserTokenSession("shop");
                return;
            case "Identity":
                // As AddIdentity and AddDefaultIdentity set it up.
                services.Configure<AuthenticationOptions>(options =>
                {
                    options.DefaultScheme = "Identity.Application";
                    options.DefaultSignInScheme = "Identity.External";
                });
                authentication.AddCookie("Identity.Application").AddCookie("Identity.External");
                services.AddUserTokenSession("shop", options => options.TokenEndpoint = new Uri("https://login.example.com/token"));
                return;
            case "two providers":
                authentication.AddCookie().AddOpenIdConnect("one", Configure).AddOpenIdConnect("two", Configure);
                services.AddUserTokenSession("shop");
                return;
            case "no cookie scheme":
                authentication.AddOpenIdConnect(Configure);
                services.AddUserTokenSession("shop");
                return;
            case "no default scheme":
                services.AddAuthentication().AddCookie();
                services.Configure<AuthenticationOptions>(options => options.DefaultScheme = null);
                services.AddUserTokenSession("shop", SetEndpoint);
                return;
            case "two form sessions":
                authentication.AddCookie();
                services.AddUserTokenSession("shop", SetEndpoint);
                services.AddUserTokenSession("other", SetEndpoint);
                return;
        }

        authentication.AddCookie().AddOpenIdConnect(Configure);
        var session = services.AddUserTokenSession("shop");
        switch (mistake)
        {
            case "unknown provider": services.Configure<UserTokenOptions>("shop", options => options.OpenIdConnectScheme = "Okta"); break;
            case "unknown cookie": services.Configure<UserTokenOptions>("shop", options => options.CookieScheme = "Kekse"); break;
            case "another sign-in scheme":
                authentication.AddCookie("Kekse");
                services.Configure<UserTokenOptions>("shop", options => options.CookieScheme = "Kekse");
                break;
            case "two sessions": services.AddUserTokenSession("other"); break;
            case "no code": services.Configure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, options => options.ResponseType = "id_token"); break;
            case "cookie events type": services.Configure<CookieAuthenticationOptions>(Cookies, options => options.EventsType = typeof(OwnCookieEvents)); break;
            case "provider events type":
                services.Configure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, options => options.EventsType = typeof(OwnProviderEvents));
                break;
            case "overriding events": services.Configure<CookieAuthenticationOptions>(Cookies, options => options.Events = new OwnCookieEvents()); break;
            case "overriding provider events":
                services.Configure<OpenIdConnectOptions>(OpenIdConnectDefaults.AuthenticationScheme, options => options.Events = new OverridingProviderEvents());
                break;
            case "no encryption": session.UseFileStore(Path.GetTempPath()); break;
            case "user key": services.AddTokenSession("shop", options => options.UserKey = (_, _) => "one"); break;
            case "client credentials": services.AddTokenSession("shop", options => options.GrantType = TokenGrantType.ClientCredentials); break;
            default: throw new ArgumentOutOfRangeException(nameof(mistake));
        }
    }

    private static void SetEndpoint(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/api/token/refresh/");
        options.Protocol = TokenEndpointProtocol.SimpleJwt;
    }

    private static void Configure(OpenIdConnectOptions options)
    {
        options.Authority = "https://login.example.com";
        options.ClientId = "shop";
        options.ResponseType = "code";
    }

    private sealed class OwnCookieEvents : CookieAuthenticationEvents
    {
        public override Task ValidatePrincipal(CookieValidatePrincipalContext context) => Task.CompletedTask;
    }

    private sealed class OwnProviderEvents : OpenIdConnectEvents;

    private sealed class OverridingProviderEvents : OpenIdConnectEvents
    {
        public override Task TokenValidated(TokenValidatedContext context) => Task.CompletedTask;
    }

    private sealed class DerivedCookieEvents : TokenRefreshCookieEvents
    {
        public override Task ValidatePrincipal(CookieValidatePrincipalContext context) => base.ValidatePrincipal(context);
    }

    private sealed class DerivedProviderEvents : TokenRefreshOpenIdConnectEvents;
}

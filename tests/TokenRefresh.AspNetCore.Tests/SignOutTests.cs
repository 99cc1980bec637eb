using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Sign-out, and who may ask for it.</summary>
public sealed partial class SignOutTests
{
    private const string AppCookie = ".AspNetCore.Cookies";

    [Fact]
    public async Task A_sign_out_ends_session_cookie_and_refresh_token_and_comes_back_from_the_provider()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var cookie = browser.Cookie(node.Address, AppCookie);

        var page = await browser.SubmitAsync(node.At("logout"), from: node.Address, ("returnUrl", "/?bye"));

        Assert.Equal((node.At("?bye"), "home"), (page.Address, page.Text));
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
        Assert.Equal([provider.IssuedTokens.ElementAt(2)], provider.IdTokenHints);
        await Eventually.TrueAsync(() => provider.RevokedTokens.SequenceEqual([provider.IssuedTokens.ElementAt(1)]));
        browser.SetCookie(node.Address, AppCookie, cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    public async Task An_id_token_that_is_not_kept_is_not_sent()
    {
        await using var provider = await Provider.StartAsync();
        var tokens = new SavedTokens();
        var setup = tokens.CreateSetup(keepIdToken: false);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        Assert.False(tokens.HasIdToken);

        setup.Time.Advance(Provider.AccessTokenLifetime);
        await browser.GoAsync(node.At("orders"));
        Assert.Single(provider.ReceivedRefreshTokens);
        Assert.False(tokens.HasIdToken);
        await browser.SubmitAsync(node.At("logout"), from: node.Address);

        Assert.Equal([""], provider.IdTokenHints);
    }

    [Fact]
    public async Task An_id_token_that_another_node_saved_is_not_sent_and_is_dropped_at_the_next_refresh()
    {
        await using var provider = await Provider.StartAsync();
        var tokens = new SavedTokens();
        var old = tokens.CreateSetup(keepIdToken: true);
        await using var one = await Node.StartAsync(provider, old);
        await using var two = await Node.StartAsync(provider, tokens.CreateSetup(keepIdToken: false, old));
        using var browser = new Browser();
        await browser.GoAsync(one.At("orders"));
        await browser.SubmitAsync(two.At("logout"), from: two.Address);
        Assert.Equal([""], provider.IdTokenHints);

        await browser.GoAsync(one.At("orders"));
        await browser.GoAsync(two.At("orders"));
        Assert.True(tokens.HasIdToken);
        old.Time.Advance(Provider.AccessTokenLifetime);
        provider.IssuesNoIdTokens = true;
        await browser.GoAsync(two.At("orders"));

        Assert.Single(provider.ReceivedRefreshTokens);
        Assert.False(tokens.HasIdToken);
    }

    [Theory]
    [Trait("Case", "W15")]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("evil.example")]
    [InlineData("")]
    [InlineData(" /ok")]
    [InlineData("/café")]
    [InlineData("/ok\r\nSet-Cookie: a=b")]
    public async Task A_return_url_that_leads_elsewhere_leads_home(string returnUrl)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        var inForm = await browser.SubmitAsync(node.At("logout"), from: node.Address, ("returnUrl", returnUrl));
        var inQuery = await browser.SubmitAsync(node.At("logout?returnUrl=" + Uri.EscapeDataString(returnUrl)), from: node.Address);

        Assert.All([inForm, inQuery], page => Assert.Equal(node.Address, page.Address));
        Assert.DoesNotContain(browser.Visited, visited => visited.Contains("://evil", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Case", "W16")]
    [InlineData("logout")]
    [InlineData("save")]
    public async Task A_post_of_another_site_is_refused(string path)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithForms());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var cookie = browser.Cookie(node.Address, AppCookie);

        var form = await browser.SubmitAsync(node.At(path), from: new Uri("http://evil.example/"));
        var script = await browser.FetchAsync(node.At(path), HttpMethod.Post, site: "cross-site");
        var sibling = await browser.FetchAsync(node.At(path), HttpMethod.Post, site: "same-site");

        // An old browser that sends neither fetch metadata nor SameSite cookies rightly.
        using var old = new HttpRequestMessage(HttpMethod.Post, node.At(path));
        old.Headers.Add("Accept", "text/html");
        var oldBrowsers = await browser.SendAsync(old);

        Assert.All([form, script, sibling, oldBrowsers], answer => Assert.Equal(HttpStatusCode.Forbidden, answer.Status));
        Assert.Equal(cookie, browser.Cookie(node.Address, AppCookie));
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    // A browser sends no fetch metadata to a server without TLS, except on its own machine.
    [Theory]
    [Trait("Case", "W16")]
    [InlineData("http://shop.example:5080", HttpStatusCode.OK)]
    [InlineData("https://shop.example:5080", HttpStatusCode.Forbidden)]
    [InlineData("http://shop.example", HttpStatusCode.Forbidden)]
    [InlineData("http://evil.example:5080", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task A_form_without_fetch_metadata_must_have_the_origin_of_the_app(string origin, HttpStatusCode expected)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithForms());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        using var post = new HttpRequestMessage(HttpMethod.Post, node.At("save"));
        post.Headers.Host = "shop.example:5080";
        post.Headers.Add("Origin", origin);

        Assert.Equal(expected, (await browser.SendAsync(post)).Status);
    }

    [Fact]
    [Trait("Case", "W16")]
    public async Task An_old_browser_signs_out_by_a_form_with_an_antiforgery_token()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithForms());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var token = TokenField().Match((await browser.GoAsync(node.At("form"))).Text).Groups["value"].Value;

        using var post = new HttpRequestMessage(HttpMethod.Post, node.At("logout"))
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("__RequestVerificationToken", token)]),
        };
        post.Headers.Add("Accept", "text/html");
        var page = await browser.SendAsync(post);

        Assert.Equal(HttpStatusCode.Found, page.Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    public async Task A_script_of_the_app_may_change_state_and_sign_out()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, WithForms());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        using var old = new HttpRequestMessage(HttpMethod.Post, node.At("save"));
        old.Headers.Add("X-Requested-With", "XMLHttpRequest");

        Assert.Equal("saved", (await browser.FetchAsync(node.At("save"), HttpMethod.Post)).Text);
        Assert.Equal("saved", (await browser.SendAsync(old)).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await browser.FetchAsync(node.At("logout"), HttpMethod.Post)).Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    public async Task A_sign_out_by_get_does_nothing()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await browser.GoAsync(node.At("logout"))).Status);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task A_sign_out_in_one_browser_leaves_the_users_other_browser_signed_in()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("orders"));

        await one.SubmitAsync(node.At("logout"), from: node.Address);

        Assert.Equal("orders of alice", (await two.FetchAsync(node.At("orders"))).Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await one.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    public async Task All_browsers_of_a_user_share_a_session_where_the_app_says_so()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup { ConfigureUsers = options => options.Scope = UserTokenScope.PerUser });
        using var one = new Browser();
        using var two = new Browser();
        await one.GoAsync(node.At("orders"));
        await two.GoAsync(node.At("orders"));
        Assert.Equal("orders of alice", (await one.FetchAsync(node.At("orders"))).Text);

        await one.SubmitAsync(node.At("logout"), from: node.Address);

        Assert.Equal(HttpStatusCode.Unauthorized, (await two.FetchAsync(node.At("orders"))).Status);
    }

    [Fact]
    public async Task Endpoints_that_ignore_filters_are_guarded_too()
    {
        var proxied = new FilterlessEndpoint();
        proxied.RequireSameOrigin();
        using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = HttpMethods.Post;
        context.Request.Headers["Sec-Fetch-Site"] = "cross-site";

        await proxied.Build()(context);

        Assert.Equal((StatusCodes.Status403Forbidden, 0), (context.Response.StatusCode, proxied.Calls));
    }

    [Fact]
    public void An_endpoint_that_cant_be_guarded_says_so()
    {
        var component = new RouteEndpointBuilder(requestDelegate: null, RoutePatternFactory.Parse("/"), order: 0) { DisplayName = "Home" };
        var endpoint = new FilterlessEndpoint();
        endpoint.RequireSameOrigin();

        var failure = Assert.Throws<InvalidOperationException>(() => endpoint.Apply(component));

        Assert.Contains("'Home'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_without_an_end_session_endpoint_is_left_to_the_apps_event()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options =>
            {
                WithoutEndSession(options);

                // As Auth0 and Cognito document it.
                options.Events.OnRedirectToIdentityProviderForSignOut = context =>
                {
                    context.Response.Redirect("/?provider-logout");
                    context.HandleResponse();
                    return Task.CompletedTask;
                };
            },
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        var page = await browser.SubmitAsync(node.At("logout"), from: node.Address, ("returnUrl", "/?bye"));

        Assert.Equal(node.At("?provider-logout"), page.Address);
    }

    [Fact]
    public async Task A_sign_out_at_a_provider_without_an_end_session_endpoint_leads_to_the_next_page()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup { ConfigureProvider = WithoutEndSession });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        var page = await browser.SubmitAsync(node.At("logout"), from: node.Address, ("returnUrl", "/?bye"));

        Assert.Equal((node.At("?bye"), "home"), (page.Address, page.Text));
        Assert.Empty(provider.IdTokenHints);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    private static void WithoutEndSession(OpenIdConnectOptions options) => options.ConfigurationManager = new Discovery(options.Authority!);

    // The worst case: a cookie that other sites' requests have with them.
    private static NodeSetup WithForms() => new()
    {
        ConfigureServices = services => services.Configure<CookieAuthenticationOptions>(
            CookieAuthenticationDefaults.AuthenticationScheme, options => options.Cookie.SameSite = SameSiteMode.None),
        Map = app =>
        {
            app.MapPost("/save", () => "saved").RequireAuthorization().RequireSameOrigin();
            app.MapGet("/form", (HttpContext context, IAntiforgery antiforgery) => Results.Content(
                $"<input name=\"__RequestVerificationToken\" value=\"{antiforgery.GetAndStoreTokens(context).RequestToken}\">", "text/html"));
        },
    };

    /// <summary>The saved tokens of the nodes, unencrypted.</summary>
    private sealed class SavedTokens : ITokenProtector
    {
        private readonly MemoryTokenStore _store = new();
        private volatile string _last = "";

        public bool HasIdToken => _last.Contains("\"id\":", StringComparison.Ordinal);

        public NodeSetup CreateSetup(bool keepIdToken, NodeSetup? other = null) => new()
        {
            Clock = other?.Time,
            Keys = other?.Keys ?? Directory.CreateTempSubdirectory("tokenrefresh-keys-").FullName,
            ConfigureUsers = options => options.KeepIdToken = keepIdToken,
            ConfigureSession = session => session.UseStore(_store).UseProtector(_ => this),
        };

        public string Protect(TokenSessionKey key, string plaintext) => _last = plaintext;

        public string Unprotect(TokenSessionKey key, string protectedText) => protectedText;
    }

    /// <summary>Applies conventions as a reverse proxy does: it knows no filters.</summary>
    private sealed class FilterlessEndpoint : IEndpointConventionBuilder
    {
        private readonly List<Action<EndpointBuilder>> _conventions = [];

        public int Calls { get; private set; }

        public void Add(Action<EndpointBuilder> convention) => _conventions.Add(convention);

        public void Apply(EndpointBuilder endpoint) => _conventions.ForEach(convention => convention(endpoint));

        public RequestDelegate Build()
        {
            var endpoint = new RouteEndpointBuilder(
                _ =>
                {
                    Calls++;
                    return Task.CompletedTask;
                },
                RoutePatternFactory.Parse("/"),
                order: 0);
            Apply(endpoint);
            return endpoint.Build().RequestDelegate!;
        }
    }

    private sealed class Discovery(string authority) : IConfigurationManager<OpenIdConnectConfiguration>
    {
        public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
        {
            var documents = new HttpDocumentRetriever { RequireHttps = false };
            var found = await OpenIdConnectConfigurationRetriever.GetAsync(authority + ".well-known/openid-configuration", documents, cancel);
            found.EndSessionEndpoint = null;
            return found;
        }

        public void RequestRefresh()
        {
        }
    }

    [GeneratedRegex("value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex TokenField();
}

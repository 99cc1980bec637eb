using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpLogging;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What a request gets that its endpoint doesn't allow: pages a redirect, scripts a status.</summary>
[Trait("Case", "W17")]
public sealed class RefusalTests
{
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;

    public static TheoryData<string, string> Scripts => new()
    {
        { "Sec-Fetch-Mode", "cors" },
        { "Sec-Fetch-Mode", "same-origin" },
        { "Accept", "application/json" },
        { "X-Requested-With", "XMLHttpRequest" },
        { "Authorization", "Bearer token" },
    };

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_script_that_lacks_a_permission_gets_a_403_with_json(string header, string value)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        using var request = new HttpRequestMessage(HttpMethod.Get, node.At("admin"));
        request.Headers.Add(header, value);

        var answer = await browser.SendAsync(request);

        Assert.Equal((HttpStatusCode.Forbidden, "application/problem+json", null), (answer.Status, answer.MediaType, answer.Location));
        Assert.Contains("\"code\":\"forbidden\"", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "application/grpc", HttpStatusCode.Unauthorized)]
    [InlineData("POST", "application/json", HttpStatusCode.Unauthorized)]
    [InlineData("DELETE", null, HttpStatusCode.Unauthorized)]
    [InlineData("POST", "application/x-www-form-urlencoded", HttpStatusCode.Found)]
    [InlineData("GET", null, HttpStatusCode.Found)]
    public async Task A_client_that_accepts_anything_is_redirected_only_if_it_can_be_a_page(string method, string? type, HttpStatusCode expected)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup());
        using var browser = new Browser();
        using var request = new HttpRequestMessage(new HttpMethod(method), node.At("any"));
        if (type is not null)
        {
            request.Content = new ByteArrayContent([]);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        Assert.Equal(expected, (await browser.SendAsync(request)).Status);
    }

    [Fact]
    public async Task A_page_that_lacks_a_permission_is_redirected_as_the_app_says()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup());
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        var page = await browser.GoAsync(node.At("admin"));

        Assert.Equal("/denied", page.Address.AbsolutePath);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    public async Task Events_that_derive_from_ours_answer_a_forbidden_script_too()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(services =>
        {
            services.AddScoped<TokenRefreshCookieEvents>();
            services.Configure<CookieAuthenticationOptions>(Cookies, options => options.EventsType = typeof(TokenRefreshCookieEvents));
        }));
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        Assert.Equal(HttpStatusCode.Forbidden, (await browser.FetchAsync(node.At("admin"))).Status);
        Assert.Equal("/denied", (await browser.GoAsync(node.At("admin"))).Address.AbsolutePath);
    }

    [Theory]
    [InlineData(Cookies, JwtBearerDefaults.AuthenticationScheme)]
    [InlineData(JwtBearerDefaults.AuthenticationScheme, Cookies)]
    [InlineData(OpenIdConnectDefaults.AuthenticationScheme, JwtBearerDefaults.AuthenticationScheme)]
    public async Task An_endpoint_with_a_bearer_scheme_beside_refuses_a_script_by_both(string first, string second)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(first: first, second: second));
        using var browser = new Browser();

        var anonymous = await browser.FetchAsync(node.At("both"));
        await browser.GoAsync(node.At("orders"));
        var forbidden = await browser.FetchAsync(node.At("both/admin"));

        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (anonymous.Status, anonymous.MediaType));
        Assert.Contains("\"code\":\"login_required\"", anonymous.Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Forbidden, "application/problem+json"), (forbidden.Status, forbidden.MediaType));
        Assert.DoesNotContain(node.Log.All, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/problem+json")]
    public Task A_content_type_that_the_app_sets_before_changes_no_refusal(string preset) => AssertRefusalsBehindAsync(app => app.Use((context, next) =>
    {
        context.Response.ContentType = preset;
        return next(context);
    }).UseAuthentication().UseAuthorization());

    [Fact]
    public Task A_middleware_that_buffers_the_body_gets_all_of_a_refusal() => AssertRefusalsBehindAsync(app => app.Use(async (context, next) =>
    {
        var body = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        await next(context);
        context.Response.Body = body;
        context.Response.ContentLength = buffer.Length;
        await body.WriteAsync(buffer.ToArray(), context.RequestAborted);
    }).UseAuthentication().UseAuthorization());

    // The schemes answer before this middleware, as in an app that doesn't call UseAuthentication and UseAuthorization itself.
    [Fact]
    public Task A_middleware_that_logs_the_body_passes_all_of_a_refusal_on() => AssertRefusalsBehindAsync(
        app => app.UseHttpLogging(), services => services.AddHttpLogging(options => options.LoggingFields = HttpLoggingFields.All));

    private static async Task AssertRefusalsBehindAsync(Action<IApplicationBuilder> pipeline, Action<IServiceCollection>? configure = null)
    {
        await using var provider = await Provider.StartAsync();
        var store = new RemoteStore();
        var setup = CreateSetup(configure, session => session.UseStore(store).UseDataProtection(), pipeline);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();

        await AssertRefusedAsync(HttpStatusCode.Unauthorized, "login_required", browser.FetchAsync(node.At("orders")));
        await AssertRefusedAsync(HttpStatusCode.Unauthorized, "login_required", browser.FetchAsync(node.At("user")));
        await AssertRefusedAsync(HttpStatusCode.Forbidden, "cross_site_request", browser.FetchAsync(node.At("logout"), HttpMethod.Post, "cross-site"));
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        await AssertRefusedAsync(HttpStatusCode.Forbidden, "forbidden", browser.FetchAsync(node.At("admin")));

        setup.Time.Advance(Provider.AccessTokenLifetime);
        provider.IsDown = true;
        await AssertRefusedAsync(HttpStatusCode.ServiceUnavailable, "temporarily_unavailable", browser.FetchAsync(node.At("orders")));

        provider.IsDown = false;
        store.IsAway = true;
        using var other = new Browser();
        var login = await other.GoAsync(node.At("orders"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "text/plain"), (login.Status, login.MediaType));
        Assert.StartsWith("Temporarily unavailable.", login.Text, StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(HttpStatusCode status, string code, Task<Page> answering)
    {
        var answer = await answering;
        Assert.Equal((status, "application/problem+json"), (answer.Status, answer.MediaType));
        using var problem = JsonDocument.Parse(answer.Text);
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
    }

    private static NodeSetup CreateSetup(
        Action<IServiceCollection>? configure = null,
        Action<TokenSessionBuilder>? configureSession = null,
        Action<IApplicationBuilder>? pipeline = null,
        string first = Cookies,
        string second = Cookies) => new()
        {
            ConfigureSession = session => configureSession?.Invoke(session),
            ConfigurePipeline = app => pipeline?.Invoke(app),
            ConfigureServices = services =>
            {
                services.AddAuthentication().AddJwtBearer(options => options.Authority = "https://login.example.com");
                services.Configure<CookieAuthenticationOptions>(Cookies, options => options.AccessDeniedPath = "/denied");
                configure?.Invoke(services);
            },
            Map = app =>
            {
                app.MapGet("/denied", () => "denied");
                app.Map("/any", () => "any").RequireAuthorization();
                app.MapGet("/admin", () => "admin").RequireAuthorization(policy => policy.RequireRole("admin"));
                app.MapGet("/both", () => "both").RequireAuthorization(policy => policy.AddAuthenticationSchemes(first, second).RequireAuthenticatedUser());
                app.MapGet("/both/admin", () => "admin").RequireAuthorization(policy => policy.AddAuthenticationSchemes(first, second).RequireRole("admin"));
            },
        };
}

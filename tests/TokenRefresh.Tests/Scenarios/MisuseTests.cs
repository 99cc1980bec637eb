using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Common mistakes of new users: an error or a log line says what to do.</summary>
public sealed class MisuseTests
{
    [Theory]
    [Trait("Case", "N1")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_of_users_has_no_session_without_a_user(bool byIndexer)
    {
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => null);

        var failure = Assert.Throws<InvalidOperationException>(() => byIndexer
            ? app.Sessions[TestApp.Name]
            : app.Services.GetRequiredKeyedService<TokenSession>(TestApp.Name));

        Assert.Contains("UserKey is set", failure.Message, StringComparison.Ordinal);
        Assert.Contains("MapInboundClaims = false", failure.Message, StringComparison.Ordinal);
    }

    // One login would be used for the requests of all users.
    [Fact]
    [Trait("Case", "N1")]
    public void A_session_of_users_cant_be_created_without_dependency_injection()
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.test/token"), ClientId = "shop", UserKey = (_, _) => "alice" };

        var failure = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.Contains("UserKey is set", failure.Message, StringComparison.Ordinal);
        Assert.Contains("AddTokenRefreshHandler", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N7")]
    public async Task A_login_without_a_refresh_token_warns_at_once_and_ends_with_that_reason()
    {
        using var logs = new CapturingLoggerProvider();
        await using var app = TestApp.Create(services: logs.Add);
        await app.Session.SignInAsync(new TokenSet(app.Tokens.Issue().AccessToken!) { ExpiresAt = app.Time.GetUtcNow().AddMinutes(5) });
        Assert.Single(logs.Messages, line => line is { EventName: "NoRefreshToken", Level: LogLevel.Warning } && line.Text.Contains("offline_access", StringComparison.Ordinal));

        app.Time.Advance(TimeSpan.FromMinutes(6));
        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        await Eventually.UntilAsync(() => !app.ReLogins.IsEmpty);
        Assert.Equal(ReLoginReason.NoRefreshToken, app.ReLogins.Single().Reason);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "N9")]
    public async Task A_session_of_client_credentials_refuses_a_sign_in()
    {
        await using var app = CreateClient();

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Session.SignInAsync(new TokenSet("access-1", "refresh-1")));

        Assert.Equal(TokenSessionState.NotLoaded, app.Session.State);
    }

    [Theory]
    [Trait("Case", "N16")]
    [InlineData("Bearer access-1", "white space at index 6")]
    [InlineData("access-1\n", "a line end at index 8")]
    [InlineData("", "is empty")]
    public async Task A_rejected_token_that_cant_be_one_is_refused(string rejected, string message)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        var failure = await Assert.ThrowsAsync<ArgumentException>(() => app.Session.GetAccessTokenAsync(rejected));

        Assert.Equal("rejectedToken", failure.ParamName);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("access-1", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "B90")]
    public async Task A_client_gets_its_token_although_the_store_is_away()
    {
        var store = new FailingStore { IsAway = true };
        await using var app = CreateClient(services => services.AddTokenSession(TestApp.Name).UseStore(store).AllowUnencryptedStore());

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("service-1", app.Api.Received.Single().Token);
    }

    [Fact]
    [Trait("Case", "N10")]
    public async Task The_line_of_a_refresh_says_why_how_long_how_many_waited_and_until_when()
    {
        using var logs = new CapturingLoggerProvider();
        await using var app = TestApp.Create(services: logs.Add);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.GetAsync();

        var line = Assert.Single(logs.Messages, line => line.EventName == "Refreshed").Text;
        Assert.Contains("because the API rejected it", line, StringComparison.Ordinal);
        Assert.Matches(@"refreshed in \d+ ms", line);
        Assert.Contains("requests that waited: 1", line, StringComparison.Ordinal);
        Assert.Contains("2030-01-01", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N11")]
    public async Task A_handler_without_dependency_injection_says_to_set_the_origins_and_nothing_of_a_named_client()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var client = new HttpClient(new TokenRefreshHandler(app.Session) { InnerHandler = app.Api });

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://api.example.com/me"), TestContext.Current.CancellationToken));

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Contains("AllowedOrigins", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("named client", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, app.Api.Calls);
    }

    [Fact]
    [Trait("Case", "N16")]
    public async Task The_only_session_of_an_app_is_injected_without_its_name()
    {
        await using var app = TestApp.Create();

        Assert.Same(app.Session, app.Services.GetRequiredService<TokenSession>());
    }

    [Fact]
    [Trait("Case", "N16")]
    public async Task One_of_several_sessions_is_injected_by_its_name_alone()
    {
        await using var app = TestApp.Create(services: services => services.AddTokenSession("stock", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
        }));

        var failure = Assert.Throws<InvalidOperationException>(() => app.Services.GetRequiredService<TokenSession>());

        Assert.Contains("[FromKeyedServices(\"orders\")] TokenSession", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'stock'", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "N16")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_inner_handler_that_returns_no_response_is_reported_as_the_platform_reports_it(bool isSignedIn)
    {
        using var nothing = new NoResponseHandler();
        await using var app = TestApp.Create(
            services: services => services.AddHttpClient(TestApp.Name).ConfigurePrimaryHttpMessageHandler(() => nothing).RemoveAllLoggers());
        if (isSignedIn)
        {
            await app.SignInAsync();
        }

        // HttpClient names the handler as the cause; otherwise it is a NullReferenceException of this library.
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.GetAsync());
    }

    [Fact]
    [Trait("Case", "S9")]
    public void A_key_that_doesnt_fit_is_reported_with_all_remedies()
    {
        var message = TokenStoreConfigurationException.Because("no such key").Message;

        Assert.Contains("restore the key", message, StringComparison.Ordinal);
        Assert.Contains("sign in again", message, StringComparison.Ordinal);
        Assert.Contains("If the key ring has got a new key, restart this process.", message, StringComparison.Ordinal);
    }

    private static TestApp CreateClient(Action<IServiceCollection>? services = null)
    {
        var app = TestApp.Create(
            options =>
            {
                options.GrantType = TokenGrantType.ClientCredentials;
                options.ClientSecret = "secret";
            },
            services);
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage
        {
            Content = new StringContent("""{"access_token":"service-1","token_type":"Bearer"}""", Encoding.UTF8, "application/json"),
        }));
        app.Api.Answer(_ => new HttpResponseMessage());
        return app;
    }

    private sealed class NoResponseHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult<HttpResponseMessage>(null!);
    }
}

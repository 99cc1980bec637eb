using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>
/// An outer handler sends the same request object again, after a success too. Our header on it is recognized: by the string itself, or by its
/// text if an inner handler has parsed it.
/// </summary>
[Trait("Case", "C39")]
public sealed class HeaderOwnershipTests
{
    private static readonly Uri Elsewhere = new("https://elsewhere.example.net/");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task To_another_host_the_token_doesnt_go_along(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (_, request) => request.RequestUri = Elsewhere);

        using var response = await app.GetAsync();

        Assert.Equal(["Bearer access-1", null], app.Api.Received.Select(request => request.Authorization));
        Assert.Equal(Elsewhere, app.Api.Received[1].Uri);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_the_token_switched_off_it_doesnt_go_along(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (_, request) => request.WithoutAccessToken());

        using var response = await app.GetAsync();

        Assert.Equal(["Bearer access-1", null], app.Api.Received.Select(request => request.Authorization));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task As_another_user_it_is_sent_with_that_users_token(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (_, request) => request.UseTokenUser("b"), options => options.UserKey = (_, _) => "a");
        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());
        await app.Sessions[TestApp.Name, "b"].SignInAsync(app.Tokens.Issue());

        using var response = await app.GetAsync();

        Assert.Equal(["access-2", "access-3"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task As_a_user_who_isnt_signed_in_it_is_sent_without_a_token(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (_, request) => request.UseTokenUser("b"), options => options.UserKey = (_, _) => "a");
        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());

        using var response = await app.GetAsync();

        Assert.Equal(["access-2", null], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_user_it_is_sent_without_a_token(bool isParsed)
    {
        string? user = "a";
        await using var app = await SignedInAsync(isParsed, (_, _) => user = null, options => options.UserKey = (_, _) => user);
        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());

        using var response = await app.GetAsync();

        Assert.Equal(["access-2", null], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Under_a_newer_login_of_the_same_session_it_is_answered_locally(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (app, _) => app.Session.SignInAsync(app.Tokens.Issue()).GetAwaiter().GetResult());

        using var response = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.LoginChanged), (response.StatusCode, response.GetTokenRefreshOutcome()));
        Assert.Equal("access-1", Assert.Single(app.Api.Received).Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_sign_out_it_is_answered_locally(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (app, _) => app.Session.SignOutAsync().GetAwaiter().GetResult());

        using var response = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.SignedOut), (response.StatusCode, response.GetTokenRefreshOutcome()));
        Assert.Single(app.Api.Received);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 5)]
    [InlineData(true, 5)]
    public async Task After_refreshes_it_is_sent_with_the_current_token(bool isParsed, int refreshes)
    {
        await using var app = await SignedInAsync(isParsed, (app, _) =>
        {
            for (var i = 0; i < refreshes; i++)
            {
                app.Session.RefreshAsync().GetAwaiter().GetResult();
            }
        });

        using var response = await app.GetAsync();

        Assert.Equal(["access-1", $"access-{1 + refreshes}"], app.Api.Received.Select(request => request.Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_header_that_the_outer_handler_sets_is_its_own(bool isParsed)
    {
        await using var app = await SignedInAsync(isParsed, (_, request) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "other"));

        using var response = await app.GetAsync();

        Assert.Equal(["Bearer access-1", "Bearer other"], app.Api.Received.Select(request => request.Authorization));
    }

#if !NETSTANDARD_BUILD // That build sees a parsed copy of the header, which only the session that sent it recognizes.
    [Fact]
    public async Task A_request_that_moves_to_another_client_is_sent_with_that_clients_token()
    {
        await using var app = await SignedInAsync(isParsed: false, (_, _) => { });
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop", AllowedOrigins = { new Uri("https://api.example.com") } };
        await using var other = TokenSession.Create(options);
        await other.SignInAsync(new TokenSet("other-access"));
        using var api = new RecordingApi();
        using var mine = new HttpMessageInvoker(new TokenRefreshHandler(other) { InnerHandler = api });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("https://api.example.com/me"));
        using var first = await mine.SendAsync(request, CancellationToken.None);

        using var second = await app.Client.SendAsync(request);

        Assert.Equal(["Bearer other-access"], api.Received);
        Assert.All(app.Api.Received, received => Assert.Equal("access-1", received.Token));
    }
#endif

    [Fact]
    public async Task Nothing_is_stored_in_a_request_that_succeeds()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("me", UriKind.Relative));

        using var response = await app.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(request.Options);
    }

    private static async Task<TestApp> SignedInAsync(bool isParsed, Action<TestApp, HttpRequestMessage> between, Action<TokenRefreshOptions>? configure = null)
    {
        TestApp? app = null;
        app = TestApp.Create(configure, services => services.AddHttpClient(TestApp.Name).ConfigureAdditionalHttpMessageHandlers((handlers, _) =>
        {
            handlers.Insert(0, new SecondTry(request => between(app!, request)));
            if (isParsed)
            {
                handlers.Add(new Parsing());
            }
        }));
        await app.SignInAsync();
        return app;
    }

    private sealed class SecondTry(Action<HttpRequestMessage> between) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            between(request);
            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Looks at the header, as a logging handler does. From then on its text is a new string each time.</summary>
    private sealed class Parsing : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = request.Headers.Authorization?.Scheme;
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class RecordingApi : HttpMessageHandler
    {
        public ConcurrentQueue<string?> Received { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Received.Enqueue(request.Headers.NonValidated["Authorization"].ToString());
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request });
        }
    }
}

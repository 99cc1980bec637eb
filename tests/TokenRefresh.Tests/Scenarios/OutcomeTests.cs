using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A response says why its 401 is one.</summary>
[Trait("Case", "N2")]
public sealed class OutcomeTests
{
    [Fact]
    public async Task A_success_has_nothing_to_report()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var response = await app.GetAsync();

        Assert.Equal(TokenRefreshOutcome.None, response.GetTokenRefreshOutcome());
    }

    [Fact]
    public async Task A_401_of_an_ended_login_says_so_and_so_does_the_local_one_after_it()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var first = await app.GetAsync();
        using var local = await app.GetAsync();

        Assert.Equal(1, app.Api.Calls);
        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.LoginEnded), (first.StatusCode, first.GetTokenRefreshOutcome()));
        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.LoginEnded), (local.StatusCode, local.GetTokenRefreshOutcome()));
    }

    [Fact]
    public async Task A_401_of_a_handler_that_names_no_request_says_so_too()
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(app.Session) { InnerHandler = new NamelessHandler() });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("https://api.example.com/a"));

        using var response = await invoker.SendAsync(request, CancellationToken.None);

        Assert.Same(request, response.RequestMessage);
        Assert.Equal(TokenRefreshOutcome.SignedOut, response.GetTokenRefreshOutcome());
    }

    [Fact]
    public async Task A_401_while_no_user_is_signed_in_says_so()
    {
        await using var app = TestApp.Create();

        using var response = await app.GetAsync();

        Assert.Equal(TokenRefreshOutcome.SignedOut, response.GetTokenRefreshOutcome());
    }

    [Theory]
    [InlineData(false, TokenRefreshOutcome.SignedOut)]
    [InlineData(true, TokenRefreshOutcome.LoginChanged)]
    public async Task A_401_whose_login_was_replaced_while_it_waited_says_so(bool signsInAgain, TokenRefreshOutcome expected)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);

        await (signsInAgain ? app.SignInAsync() : app.Session.SignOutAsync());
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(expected, response.GetTokenRefreshOutcome());
    }

    [Fact]
    public async Task A_401_of_a_request_without_a_user_says_so()
    {
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => null);

        using var response = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.NoUser), (response.StatusCode, response.GetTokenRefreshOutcome()));
    }

    [Fact]
    public async Task A_401_for_a_new_token_says_so_at_the_resend_and_within_the_interval()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.RejectEverything();

        using var resent = await app.GetAsync();
        using var within = await app.GetAsync();

        Assert.Equal(3, app.Api.Calls);
        Assert.Equal(TokenRefreshOutcome.RejectedAfterRefresh, resent.GetTokenRefreshOutcome());
        Assert.Equal(TokenRefreshOutcome.RejectedAfterRefresh, within.GetTokenRefreshOutcome());
    }

    [Fact]
    public async Task A_401_for_content_that_cant_be_sent_twice_says_so()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.Client.PostAsync(new Uri("orders", UriKind.Relative), new StreamContent(new ScriptedBody([1])));

        Assert.Equal(TokenRefreshOutcome.NotReplayable, response.GetTokenRefreshOutcome());
    }

    [Theory]
    [InlineData("Bearer error=\"insufficient_scope\"")]
    [InlineData("Bearer error=\"insufficient_user_authentication\"")]
    public async Task A_401_with_another_challenge_says_so(string challenge)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Api.Answer(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
            return response;
        });

        using var response = await app.GetAsync();

        Assert.Equal(TokenRefreshOutcome.OtherChallenge, response.GetTokenRefreshOutcome());
    }

    [Fact]
    public async Task A_401_of_another_origin_has_nothing_to_report()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        using var response = await app.Client.GetAsync(new Uri("https://elsewhere.example.net/"));

        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.None), (response.StatusCode, response.GetTokenRefreshOutcome()));
    }

    [Fact]
    public async Task The_outcome_of_one_response_isnt_that_of_the_next_one_for_the_same_request()
    {
        await using var app = TestApp.Create(services: services => services.AddHttpClient(TestApp.Name)
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Insert(0, new SecondTry(request => request.RequestUri = new Uri("https://elsewhere.example.net/")))));

        using var response = await app.GetAsync();

        Assert.Equal(2, app.Api.Calls);
        Assert.Equal((HttpStatusCode.Unauthorized, TokenRefreshOutcome.None), (response.StatusCode, response.GetTokenRefreshOutcome()));
    }

    [Fact]
    public async Task A_success_at_the_second_try_of_an_outer_handler_has_nothing_to_report()
    {
        TestApp? app = null;
        await using var created = app = TestApp.Create(services: services => services.AddHttpClient(TestApp.Name)
            .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Insert(0, new SecondTry(_ => app!.SignInAsync().GetAwaiter().GetResult()))));

        using var response = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, TokenRefreshOutcome.None), (response.StatusCode, response.GetTokenRefreshOutcome()));
    }

    [Fact]
    public void A_response_without_a_request_has_nothing_to_report()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);

        Assert.Equal(TokenRefreshOutcome.None, response.GetTokenRefreshOutcome());
        Assert.Throws<ArgumentNullException>(() => ((HttpResponseMessage)null!).GetTokenRefreshOutcome());
    }

    private sealed class SecondTry(Action<HttpRequestMessage> between) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, System.Threading.CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            between(request);
            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Rejects everything, and doesn't say which request.</summary>
    private sealed class NamelessHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized));
    }
}

using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Which tokens are revoked when the login changes during a refresh, and what waits for the revocation: nothing does.</summary>
public sealed class RevocationAfterChangeTests
{
    private readonly ConcurrentQueue<string> _revoked = new();
    private readonly Gate _revocations = new();
    private TestApp? _app;

    [Fact]
    [Trait("Case", "A3")]
    public async Task A_late_result_of_an_old_login_doesnt_revoke_the_refresh_token_that_the_new_one_uses()
    {
        _revocations.Open();
        await using var app = Create();
        await app.Session.SignInAsync(new TokenSet("access-1", "refresh-1"));

        // A server that doesn't rotate: the same refresh token stays in use.
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"access-2","expires_in":300}""");
        var gate = app.Tokens.Hold();
        var refresh = app.Session.RefreshAsync();
        await gate.ArrivedAsync(1);

        await app.Session.SignInAsync(new TokenSet("access-1", "refresh-1"));
        gate.Open();
        await refresh.WaitAsync(Gate.FailSafe, TimeProvider.System);

        // The disposal waits for every revocation.
        await app.Services.DisposeAsync();
        Assert.Empty(_revoked);
    }

    [Fact]
    [Trait("Case", "A3")]
    public async Task A_callback_that_signs_in_and_returns_the_same_tokens_keeps_them()
    {
        _revocations.Open();
        await using var app = Create(configure: options => options.SignInInteractively = async (_, cancellationToken) =>
        {
            var tokens = _app!.Tokens.Issue();
            await _app.Session.SignInAsync(tokens, cancellationToken);
            return tokens;
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var first = await app.GetAsync();
        using var second = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, "access-2"), (second.StatusCode, await app.Session.GetAccessTokenAsync()));
        await app.Services.DisposeAsync();
        Assert.Empty(_revoked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Case", "A13")]
    public async Task No_request_and_no_next_refresh_waits_for_a_revocation(bool isSignOut)
    {
        var store = new MemoryTokenStore();
        await using var app = Create(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);

        // Another process changes the login while the endpoint is called. No revocation is answered.
        await (isSignOut ? store.Other().SignOutAsync() : store.Other().SignInAsync(app.Tokens.Issue()));
        gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await app.Session.SignInAsync(app.Tokens.Issue()).WaitAsync(Gate.FailSafe, TimeProvider.System);
        await app.Session.RefreshAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        _revocations.Open();
        await app.Services.DisposeAsync();
        Assert.Equal(isSignOut ? 1 : 0, _revoked.Count);
    }

    [Fact]
    [Trait("Case", "A13")]
    public async Task Unsaved_tokens_of_a_login_that_another_process_signed_out_are_revoked()
    {
        _revocations.Open();
        var store = new FailingStore();
        await using var app = Create(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;
        using var unsaved = await app.GetAsync();
        await store.Other().SignOutAsync();

        store.SavesFail = false;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => app.Session.State == TokenSessionState.SignedOut);

        await app.Services.DisposeAsync();
        Assert.Contains("refresh-2", Assert.Single(_revoked), StringComparison.Ordinal);
    }

    private TestApp Create(ITokenStore? store = null, Action<TokenRefreshOptions>? configure = null) => _app = TestApp.Create(
        options =>
        {
            options.RevocationEndpoint = new Uri("https://login.example.com/revoke");
            configure?.Invoke(options);
        },
        services =>
        {
            var session = services.AddTokenSession(TestApp.Name).AllowUnencryptedStore();
            session.TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => new RevocationEndpoint(this));
            if (store is not null)
            {
                session.UseStore(store);
            }
        });

    private sealed class RevocationEndpoint(RevocationAfterChangeTests test) : HttpMessageHandler
    {
        private readonly Lazy<HttpMessageInvoker> _tokens = new(() => new HttpMessageInvoker(test._app!.Tokens, disposeHandler: false));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != "/revoke")
            {
                return await _tokens.Value.SendAsync(request, cancellationToken);
            }

            test._revoked.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            await test._revocations.PassAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}

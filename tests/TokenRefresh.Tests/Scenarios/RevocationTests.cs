using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A sign-out revokes the tokens at the server (RFC 7009) if the option is set.</summary>
public sealed class RevocationTests
{
    private readonly ConcurrentQueue<string> _revoked = new();
    private HttpStatusCode _answer = HttpStatusCode.OK;
    private Gate? _hold;

    [Fact]
    public async Task A_sign_out_revokes_the_refresh_token()
    {
        await using var app = Create();
        await app.SignInAsync();

        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["token=refresh-1&token_type_hint=refresh_token&client_id=shop"], _revoked);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
    }

    [Fact]
    public async Task Simple_JWT_is_revoked_at_its_blacklist_view()
    {
        await using var app = Create(mode: TokenServerMode.SimpleJwt);
        await app.SignInAsync();

        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["""{"refresh":"refresh-1"}"""], _revoked);
    }

    [Fact]
    public async Task Without_a_refresh_token_the_access_token_is_revoked()
    {
        await using var app = Create();
        await app.Session.SignInAsync(new TokenSet("access-only"));

        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["token=access-only&token_type_hint=access_token&client_id=shop"], _revoked);
    }

    [Fact]
    public async Task A_saved_login_that_was_never_used_is_revoked_too()
    {
        var store = new MemoryTokenStore();
        await using (var earlier = Create(store))
        {
            await earlier.SignInAsync();
        }

        await using var app = Create(store);
        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["token=refresh-1&token_type_hint=refresh_token&client_id=shop"], _revoked);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task The_pair_that_a_flight_brings_after_the_sign_out_is_revoked()
    {
        await using var app = Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);

        var signOut = app.Session.SignOutAsync();
        app.Tokens.Release();
        await signOut;
        await app.DisposeAsync();

        using var response = await request;
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Contains("token=refresh-2&token_type_hint=refresh_token&client_id=shop", _revoked);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.Redirect)]
    [InlineData((HttpStatusCode)0)]
    public async Task A_failed_revocation_doesnt_stop_the_sign_out(HttpStatusCode answer)
    {
        _answer = answer;
        await using var app = Create();
        await app.SignInAsync();

        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
        Assert.Single(_revoked);
    }

    [Fact]
    public async Task Simple_JWT_has_nothing_to_blacklist_without_a_refresh_token()
    {
        await using var app = Create(mode: TokenServerMode.SimpleJwt);
        await app.Session.SignInAsync(new TokenSet("access-only"));

        await app.Session.SignOutAsync();

        Assert.Empty(_revoked);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
    }

    [Fact]
    [Trait("Case", "B84")]
    public async Task A_sign_out_does_not_wait_for_a_server_that_never_answers()
    {
        using var log = new CapturingLoggerProvider();
        _hold = new Gate();
        await using var app = Create(services: log.Add);
        await app.SignInAsync();

        await app.Session.SignOutAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);
        await _hold.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.UntilAsync(() => log.Messages.Any(message => message.EventName == "RevocationFailed"));

        Assert.Contains("gave no response in time", Assert.Single(log.Messages, message => message.EventName == "RevocationFailed").Text, StringComparison.Ordinal);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
    }

    [Fact]
    public async Task A_disposal_that_begins_during_a_sign_out_waits_for_the_revocation()
    {
        var store = new SlowSignOuts();
        _hold = new Gate();
        var app = Create(store);
        await app.SignInAsync();
        var signOut = app.Session.SignOutAsync();
        await store.SignOuts.ArrivedAsync(1);

        var disposal = app.Services.DisposeAsync().AsTask();
        store.SignOuts.Open();
        await signOut;
        await _hold.ArrivedAsync(1);

        // The disposal still admits work that follows from running work: the revocation is running.
        var work = app.Session.Context.Services.Work;
        Assert.True(work.TryBeginFollowUp());
        work.End();
        _hold.Open();
        await disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Single(_revoked);
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_login_nothing_is_revoked()
    {
        await using var app = Create(new MemoryTokenStore());
        Assert.Equal(TokenSessionState.NotLoaded, app.Session.State);

        await app.Session.SignOutAsync();

        Assert.Empty(_revoked);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
    }

    [Fact]
    public async Task A_saved_login_that_cant_be_read_is_an_error_of_the_sign_out_and_revokes_nothing()
    {
        await using var app = Create(new FailingStore { IsAway = true });

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Contains("Call SignOutAsync again", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_revoked);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
    }

    [Fact]
    public async Task A_saved_login_that_cant_be_decrypted_here_can_be_signed_out()
    {
        var store = new MemoryTokenStore();
        await new OtherProcess(store, SavedTokens.Key, new OtherKey()).SignInAsync(new TokenSet("access-1", "refresh-1"));
        await using var app = Create(store);

        await app.Session.SignOutAsync();

        Assert.Empty(_revoked);
        Assert.Equal(LoginStatus.SignedOut, (await store.LoadAsync()).Status);
    }

    [Fact]
    public async Task A_session_made_by_hand_revokes_too()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            RevocationEndpoint = new Uri("https://login.example.com/revoke"),
            ClientId = "shop",
        };
        using var server = new RevocationView(this, () => throw new InvalidOperationException("Nothing is refreshed here."));
        await using var session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpointHandler = server });
        await session.SignInAsync(new TokenSet("access-1", "refresh-1"));

        await session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["token=refresh-1&token_type_hint=refresh_token&client_id=shop"], _revoked);
    }

    [Fact]
    public async Task Without_the_option_nothing_is_revoked_and_the_store_isnt_read_for_it()
    {
        var store = new UnreadableStore();
        await using var app = Create(store, configure: options => options.RevocationEndpoint = null);
        await app.SignInAsync();

        await app.Session.SignOutAsync();

        Assert.Empty(_revoked);
        Assert.Equal(0, store.Reads);
    }

    [Fact]
    public async Task Where_the_store_cant_be_read_what_this_process_knows_is_revoked()
    {
        var store = new UnreadableStore();
        await using var app = Create(store);
        await app.SignInAsync();

        await app.Session.SignOutAsync();
        await RevokedAsync();

        Assert.Equal(["token=refresh-1&token_type_hint=refresh_token&client_id=shop"], _revoked);
        Assert.Equal(0, store.Reads);
    }

    // Revocation runs in the background.
    private Task RevokedAsync() => Eventually.UntilAsync(() => !_revoked.IsEmpty);

    private TestApp Create(
        ITokenStore? store = null, TokenServerMode mode = TokenServerMode.ReuseIsRejected, Action<TokenRefreshOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        TestApp? app = null;
        app = TestApp.Create(
            options =>
            {
                options.RevocationEndpoint = new Uri("https://login.example.com/revoke");
                configure?.Invoke(options);
            },
            collection =>
            {
                var session = collection.AddTokenSession(TestApp.Name).AllowUnencryptedStore();
                session.TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => new RevocationView(this, () => app!.Tokens));
                if (store is not null)
                {
                    session.UseStore(store);
                }

                services?.Invoke(collection);
            },
            mode);
        return app;
    }

    /// <summary>A store that takes everything and shows nothing.</summary>
    private sealed class UnreadableStore : StoreAround
    {
        public int Reads { get; private set; }

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Reads++;
            throw new IOException("Not now.");
        }
    }

    /// <summary>Listens to what is revoked, and leaves the rest to the token server.</summary>
    private sealed class RevocationView(RevocationTests cases, Func<FakeTokenServer> tokens) : HttpMessageHandler
    {
        private readonly Lazy<HttpMessageInvoker> _tokens = new(() => new HttpMessageInvoker(tokens(), disposeHandler: false));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != "/revoke")
            {
                return await _tokens.Value.SendAsync(request, cancellationToken);
            }

            cases._revoked.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            if (cases._hold is { } hold)
            {
                await hold.PassAsync(cancellationToken);
            }

            return cases._answer == (HttpStatusCode)0 ? throw new HttpRequestException("refused") : new HttpResponseMessage(cases._answer);
        }
    }
}

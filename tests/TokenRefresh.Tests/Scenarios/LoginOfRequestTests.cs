using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A request belongs to the login that it was made under.</summary>
public sealed class LoginOfRequestTests
{
    [Fact]
    [Trait("Case", "A5")]
    public async Task A_request_made_while_the_user_is_asked_to_sign_in_is_not_sent_as_another_user_who_signs_in()
    {
        var asked = new Gate();
        await using var app = TestApp.Create(options => options.SignInInteractively = async (_, ct) =>
        {
            await asked.PassAsync(ct);
            return null;
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        var before = app.GetAsync();
        await asked.ArrivedAsync(1);
        var during = app.Client.PostAsync(new Uri("transfers", UriKind.Relative), new StringContent("from the first user's account"));
        Assert.False(during.IsCompleted);

        await app.SignInAsync();
        using var first = await before.WaitAsync(Gate.FailSafe, TimeProvider.System);
        using var second = await during.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (first.StatusCode, second.StatusCode));
        Assert.DoesNotContain(app.Api.Received, request => request.Method == HttpMethod.Post);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "A5")]
    public async Task A_request_that_waits_for_the_saved_login_is_not_sent_as_another_user_who_signs_in(bool isExpired)
    {
        var (request, app) = await SignInWhileTheLoginIsLoadedAsync(new TokenSet("saved-access", "saved-refresh"), isExpired);
        await using var _ = app;

        using var response = await request;

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(TokenRefreshOutcome.LoginChanged, response.GetTokenRefreshOutcome());
        Assert.Empty(app.Api.Received);
        using var next = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    [Trait("Case", "A5")]
    public async Task A_request_whose_load_finds_the_sign_in_before_it_is_published_is_not_sent_as_that_user()
    {
        var store = new MemoryTokenStore();
        await using (var earlier = TestApp.Over(store))
        {
            await earlier.Session.SignInAsync(new TokenSet("saved-access", "saved-refresh"));
        }

        var slow = new SlowSignIn(store) { Gate = new Gate() };
        await using var app = TestApp.Over(slow);
        var request = app.Client.PostAsync(new Uri("transfers", UriKind.Relative), new StringContent("from the saved user's account"));
        await slow.Gate.ArrivedAsync(1);
        var signIn = app.SignInAsync();
        await slow.Written.ArrivedAsync(1);

        // The record is the new user's, and the session doesn't know it yet.
        slow.Gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        slow.Written.Open();
        await signIn;

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(app.Api.Received);
        using var next = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    [Trait("Case", "A5")]
    public async Task A_request_that_waits_for_a_saved_login_that_cant_be_decrypted_is_not_sent_as_another_user_who_signs_in()
    {
        var store = new MemoryTokenStore();
        await new OtherProcess(store, SavedTokens.Key, new OtherKey()).SignInAsync(new TokenSet("saved-access", "saved-refresh"));
        var (request, app) = await SignInWhileTheLoginIsLoadedAsync(store, isExpired: false);
        await using var _ = app;

        using var response = await request;

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(app.Api.Received);
    }

    [Theory]
    [Trait("Case", "A5")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_whose_body_is_read_while_the_login_changes_is_not_sent_as_the_next_user(bool isElsewhere)
    {
        var store = new MemoryTokenStore();
        await store.Other().SignInAsync(new TokenSet("saved-access", "saved-refresh"));
        await using var app = TestApp.Over(store, options => options.MaxReplayBufferSize = 1_000);
        var body = new Gate();
        var request = app.Client.PostAsync(new Uri("transfers", UriKind.Relative), new GatedContent(body));
        await body.ArrivedAsync(1);

        Assert.Equal("saved-access", await app.Session.GetAccessTokenAsync());
        if (isElsewhere)
        {
            await store.Other().SignInAsync(app.Tokens.Issue(), LoginId.New().ToString());
            await app.Session.LookIntoStoreAsync(CancellationToken.None);
        }
        else
        {
            await app.Session.SignOutAsync();
            await app.SignInAsync();
        }

        body.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(app.Api.Received);
    }

    [Fact]
    public async Task A_request_at_the_start_of_an_app_without_a_saved_login_is_sent_as_the_user_who_signs_in()
    {
        var (request, app) = await SignInWhileTheLoginIsLoadedAsync(saved: null, isExpired: false);
        await using var _ = app;

        using var response = await request;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_request_that_was_sent_before_another_user_signed_in_does_not_wait_for_that_users_refresh()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var sent = await app.SendAtOnceAsync(1);
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromHours(2));

        app.Api.Release();
        using var response = await sent.Single().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(TokenRefreshOutcome.LoginChanged, response.GetTokenRefreshOutcome());
        Assert.Equal(0, app.Tokens.Calls);
    }

    private static async Task<(Task<HttpResponseMessage> Request, TestApp App)> SignInWhileTheLoginIsLoadedAsync(TokenSet? saved, bool isExpired)
    {
        var store = new MemoryTokenStore();
        if (saved is not null)
        {
            await using var earlier = TestApp.Over(store);
            await earlier.Session.SignInAsync(saved);
        }

        return await SignInWhileTheLoginIsLoadedAsync(store, isExpired);
    }

    private static async Task<(Task<HttpResponseMessage> Request, TestApp App)> SignInWhileTheLoginIsLoadedAsync(ITokenStore store, bool isExpired)
    {
        var slow = new GatedReads(store) { Gate = new Gate() };
        var app = TestApp.Over(slow);
        var request = app.GetAsync();
        await slow.Gate.ArrivedAsync(1);
        var issued = app.Tokens.Issue();
        await app.Session.SignInAsync(new TokenSet(issued.AccessToken!, issued.RefreshToken)
        {
            ExpiresAt = isExpired ? app.Time.GetUtcNow() : null,
        });
        slow.Gate.Open();
        return (request.WaitAsync(Gate.FailSafe, TimeProvider.System), app);
    }

    /// <summary>A body that is read when its gate opens.</summary>
    private sealed class GatedContent(Gate gate) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await gate.PassAsync(CancellationToken.None);
            await stream.WriteAsync("from the saved user's account"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 29;
            return true;
        }
    }

    /// <summary>A store whose answer to a sign-in comes late.</summary>
    private sealed class SlowSignIn(ITokenStore store) : StoreAround(store)
    {
        public Gate Gate { get; init; } = new();

        public Gate Written { get; } = new();

        public override async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            await Gate.PassAsync(cancellationToken);
            return await base.ReadAsync(key, cancellationToken);
        }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            if (write.Kind == StoreWriteKind.SignIn && stored?.Text == write.Text)
            {
                await Written.PassAsync(cancellationToken);
            }

            return stored;
        }
    }
}

using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A request belongs to the login that it was made under, and the last sign-in counts.</summary>
[Trait("Case", "C37")]
public sealed class LoginChangeTests
{
    [Fact]
    public async Task A_sign_in_wins_over_a_pair_that_couldnt_be_saved_meanwhile()
    {
        var store = new SlowStore();
        await using var app = TestApp.Over(store);
        store.SignIns.Open();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SignIns = new Gate();
        var ofA = app.GetAsync();
        await store.Saves.ArrivedAsync(1);

        // B is saved, and not yet published, when A's pair can't be saved and is.
        var b = app.Tokens.Issue();
        var signingIn = app.Session.SignInAsync(b);
        await store.SignIns.ArrivedAsync(1);
        store.Saves.Open();
        using var answer = await ofA.WaitAsync(Gate.FailSafe, TimeProvider.System);
        store.SignIns.Open();
        await signingIn;
        using var ofB = await app.GetAsync();

        Assert.Equal(b.AccessToken, app.Api.Received[^1].Token);
    }

    [Theory]
    [InlineData(TokenSessionState.SignedIn, true)]
    [InlineData(TokenSessionState.SignedIn, false)]
    [InlineData(TokenSessionState.SignedOut, false)]
    [InlineData(TokenSessionState.NotLoaded, false)]
    public async Task After_a_sign_out_that_could_not_be_saved_a_later_sign_in_of_another_process_is_found(TokenSessionState before, bool isCancelled)
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        if (before != TokenSessionState.NotLoaded)
        {
            Assert.Null(await app.Session.GetAccessTokenAsync());
        }

        if (before == TokenSessionState.SignedIn)
        {
            await app.SignInAsync();
        }

        await FailToSignOutAsync(app, store, isCancelled);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await app.Session.GetAccessTokenAsync());
        var tokens = app.Tokens.Issue();

        await store.Other().SignInAsync(tokens);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(tokens.AccessToken, app.Api.Received[^1].Token);
    }

    [Fact]
    public async Task After_a_sign_out_that_could_not_be_saved_the_login_in_the_store_is_not_used()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        await FailToSignOutAsync(app, store, isCancelled: false);
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());
        store.IsAway = false;

        await store.RotateElsewhereAsync(app.Tokens.RefreshFromAnotherClient("refresh-1"));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        using var response = await app.GetAsync();

        Assert.Null(app.Api.Received[^1].Authorization);
        Assert.Equal(TokenSessionState.SignedOut, app.Session.State);
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());
        await app.Session.SignOutAsync();
        Assert.Null(await store.RefreshTokenAsync());
    }

    [Fact]
    public async Task After_a_sign_out_that_could_not_be_saved_a_login_that_was_not_loaded_is_not_used()
    {
        var store = new FailingStore();
        await store.Other().SignInAsync(new TokenSet("access-1", "refresh-1"), LoginId.New().ToString());
        await using var app = TestApp.Over(store);
        await FailToSignOutAsync(app, store, isCancelled: false);

        for (var read = 0; read < 2; read++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Null(await app.Session.GetAccessTokenAsync());
        }

        await store.Other().SignInAsync(new TokenSet("access-2", "refresh-2"), LoginId.New().ToString());
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task After_a_sign_out_that_could_not_be_saved_a_store_that_goes_back_signs_nobody_in()
    {
        var records = new MemoryTokenStore();
        var empty = new MemoryTokenStore();
        var store = new ReplaceableStore(records);
        await using var app = TestApp.Over(store);
        await records.Other().SignInAsync(new TokenSet("earlier", "refresh-0"), LoginId.New().ToString());
        var backup = (await records.ReadAsync(SavedTokens.Key, CancellationToken.None))!.Value.Text;
        await app.SignInAsync();
        store.Current = new FailingStore { IsAway = true };
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());

        store.Current = empty;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await app.Session.GetAccessTokenAsync());

        store.Current = records;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await app.Session.GetAccessTokenAsync());

        await empty.CompareExchangeAsync(SavedTokens.Key, backup, null, null, CancellationToken.None);
        store.Current = empty;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task A_sign_out_while_the_login_is_loaded_calls_no_endpoint()
    {
        var records = new MemoryTokenStore();
        await records.Other().SignInAsync(new TokenSet("access-1", "refresh-1"));
        var store = new GatedReads(records) { Gate = new Gate() };
        await using var app = TestApp.Over(store);
        var request = app.GetAsync();
        await store.Gate.ArrivedAsync(1);

        await app.Session.SignOutAsync();
        store.Gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        // The disposal waits for the flight that loaded the login.
        await app.Services.DisposeAsync();
        Assert.Equal(0, app.Tokens.Calls);
        Assert.Null(await records.RefreshTokenAsync());
    }

    [Theory]
    [InlineData(ReLoginResult.Return401)]
    [InlineData(ReLoginResult.Throw)]
    public async Task A_request_held_before_it_was_sent_isnt_sent_as_who_signs_in_meanwhile(ReLoginResult result)
    {
        await using var app = TestApp.Create(options => options.ReLoginResult = result);
        await app.SignInAsync();
        app.Time.Advance(TimeSpan.FromMinutes(6));
        var refresh = app.Tokens.Hold();
        var ofA = app.GetAsync();
        await refresh.ArrivedAsync(1);

        await app.SignInAsync();
        var answer = await Scene.Result.OfAsync(ofA.WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal(0, app.Api.Calls);
        Assert.Equal(result == ReLoginResult.Return401 ? HttpStatusCode.Unauthorized : null, answer.Status);
        Assert.Equal(result == ReLoginResult.Throw, answer.Exception is TokenRefreshException { Failure: TokenRefreshFailure.ReLoginRequired });
    }

    [Theory]
    [InlineData(ReLoginResult.Return401)]
    [InlineData(ReLoginResult.Throw)]
    public async Task A_refused_request_isnt_sent_again_as_who_signs_in_meanwhile(ReLoginResult result)
    {
        await using var app = TestApp.Create(options => options.ReLoginResult = result);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        var ofA = app.GetAsync();
        await refresh.ArrivedAsync(1);

        await app.SignInAsync();
        var answer = await Scene.Result.OfAsync(ofA.WaitAsync(Gate.FailSafe, TimeProvider.System));

        Assert.Equal("access-1", Assert.Single(app.Api.Received).Token);
        Assert.Equal(result == ReLoginResult.Return401 ? HttpStatusCode.Unauthorized : null, answer.Status);
        Assert.Equal(result == ReLoginResult.Throw, answer.Exception is TokenRefreshException { Failure: TokenRefreshFailure.ReLoginRequired });
    }

    [Fact]
    [Trait("Case", "C13")]
    public async Task Under_throw_a_401_that_a_new_login_doesnt_solve_stays_a_401()
    {
        await using var app = TestApp.Create(options => options.ReLoginResult = ReLoginResult.Throw);
        await app.SignInAsync();
        app.Api.RejectEverything();
        using var first = await app.GetAsync();

        // Refreshed a moment ago: nothing is refreshed for this one.
        using var second = await app.GetAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (first.StatusCode, second.StatusCode));
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_request_that_is_being_buffered_at_the_sign_out_is_not_sent_without_a_token()
    {
        await using var app = TestApp.Create(options => options.MaxReplayBufferSize = 1024);
        await app.SignInAsync();
        var content = new SlowContent();
        var request = app.Client.PostAsync(new Uri("upload", UriKind.Relative), content);
        await content.Gate.ArrivedAsync(1);

        await app.Session.SignOutAsync();
        content.Gate.Open();
        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        // It was made under a login, and gets what every request of that login gets.
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(app.Api.Received);
    }

    [Fact]
    [Trait("Case", "C19")]
    public async Task A_request_that_is_cancelled_while_its_content_is_buffered_ends_at_once()
    {
        await using var app = TestApp.Create(options => options.MaxReplayBufferSize = 1024);
        await app.SignInAsync();
        var content = new SlowContent();
        using var cancellation = new CancellationTokenSource();
        var request = app.Client.PostAsync(new Uri("upload", UriKind.Relative), content, cancellation.Token);
        await content.Gate.ArrivedAsync(1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.Equal(0, app.Api.Calls);
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(null)]
    public async Task A_retry_from_outside_isnt_sent_as_who_signed_in_since_the_first_attempt(HttpStatusCode? failure)
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        await app.SignInAsync();
        app.Api.Answer(_ => failure is { } status ? new HttpResponseMessage(status) : throw new HttpRequestException("cut"));
        using var client = new HttpMessageInvoker(new TokenRefreshHandler(app.Session) { InnerHandler = app.Api }, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://api.example.com/orders");
        await Scene.Result.OfAsync(client.SendAsync(request, default));

        await app.SignInAsync();
        var answer = await Scene.Result.OfAsync(client.SendAsync(request, default));

        Assert.Equal("access-1", Assert.Single(app.Api.Received).Token);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
    }

    /// <summary>One-shot content of known length that comes when the gate opens, and heeds no cancellation.</summary>
    private sealed class SlowContent : HttpContent
    {
        public Gate Gate { get; } = new();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await Gate.PassAsync();
            await stream.WriteAsync("late"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 4;
            return true;
        }
    }

    /// <summary>A store that is another one later.</summary>
    private sealed class ReplaceableStore(ITokenStore first) : StoreAround
    {
        public ITokenStore Current { get; set; } = first;

        protected override ITokenStore Inner => Current;
    }

    private static async Task FailToSignOutAsync(TestApp app, FailingStore store, bool isCancelled)
    {
        store.IsAway = true;
        await Assert.ThrowsAnyAsync<Exception>(() => app.Session.SignOutAsync(new CancellationToken(isCancelled)));
        store.IsAway = false;
    }

    /// <summary>A store whose saves fail and whose sign-ins return late, when their gate opens.</summary>
    private sealed class SlowStore : StoreAround
    {
        public Gate Saves { get; } = new();

        public Gate SignIns { get; set; } = new();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind == StoreWriteKind.Save)
            {
                await Saves.PassAsync(cancellationToken);
                throw new IOException("The disk is full.");
            }

            var stored = await base.WriteAsync(write, cancellationToken);
            if (write.Kind == StoreWriteKind.SignIn && stored?.Text == write.Text)
            {
                await SignIns.PassAsync(cancellationToken);
            }

            return stored;
        }
    }
}

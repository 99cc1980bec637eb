using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Refreshing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Service to service: the client's own token, through the same session and the same flight.</summary>
public sealed class ClientCredentialsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    public async Task The_first_requests_ask_for_one_token(int count)
    {
        await using var app = Create();

        var statuses = await TestApp.StatusesOf(Enumerable.Range(0, count).Select(_ => Task.Run(() => app.GetAsync())));

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(["grant_type=client_credentials&scope=orders"], app.Tokens.ReceivedBodies);
        Assert.All(app.Api.Received, request => Assert.Equal("Bearer service-1", request.Authorization));
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
        await Eventually.UntilAsync(() => app.Refreshes.Count == 1);
    }

    [Fact]
    public async Task Many_refused_requests_ask_for_one_new_token()
    {
        await using var app = Create(expiresIn: 3600);
        using var first = await app.GetAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));
        var requests = await app.SendAtOnceAsync(200);
        app.Api.Answer(request => new HttpResponseMessage(request.Token == "service-1" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK));
        app.Api.Release();

        var statuses = await TestApp.StatusesOf(requests);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(2, app.Tokens.Calls);
        Assert.DoesNotContain("refresh_token", app.Tokens.ReceivedBodies[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forced_refresh_asks_once_also_when_there_was_no_token_yet()
    {
        await using var app = Create();

        await app.Session.RefreshAsync();
        Assert.Equal(1, app.Tokens.Calls);
        await app.Session.RefreshAsync();

        Assert.Equal(2, app.Tokens.Calls);
        Assert.Equal("service-2", await app.Session.GetAccessTokenAsync());
    }

    [Fact]
    [Trait("Case", "A20")]
    public async Task A_forced_refresh_between_the_publication_and_the_end_of_the_first_refresh_has_something_to_refresh_with()
    {
        await using var app = Create();
        var context = app.Session.Context;
        var gate = app.Tokens.Hold();
        var first = app.Session.GetAccessTokenAsync();
        await gate.ArrivedAsync(1);

        // As the leader does between its last two steps: the token is published, and the flight still open.
        var published = new SnapshotFactory(context.Services).Refreshed(LoginId.Client, 1, new TokenSet("service-1"), revision: null);
        Assert.True(context.TryPublish(context.Current, published));
        var forced = app.Session.RefreshAsync();
        gate.Open();
        await first;
        await forced.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(2, app.Tokens.Calls);
    }

    [Theory]
    [InlineData("invalid_client", 401)]
    [InlineData("invalid_grant", 400)]
    [InlineData("login_required", 400)]
    public async Task A_refused_client_is_a_configuration_failure_and_no_re_login(string error, int status)
    {
        await using var app = Create();
        app.Tokens.RespondAlways((HttpStatusCode)status, $$"""{"error":"{{error}}"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Equal(error, exception.Error);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Empty(app.ReLogins);
        Assert.Empty(app.Api.Received);
    }

    [Fact]
    public async Task An_old_token_is_renewed_ahead_and_kept_while_that_fails()
    {
        await using var app = Create(expiresIn: 300);
        using var first = await app.GetAsync();
        app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable, "");
        app.Time.Advance(TimeSpan.FromMinutes(4.5));

        using var second = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal("Bearer service-1", app.Api.Received[^1].Authorization);
    }

    [Fact]
    public async Task A_sign_out_forgets_the_token_and_the_next_request_asks_for_another()
    {
        await using var app = Create();
        using var first = await app.GetAsync();

        await app.Session.SignOutAsync();
        using var second = await app.GetAsync();

        Assert.Equal(["Bearer service-1", "Bearer service-2"], app.Api.Received.Select(request => request.Authorization));
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task A_first_token_that_comes_after_a_sign_out_is_not_used()
    {
        var store = new MemoryTokenStore();
        await using var app = Create(store: store);
        var gate = app.Tokens.Hold();
        using var cancelled = new CancellationTokenSource();
        var request = app.Session.GetAccessTokenAsync(cancelled.Token);
        await gate.ArrivedAsync(1);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        await app.Session.SignOutAsync();
        var disposal = app.Services.DisposeAsync();
        gate.Open();
        await disposal;

        Assert.Equal(LoginStatus.SignedOut, (await app.Session.Context.Store.LoadAsync(HeldLogin.None, CancellationToken.None)).Status);
    }

    [Fact]
    public async Task Two_containers_on_one_store_ask_for_one_token()
    {
        var store = new MemoryTokenStore();
        await using var a = Create(store: store);
        await using var b = Create(store: store);

        using var first = await a.GetAsync();
        using var second = await b.GetAsync();

        Assert.Equal(1, a.Tokens.Calls);
        Assert.Equal(0, b.Tokens.Calls);
        Assert.Equal("Bearer service-1", b.Api.Received.Single().Authorization);
    }

    [Fact]
    [Trait("Case", "C21")]
    public async Task A_first_token_that_comes_after_the_deadline_is_dropped_and_the_next_request_asks_anew()
    {
        var endpoint = new DeafEndpoint();
        await using var app = Create(store: new MemoryTokenStore(), services: services => services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint));
        var request = app.GetAsync();
        await endpoint.Calls.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(30));
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => request.WaitAsync(Gate.FailSafe, TimeProvider.System));
        await endpoint.AnswerAsync();
        app.Time.Advance(TimeSpan.FromSeconds(2));
        using var next = await app.GetAsync();

        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal("Bearer token-2", Assert.Single(app.Api.Received).Authorization);
    }

    [Fact]
    [Trait("Case", "C34")]
    public async Task Two_containers_that_ask_at_once_go_on_with_the_token_that_was_saved_last()
    {
        var store = new HastyStore();
        await using var a = Create(store: store);
        await using var b = Create(store: store);
        b.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"service-b","token_type":"Bearer"}""");
        var (answerA, answerB) = (a.Tokens.Hold(), b.Tokens.Hold());
        var (firstA, firstB) = (a.GetAsync(), b.GetAsync());
        await answerA.ArrivedAsync(1);
        await answerB.ArrivedAsync(1);
        answerA.Open();
        using var ofA = await firstA;
        answerB.Open();
        using var ofB = await firstB;

        a.Time.Advance(TimeSpan.FromMinutes(1));
        a.Api.Answer(request => new HttpResponseMessage(request.Token == "service-b" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized));
        using var next = await a.GetAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(["Bearer service-1", "Bearer service-1", "Bearer service-b"], a.Api.Received.Select(request => request.Authorization));
        Assert.Equal(1, a.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "C13")]
    public async Task A_first_token_that_the_API_refuses_is_not_replaced_over_and_over()
    {
        await using var app = Create();
        app.Api.RejectEverything();

        for (var i = 0; i < 5; i++)
        {
            using var response = await app.GetAsync();
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_refresh_token_that_comes_along_is_not_used()
    {
        await using var app = Create();
        app.Tokens.RespondOnce(HttpStatusCode.OK, """{"access_token":"service-0","refresh_token":"refresh-0","token_type":"Bearer"}""");
        using var first = await app.GetAsync();

        await app.Session.RefreshAsync();

        Assert.Equal(2, app.Tokens.Calls);
        Assert.All(app.Tokens.ReceivedBodies, body => Assert.Equal("grant_type=client_credentials&scope=orders", body));
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("user")]
    [InlineData("protocol")]
    [InlineData("login")]
    public void What_doesnt_fit_the_grant_is_said(string mistake)
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            ClientId = "worker",
            ClientSecret = mistake == "secret" ? null : "secret",
            GrantType = TokenGrantType.ClientCredentials,
            UserKey = mistake == "user" ? (_, _) => "42" : null,
            Protocol = mistake == "protocol" ? TokenEndpointProtocol.SimpleJwt : TokenEndpointProtocol.OAuth,
            SignInInteractively = mistake == "login" ? (_, _) => Task.FromResult<TokenSet?>(null) : null,
        };

        var exception = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.Contains("GrantType is ClientCredentials", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.OK)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [Trait("Case", "B77")]
    public async Task After_a_sign_out_of_one_process_the_first_request_of_all_asks_once(HttpStatusCode first)
    {
        var store = new MemoryTokenStore();
        await using var cluster = TestCluster.Start(8, _ => store, options =>
        {
            options.GrantType = TokenGrantType.ClientCredentials;
            options.ClientSecret = "secret";
            options.ConfigureRefreshPipeline = _ => { };
        });
        cluster.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent("""{"access_token":"own-1","token_type":"Bearer","expires_in":300}"""),
        }));
        await cluster[0].Session.GetAccessTokenAsync();
        await cluster[0].Session.SignOutAsync();
        if (first != HttpStatusCode.OK)
        {
            // The lease of a request that failed is given back: the next one is made at once.
            cluster.Tokens.RespondOnce(first);
            await Assert.ThrowsAsync<TokenRefreshException>(() => cluster[0].Session.GetAccessTokenAsync());
        }

        var before = cluster.Tokens.Calls;
        var gate = cluster.Tokens.Hold();
        var leading = cluster[1].Session.GetAccessTokenAsync();
        await gate.ArrivedAsync(1);
        var following = cluster.Nodes.Skip(2).Select(node => node.Session.GetAccessTokenAsync()).ToList();
        gate.Open();
        var tokens = await Task.WhenAll(following.Prepend(leading)).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.All(tokens, token => Assert.Equal("own-1", token));
        Assert.Equal(1, cluster.Tokens.Calls - before);
    }

    [Theory]
    [InlineData(StoreWriteKind.Acquire)]
    [InlineData(StoreWriteKind.SignIn)]
    public async Task A_store_that_hangs_delays_a_token_by_five_seconds(StoreWriteKind hanging)
    {
        var store = new HangingStore(hanging);
        await using var app = Create(expiresIn: 300, store: store);
        var request = app.GetAsync();
        await store.Hangs.ArrivedAsync(1);
        Assert.False(request.IsCompleted);

        app.Time.Advance(TimeSpan.FromSeconds(5));

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
    }

    [Fact]
    public async Task A_store_that_hangs_at_a_refresh_delays_the_new_token_by_five_seconds()
    {
        var store = new HangingStore(hanging: null);
        await using var app = Create(expiresIn: 300, store: store);
        using var first = await app.GetAsync();
        store.Hanging = StoreWriteKind.Acquire;
        app.Time.Advance(TimeSpan.FromMinutes(10));
        var request = app.GetAsync();
        await store.Hangs.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(5));

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("Bearer service-2", app.Api.Received[^1].Authorization);
    }

    [Fact]
    [Trait("Case", "A1")]
    public async Task After_a_sleep_the_first_token_is_requested_under_a_new_lease()
    {
        var store = new HastyStore();
        ImpatientTime? clock = null;
        await using var app = Create(store: store, services: services => clock = ImpatientTime.In(services));
        app.Tokens.RespondOnce((_, _) =>
        {
            // The connection is lost as the lid closes.
            clock!.Slept = TimeSpan.FromHours(1);
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        });

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>A store that moves its clock instead of waiting.</summary>
    private sealed class HastyStore(FakeTimeProvider clock) : StoreAround(new MemoryTokenStore(clock))
    {
        public HastyStore()
            : this(new FakeTimeProvider())
        {
        }

        public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
        {
            clock.Advance(timeout);
            return default;
        }
    }

    /// <summary>A store that never answers one kind of write.</summary>
    private sealed class HangingStore(StoreWriteKind? hanging) : StoreAround
    {
        public StoreWriteKind? Hanging { get; set; } = hanging;

        public Gate Hangs { get; } = new();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind == Hanging)
            {
                await Hangs.PassAsync(CancellationToken.None);
            }

            return await base.WriteAsync(write, cancellationToken);
        }
    }

    private static TestApp Create(int? expiresIn = null, ITokenStore? store = null, Action<IServiceCollection>? services = null)
    {
        var number = 0;
        var app = TestApp.Create(
            options =>
            {
                options.GrantType = TokenGrantType.ClientCredentials;
                options.ClientSecret = "secret";
                options.Scope = "orders";
            },
            collection =>
            {
                if (store is not null)
                {
                    collection.AddTokenSession(TestApp.Name).UseStore(store).AllowUnencryptedStore();
                }

                services?.Invoke(collection);
            });
        var lifetime = expiresIn is null ? "" : $",\"expires_in\":{expiresIn}";
        app.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent($"{{\"access_token\":\"service-{++number}\",\"token_type\":\"Bearer\"{lifetime}}}", Encoding.UTF8, "application/json"),
        }));
        app.Api.Answer(request => new HttpResponseMessage(request.Token is null ? HttpStatusCode.Unauthorized : HttpStatusCode.OK));
        return app;
    }
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The machine sleeps during a flight: timers stand still, the clock doesn't, and another process takes the lease over.</summary>
[Trait("Case", "A1")]
public sealed class LeaseAfterSleepTests
{
    private readonly FakeTimeProvider _storesClock = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryTokenStore _store;

    public LeaseAfterSleepTests() => _store = new MemoryTokenStore(_storesClock);

    [Fact]
    public async Task After_a_sleep_between_two_attempts_the_old_refresh_token_is_not_sent_again()
    {
        ImpatientTime? clock = null;
        await using var app = TestApp.Over(_store, services: services => clock = ImpatientTime.In(services));
        await SignInAsync(app);
        TokenSet? others = null;
        app.Tokens.RespondOnce(async (_, _) =>
        {
            // The connection is lost as the lid closes. A second attempt would follow in half a second.
            others = await SleepWhileAnotherProcessRefreshesAsync(app, () => clock!.Slept = TimeSpan.FromHours(1));
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        });

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(others!.AccessToken, app.Api.Received[^1].Token);
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task After_a_sleep_between_the_lease_and_the_first_attempt_the_old_refresh_token_is_not_sent()
    {
        var store = new PausingStore(_store);
        WrongTime? clock = null;
        await using var app = TestApp.Over(store, services: services => clock = WrongTime.In(services));
        await SignInAsync(app);
        store.Leases = new Gate();
        var gate = store.Leases;
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);

        var others = await SleepWhileAnotherProcessRefreshesAsync(app, () => clock!.Ahead = TimeSpan.FromHours(1));
        gate.Open();

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(others.AccessToken, app.Api.Received[^1].Token);
        Assert.Empty(app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task After_a_sleep_while_the_connection_is_opened_the_old_refresh_token_is_not_sent()
    {
        WrongTime? clock = null;
        var connecting = new ConnectingHandler();
        await using var app = TestApp.Over(_store, services: services =>
        {
            clock = WrongTime.In(services);
            services.AddTokenSession(TestApp.Name).TokenEndpointClient.AddHttpMessageHandler(() => connecting);
        });
        await SignInAsync(app);
        TokenSet? others = null;
        connecting.Once = async () => others = await SleepWhileAnotherProcessRefreshesAsync(app, () => clock!.Ahead = TimeSpan.FromHours(1));

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(others!.AccessToken, app.Api.Received[^1].Token);
        Assert.Empty(app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task After_a_sleep_the_flight_continues_under_the_lease_that_it_still_has()
    {
        ImpatientTime? clock = null;
        await using var app = TestApp.Over(_store, services: services => clock = ImpatientTime.In(services));
        await SignInAsync(app);
        app.Tokens.RespondOnce((_, _) =>
        {
            // By the store's clock the lease still lasts.
            clock!.Slept = TimeSpan.FromHours(1);
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        });

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    private static async Task SignInAsync(TestApp app)
    {
        // Tokens whose end isn't known: no clock says that they have expired.
        app.Tokens.Lifetime = null;
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
    }

    private async Task<TokenSet> SleepWhileAnotherProcessRefreshesAsync(TestApp app, Action sleep)
    {
        sleep();
        _storesClock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(LoginStatus.Succeeded, (await _store.Other().AcquireAsync()).Status);
        var others = app.Tokens.RefreshFromAnotherClient("refresh-1");
        await _store.Other().SaveAsync(others);
        return others;
    }

    /// <summary>Stands in for a connection that takes time to open.</summary>
    private sealed class ConnectingHandler : DelegatingHandler
    {
        public Func<Task>? Once { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Once is { } connect)
            {
                Once = null;
                await connect();
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>A store that has written a lease, and answers when its gate opens.</summary>
    private sealed class PausingStore(ITokenStore store) : StoreAround(store)
    {
        public Gate? Leases { get; set; }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            if (write.Kind == StoreWriteKind.Acquire && Leases is { } gate)
            {
                Leases = null;
                await gate.PassAsync(CancellationToken.None);
            }

            return stored;
        }
    }
}

using System.IO.Compression;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A flight that is running when the app ends is finished.</summary>
[Trait("Case", "C22")]
public sealed class ShutdownTests
{
    [Fact]
    public async Task A_flight_that_hasnt_called_its_endpoint_yet_still_can()
    {
        var store = new SlowStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        var refreshing = app.Session.RefreshAsync();
        await store.Acquires.ArrivedAsync(1);

        var disposing = app.Services.DisposeAsync().AsTask();
        store.Acquires.Open();
        await refreshing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        await disposing;
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    public async Task A_container_that_creates_no_more_clients_leaves_the_last_flight_its_own()
    {
        var store = new SlowStore();
        var factory = new EndingFactory();
        await using var app = TestApp.Over(store, services: services =>
        {
            var real = services.Last(service => service.ServiceType == typeof(IHttpClientFactory));
            services.AddSingleton<IHttpClientFactory>(provider => factory.Around((IHttpClientFactory)real.ImplementationFactory!(provider)));
        });
        await app.SignInAsync();
        var refreshing = app.Session.RefreshAsync();
        await store.Acquires.ArrivedAsync(1);

        var disposing = app.Services.DisposeAsync().AsTask();
        factory.HasEnded = true;
        store.Acquires.Open();
        await refreshing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        await disposing;
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "C26")]
    public async Task After_the_end_of_its_session_a_one_shot_request_still_gets_its_401()
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        await app.Sessions.DisposeAsync();
        using var client = new HttpMessageInvoker(new TokenRefreshHandler(app.Session) { InnerHandler = app.Api }, disposeHandler: false);
        using var oneShot = new StreamContent(new DeflateStream(new MemoryStream(), CompressionMode.Decompress));
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://api.example.com/upload") { Content = oneShot };

        using var response = await client.SendAsync(request, default);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    [Trait("Case", "N5")]
    public async Task The_end_of_the_app_ends_the_pause_before_a_retry_and_makes_no_other_attempt()
    {
        var clock = new RetryClock();
        await using var app = TestApp.Create(services: services => services.AddSingleton<TimeProvider>(clock));
        await app.SignInAsync();
        app.Tokens.RespondAlways(HttpStatusCode.ServiceUnavailable);
        var refreshing = app.Session.RefreshAsync();
        await clock.Pauses.ArrivedAsync(1);

        await app.Services.DisposeAsync().AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.True((await Assert.ThrowsAsync<TokenRefreshException>(() => refreshing)).IsTransient);
        Assert.Equal(1, app.Tokens.Calls);
    }

    /// <summary>A clock that stands still, and knows when the pause before a retry has begun.</summary>
    private sealed class RetryClock : FakeTimeProvider
    {
        public Gate Pauses { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromSeconds(1))
            {
                _ = Pauses.PassAsync(CancellationToken.None);
            }

            return timer;
        }
    }

    /// <summary>The factory of a container that has been disposed of.</summary>
    private sealed class EndingFactory : IHttpClientFactory
    {
        private IHttpClientFactory? _inner;

        public bool HasEnded { get; set; }

        public EndingFactory Around(IHttpClientFactory inner)
        {
            _inner = inner;
            return this;
        }

        public HttpClient CreateClient(string name) => HasEnded ? throw new ObjectDisposedException(nameof(IServiceProvider)) : _inner!.CreateClient(name);
    }

    /// <summary>A store that grants a lease when its gate opens.</summary>
    private sealed class SlowStore : StoreAround
    {
        public Gate Acquires { get; } = new();

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            if (write.Kind == StoreWriteKind.Acquire)
            {
                await Acquires.PassAsync(cancellationToken);
            }

            return await base.WriteAsync(write, cancellationToken);
        }
    }
}

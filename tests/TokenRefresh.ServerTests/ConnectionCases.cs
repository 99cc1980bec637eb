using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.ServerTests;

/// <summary>What a held request does to its connection.</summary>
public sealed class ConnectionCases
{
    private static readonly TimeSpan FailSafe = TimeSpan.FromSeconds(120);

    [Theory]
    [Trait("Case", "C27")]
    [InlineData(100, true)]
    [InlineData(20_000, false)]
    [InlineData(200_000, true)]
    [InlineData(200_000, false)]
    public async Task A_thousand_refused_requests_on_one_connection_neither_hang_nor_open_more(int bodySize, bool isChunked)
    {
        await using var api = await RejectingApi.StartAsync(bodySize, isChunked);
        await using var session = TokenSession.Create(
            new TokenRefreshOptions { AllowedOrigins = { api.Address }, MinRefreshInterval = TimeSpan.Zero }, new TokenSessionSettings
            {
                TokenEndpoint = api,
            });
        await session.SignInAsync(new TokenSet("token-0", "refresh"));
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler { MaxConnectionsPerServer = 1 } });

        for (var cycle = 0; cycle < 250; cycle++)
        {
            api.RejectCurrent();
            var statuses = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
            {
                using var response = await client.GetAsync(api.Address);
                return response.StatusCode;
            })).WaitAsync(FailSafe, TimeProvider.System);

            Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        }

        // A body too large to be read is cut off with its connection, once per refused request and no more.
        Assert.InRange(api.Connections, 1, bodySize > 64 * 1024 ? 1 + (250 * 4) : 5);
        Assert.InRange(api.OpenConnections, 0, 2);
    }

    [Fact]
    [Trait("Case", "C27")]
    public async Task Many_connections_under_refusals_are_never_used_twice_at_once()
    {
        await using var api = await RejectingApi.StartAsync(bodySize: 183, isChunked: false, isSlow: true);
        await using var session = TokenSession.Create(
            new TokenRefreshOptions { AllowedOrigins = { api.Address }, MinRefreshInterval = TimeSpan.Zero }, new TokenSessionSettings
            {
                TokenEndpoint = api,
            });
        await session.SignInAsync(new TokenSet("token-0", "refresh"));
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() }) { Timeout = FailSafe };

        for (var cycle = 0; cycle < 300; cycle++)
        {
            api.RejectCurrent();
            var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(number => client.GetStringAsync(new Uri(api.Address, $"?{number}"))));

            Assert.Equal(Enumerable.Range(0, 30).Select(number => $"?{number}"), answers);
        }
    }

    /// <summary>Accepts one token at a time, answers any other with a body to match, and counts its connections. Gives out tokens itself.</summary>
    private sealed class RejectingApi : ITokenEndpoint, IAsyncDisposable
    {
        private readonly int _bodySize;
        private readonly bool _isChunked;
        private readonly bool _isSlow;
        private WebApplication? _app;
        private int _accepted;
        private int _connections;
        private int _open;

        private RejectingApi(int bodySize, bool isChunked, bool isSlow)
        {
            _isSlow = isSlow;
            _bodySize = bodySize;
            _isChunked = isChunked;
        }

        public Uri Address => new(_app!.Urls.Single());

        public int Connections => Volatile.Read(ref _connections);

        public int OpenConnections => Volatile.Read(ref _open);

        public static async Task<RejectingApi> StartAsync(int bodySize, bool isChunked, bool isSlow = false)
        {
            var api = new RejectingApi(bodySize, isChunked, isSlow);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => async connection =>
                {
                    Interlocked.Increment(ref api._connections);
                    Interlocked.Increment(ref api._open);
                    await next(connection);
                    Interlocked.Decrement(ref api._open);
                });
            }));
            api._app = builder.Build();
            api._app.Run(api.AnswerAsync);
            await api._app.StartAsync();
            return api;
        }

        public void RejectCurrent() => Interlocked.Increment(ref _accepted);

        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken) =>
            Task.FromResult(TokenEndpointResult.Succeeded(new TokenSet(string.Create(CultureInfo.InvariantCulture, $"token-{Volatile.Read(ref _accepted)}"))));

        public async ValueTask DisposeAsync() => await _app!.DisposeAsync();

        private async Task AnswerAsync(HttpContext context)
        {
            var isAccepted = context.Request.Headers.Authorization == string.Create(CultureInfo.InvariantCulture, $"Bearer token-{Volatile.Read(ref _accepted)}");
            if (isAccepted)
            {
                await context.Response.WriteAsync(context.Request.QueryString.Value ?? "");
                return;
            }

            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            if (!_isChunked)
            {
                context.Response.ContentLength = _bodySize;
            }

            if (_isSlow)
            {
                // The headers first: the body is still on its way when the refresh is done.
                await context.Response.StartAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            }

            await context.Response.Body.WriteAsync(new byte[_bodySize]);
        }
    }
}

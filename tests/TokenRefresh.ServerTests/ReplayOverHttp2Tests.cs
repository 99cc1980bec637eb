using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.ServerTests;

/// <summary>Kestrel over HTTP/2 rejects an upload before it has arrived.</summary>
public sealed class ReplayOverHttp2Tests : IAsyncLifetime
{
    private const int Length = 4 * 1024 * 1024;

    private readonly FakeTokenServer _tokens = new();
    private readonly Gate _rejected = new();
    private WebApplication _server = null!;
    private TokenSession _session = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = Http2.CreateServer();
        _server.MapPost("/upload", ReceiveAsync);
        await _server.StartAsync();
        var address = new Uri(_server.Urls.Single());

        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop", AllowedOrigins = { address } };
        _session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpointHandler = _tokens });
        await _session.SignInAsync(_tokens.Issue());
        _tokens.ExpireAccessTokens();
        _client = Http2.CreateClient(_session, address);
    }

    [Theory]
    [Trait("Case", "B69")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Content_of_the_apps_own_kind_is_never_read_by_two_sends_at_once(bool heedsCancellation)
    {
        var refreshed = new Gate();
        _session.TokensRefreshed += (_, _) => refreshed.Open();
        using var content = new Upload(_rejected, refreshed, heedsCancellation);

        using var response = await _client.PostAsync(new Uri("upload", UriKind.Relative), content).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Length.ToString(System.Globalization.CultureInfo.InvariantCulture), await response.Content.ReadAsStringAsync());
        Assert.Equal(1, content.MostAtOnce);
        _tokens.AssertRefreshes(1);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _session.DisposeAsync();
        await _server.DisposeAsync();
        _tokens.Dispose();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        if (!_tokens.Accepts(context.Request.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal)))
        {
            context.Response.StatusCode = 401;
            await context.Response.CompleteAsync();
            await _rejected.PassAsync();
            return;
        }

        var buffer = new byte[64 * 1024];
        var received = 0L;
        int count;
        while ((count = await context.Request.Body.ReadAsync(buffer)) > 0)
        {
            received += count;
        }

        await context.Response.WriteAsync(received.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private sealed class Upload(Gate rejected, Gate refreshed, bool heedsCancellation) : HttpContent, IReplayableContent
    {
        private int _atOnce;

        public bool CanReplay => true;

        public int MostAtOnce { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _atOnce));
            try
            {
                await WriteAsync(stream, heedsCancellation ? cancellationToken : default);
            }
            finally
            {
                // Long enough for a second send to begin, if nothing held it back.
                await refreshed.PassAsync(CancellationToken.None);
                for (var i = 0; i < 10_000; i++)
                {
                    await Task.Yield();
                }

                Interlocked.Decrement(ref _atOnce);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Length;
            return true;
        }

        private async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
        {
            var piece = new byte[64 * 1024];
            for (var sent = 0; sent < Length; sent += piece.Length)
            {
                await stream.WriteAsync(piece, cancellationToken);
                await stream.FlushAsync(cancellationToken);
                if (sent == 0)
                {
                    await rejected.ArrivedAsync(1).WaitAsync(cancellationToken);
                    rejected.Open();
                }
            }
        }
    }
}

using BenchmarkDotNet.Attributes;
using TokenRefresh.Benchmarks.Yardsticks;

namespace TokenRefresh.Benchmarks;

/// <summary>A POST of 1 MB that is refused and sent again, beside one that is sent twice by hand.</summary>
[MemoryDiagnoser]
public class ReplayBenchmarks
{
    private readonly byte[] _body = new byte[1024 * 1024];
    private readonly HttpMessageInvoker _bare = new(new ReadingApi());
    private HttpMessageInvoker _guarded = null!;
    private TokenSession _session = null!;

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _session = await Clients.SignInAsync(StubApi.Address, new InstantEndpoint(), "old", options => options.MinRefreshInterval = TimeSpan.Zero);
        _guarded = new HttpMessageInvoker(new TokenRefreshHandler(_session) { InnerHandler = new ReadingApi() });
    }

    [Benchmark(Baseline = true)]
    public async Task SentTwiceByHandAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, StubApi.Address) { Content = new ByteArrayContent(_body) };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer old");
        (await _bare.SendAsync(request, CancellationToken.None)).Dispose();
        request.Headers.Remove("Authorization");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer new");
        (await _bare.SendAsync(request, CancellationToken.None)).Dispose();
    }

    [Benchmark]
    public async Task RefusedAndReplayedAsync()
    {
        await _session.SignInAsync(new TokenSet("old", "refresh"));
        using var request = new HttpRequestMessage(HttpMethod.Post, StubApi.Address) { Content = new ByteArrayContent(_body) };
        (await _guarded.SendAsync(request, CancellationToken.None)).Dispose();
    }

    /// <summary>Reads what it is sent, and then answers like the stub.</summary>
    private sealed class ReadingApi() : DelegatingHandler(new StubApi())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class InstantEndpoint : ITokenEndpoint
    {
        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken) =>
            Task.FromResult(TokenEndpointResult.Succeeded(new TokenSet("new", "refresh")));
    }
}

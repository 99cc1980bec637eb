using System.Net;
using System.Text;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Costs;

/// <summary>What a token call allocates besides the tokens themselves.</summary>
[Collection("Costs")]
public sealed class TokenCallCostTests
{
    private const int Limit = 10 * 1024;

    [Fact]
    [Trait("Case", "B28")]
    public async Task A_small_response_costs_less_than_10_KB_also_the_first_time()
    {
        using var client = new HttpClient(new Server("""{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":300}"""));
        var endpoint = new HttpTokenEndpoint(
            new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" }, () => client, discovery: null, TimeProvider.System);

        // The first call of all compiles the code. A buffer that is larger than the pool's is new in each call.
        await AskAsync(endpoint);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await AskAsync(endpoint);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated} bytes");
        Assert.InRange(allocated, 1, Limit);
    }

    private static async Task AskAsync(HttpTokenEndpoint endpoint)
    {
        var result = await endpoint.RequestTokenAsync(new TokenEndpointRequest(new TokenSessionKey("orders"), "r", scope: null), CancellationToken.None);
        Assert.Equal(TokenEndpointOutcome.Succeeded, result.Outcome);
    }

    private sealed class Server(string body) : HttpMessageHandler
    {
        private readonly byte[] _body = Encoding.UTF8.GetBytes(body);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(_body) });
    }
}

using System.Net;
using System.Text;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

public sealed class TokenRevocationTests
{
    [Theory]
    [Trait("Case", "C32")]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 200, "{}", true)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 401, """{"detail":"Token is blacklisted","code":"token_not_valid"}""", true)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 401, """{"type":"client_error","errors":[{"code":"token_not_valid","detail":"…","attr":"detail"}]}""", true)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 401, """{"detail":"Authentication credentials were not provided."}""", false)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 401, "", false)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 401, "<html>", false)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 400, """{"code":"token_not_valid"}""", false)]
    [InlineData(TokenEndpointProtocol.SimpleJwt, 500, """{"code":"token_not_valid"}""", false)]
    [InlineData(TokenEndpointProtocol.OAuth, 401, """{"error":"invalid_client","code":"token_not_valid"}""", false)]
    public async Task A_token_that_was_dead_before_counts_as_revoked(TokenEndpointProtocol protocol, int status, string body, bool isRevoked)
    {
        var options = new TokenRefreshOptions { ClientId = "shop", Protocol = protocol, RevocationEndpoint = new Uri("https://login.example.com/revoke") };
        using var view = new View(status, body);
        using var client = new HttpClient(view);
        var revocation = TokenRevocation.For(options, () => client, discovery: null)!;

        var result = await revocation.RevokeAsync(new TokenSet("access-1", "refresh-1"), TestContext.Current.CancellationToken);

        Assert.Equal(isRevoked, result.IsRevoked);
        Assert.Equal(isRevoked ? null : $"the revocation endpoint https://login.example.com/revoke answered {status}.", result.Failure);
        Assert.Equal(1, view.Calls);
    }

    [Theory]
    [InlineData("timeout", "gave no response in time.")]
    [InlineData("own", "Another session has no token.")]
    [InlineData("network", "can't be reached (HttpRequestException).")]
    public async Task A_revocation_that_fails_says_how(string kind, string expected)
    {
        var options = new TokenRefreshOptions { ClientId = "shop", RevocationEndpoint = new Uri("https://login.example.com/revoke") };
        Exception failure = kind switch
        {
            "timeout" => new OperationCanceledException(),
            "own" => new TokenRefreshException(TokenRefreshFailure.Transient, "Another session has no token."),
            _ => new HttpRequestException("canary"),
        };
        var revocation = TokenRevocation.For(options, () => throw failure, discovery: null)!;

        var result = await revocation.RevokeAsync(new TokenSet("access-1", "refresh-1"), TestContext.Current.CancellationToken);

        Assert.False(result.IsRevoked);
        Assert.EndsWith(expected, result.Failure, StringComparison.Ordinal);
    }

    private sealed class View(int status, string body) : HttpMessageHandler
    {
        public int Calls { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
        }
    }
}

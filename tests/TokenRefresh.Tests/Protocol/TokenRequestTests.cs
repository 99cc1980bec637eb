using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

/// <summary>What a token server receives, to the letter.</summary>
public sealed class TokenRequestTests
{
    private static readonly TokenSessionKey Key = new("orders");

    [Theory]
    [Trait("Case", "A26")]
    [InlineData("r 1", null, null, null, "grant_type=refresh_token&refresh_token=r+1&client_id=shop", null)]
    [InlineData("r1", "", null, null, "grant_type=refresh_token&refresh_token=r1&client_id=shop", null)]
    [InlineData("r1", "read write", null, null, "grant_type=refresh_token&refresh_token=r1&scope=read+write&client_id=shop", null)]
    [InlineData(null, "read", "s:1", null, "grant_type=client_credentials&scope=read", "shop:s%3A1")]
    [InlineData("r1", null, "", null, "grant_type=refresh_token&refresh_token=r1&client_id=shop", null)]
    [InlineData("r1", null, "", ClientAuthentication.None, "grant_type=refresh_token&refresh_token=r1&client_id=shop", null)]
    [InlineData("r1", null, "s1", null, "grant_type=refresh_token&refresh_token=r1", "shop:s1")]
    [InlineData("r1", null, "s1", ClientAuthentication.Basic, "grant_type=refresh_token&refresh_token=r1", "shop:s1")]
    [InlineData("r1", null, "s1", ClientAuthentication.Post, "grant_type=refresh_token&refresh_token=r1&client_id=shop&client_secret=s1", null)]
    [InlineData("r1", null, "s1", ClientAuthentication.None, "grant_type=refresh_token&refresh_token=r1&client_id=shop", null)]
    public async Task An_OAuth_server_receives_the_grant_and_who_asks(
        string? refreshToken, string? scope, string? secret, ClientAuthentication? method, string form, string? basic)
    {
        var server = new Recorder();
        var options = Options(secret, method);

        await RefreshAsync(options, server, refreshToken, scope);

        Assert.Equal(("POST", "https://login.example.com/token", "application/json"), (server.Method, server.Url, server.Accept));
        Assert.Equal("application/x-www-form-urlencoded", server.ContentType);
        Assert.Equal(form, server.Body);
        Assert.Equal(basic is null ? null : "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(basic)), server.Authorization);
    }

    [Fact]
    public async Task Extra_parameters_go_along()
    {
        var server = new Recorder();
        var options = Options();
        options.ExtraParameters["audience"] = "orders";

        await RefreshAsync(options, server, "r1", scope: null);

        Assert.Equal("audience=orders&grant_type=refresh_token&refresh_token=r1&client_id=shop", server.Body);
    }

    [Fact]
    public async Task A_Simple_JWT_server_receives_JSON()
    {
        var server = new Recorder();
        var options = Options(protocol: TokenEndpointProtocol.SimpleJwt);
        options.ExtraParameters["device"] = "d1";

        await RefreshAsync(options, server, "r1", scope: null);

        Assert.Equal(("application/json", "application/json"), (server.Accept, server.ContentType));
        Assert.Equal("""{"refresh":"r1","device":"d1"}""", server.Body);
        Assert.Null(server.Authorization);
    }

    [Theory]
    [InlineData("r1", null, "token=r1&token_type_hint=refresh_token&client_id=shop", null)]
    [InlineData(null, null, "token=a1&token_type_hint=access_token&client_id=shop", null)]
    [InlineData("r1", "s1", "token=r1&token_type_hint=refresh_token", "Basic c2hvcDpzMQ==")]
    public async Task A_revocation_names_the_login_by_its_refresh_token_or_by_all_there_is(string? refreshToken, string? secret, string form, string? authorization)
    {
        var server = new Recorder();

        Assert.Equal(RevocationResult.Revoked, await RevokeAsync(Options(secret), server, refreshToken));

        Assert.Equal(("POST", "https://login.example.com/revoke", form, authorization), (server.Method, server.Url, server.Body, server.Authorization));
    }

    [Theory]
    [InlineData("r1", "{\"refresh\":\"r1\"}", true)]
    [InlineData(null, null, false)]
    public async Task A_blacklist_receives_the_refresh_token_and_nothing_where_there_is_none(string? refreshToken, string? body, bool isRevoked)
    {
        var server = new Recorder();

        Assert.Equal(new RevocationResult(isRevoked, null), await RevokeAsync(Options(protocol: TokenEndpointProtocol.SimpleJwt), server, refreshToken));

        Assert.Equal(body, server.Body);
    }

    [Fact]
    public async Task A_revocation_that_failed_says_how_and_no_secret()
    {
        Assert.Equal("the revocation endpoint https://login.example.com/revoke answered 503.", (await RevokeAsync(Options(), new Recorder { Status = HttpStatusCode.ServiceUnavailable }, "r1")).Failure);
        Assert.Equal("the revocation endpoint https://login.example.com/revoke gave no response in time.", (await RevokeAsync(Options(), new Recorder { Failure = new TaskCanceledException("canary") }, "r1")).Failure);
        Assert.Equal("the revocation endpoint https://login.example.com/revoke can't be reached (HttpRequestException).", (await RevokeAsync(Options(), new Recorder { Failure = new HttpRequestException("canary") }, "r1")).Failure);
    }

    [Fact]
    public void Where_no_endpoint_revokes_there_is_no_revocation() =>
        Assert.Null(TokenRevocation.For(new TokenRefreshOptions(), () => throw new InvalidOperationException(), discovery: null));

    private static TokenRefreshOptions Options(
        string? secret = null, ClientAuthentication? method = null, TokenEndpointProtocol protocol = TokenEndpointProtocol.OAuth) => new()
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            RevocationEndpoint = new Uri("https://login.example.com/revoke"),
            ClientId = "shop",
            ClientSecret = secret,
            ClientAuthentication = method,
            Protocol = protocol,
        };

    private static async Task RefreshAsync(TokenRefreshOptions options, Recorder server, string? refreshToken, string? scope)
    {
        using var backchannel = new HttpClient(server);
        await new HttpTokenEndpoint(options, () => backchannel, discovery: null, new FakeTimeProvider()).RequestTokenAsync(new TokenEndpointRequest(Key, refreshToken, scope), default);
    }

    private static async Task<RevocationResult> RevokeAsync(TokenRefreshOptions options, Recorder server, string? refreshToken)
    {
        using var backchannel = new HttpClient(server);
        return await TokenRevocation.For(options, () => backchannel, discovery: null)!.RevokeAsync(new TokenSet("a1", refreshToken), default);
    }

    private sealed class Recorder : HttpMessageHandler
    {
        public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

        public Exception? Failure { get; init; }

        public string? Method { get; private set; }

        public string? Url { get; private set; }

        public string? Accept { get; private set; }

        public string? Authorization { get; private set; }

        public string? ContentType { get; private set; }

        public string? Body { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (Method, Url) = (request.Method.Method, request.RequestUri?.ToString());
            Accept = request.Headers.Accept.SingleOrDefault()?.ToString();
            Authorization = request.Headers.Authorization?.ToString();
            ContentType = request.Content?.Headers.ContentType?.ToString();
            Body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
            return Failure is null ? new HttpResponseMessage(Status) { Content = new StringContent("{}") } : throw Failure;
        }
    }
}

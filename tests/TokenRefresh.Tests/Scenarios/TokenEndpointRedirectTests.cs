using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The token endpoint redirects, over real sockets: the refresh token reaches no other server.</summary>
[Trait("Case", "C40")]
public sealed class TokenEndpointRedirectTests
{
    public enum Backchannel
    {
        Default,
        Sockets,
        Client,
        Wrapped,
    }

    public static TheoryData<int, Backchannel> All
    {
        get
        {
            var data = new TheoryData<int, Backchannel>();
            foreach (var status in new[] { 301, 302, 303, 307, 308 })
            {
                foreach (var backchannel in Enum.GetValues<Backchannel>())
                {
                    data.Add(status, backchannel);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_redirecting_token_endpoint_is_misconfigured_and_the_second_host_gets_nothing(int status, Backchannel backchannel)
    {
        await using var second = new LoopbackServer(_ => LoopbackServer.Response(200, """{"access_token":"stolen"}"""));
        await using var first = new LoopbackServer(_ => LoopbackServer.Response(status, "", $"Location: {second.Url}token"));
        await using var app = TestApp.Create(
            options =>
            {
                options.TokenEndpoint = new Uri(first.Url, "token");
                options.ClientSecret = "client-secret";
            },
            services => Use(services.AddTokenSession(TestApp.Name).TokenEndpointClient, backchannel));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Contains("TokenEndpoint", exception.Message, StringComparison.Ordinal);
        Assert.Contains("refresh-1", Assert.Single(first.Received), StringComparison.Ordinal);
        Assert.Empty(second.Received);
        Assert.Empty(app.ReLogins);
        Assert.Equal(TokenSessionState.SignedIn, app.Session.State);
    }

    [Fact]
    public async Task The_token_endpoints_cookies_are_not_sent_back()
    {
        await using var server = new LoopbackServer(_ => LoopbackServer.Response(200, """{"access_token":"new"}""", "Set-Cookie: session=abc; Path=/"));
        await using var app = TestApp.Create(
            options => options.TokenEndpoint = new Uri(server.Url, "token"),
            services => Use(services.AddTokenSession(TestApp.Name).TokenEndpointClient, Backchannel.Client));
        await app.SignInAsync();

        await app.Session.RefreshAsync();
        await app.Session.RefreshAsync();

        Assert.Equal(2, server.Received.Count);
        Assert.DoesNotContain("Cookie", server.Received[1], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Two_sessions_may_share_a_backchannel_that_is_in_use()
    {
        await using var server = new LoopbackServer(_ => LoopbackServer.Response(200, """{"access_token":"new"}"""));
        using var handler = new SocketsHttpHandler();
        for (var login = 1; login <= 2; login++)
        {
            await using var session = TokenSession.Create(
                new TokenRefreshOptions { TokenEndpoint = new Uri(server.Url, "token"), ClientId = "shop" }, new TokenSessionSettings
                {
                    TokenEndpointHandler = handler,
                });
            await session.SignInAsync(new TokenSet("access", "refresh"));
            await session.RefreshAsync();
        }

        Assert.Equal(2, server.Received.Count);
        Assert.False(handler.AllowAutoRedirect);
    }

    private static void Use(IHttpClientBuilder client, Backchannel backchannel) => client.ConfigurePrimaryHttpMessageHandler(() => backchannel switch
    {
        Backchannel.Sockets => new SocketsHttpHandler { AllowAutoRedirect = true },
        Backchannel.Client => new HttpClientHandler { AllowAutoRedirect = true, UseCookies = true },
        Backchannel.Wrapped => new Wrapper { InnerHandler = new HttpClientHandler() },
        _ => TokenRefresh.Protocol.BackchannelHandler.Create(),
    });

    private sealed class Wrapper : DelegatingHandler;
}

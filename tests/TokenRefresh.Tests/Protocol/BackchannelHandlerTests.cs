using System.Net.Http;
using TokenRefresh.Protocol;
using Xunit;

namespace TokenRefresh.Tests.Protocol;

[Trait("Case", "C40")]
public sealed class BackchannelHandlerTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Whatever_carries_token_calls_follows_no_redirect_and_keeps_no_cookie(bool redirects, bool cookies)
    {
        using var client = new HttpClientHandler { AllowAutoRedirect = redirects, UseCookies = cookies };
        using var sockets = new SocketsHttpHandler { AllowAutoRedirect = redirects, UseCookies = cookies };
        using var wrapped = new Wrapping(sockets);

        BackchannelHandler.Harden(client);
        BackchannelHandler.Harden(wrapped);

        Assert.False(client.AllowAutoRedirect || client.UseCookies || sockets.AllowAutoRedirect || sockets.UseCookies);
    }

    private sealed class Wrapping(HttpMessageHandler inner) : DelegatingHandler(inner);
}

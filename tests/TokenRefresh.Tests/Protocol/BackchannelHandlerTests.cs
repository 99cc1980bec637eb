using System.Net;
using TokenRefresh.Protocol;

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

        BackchannelHandler.Prepare(client, new TokenRefreshOptions());
        BackchannelHandler.Prepare(wrapped, new TokenRefreshOptions());

        Assert.False(client.AllowAutoRedirect || client.UseCookies || sockets.AllowAutoRedirect || sockets.UseCookies);
    }

    [Fact]
    public void Ours_follows_no_redirect_reads_compressed_answers_and_looks_its_server_up_anew()
    {
        using var handler = Assert.IsType<SocketsHttpHandler>(BackchannelHandler.Create());

        BackchannelHandler.Prepare(handler, new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com") });

        Assert.False(handler.AllowAutoRedirect || handler.UseCookies);
        Assert.True(handler.UseProxy);
        Assert.Equal(DecompressionMethods.GZip | DecompressionMethods.Deflate, handler.AutomaticDecompression);
        Assert.Equal(TimeSpan.FromMinutes(5), handler.PooledConnectionLifetime);
    }

    // AndroidMessageHandler and NSUrlSessionHandler derive from HttpMessageHandler.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_handler_of_another_platform_follows_no_redirect_and_keeps_no_cookie(bool hasProxySetting)
    {
        using var handler = new PlatformHandler(hasProxySetting);

        BackchannelHandler.Prepare(handler, new TokenRefreshOptions { TokenEndpoint = new Uri("http://localhost:5000/token") });

        Assert.False(handler.AllowAutoRedirect || handler.UseCookies);
        Assert.Equal(!hasProxySetting, handler.UseProxy);
    }

    // The handler of System.Net.Http.WinHttpHandler, which exists on Windows only, has names of its own.
    [Fact]
    public void The_handler_of_WinHttp_follows_no_redirect_and_keeps_no_cookie()
    {
        using var handler = new WinHttpHandler();

        BackchannelHandler.Prepare(handler, new TokenRefreshOptions { TokenEndpoint = new Uri("http://localhost:5000/token") });

        Assert.False(handler.AutomaticRedirection);
        Assert.Equal(CookieUsePolicy.IgnoreCookies, handler.CookieUsePolicy);
        Assert.Equal(WindowsProxyUsePolicy.DoNotUseProxy, handler.WindowsProxyUsePolicy);
    }

    // Trimming removes a setter that nothing calls.
    [Fact]
    public void A_handler_whose_redirects_cant_be_switched_off_is_refused()
    {
        using var handler = new TrimmedHandler();

        Assert.Throws<ArgumentException>(() => BackchannelHandler.Prepare(handler, new TokenRefreshOptions()));
    }

    private enum CookieUsePolicy
    {
        IgnoreCookies,
        UseInternalCookieStoreOnly,
    }

    private enum WindowsProxyUsePolicy
    {
        DoNotUseProxy,
        UseWinHttpProxy,
    }

    private sealed class WinHttpHandler : HttpMessageHandler
    {
        public bool AutomaticRedirection { get; set; } = true;

        public CookieUsePolicy CookieUsePolicy { get; set; } = CookieUsePolicy.UseInternalCookieStoreOnly;

        public WindowsProxyUsePolicy WindowsProxyUsePolicy { get; set; } = WindowsProxyUsePolicy.UseWinHttpProxy;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class TrimmedHandler : HttpMessageHandler
    {
        public bool AllowAutoRedirect { get; } = true;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class PlatformHandler(bool hasProxySetting) : HttpMessageHandler
    {
        private bool _useProxy = true;

        public bool AllowAutoRedirect { get; set; } = true;

        public bool UseCookies { get; set; } = true;

        public bool UseProxy
        {
            get => _useProxy;
            set => _useProxy = hasProxySetting ? value : throw new PlatformNotSupportedException();
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class Wrapping(HttpMessageHandler inner) : DelegatingHandler(inner);
}

using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>
/// The handshake of a WebSocket comes with the user's cookie, whatever page opens it. Chromium sends no fetch metadata with it, and over
/// HTTP/2 its method is CONNECT.
/// </summary>
[Trait("Case", "W16")]
public sealed class HandshakeTests
{
    private const string Own = "the app's own";

    [Theory]
    [InlineData(1, Own, true)]
    [InlineData(1, null, true)]
    [InlineData(1, "https://evil.example", false)]
    [InlineData(1, "http://127.0.0.1:1", false)]
    [InlineData(1, "http://127.0.0.1", false)]
    [InlineData(1, "null", false)]
    [InlineData(2, Own, true)]
    [InlineData(2, null, true)]
    [InlineData(2, "https://evil.example", false)]
    [InlineData(2, "null", false)]
    public async Task Only_a_page_of_the_app_can_open_a_guarded_socket(int httpVersion, string? origin, bool isOpened)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(httpVersion));
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        using var socket = CreateSocket(httpVersion);
        socket.Options.SetRequestHeader("Cookie", $".AspNetCore.Cookies={browser.Cookie(node.Address, ".AspNetCore.Cookies")}");
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin == Own ? node.Address.GetLeftPart(UriPartial.Authority) : origin);
        }

        var failure = await Record.ExceptionAsync(() => ConnectAsync(socket, node));

        Assert.Equal(isOpened, failure is null);
        Assert.Equal(isOpened ? WebSocketState.Open : WebSocketState.Closed, socket.State);
        var opened = httpVersion == 1 ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.OK;
        Assert.Equal(isOpened ? opened : HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("same-origin", "https://evil.example", HttpStatusCode.OK)]
    [InlineData("same-site", null, HttpStatusCode.Forbidden)]
    [InlineData("cross-site", null, HttpStatusCode.Forbidden)]
    public async Task Where_a_browser_sends_fetch_metadata_it_decides(string site, string? origin, HttpStatusCode expected)
    {
        using var handshake = CreateHandshake("websocket");
        handshake.Headers.Add("Sec-Fetch-Site", site);
        if (origin is not null)
        {
            handshake.Headers.Add("Origin", origin);
        }

        Assert.Equal(expected, await SendAsync(handshake));
    }

    // The platform opens a socket for each of them.
    [Theory]
    [InlineData("websocket")]
    [InlineData("WebSocket")]
    [InlineData("h2c, websocket")]
    [InlineData("websocket,h2c")]
    public async Task A_handshake_of_another_site_is_refused_in_every_form(string upgrade)
    {
        using var handshake = CreateHandshake(upgrade);
        handshake.Headers.Add("Origin", "https://evil.example");

        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(handshake));
    }

    [Theory]
    [Trait("Case", "W17")]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_handshake_of_an_ended_login_gets_401_and_no_cookies_of_a_sign_in(int httpVersion)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            Certificate = httpVersion == 2 ? Certificates.Local : null,
            Map = app => app.Map("/socket", () => "a hub or a reverse proxy").RequireAuthorization(),
        });
        using var socket = CreateSocket(httpVersion);
        socket.Options.SetRequestHeader("Origin", node.Address.GetLeftPart(UriPartial.Authority));

        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(socket, node));

        Assert.Equal(HttpStatusCode.Unauthorized, socket.HttpStatusCode);
        Assert.DoesNotContain("Set-Cookie", socket.HttpResponseHeaders!.Keys, StringComparer.OrdinalIgnoreCase);
    }

    private static HttpRequestMessage CreateHandshake(string upgrade)
    {
        var handshake = new HttpRequestMessage { Headers = { Connection = { "Upgrade" } } };
        handshake.Headers.TryAddWithoutValidation("Upgrade", upgrade);
        return handshake;
    }

    // A reverse proxy answers handshakes without the app's WebSockets.
    private static async Task<HttpStatusCode> SendAsync(HttpRequestMessage handshake)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(httpVersion: 1));
        handshake.RequestUri = node.At("proxied");
        using var http = new HttpClient();
        using var answer = await http.SendAsync(handshake, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static ClientWebSocket CreateSocket(int httpVersion) => new()
    {
        Options =
        {
            CollectHttpResponseDetails = true,
            HttpVersion = new Version(httpVersion, httpVersion == 1 ? 1 : 0),
            HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        },
    };

    private static NodeSetup CreateSetup(int httpVersion) => new()
    {
        Certificate = httpVersion == 2 ? Certificates.Local : null,
        ConfigurePipeline = app => app.UseWebSockets(),
        Map = app =>
        {
            app.MapGet("/proxied", () => "proxied").RequireSameOrigin();
            app.Map("/socket", async (HttpContext context) =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.ReceiveAsync(new byte[1], context.RequestAborted);
            }).RequireAuthorization().RequireSameOrigin();
        },
    };

    private static async Task ConnectAsync(ClientWebSocket socket, Node node)
    {
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => Certificates.Local.Equals(certificate) },
        });
        var url = new UriBuilder(node.At("socket")) { Scheme = node.Address.Scheme == "https" ? "wss" : "ws" }.Uri;
        await socket.ConnectAsync(url, invoker, TestContext.Current.CancellationToken);
    }
}

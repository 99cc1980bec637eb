using System.Net;
using System.Net.WebSockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.Samples.Documentation;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;

namespace TokenRefresh.ServerTests;

/// <summary>The code of docs/realtime.md against a hub, a gRPC method and a socket that refuse expired tokens.</summary>
public sealed class RealtimeCases : IAsyncLifetime
{
    private readonly FakeTokenServer _tokens = new();
    private WebApplication _server = null!;
    private ServiceProvider _app = null!;
    private TokenSession _session = null!;
    private Uri _http1 = null!;
    private Uri _http2 = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSignalR();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port: 0);
            kestrel.Listen(IPAddress.Loopback, port: 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        _server = builder.Build();
        _server.Use(GuardAsync);
        _server.UseWebSockets();
        _server.MapHub<EchoHub>("/hub");
        _server.MapPost("/shop.Orders/Echo", EchoAsync);
        _server.Map("/socket", async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        });
        await _server.StartAsync();
        var addresses = _server.Urls.Select(url => new Uri(url)).ToArray();
        (_http1, _http2) = (addresses[0], addresses[1]);

        var services = new ServiceCollection();
        Canary.Watch(services);
        services.AddTokenSession("shop", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            options.AllowedOrigins.Add(_http1);
            options.AllowedOrigins.Add(_http2);
        }).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        _app = services.BuildServiceProvider();
        _session = _app.GetRequiredService<TokenSessions>()["shop"];
        var tokens = _tokens.Issue();
        await _session.SignInAsync(new TokenSet(tokens.AccessToken, tokens.RefreshToken));

        // The session doesn't know of it: the servers' refusals tell.
        _tokens.ExpireAccessTokens();
    }

    [Fact]
    public async Task A_hub_that_refuses_the_token_is_reached_after_one_refresh()
    {
        await using var connection = Realtime.SignalR(_session, new Uri(_http1, "hub"));

        await connection.StartAsync();

        Assert.Equal("tea", await connection.InvokeAsync<string>("Echo", "tea"));
        _tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task A_grpc_call_that_is_refused_is_made_again_after_one_refresh()
    {
        using var channel = Realtime.GrpcByHandler(_session, _http2);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CallAsync(channel)));

        Assert.All(answers, answer => Assert.Equal("tea", answer));
        _tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task Call_credentials_give_a_token_that_is_fresh()
    {
        await _session.SignInAsync(new TokenSet("stale", _tokens.Issue().RefreshToken) { ExpiresAt = TimeProvider.System.GetUtcNow().AddMinutes(-1) });
        using var channel = GrpcChannel.ForAddress(_http2, new GrpcChannelOptions
        {
            UnsafeUseInsecureChannelCallCredentials = true,
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Realtime.GrpcByCredentials(_session)),
        });

        Assert.Equal("tea", await CallAsync(channel));
        _tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task A_grpc_call_that_streams_its_answer_is_made_again_after_one_refresh()
    {
        using var channel = Realtime.GrpcByHandler(_session, _http2);

        using var call = channel.CreateCallInvoker().AsyncServerStreamingCall(EchoAs(MethodType.ServerStreaming), host: null, default, "tea");

        Assert.Equal(["tea"], await call.ResponseStream.ReadAllAsync().ToListAsync());
        _tokens.AssertRefreshes(1);
    }

    [Theory]
    [InlineData(MethodType.ClientStreaming)]
    [InlineData(MethodType.DuplexStreaming)]
    public async Task A_grpc_call_that_streams_messages_is_refused_and_the_next_one_has_the_new_token(MethodType type)
    {
        using var channel = Realtime.GrpcByHandler(_session, _http2);
        var refreshed = new Gate();
        _session.TokensRefreshed += (_, _) => _ = refreshed.PassAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => StreamAsync(channel, type));
        await refreshed.ArrivedAsync(1);

        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        Assert.Equal("tea", await StreamAsync(channel, type));
        _tokens.AssertRefreshes(1);
    }

    [Theory]
    [InlineData(GrpcWebMode.GrpcWeb)]
    [InlineData(GrpcWebMode.GrpcWebText)]
    public async Task A_call_over_grpc_web_that_is_refused_is_made_again(GrpcWebMode mode)
    {
        using var channel = GrpcChannel.ForAddress(_http1, new GrpcChannelOptions
        {
            HttpVersion = HttpVersion.Version11,
            HttpHandler = new TokenRefreshHandler(_session) { InnerHandler = new GrpcWebHandler(mode, new SocketsHttpHandler()) },
        });

        Assert.Equal("tea", await CallAsync(channel));
        _tokens.AssertRefreshes(1);
    }

    [Theory]
    [Trait("Case", "C39")]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_socket_that_is_refused_is_opened_after_one_refresh(int httpVersion)
    {
        using var invoker = Realtime.WebSocketInvoker(_session);
        var url = new UriBuilder(new Uri(httpVersion == 1 ? _http1 : _http2, "socket")) { Scheme = "ws" }.Uri;

        using var socket = httpVersion == 1
            ? await Realtime.WebSocketAsync(invoker, url, TestContext.Current.CancellationToken)
            : await ConnectOverHttp2Async(invoker, url);

        Assert.Equal(WebSocketState.Open, socket.State);
        _tokens.AssertRefreshes(1);
    }

    [Fact]
    public async Task Clients_whose_token_was_rejected_ask_for_another_one_and_cost_one_refresh()
    {
        var token = await _session.GetAccessTokenAsync(TestContext.Current.CancellationToken);

        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _session.GetAccessTokenAsync(token!, TestContext.Current.CancellationToken)));

        Assert.All(others, other => Assert.True(_tokens.Accepts(other!)));
        _tokens.AssertRefreshes(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static async Task<string> CallAsync(GrpcChannel channel) =>
        await channel.CreateCallInvoker().AsyncUnaryCall(EchoAs(MethodType.Unary), host: null, default, "tea");

    private static Method<string, string> EchoAs(MethodType type) =>
        new(type, "shop.Orders", "Echo", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

    private static async Task<string> StreamAsync(GrpcChannel channel, MethodType type)
    {
        if (type == MethodType.ClientStreaming)
        {
            using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(EchoAs(type), host: null, default);
            await WriteAsync(call.RequestStream);
            return await call.ResponseAsync;
        }

        using var duplex = channel.CreateCallInvoker().AsyncDuplexStreamingCall(EchoAs(type), host: null, default);
        await WriteAsync(duplex.RequestStream);
        return Assert.Single(await duplex.ResponseStream.ReadAllAsync().ToListAsync());
    }

    private static async Task WriteAsync(IClientStreamWriter<string> messages)
    {
        try
        {
            await messages.WriteAsync("tea");
            await messages.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // The call was refused before the message was sent. Its answer says so.
        }
    }

    private static async Task<ClientWebSocket> ConnectOverHttp2Async(HttpMessageInvoker invoker, Uri url)
    {
        var socket = new ClientWebSocket { Options = { HttpVersion = HttpVersion.Version20, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact } };
        await socket.ConnectAsync(url, invoker, TestContext.Current.CancellationToken);
        return socket;
    }

    private Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        // A hub's socket brings the token in its query where a browser can't set headers; .NET's client sets the header.
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.Ordinal) && _tokens.Accepts(header["Bearer ".Length..]))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var message = new MemoryStream();
        await context.Request.Body.CopyToAsync(message);
        context.Response.ContentType = context.Request.ContentType;
        switch (context.Request.ContentType)
        {
            case "application/grpc-web":
                await context.Response.Body.WriteAsync((byte[])[.. message.ToArray(), .. WebTrailer()]);
                return;
            case "application/grpc-web-text":
                var bytes = Convert.FromBase64String(Encoding.ASCII.GetString(message.ToArray()));
                await context.Response.WriteAsync(Convert.ToBase64String([.. bytes, .. WebTrailer()]));
                return;
            default:
                context.Response.AppendTrailer("grpc-status", "0");
                await context.Response.Body.WriteAsync(message.ToArray());
                return;
        }
    }

    // A frame of gRPC-Web whose first bit marks it as the trailer.
    private static byte[] WebTrailer()
    {
        var trailer = "grpc-status: 0\r\n"u8.ToArray();
        return [0x80, 0, 0, 0, (byte)trailer.Length, .. trailer];
    }

    private sealed class EchoHub : Hub
    {
#pragma warning disable CA1822 // A hub's methods are called on an instance.
        public string Echo(string text) => text;
#pragma warning restore CA1822
    }
}

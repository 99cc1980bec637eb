using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Tasks;
using Grpc.Core;
using Grpc.Net.Client;
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
using Xunit;

namespace TokenRefresh.ServerTests;

/// <summary>The code of docs/realtime.md against a hub, a gRPC method and a socket that refuse expired tokens.</summary>
public sealed class RealtimeCases : IAsyncLifetime
{
    private static readonly Method<string, string> Echo = new(MethodType.Unary, "shop.Orders", "Echo", Marshallers.StringMarshaller, Marshallers.StringMarshaller);

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
        _server.MapGet("/socket", async (HttpContext context) =>
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
    public async Task A_socket_that_is_refused_is_opened_after_one_refresh()
    {
        var url = new UriBuilder(new Uri(_http1, "socket")) { Scheme = "ws" }.Uri;

        using var socket = await Realtime.WebSocketAsync(_session, url, TestContext.Current.CancellationToken);

        Assert.Equal(WebSocketState.Open, socket.State);
        _tokens.AssertRefreshes(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static async Task<string> CallAsync(GrpcChannel channel) =>
        await channel.CreateCallInvoker().AsyncUnaryCall(Echo, host: null, default, "tea");

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
        context.Response.ContentType = "application/grpc";
        context.Response.AppendTrailer("grpc-status", "0");
        await context.Response.Body.WriteAsync(message.ToArray());
    }

    private sealed class EchoHub : Hub
    {
#pragma warning disable CA1822 // A hub's methods are called on an instance.
        public string Echo(string text) => text;
#pragma warning restore CA1822
    }
}

using System.Net.WebSockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/realtime.md.</summary>
public static class Realtime
{
    public static HubConnection SignalR(TokenSession session, Uri url)
    {
        return new HubConnectionBuilder()
            .WithUrl(url, options =>
            {
                options.AccessTokenProvider = () => session.GetAccessTokenAsync();
                options.HttpMessageHandlerFactory = inner => new TokenRefreshHandler(session) { InnerHandler = inner };
            })
            .WithAutomaticReconnect()
            .Build();
    }

    public static GrpcChannel GrpcByHandler(TokenSession session, Uri url)
    {
        return GrpcChannel.ForAddress(url, new GrpcChannelOptions
        {
            HttpHandler = new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() },
        });
    }

    public static CallCredentials GrpcByCredentials(TokenSession session)
    {
        return CallCredentials.FromInterceptor(async (context, metadata) =>
        {
            if (await session.GetAccessTokenAsync(context.CancellationToken) is { } token)
            {
                metadata.Add("Authorization", "Bearer " + token);
            }
        });
    }

    public static void GrpcFromTheFactory(IServiceCollection services)
    {
        services.AddGrpcClient<OrdersGrpcClient>(options => options.Address = new Uri("https://api.example.com"))
            .AddCallCredentials(async (context, metadata, provider) =>
            {
                var session = provider.GetRequiredService<TokenSessions>()["orders"];
                if (await session.GetAccessTokenAsync(context.CancellationToken) is { } token)
                {
                    metadata.Add("Authorization", "Bearer " + token);
                }
            });
    }

    public static HttpMessageInvoker WebSocketInvoker(TokenSession session)
    {
        return new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() });
    }

    public static async Task<ClientWebSocket> WebSocketAsync(HttpMessageInvoker invoker, Uri url, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(url, invoker, cancellationToken);
        return socket;
    }
}

public sealed class OrdersGrpcClient(CallInvoker invoker) : ClientBase(invoker);

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>A SignalR hub that calls the API while its connection is open.</summary>
[Trait("Case", "W24")]
public sealed class HubTests
{
    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    public async Task A_connection_over_an_expiry_keeps_its_users_token(HttpTransportType transport)
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureServices = services => services.AddSignalR(),
            Map = app => app.MapHub<OrdersHub>("/hub").RequireAuthorization(),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        await using var hub = new HubConnectionBuilder().WithUrl(node.At("hub"), transport, options =>
            options.Headers["Cookie"] = $".AspNetCore.Cookies={browser.Cookie(node.Address, ".AspNetCore.Cookies")}").Build();
        await hub.StartAsync(TestContext.Current.CancellationToken);

        var before = await hub.InvokeAsync<string>("GetOrders", TestContext.Current.CancellationToken);
        setup.Time.Advance(Provider.AccessTokenLifetime);
        var after = await hub.InvokeAsync<string>("GetOrders", TestContext.Current.CancellationToken);

        Assert.Equal(("orders of alice", "orders of alice"), (before, after));
        Assert.Single(provider.ReceivedRefreshTokens);
    }
}

/// <summary>The hub of <see cref="HubTests"/>. With long polling its methods run outside all requests, so it names the user.</summary>
public sealed class OrdersHub(IHttpClientFactory clients) : Hub
{
    public async Task<string> GetOrders()
    {
        var user = Context.GetHttpContext()!.GetTokenSession("shop").UserKey!;
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/me").UseTokenUser(user);
        using var response = await clients.CreateClient("orders").SendAsync(request, Context.ConnectionAborted);
        return "orders of " + await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(Context.ConnectionAborted);
    }
}

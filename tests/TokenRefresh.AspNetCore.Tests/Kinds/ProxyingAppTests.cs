using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>A backend for a frontend that forwards the calls of its scripts to the API (YARP), with the user's token.</summary>
[Trait("Case", "W24")]
public sealed class ProxyingAppTests
{
    [Fact]
    public async Task Calls_over_an_expiry_cost_one_refresh()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(provider);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => browser.FetchAsync(node.At("api/me"))));

        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, "alice"), (answer.Status, answer.Text)));
        Assert.Single(provider.ReceivedRefreshTokens);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.ServiceUnavailable)]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    public async Task A_token_that_cant_be_refreshed_gets_the_same_answer_as_in_an_endpoint(bool isDown, HttpStatusCode expected)
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(provider);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);
        provider.IsDown = isDown;
        await provider.RevokeAsync("alice");

        var answer = await browser.FetchAsync(node.At("api/me"));

        Assert.Equal((expected, "application/problem+json"), (answer.Status, answer.MediaType));
    }

    private static NodeSetup CreateSetup(Provider provider) => new()
    {
        ConfigureServices = services =>
        {
            services.Configure<TokenRefreshOptions>("shop", options => options.AllowedOrigins.Add(provider.Address));
            services.AddSingleton<IForwarderHttpClientFactory, TokenForwarderClientFactory>();
            services.AddReverseProxy().LoadFromMemory(
                [new RouteConfig { RouteId = "api", ClusterId = "api", Match = new RouteMatch { Path = "/api/{**rest}" }, AuthorizationPolicy = "default" }],
                [
                    new ClusterConfig
                    {
                        ClusterId = "api",
                        Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
                        {
                            ["provider"] = new() { Address = provider.Address.ToString() },
                        },
                    },
                ]);
        },
        Map = app => app.MapReverseProxy(proxy => proxy.Use(async (context, next) =>
        {
            await next(context);
            if (context.GetForwarderErrorFeature()?.Exception is TokenRefreshException failure)
            {
                throw failure;
            }
        })).RequireSameOrigin(),
    };

    private sealed class TokenForwarderClientFactory(TokenSessions sessions) : ForwarderHttpClientFactory
    {
        protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler)
        {
            var tokens = sessions.CreateHandler("shop");
            tokens.InnerHandler = base.WrapHandler(context, handler);
            return tokens;
        }
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Yarp.ReverseProxy.Forwarder;

namespace TokenRefresh.Samples.Documentation;

/// <summary>docs/addresses.md.</summary>
public static class Addresses
{
    public static void Issuer(IServiceCollection services)
    {
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https://api.example.com"))
            .AddTokenRefreshHandler(o =>
            {
                o.Issuer = new Uri("https://login.example.com/realms/shop");
                o.ClientId = "shop";
            });
    }

    public static void ServiceDiscovery(IServiceCollection services)
    {
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("https+http://api"))
            .AddTokenRefreshHandler(o =>
            {
                o.TokenEndpoint = new Uri("https+http://login/token");
                o.ClientId = "shop";
            });
    }

    public static void Emulator(IServiceCollection services)
    {
        services.AddHttpClient("orders", c => c.BaseAddress = new Uri("http://10.0.2.2:8000"))
            .AddTokenRefreshHandler(o =>
            {
                o.TokenEndpoint = new Uri("http://10.0.2.2:8000/api/token/refresh/");
                o.Protocol = TokenEndpointProtocol.SimpleJwt;
                o.InsecureOrigins.Add(new Uri("http://10.0.2.2:8000"));
            });
    }

    public static async Task TenantsAsync(TokenSessions sessions, Tenant tenant, TokenSet tokens)
    {
        sessions.Add(tenant.Name, o =>
        {
            o.Issuer = tenant.Issuer;
            o.ClientId = "shop";
            o.AllowedOrigins.Add(tenant.Api);
        });
        await sessions[tenant.Name].SignInAsync(tokens);

        var handler = sessions.CreateHandler(tenant.Name);
        handler.InnerHandler = new SocketsHttpHandler();
        using var client = new HttpClient(handler) { BaseAddress = tenant.Api };

        await sessions.RemoveAsync(tenant.Name);
    }

    public static void TenantHosts(TokenRefreshOptions o)
    {
        o.IsAllowedOrigin = address => address.Host.EndsWith(".shop.example.com", StringComparison.Ordinal);
    }

    public static HttpClientRequestAdapter Kiota(TokenSessions sessions)
    {
        var client = KiotaClientFactory.Create([sessions.CreateHandler("orders"), .. KiotaClientFactory.CreateDefaultHandlers()]);
        return new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: client);
    }

    public static void Yarp(IServiceCollection services)
    {
        services.AddReverseProxy();
        services.AddSingleton<IForwarderHttpClientFactory, TokenForwarderClientFactory>();
    }

    public static void YarpFailures(WebApplication app)
    {
        app.MapReverseProxy(proxy => proxy.Use(async (context, next) =>
        {
            await next(context);
            if (context.GetForwarderErrorFeature()?.Exception is TokenRefreshException failure)
            {
                throw failure;
            }
        })).RequireSameOrigin();
    }

    public sealed record Tenant(string Name, Uri Issuer, Uri Api);

    public sealed class TokenForwarderClientFactory(TokenSessions sessions) : ForwarderHttpClientFactory
    {
        protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler)
        {
            var tokens = sessions.CreateHandler("orders");
            tokens.InnerHandler = base.WrapHandler(context, handler);
            return tokens;
        }
    }
}

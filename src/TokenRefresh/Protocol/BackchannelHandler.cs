using System;
using System.Net;
using System.Net.Http;

namespace TokenRefresh.Protocol;

/// <summary>The handler that carries token calls: it follows no redirect, keeps no cookie, and bounds what it decompresses by who reads it.</summary>
internal static class BackchannelHandler
{
    public static HttpMessageHandler Create()
    {
#if NET8_0_OR_GREATER
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
#else
        var handler = new HttpClientHandler();
#endif
        handler.AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate;
        DisableRedirectsAndCookies(handler);
        return handler;
    }

    /// <summary>A refresh token must reach nobody but the endpoint it was meant for: also through a handler of the user's.</summary>
    public static void DisableRedirectsAndCookies(HttpMessageHandler handler)
    {
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        if (handler is HttpClientHandler { AllowAutoRedirect: true } or HttpClientHandler { UseCookies: true })
        {
            var client = (HttpClientHandler)handler;
            client.AllowAutoRedirect = false;
            client.UseCookies = false;
        }
#if NET8_0_OR_GREATER
        else if (handler is SocketsHttpHandler { AllowAutoRedirect: true } or SocketsHttpHandler { UseCookies: true })
        {
            var sockets = (SocketsHttpHandler)handler;
            sockets.AllowAutoRedirect = false;
            sockets.UseCookies = false;
        }
#else
        else if (handler.GetType().FullName == "System.Net.Http.SocketsHttpHandler")
        {
            // This build can't name it, and may meet it all the same.
            Disable(handler, nameof(HttpClientHandler.AllowAutoRedirect));
            Disable(handler, nameof(HttpClientHandler.UseCookies));
        }
#endif
    }

#if !NET8_0_OR_GREATER
    // One that is in use can't be changed any more: it is left alone where there is nothing to change.
    private static void Disable(HttpMessageHandler handler, string name)
    {
        var property = handler.GetType().GetProperty(name)!;
        if (property.GetValue(handler) is true)
        {
            property.SetValue(handler, false);
        }
    }
#endif
}

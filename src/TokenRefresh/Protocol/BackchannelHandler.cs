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
        Harden(handler);
        return handler;
    }

    /// <summary>A refresh token must reach nobody but the endpoint it was meant for: also through a handler of the user's.</summary>
    public static void Harden(HttpMessageHandler handler)
    {
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        switch (handler)
        {
#if NET8_0_OR_GREATER
            case SocketsHttpHandler { AllowAutoRedirect: true } or SocketsHttpHandler { UseCookies: true }:
                ((SocketsHttpHandler)handler).AllowAutoRedirect = false;
                ((SocketsHttpHandler)handler).UseCookies = false;
                break;
#endif
            case HttpClientHandler { AllowAutoRedirect: true } or HttpClientHandler { UseCookies: true }:
                ((HttpClientHandler)handler).AllowAutoRedirect = false;
                ((HttpClientHandler)handler).UseCookies = false;
                break;
        }
    }
}

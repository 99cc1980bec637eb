using System.Net;
using System.Reflection;

namespace TokenRefresh.Protocol;

/// <summary>The handler that sends token requests. It follows no redirects, keeps no cookies, and uses no proxy on loopback.</summary>
internal static class BackchannelHandler
{
    /// <summary>The message for a handler that can't be prepared.</summary>
    public const string InUse =
        "The handler that sends token requests is in use already, so that its redirects, cookies or proxy can't be switched off. "
        + "Set AllowAutoRedirect and UseCookies to false before its first request (for an http endpoint UseProxy, too), "
        + "or use another handler for token requests.";

    /// <summary>
    /// Creates the client of a session that is created without dependency injection. The app's own handler isn't disposed with it.
    /// </summary>
    /// <exception cref="ArgumentException">The app's handler is in use, and follows redirects, keeps cookies or uses a proxy.</exception>
    public static HttpClient CreateClient(HttpMessageHandler? own, TokenRefreshOptions options)
    {
        var handler = own ?? Create();
        Prepare(handler, options);
        return new HttpClient(handler, disposeHandler: own is null) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public static HttpMessageHandler Create()
    {
#if NET8_0_OR_GREATER
        if (OperatingSystem.IsBrowser())
        {
            // The browser decompresses by itself, and its handler has no other setting.
            return new HttpClientHandler { AllowAutoRedirect = false };
        }

        return new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
        };
#else
        return new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate };
#endif
    }

    /// <summary>Prepares the app's handler, or ours: the refresh token must reach no other server than its endpoint.</summary>
    /// <exception cref="ArgumentException">The handler is in use, and follows redirects, keeps cookies or uses a proxy.</exception>
    public static void Prepare(HttpMessageHandler handler, TokenRefreshOptions options)
    {
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        try
        {
            handler.TurnOff(PrimaryHandlerSetting.AllowAutoRedirect);
            handler.TurnOff(PrimaryHandlerSetting.UseCookies);
            if (FinalEndpointHandler.AddressesIn(options).Any(IsPlainHttp))
            {
                // Plain http is allowed because it doesn't leave the machine. A proxy would send it to another machine.
                handler.TurnOff(PrimaryHandlerSetting.UseProxy);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or TargetInvocationException { InnerException: InvalidOperationException })
        {
            throw new ArgumentException(InUse, nameof(handler), e);
        }
    }

    private static bool IsPlainHttp(Uri endpoint) =>
        Origin.IsLocalHttp(endpoint) || (endpoint.Scheme != Uri.UriSchemeHttps && Origin.IsLookedUp(endpoint));
}

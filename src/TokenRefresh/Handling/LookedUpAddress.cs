using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>
/// The rules for a request whose address service discovery looks up. The address that the caller named decides whether the origin is
/// allowed; the address that comes out decides whether the token may travel.
/// </summary>
internal static class LookedUpAddress
{
    /// <summary>Whether one of the allowed origins gets this request, by the address that the caller named.</summary>
    /// <exception cref="TokenRefreshException">The client isn't made by the factory, so the address that comes out can't be checked.</exception>
    public static bool IsAllowed(AllowedOrigins origins, HttpRequestMessage request, TokenRefreshOptions options)
    {
        var start = RequestState.StartAddressOf(request);
        var named = start ?? request.RequestUri;
        if (!origins.Contains(named))
        {
            return false;
        }

        return start is not null || Origin.MayGetTokens(named!, options)
            ? true
            : throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"{Origin.TextOf(named!)} is looked up by service discovery. That needs a client of IHttpClientFactory: register it with "
                + "AddHttpClient and AddTokenRefreshHandler.");
    }

    /// <summary>Whether the token may be sent to the address that came out, or is still to be looked up.</summary>
    public static bool MayGetToken(HttpRequestMessage request, TokenRefreshOptions options) =>
        request.RequestUri is { } address
        && (Origin.MayGetTokens(address, options) || Origin.IsSame(address, RequestState.StartAddressOf(request)) || IsNamedInsecure(request, options));

    /// <summary>Whether the app allows plain http for the name, whatever address comes out.</summary>
    public static bool IsNamedInsecure(HttpRequestMessage request, TokenRefreshOptions options) =>
        RequestState.StartAddressOf(request) is { } start && Origin.IsNamedInsecure(start, options);

    /// <summary>Why no token is sent to an address.</summary>
    public static string ReasonFor(Uri address) =>
        $"its address is looked up, and {Origin.TextOf(address)} isn't https. Give the service an https endpoint, or add that origin to InsecureOrigins.";
}

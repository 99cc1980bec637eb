using System;

namespace TokenRefresh.Handling;

/// <summary>Where the allowed origins come from: the option, else the client's own base address, else a clear error.</summary>
internal static class AllowedOrigins
{
    public static OriginSet Require(TokenRefreshOptions options, Uri? baseAddress, string client)
    {
        if (options.AllowedOrigins.Count > 0)
        {
            return new OriginSet(options.AllowedOrigins);
        }

        if (baseAddress is null)
        {
            throw Misconfigured(
                $"The client '{client}' doesn't know which server may get its access token. Set the option AllowedOrigins, for example to "
                + "https://api.example.com, or a BaseAddress where the named client is registered.");
        }

        return OriginSet.IsSecure(baseAddress)
            ? new OriginSet([baseAddress])
            : throw Misconfigured(
                $"The base address of the client '{client}', {baseAddress.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}, isn't https, "
                + "so no access token is sent there. Use https; http is allowed on loopback only.");
    }

    private static TokenRefreshException Misconfigured(string message) => new(TokenRefreshFailure.Configuration, message);
}

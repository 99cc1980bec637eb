using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// The endpoints of a scheme. Its discovery document is fetched at the first use, never at start-up. Until then the address of an endpoint
/// is the provider's own address, which messages should show.
/// </summary>
internal sealed record DiscoveredEndpoints(Uri Token, Uri? Revocation)
{
    private const string RevocationEndpoint = "revocation_endpoint";

    public static DiscoveredEndpoints? Find(OpenIdConnectOptions scheme)
    {
        if (scheme.Configuration is { TokenEndpoint: { Length: > 0 } token } known)
        {
            return new DiscoveredEndpoints(new Uri(token), FindRevocation(known));
        }

        return Uri.TryCreate(scheme.Authority ?? scheme.MetadataAddress, UriKind.Absolute, out var provider)
            ? new DiscoveredEndpoints(provider, new Uri(provider, "?revoke"))
            : null;
    }

    /// <summary>The revocation endpoint (RFC 8414, section 2). Some versions of the document's type have no property for it.</summary>
    public static Uri? FindRevocation(OpenIdConnectConfiguration configuration)
    {
        using var document = JsonDocument.Parse(OpenIdConnectConfiguration.Write(configuration));
        return document.RootElement.TryGetProperty(RevocationEndpoint, out var value)
            && Uri.TryCreate(value.GetString(), UriKind.Absolute, out var endpoint)
                ? endpoint
                : null;
    }
}

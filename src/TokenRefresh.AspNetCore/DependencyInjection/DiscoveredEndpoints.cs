using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// The endpoints of a scheme. Its discovery document is fetched at the first use, never at start-up, so until then an endpoint has an
/// address that stands for it: the provider's own address, which is what messages should name.
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

    /// <summary>The revocation endpoint (RFC 8414, section 2), which not every version of the document's type has a property for.</summary>
    public static Uri? FindRevocation(OpenIdConnectConfiguration configuration)
    {
        using var document = JsonDocument.Parse(OpenIdConnectConfiguration.Write(configuration));
        return document.RootElement.TryGetProperty(RevocationEndpoint, out var value)
            && Uri.TryCreate(value.GetString(), UriKind.Absolute, out var endpoint)
                ? endpoint
                : null;
    }
}

using System.Net;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Sends token requests to the endpoints that the scheme's discovery document names.</summary>
internal sealed class DiscoveryHandler(UserSessionRegistry registry, string sessionName) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var session = registry.Get(sessionName);
        if (session.OpenIdConnectScheme is null
            || session.GetOpenIdConnectOptions() is not { Configuration: null, ConfigurationManager: not null } scheme
            || DiscoveredEndpoints.Find(scheme) is not { } known)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (request.RequestUri == known.Token)
        {
            var configuration = await DiscoverAsync(scheme, cancellationToken).ConfigureAwait(false);
            request.RequestUri = new Uri(configuration.TokenEndpoint);
        }
        else if (request.RequestUri == known.Revocation)
        {
            var configuration = await DiscoverAsync(scheme, cancellationToken).ConfigureAwait(false);
            if (DiscoveredEndpoints.FindRevocation(configuration) is not { } revocation)
            {
                // The provider can't revoke: there is nothing to do.
                return new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request };
            }

            request.RequestUri = revocation;
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<OpenIdConnectConfiguration> DiscoverAsync(OpenIdConnectOptions scheme, CancellationToken cancellationToken)
    {
        try
        {
            return await scheme.ConfigurationManager!.GetConfigurationAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nothing was sent to the token endpoint: the refresh token is still unused.
            throw new TokenRefreshException(
                TokenRefreshFailure.Transient, $"the discovery document '{scheme.MetadataAddress}' can't be fetched ({e.GetType().Name}).");
        }
    }
}

using System.Net;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.Protocol;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Sends token requests to the endpoints that the scheme's discovery document names.</summary>
internal sealed class DiscoveryHandler(UserSessionRegistry registry, IOptionsMonitor<TokenRefreshOptions> options, string sessionName)
    : DelegatingHandler
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
            request.RequestUri = Check(configuration.TokenEndpoint, "token_endpoint", scheme);
            return await SendTokenRequestAsync(request, scheme.ConfigurationManager, cancellationToken).ConfigureAwait(false);
        }

        if (request.RequestUri == known.Revocation)
        {
            var configuration = await DiscoverAsync(scheme, cancellationToken).ConfigureAwait(false);
            if (DiscoveredEndpoints.FindRevocation(configuration) is not { } revocation)
            {
                // The provider can't revoke: there is nothing to do.
                return new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request };
            }

            request.RequestUri = Check(revocation.OriginalString, "revocation_endpoint", scheme);
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendTokenRequestAsync(
        HttpRequestMessage request, IConfigurationManager<OpenIdConnectConfiguration> discovery, CancellationToken cancellationToken)
    {
        var isFound = false;
        try
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            isFound = response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone);
            return response;
        }
        finally
        {
            if (!isFound)
            {
                // The endpoint may have moved. The platform fetches the document again, at most once in five minutes.
                discovery.RequestRefresh();
            }
        }
    }

    // The handler of the scheme doesn't check the addresses. A provider behind a proxy that ends TLS often publishes http addresses. If an
    // address of the session is looked up, the innermost handler decides.
    private Uri Check(string? endpoint, string member, OpenIdConnectOptions scheme)
    {
        var session = options.Get(sessionName);
        return Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
            && (Origin.MayGetTokens(uri, session) || FinalEndpointHandler.IsNeededFor(session))
                ? uri
                : throw new TokenRefreshException(
                    TokenRefreshFailure.Configuration,
                    $"the discovery document '{scheme.MetadataAddress}' names no {member} to which tokens may be sent. It must be an https "
                    + "URL: correct it at the provider. To allow plain http, add its origin to InsecureOrigins.");
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

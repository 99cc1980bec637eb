using System.Net;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.Protocol;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Sends token requests to the endpoints that the scheme's discovery document names.</summary>
internal sealed class DiscoveryHandler(UserSessionRegistry registry, TokenSessions sessions, string sessionName) : DelegatingHandler
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
            SendTo(request, Check(configuration.TokenEndpoint, "token_endpoint", scheme));
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

            SendTo(request, Check(revocation.OriginalString, "revocation_endpoint", scheme));
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendTokenRequestAsync(
        HttpRequestMessage request, IConfigurationManager<OpenIdConnectConfiguration> discovery, CancellationToken cancellationToken)
    {
        // If the endpoint may have moved, the platform fetches the document again. It does so at most once in five minutes, also for new
        // signing keys, so other failures don't ask for it.
        try
        {
            var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone)
            {
                discovery.RequestRefresh();
            }

            return response;
        }
        catch (HttpRequestException e)
            when (e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError)
        {
            discovery.RequestRefresh();
            throw;
        }
    }

    private static void SendTo(HttpRequestMessage request, Uri endpoint)
    {
        request.RequestUri = endpoint;
        FinalEndpointHandler.NoteNamed(request);
    }

    // The handler of the scheme doesn't check the addresses. A provider behind a proxy that ends TLS often publishes http addresses. If an
    // address of the session is looked up, FinalEndpointHandler decides.
    private Uri Check(string? endpoint, string member, OpenIdConnectOptions scheme)
    {
        // The session exists: this is its token call. Its configuration may have changed since, and be wrong.
        var session = sessions.FindOptions(sessionName)!;
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

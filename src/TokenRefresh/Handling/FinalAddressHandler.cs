using System.Net;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// Checks the address that service discovery found. It is the innermost handler. It removes a token that would leave the machine
/// unencrypted. It also removes the token of a request that a redirect changed to another origin: service discovery restores the first
/// address, so the handler above can't see the redirect.
/// </summary>
/// <param name="chain">What the client's handlers note.</param>
/// <param name="getServices">Returns what the sessions of the client's name share.</param>
internal sealed class FinalAddressHandler(LookupChain chain, Func<SessionServices> getServices) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isSecure = Check(request);
        var address = request.RequestUri;
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        Inspect(request, response, address, isSecure);
        return response;
    }

#if NET8_0_OR_GREATER
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isSecure = Check(request);
        var address = request.RequestUri;
        var response = base.Send(request, cancellationToken);
        Inspect(request, response, address, isSecure);
        return response;
    }
#endif

    /// <returns>Whether our token may be sent to the address. If not, it was removed.</returns>
    private bool Check(HttpRequestMessage request)
    {
        var address = request.RequestUri!;
        if (Origin.IsSchemeChoice(address))
        {
            throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"{Origin.TextOf(address)} wasn't looked up. Call AddServiceDiscovery on the HTTP client, and SendAsync instead of Send.");
        }

        if (chain.TokenNameOf(request) is not { } name
            || getServices() is not { } services
            || Origin.MayGetTokens(address, services.Options)
            || Origin.IsNamedInsecureService(name, services.Options))
        {
            return true;
        }

        Remove(request, services);
        HandlerMemory.Of(services).LogInsecureAddress(services, request);
        return false;
    }

    private void Inspect(HttpRequestMessage request, HttpResponseMessage? response, Uri? address, bool isSecure)
    {
        if (isSecure)
        {
            RequestState.ClearOutcome(request);
        }
        else if (response?.StatusCode == HttpStatusCode.Unauthorized)
        {
            RequestState.SetOutcome(request, response, TokenRefreshOutcome.InsecureAddress);
        }

        if (chain.TokenNameOf(request) is not null && !Origin.IsSame(address, (response?.RequestMessage ?? request).RequestUri))
        {
            Remove(request, getServices());
        }
    }

    // A handler in between may have replaced our header. A header of another scheme stays.
    private static void Remove(HttpRequestMessage request, SessionServices services)
    {
        if (AuthorizationHeader.Read(request)?.StartsWith(services.Options.Scheme, StringComparison.OrdinalIgnoreCase) is true)
        {
            AuthorizationHeader.Remove(request);
        }
    }
}

using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// Checks the address that service discovery found. It is the innermost handler. It removes a token that would leave the machine
/// unencrypted. It also removes the token of a request that a redirect changed to another origin: service discovery restores the first
/// address, so the handler above can't see the redirect.
/// </summary>
internal sealed class FinalAddressHandler : DelegatingHandler
{
    private readonly LookupChain _chain;
    private readonly Func<SessionServices> _services;

    /// <param name="chain">What the client's handlers note.</param>
    /// <param name="services">Returns what the sessions of the client's name share.</param>
    public FinalAddressHandler(LookupChain chain, Func<SessionServices> services)
    {
        _chain = chain;
        _services = services;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        var address = request.RequestUri;
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        RemoveAfterRedirect(request, response, address);
        return response;
    }

#if NET8_0_OR_GREATER
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        var address = request.RequestUri;
        var response = base.Send(request, cancellationToken);
        RemoveAfterRedirect(request, response, address);
        return response;
    }
#endif

    private void Check(HttpRequestMessage request)
    {
        var address = request.RequestUri!;
        if (Origin.IsSchemeChoice(address))
        {
            throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"{Origin.TextOf(address)} wasn't looked up. Call AddServiceDiscovery on the HTTP client.");
        }

        if (_chain.TokenNameOf(request) is not { } name || _services() is not { } services || Origin.MayGetTokens(address, services.Options)
            || Origin.IsNamedInsecure(name, services.Options))
        {
            return;
        }

        Remove(request, services);
        HandlerMemory.Of(services).LogInsecureAddress(services, request);
    }

    private void RemoveAfterRedirect(HttpRequestMessage request, HttpResponseMessage? response, Uri? address)
    {
        if (_chain.TokenNameOf(request) is not null && !Origin.IsSame(address, (response?.RequestMessage ?? request).RequestUri))
        {
            Remove(request, _services());
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

using System.Net.Http;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// Checks the address that service discovery made of the caller's. It is the innermost handler. A token that would leave the machine
/// unencrypted is removed, and one that a redirect took to another origin isn't taken for rejected.
/// </summary>
/// <param name="services">Returns what the sessions of the client's name share.</param>
internal sealed class FinalAddressHandler(Func<SessionServices> services) : DelegatingHandler
{
    private bool _hasWarned;

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
                TokenRefreshFailure.Configuration, $"{Origin.TextOf(address)} wasn't looked up. Call AddServiceDiscovery on the HTTP client.");
        }

        var shared = services();
        if (Origin.MayGetTokens(address, shared.Options) || LookedUpAddress.IsNamedInsecure(request, shared.Options) || !IsOurs(request, shared))
        {
            return;
        }

        AuthorizationHeader.Remove(request);
        RequestLog.NoTokenSent(shared.Logger, shared.Name, request, LookedUpAddress.ReasonFor(address));
        if (!_hasWarned)
        {
            _hasWarned = true;
            RequestLog.InsecureAddress(shared.Logger, shared.Name, address);
        }
    }

    // Service discovery puts the caller's address back, so that the handler above can't see a redirect.
    private void RemoveAfterRedirect(HttpRequestMessage request, HttpResponseMessage response, Uri? address)
    {
        if (!Origin.IsSame(address, (response.RequestMessage ?? request).RequestUri) && IsOurs(request, services()))
        {
            AuthorizationHeader.Remove(request);
        }
    }

    private static bool IsOurs(HttpRequestMessage request, SessionServices services) =>
        AuthorizationHeader.Read(request) is { } header && AuthorizationHeader.FindOwner(header, services) is not null;
}

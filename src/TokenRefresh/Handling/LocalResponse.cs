using System.Net;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Creates the local 401 for a request that isn't sent because its login has ended.</summary>
internal static class LocalResponse
{
    /// <summary>
    /// Finds the response of a request that has waited for a token, by the session's state when the request was made and after the wait.
    /// </summary>
    /// <returns><see langword="null"/> if the request is sent. Without a token, a header that we set earlier is removed.</returns>
    /// <exception cref="TokenRefreshException">
    /// The option <see cref="TokenRefreshOptions.ReLoginResult"/> asks for an exception.
    /// </exception>
    public static HttpResponseMessage? FindFor(
        HttpRequestMessage request, ResolvedSession resolved, SessionSnapshot start, SessionSnapshot current)
    {
        var session = resolved.Session!;
        if (!IsOfSameLogin(current, start, resolved.LoginId))
        {
            // The login of this request has ended. The request isn't sent as another user, and not without a token.
            return Create(session, request, current);
        }

        if (current is not SignedInSnapshot)
        {
            AuthorizationHeader.Remove(request);
        }

        return current is EndedSnapshot ? Create(session, request, current) : null;
    }

    /// <summary>Why a request gets no token, by the session's state.</summary>
    public static TokenRefreshOutcome OutcomeOf(SessionSnapshot snapshot) => snapshot.State switch
    {
        TokenSessionState.SignedOut => TokenRefreshOutcome.SignedOut,
        TokenSessionState.SignedIn => TokenRefreshOutcome.LoginChanged,
        _ => TokenRefreshOutcome.LoginEnded,
    };

    // Whether a request may be sent now: it belongs to the login that it was made under, or that it names.
    private static bool IsOfSameLogin(SessionSnapshot now, SessionSnapshot start, LoginId? ofRequest) => start switch
    {
        _ when ofRequest is not null => now.LoginId == ofRequest,
        SignedInSnapshot or EndedSnapshot { CanAskUser: true } => now.LoginId == start.LoginId,

        // The request was made for the saved login. Another login may have replaced it since.
        NotLoadedSnapshot => now is not SignedInSnapshot { IsLaterLogin: true },
        _ => true,
    };

    private static HttpResponseMessage Create(SessionContext session, HttpRequestMessage request, SessionSnapshot snapshot)
    {
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw)
        {
            throw LoginEndedException.Of(session);
        }

        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized)
        {
            RequestMessage = request,
            Content = new ByteArrayContent([]),
        };
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", session.Services.Options.Scheme + " error=\"invalid_token\"");
        RequestState.SetOutcome(request, response, OutcomeOf(snapshot));
        return response;
    }
}

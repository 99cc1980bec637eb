using System.Net;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>The 401 that answers a request which isn't sent, because its login has ended.</summary>
internal static class LocalResponse
{
    /// <summary>Creates the response.</summary>
    /// <param name="session">The session.</param>
    /// <param name="request">The request.</param>
    /// <param name="snapshot">The session's state, which holds no token for the request.</param>
    /// <exception cref="TokenRefreshException">The option <see cref="TokenRefreshOptions.ReLoginResult"/> asks for an exception.</exception>
    public static HttpResponseMessage Create(SessionContext session, HttpRequestMessage request, SessionSnapshot snapshot)
    {
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw)
        {
            throw LoginEndedException.Of(session);
        }

        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = request, Content = new ByteArrayContent([]) };
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", session.Services.Options.Scheme + " error=\"invalid_token\"");
        RequestState.SetOutcome(request, response, OutcomeOf(snapshot));
        return response;
    }

    /// <summary>Why a request gets no token, by the session's state.</summary>
    public static TokenRefreshOutcome OutcomeOf(SessionSnapshot snapshot) => snapshot.State switch
    {
        TokenSessionState.SignedOut => TokenRefreshOutcome.SignedOut,
        TokenSessionState.SignedIn => TokenRefreshOutcome.LoginChanged,
        _ => TokenRefreshOutcome.LoginEnded,
    };
}

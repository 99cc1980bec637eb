using System.Net;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Decides whether a response rejects our token, and whether its request is sent again with a new one.</summary>
internal static class Rejection
{
    /// <summary>Whether the response can't be a rejection. Then it isn't examined further.</summary>
    /// <remarks>If an inner handler returns no response, <see cref="HttpClient"/> says so.</remarks>
    public static bool IsExcluded(SessionContext session, HttpResponseMessage? response) => response is null
        || (response.IsSuccessStatusCode && session.Services.Options is { ShouldRefresh: null, ShouldRefreshAsync: null });

    /// <summary>Whether the response rejects our token and the request can be sent again. If not, the response is the caller's.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled. The response is disposed.</exception>
    public static async ValueTask<bool> AsksForResendAsync(
        SentRequest sent, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var options = sent.Session.Services.Options;
        if (RequestState.OutcomeOf(response) == TokenRefreshOutcome.InsecureAddress && !CarriesOurToken(sent, response))
        {
            // The token was removed below this handler, which has noted and logged why.
            return false;
        }

        if (options is { ShouldRefresh: null, ShouldRefreshAsync: null } && response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return AsksForNewToken(sent, response, options) && CanResend(sent, response);
        }

        if (CarriesOurToken(sent, response)
            && await IsRejectedAsync(response, options, sent.Session.Services.Time, cancellationToken).ConfigureAwait(false))
        {
            return CanResend(sent, response);
        }

        RequestState.ClearOutcome(sent.Request);
        return false;
    }

    /// <summary>Prepares another send after the wait. If there is none, it says why.</summary>
    /// <returns>Whether the session has another token of the same login, and the content can be sent again.</returns>
    /// <exception cref="TokenRefreshException">
    /// The login has ended, and <see cref="TokenRefreshOptions.ReLoginResult"/> asks for an exception.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ValueTask<bool> PrepareResendAsync(
        SentRequest sent, HttpResponseMessage response, SessionSnapshot current, CancellationToken cancellationToken)
    {
        if (current is not SignedInSnapshot replacement || !replacement.Replaces(sent.Snapshot))
        {
            ThrowOrExplain(sent, response, current);
            return new ValueTask<bool>(false);
        }

        // Thousands of requests may continue at once. Those without content need no state machine here.
        return sent.Content is { } content
            ? PrepareContentAsync(sent, content, response, cancellationToken)
            : new ValueTask<bool>(true);
    }

    private static async ValueTask<bool> PrepareContentAsync(
        SentRequest sent, HttpContent content, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (await RequestReplay.PrepareAsync(sent, content, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        ExplainContent(sent, response);
        return false;
    }

    // The app's own function replaces the checks of this library. Without one, only Simple JWT rejects a token by a status other than 401.
    // If the decision fails, the caller gets the exception instead of the response.
    private static async ValueTask<bool> IsRejectedAsync(
        HttpResponseMessage response, TokenRefreshOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return options switch
            {
                { ShouldRefreshAsync: { } ask } => await AppVerdict.AskAsync(ask, response, time, cancellationToken).ConfigureAwait(false),
                { ShouldRefresh: { } ask } => ask(response),
                { Protocol: TokenEndpointProtocol.SimpleJwt } when SimpleJwtForbidden.IsPossible(response) =>
                    await SimpleJwtForbidden.RejectsTokenAsync(response, time, cancellationToken).ConfigureAwait(false),
                _ => false,
            };
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static void ThrowOrExplain(SentRequest sent, HttpResponseMessage response, SessionSnapshot current)
    {
        var session = sent.Session;
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw && !session.Current.IsSignedInAs(sent.Snapshot.LoginId))
        {
            throw LoginEndedException.Of(session);
        }

        if (current == sent.Snapshot)
        {
            ExplainRejectedRefresh(
                sent, response, "its token was refreshed less than MinRefreshInterval ago. No other refresh is started.");
        }
        else
        {
            // Any other end of the wait has been logged already, in one line for all requests that waited.
            RequestState.SetOutcome(sent.Request, response, LocalResponse.OutcomeOf(current));
        }
    }

    private static void ExplainContent(SentRequest sent, HttpResponseMessage response) => sent.ReturnsToCaller(
        response, TokenRefreshOutcome.NotReplayable, "its content can't be sent twice. Buffer the content, or set MaxReplayBufferSize.");

    private static bool AsksForNewToken(SentRequest sent, HttpResponseMessage response, TokenRefreshOptions options)
    {
        (TokenRefreshOutcome Outcome, string Reason)? obstacle = BearerChallenge.Read(response, options.Scheme) switch
        {
            _ when !CarriesOurToken(sent, response) => (
                TokenRefreshOutcome.TokenRemoved,
                "it was rejected without the token. .NET removes the Authorization header when it follows a redirect: send the request to "
                + "the redirect's target, often the same address with or without a slash at its end. An inner handler may have changed "
                + "the header or the origin, too."),
            RequestedRemedy.SomethingElse => (
                TokenRefreshOutcome.OtherChallenge,
                "its challenge asks for something that a new token can't give, such as another scope or a stronger login."),

            // Some servers name only a scheme of their own for an expired token, so a refresh is tried, once. If the new token gets the
            // same challenge, another refresh doesn't help.
            RequestedRemedy.OtherScheme when options.Protocol == TokenEndpointProtocol.OAuth
                && HandlerMemory.Of(sent.Session.Services).WantsOtherScheme(sent.Snapshot.LoginId, sent.Address) => (
                TokenRefreshOutcome.OtherChallenge,
                "its challenge names another scheme only, and this origin answered a new token in the same way before."),
            _ => null,
        };
        if (obstacle is not { } found)
        {
            return true;
        }

        sent.ReturnsToCaller(response, found.Outcome, found.Reason);
        return false;
    }

    // Redirects are followed below this handler and change the caller's request. A rejection counts only if the final request was what we
    // sent, at the origin that we sent it to. Otherwise the new token would go to the target of a redirect.
    private static bool CarriesOurToken(SentRequest sent, HttpResponseMessage response) =>
        sent.Matches(sent.Request)
        && (response.RequestMessage is not { } final || ReferenceEquals(final, sent.Request) || sent.Matches(final));

    private static bool CanResend(SentRequest sent, HttpResponseMessage response)
    {
        if (!sent.IsWorthAnotherToken)
        {
            ExplainRejectedRefresh(sent, response, "its new token was rejected, too.");
            return false;
        }

        if (RequestReplay.CanReplay(sent.Content, sent.IsBuffered))
        {
            return true;
        }

        // This request can't be sent again. Start a refresh, so that the next request succeeds.
        ExplainContent(sent, response);
        sent.Session.StartRefreshAfterRejection(sent.Snapshot);
        return false;
    }

    private static void ExplainRejectedRefresh(SentRequest sent, HttpResponseMessage response, string reason)
    {
        var services = sent.Session.Services;
        var memory = HandlerMemory.Of(services);
        if (response.StatusCode == HttpStatusCode.Unauthorized
            && BearerChallenge.Read(response, services.Options.Scheme) == RequestedRemedy.OtherScheme)
        {
            memory.RememberOtherScheme(sent.Snapshot.LoginId, sent.Address);
        }

        sent.Snapshot.AccessToken.NoteRejectedThoughNew();
        sent.ReturnsToCaller(response, TokenRefreshOutcome.RejectedAfterRefresh, reason);
        memory.LogRefreshedTokenRejected(services, sent.Request, sent.Address);
    }
}

using System;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Decides whether a response rejects our token, and whether its request is sent again with a new one.</summary>
internal static class Rejection
{
    /// <summary>Whether the response rejects our token and the request can be sent again. If not, the response is the caller's.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled. The response is disposed.</exception>
    public static ValueTask<bool> ShouldResendAsync(SentRequest sent, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var options = sent.Session.Services.Options;
        if (options.ShouldRefresh is null
            && options.Protocol == TokenEndpointProtocol.SimpleJwt
            && SimpleJwtForbidden.IsPossible(response)
            && CarriesOurToken(sent, response))
        {
            return new ValueTask<bool>(ShouldResendForbiddenAsync(sent, response, cancellationToken));
        }

        return new ValueTask<bool>(WasRejected(sent, response, options) && CanResend(sent, response));
    }

    /// <summary>Says why a request that has waited isn't sent again.</summary>
    /// <param name="sent">The request.</param>
    /// <param name="response">Its response, which the caller gets.</param>
    /// <param name="current">The session's state after the wait: it holds no new token of the same login.</param>
    /// <exception cref="TokenRefreshException">The login has ended, and <see cref="TokenRefreshOptions.ReLoginResult"/> asks for an exception.</exception>
    public static void ThrowOrExplain(SentRequest sent, HttpResponseMessage response, Generation current)
    {
        var session = sent.Session;
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw && !session.IsIn(sent.Snapshot.Lineage))
        {
            throw session.ReLogin();
        }

        // Whatever else ended the wait has left a line of its own, one for all requests that waited.
        if (current == sent.Snapshot)
        {
            ExplainRejectedRefresh(sent, response, "its token was refreshed less than MinRefreshInterval ago. No other refresh is started.");
        }
    }

    /// <summary>Says that the content can't be sent again.</summary>
    public static void ExplainContent(SentRequest sent) => sent.LogReturned("its content can't be sent twice. Buffer the content, or set MaxReplayBufferSize.");

    private static async Task<bool> ShouldResendForbiddenAsync(SentRequest sent, HttpResponseMessage response, CancellationToken cancellationToken) =>
        await SimpleJwtForbidden.RejectsTokenAsync(response, sent.Session.Services.Time, cancellationToken).ConfigureAwait(false) && CanResend(sent, response);

    private static bool WasRejected(SentRequest sent, HttpResponseMessage response, TokenRefreshOptions options)
    {
        if (options.ShouldRefresh is { } shouldRefresh)
        {
            return IsRejectedBy(shouldRefresh, response) && CarriesOurToken(sent, response);
        }

        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        if (!CarriesOurToken(sent, response))
        {
            sent.LogReturned(
                "it was rejected without the token. .NET removes the Authorization header when it follows a redirect: send the request to the redirect's "
                + "target, often the same address with or without a slash at its end. An inner handler may have changed the header, too.");
            return false;
        }

        return BearerChallenge.Read(response, options.Scheme) switch
        {
            RequestedRemedy.NewToken => true,
            RequestedRemedy.OtherScheme => IsRefreshedForOtherScheme(sent, options),
            _ => IsReturned(sent, "its challenge asks for something that a new token can't give, such as another scope or a stronger login."),
        };
    }

    // Servers name schemes of their own, so a refresh is tried. It is tried once: if the new token gets the same answer, none helps.
    private static bool IsRefreshedForOtherScheme(SentRequest sent, TokenRefreshOptions options) =>
        options.Protocol == TokenEndpointProtocol.SimpleJwt
        || !HandlerMemory.Of(sent.Session.Services).WantsOtherScheme(sent.Snapshot.Lineage, sent.Address)
        || IsReturned(sent, "its challenge names another scheme only, and this origin answered a new token in the same way before.");

    private static bool IsReturned(SentRequest sent, string reason)
    {
        sent.LogReturned(reason);
        return false;
    }

    private static bool IsRejectedBy(Func<HttpResponseMessage, bool> shouldRefresh, HttpResponseMessage response)
    {
        try
        {
            return shouldRefresh(response);
        }
        catch
        {
            // The exception reaches the caller in place of the response.
            response.Dispose();
            throw;
        }
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

        // Start a refresh all the same, so that the next request succeeds.
        ExplainContent(sent);
        sent.Session.StartRepair(sent.Snapshot);
        return false;
    }

    private static void ExplainRejectedRefresh(SentRequest sent, HttpResponseMessage response, string reason)
    {
        var services = sent.Session.Services;
        var memory = HandlerMemory.Of(services);
        if (response.StatusCode == HttpStatusCode.Unauthorized && BearerChallenge.Read(response, services.Options.Scheme) == RequestedRemedy.OtherScheme)
        {
            memory.RememberOtherScheme(sent.Snapshot.Lineage, sent.Address);
        }

        sent.LogReturned(reason);
        if (memory.IsWarningDue(services.Time))
        {
            RequestLog.RefreshedTokenRejected(services.Logger, services.Name, sent.Request, sent.Address);
        }
    }
}

using System.Net;
using TokenRefresh.Diagnostics;
using TokenRefresh.Handling;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>
/// Sends requests with a session's access token. If the API rejects the token, the request waits for a refresh, which all waiting requests
/// share, and is sent again with the new token.
/// </summary>
public sealed class TokenRefreshHandler : DelegatingHandler
{
    /// <summary>Creates a handler by hand. Its <see cref="DelegatingHandler.InnerHandler"/> must be set.</summary>
    /// <param name="session">The session. It outlives the handler.</param>
    /// <exception cref="ArgumentNullException"><paramref name="session"/> is <see langword="null"/>.</exception>
    public TokenRefreshHandler(TokenSession session)
    {
        Require.NotNull(session, nameof(session));
        Resolver = new SingleSessionResolver(session);
    }

    internal TokenRefreshHandler(SessionResolver resolver) => Resolver = resolver;

    internal SessionResolver Resolver { get; }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        ResolvedSession resolved;
        try
        {
            resolved = Resolver.Resolve(request);
        }
        catch (Exception e)
        {
            return Task.FromException<HttpResponseMessage>(e);
        }

        if (resolved.Session is not { } session)
        {
            return SendWithoutTokenAsync(request, resolved.WithoutToken, isAsync: true, cancellationToken);
        }

        // A good token costs one volatile read: no lock, no I/O, and no state machine if the response is there already.
        if (resolved.LoginId is not null
            || session.Services.Options.MaxReplayBufferSize > 0
            || ReplayableUpload.IsNeededFor(request)
            || session.Current is not SignedInSnapshot snapshot
            || snapshot.Decide(session.Services.Time) != RefreshDecision.Send
            || session.NeedsRecheck)
        {
            return WaitThenSendAsync(request, resolved, isAsync: true, cancellationToken);
        }

        var sent = new SentRequest(session, request, snapshot, request.RequestUri!, request.Content, IsAsync: true, IsBuffered: false);
        AuthorizationHeader.Add(request, session, snapshot);
        var sending = SendInnerAsync(request, isAsync: true, cancellationToken);
        return sending.Status == TaskStatus.RanToCompletion && NeedsNoInspection(session, sending.Result)
            ? sending
            : ResendIfRejectedAsync(sending, sent, cancellationToken);
    }

#if NET8_0_OR_GREATER
    /// <inheritdoc/>
    /// <remarks>Blocks the calling thread while a refresh is under way. The refresh itself runs on others.</remarks>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        var resolved = Resolver.Resolve(request);
        return resolved.Session is null
            ? SendWithoutTokenAsync(request, resolved.WithoutToken, isAsync: false, cancellationToken).GetAwaiter().GetResult()
            : WaitThenSendAsync(request, resolved, isAsync: false, cancellationToken).GetAwaiter().GetResult();
    }
#endif

    private static bool NeedsNoInspection(SessionContext session, HttpResponseMessage response) =>
        response.IsSuccessStatusCode && session.Services.Options is { ShouldRefresh: null, ShouldRefreshAsync: null };

    private Task<HttpResponseMessage> SendWithoutTokenAsync(
        HttpRequestMessage request, TokenRefreshOutcome outcome, bool isAsync, CancellationToken cancellationToken)
    {
        var sending = SendInnerAsync(request, isAsync, cancellationToken);
        return outcome == TokenRefreshOutcome.None ? sending : NoteOutcomeAsync();

        async Task<HttpResponseMessage> NoteOutcomeAsync()
        {
            var response = await sending.ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                RequestState.SetOutcome(request, response, outcome);
            }

            return response;
        }
    }

    /// <summary>Sends a request that may have to wait for a token, or whose content may have to be buffered first.</summary>
    private async Task<HttpResponseMessage> WaitThenSendAsync(
        HttpRequestMessage request, ResolvedSession resolved, bool isAsync, CancellationToken cancellationToken)
    {
        var session = resolved.Session!;
        var start = session.Current;

        // Buffer first, then get the token, so that the token can't become stale while the content is buffered.
        var isBuffered = await RequestReplay.BufferAsync(request.Content, session.Services.Options.MaxReplayBufferSize, cancellationToken).ConfigureAwait(false);
        if (session.NeedsRecheck)
        {
            await RecheckAsync(session, isAsync, cancellationToken).ConfigureAwait(false);
        }

        var wait = RefreshWait.ForToken(session);
        while (wait.MoveNext() && wait.CanContinueAfter(await WaitAsync(session, wait.Flight, isAsync, cancellationToken).ConfigureAwait(false)))
        {
            // Another look at the session.
        }

        if (!IsOfSameLogin(wait.Current, start, resolved.LoginId))
        {
            // The login that the request was made under has ended: it is sent neither as another user nor without a token.
            return LocalResponse.Create(session, request, wait.Current);
        }

        if (wait.Current is not SignedInSnapshot snapshot)
        {
            AuthorizationHeader.Remove(request);
            return wait.Current is EndedSnapshot
                ? LocalResponse.Create(session, request, wait.Current)
                : await SendSignedOutAsync(session, request, isAsync, cancellationToken).ConfigureAwait(false);
        }

        if (ReplayableUpload.IsNeededFor(request))
        {
            ReplayableUpload.Begin(request);
        }

        var sent = new SentRequest(session, request, snapshot, request.RequestUri!, request.Content, isAsync, isBuffered);
        AuthorizationHeader.Attach(request, session, snapshot);
        return await ResendIfRejectedAsync(SendInnerAsync(request, isAsync, cancellationToken), sent, cancellationToken).ConfigureAwait(false);
    }

    private Task<HttpResponseMessage> SendSignedOutAsync(SessionContext session, HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        RequestLog.NoTokenSent(
            session.Services.Logger,
            session.Services.Name,
            request,
            session.UserKey is null ? "no user is signed in. Call SignInAsync first." : "no user is signed in under the request's user key. Call SignInAsync first.");
        return SendWithoutTokenAsync(request, TokenRefreshOutcome.SignedOut, isAsync, cancellationToken);
    }

    /// <summary>Whether a request may be sent now: it belongs to the login that it was made under.</summary>
    /// <param name="now">The session's state.</param>
    /// <param name="start">The session's state when the request was made.</param>
    /// <param name="ofRequest">The login that the request names, if it does.</param>
    private static bool IsOfSameLogin(SessionSnapshot now, SessionSnapshot start, LoginId? ofRequest) => start switch
    {
        _ when ofRequest is not null => now.LoginId == ofRequest,
        SignedInSnapshot or EndedSnapshot { CanAskUser: true } => now.LoginId == start.LoginId,

        // The login that was to be loaded may be the one that a sign-in has replaced since.
        NotLoadedSnapshot => now is not SignedInSnapshot { ReplacedStoredLogin: true },
        _ => true,
    };

    private static Task RecheckAsync(SessionContext session, bool isAsync, CancellationToken cancellationToken)
    {
        if (isAsync)
        {
            return session.RecheckAsync(cancellationToken);
        }

        session.RecheckOnThisThread(cancellationToken);
        return Task.CompletedTask;
    }

    private static Task<FlightResult> WaitAsync(SessionContext session, Flight flight, bool isAsync, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        if (!isAsync)
        {
            return Task.FromResult(session.WaitOnThisThread(flight, cancellationToken));
        }
#endif
        return session.WaitForAsync(flight, cancellationToken);
    }

    /// <summary>
    /// Waits for the response. If it rejects our token, the request waits for a new one and is sent again: once for each new token, three
    /// times at most.
    /// </summary>
    /// <remarks>One async method on purpose: a second state machine would double the memory of a waiting request (see docs/performance.md).</remarks>
    private async Task<HttpResponseMessage> ResendIfRejectedAsync(Task<HttpResponseMessage> sending, SentRequest sent, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var response = await sending.ConfigureAwait(false);
                if (NeedsNoInspection(sent.Session, response) || !await Rejection.ShouldResendAsync(sent, response, cancellationToken).ConfigureAwait(false))
                {
                    return response;
                }

                var held = HeldResponse.Of(response);
                var wait = RefreshWait.AfterRejection(sent.Session, sent.Snapshot);
                SignedInSnapshot? replacement;
                try
                {
                    while (wait.MoveNext())
                    {
                        held = held.Hold(sent.Session.Services.Time);
                        var result = await WaitAsync(sent.Session, wait.Flight, sent.IsAsync, cancellationToken).ConfigureAwait(false);
                        if (!wait.CanContinueAfter(result))
                        {
                            break;
                        }
                    }

                    replacement = wait.Current as SignedInSnapshot;
                    if (replacement?.Replaces(sent.Snapshot) is not true)
                    {
                        Rejection.ThrowOrExplain(sent, response, wait.Current);
                        return held.ReturnToCaller();
                    }

                    if (!await RequestReplay.PrepareAsync(sent, cancellationToken).ConfigureAwait(false))
                    {
                        Rejection.ExplainContent(sent, response);
                        return held.ReturnToCaller();
                    }
                }
                catch
                {
                    held.Discard();
                    throw;
                }

                if (wait.WasAlreadyReplaced)
                {
                    sent.Session.Services.Telemetry.Stale401();
                }

                held.Discard();
                AuthorizationHeader.Attach(sent.Request, sent.Session, replacement);
                sent = sent.With(replacement);
                sent.Session.Services.Telemetry.Resent();
                sending = SendInnerAsync(sent.Request, sent.IsAsync, cancellationToken);
            }
        }
        finally
        {
            ReplayableUpload.End(sent.Request);
        }
    }

    // An exception that an inner handler throws at once appears where every other failure does.
    private Task<HttpResponseMessage> SendInnerAsync(HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        try
        {
#if NET8_0_OR_GREATER
            if (!isAsync)
            {
                return Task.FromResult(base.Send(request, cancellationToken));
            }
#endif
            return base.SendAsync(request, cancellationToken);
        }
        catch (Exception e)
        {
            return Task.FromException<HttpResponseMessage>(e);
        }
    }
}

using TokenRefresh.Handling;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>
/// Sends requests with a session's access token. If the API rejects the token, the request waits for a refresh and is sent again with the
/// new token. All waiting requests share one refresh.
/// </summary>
public sealed class TokenRefreshHandler : DelegatingHandler
{
    /// <summary>Creates a handler without dependency injection. Set its <see cref="DelegatingHandler.InnerHandler"/>.</summary>
    /// <param name="session">The session. It outlives the handler.</param>
    /// <exception cref="ArgumentNullException"><paramref name="session"/> is <see langword="null"/>.</exception>
    public TokenRefreshHandler(TokenSession session)
    {
        Require.NotNull(session, nameof(session));
        Resolver = SessionResolver.For(session);
    }

    internal TokenRefreshHandler(SessionResolver resolver) => Resolver = resolver;

    internal SessionResolver Resolver { get; }

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        try
        {
            var resolved = Resolver.Resolve(request);
            if (resolved.Session is not { } session)
            {
                return SendWithoutTokenAsync(request, resolved.WithoutToken, isAsync: true, cancellationToken);
            }

            // With a valid token this costs one volatile read: no lock, no I/O, and no state machine if the response is complete already.
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
            var sending = base.SendAsync(request, cancellationToken);
            return sending.Status == TaskStatus.RanToCompletion && Rejection.IsExcluded(session, sending.Result)
                ? sending
                : ResendIfRejectedAsync(sending, sent, cancellationToken);
        }
        catch (Exception e)
        {
            // An exception that is thrown at once is in the task, as every other failure is.
            return Task.FromException<HttpResponseMessage>(e);
        }
    }

#if NET8_0_OR_GREATER
    /// <inheritdoc/>
    /// <remarks>Blocks the calling thread while a refresh is running. The refresh runs on other threads.</remarks>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        var context = SynchronizationContext.Current;
        try
        {
            // Asynchronous code of the app, such as ShouldRefreshAsync, would wait for this thread, which waits for that code.
            SynchronizationContext.SetSynchronizationContext(null);
            var resolved = Resolver.Resolve(request);
            var sending = resolved.Session is null
                ? SendWithoutTokenAsync(request, resolved.WithoutToken, isAsync: false, cancellationToken)
                : WaitThenSendAsync(request, resolved, isAsync: false, cancellationToken);
            return sending.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
#endif

    /// <summary>Sends a request that may have to wait for a token, or whose content may have to be buffered first.</summary>
    private async Task<HttpResponseMessage> WaitThenSendAsync(
        HttpRequestMessage request, ResolvedSession resolved, bool isAsync, CancellationToken cancellationToken)
    {
        var session = resolved.Session!;
        var start = session.Current;

        // Buffer first, then get the token, so that the token can't become stale while the content is buffered.
        var limit = session.Services.Options.MaxReplayBufferSize;
        var isBuffered = await RequestWait.ForAsync(
            RequestReplay.BufferAsync(request.Content, limit, cancellationToken), isAsync).ConfigureAwait(false);
        await RequestWait.ForRecheckAsync(session, isAsync, cancellationToken).ConfigureAwait(false);
        var wait = RefreshWait.ForToken(session);
        while (wait.MoveNext(session, out var flight) && wait.CanContinueAfter(
            session, await RequestWait.ForFlightAsync(session, request, flight, isAsync, cancellationToken).ConfigureAwait(false)))
        {
            // Read the session again.
        }

        if (LocalResponse.FindFor(request, resolved, start, wait.Current) is { } response)
        {
            return response;
        }

        if (wait.Current is not SignedInSnapshot snapshot)
        {
            RequestLog.NoTokenSent(session.Services, request, session.UserKey is null
                ? "no user is signed in. Call SignInAsync first."
                : "no user is signed in under the request's user key. Call SignInAsync first.");
            return await SendWithoutTokenAsync(request, TokenRefreshOutcome.SignedOut, isAsync, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var sent = SentRequest.Prepare(session, request, snapshot, isAsync, isBuffered);
            return await ResendIfRejectedAsync(
                SendInnerAsync(request, isAsync, cancellationToken), sent, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ReplayableUpload.End(request);
        }
    }

    /// <summary>
    /// Waits for the response. If it rejects our token, the request waits for a new one and is sent again: once for each new token, three
    /// times at most.
    /// </summary>
    /// <remarks>
    /// One async method on purpose: a second state machine would double the memory of a waiting request (see docs/performance.md).
    /// </remarks>
    private async Task<HttpResponseMessage> ResendIfRejectedAsync(
        Task<HttpResponseMessage> sending, SentRequest sent, CancellationToken cancellationToken)
    {
        while (true)
        {
            var held = HeldResponse.Of(await sending.ConfigureAwait(false));
            if (Rejection.IsExcluded(sent.Session, held.Response) || !await RequestWait.ForAsync(
                Rejection.AsksForResendAsync(sent, held.Response, cancellationToken), sent.IsAsync).ConfigureAwait(false))
            {
                return held.Response;
            }

            var wait = RefreshWait.AfterRejection(sent.Session, sent.Snapshot);
            try
            {
                while (wait.MoveNext(sent.Session, out var flight))
                {
                    held = held.Hold(sent.Session.Services.Time);
                    var result = await RequestWait.ForFlightAsync(
                        sent.Session, sent.Request, flight, sent.IsAsync, cancellationToken).ConfigureAwait(false);
                    if (!wait.CanContinueAfter(sent.Session, result))
                    {
                        break;
                    }
                }

                if (!await RequestWait.ForAsync(
                    Rejection.PrepareResendAsync(sent, held.Response, wait.Current, cancellationToken), sent.IsAsync).ConfigureAwait(false))
                {
                    return held.ReturnToCaller();
                }
            }
            catch
            {
                held.Discard();
                throw;
            }

            held.Discard();
            sent = sent.Authorize(wait);
            sending = SendInnerAsync(sent.Request, sent.IsAsync, cancellationToken);
        }
    }

    private Task<HttpResponseMessage> SendWithoutTokenAsync(
        HttpRequestMessage request, TokenRefreshOutcome outcome, bool isAsync, CancellationToken cancellationToken)
    {
        var sending = SendInnerAsync(request, isAsync, cancellationToken);
        return outcome == TokenRefreshOutcome.None ? sending : RequestState.SetOutcomeOf401Async(request, sending, outcome);
    }

    private Task<HttpResponseMessage> SendInnerAsync(HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken) =>
#if NET8_0_OR_GREATER
        !isAsync ? Task.FromResult(base.Send(request, cancellationToken)) :
#endif
        base.SendAsync(request, cancellationToken);
}

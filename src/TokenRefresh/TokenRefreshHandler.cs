using System;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.Handling;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>
/// Sends requests with a session's access token. If the API rejects the token, the request waits for a refresh, which all waiting requests
/// share, and is sent again with the new token.
/// </summary>
public sealed class TokenRefreshHandler : DelegatingHandler
{
    private readonly SessionResolver _resolver;

    /// <summary>Creates a handler by hand. Its <see cref="DelegatingHandler.InnerHandler"/> must be set.</summary>
    /// <param name="session">The session. It outlives the handler.</param>
    /// <exception cref="ArgumentNullException"><paramref name="session"/> is <see langword="null"/>.</exception>
    public TokenRefreshHandler(TokenSession session)
    {
        Require.NotNull(session, nameof(session));
        _resolver = new SingleSessionResolver(session);
    }

    internal TokenRefreshHandler(SessionResolver resolver) => _resolver = resolver;

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        ResolvedSession resolved;
        try
        {
            resolved = _resolver.Resolve(request);
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
        var snapshot = session.Current;
        if (resolved.LoginId is not null
            || session.Services.Options.MaxReplayBufferSize > 0
            || ReplayableUpload.IsNeededFor(request)
            || RefreshDecisions.For(snapshot, session.Services.Time) != RefreshDecision.Send)
        {
            return WaitThenSendAsync(request, resolved, isAsync: true, cancellationToken);
        }

        var sent = new SentRequest(session, request, snapshot, request.RequestUri!, request.Content, IsAsync: true, IsBuffered: false);
        AuthorizationHeader.Attach(request, session, snapshot);
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
        var resolved = _resolver.Resolve(request);
        return resolved.Session is null
            ? SendWithoutTokenAsync(request, resolved.WithoutToken, isAsync: false, cancellationToken).GetAwaiter().GetResult()
            : WaitThenSendAsync(request, resolved, isAsync: false, cancellationToken).GetAwaiter().GetResult();
    }
#endif

    private static bool NeedsNoInspection(TokenSession session, HttpResponseMessage response) =>
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
        var loginId = resolved.LoginId ?? LoginIdOf(session.Current);

        // Buffer first, then get the token, so that the token can't become stale while the content is buffered.
        var isBuffered = await RequestReplay.BufferAsync(request.Content, session.Services.Options.MaxReplayBufferSize, cancellationToken).ConfigureAwait(false);
        var snapshot = await session.AcquireAsync(cancellationToken).ConfigureAwait(false);
        if (loginId is not null && snapshot.Lineage != loginId)
        {
            // The login that the request was made under has ended: it is sent neither as another user nor without a token.
            return LocalResponse.Create(session, request, snapshot);
        }

        if (snapshot.State == TokenSessionState.SignedIn)
        {
            if (ReplayableUpload.IsNeededFor(request))
            {
                ReplayableUpload.Begin(request);
            }

            var sent = new SentRequest(session, request, snapshot, request.RequestUri!, request.Content, isAsync, isBuffered);
            AuthorizationHeader.Attach(request, session, snapshot);
            return await ResendIfRejectedAsync(SendInnerAsync(request, isAsync, cancellationToken), sent, cancellationToken).ConfigureAwait(false);
        }

        AuthorizationHeader.Remove(request);
        if (snapshot.State == TokenSessionState.ReLoginRequired)
        {
            return LocalResponse.Create(session, request, snapshot);
        }

        RequestLog.NoTokenSent(
            session.Services.Logger,
            session.Name,
            request,
            session.UserKey is null ? "no user is signed in. Call SignInAsync first." : "no user is signed in under the request's user key. Call SignInAsync first.");
        return await SendWithoutTokenAsync(request, TokenRefreshOutcome.SignedOut, isAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The login that a request is made under, if there is one.</summary>
    private static string? LoginIdOf(Generation snapshot) => snapshot.State == TokenSessionState.SignedIn || snapshot.CanAskUser ? snapshot.Lineage : null;

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
                Generation replacement;
                try
                {
                    for (var round = 1; sent.Session.TryHoldRefused(sent.Snapshot, round, out replacement, out var outcome); round++)
                    {
                        held = held.Hold(sent.Session.Services.Time);
                        if (await sent.Session.Services.Telemetry.HoldAsync(outcome, cancellationToken).ConfigureAwait(false) is { } failure)
                        {
                            replacement = sent.Session.GoOnDespite(failure);
                            break;
                        }
                    }

                    if (!replacement.Succeeds(sent.Snapshot))
                    {
                        Rejection.ThrowOrExplain(sent, response, replacement);
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

                held.Discard();
                AuthorizationHeader.Attach(sent.Request, sent.Session, replacement);
                sent = sent.With(replacement);
                sent.Session.Services.Telemetry.Replayed();
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

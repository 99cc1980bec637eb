using System.Diagnostics.CodeAnalysis;
using TokenRefresh.Protocol;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// One flight's call of the token endpoint: through the Polly pipeline, within the deadline, and only while the lease lasts. A result that
/// arrives after the deadline is applied in the background: its tokens are still saved and used.
/// </summary>
internal sealed class TokenCall(SessionContext session, Flight flight, SessionSnapshot start, LeaseClaim lease, HeldLogin held)
{
    private readonly SessionServices _services = session.Services;

    // The attempt whose answer hasn't arrived. If it never does, the server may have used the refresh token.
    private volatile TokenEndpointRequest? _attempt;
    private volatile TokenEndpointResult? _lastResult;

    /// <summary>
    /// The result of a call that wasn't made because the lease had ended. It has a <c>RetryAfter</c>, so the pipeline doesn't repeat it.
    /// </summary>
    public static TokenEndpointResult LeaseExpired { get; } =
        TokenEndpointResult.Transient("the lease ended before the request was sent.", retryAfter: TimeSpan.Zero);

    // A mock of the app's that isn't set up returns null.
    private static TokenEndpointResult NoResult { get; } = TokenEndpointResult.Misconfigured(
        "the ITokenEndpoint returned null. Let it return a TokenEndpointResult for each request.").AsPossiblyUsed();

    /// <summary>Calls the endpoint until the flight's deadline. With client credentials there is no refresh token.</summary>
    public async Task<TokenEndpointResult> SendAsync(string? refreshToken, CancellationToken cancellationToken)
    {
        var previousFailed = session.CoolDown is not null;
        var app = new AppCancellation(thrown => SessionEvents.LogThrown(session, thrown));
        using var following = app.FollowFrom(cancellationToken);
        var calling = OtherThread.RunAsync(() => ExecuteAsync(refreshToken, previousFailed, app.Token));
        try
        {
            return await calling.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            app.Cancel();

            // An attempt writes _lastResult before it clears _attempt, so _attempt is read first.
            var wasSent = MarkIfSent(_attempt);
            if (_lastResult is var last && HasNewTokens(last))
            {
                // The server has answered, and code of the app's pipeline is still busy with the result.
                return last;
            }

            _ = ApplyLateAsync(calling);
            var limit = FormattableString.Invariant($"within RefreshTimeout, {_services.Options.RefreshTimeout.TotalSeconds} s.");
            return wasSent ? TokenEndpointResult.TimedOut("no answer " + limit) : TokenEndpointResult.Transient("no connection " + limit);
        }
        catch (Exception e)
        {
            // Only a custom pipeline gets here: an open circuit, a rate limit, a timeout of its own.
            MarkIfSent(_attempt);
            return TokenEndpointResult.TimedOut($"the refresh pipeline gave up ({e.GetType().Name}).");
        }
    }

    private async Task<TokenEndpointResult> ExecuteAsync(string? refreshToken, bool previousFailed, CancellationToken cancellationToken)
    {
        try
        {
            return await RefreshPipeline.ExecuteAsync(
                _services.Pipeline, ct => AttemptAsync(refreshToken, ct), previousFailed, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (_lastResult is var last && HasNewTokens(last))
        {
            // Code of the app's pipeline threw after the server had issued new tokens. The old refresh token may be used up, so they count.
            SessionEvents.LogThrown(session, e);
            return last;
        }
    }

    private async ValueTask<TokenEndpointResult> AttemptAsync(string? refreshToken, CancellationToken cancellationToken)
    {
        if (_lastResult is not null && _services.Work.IsStopping)
        {
            // The app ends. It ended the pause before this attempt, and no other attempt is made.
            return _lastResult;
        }

        if (IsLeaseOver())
        {
            return LeaseExpired;
        }

        var request = new TokenEndpointRequest(session.Key, refreshToken, _services.Options.Scope)
        {
            IsTooLate = IsLeaseOver,
        };
        _attempt = request;
        var result = await RequestAsync(request, cancellationToken).ConfigureAwait(false);
        if (!request.MayBeSent && IsLeaseOver() && !HasNewTokens(result))
        {
            // The machine slept while the connection was opened.
            return LeaseExpired;
        }

        if (result.RefreshTokenMayBeUsed)
        {
            MarkPossiblyUsed();
        }

        result = Check(result, request);
        _lastResult = result;
        _attempt = null;
        return result;
    }

    private async Task<TokenEndpointResult> RequestAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await _services.Endpoint.RequestTokenAsync(request, cancellationToken).ConfigureAwait(false) ?? NoResult;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The deadline or a timeout of the app's pipeline ended this attempt without an answer. A later attempt doesn't change that the
            // refresh token is possibly used.
            MarkIfSent(request);
            throw;
        }
        catch (Exception e)
        {
            return EndpointExceptionClassifier.Classify(e);
        }
    }

    private bool IsLeaseOver() => lease.IsOver(_services.Time);

    private static bool HasNewTokens([NotNullWhen(true)] TokenEndpointResult? result) =>
        result is { Tokens: not null } or { NewRefreshToken: not null };

    private TokenEndpointResult Check(TokenEndpointResult result, TokenEndpointRequest request)
    {
        if (result.Tokens is { } tokens && !tokens.CanBeSentAs(_services.Options.Scheme))
        {
            result = TokenEndpointResult.Misconfigured(
                "the token endpoint returns tokens that need a proof of possession, which can't be sent. Request bearer tokens.",
                newRefreshToken: tokens.RefreshToken);
        }

        // The endpoint may be the app's own. Its error code gets into messages and logs, so it is sanitized here too.
        result = result.WithError(ErrorCodes.Sanitize(result.Error, request.RefreshToken, _services.Options.ClientSecret));
        return _services.UsesClientCredentials
            && result.Outcome is TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired
            ? TokenEndpointResult.Misconfigured("the token endpoint rejects the client's own credentials.", result.Error)
            : result;
    }

    /// <summary>Waits for a call that outlasts its flight, and applies its result unless the session has changed since.</summary>
    private async Task ApplyLateAsync(Task<TokenEndpointResult> calling)
    {
        TokenEndpointResult result;
        try
        {
            result = await calling.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Cancelled, or failed: the flight has reported its failure.
            return;
        }

        // Wait for the end of the flight: its failure starts a cool-down, and this result ends it.
        await flight.Result.ConfigureAwait(false);
        await session.FollowUpAsync(() => ApplyAsync(result)).ConfigureAwait(false);
    }

    private Task<FlightRun> ApplyAsync(TokenEndpointResult late)
    {
        if (start is not SignedInSnapshot || session.Current != start)
        {
            return Task.FromResult(FlightRun.Superseded with { Orphaned = SessionPublisher.OrphanedOf(session, late.Tokens) });
        }

        var publisher = new SessionPublisher(session, start);
        return late switch
        {
            { Tokens: { } tokens } => publisher.SaveAsync(held, tokens),
            { NewRefreshToken: { } refreshToken } => publisher.SaveRefreshTokenAsync(held, refreshToken),
            _ => Task.FromResult(FlightRun.Superseded),
        };
    }

    /// <returns>Whether the refresh token may have left this process.</returns>
    private bool MarkIfSent(TokenEndpointRequest? request)
    {
        if (request is not { MayBeSent: true })
        {
            return false;
        }

        MarkPossiblyUsed();
        return true;
    }

    private void MarkPossiblyUsed() => (start as SignedInSnapshot)?.MarkPossiblyUsed();
}

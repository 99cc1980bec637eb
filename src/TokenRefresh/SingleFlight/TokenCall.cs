using System;
using System.Threading;
using System.Threading.Tasks;
using Polly;
using TokenRefresh.Protocol;

namespace TokenRefresh.SingleFlight;

/// <summary>One flight's call of the token endpoint: through the pipeline, within the deadline, and aware of what is left in doubt.</summary>
internal sealed class TokenCall(TokenSession session, Generation asked, Func<Generation, TokenEndpointResult, Task> commitLate)
{
    private readonly SessionServices _services = session.Services;

    // The attempt whose answer hasn't come: if it never does, the server may have rotated.
    private volatile TokenEndpointRequest? _attempt;

    /// <param name="refreshToken">What to redeem; <see langword="null"/>: nothing, the client asks for itself.</param>
    /// <param name="cancellationToken">The flight's deadline.</param>
    public async Task<TokenEndpointResult> AskAsync(string? refreshToken, CancellationToken cancellationToken)
    {
        var calling = RefreshPipeline.ExecuteAsync(
            _services.Pipeline, ct => AttemptAsync(refreshToken, ct), previousFlightFailed: false, cancellationToken).AsTask();
        try
        {
            return await calling.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            var wasSent = DoubtIfSent();
            _ = KeepLateAsync(calling);
            var limit = $"within RefreshTimeout, {_services.Options.RefreshTimeout.TotalSeconds} s.";
            return wasSent ? TokenEndpointResult.TimedOut("no answer " + limit) : TokenEndpointResult.Transient("no connection " + limit);
        }
        catch (Exception e)
        {
            // Only a pipeline of the user's gets here: an open circuit, a rate limit, a timeout of its own.
            DoubtIfSent();
            return TokenEndpointResult.TimedOut($"the refresh pipeline gave up ({e.GetType().Name}).");
        }
    }

    private async ValueTask<TokenEndpointResult> AttemptAsync(string? refreshToken, CancellationToken cancellationToken)
    {
        var request = new TokenEndpointRequest(session.Key, refreshToken, _services.Options.Scope);
        _attempt = request;
        TokenEndpointResult result;
        try
        {
            result = await _services.Endpoint.RequestTokenAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Cut short by the deadline or by a timeout of the user's pipeline: whatever a next attempt says, this one stays in doubt.
            if (request.MayBeSent)
            {
                asked.Doubt();
            }

            throw;
        }
        catch (Exception e)
        {
            result = EndpointExceptionClassifier.Classify(e);
        }

        _attempt = null;
        if (result.RefreshTokenMayBeUsed)
        {
            asked.Doubt();
        }

        if (result.Tokens is { } tokens && !session.CanSend(tokens))
        {
            result = TokenEndpointResult.Misconfigured(
                "the token endpoint gives tokens that need a proof of possession, which isn't supported. Have it issue Bearer tokens.",
                newRefreshToken: tokens.RefreshToken);
        }

        // Whoever made the endpoint: what the server calls an error goes into messages and logs.
        result = result.WithError(ErrorCode.Sanitize(result.Error, request.RefreshToken, _services.Options.ClientSecret));
        return _services.IsOwnClient && result.Outcome is TokenEndpointOutcome.Rejected or TokenEndpointOutcome.InteractionRequired
            ? TokenEndpointResult.Misconfigured("the token endpoint refuses the client's own credentials.", result.Error)
            : result;
    }

    private bool DoubtIfSent()
    {
        if (_attempt is not { MayBeSent: true })
        {
            return false;
        }

        asked.Doubt();
        return true;
    }

    /// <summary>An endpoint that doesn't heed its deadline may still bring tokens: they are worth keeping.</summary>
    private async Task KeepLateAsync(Task<TokenEndpointResult> calling)
    {
        try
        {
            await commitLate(asked, await calling.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Cancelled as it should be, or failed: the flight has told its waiters long ago.
        }
    }
}

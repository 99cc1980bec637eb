using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

// What a request asks of its session: a token to be sent with, and, after a 401, another one.
public sealed partial class TokenSession
{
    private const int MaxRounds = 3;

    /// <summary>The generation a request is sent with. Waits for a flight where there is no token that may be sent.</summary>
    /// <exception cref="TokenRefreshException">The flight failed, and there is no token that still lives.</exception>
    internal ValueTask<Generation> AcquireAsync(CancellationToken cancellationToken)
    {
        var current = _current;
        return RefreshDecisions.For(current, _services.Time) == RefreshDecision.Hold
            ? AcquireHeldAsync(cancellationToken)
            : new ValueTask<Generation>(Ahead(current));
    }

    /// <summary>
    /// One look at the session, after a 401 for what a request was sent with. The request waits for the flight that it is given, and looks
    /// again; the waiting is the handler's, since it is what a held request costs.
    /// </summary>
    /// <param name="sent">What the request was sent with.</param>
    /// <param name="round">Which look it is, from 1.</param>
    /// <param name="current">What to go on with. One that doesn't <see cref="Generation.Succeeds"/>: there is none, and the 401 is the caller's.</param>
    /// <param name="outcome">What to wait for first.</param>
    /// <returns><see langword="false"/>: nothing to wait for.</returns>
    internal bool TryHoldRefused(Generation sent, int round, out Generation current, out Task<FlightFailure?> outcome)
    {
        if (round == 1 && !Reject(sent))
        {
            current = sent;
            outcome = MovedOn;
            return false;
        }

        return TryHold(sent.Lineage, round, out current, out outcome);
    }

    /// <summary>What there is to go on with although a flight failed.</summary>
    /// <exception cref="TokenRefreshException">Nothing.</exception>
    internal Generation GoOnDespite(FlightFailure failure)
    {
        var current = _current;
        return current.State == TokenSessionState.SignedOut || current is { State: TokenSessionState.ReLoginRequired, CanAskUser: false } || current.IsAlive(_services.Time)
            ? current // The refresh was ahead of the expiry, or only asked whether somebody had signed in: what there was is still good.
            : throw failure.ToException();
    }

    /// <summary>Has a flight run for a refused token that nobody waits for.</summary>
    internal void StartRepair(Generation sent)
    {
        if (_current == sent && Reject(sent))
        {
            _ = Join(sent, FlightCause.Rejected, isAwaited: false);
        }
    }

    /// <summary>Whether the login that a request was made under is still there.</summary>
    internal bool IsIn(string lineage) => _current is { State: TokenSessionState.SignedIn } current && current.Lineage == lineage;

    /// <summary>Starts a refresh ahead, if the time has come and nothing holds it back. Nobody waits for it.</summary>
    internal Generation Ahead(Generation generation)
    {
        if (RefreshDecisions.For(generation, _services.Time) == RefreshDecision.SendAndRefreshAhead)
        {
            _ = Join(generation, FlightCause.Ahead, isAwaited: false);
        }

        return generation;
    }

    internal TokenRefreshException ReLogin() => _current is { State: TokenSessionState.ReLoginRequired } dead
        ? new TokenRefreshException(
            TokenRefreshFailure.ReLoginRequired,
            $"The login of session '{Name}' is dead: its refresh token was refused. Sign in again.",
            dead.Error)
        : new TokenRefreshException(TokenRefreshFailure.ReLoginRequired, $"The login of session '{Name}' was ended while the request was held. Sign in again.");

    private async ValueTask<Generation> AcquireHeldAsync(CancellationToken cancellationToken)
    {
        Generation current;
        for (var round = 1; TryHold(lineage: null, round, out current, out var outcome); round++)
        {
            if (await _services.Telemetry.HoldAsync(outcome, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return GoOnDespite(failure);
            }
        }

        return current;
    }

    private bool TryHold(string? lineage, int round, out Generation current, out Task<FlightFailure?> outcome)
    {
        current = _current;
        outcome = MovedOn;
        if (lineage is not null && current.Lineage != lineage)
        {
            return false;
        }

        // After that many new tokens that are no good either, whoever asked goes on with what there is, and gets its answer.
        if (round <= MaxRounds && RefreshDecisions.For(current, _services.Time) == RefreshDecision.Hold)
        {
            var cause = current.State != TokenSessionState.SignedIn ? FlightCause.Load : current.IsRejected ? FlightCause.Rejected : FlightCause.Expired;
            outcome = Join(current, cause);
            return true;
        }

        if (round == 1 && lineage is not null && current.State == TokenSessionState.SignedIn)
        {
            _services.Telemetry.Late401();
        }

        Ahead(current);
        return false;
    }

    /// <returns>What to refresh; <see langword="null"/>: nothing, a flight has just brought new tokens.</returns>
    private async ValueTask<Generation?> AcquireForRefreshAsync(CancellationToken cancellationToken)
    {
        var current = _current;
        if (current.State != TokenSessionState.SignedIn && RefreshDecisions.For(current, _services.Time) == RefreshDecision.Hold)
        {
            var failure = await _services.Telemetry.HoldAsync(Join(current, FlightCause.Forced), cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                throw failure.ToException();
            }

            current = _current;
            if (current.Refreshed is not null)
            {
                return null;
            }
        }

        return current.State switch
        {
            TokenSessionState.SignedIn => current,
            TokenSessionState.ReLoginRequired => throw ReLogin(),
            _ => throw new InvalidOperationException($"Nobody is signed in to session '{Name}'. Call SignInAsync first."),
        };
    }

    /// <summary>Marks the access token as refused.</summary>
    /// <returns><see langword="false"/>: it is too new for that to help, and no refresh is to be started.</returns>
    private bool Reject(Generation sent)
    {
        if (_current == sent && _flight is null && sent.IsFresh(_services.Options.MinRefreshInterval, _services.Time))
        {
            return false;
        }

        sent.Reject();
        return true;
    }
}

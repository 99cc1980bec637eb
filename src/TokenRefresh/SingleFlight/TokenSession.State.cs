using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh;

// The state of a session and the only places that change it. The rules are in this folder's README.
public sealed partial class TokenSession
{
    private const int MaxRounds = 3;

    // Elects the leader of a flight and orders what is published. Held for a few instructions, never across an await or I/O.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Generation _current;
    private volatile Flight? _flight;
    private volatile CoolDown? _coolDown;

    internal Generation Current => _current;

    internal SessionServices Services => _services;

    internal TokenSessionKey Key => _key;

    /// <summary>The generation a request is sent with. Waits for a flight where there is no token that may be sent.</summary>
    /// <exception cref="TokenRefreshException">The flight failed, and there is no token that still lives.</exception>
    internal ValueTask<Generation> AcquireAsync(CancellationToken cancellationToken)
    {
        var current = _current;
        return RefreshDecisions.For(current, _services.Time) == RefreshDecision.Hold
            ? AcquireHeldAsync(lineage: null, cancellationToken)
            : new ValueTask<Generation>(Ahead(current));
    }

    /// <summary>The generation that a request is sent again with, after a 401 for the one it was sent with.</summary>
    /// <returns><see langword="null"/>: there is none, and the 401 is the caller's.</returns>
    /// <exception cref="TokenRefreshException">The flight failed.</exception>
    internal async ValueTask<Generation?> RepairAsync(Generation sent, CancellationToken cancellationToken)
    {
        if (!Reject(sent))
        {
            return null;
        }

        var repaired = await AcquireHeldAsync(sent.Lineage, cancellationToken).ConfigureAwait(false);
        return repaired.State == TokenSessionState.SignedIn && repaired.Lineage == sent.Lineage && repaired != sent ? repaired : null;
    }

    /// <summary>Has a flight run for a refused token that nobody waits for.</summary>
    internal void StartRepair(Generation sent)
    {
        if (_current == sent && Reject(sent))
        {
            _ = Join(sent, FlightCause.Rejected);
        }
    }

    /// <summary>Whether the login that a request was made under is still there.</summary>
    internal bool IsIn(string lineage) => _current is { State: TokenSessionState.SignedIn } current && current.Lineage == lineage;

    /// <summary>Starts a refresh ahead, if the time has come and nothing holds it back. Nobody waits for it.</summary>
    internal Generation Ahead(Generation generation)
    {
        if (RefreshDecisions.For(generation, _services.Time) == RefreshDecision.SendAndRefreshAhead && !_services.Work.Stopping.IsCancellationRequested)
        {
            _ = Join(generation, FlightCause.Ahead);
        }

        return generation;
    }

    internal TokenRefreshException ReLogin() => _current is { State: TokenSessionState.ReLoginRequired } dead
        ? new TokenRefreshException(
            TokenRefreshFailure.ReLoginRequired,
            $"The login of session '{Name}' is dead: its refresh token was refused. Sign in again.",
            dead.Error)
        : new TokenRefreshException(TokenRefreshFailure.ReLoginRequired, $"The login of session '{Name}' was ended while the request was held. Sign in again.");

    /// <summary>Publishes what a flight found, if nothing else was published since: a sign-in or sign-out wins.</summary>
    internal bool TryPublish(Flight flight, Generation next)
    {
        _gate.Wait();
        try
        {
            if (_current != flight.Base)
            {
                return false;
            }

            _current = flight.Base = next;
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Replaces a generation outside a flight, under the same rule.</summary>
    internal bool TryReplace(Generation expected, Generation next)
    {
        _gate.Wait();
        try
        {
            if (_current != expected)
            {
                return false;
            }

            _current = next;
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask<Generation> AcquireHeldAsync(string? lineage, CancellationToken cancellationToken)
    {
        for (var round = 1; ; round++)
        {
            var current = _current;
            if (lineage is not null && current.Lineage != lineage)
            {
                return current;
            }

            if (round > MaxRounds || RefreshDecisions.For(current, _services.Time) != RefreshDecision.Hold)
            {
                return Ahead(current);
            }

            var cause = current.State != TokenSessionState.SignedIn ? FlightCause.Load : current.IsRejected ? FlightCause.Rejected : FlightCause.Expired;
            var failure = await Join(current, cause).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (failure is null)
            {
                continue;
            }

            current = _current;
            if (current.State is TokenSessionState.SignedOut or TokenSessionState.ReLoginRequired || current.IsAlive(_services.Time.GetUtcNow()))
            {
                // The refresh was ahead of the expiry, or only asked whether somebody had signed in: what there was is still good.
                return current;
            }

            throw failure.ToException();
        }
    }

    private async ValueTask<Generation> AcquireForRefreshAsync(CancellationToken cancellationToken)
    {
        var current = _current;
        if (current.State != TokenSessionState.SignedIn && RefreshDecisions.For(current, _services.Time) == RefreshDecision.Hold)
        {
            var failure = await Join(current, FlightCause.Forced).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                throw failure.ToException();
            }

            current = _current;
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
        if (_current == sent
            && _flight is null
            && sent.Refreshed is { } refreshed
            && refreshed.Elapsed(_services.Time) < _services.Options.MinRefreshInterval
            && sent.IsAlive(_services.Time.GetUtcNow()))
        {
            return false;
        }

        sent.Reject();
        return true;
    }

    /// <summary>Joins the flight that is open for this generation, or leads a new one. Its outcome is a value: it never throws but for disposal.</summary>
    private Task<FlightFailure?> Join(Generation seen, FlightCause cause)
    {
        var open = _flight;
        if (open is not null && open == FlightScope.Current)
        {
            return Task.FromResult<FlightFailure?>(FlightFailures.Recursion(Name));
        }

        // Followers of an open flight don't touch the gate.
        if (open?.Base == seen)
        {
            return open.Outcome;
        }

        Flight flight;
        _gate.Wait();
        try
        {
            if (_current != seen)
            {
                return MovedOn;
            }

            if (_flight is not null)
            {
                return _flight.Outcome;
            }

            if (_coolDown?.Holds(cause, _services.Time) is { } failure)
            {
                return Task.FromResult<FlightFailure?>(failure);
            }

            if (!_services.Work.TryEnter())
            {
                throw new ObjectDisposedException(nameof(TokenSession), $"Session '{Name}' is disposed: no refresh can be started.");
            }

            _flight = flight = new Flight(seen, cause);
        }
        finally
        {
            _gate.Release();
        }

        // Nothing of the request that happened to come first flows into the flight: no context, no cancellation, no thread.
        ThreadPool.UnsafeQueueUserWorkItem(led => _ = LeadAsync((Flight)led!), flight);
        return flight.Outcome;
    }

    private static readonly Task<FlightFailure?> MovedOn = Task.FromResult<FlightFailure?>(null);

    private async Task LeadAsync(Flight flight)
    {
        var leader = new FlightLeader(this, flight);
        FlightFailure? failure;
        try
        {
            failure = await leader.RunAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A flight that is open and led by nobody would hold its waiters for ever.
            Log.FlightBroke(_services.Logger, Name, e.GetType().Name);
            failure = FlightFailures.Unexpected(Name, e);
        }

        Land(flight, failure);
        await AnnounceAsync(leader.Announcement).ConfigureAwait(false);
        flight.Complete(failure);
        _services.Work.Exit();
    }

    /// <summary>Frees the place for the next flight, unless a sign-in or sign-out already has.</summary>
    private void Land(Flight flight, FlightFailure? failure)
    {
        _gate.Wait();
        try
        {
            if (_flight != flight)
            {
                return;
            }

            _flight = null;
            _coolDown = failure is null
                ? null
                : CoolDown.After(_coolDown, failure, flight.Cause, _services.Time, _services.Random());
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Begins a lineage, or none: newer than what there is, or it is too late already.</summary>
    private void Begin(Generation next)
    {
        Flight? superseded = null;
        _gate.Wait();
        try
        {
            if (next.Version > _current.Version)
            {
                superseded = Supersede(next);
            }
        }
        finally
        {
            _gate.Release();
        }

        superseded?.Complete(null);
    }

    /// <summary>Ends the login in this process, at once.</summary>
    /// <returns>The version that was current.</returns>
    private long End()
    {
        Flight? superseded;
        long version;
        _gate.Wait();
        try
        {
            version = _current.Version;

            // Not to be asked of the store again before the store has been told.
            superseded = Supersede(Generation.SignedOut(version, @checked: null));
        }
        finally
        {
            _gate.Release();
        }

        superseded?.Complete(null);
        return version;
    }

    // The flight of the old lineage goes on to its end, but publishes nothing more; its waiters are told now.
    private Flight? Supersede(Generation next)
    {
        var superseded = _flight;
        _current = next;
        _flight = null;
        _coolDown = null;
        return superseded;
    }

    /// <summary>The time of the store's last word, where that word can change without this process.</summary>
    internal Moment? CheckedNow() => _services.Store.IsShared ? Moment.Now(_services.Time) : null;

    private async ValueTask<TokenStoreAnswer> SignInAsync(ITokenStore store, string lineage, TokenSet tokens, CancellationToken cancellationToken)
    {
        if (store.IsShared && _services.Protector is not null)
        {
            // What another process saved with a key that is missing here is its login, not ours to overwrite.
            var saved = await store.ReadAsync(_key, cancellationToken).ConfigureAwait(false);
            saved.Tokens?.Open(_services.CodecFor(_key));
        }

        return await store.SignInAsync(_key, lineage, _current.Version, Protect(tokens), cancellationToken).ConfigureAwait(false);
    }

    private ProtectedTokens Protect(TokenSet tokens) => new(tokens, _services.CodecFor(_key));

    private static TokenSet Received(TokenSet tokens, DateTimeOffset receivedAt) => tokens.ReceivedAt is not null ? tokens : new TokenSet(tokens.AccessToken, tokens.RefreshToken)
    {
        ReceivedAt = receivedAt,
        ExpiresAt = tokens.ExpiresAt,
        Scheme = tokens.Scheme,
        Scope = tokens.Scope,
    };

    private async ValueTask<TokenStoreAnswer> WithStoreAsync(
        Func<ITokenStore, CancellationToken, ValueTask<TokenStoreAnswer>> operation, string message, CancellationToken cancellationToken)
    {
        if (!_services.Work.TryEnter())
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{Name}' is disposed.");
        }

        try
        {
            return await operation(_services.Store, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.StoreFailed(_services.Logger, Name, e.GetType().Name);
            throw FlightFailures.Store(Name, e, message).ToException();
        }
        finally
        {
            _services.Work.Exit();
        }
    }
}

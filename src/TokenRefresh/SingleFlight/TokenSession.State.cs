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
    private volatile Generation _current;
    private volatile Flight? _flight;
    private volatile CoolDown? _coolDown;

    internal Generation Current => _current;

    internal SessionServices Services => _services;

    /// <summary>Whether anybody has asked for this session since the last sweep.</summary>
    internal bool IsUsed { get; set; }

    /// <summary>Whether nothing is lost if the session leaves the memory: its login is in a store or isn't one, and nothing is under way.</summary>
    internal bool MayLeave =>
        (_services.Store is null ? _current.State != TokenSessionState.SignedIn : _current is { IsUnsaved: false, Verdict: null } and not { State: TokenSessionState.SignedOut, Checked: null })
        && _flight is null
        && _coolDown?.Holds(FlightCause.Expired, _services.Time) is null
        && ReLoginRequired is null
        && TokensRefreshed is null;

    internal TokenSessionKey Key => new(_services.Name, UserKey);

    internal LoginStore Store => _services.Store is { } store
        ? new SharedLoginStore(store, Key, _services.Protector, _services.Time, _services.Watch)
        : MemoryLoginStore.Instance;

    // Elects the leader of a flight and orders what is published. Held for a few instructions, never across an await or I/O.
    private SemaphoreSlim Gate => _services.Gates.Of(this);

    // Told apart from the other logins of this one session only: short is enough.
    internal static string NewLineage() => Guid.NewGuid().ToString("N").Substring(0, 16);

    /// <summary>Whether the tokens can be sent as they are: their type is one word, and needs no proof of possession.</summary>
    internal bool CanSend(TokenSet tokens) =>
        tokens.Scheme is null || (TokenSyntax.IsScheme(tokens.Scheme) && !TokenSyntax.NeedsProof(tokens.Scheme, _services.Options.Scheme));

    /// <summary>Publishes what a flight found, if nothing else was published since: a sign-in or sign-out wins.</summary>
    internal bool TryPublish(Flight flight, Generation next)
    {
        if (UserKey is not null && next.State == TokenSessionState.SignedIn)
        {
            _services.Users.Keep(this);
        }

        var gate = Gate;
        gate.Wait();
        try
        {
            if (_current != flight.Base)
            {
                return false;
            }

            _current = flight.Base = next;
            if (next.Refreshed is not null)
            {
                // Also where it comes after the flight has failed.
                _coolDown = null;
            }

            return true;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Replaces a generation outside a flight, under the same rule: if nothing else was published since.</summary>
    internal void Replace(Generation expected, Generation next)
    {
        var gate = Gate;
        gate.Wait();
        try
        {
            if (_current == expected)
            {
                _current = next;
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Begins a lineage, or none: newer than what there is, or it is too late already.</summary>
    private void Begin(Generation next)
    {
        Flight? superseded = null;
        var gate = Gate;
        gate.Wait();
        try
        {
            // The store gave this version to whom it lets in; a pair that couldn't be saved has only taken it.
            if (_services.Store is null || next.Version > _current.Version || (next.Version == _current.Version && _current.IsUnsaved))
            {
                superseded = Supersede(next);
            }
        }
        finally
        {
            gate.Release();
        }

        superseded?.Complete(null);
        if (UserKey is not null && next.State == TokenSessionState.SignedIn)
        {
            _services.Users.Keep(this);
        }
    }

    /// <summary>Ends the login in this process, at once.</summary>
    /// <returns>What there was.</returns>
    private Generation End()
    {
        Flight? superseded;
        Generation ended;
        var gate = Gate;
        gate.Wait();
        try
        {
            ended = _current;

            // Not to be asked of the store again before the store has been told.
            superseded = Supersede(Generation.SignedOut(ended.Version, @checked: null));
        }
        finally
        {
            gate.Release();
        }

        superseded?.Complete(null);
        return ended;
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

    // The time of the store's last word, where that word can change without this process.
    private Moment? CheckedNow() => _services.Store is null ? null : Moment.Now(_services.Time);

    /// <summary>A generation of tokens, received as they say, or at a time by the local clock that is told apart.</summary>
    internal Generation SignedIn(string lineage, long version, TokenSet tokens, bool isRefreshed, DateTimeOffset? receivedAt = null, string? revision = null, TimeSpan age = default)
    {
        var received = receivedAt ?? tokens.ReceivedAt ?? _services.Time.GetUtcNow();
        var lifetime = tokens.ExpiresAt - (tokens.ReceivedAt ?? received);
        var schedule = TokenSchedule.For(received.UtcDateTime, lifetime, _services.Options, _services.Random());
        if (tokens.RefreshToken is null && !_services.IsOwnClient && lifetime is not null)
        {
            // There is nothing to refresh with: the login lives as long as this token does.
            schedule = schedule with { RefreshAt = schedule.ExpiresAt, StaleAt = schedule.ExpiresAt };
        }

        var signedIn = Generation.SignedIn(lineage, version, tokens, _services.Options.Scheme, schedule, isRefreshed ? Moment.Now(_services.Time) : null);
        signedIn.Mark = _services.Store is null ? null : new StoredMark(revision, age, _services.Time.GetTimestamp(), TokenHash: null);
        return signedIn;
    }

    /// <summary>The generation that a store's record stands for. Its age is the store's: machines disagree about the time.</summary>
    /// <exception cref="StoreException">The tokens can't be read with this key.</exception>
    internal Generation Restore(LoginStoreResult result, bool isRefreshed, bool canAskUser = true)
    {
        if (result.Status == LoginStatus.Newer)
        {
            return SignedIn(result.LoginId, result.Version, result.Tokens, isRefreshed, _services.Time.GetUtcNow() - result.Age, result.Revision, result.Age);
        }

        return result.Status switch
        {
            LoginStatus.LoginEnded => Dead(
                result.LoginId, result.Version, result.TokenHash, result.Reason, result.Error, canAskUser && _services.Options.ReLogin is not null),

            // What is known already.
            LoginStatus.Succeeded when _current is { State: TokenSessionState.ReLoginRequired } dead => Dead(dead, canAskUser && dead.CanAskUser),
            LoginStatus.Succeeded => NoLogin(_current.Version),
            _ => NoLogin(result.Version),
        };
    }

    internal Generation Dead(Generation dead, bool canAskUser) => Dead(dead.Lineage, dead.Version, dead.Mark?.TokenHash, dead.Reason, dead.Error, canAskUser);

    private Generation Dead(string lineage, long version, string? tokenHash, ReLoginReason reason, string? error, bool canAskUser)
    {
        var dead = Generation.Dead(lineage, version, reason, error, canAskUser, CheckedNow());
        dead.Mark = _services.Store is null ? null : new StoredMark(null, default, default, tokenHash);
        return dead;
    }

    private Generation NoLogin(long version) =>
        _services.IsOwnClient ? Generation.Unasked(version) : Generation.SignedOut(version, CheckedNow());

    private async Task<LoginStoreResult> WithStoreAsync(Func<Task<LoginStoreResult>> operation, string message, CancellationToken cancellationToken)
    {
        if (!_services.Work.TryEnter())
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{Name}' is disposed.");
        }

        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.StoreFailed(_services.Logger, Name, e.Cause.GetType().Name);
            throw FlightFailures.Store(Name, e.Cause, message).ToException();
        }
        finally
        {
            _services.Work.Exit();
        }
    }
}

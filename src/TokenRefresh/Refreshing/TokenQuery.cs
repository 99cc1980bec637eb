using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>Gets an access token for the app itself, and refreshes at its request.</summary>
internal readonly struct TokenQuery(SessionContext session)
{
    /// <summary>Gets a token that may be sent; <see langword="null"/> if no user is signed in.</summary>
    public async Task<SignedInSnapshot?> GetAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        await session.RecheckAsync(cancellationToken).ConfigureAwait(false);
        var wait = RefreshWait.ForToken(session);
        while (wait.MoveNext(session, out var flight)
            && wait.CanContinueAfter(session, await session.WaitForAsync(flight, cancellationToken).ConfigureAwait(false)))
        {
            // Read the session again.
        }

        return wait.Current switch
        {
            SignedInSnapshot signedIn => signedIn,
            EndedSnapshot => throw LoginEndedException.Of(session),
            _ => null,
        };
    }

    /// <summary>Gets another token than the one that a server rejected.</summary>
    public async Task<SignedInSnapshot?> GetOtherThanAsync(string rejectedToken, CancellationToken cancellationToken)
    {
        // The session may have been restarted or evicted since: load it, and look at what it has.
        var current = await GetAsync(cancellationToken).ConfigureAwait(false);
        if (current is null || current.Tokens.AccessToken != rejectedToken)
        {
            return current;
        }

        session.TryReject(current);
        return await GetAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Refreshes now, or joins the refresh that is running.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        var start = session.Current;
        if (start is not SignedInSnapshot && start.Decide(session.Services.Time) == RefreshDecision.Wait)
        {
            await JoinAsync(start, cancellationToken).ConfigureAwait(false);
            start = session.Current;
            if (start is SignedInSnapshot { AccessToken.IsFromEndpoint: true })
            {
                // The flight that loaded the login has refreshed it, too.
                return;
            }
        }

        await RefreshAsync(SignedIn(start), cancellationToken).ConfigureAwait(false);
    }

    private async Task RefreshAsync(SignedInSnapshot start, CancellationToken cancellationToken)
    {
        var canRefresh = start.Tokens.RefreshToken is not null || session.Services.UsesClientCredentials;
        await JoinAsync(start, cancellationToken).ConfigureAwait(false);
        if (canRefresh)
        {
            // That flight may be one that only loaded the login and was about to land. This join does nothing if the tokens are new.
            await JoinAsync(start, cancellationToken).ConfigureAwait(false);
        }

        if (session.Current is not SignedInSnapshot now)
        {
            throw LoginEndedException.Of(session);
        }

        if (now == start && !canRefresh)
        {
            throw new InvalidOperationException(
                $"The login of session '{session.Services.Name}' has no refresh token, so it can't be refreshed: it ends with its access "
                + "token. Sign in again.");
        }
    }

    private async Task JoinAsync(SessionSnapshot seen, CancellationToken cancellationToken)
    {
        while (true)
        {
            var flight = session.Join(seen, FlightReason.Requested);
            var result = await session.WaitForAsync(flight, cancellationToken).ConfigureAwait(false);
            if (!result.IsFailure(out var failure))
            {
                return;
            }

            // A cool-down kept this flight from calling the endpoint. A requested refresh ignores cool-downs and joins again, but not a
            // pause that the server asked for: it blocks requested flights, too.
            if (flight.CallBlockedBy is null || flight.Reason == FlightReason.Requested)
            {
                throw failure.ToException();
            }
        }
    }

    private SignedInSnapshot SignedIn(SessionSnapshot snapshot) => snapshot switch
    {
        SignedInSnapshot signedIn => signedIn,
        EndedSnapshot => throw LoginEndedException.Of(session),
        _ => throw new InvalidOperationException($"No user is signed in to session '{session.Services.Name}'. Call SignInAsync first."),
    };

    private void ThrowIfDisposed()
    {
        if (session.Services.Work.IsStopping)
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{session.Services.Name}' is disposed.");
        }
    }
}

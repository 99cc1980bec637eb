using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Requests the first token of a client (RFC 6749, section 4.4). Processes that share a store request one token for all of them. The
/// request uses up no refresh token, so it is also made while the store can't be reached.
/// </summary>
internal sealed class ClientTokenRequest(SessionContext session, Flight flight, SessionPublisher publisher, NotLoadedSnapshot start)
{
    private readonly SessionServices _services = session.Services;
    private readonly SnapshotFactory _snapshots = new(session.Services);
    private readonly SharedLease _lease = new(session);

    public async Task<FlightRun> RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var lease = LeaseClaim.For(start, _services);
            var acquired = await _lease.AcquireAsync(start, lease, cancellationToken).ConfigureAwait(false);
            using var storeLock = new LeaseLock(acquired.Lock);
            switch (acquired.Status)
            {
                case LoginStatus.Newer:
                    // Another process's token may be stale. Then the callers that wait start the next flight.
                    return publisher.Load(acquired);

                case LoginStatus.Leased when await _lease.FollowAsync(acquired, cancellationToken).ConfigureAwait(false):
                    continue;

                case LoginStatus.RetryLater:
                    return FlightRun.Failed(FailureMessages.RetryLater(_services.Name, acquired.Delay));

                default:
                    var run = await RequestAsync(lease, HeldLogin.SignedOut(acquired.Version), cancellationToken).ConfigureAwait(false);
                    if (run.IsUnfinished)
                    {
                        continue;
                    }

                    return run;
            }
        }
    }

    private async Task<FlightRun> RequestAsync(LeaseClaim lease, HeldLogin held, CancellationToken cancellationToken)
    {
        var call = new TokenCall(session, flight, start, lease, held);
        var result = await call.SendAsync(refreshToken: null, cancellationToken).ConfigureAwait(false);
        if (ReferenceEquals(result, TokenCall.LeaseExpired))
        {
            // The machine slept, and another process may have a token. Read the store again.
            return FlightRun.Unfinished;
        }

        if (result.Tokens is { } tokens)
        {
            return await SaveAsync(tokens.WithDefaultsFrom(previous: null, _services.Time.GetUtcNow())).ConfigureAwait(false);
        }

        await _lease.ReleaseAfterFailureAsync(held, lease, result, isPossiblyUsed: false).ConfigureAwait(false);
        return FlightRun.Failed(FailureMessages.From(_services.Name, result));
    }

    // The flight's deadline doesn't limit it: the token may have arrived just before.
    private async Task<FlightRun> SaveAsync(TokenSet tokens)
    {
        var loginId = LoginId.Client;
        using var limit = _services.Time.CreateTimeout(SharedLease.ClientStoreTimeout);
        try
        {
            var saved = await session.Store.SignInAsync(loginId.ToString(), start.Version, tokens, limit.Token).ConfigureAwait(false);
            return publisher.PublishRefreshed(_snapshots.Refreshed(loginId, saved.Version, tokens, saved.Revision));
        }
        catch (StoreException e)
        {
            // The client can request another token at any time, so this one isn't saved later.
            _services.StoreFailed(e);
            return publisher.PublishRefreshed(_snapshots.Refreshed(loginId, start.Version + 1, tokens, revision: null));
        }
    }
}

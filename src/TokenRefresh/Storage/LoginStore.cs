namespace TokenRefresh.Storage;

/// <summary>
/// The saved login of one session, with the rules of sharing it. Cheap to create: one per operation. What a store throws comes out as a
/// <see cref="StoreException"/>, also if the caller's token is cancelled: its cause is a <see cref="TimeoutException"/> then.
/// </summary>
internal abstract class LoginStore
{
    /// <summary>Looks at the record, and writes back what is held if the store went back.</summary>
    /// <returns>
    /// <see cref="LoginStatus.NotFound"/>, <see cref="LoginStatus.SignedOut"/>, <see cref="LoginStatus.LoginEnded"/>,
    /// <see cref="LoginStatus.Newer"/>; or <see cref="LoginStatus.Succeeded"/>: what is held is what is stored.
    /// </returns>
    public abstract Task<LoginStoreResult> LoadAsync(HeldLogin held, CancellationToken cancellationToken);

    /// <summary>Asks for the right to use the refresh token. New tokens that couldn't be encrypted fail here, before it is used.</summary>
    /// <param name="held">What this process holds. If it isn't signed in, the lease is for the first tokens of a client.</param>
    /// <param name="lease">The lease. Repeat an attempt that threw with the same one.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>
    /// <see cref="LoginStatus.Succeeded"/>, <see cref="LoginStatus.Newer"/>, <see cref="LoginStatus.Leased"/>,
    /// <see cref="LoginStatus.RetryLater"/>, <see cref="LoginStatus.LoginEnded"/> or <see cref="LoginStatus.SignedOut"/>.
    /// </returns>
    public abstract Task<LoginStoreResult> AcquireAsync(HeldLogin held, RefreshLease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Saves what a refresh brought. It needs no lease: a late success wins over everything that is known of the version it started from.
    /// Has a timeout of its own.
    /// </summary>
    /// <param name="start">What the refresh started from, with the revision that the lease had.</param>
    /// <param name="tokens">The new tokens.</param>
    /// <returns>
    /// <see cref="LoginStatus.Succeeded"/> with the new version, also if an earlier attempt had saved them;
    /// <see cref="LoginStatus.Newer"/>, <see cref="LoginStatus.SignedOut"/>, or <see cref="LoginStatus.LoginEnded"/> at a newer version.
    /// </returns>
    public abstract Task<LoginStoreResult> SaveAsync(HeldLogin start, TokenSet tokens);

    /// <summary>Ends the login whose refresh token was rejected. The store has the last word. Has a timeout of its own.</summary>
    /// <returns>
    /// <see cref="LoginStatus.LoginEnded"/>, <see cref="LoginStatus.Newer"/> or <see cref="LoginStatus.SignedOut"/>; or
    /// <see cref="LoginStatus.Leased"/> if the lease has passed to another process, whose result decides.
    /// </returns>
    public abstract Task<LoginStoreResult> EndAsync(HeldLogin start, RefreshLease lease, ReLoginReason reason, string? error);

    /// <summary>Gives up a lease that brought no tokens. Has a timeout of its own.</summary>
    public abstract Task ReleaseAsync(HeldLogin start, RefreshLease lease, LeaseRelease release);

    /// <summary>Replaces the record, readable or not, by a new login's.</summary>
    /// <param name="loginId">The new login.</param>
    /// <param name="knownVersion">The version that this process holds.</param>
    /// <param name="tokens">
    /// The tokens. If they have a period, it is the one that this process knows of, and <see cref="LoginPeriod"/> decides on it.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns><see cref="LoginStatus.Succeeded"/> with the new version and the tokens as they were saved.</returns>
    public abstract Task<LoginStoreResult> SignInAsync(
        string loginId, long knownVersion, TokenSet tokens, CancellationToken cancellationToken);

    /// <summary>Replaces the record, readable or not, by the mark of a sign-out.</summary>
    /// <returns><see cref="LoginStatus.Succeeded"/> with the new version and the tokens that were replaced.</returns>
    public abstract Task<LoginStoreResult> SignOutAsync(long knownVersion, CancellationToken cancellationToken);

    /// <summary>Waits until the record may have changed, for <see cref="LoginStoreResult.Delay"/> at most.</summary>
    /// <param name="leased">The result that says to wait.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public abstract Task WaitForChangeAsync(LoginStoreResult leased, CancellationToken cancellationToken);
}

namespace TokenRefresh.Storage;

/// <summary>
/// The saved login of one session, with the rules of sharing it. Each operation creates one; that is cheap. If the store throws, the
/// operation throws a <see cref="StoreException"/>. If the caller's token is cancelled, the cause of that exception is a
/// <see cref="TimeoutException"/>.
/// </summary>
internal abstract class LoginStore
{
    /// <summary>Reads the record. If the store went back, it writes the login of this process back.</summary>
    /// <returns>
    /// <see cref="LoginStatus.NotFound"/>, <see cref="LoginStatus.SignedOut"/>, <see cref="LoginStatus.LoginEnded"/>,
    /// <see cref="LoginStatus.Newer"/>; or <see cref="LoginStatus.Succeeded"/>: the record and the process have the same.
    /// </returns>
    public abstract Task<LoginStoreResult> LoadAsync(HeldLogin held, CancellationToken cancellationToken);

    /// <summary>
    /// Acquires the right to use the refresh token; the right to request the first tokens of a client, if this process isn't signed in. It
    /// fails if new tokens couldn't be encrypted, before the token is used. Repeat an attempt that threw with the same lease.
    /// </summary>
    /// <returns>
    /// <see cref="LoginStatus.Succeeded"/>, <see cref="LoginStatus.Newer"/>, <see cref="LoginStatus.Leased"/>,
    /// <see cref="LoginStatus.RetryLater"/>, <see cref="LoginStatus.LoginEnded"/> or <see cref="LoginStatus.SignedOut"/>.
    /// </returns>
    public abstract Task<LoginStoreResult> AcquireAsync(HeldLogin held, RefreshLease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Saves the tokens of a refresh that started from this login, with the revision that the lease had. It needs no lease: a late success
    /// wins over every state of the version that it started from. It has a timeout of its own.
    /// </summary>
    /// <returns>
    /// <see cref="LoginStatus.Succeeded"/> with the new version, also if an earlier attempt had saved them;
    /// <see cref="LoginStatus.Newer"/>, <see cref="LoginStatus.SignedOut"/>, or <see cref="LoginStatus.LoginEnded"/> at a newer version.
    /// </returns>
    public abstract Task<LoginStoreResult> SaveAsync(HeldLogin start, TokenSet tokens);

    /// <summary>Ends the login whose refresh token was rejected, unless the store has newer tokens. It has a timeout of its own.</summary>
    /// <returns>
    /// <see cref="LoginStatus.LoginEnded"/>, <see cref="LoginStatus.Newer"/> or <see cref="LoginStatus.SignedOut"/>; or
    /// <see cref="LoginStatus.Leased"/> if the lease has passed to another process, whose result decides.
    /// </returns>
    public abstract Task<LoginStoreResult> EndAsync(HeldLogin start, RefreshLease lease, ReLoginReason reason, string? error);

    /// <summary>Releases a lease after a refresh without new tokens. It has a timeout of its own.</summary>
    public abstract Task ReleaseAsync(HeldLogin start, RefreshLease lease, LeaseRelease release);

    /// <summary>
    /// Replaces the record by the record of a new login, also if the old one can't be read. If the tokens have a period, it is the one that
    /// this process knows, and <see cref="LoginPeriod"/> may change it.
    /// </summary>
    /// <returns><see cref="LoginStatus.Succeeded"/> with the new version and the tokens as they were saved.</returns>
    public abstract Task<LoginStoreResult> SignInAsync(
        string loginId, long knownVersion, TokenSet tokens, CancellationToken cancellationToken);

    /// <summary>Replaces the record by the mark of a sign-out, also if the old one can't be read.</summary>
    /// <returns><see cref="LoginStatus.Succeeded"/> with the new version and the tokens that were replaced.</returns>
    public abstract Task<LoginStoreResult> SignOutAsync(long knownVersion, CancellationToken cancellationToken);

    /// <summary>Waits until the record may have changed, for <see cref="LoginStoreResult.Delay"/> at most.</summary>
    public abstract Task WaitForChangeAsync(LoginStoreResult leased, CancellationToken cancellationToken);
}

using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh;

/// <summary>
/// Where the tokens of sessions live: one record per session, changed only by the operations below, each of them one atomic step.
/// </summary>
/// <remarks>
/// <para>
/// The record holds a lineage (everything that came from one sign-in), a version that only grows, the tokens, and, while a refresh is
/// under way, a lease. Several processes may share it: the lease says who refreshes, the version decides who is late.
/// </para>
/// <para>
/// For one process, derive from <see cref="SingleProcessTokenStore"/>: read, write and remove are enough there. An operation that can't
/// be carried out throws any exception; the session then fails closed and spends no refresh token.
/// </para>
/// </remarks>
public interface ITokenStore
{
    /// <summary>Reads the record.</summary>
    /// <returns><see cref="TokenStoreVerdict.Adopt"/>, <c>Missing</c>, <c>Dead</c> or <c>Closed</c>.</returns>
    ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken);

    /// <summary>Asks to be the one who spends the refresh token of a version. The lease ends by the store's clock.</summary>
    /// <returns>
    /// <see cref="TokenStoreVerdict.Accepted"/>: the lease is the caller's. <c>Adopt</c>: the store has newer tokens. <c>Wait</c>: another
    /// one's lease is live. <c>BackOff</c>: the server asked for a pause. <c>Dead</c>, <c>Closed</c>, <c>Missing</c>.
    /// </returns>
    ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken);

    /// <summary>
    /// Saves what a refresh brought, if the record is still of this lineage and at this version: a compare-and-swap that needs no lease,
    /// so that a late success still wins, also over a dead mark. Where there is no record, it makes one.
    /// </summary>
    /// <returns><see cref="TokenStoreVerdict.Accepted"/> with the new version, <c>Adopt</c> where the store is newer, or <c>Closed</c>.</returns>
    ValueTask<TokenStoreAnswer> CommitAsync(TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken);

    /// <summary>Ends a claim that brought no tokens: gives the lease back, and records what others must know.</summary>
    /// <returns>
    /// <see cref="TokenStoreVerdict.Accepted"/>, or what <see cref="BeginAsync"/> would say where the claim isn't the record's any more.
    /// </returns>
    ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken);

    /// <summary>Replaces the record by a new login's, at a version above both the record's and <paramref name="newerThan"/>.</summary>
    /// <returns><see cref="TokenStoreVerdict.Accepted"/> with the new version.</returns>
    ValueTask<TokenStoreAnswer> SignInAsync(TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken);

    /// <summary>Removes the tokens and leaves a tombstone at a higher version, so that a refresh under way can't bring them back.</summary>
    /// <returns><see cref="TokenStoreVerdict.Accepted"/> with the new version.</returns>
    ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken);

    /// <summary>
    /// Completes when the record may have changed from <paramref name="version"/> or its lease may have ended: by notification where the
    /// store has one, by a short poll otherwise, and no later than <paramref name="atMost"/>. Completing too early does no harm.
    /// </summary>
    ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken);
}

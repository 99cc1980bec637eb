using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>A store around another one, for a test to get in the way of some of its operations.</summary>
/// <param name="inner">The store that does the work; one in memory, if <see langword="null"/>.</param>
public abstract class StoreAround(ITokenStore? inner = null) : ITokenStore
{
    private readonly ITokenStore _inner = inner ?? new MemoryTokenStore();

    /// <summary>What every operation goes to that isn't overridden.</summary>
    protected virtual ITokenStore Inner => _inner;

    public virtual ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => Inner.ReadAsync(key, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken) =>
        Inner.BeginAsync(key, claim, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> CommitAsync(
        TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        Inner.CommitAsync(key, lineage, version, tokens, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
        Inner.FailAsync(key, claim, failure, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> SignInAsync(
        TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        Inner.SignInAsync(key, lineage, newerThan, tokens, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        Inner.SignOutAsync(key, newerThan, cancellationToken);

    public virtual ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        Inner.WaitForChangeAsync(key, version, atMost, cancellationToken);
}

using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Tests.Support;

/// <summary>A store in memory, for a test to get in the way of one of its operations.</summary>
internal abstract class StoreAround : ITokenStore
{
    private readonly MemoryTokenStore _inner = new();

    public virtual ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => _inner.ReadAsync(key, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken) =>
        _inner.BeginAsync(key, claim, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> CommitAsync(
        TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        _inner.CommitAsync(key, lineage, version, tokens, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
        _inner.FailAsync(key, claim, failure, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> SignInAsync(
        TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        _inner.SignInAsync(key, lineage, newerThan, tokens, cancellationToken);

    public virtual ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        _inner.SignOutAsync(key, newerThan, cancellationToken);

    public virtual ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        _inner.WaitForChangeAsync(key, version, atMost, cancellationToken);
}

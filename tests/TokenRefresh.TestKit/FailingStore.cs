using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>A store whose operations fail on demand, before they reach the real one.</summary>
public sealed class FailingStore(ITokenStore store) : ITokenStore
{
    /// <summary>Nothing can be saved.</summary>
    public bool CommitsFail { get; set; }

    /// <summary>Nothing can be reached.</summary>
    public bool IsAway { get; set; }

    /// <summary>How many times a save was tried.</summary>
    public int Commits { get; private set; }


    public ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        Reachable().ReadAsync(key, cancellationToken);

    public ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken) =>
        Reachable().BeginAsync(key, claim, cancellationToken);

    public ValueTask<TokenStoreAnswer> CommitAsync(TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        Commits++;
        return CommitsFail ? throw new IOException("The disk is full.") : Reachable().CommitAsync(key, lineage, version, tokens, cancellationToken);
    }

    public ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
        Reachable().FailAsync(key, claim, failure, cancellationToken);

    public ValueTask<TokenStoreAnswer> SignInAsync(TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        Reachable().SignInAsync(key, lineage, newerThan, tokens, cancellationToken);

    public ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        Reachable().SignOutAsync(key, newerThan, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        Reachable().WaitForChangeAsync(key, version, atMost, cancellationToken);

    private ITokenStore Reachable() => IsAway ? throw new IOException("The store is away.") : store;
}

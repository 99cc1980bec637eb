using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>What the stores of this package share: each operation is one step of the record, made atomic by the store. Not for deriving from outside.</summary>
public abstract class RecordTokenStore : ITokenStore
{
    private protected RecordTokenStore(TimeProvider? timeProvider) => Time = timeProvider ?? TimeProvider.System;

    private protected TimeProvider Time { get; }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        LookAsync(key, TokenRecord.Read, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
    {
        Require.NotNull(claim, nameof(claim));
        return StepAsync(key, (record, now) => TokenRecord.Begin(record, claim, now), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> CommitAsync(TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        Require.NotEmpty(lineage, nameof(lineage));
        Require.NotNull(tokens, nameof(tokens));
        return StepAsync(key, (record, now) => TokenRecord.Commit(record, lineage, version, tokens, now), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken)
    {
        Require.NotNull(claim, nameof(claim));
        Require.NotNull(failure, nameof(failure));
        return StepAsync(key, (record, now) => TokenRecord.Fail(record, claim, failure, now), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> SignInAsync(TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        Require.NotEmpty(lineage, nameof(lineage));
        Require.NotNull(tokens, nameof(tokens));
        return StepAsync(key, (record, now) => TokenRecord.SignIn(record, lineage, newerThan, tokens, now), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        StepAsync(key, (record, now) => TokenRecord.SignOut(record, newerThan, now), cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken);

    /// <summary>Applies a step that only looks: a store that can read a whole record without a lock does so.</summary>
    private protected virtual ValueTask<TokenStoreAnswer> LookAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken) =>
        StepAsync(key, step, cancellationToken);

    /// <summary>Reads the record, applies the step and writes the record, with no other step of the same key in between.</summary>
    private protected abstract ValueTask<TokenStoreAnswer> StepAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken);

    private protected delegate TokenRecord.Transition RecordStep(TokenRecord? record, DateTimeOffset now);
}

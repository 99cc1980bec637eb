using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>One session's record in its store: the store's operations, with everything that can go wrong there as a <see cref="StoreException"/>.</summary>
internal sealed class SessionStore(ITokenStore record, SessionServices services, TokenSessionKey key)
{
    // What is owed to the store after the server has answered isn't cut off by the flight's own deadline.
    private static readonly TimeSpan SaveTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(5);

    private readonly TokenCodec _codec = new(key, services.Protector);

    private bool IsProtected => services.Store is not null && services.Protector is not null;

    public RefreshClaim NewClaim(Generation start) =>
        new(start.Lineage, start.Version, Guid.NewGuid().ToString("N"), services.Options.RefreshTimeout + LeaseMargin);

    public Task<TokenStoreAnswer> ReadAsync(CancellationToken cancellationToken) =>
        AskAsync(store => store.ReadAsync(key, cancellationToken), cancellationToken);

    /// <summary>Claims the refresh token of these tokens. Should new ones not be savable, for want of a key, nothing is claimed.</summary>
    public Task<TokenStoreAnswer> BeginAsync(RefreshClaim claim, TokenSet tokens, CancellationToken cancellationToken) => AskAsync(
        store =>
        {
            if (IsProtected)
            {
                _ = Protect(tokens).Value;
            }

            return store.BeginAsync(key, claim, cancellationToken);
        },
        cancellationToken);

    public Task<TokenStoreAnswer> CommitAsync(string lineage, long version, TokenSet tokens) =>
        TellAsync((store, ct) => store.CommitAsync(key, lineage, version, Protect(tokens), ct));

    public Task<TokenStoreAnswer> FailAsync(RefreshClaim claim, ClaimFailure failure) =>
        TellAsync((store, ct) => store.FailAsync(key, claim, failure, ct));

    public Task<TokenStoreAnswer> SignInAsync(string lineage, long newerThan, TokenSet tokens, CancellationToken cancellationToken) => AskAsync(
        async store =>
        {
            if (IsProtected)
            {
                // What another process saved with a key that is missing here is its login, not ours to overwrite.
                var saved = await store.ReadAsync(key, cancellationToken).ConfigureAwait(false);
                saved.Tokens?.Open(_codec);
            }

            return await store.SignInAsync(key, lineage, newerThan, Protect(tokens), cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    public Task<TokenStoreAnswer> SignOutAsync(long newerThan, CancellationToken cancellationToken) =>
        AskAsync(store => store.SignOutAsync(key, newerThan, cancellationToken), cancellationToken);

    /// <summary>Waits until the record is newer than this version, or the lease on it is over.</summary>
    public Task FollowAsync(long version, TimeSpan atMost, CancellationToken cancellationToken) => AskAsync(
        async store =>
        {
            await store.WaitForChangeAsync(key, version, atMost, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <exception cref="StoreException">They can't be read with this key.</exception>
    public TokenSet Open(ProtectedTokens tokens)
    {
        try
        {
            return tokens.Open(_codec);
        }
        catch (UnreadableTokensException e)
        {
            throw new StoreException(e);
        }
    }

    private ProtectedTokens Protect(TokenSet tokens) => new(tokens, _codec);

    private async Task<TokenStoreAnswer> TellAsync(Func<ITokenStore, CancellationToken, ValueTask<TokenStoreAnswer>> operation)
    {
        using var limit = services.Time.CreateTimeout(SaveTimeout);
        return await AskAsync(store => operation(store, limit.Token), limit.Token).ConfigureAwait(false);
    }

    private async Task<T> AskAsync<T>(Func<ITokenStore, ValueTask<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            var pending = operation(record);

            // A store that doesn't heed its token must not outlast whoever waits for it.
            return pending.IsCompletedSuccessfully
                ? pending.Result
                : await pending.AsTask().WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw new StoreException(cancellationToken.IsCancellationRequested ? new TimeoutException("The token store gave no answer in time.") : e);
        }
    }
}

using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

// What the server is told when a login ends here, if it is to be told at all.
public sealed partial class TokenSession
{
    /// <summary>Has tokens revoked that have no owner any more. The sign-out stands, whatever comes of it.</summary>
    internal async Task RevokeAsync(TokenSet? tokens)
    {
        if (tokens is null || _services.Revocation is not { } revocation)
        {
            return;
        }

        using var limit = _services.Time.CreateTimeout(_services.Options.RefreshTimeout);
        if (await revocation.RevokeAsync(tokens, limit.Token).ConfigureAwait(false) is { } failure)
        {
            Log.RevocationFailed(_services.Logger, Name, failure);
            return;
        }

        Log.Revoked(_services.Logger, Name);
    }

    private async Task<TokenSet?> TokensToRevokeAsync(Generation ended, CancellationToken cancellationToken)
    {
        if (_services.Revocation is null || _services.Store is null || ended.IsUnsaved)
        {
            return ended.Tokens;
        }

        try
        {
            // Nobody may have used the saved login yet in this process, or another may have rotated it.
            var saved = await Store.ReadAsync(cancellationToken).ConfigureAwait(false);
            return saved.Tokens is { } tokens ? Store.Open(tokens) : ended.Tokens;
        }
        catch (StoreException)
        {
            // The sign-out itself meets the same store, and says so.
            return ended.Tokens;
        }
    }
}

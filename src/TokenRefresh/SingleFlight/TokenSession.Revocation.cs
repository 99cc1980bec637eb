using System;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

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

    // Another process may have rotated the login meanwhile: what the sign-out replaced counts.
    private TokenSet? TokensToRevoke(Generation ended, LoginStoreResult signedOut) =>
        _services.Store is null || ended.IsUnsaved ? ended.Tokens : signedOut.Replaced ?? ended.Tokens;
}

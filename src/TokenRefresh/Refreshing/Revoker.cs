using TokenRefresh.Diagnostics;
using TokenRefresh.Protocol;

namespace TokenRefresh.Refreshing;

/// <summary>Revokes the tokens that a sign-out ended, in the background. The user stays signed out even if the server refuses.</summary>
internal static class Revoker
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Starts the revocation and returns at once. A disposal waits for it.</summary>
    public static void Start(SessionContext session, TokenSet? tokens)
    {
        var services = session.Services;
        if (tokens is not null && services.Revocation is { } revocation)
        {
            _ = services.Work.RunFollowUpAsync(() => Task.Run(() => RunAsync(services, revocation, tokens)));
        }
    }

    private static async Task RunAsync(SessionServices services, TokenRevocation revocation, TokenSet tokens)
    {
        using var limit = services.Time.CreateTimeout(Timeout);
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(limit.Token);
        var result = await revocation.RevokeAsync(tokens, app.Token).ConfigureAwait(false);
        if (result.Failure is { } failure)
        {
            SessionLog.RevocationFailed(services.Logger, services.Name, failure);
        }
        else if (result.IsRevoked)
        {
            SessionLog.Revoked(services.Logger, services.Name);
        }
    }
}

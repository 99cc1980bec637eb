using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>Creates the exception for a request or call whose login has ended.</summary>
internal static class LoginEndedException
{
    public static TokenRefreshException Of(SessionContext session)
    {
        var name = session.Services.Name;
        return session.Current is EndedSnapshot { End: var end }
            ? new TokenRefreshException(
                TokenRefreshFailure.ReLoginRequired,
                $"The login of session '{name}' has ended: {Describe(end.Reason)} Sign in again.",
                end.Error)
            : new TokenRefreshException(
                TokenRefreshFailure.ReLoginRequired,
                $"The login of session '{name}' was replaced or signed out meanwhile. Sign in again.");
    }

    private static string Describe(ReLoginReason reason) => reason switch
    {
        ReLoginReason.LostRotation => "its refresh token was used before, and the response with the new tokens was lost.",
        ReLoginReason.InteractionRequired => "the server requires the user's presence or consent.",
        ReLoginReason.NoRefreshToken => "its access token has expired, and there is no refresh token. Is offline_access requested?",
        _ => "the server rejected its refresh token.",
    };
}

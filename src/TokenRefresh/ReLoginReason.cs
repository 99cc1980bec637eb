namespace TokenRefresh;

/// <summary>Why the user must sign in again.</summary>
public enum ReLoginReason
{
    /// <summary>The server rejected the refresh token: it has expired, or was revoked or blacklisted.</summary>
    Rejected,

    /// <summary>
    /// The server rejected the refresh token after an earlier use whose response was lost (connection cut, timeout, process killed). The
    /// server most likely issued new tokens that never arrived.
    /// </summary>
    LostRotation,

    /// <summary>The server requires the user's presence or consent (OpenID Connect Core 1.0, section 3.1.2.6).</summary>
    InteractionRequired,

    /// <summary>The access token has expired or was rejected, and the login has no refresh token.</summary>
    NoRefreshToken,
}

namespace TokenRefresh;

/// <summary>Why a login is dead.</summary>
public enum ReLoginReason
{
    /// <summary>The refresh token was refused: expired, revoked, blacklisted, or there is none.</summary>
    Rejected,

    /// <summary>
    /// The refresh token was refused after an earlier use whose answer was lost (cut, timed out, its process gone): the server has
    /// most likely rotated, and its answer never arrived.
    /// </summary>
    LostRotation,

    /// <summary>The server wants the user's presence or consent (OpenID Connect Core 1.0, section 3.1.2.6).</summary>
    InteractionRequired,
}

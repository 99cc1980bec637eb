namespace TokenRefresh;

/// <summary>What a token endpoint's answer means.</summary>
public enum TokenEndpointOutcome
{
    /// <summary>There are new tokens.</summary>
    Succeeded,

    /// <summary>There is a new refresh token, but no access token.</summary>
    RefreshTokenOnly,

    /// <summary>The refresh token is dead (<c>invalid_grant</c>; RFC 6749, section 5.2).</summary>
    Rejected,

    /// <summary>The server wants the user's presence or consent.</summary>
    InteractionRequired,

    /// <summary>The client is set up wrongly, or the answer can't be used.</summary>
    Misconfigured,

    /// <summary>Not now: later it may work.</summary>
    Transient,

    /// <summary>The answer was lost (cut, truncated): the refresh token may have been spent, and is sent once more, at once.</summary>
    ResponseLost,
}

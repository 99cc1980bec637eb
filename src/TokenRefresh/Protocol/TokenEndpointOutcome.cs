namespace TokenRefresh;

/// <summary>The meaning of a token endpoint's response.</summary>
public enum TokenEndpointOutcome
{
    /// <summary>The response holds new tokens.</summary>
    Succeeded,

    /// <summary>The response holds a new refresh token, but no access token.</summary>
    RefreshTokenOnly,

    /// <summary>The refresh token is no longer valid (<c>invalid_grant</c>; RFC 6749, section 5.2). The user must sign in again.</summary>
    Rejected,

    /// <summary>The server requires the user's presence or consent. The user must sign in again.</summary>
    InteractionRequired,

    /// <summary>The client is configured wrongly, or the response can't be used.</summary>
    Misconfigured,

    /// <summary>The request failed, and a later one can succeed.</summary>
    Transient,

    /// <summary>The response was lost or can't be read. The refresh token is possibly used, and is sent once more, at once.</summary>
    ResponseLost,
}

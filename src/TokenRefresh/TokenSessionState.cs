namespace TokenRefresh;

/// <summary>What a <see cref="TokenSession"/> knows of its login.</summary>
public enum TokenSessionState
{
    /// <summary>
    /// The session hasn't read its store yet. With client credentials: the session hasn't requested its first token yet. The first use of
    /// the session reads the store or requests the token.
    /// </summary>
    NotLoaded,

    /// <summary>No user is signed in. Requests are sent without a token.</summary>
    SignedOut,

    /// <summary>A user is signed in, and the session has tokens.</summary>
    SignedIn,

    /// <summary>The login has ended, for example because the server rejected its refresh token. The user must sign in again.</summary>
    ReLoginRequired,
}

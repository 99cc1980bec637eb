namespace TokenRefresh;

/// <summary>What a <see cref="TokenSession"/> knows of its login.</summary>
public enum TokenSessionState
{
    /// <summary>
    /// The tokens are in a saved store that hasn't been read yet, or are the client's own and haven't been asked for yet; the first use
    /// does that.
    /// </summary>
    NotLoaded,

    /// <summary>No user is signed in: requests are sent as they are.</summary>
    SignedOut,

    /// <summary>There is a login with tokens.</summary>
    SignedIn,

    /// <summary>The login is dead: its refresh token was refused. Only a new sign-in helps.</summary>
    ReLoginRequired,
}

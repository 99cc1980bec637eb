namespace TokenRefresh;

/// <summary>Why the caller got a rejection, usually a 401, although the client has a <see cref="TokenRefreshHandler"/>.</summary>
public enum TokenRefreshOutcome
{
    /// <summary>
    /// The request wasn't rejected, or it was sent without this client's token on purpose: to another origin, with an
    /// <c>Authorization</c> header of the caller, or after <see cref="TokenRefreshHttpExtensions.WithoutAccessToken"/>.
    /// </summary>
    None,

    /// <summary>The login has ended: the refresh token is no longer valid, and the user must sign in again.</summary>
    LoginEnded,

    /// <summary>No user is signed in, or the user signed out while the request waited.</summary>
    SignedOut,

    /// <summary>Another login began after the request was made. A request is never sent with the token of another login.</summary>
    LoginChanged,

    /// <summary>The request has no user: <see cref="TokenRefreshOptions.UserKey"/> returned <see langword="null"/> for it.</summary>
    NoUser,

    /// <summary>
    /// The API rejected a token that had just been refreshed. Check the token's audience, scope and issuer, and
    /// <see cref="TokenRefreshOptions.Scheme"/>.
    /// </summary>
    RejectedAfterRefresh,

    /// <summary>
    /// The token was rejected, and the request's content can't be sent twice. A refresh was started for the next request. Buffer the
    /// content, implement <see cref="IReplayableContent"/>, or set <see cref="TokenRefreshOptions.MaxReplayBufferSize"/>.
    /// </summary>
    NotReplayable,

    /// <summary>
    /// The challenge asks for something that a new token can't give, such as more scope, a stronger login, or another scheme.
    /// </summary>
    OtherChallenge,

    /// <summary>
    /// The API received the request without the token. .NET removes it when it follows a redirect: send the request to the redirect's
    /// target.
    /// </summary>
    TokenRemoved,

    /// <summary>
    /// Service discovery found an address that is neither https nor on loopback, so the token wasn't sent. Give the service an https
    /// endpoint, or add the origin to <see cref="TokenRefreshOptions.InsecureOrigins"/>.
    /// </summary>
    InsecureAddress,
}

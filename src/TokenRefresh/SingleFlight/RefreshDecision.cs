namespace TokenRefresh.SingleFlight;

/// <summary>The decision about a request before it is sent.</summary>
internal enum RefreshDecision
{
    /// <summary>Send it with the access token.</summary>
    Send,

    /// <summary>Send it with the access token, and start a refresh in the background.</summary>
    SendAndRefresh,

    /// <summary>Wait for a flight: there is no access token that may be sent.</summary>
    Wait,

    /// <summary>Send it without a token: no user is signed in.</summary>
    SendWithoutToken,

    /// <summary>Answer it locally with a 401: the user must sign in again.</summary>
    AnswerLocally,
}

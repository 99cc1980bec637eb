namespace TokenRefresh;

/// <summary>The arguments of the event that a login has ended and the user must sign in again. They contain no token.</summary>
/// <param name="sessionName">The session's name.</param>
/// <param name="userKey">The session's user, or <see langword="null"/> if the session has no separate users.</param>
/// <param name="reason">Why the login has ended.</param>
/// <param name="error">The server's error code, or <see langword="null"/>.</param>
public sealed class ReLoginRequiredEventArgs(string sessionName, string? userKey, ReLoginReason reason, string? error) : EventArgs
{
    /// <summary>The session's name.</summary>
    public string SessionName { get; } = sessionName;

    /// <summary>The session's user, or <see langword="null"/> if the session has no separate users.</summary>
    public string? UserKey { get; } = userKey;

    /// <summary>Why the login has ended.</summary>
    public ReLoginReason Reason { get; } = reason;

    /// <summary>
    /// The server's error code, such as <c>invalid_grant</c> or <c>token_not_valid</c>; <see langword="null"/> if it sent none.
    /// </summary>
    public string? Error { get; } = error;
}

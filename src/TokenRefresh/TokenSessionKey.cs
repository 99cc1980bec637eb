namespace TokenRefresh;

/// <summary>The key of one session: the session's name and, on servers with many users, the user.</summary>
/// <param name="SessionName">The name that the session was registered under.</param>
/// <param name="UserKey">The user, or <see langword="null"/> if the session has no separate users.</param>
public readonly record struct TokenSessionKey(string SessionName, string? UserKey = null);

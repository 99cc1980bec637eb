namespace TokenRefresh;

/// <summary>Names one session: the session's name and, on servers with many users, the user.</summary>
/// <param name="SessionName">The name the session was registered under.</param>
/// <param name="UserKey">The user, or <see langword="null"/> where the session has only one.</param>
public readonly record struct TokenSessionKey(string SessionName, string? UserKey = null);

namespace TokenRefresh.Storage;

/// <summary>
/// The login that this process has in memory. A <see cref="LoginStore"/> compares it with the record, and writes it back if the store went
/// back to an earlier record or lost it.
/// </summary>
internal sealed record HeldLogin(LoginState State, string LoginId, long Version)
{
    private string? _tokenHash;

    /// <summary>This process knows no login yet, and adopts the stored one.</summary>
    public static HeldLogin None { get; } = new(LoginState.None, "", 0);

    /// <summary>The tokens of a login that is signed in.</summary>
    public TokenSet? Tokens { get; init; }

    /// <summary>
    /// The store's mark of the record that this process saw last, if that record has this version and no lease; otherwise
    /// <see langword="null"/>.
    /// </summary>
    public string? Revision { get; init; }

    /// <summary>The time since the tokens were received.</summary>
    public TimeSpan TokensAge { get; init; }

    public ReLoginReason Reason { get; init; }

    public string? Error { get; init; }

    /// <summary>A hash that distinguishes the refresh token from others; <see langword="null"/> if it isn't known.</summary>
    public string? TokenHash => _tokenHash ??= Tokens is null ? null : Storage.TokenHash.Of(Tokens);

    /// <param name="version">The version of the sign-out; 0 if no record was ever found.</param>
    public static HeldLogin SignedOut(long version) => version == 0 ? None : new(LoginState.SignedOut, "", version);

    public static HeldLogin Ended(string loginId, long version, string? tokenHash, ReLoginReason reason, string? error) =>
        new(LoginState.Ended, loginId, version) { _tokenHash = tokenHash, Reason = reason, Error = error };

    public static HeldLogin SignedIn(string loginId, long version, TokenSet tokens, string? revision, TimeSpan tokensAge) =>
        new(LoginState.SignedIn, loginId, version)
        {
            Tokens = tokens,
            Revision = revision,
            TokensAge = tokensAge > TimeSpan.Zero ? tokensAge : TimeSpan.Zero,
        };
}

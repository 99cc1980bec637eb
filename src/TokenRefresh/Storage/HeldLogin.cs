namespace TokenRefresh.Storage;

/// <summary>
/// What this process holds of a login: a <see cref="LoginStore"/> compares it with the record, and writes it back if the store went back
/// to an earlier record or lost it.
/// </summary>
internal sealed class HeldLogin
{
    private string? _tokenHash;

    private HeldLogin(LoginState state, string loginId, long version)
    {
        State = state;
        LoginId = loginId;
        Version = version;
    }

    /// <summary>Nothing is known yet: what the store holds is adopted.</summary>
    public static HeldLogin None { get; } = new(LoginState.None, "", 0);

    public LoginState State { get; }

    public string LoginId { get; }

    public long Version { get; }

    /// <summary>The tokens of a login that is signed in.</summary>
    public TokenSet? Tokens { get; private init; }

    /// <summary>
    /// The store's mark of the record that this process saw last, of this very version and free for a lease; or <see langword="null"/>.
    /// </summary>
    public string? Revision { get; private init; }

    /// <summary>The time since the tokens were received.</summary>
    public TimeSpan TokensAge { get; private init; }

    public ReLoginReason Reason { get; private init; }

    public string? Error { get; private init; }

    /// <summary>Tells the refresh token from others; <see langword="null"/> if that isn't known.</summary>
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

namespace TokenRefresh.Storage;

/// <summary>Creates the records that this process writes, and reads the tokens of records.</summary>
internal sealed class LoginRecordFactory(TokenSessionKey key, ITokenProtector? protector, TimeProvider time)
{
    private readonly TokenCodec _codec = new(key, protector);

    /// <summary>The record of the login that this process has, as it was saved.</summary>
    public LoginRecord Of(HeldLogin held) => held.State switch
    {
        LoginState.SignedIn => new LoginRecord
        {
            State = LoginState.SignedIn,
            LoginId = held.LoginId,
            Version = held.Version,
            Tokens = _codec.Write(held.Tokens!),
            TokensAge = held.TokensAge,
            TokenHash = held.TokenHash,
            KeepFor = KeepFor(held.Tokens!),
        },
        LoginState.Ended => Ended(held, held.Reason, held.Error),
        _ => SignedOut(held.Version),
    };

    /// <summary>The record of tokens that were just received.</summary>
    public LoginRecord New(string loginId, long version, TokenSet tokens) => Of(
        HeldLogin.SignedIn(loginId, version, tokens, revision: null, (time.GetUtcNow() - tokens.ReceivedAt) ?? TimeSpan.Zero));

    public static LoginRecord Ended(HeldLogin start, ReLoginReason reason, string? error) => new()
    {
        State = LoginState.Ended,
        LoginId = start.LoginId,
        Version = start.Version,
        TokenHash = start.TokenHash,
        Reason = reason,
        Error = error,
        KeepFor = LoginRules.MarkLifetime,
    };

    public static LoginRecord SignedOut(long version) => new()
    {
        State = LoginState.SignedOut,
        Version = version,
        Mark = Guid.NewGuid().ToString("N"),
        KeepFor = LoginRules.MarkLifetime,
    };

    /// <exception cref="TokenStoreConfigurationException">The tokens can't be read with this key.</exception>
    public TokenSet Read(LoginRecord record) => _codec.Read(record.Tokens!);

    /// <returns>The tokens, or <see langword="null"/> if there are none that can be read.</returns>
    public TokenSet? TryRead(LoginRecord? record)
    {
        try
        {
            return record?.Tokens is null ? null : Read(record);
        }
        catch (TokenStoreConfigurationException)
        {
            return null;
        }
    }

    // The record is kept for some time after the refresh token expires, so that a process finds that the login has ended, not that there
    // was none.
    private TimeSpan? KeepFor(TokenSet tokens) => tokens.RefreshTokenExpiresAt is not { } end ? null
        : end - time.GetUtcNow() is var rest && rest > TimeSpan.Zero && rest < TimeSpan.MaxValue - LoginRules.MarkLifetime
            ? rest + LoginRules.MarkLifetime
        : LoginRules.MarkLifetime;
}

using System.Diagnostics;

namespace TokenRefresh;

/// <summary>One access token with its refresh token, expiry, scheme and scope. Immutable.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenSet
{
    private static readonly DateTimeOffset LongAgo = new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // A server has one token set for each user, so it is small. The access token is kept once, as the header's value if there is one. Times
    // are ticks of UTC plus one; 0 means none.
    private readonly string _text;
    private readonly int _start;
    private readonly long _expiresAt;
    private readonly long _receivedAt;

    // Values that few logins have. A login without them has one reference.
    private readonly TokenSetExtras _extras = TokenSetExtras.None;

    /// <summary>Creates a token set.</summary>
    /// <param name="accessToken">The access token, as it is sent in the <c>Authorization</c> header after the scheme.</param>
    /// <param name="refreshToken">The refresh token, or <see langword="null"/> if the login has none.</param>
    /// <exception cref="ArgumentException">
    /// A token is empty, or the access token contains a character that isn't allowed in a header (RFC 6750, section 2.1): white space, a
    /// comma, a control character or a non-ASCII character. The message names the kind of the character and its index. It doesn't contain
    /// the token.
    /// </exception>
    public TokenSet(string accessToken, string? refreshToken = null)
    {
        if (!TokenSyntax.IsAccessToken(accessToken))
        {
            throw new ArgumentException(TokenSyntax.DescribeFault(accessToken), nameof(accessToken));
        }

        if (refreshToken is { Length: 0 })
        {
            throw new ArgumentException("The refresh token is empty. Pass null if there is none.", nameof(refreshToken));
        }

        _text = accessToken;
        RefreshToken = refreshToken;
    }

    private TokenSet(TokenSet original, string text, int start, string? refreshToken, TokenSetExtras? extras = null)
    {
        _text = text;
        _start = start;
        _expiresAt = original._expiresAt;
        _receivedAt = original._receivedAt;
        _extras = extras ?? original._extras;
        RefreshToken = refreshToken;
        Scope = original.Scope;
    }

    private TokenSet() => _text = "";

    /// <summary>The access token, without its scheme.</summary>
    /// <value>Empty for a login that began with <see cref="FromRefreshToken"/> and wasn't refreshed yet.</value>
    public string AccessToken => _text.Substring(_start);

    /// <summary>The refresh token, or <see langword="null"/> if the login has none.</summary>
    public string? RefreshToken { get; private init; }

    /// <summary>When the access token expires.</summary>
    /// <value>
    /// By the local clock. The default is <see langword="null"/>: unknown. Then the token is used until a 401, and is never refreshed in
    /// the background.
    /// </value>
    public DateTimeOffset? ExpiresAt
    {
        get => FromTicks(_expiresAt);
        init => _expiresAt = ToTicks(value);
    }

    /// <summary>When this app received the access token. Its lifetime counts from this time.</summary>
    /// <value>By the local clock. The default is <see langword="null"/>: the time of the sign-in.</value>
    public DateTimeOffset? ReceivedAt
    {
        get => FromTicks(_receivedAt);
        init => _receivedAt = ToTicks(value);
    }

    /// <summary>The type that the token was issued with (<c>token_type</c>, RFC 6749, section 5.1).</summary>
    /// <value>
    /// The default is <see langword="null"/>. <c>DPoP</c>, <c>MAC</c> and <c>PoP</c> are refused at sign-in, because each request would
    /// need a proof. Any other type is accepted: requests are sent with <see cref="TokenRefreshOptions.Scheme"/>.
    /// </value>
    public string? Scheme
    {
        get => _extras.Scheme;
        init => _extras = _extras with { Scheme = value };
    }

    /// <summary>The scopes of the access token, separated by spaces (RFC 6749, section 3.3); <see langword="null"/> if unknown.</summary>
    public string? Scope { get; init; }

    /// <summary>When the refresh token expires, and the login with it.</summary>
    /// <value>
    /// By the local clock, from <c>refresh_token_expires_in</c> or <c>refresh_expires_in</c>. The default is <see langword="null"/>:
    /// unknown. If the response of a refresh has no value, the earlier one is kept, unless there is a new refresh token. The refresh token
    /// is sent also after this time, because only the server decides. A store may remove a login some days after it.
    /// </value>
    public DateTimeOffset? RefreshTokenExpiresAt
    {
        get => _extras.RefreshTokenExpiresAt;
        init => _extras = _extras with { RefreshTokenExpiresAt = value };
    }

    /// <summary>The id token (<c>id_token</c>, OpenID Connect Core, section 12.2).</summary>
    /// <value>
    /// The default is <see langword="null"/>: there is none. If the response of a refresh has none, the earlier one is kept. It isn't
    /// validated: the app must check its signature and claims.
    /// </value>
    public string? IdentityToken
    {
        get => _extras.IdentityToken;
        init => _extras = _extras with { IdentityToken = value };
    }

    /// <summary>The other members of the token response, such as <c>instance_url</c> or <c>issued_token_type</c>, by their names.</summary>
    /// <value>
    /// Strings are kept unchanged, other values as JSON text. The default is empty. If the response of a refresh lacks a member, the
    /// earlier value is kept. Of a response, the first members are kept: at most 64, and at most 65,536 characters (UTF-16 code units) with
    /// their names. They are saved with the tokens.
    /// </value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyDictionary<string, string> Additional
    {
        get => _extras.Additional;
        init
        {
            Require.NotNull(value, nameof(value));
            _extras = _extras with { Additional = TokenSetExtras.Copy(value) };
        }
    }

    /// <summary>The <see cref="Storage.LoginPeriod"/> of the login; 0 if periods aren't counted. No response changes it.</summary>
    internal long Period => _extras.Period;

    /// <summary>The header's value: scheme and access token.</summary>
    internal string Header => _text;

    /// <summary>Whether there is an access token.</summary>
    internal bool HasAccessToken => _text.Length > _start;

    /// <summary>Creates a token set with a refresh token and no access token. The first use of the session refreshes.</summary>
    /// <param name="refreshToken">The refresh token.</param>
    /// <returns>A token set whose access token is empty and has expired.</returns>
    /// <exception cref="ArgumentException"><paramref name="refreshToken"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="refreshToken"/> is <see langword="null"/>.</exception>
    public static TokenSet FromRefreshToken(string refreshToken)
    {
        Require.NotEmpty(refreshToken, nameof(refreshToken));

        // The lifetime is zero and began long ago, so the first use finds an expired token.
        return new TokenSet { RefreshToken = refreshToken, ReceivedAt = LongAgo, ExpiresAt = LongAgo };
    }

    /// <summary>The same tokens with another refresh token.</summary>
    internal TokenSet WithRefreshToken(string refreshToken) => new(this, _text, _start, refreshToken, ExtrasFor(refreshToken));

    /// <summary>The same tokens, kept as the header's value with this scheme.</summary>
    internal TokenSet WithScheme(string scheme) => _start > 0 ? this : WithHeader(scheme + " " + _text);

    /// <summary>The same tokens with the string instance of another set's header. Both sets have the same access token.</summary>
    internal TokenSet WithHeader(string header) =>
        !HasAccessToken || ReferenceEquals(_text, header) ? this : new(this, header, header.Length - AccessTokenLength, RefreshToken);

    /// <summary>Whether the tokens can be sent with this scheme: their type is one word and needs no proof of possession.</summary>
    internal bool CanBeSentAs(string scheme) => Scheme is null || (TokenSyntax.IsScheme(Scheme) && !TokenSyntax.NeedsProof(Scheme, scheme));

    /// <summary>The same tokens in this period.</summary>
    internal TokenSet WithPeriod(long period) =>
        period == Period ? this : new(this, _text, _start, RefreshToken, _extras with { Period = period });

    /// <summary>The same tokens without the id token.</summary>
    internal TokenSet WithoutIdentityToken() =>
        IdentityToken is null ? this : new(this, _text, _start, RefreshToken, _extras with { IdentityToken = null });

    internal bool HasAccessTokenOf(TokenSet other) => AccessToken == other.AccessToken;

    internal bool HasSameTokensAs(TokenSet other) => RefreshToken == other.RefreshToken && HasAccessTokenOf(other);

    /// <summary>These tokens. Values that the response lacks are those of <paramref name="previous"/> (RFC 6749, section 6).</summary>
    internal TokenSet WithDefaultsFrom(TokenSet? previous, DateTimeOffset now) =>
        new(
            this,
            AccessToken,
            start: 0,
            RefreshToken ?? previous?.RefreshToken,
            _extras.WithDefaultsFrom(previous?.ExtrasFor(RefreshToken)))
        {
            ReceivedAt = ReceivedAt ?? now,
            Scope = Scope ?? previous?.Scope,
        };

    // The expiry of a refresh token isn't that of its successor.
    private TokenSetExtras ExtrasFor(string? refreshToken) =>
        RefreshToken is null || refreshToken is null || refreshToken == RefreshToken || RefreshTokenExpiresAt is null ? _extras
        : _extras with { RefreshTokenExpiresAt = null };

    private int AccessTokenLength => _text.Length - _start;

    private static DateTimeOffset? FromTicks(long ticks) => ticks == 0 ? null : new DateTimeOffset(ticks - 1, TimeSpan.Zero);

    private static long ToTicks(DateTimeOffset? time) => time is { } given ? given.UtcTicks + 1 : 0;

    /// <summary>Returns which tokens there are and the expiry, and no secret.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() =>
        $"TokenSet {{ AccessToken = [redacted], RefreshToken = {(RefreshToken is null ? "none" : "[redacted]")}, "
        + $"ExpiresAt = {ExpiresAt?.ToString("O") ?? "unknown"} }}";
}

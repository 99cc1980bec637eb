using System;
using System.Diagnostics;

namespace TokenRefresh;

/// <summary>One access token with its refresh token, expiry, scheme and scope. Immutable.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenSet
{
    // A server holds one of these for each user: the access token is kept once, as the header's value where there is one, and times as
    // ticks of UTC, plus one; 0: none.
    private readonly string _text;
    private readonly int _start;
    private readonly long _expiresAt;
    private readonly long _receivedAt;

    /// <summary>Creates a token set.</summary>
    /// <param name="accessToken">The access token, as it stands behind the scheme in the <c>Authorization</c> header.</param>
    /// <param name="refreshToken">The refresh token, or <see langword="null"/> where the login has none.</param>
    /// <exception cref="ArgumentException">
    /// A token is empty, or the access token holds a character that can't stand in a header (RFC 6750, section 2.1): white space, a comma,
    /// a control character or anything outside ASCII. The message doesn't hold the token.
    /// </exception>
    public TokenSet(string accessToken, string? refreshToken = null)
    {
        if (!TokenSyntax.IsAccessToken(accessToken))
        {
            throw new ArgumentException(
                "The access token is empty or holds a character that can't stand in an Authorization header (RFC 6750, section 2.1). "
                + "Pass the token alone, without scheme, quotes or line ends.",
                nameof(accessToken));
        }

        if (refreshToken is { Length: 0 })
        {
            throw new ArgumentException("The refresh token is empty. Pass null where there is none.", nameof(refreshToken));
        }

        _text = accessToken;
        RefreshToken = refreshToken;
    }

    private TokenSet(TokenSet original, string text, int start, string? refreshToken)
    {
        _text = text;
        _start = start;
        _expiresAt = original._expiresAt;
        _receivedAt = original._receivedAt;
        RefreshToken = refreshToken;
        Scheme = original.Scheme;
        Scope = original.Scope;
    }

    /// <summary>The access token, without its scheme.</summary>
    public string AccessToken => _text.Substring(_start);

    /// <summary>The refresh token, or <see langword="null"/> where the login has none.</summary>
    public string? RefreshToken { get; }

    /// <summary>When the access token expires.</summary>
    /// <value>By the local clock. <see langword="null"/>: unknown; the token is used until a 401 and never refreshed ahead.</value>
    public DateTimeOffset? ExpiresAt
    {
        get => FromTicks(_expiresAt);
        init => _expiresAt = ToTicks(value);
    }

    /// <summary>When this app received the access token; the lifetime is counted from here.</summary>
    /// <value>By the local clock. <see langword="null"/>: the moment of the sign-in.</value>
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
    public string? Scheme { get; init; }

    /// <summary>The scope of the access token, space separated (RFC 6749, section 3.3).</summary>
    public string? Scope { get; init; }

    /// <summary>The header's value: scheme and access token.</summary>
    internal string Header => _text;

    /// <summary>The same tokens with another refresh token.</summary>
    internal TokenSet WithRefreshToken(string refreshToken) => new(this, _text, _start, refreshToken);

    /// <summary>The same tokens, kept as the header's value.</summary>
    internal TokenSet WithHeader(string scheme) => new(this, scheme + " " + AccessToken, scheme.Length + 1, RefreshToken);

    /// <summary>What a refresh didn't say stays as it was (RFC 6749, section 6).</summary>
    internal TokenSet CompletedBy(TokenSet? old, DateTimeOffset now) => new(AccessToken, RefreshToken ?? old?.RefreshToken)
    {
        ReceivedAt = ReceivedAt ?? now,
        ExpiresAt = ExpiresAt,
        Scheme = Scheme ?? old?.Scheme,
        Scope = Scope ?? old?.Scope,
    };

    private static DateTimeOffset? FromTicks(long ticks) => ticks == 0 ? null : new DateTimeOffset(ticks - 1, TimeSpan.Zero);

    private static long ToTicks(DateTimeOffset? time) => time is { } given ? given.UtcTicks + 1 : 0;

    /// <summary>Names what is there, and no secret.</summary>
    public override string ToString() =>
        $"TokenSet {{ AccessToken = [redacted], RefreshToken = {(RefreshToken is null ? "none" : "[redacted]")}, ExpiresAt = {ExpiresAt?.ToString("O") ?? "unknown"} }}";
}

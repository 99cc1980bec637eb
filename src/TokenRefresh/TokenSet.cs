using System;
using System.Diagnostics;

namespace TokenRefresh;

/// <summary>One access token with its refresh token, expiry, scheme and scope. Immutable.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenSet
{
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

        AccessToken = accessToken;
        RefreshToken = refreshToken;
    }

    /// <summary>The access token, without its scheme.</summary>
    public string AccessToken { get; }

    /// <summary>The refresh token, or <see langword="null"/> where the login has none.</summary>
    public string? RefreshToken { get; }

    /// <summary>When the access token expires.</summary>
    /// <value>By the local clock. <see langword="null"/>: unknown; the token is used until a 401 and never refreshed ahead.</value>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When this app received the access token; the lifetime is counted from here.</summary>
    /// <value>By the local clock. <see langword="null"/>: the moment of the sign-in.</value>
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>The authentication scheme the token was issued for (<c>token_type</c>, RFC 6749, section 5.1).</summary>
    /// <value><see langword="null"/>: <see cref="TokenRefreshOptions.Scheme"/>. Any other scheme is refused at sign-in.</value>
    public string? Scheme { get; init; }

    /// <summary>The scope of the access token, space separated (RFC 6749, section 3.3).</summary>
    public string? Scope { get; init; }

    /// <summary>The same tokens with another refresh token.</summary>
    internal TokenSet WithRefreshToken(string refreshToken) => new(AccessToken, refreshToken)
    {
        ReceivedAt = ReceivedAt,
        ExpiresAt = ExpiresAt,
        Scheme = Scheme,
        Scope = Scope,
    };

    /// <summary>What a refresh didn't say stays as it was (RFC 6749, section 6).</summary>
    internal TokenSet CompletedBy(TokenSet? old, DateTimeOffset now) => new(AccessToken, RefreshToken ?? old?.RefreshToken)
    {
        ReceivedAt = ReceivedAt ?? now,
        ExpiresAt = ExpiresAt,
        Scheme = Scheme ?? old?.Scheme,
        Scope = Scope ?? old?.Scope,
    };

    /// <summary>Names what is there, and no secret.</summary>
    public override string ToString() =>
        $"TokenSet {{ AccessToken = [redacted], RefreshToken = {(RefreshToken is null ? "none" : "[redacted]")}, ExpiresAt = {ExpiresAt?.ToString("O") ?? "unknown"} }}";
}

using System.Diagnostics;

namespace TokenRefresh;

/// <summary>What a token is asked for with: a refresh token, or the client's own identity.</summary>
/// <param name="key">The session.</param>
/// <param name="refreshToken">The refresh token; <see langword="null"/> with <see cref="TokenGrantType.ClientCredentials"/>.</param>
/// <param name="scope">The scope to ask for, or <see langword="null"/>.</param>
[DebuggerDisplay("[token request]")]
public sealed class TokenEndpointRequest(TokenSessionKey key, string? refreshToken, string? scope)
{
    // Read when the flight's deadline comes, while the call is under way.
    private volatile bool _mayBeSent = true;

    /// <summary>The session.</summary>
    public TokenSessionKey Key { get; } = key;

    /// <summary>The refresh token; <see langword="null"/> with <see cref="TokenGrantType.ClientCredentials"/>.</summary>
    public string? RefreshToken { get; } = refreshToken;

    /// <summary>The scope to ask for (RFC 6749, section 6), or <see langword="null"/>.</summary>
    public string? Scope { get; } = scope;

    /// <summary>
    /// Whether the refresh token may have left this process. <see langword="true"/> for endpoints that don't track it: those of the app.
    /// </summary>
    internal bool MayBeSent
    {
        get => _mayBeSent;
        set => _mayBeSent = value;
    }

    /// <summary>Names no secret.</summary>
    public override string ToString() => "[token request]";
}

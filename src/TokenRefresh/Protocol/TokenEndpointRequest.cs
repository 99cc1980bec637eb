using System.Diagnostics;

namespace TokenRefresh;

/// <summary>A request for tokens, with a refresh token or with the client's own credentials.</summary>
/// <param name="key">The session that requests the tokens.</param>
/// <param name="refreshToken">The refresh token; <see langword="null"/> with <see cref="TokenGrantType.ClientCredentials"/>.</param>
/// <param name="scope">The scopes to request, separated by spaces; <see langword="null"/> for the scope that the login has.</param>
[DebuggerDisplay("[token request]")]
public sealed class TokenEndpointRequest(TokenSessionKey key, string? refreshToken, string? scope)
{
    // Read at the flight's deadline, while the call is running.
    private volatile bool _mayBeSent = true;

    /// <summary>The session that requests the tokens.</summary>
    public TokenSessionKey Key { get; } = key;

    /// <summary>The refresh token; <see langword="null"/> with <see cref="TokenGrantType.ClientCredentials"/>.</summary>
    public string? RefreshToken { get; } = refreshToken;

    /// <summary>
    /// The scopes to request, separated by spaces (RFC 6749, section 6); <see langword="null"/> for the scope that the login has.
    /// </summary>
    public string? Scope { get; } = scope;

    /// <summary>Whether the refresh token may have left this process. An endpoint of the app's own doesn't track it: always true.</summary>
    internal bool MayBeSent
    {
        get => _mayBeSent;
        set => _mayBeSent = value;
    }

    /// <summary>
    /// Whether the refresh token must no longer be sent; <see langword="null"/> if it can be sent at any time. The machine may have slept
    /// while the connection was opened.
    /// </summary>
    internal Func<bool>? IsTooLate { get; init; }

    /// <summary>Returns a text without any secret.</summary>
    public override string ToString() => "[token request]";
}

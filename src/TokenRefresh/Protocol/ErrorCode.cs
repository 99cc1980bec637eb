namespace TokenRefresh.Protocol;

/// <summary>Decides whether a server's error code may appear in messages and logs.</summary>
internal static class ErrorCode
{
    private const int MaxLength = 64;

    /// <returns>The code; <see langword="null"/> if it isn't one short word, or if it repeats a secret or a part of one.</returns>
    public static string? Sanitize(string? code, string? refreshToken, string? clientSecret)
    {
        var mayBeShown = code is { Length: > 0 and <= MaxLength }
            && code.All(c => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' or '_' or '-' or '.')
            && !RevealsSecret(code, refreshToken)
            && !RevealsSecret(code, clientSecret);
        return mayBeShown ? code : null;
    }

    private static bool RevealsSecret(string code, string? secret) =>
        secret is { Length: > 0 } && (code.Contains(secret) || secret.Contains(code));
}

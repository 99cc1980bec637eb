using System;

namespace TokenRefresh.Protocol;

/// <summary>Lets a server's error code into messages and logs, if it is one.</summary>
internal static class ErrorCode
{
    private const int MaxLength = 64;

    /// <returns>The code, or <see langword="null"/> where it is none, or where it says a secret back to us.</returns>
    public static string? Sanitize(string? code, string? refreshToken, string? clientSecret)
    {
        if (code is null or { Length: 0 or > MaxLength } || RevealsSecret(code, refreshToken) || RevealsSecret(code, clientSecret))
        {
            return null;
        }

        foreach (var c in code)
        {
            if (c is not (>= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9' or '_' or '-' or '.'))
            {
                return null;
            }
        }

        return code;
    }

    private static bool RevealsSecret(string code, string? secret) =>
        secret is { Length: > 0 } && (code.Contains(secret) || secret.Contains(code));
}

using System;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;

namespace TokenRefresh.Handling;

/// <summary>Reads what a 401 asks for (RFC 9110, section 11.6.1; RFC 6750, section 3).</summary>
internal static class Challenge
{
    /// <summary>Whether a new access token can answer this response.</summary>
    public static bool IsForNewToken(HttpResponseMessage response, TokenRefreshOptions options)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return false;
        }

        if (!response.Headers.Contains("WWW-Authenticate"))
        {
            return true;
        }

        var challenges = response.Headers.WwwAuthenticate;
        if (challenges.Count == 0)
        {
            return true;
        }

        // Django REST Framework answers with the challenge of its first authenticator, whatever the request carried.
        var asksForNewToken = options.Protocol == TokenEndpointProtocol.SimpleJwt;
        foreach (var challenge in challenges)
        {
            if (!IsScheme(challenge, options.Scheme))
            {
                continue;
            }

            if (ErrorOf(challenge.Parameter) is null or "invalid_token")
            {
                return true;
            }

            asksForNewToken = false;
        }

        return asksForNewToken;
    }

    private static bool IsScheme(AuthenticationHeaderValue challenge, string scheme) =>
        challenge.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase) || challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of <c>error</c> in <c>name=value, name="quoted \" value"</c>, read from hostile text in one pass.</summary>
    internal static string? ErrorOf(string? parameters)
    {
        var rest = (parameters ?? "").AsSpan();
        while (!rest.IsEmpty)
        {
            var equals = rest.IndexOf('=');
            if (equals < 0)
            {
                return null;
            }

            var name = rest.Slice(0, equals).Trim(" \t,".AsSpan());
            rest = rest.Slice(equals + 1).TrimStart();
            var value = ReadValue(ref rest);
            if (name.Equals("error".AsSpan(), StringComparison.OrdinalIgnoreCase))
            {
                return value.ToString();
            }
        }

        return null;
    }

    private static ReadOnlySpan<char> ReadValue(ref ReadOnlySpan<char> rest)
    {
        ReadOnlySpan<char> value;
        if (rest.IsEmpty || rest[0] != '"')
        {
            var end = rest.IndexOf(',');
            value = (end < 0 ? rest : rest.Slice(0, end)).Trim();
            rest = end < 0 ? default : rest.Slice(end + 1);
            return value;
        }

        var i = 1;
        while (i < rest.Length && rest[i] != '"')
        {
            i += rest[i] == '\\' ? 2 : 1;
        }

        value = rest.Slice(1, Math.Min(i, rest.Length) - 1);
        rest = i + 1 < rest.Length ? rest.Slice(i + 1) : default;
        return value;
    }
}

using System;
using System.Net.Http;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>The <c>Authorization</c> header of a request, as raw text.</summary>
internal static class AuthorizationHeader
{
    private const string Name = "Authorization";

    /// <summary>The header's value as it stands; <see langword="null"/> if there is none.</summary>
    public static string? Read(HttpRequestMessage request)
    {
#if NET8_0_OR_GREATER
        return request.Headers.NonValidated.TryGetValues(Name, out var values) ? values.ToString() : null;
#else
        return request.Headers.TryGetValues(Name, out var values) ? string.Join(", ", values) : null;
#endif
    }

    /// <summary>Sets the header to the token of this snapshot.</summary>
    public static void Attach(HttpRequestMessage request, Generation snapshot)
    {
        // The string was validated when its token set was created. A header object would cost more memory than the token.
        request.Headers.Remove(Name);
        request.Headers.TryAddWithoutValidation(Name, snapshot.Header);
    }

    /// <summary>Whether the header is a scheme without a token, as Refit's <c>[Headers("Authorization: Bearer")]</c> sets it.</summary>
    public static bool IsPlaceholder(string header, string scheme) =>
        header.AsSpan().Trim() is var word
        && (word.Equals(scheme.AsSpan(), StringComparison.OrdinalIgnoreCase) || word.Equals("Bearer".AsSpan(), StringComparison.OrdinalIgnoreCase));

    public static void Remove(HttpRequestMessage request) => request.Headers.Remove(Name);
}

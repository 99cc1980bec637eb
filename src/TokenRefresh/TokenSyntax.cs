using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh;

/// <summary>The rules for texts in an <c>Authorization</c> header. Every token and scheme is checked here before it is sent.</summary>
internal static class TokenSyntax
{
    /// <summary>
    /// Whether the text is visible ASCII without a comma: RFC 6750's <c>b64token</c>, and the other characters that servers use.
    /// </summary>
    public static bool IsAccessToken([NotNullWhen(true)] string? value) => value is { Length: > 0 } && value.All(IsOfAccessToken);

    /// <summary>
    /// Says why a value isn't an access token: the kind and the index of its first wrong character, without the character.
    /// </summary>
    /// <param name="value">A value that <see cref="IsAccessToken"/> refuses.</param>
    /// <returns>What is wrong and what to pass, as sentences.</returns>
    public static string DescribeFault(string? value)
    {
        if (value is not { Length: > 0 })
        {
            return "The access token is empty. Pass the token alone.";
        }

        var index = value.TakeWhile(IsOfAccessToken).Count();
        return $"The access token has {KindOf(value[index])} at index {index}, which isn't allowed in an Authorization header (RFC 6750, "
            + "section 2.1). Pass the token alone, without scheme, quotes or line ends.";
    }

    /// <summary>Whether the text is a token of RFC 9110, section 5.6.2.</summary>
    public static bool IsScheme([NotNullWhen(true)] string? value) => value is { Length: > 0 } && value.All(IsOfScheme);

    /// <summary>Whether tokens of this type need a proof in each request: DPoP (RFC 9449), MAC, proof of possession.</summary>
    /// <param name="tokenType">The type that the server names (<c>token_type</c>, RFC 6749, section 7.1).</param>
    /// <param name="scheme">The option's scheme. An app that sets it to such a type adds the proof itself.</param>
    public static bool NeedsProof(string tokenType, string scheme) =>
        tokenType.Trim().ToUpperInvariant() is "DPOP" or "MAC" or "POP"
        && !tokenType.Trim().Equals(scheme, StringComparison.OrdinalIgnoreCase);

    private static bool IsOfScheme(char c) =>
        c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') || "!#$%&'*+-.^_`|~".Contains(c);

    private static bool IsOfAccessToken(char c) => c is > ' ' and <= '~' and not ',';

    private static string KindOf(char c) => c switch
    {
        ' ' or '\t' => "white space",
        '\r' or '\n' => "a line end",
        ',' => "a comma",
        < ' ' or '\x7f' => "a control character",
        _ => "a character outside ASCII",
    };
}

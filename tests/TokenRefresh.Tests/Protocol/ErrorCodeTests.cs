using System.Text;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

[Trait("Case", "C44")]
public sealed class ErrorCodeTests
{
    [Theory]
    [InlineData("invalid_grant", "invalid_grant")]
    [InlineData("AADSTS70008.x-1", "AADSTS70008.x-1")]
    [InlineData("azAZ09", "azAZ09")]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("invalid grant", null)]
    [InlineData("invalid\r\ngrant", null)]
    [InlineData("\u001b[31minvalid", null)]
    [InlineData("http://evil", null)]
    [InlineData("naïve", null)]
    [InlineData("a/b", null)]
    [InlineData("a:b", null)]
    [InlineData("a@b", null)]
    [InlineData("a[b", null)]
    [InlineData("a`b", null)]
    [InlineData("a{b", null)]
    [InlineData("refresh-secret", null)]
    [InlineData("x.refresh-secret.x", null)]
    [InlineData("secret", null)]
    [InlineData("client-key", null)]
    public void A_code_is_one_short_word_that_says_no_secret_back(string? code, string? expected) =>
        Assert.Equal(expected, ErrorCodes.Sanitize(code, "refresh-secret", "client-key"));

    [Fact]
    public void A_secret_that_is_empty_is_in_no_code() => Assert.Equal("invalid_grant", ErrorCodes.Sanitize("invalid_grant", "", ""));

    [Fact]
    public void A_long_code_is_none()
    {
        Assert.NotNull(ErrorCodes.Sanitize(new string('x', 64), "r", clientSecret: null));
        Assert.Null(ErrorCodes.Sanitize(new string('x', 65), "r", clientSecret: null));
    }

    [Theory]
    [InlineData("login_required")]
    [InlineData("interaction_required")]
    [InlineData("consent_required")]
    [InlineData("account_selection_required")]
    [InlineData("mfa_required")]
    [InlineData("temporarily_unavailable")]
    [InlineData("server_error")]
    [InlineData("slow_down")]
    [InlineData("invalid_client")]
    [InlineData("unauthorized_client")]
    [InlineData("unsupported_grant_type")]
    [InlineData("invalid_scope")]
    [InlineData("invalid_request")]
    [InlineData("access_denied")]
    [InlineData("invalid_target")]
    [InlineData("invalid_grant")]
    [InlineData("session_expired")]
    public void A_code_that_differs_in_one_letter_is_another_code(string code)
    {
        Assert.NotEqual(ErrorMeaning.Unknown, OAuthMeaningOf(code));

        Assert.All(Misspellings(code), other => Assert.Equal(ErrorMeaning.Unknown, OAuthMeaningOf(other)));
    }

    [Theory]
    [InlineData("token_not_valid")]
    [InlineData("no_active_account")]
    [InlineData("password_changed")]
    [InlineData("user_not_found")]
    [InlineData("user_inactive")]
    public void A_code_of_Simple_JWT_that_differs_in_one_letter_is_another_code(string code)
    {
        Assert.Equal(ErrorMeaning.LoginEnded, SimpleJwtMeaningOf(code));

        Assert.All(Misspellings(code), other => Assert.Equal(ErrorMeaning.Unknown, SimpleJwtMeaningOf(other)));
    }

    // Separators don't count in a dead login's code, so only letters are changed.
    private static IEnumerable<string> Misspellings(string code) => Enumerable.Range(0, code.Length)
        .Where(at => char.IsLetter(code[at]))
        .Select(at => code.Remove(at, 1).Insert(at, "j"));

    private static ErrorMeaning OAuthMeaningOf(string code) => ErrorCodes.FindOAuth(Fields("error", code)).Meaning;

    private static ErrorMeaning SimpleJwtMeaningOf(string code) => ErrorCodes.FindSimpleJwt(Fields("code", code)).Meaning;

    private static TokenFields Fields(string name, string code) => TokenFields.Read(Encoding.UTF8.GetBytes($$"""{"{{name}}":"{{code}}"}"""))!;
}

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
}

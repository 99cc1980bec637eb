using System;
using Xunit;

namespace TokenRefresh.Tests;

public sealed class TokenSetTests
{
    [Fact]
    public void Says_what_it_has_and_shows_no_token()
    {
        Assert.Equal("TokenSet { AccessToken = [redacted], RefreshToken = none, ExpiresAt = unknown }", new TokenSet("kanarie").ToString());
        Assert.Contains(
            "RefreshToken = [redacted], ExpiresAt = 2030-01-01T00:00:00",
            new TokenSet("kanarie", "kanarie") { ExpiresAt = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) }.ToString(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bearer", true)]
    [InlineData("JWT", true)]
    [InlineData("a-z_9~", true)]
    [InlineData("{", false)]
    [InlineData("a[", false)]
    [InlineData("a/", false)]
    [InlineData("a:", false)]
    [InlineData("ä", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_scheme_is_a_token_of_RFC_9110(string? scheme, bool isOne) => Assert.Equal(isOne, TokenSyntax.IsScheme(scheme));

    [Fact]
    public void A_refresh_token_is_there_or_not_but_never_empty() => Assert.Throws<ArgumentException>(() => new TokenSet("access-1", ""));
}

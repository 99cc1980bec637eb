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

    [Fact]
    public void A_member_without_a_value_is_empty_and_an_id_token_can_be_dropped()
    {
        var tokens = new TokenSet("access-1") { Additional = new Dictionary<string, string> { ["a"] = null!, ["b"] = "1" }, IdentityToken = "id-1" };

        Assert.Equal(["a=", "b=1"], tokens.Additional.Select(member => $"{member.Key}={member.Value}").Order(StringComparer.Ordinal));
        Assert.Null(tokens.WithoutIdentityToken().IdentityToken);
        Assert.Equal("1", tokens.WithoutIdentityToken().Additional["b"]);
        Assert.Same(tokens.WithoutIdentityToken().Additional, tokens.WithoutIdentityToken().WithoutIdentityToken().Additional);
    }

    [Theory]
    [InlineData("new", "new")]
    [InlineData(null, "earlier")]
    public void What_a_response_lacks_is_kept(string? inResponse, string expected)
    {
        var end = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var earlier = new TokenSet("access-1", "refresh-1") { IdentityToken = "earlier", Scheme = "earlier", Scope = "earlier", RefreshTokenExpiresAt = end };
        var response = new TokenSet("access-2")
        {
            IdentityToken = inResponse,
            Scheme = inResponse,
            Scope = inResponse,
            RefreshTokenExpiresAt = inResponse is null ? null : end.AddDays(1),
        };

        var tokens = response.WithDefaultsFrom(earlier, end);

        Assert.Equal((expected, expected, expected), (tokens.IdentityToken, tokens.Scheme, tokens.Scope));
        Assert.Equal((end.AddDays(inResponse is null ? 0 : 1), "refresh-1"), (tokens.RefreshTokenExpiresAt, tokens.RefreshToken));
    }

    [Theory]
    [InlineData(null, "The access token is empty.")]
    [InlineData("", "The access token is empty.")]
    [InlineData("the-kanarie token", "white space at index 11,")]
    [InlineData("Bearer kanarie", "white space at index 6,")]
    [InlineData("kanarie\t", "white space at index 7,")]
    [InlineData("kanarie\r\n", "a line end at index 7,")]
    [InlineData("kanarie\n", "a line end at index 7,")]
    [InlineData("kanarie,", "a comma at index 7,")]
    [InlineData("\0kanarie", "a control character at index 0,")]
    [InlineData("kanarie\u007f", "a control character at index 7,")]
    [InlineData("kanarie\u00e4 ", "a character outside ASCII at index 7,")]
    [InlineData("kanarie\u2028", "a character outside ASCII at index 7,")]
    public void A_wrong_access_token_is_described_and_not_quoted(string? token, string description)
    {
        var exception = Assert.Throws<ArgumentException>("accessToken", () => new TokenSet(token!));

        Assert.Contains(description, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("kanarie", exception.Message, StringComparison.Ordinal);
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

    [Fact]
    [Trait("Case", "B32")]
    public void What_a_refresh_doesnt_mention_is_kept()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var old = new TokenSet("access-1", "refresh-1")
        {
            Scheme = "JWT",
            Scope = "all",
            IdentityToken = "id-1",
            RefreshTokenExpiresAt = now.AddDays(1),
            Additional = new Dictionary<string, string> { ["a"] = "1", ["b"] = "1" },
        };

        var silent = new TokenSet("access-2").WithDefaultsFrom(old, now);
        var spoken = new TokenSet("access-2", "refresh-2")
        {
            IdentityToken = "id-2",
            RefreshTokenExpiresAt = now.AddDays(2),
            Additional = new Dictionary<string, string> { ["b"] = "2", ["c"] = "2" },
        }.WithDefaultsFrom(old, now);

        Assert.Equal(("refresh-1", "JWT", "all", "id-1", now.AddDays(1)), (silent.RefreshToken, silent.Scheme, silent.Scope, silent.IdentityToken, silent.RefreshTokenExpiresAt));
        Assert.Same(old.Additional, silent.Additional);
        Assert.Equal(("refresh-2", "id-2", now.AddDays(2)), (spoken.RefreshToken, spoken.IdentityToken, spoken.RefreshTokenExpiresAt));
        Assert.Equal(["a=1", "b=2", "c=2"], spoken.Additional.Select(member => $"{member.Key}={member.Value}").Order(StringComparer.Ordinal));
        Assert.Equal("id-2", spoken.WithRefreshToken("refresh-3").WithScheme("Bearer").IdentityToken);
    }

    [Fact]
    [Trait("Case", "B32")]
    public void The_expiry_of_a_refresh_token_isnt_that_of_its_successor()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var old = new TokenSet("access-1", "refresh-1") { RefreshTokenExpiresAt = now.AddDays(1), IdentityToken = "id-1" };

        var same = new TokenSet("access-2", "refresh-1").WithDefaultsFrom(old, now);
        var rotated = new TokenSet("access-2", "refresh-2").WithDefaultsFrom(old, now);

        Assert.Equal((now.AddDays(1), "id-1"), (same.RefreshTokenExpiresAt, same.IdentityToken));
        Assert.Equal((null, "id-1"), (rotated.RefreshTokenExpiresAt, rotated.IdentityToken));
        Assert.Null(old.WithRefreshToken("refresh-2").RefreshTokenExpiresAt);

        // The app read the expiry of a response, and the library its refresh token.
        Assert.Equal(now, new TokenSet("access-2") { RefreshTokenExpiresAt = now }.WithRefreshToken("refresh-2").RefreshTokenExpiresAt);
    }

    [Fact]
    [Trait("Case", "B32")]
    public void Additional_members_are_copied_and_bounded_also_over_many_refreshes()
    {
        var members = new Dictionary<string, string> { ["a"] = "1" };
        var tokens = new TokenSet("access-1") { Additional = members };
        members["a"] = "2";
        Assert.Equal("1", tokens.Additional["a"]);
        Assert.Throws<ArgumentNullException>("value", () => new TokenSet("access-1") { Additional = null! });
        Assert.Empty(new TokenSet("access-1").Additional);

        for (var refresh = 0; refresh < 100; refresh++)
        {
            tokens = new TokenSet("access-1")
            {
                Additional = new Dictionary<string, string> { [$"new-{refresh}"] = new('x', 1000) },
            }.WithDefaultsFrom(tokens, DateTimeOffset.UnixEpoch);
        }

        Assert.Equal(TokenSetExtras.MaxMembers, tokens.Additional.Count);
        Assert.Equal("new-99", tokens.Additional.First().Key);
    }

    [Fact]
    [Trait("Case", "B32")]
    public void A_member_that_is_too_long_is_left_out_and_the_next_ones_are_kept()
    {
        var kept = TokenSetExtras.CopyWithinLimits(
        [
            new("a", "1"), new("long", new string('x', TokenSetExtras.MaxLength)), new("b", new string('x', TokenSetExtras.MaxLength - 3)), new("c", ""),
        ]);

        Assert.Equal(["a", "b"], kept.Keys);
    }

    [Fact]
    public void A_login_may_begin_with_a_refresh_token_alone()
    {
        var tokens = TokenSet.FromRefreshToken("kanarie");

        Assert.Equal(("", "kanarie"), (tokens.AccessToken, tokens.RefreshToken));
        Assert.True(tokens.ExpiresAt < DateTimeOffset.UnixEpoch.AddDays(1));
        Assert.Equal("", tokens.WithScheme("Bearer").Header);
        Assert.False(tokens.WithScheme("Bearer").HasAccessToken);
        Assert.DoesNotContain("kanarie", tokens.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TokenSet.FromRefreshToken(""));
        Assert.Throws<ArgumentNullException>(() => TokenSet.FromRefreshToken(null!));
    }

    [Fact]
    [Trait("Case", "C42")]
    public void No_token_and_no_other_member_is_shown()
    {
        var tokens = new TokenSet("kanarie") { IdentityToken = "kanarie", Additional = new Dictionary<string, string> { ["x"] = "kanarie" } };

        Assert.DoesNotContain("kanarie", tokens.ToString(), StringComparison.Ordinal);
    }
}

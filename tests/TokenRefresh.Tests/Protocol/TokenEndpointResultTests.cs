using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

/// <summary>The verdicts of a token call as values.</summary>
public sealed class TokenEndpointResultTests
{
    [Fact]
    public void A_success_holds_tokens_and_a_successor_a_refresh_token()
    {
        Assert.Throws<ArgumentNullException>("tokens", () => TokenEndpointResult.Succeeded(null!));
        Assert.Throws<ArgumentException>("tokens", () => TokenEndpointResult.Succeeded(TokenSet.FromRefreshToken("canary")));
        Assert.Throws<ArgumentException>("refreshToken", () => TokenEndpointResult.RefreshTokenOnly(""));
    }

    [Fact]
    public void It_names_its_outcome_and_code_and_no_secret()
    {
        Assert.Equal("RefreshTokenOnly", TokenEndpointResult.RefreshTokenOnly("canary").ToString());
        Assert.Contains("without an access token", TokenEndpointResult.RefreshTokenOnly("canary").Description, StringComparison.Ordinal);
        Assert.Equal("Rejected (invalid_grant)", TokenEndpointResult.Rejected("invalid_grant").ToString());
        Assert.Equal("[token request]", new TokenEndpointRequest(new TokenSessionKey("orders"), "canary", scope: null).ToString());
    }

    [Fact]
    public void With_another_code_everything_else_stays()
    {
        var cause = new InvalidOperationException();
        var misconfigured = TokenEndpointResult.Misconfigured("why", "code", cause, "successor");
        var transient = TokenEndpointResult.Transient("why", "code", TimeSpan.FromSeconds(5));

        Assert.Same(misconfigured, misconfigured.WithError("code"));
        var changed = misconfigured.WithError(null);
        Assert.Equal(
            (TokenEndpointOutcome.Misconfigured, null, "why", cause, "successor"),
            (changed.Outcome, changed.Error, changed.Description, changed.Exception, changed.NewRefreshToken));
        Assert.Equal(TimeSpan.FromSeconds(5), transient.WithError(null).RetryAfter);
        Assert.True(TokenEndpointResult.ResponseLost("cut").WithError("x").RefreshTokenMayBeUsed);
        var tokens = new TokenSet("a");
        Assert.Same(tokens, TokenEndpointResult.Succeeded(tokens).WithError("x").Tokens);
    }
}

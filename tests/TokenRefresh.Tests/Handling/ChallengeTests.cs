using System.Net;
using System.Net.Http;
using TokenRefresh.Handling;
using Xunit;

namespace TokenRefresh.Tests.Handling;

/// <summary>What a 401 says of the token that was refused.</summary>
public sealed class ChallengeTests
{
    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("error", null)]
    [InlineData("error=invalid_token", "invalid_token")]
    [InlineData("error = invalid_token", "invalid_token")]
    [InlineData("ERROR=invalid_token", "invalid_token")]
    [InlineData("error=\"invalid_token\"", "invalid_token")]
    [InlineData("error= \"invalid_token\"", "invalid_token")]
    [InlineData("error=\"\"", "")]
    [InlineData("error=", "")]
    [InlineData("error=\"", "")]
    [InlineData("error=\"invalid", "invalid")]
    [InlineData("error=\"a\\\"b\", x=1", "a\\\"b")]
    [InlineData("error=\"a\\", "a\\")]
    [InlineData("realm=api, error=invalid_token, scope=x", "invalid_token")]
    [InlineData("realm=\"a, error=b\", error=\"invalid_token\"", "invalid_token")]
    [InlineData("realm=\"x\\\", error=b\", error=invalid_token", "invalid_token")]
    [InlineData("realm=\"x\"", null)]
    [InlineData("realm=\"x\",", null)]
    [InlineData("realm=x", null)]
    [InlineData("realm=,error=invalid_token", "invalid_token")]
    [InlineData("error_description=\"gone\", error=insufficient_scope", "insufficient_scope")]
    [InlineData("\terror=a", "a")]
    [InlineData("=x, error=a", "a")]
    [InlineData("error=, realm=x", "")]
    [InlineData("realm=error=invalid_token", null)]
    public void An_error_code_is_found_among_the_parameters(string? parameters, string? expected) =>
        Assert.Equal(expected, Challenge.ErrorOf(parameters));

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, null, true)]
    [InlineData(HttpStatusCode.Forbidden, null, false)]
    [InlineData(HttpStatusCode.Forbidden, "Bearer error=\"invalid_token\"", false)]
    [InlineData(HttpStatusCode.Unauthorized, "Bearer", true)]
    [InlineData(HttpStatusCode.Unauthorized, "bearer realm=\"x\"", true)]
    [InlineData(HttpStatusCode.Unauthorized, "DPoP error=\"invalid_token\"", true)]
    [InlineData(HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"", true)]
    [InlineData(HttpStatusCode.Unauthorized, "Bearer error=\"insufficient_scope\"", false)]
    [InlineData(HttpStatusCode.Unauthorized, "DPoP error=\"use_dpop_nonce\"", false)]
    [InlineData(HttpStatusCode.Unauthorized, "Basic realm=\"x\"", false)]
    [InlineData(HttpStatusCode.Unauthorized, "Basic error=\"invalid_token\"", false)]
    [InlineData(HttpStatusCode.Unauthorized, "Basic realm=\"x\", Bearer error=\"invalid_token\"", true)]
    public void A_401_of_this_scheme_or_of_bearer_is_for_a_new_token_unless_it_names_another_error(HttpStatusCode status, string? challenge, bool expected)
    {
        using var response = new HttpResponseMessage(status);
        if (challenge is not null)
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", challenge);
        }

        Assert.Equal(expected, Challenge.IsForNewToken(response, new TokenRefreshOptions { Scheme = "DPoP" }));
    }
}

using System.Net;
using TokenRefresh.Handling;

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
    [InlineData("realm=\"x\" error=\"invalid_token\"", "invalid_token")]
    [InlineData("realm=My API error=invalid_token error_description=The token expired", "invalid_token")]
    [InlineData("realm=\"unbalanced, error=\"invalid_token\"", "invalid_token")]
    [InlineData("error=\"invalid_token\", error_description=\"the token \"x\" expired", "invalid_token")]
    [InlineData("abc==, error=a", "a")]
    [InlineData("realm=\"x\"; error=\"invalid_token\"; scope=\"y\"", "invalid_token")]
    [InlineData("realm=x;error=invalid_token;scope=y", "invalid_token")]
    [InlineData("realm='x', error='invalid_token'", "invalid_token")]
    public void An_error_code_is_found_among_the_parameters(string? parameters, string? expected) =>
        Assert.Equal(expected, ErrorOf("Bearer " + parameters));

    [Theory]
    [Trait("Case", "B46")]
    [InlineData("NewToken")]
    [InlineData("NewToken", "")]
    [InlineData("NewToken", "Bearer")]
    [InlineData("NewToken", "bearer realm=\"x\"")]
    [InlineData("NewToken", "DPoP error=\"invalid_token\"")]
    [InlineData("NewToken", "Bearer error=\"invalid_token\"")]
    [InlineData("NewToken", "Bearer error=\"token_expired\"")]
    [InlineData("NewToken", "Bearer error=\"invalid_request\"")]
    [InlineData("NewToken", "Bearer abc==")]
    [InlineData("NewToken", "bearer ERROR=invalid_token")]
    [InlineData("NewToken", "Bearer error_description=\"error=\\\"insufficient_scope\\\"\", error=\"invalid_token\"")]
    [InlineData("NewToken", "Bearer realm=\"http://x/?a=b,c\" , error = \"invalid_token\"")]
    [InlineData("NewToken", "Basic realm=\"a, b\", Bearer error=\"invalid_token\"")]
    [InlineData("NewToken", "Digest realm=\"x\", nonce=\"a==\", Bearer")]
    [InlineData("NewToken", "Basic realm=\"x\" Bearer error=\"invalid_token\"")]
    [InlineData("NewToken", "Bearer realm=\"unbalanced")]
    [InlineData("NewToken", "Bearer realm=\"unbalanced, error=\"invalid_token\"", "Basic realm=\"x\"")]
    [InlineData("NewToken", "Bearer error=\"invalid_token\", error_description=\"the token \"x\" expired", "Basic realm=\"x\"")]
    [InlineData("NewToken", "Basic realm=\"x\"", "Bearer")]
    [InlineData("NewToken", "Bearer error=\"insufficient_scope\"", "Bearer error=\"invalid_token\"")]
    [InlineData("SomethingElse", "Bearer error=\"insufficient_scope\"")]
    [InlineData("SomethingElse", "Bearer error=insufficient_scope scope=orders.write")]
    [InlineData("SomethingElse", "Bearer realm=My API error=INSUFFICIENT_SCOPE")]
    [InlineData("SomethingElse", "Bearer error=\"insufficient_scope\", Basic realm=\"x\"")]
    [InlineData("SomethingElse", "Basic realm=\"x\"", "Bearer error=\"insufficient_scope\"")]
    [InlineData("SomethingElse", "Bearer", "Bearer error=\"insufficient_scope\"")]
    [InlineData("SomethingElse", "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\"")]
    [InlineData("SomethingElse", "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJ9\"")]
    [InlineData("SomethingElse", "Bearer error=\"invalid_token\", claims=\"eyJ9\"")]
    [InlineData("SomethingElse", "error=\"insufficient_scope\"")]
    [InlineData("SomethingElse", "Bearer realm=\"x\"; error=\"insufficient_scope\"; scope=\"orders.write\"")]
    [InlineData("SomethingElse", "Bearer error='insufficient_scope', scope='orders.write'")]
    [InlineData("SomethingElse", "DPoP error=\"use_dpop_nonce\"")]
    [InlineData("OtherScheme", "Basic realm=\"x\"")]
    [InlineData("OtherScheme", "Basic error=\"invalid_token\"")]
    [InlineData("OtherScheme", "oauthbearertoken realm=\"SCIM\"")]
    [InlineData("OtherScheme", "Negotiate, NTLM")]
    [InlineData("OtherScheme", "Negotiate", "NTLM")]
    public void The_challenges_say_what_is_asked_for(string expected, params string[] lines)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized);
        foreach (var line in lines)
        {
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", line);
        }

        Assert.Equal(expected, BearerChallenge.Read(response, "DPoP").ToString());

        // An inner handler may have looked at the parsed header first.
        _ = response.Headers.WwwAuthenticate.Count;
        Assert.Equal(expected, BearerChallenge.Read(response, "DPoP").ToString());
    }

    private static string? ErrorOf(string line)
    {
        var reader = new ChallengeReader(line, "Bearer");
        while (reader.Read())
        {
            if (!reader.IsScheme && System.MemoryExtensions.Equals(reader.Name, "error", System.StringComparison.OrdinalIgnoreCase))
            {
                return reader.Value.ToString();
            }
        }

        return null;
    }
}

using System.Text;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

public sealed class TokenResponseClassifierTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(200, """{"access_token":"a"}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"refresh_token":"r"}""", TokenEndpointOutcome.RefreshTokenOnly)]
    [InlineData(200, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Rejected)]
    [InlineData(200, """{"error":"invalid_client"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"error":"slow_down"}""", TokenEndpointOutcome.Transient)]
    [InlineData(200, """{"access_token":"a","error":"bad_refresh_token"}""", TokenEndpointOutcome.Rejected)]
    [InlineData(200, """{"access_token":"a\u0000"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"a,b"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"ä"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"a","token_type":"BEARER"}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"access_token":"a","token_type":"DPoP"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"a","token_type":5}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(400, """{"error":5}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":""}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":"INVALID_GRANT"}""", TokenEndpointOutcome.Rejected)]
    [InlineData(400, """{"error":"invalid_client","error":"invalid_grant"}""", TokenEndpointOutcome.Rejected)]
    [InlineData(307, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(0, "", TokenEndpointOutcome.Misconfigured)]
    [InlineData(429, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Transient)]
    [InlineData(500, """{"access_token":"a"}""", TokenEndpointOutcome.Transient)]
    public void An_OAuth_answer_means(int status, string body, TokenEndpointOutcome expected) =>
        Assert.Equal(expected, TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now).Outcome);

    [Theory]
    [InlineData(200, """{"access":"a"}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"refresh":"r"}""", TokenEndpointOutcome.RefreshTokenOnly)]
    [InlineData(200, """{"access_token":"a"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(401, """{"code":"token_not_valid","detail":"x"}""", TokenEndpointOutcome.Rejected)]
    [InlineData(401, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"refresh":["This field may not be blank."]}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(403, """{"code":"authentication_failed"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(404, """{"detail":"Not found."}""", TokenEndpointOutcome.Transient)]
    [InlineData(503, """{"code":"token_not_valid"}""", TokenEndpointOutcome.Transient)]
    public void A_Simple_JWT_answer_means(int status, string body, TokenEndpointOutcome expected) =>
        Assert.Equal(expected, TokenResponseClassifier.SimpleJwt(Answer(status, body), Now).Outcome);

    [Theory]
    [Trait("Case", "B04")]
    [Trait("Case", "B10")]
    [InlineData(400, """{"error":{"code":400,"message":"TOKEN_EXPIRED","status":"INVALID_ARGUMENT"}}""", "TOKEN_EXPIRED")]
    [InlineData(400, """{"error":{"message":"USER_DISABLED"}}""", "USER_DISABLED")]
    [InlineData(400, """{"error":{"message":"USER_NOT_FOUND"}}""", "USER_NOT_FOUND")]
    [InlineData(400, """{"error":{"message":"INVALID_REFRESH_TOKEN"}}""", "INVALID_REFRESH_TOKEN")]
    [InlineData(401, """{"errors":[{"title":"no"},{"code":"invalid_grant"}]}""", "invalid_grant")]
    [InlineData(401, """{"errors":["invalid_grant"]}""", "invalid_grant")]
    [InlineData(400, """{"error":["Invalid_Grant"]}""", "Invalid_Grant")]
    [InlineData(400, """{"error":{"error":"invalid_grant","error_description":"x"}}""", "invalid_grant")]
    [InlineData(400, """[{"errorCode":"invalid_grant","message":"expired"}]""", "invalid_grant")]
    [InlineData(400, """{"error":"Bad Request","message":"invalid_grant"}""", "invalid_grant")]
    [InlineData(400, """{"code":"refresh_token_not_found","message":"Invalid Refresh Token"}""", "refresh_token_not_found")]
    [InlineData(404, """{"error":"invalid_grant"}""", "invalid_grant")]
    [InlineData(200, """{"ok":false,"error":"invalid_refresh_token"}""", "invalid_refresh_token")]
    [InlineData(200, """{"status":"BAD_REFRESH_TOKEN"}""", "BAD_REFRESH_TOKEN")]
    [InlineData(200, """[{"error":"invalid_grant"}]""", "invalid_grant")]
    [InlineData(400, """{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}""", "BAD_REFRESH_TOKEN")]
    [InlineData(401, """{"error":"invalid_token"}""", "invalid_token")]
    [InlineData(400, """{"code":400,"error_code":"session_expired","msg":"Invalid Refresh Token: Session Expired"}""", "session_expired")]
    [InlineData(403, """{"code":403,"error_code":"session_not_found","msg":"x"}""", "session_not_found")]
    [InlineData(400, """{"error_code":"user_banned"}""", "user_banned")]
    [InlineData(401, """{"error":"token_inactive","error_description":"Token is inactive","status_code":401}""", "token_inactive")]
    [InlineData(400, """{"error":"inactive_user","error_description":"user is inactive"}""", "inactive_user")]
    [InlineData(400, """{"error":"invalid-grant"}""", "invalid-grant")]
    [InlineData(400, """{"errorCode":"InvalidRefreshToken"}""", "InvalidRefreshToken")]
    [InlineData(401, """{"error":{"type":"refreshTokenExpired"}}""", "refreshTokenExpired")]
    [InlineData(400, """{"error":"Bad Request","status":400,"message":"Invalid refresh token"}""", "Invalid refresh token")]
    [InlineData(401, """{"status":401,"message":"invalid refresh token"}""", "invalid refresh token")]
    [InlineData(200, """{"ok":false,"error":"account_inactive"}""", "account_inactive")]
    [InlineData(200, """{"error":"invalid_code"}""", "invalid_code")]
    [InlineData(401, """{"error":"expired-refresh-token"}""", "expired-refresh-token")]
    [InlineData(401, """{"code":"REFRESH_TOKEN_INVALID"}""", "REFRESH_TOKEN_INVALID")]
    [InlineData(401, """{"errorCode":"TokenInvalid"}""", "TokenInvalid")]
    [InlineData(401, """{"message":"Refresh token has expired."}""", "Refresh token has expired.")]
    [InlineData(400, """{"message":"Bad Request","errors":[{"resource":"RefreshToken","field":"refresh_token","code":"invalid"}]}""", "invalid")]
    [InlineData(401, """{"error":"invalid_request","error_description":"The refresh token is invalid.","hint":"Token has been revoked","message":"The refresh token is invalid."}""", "invalid_request")]
    [InlineData(400, """{"error":"INVALID_REQUEST","reason":"refresh_token_expired"}""", "INVALID_REQUEST")]
    [InlineData(400, """{"message":"The refresh token has expired."}""", "The refresh token has expired.")]
    [InlineData(401, """{"detail":"Invalid refresh token"}""", "Invalid refresh token")]
    [InlineData(400, """{"detail":"invalid_grant"}""", "invalid_grant")]
    [InlineData(401, """{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Refresh token has expired."}""", "Refresh token has expired.")]
    public void A_dead_refresh_token_is_found_in_any_member_and_one_level_deeper(int status, string body, string error)
    {
        var result = TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now);

        Assert.Equal((TokenEndpointOutcome.Rejected, error), (result.Outcome, result.Error));
    }

    [Theory]
    [Trait("Case", "B10")]
    [InlineData(400, """{"error":"invalid_client","error_description":"invalid_grant"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(400, """{"error":"invalid_request","code":"invalid_grant"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(401, """{"error":"invalid_request","hint":"Token has been revoked","message":"The request is missing a parameter."}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(400, """{"error":"invalid_request","error_description":"The refresh token is invalid."}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(400, """{"error":"invalid_client","message":"The refresh token is invalid."}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"a","error":"invalid_request","message":"The refresh token is invalid."}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(401, """{"detail":"Could not validate credentials"}""", TokenEndpointOutcome.Transient)]
    [InlineData(401, """{"detail":"Invalid token"}""", TokenEndpointOutcome.Transient)]
    [InlineData(403, """{"error":"mfa_required","error_description":"Multifactor authentication required","mfa_token":"m"}""", TokenEndpointOutcome.InteractionRequired)]
    [InlineData(400, """{"error_description":"invalid_grant"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"message":"The refresh token is invalid_grant"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"a":{"b":{"error":"invalid_grant"}}}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":{"code":"invalid_client"}}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(400, """{"error":{"code":"server_error"}}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":{"code":"LOGIN_REQUIRED"}}""", TokenEndpointOutcome.InteractionRequired)]
    [InlineData(400, """{"error":{"code":"a code of its own"}}""", TokenEndpointOutcome.Transient)]
    [InlineData(403, """{"message":"Access Denied"}""", TokenEndpointOutcome.Transient)]
    [InlineData(403, """{"code":"AccessDenied"}""", TokenEndpointOutcome.Transient)]
    [InlineData(401, """{"code":"LoginRequired"}""", TokenEndpointOutcome.Transient)]
    [InlineData(401, """{"message":"Invalid token"}""", TokenEndpointOutcome.Transient)]
    [InlineData(401, """{"message":"Login required"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"message":"The refresh token is invalid, or the network failed"}""", TokenEndpointOutcome.Transient)]
    [InlineData(500, """{"error":{"message":"TOKEN_EXPIRED"}}""", TokenEndpointOutcome.Transient)]
    [InlineData(503, """{"status":"BAD_REFRESH_TOKEN"}""", TokenEndpointOutcome.Transient)]
    [InlineData(200, """{"access_token":"a","user":{"status":"user_not_found"}}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"access_token":"a","error":"none"}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"access_token":"a","error":null}""", TokenEndpointOutcome.Succeeded)]
    [InlineData(200, """{"refresh_token":"r","error":"invalid_client"}""", TokenEndpointOutcome.RefreshTokenOnly)]
    [InlineData(404, """{"status":404,"error":"Not Found","path":"/oauth/tokn"}""", TokenEndpointOutcome.Transient)]
    [InlineData(405, """{"error":"method_not_allowed"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"errors":[{"field":"refresh_token","code":"required"},{"field":"client_id","code":"invalid"}]}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"errors":[{"field":7,"code":"invalid"},"invalid",{"code":"invalid"}]}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"errors":{"field":"refresh_token","code":"invalid"}}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":"refresh_token_required"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(400, """{"error":"unsupported_refresh_token"}""", TokenEndpointOutcome.Misconfigured)]
    [InlineData(200, """{"access_token":"a","errors":[{"field":"refresh_token","code":"invalid"}]}""", TokenEndpointOutcome.Succeeded)]
    public void Another_code_ends_no_login(int status, string body, TokenEndpointOutcome expected) =>
        Assert.Equal(expected, TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now).Outcome);

    [Theory]
    [Trait("Case", "B04")]
    [InlineData(400, """{"error":"invalid_target"}""")]
    [InlineData(401, """{"error":{"code":"INVALID_TARGET"}}""")]
    [InlineData(200, """{"error":"invalid_target"}""")]
    public void An_invalid_target_may_have_used_the_refresh_token(int status, string body)
    {
        var result = TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now);

        Assert.Equal((TokenEndpointOutcome.Misconfigured, true), (result.Outcome, result.RefreshTokenMayBeUsed));
    }

    [Theory]
    [Trait("Case", "B27")]
    [InlineData("Bearer", "Zoho-oauthtoken", true)]
    [InlineData("Zoho-oauthtoken", "Bearer", true)]
    [InlineData("JWT", "Bearer", true)]
    [InlineData("N_A", "Bearer", true)]
    [InlineData("dpop", "DPoP", true)]
    [InlineData("DPoP", "Bearer", false)]
    [InlineData("dpop", "Bearer", false)]
    [InlineData("MAC", "Bearer", false)]
    [InlineData("PoP", "Bearer", false)]
    [InlineData(" DPoP ", "Bearer", false)]
    public void Only_a_token_type_that_needs_a_proof_is_refused(string type, string scheme, bool isUsed)
    {
        var result = TokenResponseClassifier.OAuth(
            Answer(200, $$"""{"access_token":"a","refresh_token":"r","token_type":"{{type}}"}"""), scheme, Now);

        Assert.Equal(isUsed ? TokenEndpointOutcome.Succeeded : TokenEndpointOutcome.Misconfigured, result.Outcome);
        Assert.Equal("r", isUsed ? result.Tokens!.RefreshToken : result.NewRefreshToken);
    }

    [Theory]
    [Trait("Case", "N6")]
    [InlineData(400, "<html>", true)]
    [InlineData(404, "<html>", true)]
    [InlineData(404, "", true)]
    [InlineData(405, """{"detail":"Method \"POST\" not allowed."}""", true)]
    [InlineData(410, "gone", true)]
    [InlineData(415, """{"title":"Unsupported Media Type"}""", true)]
    [InlineData(400, """{"refresh":["This field is required."]}""", true)]
    [InlineData(200, "<html><form>Log in</form></html>", true)]
    [InlineData(401, "<html>", false)]
    [InlineData(403, "<html>", false)]
    [InlineData(413, "", false)]
    [InlineData(503, "<html>", false)]
    [InlineData(200, "", false)]
    public void An_answer_of_a_wrong_URL_asks_to_check_TokenEndpoint_and_Protocol(int status, string body, bool isSuspect)
    {
        var result = TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now);

        Assert.Equal(isSuspect, result.SuspectOption is not null);
        Assert.Equal(isSuspect, result.Description!.Contains("Check TokenEndpoint and Protocol", StringComparison.Ordinal));
        Assert.StartsWith("the token endpoint", result.Description, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? TokenEndpointOutcome.ResponseLost : TokenEndpointOutcome.Transient, result.Outcome);
    }

    [Theory]
    [Trait("Case", "N6")]
    [InlineData(400, """{"error":"invalid_request"}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"error":"invalid_grant"}""", TokenEndpointOutcome.Transient)]
    [InlineData(401, """{"error":"invalid_client"}""", TokenEndpointOutcome.Transient)]
    [InlineData(404, """{"detail":"Not found."}""", TokenEndpointOutcome.Transient)]
    [InlineData(404, """{"detail":"Not found.","code":"not_found"}""", TokenEndpointOutcome.Transient)]
    [InlineData(405, """{"detail":"Method not allowed."}""", TokenEndpointOutcome.Transient)]
    [InlineData(400, """{"detail":"JSON parse error"}""", TokenEndpointOutcome.Transient)]
    [InlineData(200, """<html>""", TokenEndpointOutcome.ResponseLost)]
    public void So_does_an_OAuth_server_or_a_wrong_URL_under_Simple_JWT(int status, string body, TokenEndpointOutcome expected)
    {
        var result = TokenResponseClassifier.SimpleJwt(Answer(status, body), Now);

        Assert.Equal((expected, true), (result.Outcome, result.SuspectOption is not null));
        Assert.Contains("Check TokenEndpoint and Protocol", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "N6")]
    public void A_view_for_sliding_tokens_is_distinguished_from_a_refresh_view()
    {
        var result = TokenResponseClassifier.SimpleJwt(Answer(400, """{"token":["This field is required."]}"""), Now);

        Assert.Equal(TokenEndpointOutcome.Misconfigured, result.Outcome);
        Assert.Contains("sliding", result.Description, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Case", "B01")]
    [InlineData(401, """{"type":"client_error","errors":[{"code":"token_not_valid","detail":"x","attr":null}]}""", "token_not_valid")]
    [InlineData(401, """{"error":{"code":"TOKEN_NOT_VALID"}}""", "TOKEN_NOT_VALID")]
    [InlineData(403, """{"detail":"x","code":"token_not_valid"}""", "token_not_valid")]
    [InlineData(400, """{"code":"no_active_account"}""", "no_active_account")]
    public void A_Simple_JWT_code_is_found_one_level_deeper_too(int status, string body, string error)
    {
        var result = TokenResponseClassifier.SimpleJwt(Answer(status, body), Now);

        Assert.Equal((TokenEndpointOutcome.Rejected, error), (result.Outcome, result.Error));
    }

    [Theory]
    [Trait("Case", "B01")]
    [InlineData("""{"detail":"No active account found for the given token."}""", null)]
    [InlineData("""{"detail":"Kein aktives Konto gefunden."}""", null)]
    [InlineData("""{"detail":["a list"]}""", null)]
    [InlineData("""{"detail":{"nested":"object"},"code":5}""", null)]
    [InlineData("""{"detail":"\uD800"}""", null)]
    [InlineData("""{"detail":"x","code":"user_is_banned"}""", "user_is_banned")]
    [InlineData("""{"code":"token_not_valid","detail":"x","messages":[]}""", "token_not_valid")]
    [InlineData("""{"type":"client_error","errors":[{"code":"authentication_failed","detail":"x","attr":null}]}""", "authentication_failed")]
    [InlineData("""{"code":"authentication_failed"}""", "authentication_failed")]
    public void A_Simple_JWT_401_with_detail_ends_the_login(string body, string? error)
    {
        var result = TokenResponseClassifier.SimpleJwt(Answer(401, body), Now);

        Assert.Equal(TokenEndpointOutcome.Rejected, result.Outcome);
        Assert.Equal(error, result.Error);
    }

    [Theory]
    [Trait("Case", "B01")]
    [InlineData(401, "<html>Unauthorized</html>")]
    [InlineData(401, "")]
    [InlineData(401, """["detail"]""")]
    [InlineData(401, """{"message":"No"}""")]
    [InlineData(401, """{"errors":[{"detail":"nested"}]}""")]
    [InlineData(401, """{"error":{"code":"Unauthorized","message":"x"}}""")]
    [InlineData(400, """{"detail":"JSON parse error - Expecting value: line 1 column 1 (char 0)"}""")]
    [InlineData(403, """{"detail":"You do not have permission to perform this action."}""")]
    [InlineData(404, """{"detail":"Not found."}""")]
    [InlineData(405, """{"detail":"Method \"POST\" not allowed."}""")]
    [InlineData(429, """{"detail":"Request was throttled."}""")]
    [InlineData(500, """{"detail":"Internal server error."}""")]
    [InlineData(503, """{"detail":"Maintenance."}""")]
    public void Any_other_Simple_JWT_answer_without_a_code_keeps_the_login(int status, string body) =>
        Assert.Equal(TokenEndpointOutcome.Transient, TokenResponseClassifier.SimpleJwt(Answer(status, body), Now).Outcome);

    public static TheoryData<int, int, TokenEndpointOutcome> UnreadableBodies()
    {
        var data = new TheoryData<int, int, TokenEndpointOutcome>();
        foreach (var body in new[] { ResponseBodyState.Empty, ResponseBodyState.CutOff, ResponseBodyState.TooLong, ResponseBodyState.NotParsed })
        {
            data.Add(200, (int)body, TokenEndpointOutcome.ResponseLost);
            data.Add(204, (int)body, TokenEndpointOutcome.ResponseLost);
            data.Add(302, (int)body, TokenEndpointOutcome.Misconfigured);
            data.Add(400, (int)body, TokenEndpointOutcome.Transient);
            data.Add(502, (int)body, TokenEndpointOutcome.Transient);
        }

        return data;
    }

    [Theory]
    [Trait("Case", "A25")]
    [MemberData(nameof(UnreadableBodies))]
    public void An_unreadable_body_leaves_the_refresh_token_possibly_used_only_in_a_success(int status, int body, TokenEndpointOutcome expected)
    {
        using var response = new TokenResponse(status) { Body = (ResponseBodyState)body };

        foreach (var result in new[] { TokenResponseClassifier.OAuth(response, "Bearer", Now), TokenResponseClassifier.SimpleJwt(response, Now) })
        {
            Assert.Equal(expected, result.Outcome);
            Assert.Equal(status < 300, result.RefreshTokenMayBeUsed);
        }
    }

    [Fact]
    public void Every_status_has_one_meaning_whatever_is_in_the_body()
    {
        foreach (var body in new[] { "", "<html>", "{}", "[]", """{"error":"invalid_grant"}""", """{"error":"invalid_client"}""" })
        {
            foreach (var status in Enumerable.Range(100, 500))
            {
                var outcome = TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now).Outcome;
                switch (status)
                {
                    case 408 or 425 or 429 or >= 500:
                        Assert.Equal(TokenEndpointOutcome.Transient, outcome);
                        break;
                    case >= 300 and < 400:
                        Assert.Equal(TokenEndpointOutcome.Misconfigured, outcome);
                        break;
                    case >= 400 when body is "" or "<html>" or "{}" or "[]":
                        Assert.Equal(TokenEndpointOutcome.Transient, outcome);
                        break;
                }
            }
        }
    }

    [Fact]
    [Trait("Case", "C16")]
    public void A_lifetime_is_counted_from_receipt_and_not_from_the_servers_clock()
    {
        var answer = Answer(200, """{"access_token":"a","expires_in":300}""", date: Now.AddHours(-7));

        var tokens = TokenResponseClassifier.OAuth(answer, "Bearer", Now).Tokens!;

        Assert.Equal(Now, tokens.ReceivedAt);
        Assert.Equal(Now.AddSeconds(300), tokens.ExpiresAt);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"canary"}""")]
    [InlineData(400, """{"error":"invalid_client","error_description":"canary"}""")]
    [InlineData(200, """{"access_token":"can ary","scope":"canary"}""")]
    [InlineData(200, """{"access_token":"a","token_type":"canary"}""")]
    [InlineData(302, """{"error":"canary"}""")]
    [InlineData(500, "canary")]
    [InlineData(404, "canary")]
    public void Nothing_of_the_body_but_the_code_gets_into_the_words(int status, string body)
    {
        var result = TokenResponseClassifier.OAuth(Answer(status, body), "Bearer", Now);

        Assert.DoesNotContain("ary", result.Description ?? "", StringComparison.Ordinal);
        Assert.DoesNotContain("canary", result.ToString(), StringComparison.Ordinal);
    }

    private static TokenResponse Answer(int status, string body, DateTimeOffset? date = null)
    {
        var fields = TokenFields.Read(Encoding.UTF8.GetBytes(body));
        return new TokenResponse(status) { Fields = fields, Date = date, Body = StateOf(body, fields) };
    }

    private static ResponseBodyState StateOf(string body, TokenFields? fields) =>
        fields is not null ? ResponseBodyState.Parsed : body.Length == 0 ? ResponseBodyState.Empty : ResponseBodyState.NotParsed;
}

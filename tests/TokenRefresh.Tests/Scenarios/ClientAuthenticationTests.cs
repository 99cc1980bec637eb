using System.Net;
using System.Text;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>How the client proves itself at the token endpoint, as the server receives it (RFC 6749, section 2.3).</summary>
public sealed class ClientAuthenticationTests
{
    [Theory]
    [InlineData(null, "s:+ é", "Basic shop%3A1:s%3A%2B+%C3%A9", null, null)]
    [InlineData(ClientAuthentication.Basic, "s:+ é", "Basic shop%3A1:s%3A%2B+%C3%A9", null, null)]
    [InlineData(ClientAuthentication.Post, "s:+ é", null, "shop:1", "s:+ é")]
    [InlineData(ClientAuthentication.None, "s:+ é", null, "shop:1", null)]
    [InlineData(null, null, null, "shop:1", null)]
    public async Task The_secret_goes_where_the_option_says_and_nowhere_else(
        ClientAuthentication? method, string? secret, string? header, string? clientId, string? clientSecret)
    {
        await using var app = TestApp.Create(options => (options.ClientId, options.ClientSecret, options.ClientAuthentication) = ("shop:1", secret, method));
        string? authorization = null;
        app.Tokens.RespondOnce((request, _) =>
        {
            authorization = request.Headers.Authorization is { } sent ? $"{sent.Scheme} {Encoding.UTF8.GetString(Convert.FromBase64String(sent.Parameter!))}" : null;
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(header, authorization);
        var form = System.Web.HttpUtility.ParseQueryString(Assert.Single(app.Tokens.ReceivedBodies));
        Assert.Equal((clientId, clientSecret), (form["client_id"], form["client_secret"]));
    }
}

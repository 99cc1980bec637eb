using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Net;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.AspNetCore.SignIn;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What a provider's token response at the sign-in means: the same as at a refresh.</summary>
public sealed class PendingLoginTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("3600", 3600)]
    [InlineData("3600.0", 3600)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("99999999999", null)]
    [InlineData("never", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_lifetime_is_read(string? expiresIn, int? seconds)
    {
        var tokens = Read(new OpenIdConnectMessage { AccessToken = "access-1", ExpiresIn = expiresIn });

        Assert.Equal(seconds is { } known ? Now.AddSeconds(known) : null, tokens.ExpiresAt);
    }

    [Theory]
    [InlineData("""{"refresh_token_expires_in":60,"refresh_expires_in":30}""", 60)]
    [InlineData("""{"refresh_expires_in":30}""", 30)]
    [InlineData("""{"refresh_token_expires_in":"30"}""", 30)]
    [InlineData("""{"refresh_token_expires_in":0}""", null)]
    [InlineData("""{"refresh_token_expires_in":"never"}""", null)]
    [InlineData("{}", null)]
    public void The_end_of_the_refresh_token_is_read(string members, int? seconds) =>
        Assert.Equal(seconds is { } known ? Now.AddSeconds(known) : null, Read(members).RefreshTokenExpiresAt);

    [Fact]
    public void Other_members_are_kept()
    {
        var tokens = Read("""
            {"refresh_token":"refresh-1","id_token":"id","token_type":"Bearer","scope":"read","expires_in":60,"refresh_expires_in":60,
            "instance_url":"https://shop.example","not-before-policy":0,"roles":["a","b"],"empty":"","none":null,"flag":true,
            "other-flag":false,"nested":{"flag":true},"fraction":0.5,"number":-5}
            """);

        Assert.Equal(("access-1", "refresh-1", "id", "read"), (tokens.AccessToken, tokens.RefreshToken, tokens.IdentityToken, tokens.Scope));
        Assert.Equal(
            [
                "instance_url=https://shop.example", "not-before-policy=0", "roles=[\"a\",\"b\"]", "flag=true", "other-flag=false",
                "nested={\"flag\":true}", "fraction=0.5", "number=-5",
            ],
            tokens.Additional.Select(member => $"{member.Key}={member.Value}"));
    }

    [Theory]
    [InlineData("3599.5", "\"3599.5\"")]
    [InlineData("-3599.5", "\"1,5 m\"")]
    public void The_culture_of_the_request_doesnt_change_them(string number, string text)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator) = (",", ".");
        culture.NumberFormat.NegativeSign = "\u2212";
        var own = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = culture;
        try
        {
            var tokens = Read($$"""{"expires_in":3599.5,"number":{{number}},"text":{{text}}}""");

            Assert.Equal(Now.AddSeconds(3599.5), tokens.ExpiresAt);
            Assert.Equal((number, text.Trim('"')), (tokens.Additional["number"], tokens.Additional["text"]));
        }
        finally
        {
            CultureInfo.CurrentCulture = own;
        }
    }

    [Theory]
    [InlineData(100, 1, 64)]
    [InlineData(10, 10_000, 6)]
    public void Other_members_are_kept_up_to_the_limits_of_a_response(int members, int length, int kept)
    {
        var response = new OpenIdConnectMessage { AccessToken = "access-1" };
        for (var member = 0; member < members; member++)
        {
            response.SetParameter($"member-{member}", new string('x', length));
        }

        Assert.Equal(kept, Read(response).Additional.Count);
    }

    [Theory]
    [InlineData("DPoP", "Bearer", false)]
    [InlineData(" dpop", "Bearer", false)]
    [InlineData("DPoP", "DPoP", true)]
    [InlineData(" DPoP", "DPoP", true)]
    [InlineData("Zoho-oauthtoken", "Bearer", true)]
    public async Task Tokens_that_need_a_proof_are_accepted_if_the_app_adds_it(string type, string scheme, bool isAccepted)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options => options.Events.OnTokenResponseReceived = context =>
            {
                context.TokenEndpointResponse.TokenType = type;
                return Task.CompletedTask;
            },
            ConfigureServices = services => services.Configure<TokenRefreshOptions>("shop", options => options.Scheme = scheme),
            Map = app => app.MapGet("/private", () => "in").RequireAuthorization(),
        });
        using var browser = new Browser();

        var page = await browser.GoAsync(node.At("private"));

        Assert.Equal(isAccepted ? HttpStatusCode.OK : HttpStatusCode.InternalServerError, page.Status);
    }

    // As the platform's handler reads the provider's response.
    private static TokenSet Read(string members) => Read(new OpenIdConnectMessage(members) { AccessToken = "access-1" });

    private static TokenSet Read(OpenIdConnectMessage response) =>
        new PendingLogin(ProviderLogin.Read(new JwtSecurityToken(), "shop"), response, Now).ToTokenSet();
}

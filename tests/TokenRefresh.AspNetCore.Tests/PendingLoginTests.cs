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
        var response = new OpenIdConnectMessage { AccessToken = "access-1", ExpiresIn = expiresIn };
        var pending = new PendingLogin(ProviderLogin.Read(new JwtSecurityToken(), "shop"), response, Now);

        var tokens = pending.ToTokenSet();

        Assert.Equal(seconds is { } known ? Now.AddSeconds(known) : null, tokens.ExpiresAt);
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
}

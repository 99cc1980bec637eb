using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Code of the app that calls the API before the endpoint runs.</summary>
[Trait("Case", "W29")]
public sealed class EarlyCallTests
{
    [Fact]
    public async Task An_authorization_handler_that_finds_the_login_ended_gives_a_script_401()
    {
        await using var provider = await Provider.StartAsync();
        var setup = new NodeSetup
        {
            ConfigureServices = services => services.AddSingleton<IAuthorizationHandler, AskingHandler>().AddAuthorizationBuilder()
                .AddPolicy("api", policy => policy.RequireAuthenticatedUser().AddRequirements(new ApiAllows())),
            ConfigurePipeline = app => app.UseTokenRefresh().UseAuthentication().UseAuthorization(),
            Map = app => app.MapGet("/guarded", () => "allowed").RequireAuthorization("api"),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        Assert.Equal("allowed", (await browser.GoAsync(node.At("guarded"))).Text);
        setup.Time.Advance(Provider.AccessTokenLifetime);
        await provider.RevokeAsync("alice");

        var script = await browser.FetchAsync(node.At("guarded"));

        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (script.Status, script.MediaType));
        Assert.Equal("allowed", (await browser.GoAsync(node.At("guarded"))).Text);
    }

    [Fact]
    public async Task A_claims_transformation_that_sets_the_user_calls_with_its_token()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.AddSingleton<IClaimsTransformation, AskingTransformation>(),
            Map = app => app.MapGet("/role", (ClaimsPrincipal user) => user.FindFirst("role")?.Value).RequireAuthorization(),
        });
        using var browser = new Browser();

        Assert.Equal("alice", (await browser.GoAsync(node.At("role"))).Text);
    }

    private sealed class ApiAllows : IAuthorizationRequirement;

    private sealed class AskingHandler(IHttpClientFactory clients) : AuthorizationHandler<ApiAllows>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, ApiAllows requirement)
        {
            if (context.User.Identity?.IsAuthenticated == true)
            {
                await clients.CreateClient("orders").GetStringAsync("api/me");
                context.Succeed(requirement);
            }
        }
    }

    private sealed class AskingTransformation(IHttpContextAccessor accessor, IHttpClientFactory clients) : IClaimsTransformation
    {
        public async Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
        {
            accessor.HttpContext!.User = principal;
            var role = await clients.CreateClient("orders").GetStringAsync("api/me");
            var transformed = principal.Clone();
            transformed.AddIdentity(new ClaimsIdentity([new Claim("role", role)]));
            return transformed;
        }
    }
}

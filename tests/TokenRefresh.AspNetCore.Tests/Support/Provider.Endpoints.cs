using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TokenRefresh.AspNetCore.Tests.Support;

internal sealed partial class Provider
{
    /// <summary>Lets an app at this address send its users here.</summary>
    public async Task AllowAsync(Uri app)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        var clients = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        var client = new OpenIddictApplicationDescriptor
        {
            ClientId = ClientId,
            ClientSecret = ClientSecret,
            ClientType = ClientTypes.Confidential,
            ConsentType = ConsentTypes.Implicit,
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.EndSession,
                Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code, Permissions.Scopes.Profile,
            },
        };
        _apps.Add(app);
        foreach (var known in _apps)
        {
            client.RedirectUris.Add(new Uri(known, "signin-oidc"));
            client.RedirectUris.Add(new Uri(known, "signin-other"));
            client.PostLogoutRedirectUris.Add(new Uri(known, "signout-callback-oidc"));
        }

        if (await clients.FindByClientIdAsync(ClientId) is { } existing)
        {
            await clients.UpdateAsync(existing, client);
            return;
        }

        await clients.CreateAsync(client);
    }

    private async Task ObserveAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await ObserveApiAsync(context, next);
            return;
        }

        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
        if (context.Request.Path == "/connect/revoke")
        {
            RevokedTokens.Enqueue(form!["token"].ToString());
        }

        if (form?["grant_type"].ToString() == GrantTypes.RefreshToken)
        {
            ReceivedRefreshTokens.Enqueue(form["refresh_token"].ToString());
            if (BeforeRefresh is { } before)
            {
                await before();
            }

            if (IsDown)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = "7";
                return;
            }
        }

        await next(context);
    }

    private async Task ObserveApiAsync(HttpContext context, RequestDelegate next)
    {
        if (!ApiRejectsAll)
        {
            await next(context);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        }

        if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            Interlocked.Increment(ref ApiRejections);
        }
    }

    private IResult AuthorizeAsync(HttpContext context)
    {
        Interlocked.Increment(ref Logins);
        var request = context.GetOpenIddictServerRequest()!;
        RequestedScopes.Enqueue(request.Scope ?? "");
        var user = context.Request.Cookies[UserCookie] ?? "alice";
        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, user).SetClaim(Claims.Name, user);
        if (context.Request.Cookies[SessionCookie] is { } sid)
        {
            identity.SetClaim("sid", sid);
        }

        identity.SetScopes(request.GetScopes().Where(scope => !RefusesOfflineAccess || scope != Scopes.OfflineAccess));
        identity.SetDestinations(claim => claim.Type is "sid" or Claims.Name ? [Destinations.IdentityToken] : [Destinations.AccessToken]);
        return Results.SignIn(new ClaimsPrincipal(identity), properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static async Task<IResult> IssueAsync(HttpContext context)
    {
        var known = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        return Results.SignIn(known.Principal!, properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private IResult EndSession(HttpContext context)
    {
        IdTokenHints.Enqueue(context.GetOpenIddictServerRequest()!.IdTokenHint ?? "");
        return Results.SignOut(new AuthenticationProperties { RedirectUri = "/" }, [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
    }

    private ValueTask NoteTokens(ApplyTokenResponseContext context)
    {
        if (IssuesNoIdTokens)
        {
            context.Response.IdToken = null;
        }

        foreach (var token in new[] { context.Response.AccessToken, context.Response.RefreshToken, context.Response.IdToken })
        {
            if (token is not null)
            {
                IssuedTokens.Enqueue(token);
            }
        }

        for (var member = 1; member <= ExtraMembers; member++)
        {
            context.Response[$"member_{member}"] = "value";
        }

        return default;
    }
}

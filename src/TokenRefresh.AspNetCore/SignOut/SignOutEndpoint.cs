using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>Signs a user out of the app and of the provider.</summary>
internal static class SignOutEndpoint
{
    private const string ReturnUrl = "returnUrl";

    public static async Task HandleAsync(HttpContext context)
    {
        if (!await SameOrigin.IsSatisfiedAsync(context).ConfigureAwait(false))
        {
            await FailureResponse.SendCrossSiteAsync(context).ConfigureAwait(false);
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        var registry = context.RequestServices.GetRequiredService<UserSessionRegistry>();
        var provider = await SignOutOfAppAsync(context, registry).ConfigureAwait(false);
        var returnUrl = await ReadReturnUrlAsync(context.Request).ConfigureAwait(false);
        if (!RequestKind.IsPage(context.Request))
        {
            // A script can't follow the redirect to the provider. A form can: it signs out there too.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (provider is not null && await ProviderSignOut.IsPossibleAsync(provider, context.RequestAborted).ConfigureAwait(false))
        {
            var properties = new AuthenticationProperties { RedirectUri = returnUrl };
            await context.SignOutAsync(provider.OpenIdConnectScheme, properties).ConfigureAwait(false);
            return;
        }

        context.Response.Redirect(returnUrl);
    }

    /// <summary>Deletes the cookies, and with them the sessions.</summary>
    /// <returns>The session whose provider must sign the user out too; <see langword="null"/> if there is none.</returns>
    private static async Task<UserSession?> SignOutOfAppAsync(HttpContext context, UserSessionRegistry registry)
    {
        foreach (var scheme in registry.All.Select(session => session.CookieScheme).Distinct(StringComparer.Ordinal))
        {
            await context.SignOutAsync(scheme).ConfigureAwait(false);
        }

        // The cookie of a login that has ended has no session. If the app has one provider, it is that one.
        var providers = registry.All.Where(session => session.OpenIdConnectScheme is not null).ToArray();
        return providers.FirstOrDefault(session => IdTokenHint.IsKept(context, session)) ?? (providers is [var only] ? only : null);
    }

    private static async Task<string> ReadReturnUrlAsync(HttpRequest request)
    {
        string? asked = request.Query[ReturnUrl];
        if (asked is null && request.HasFormContentType)
        {
            try
            {
                var form = await request.ReadFormAsync(request.HttpContext.RequestAborted).ConfigureAwait(false);
                asked = form[ReturnUrl];
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                // The form can't be read. The user is signed out all the same.
            }
        }

        return LocalUrl.OrHome(asked, request);
    }
}

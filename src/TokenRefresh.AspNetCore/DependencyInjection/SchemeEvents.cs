using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.AspNetCore.SignIn;
using TokenRefresh.AspNetCore.SignOut;
using CookieRedirect =
    Microsoft.AspNetCore.Authentication.RedirectContext<Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationOptions>;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>The steps of this package around the events of the two schemes. The app's own event runs first.</summary>
internal static class SchemeEvents
{
    public static async Task ValidatePrincipalAsync(CookieValidatePrincipalContext context, Func<CookieValidatePrincipalContext, Task> own)
    {
        var cookie = context.HttpContext.RequestServices.GetRequiredService<SessionCookie>();
        var (before, logins) = await cookie.FindLoginsAsync(context).ConfigureAwait(false);
        await own(context).ConfigureAwait(false);
        await cookie.ValidateAsync(context, before, logins).ConfigureAwait(false);
        if (context.ShouldRenew)
        {
            CheckRenewal(context.HttpContext, context.Scheme, logins);
        }
    }

    public static async Task CheckSlidingExpirationAsync(
        CookieSlidingExpirationContext context, Func<CookieSlidingExpirationContext, Task> own)
    {
        context.HttpContext.RequestServices.GetRequiredService<SessionCookie>().KeepLogins(context);
        await own(context).ConfigureAwait(false);
        if (context.ShouldRenew)
        {
            var registry = context.HttpContext.RequestServices.GetRequiredService<UserSessionRegistry>();
            CheckRenewal(context.HttpContext, context.Scheme, registry.FindLogins(context.Scheme.Name, context.Principal));
        }
    }

    public static async Task SigningInAsync(CookieSigningInContext context, Func<CookieSigningInContext, Task> own)
    {
        await own(context).ConfigureAwait(false);
        context.HttpContext.RequestServices.GetRequiredService<SessionCookie>().RemoveTokens(context);
    }

    public static async Task SigningOutAsync(CookieSigningOutContext context, Func<CookieSigningOutContext, Task> own)
    {
        await own(context).ConfigureAwait(false);
        await context.HttpContext.RequestServices.GetRequiredService<SessionSignOut>().SignOutAsync(context).ConfigureAwait(false);
    }

    public static Task RedirectToLoginAsync(CookieRedirect context, Func<CookieRedirect, Task> own) =>
        RedirectAsync(context, own, FailureResponse.ChallengeAsync);

    public static Task RedirectToAccessDeniedAsync(CookieRedirect context, Func<CookieRedirect, Task> own) =>
        RedirectAsync(context, own, FailureResponse.ForbidAsync);

    public static async Task RedirectToProviderAsync(RedirectContext context, Func<RedirectContext, Task> own)
    {
        await own(context).ConfigureAwait(false);
        var signIn = context.HttpContext.RequestServices.GetRequiredService<OpenIdConnectSignIn>();
        await signIn.BeforeRedirectAsync(context).ConfigureAwait(false);
    }

    public static async Task TokenValidatedAsync(TokenValidatedContext context, Func<TokenValidatedContext, Task> own)
    {
        await own(context).ConfigureAwait(false);
        context.HttpContext.RequestServices.GetRequiredService<OpenIdConnectSignIn>().KeepTokens(context);
    }

    public static async Task TicketReceivedAsync(
        TicketReceivedContext context, Func<TicketReceivedContext, Task> own)
    {
        await own(context).ConfigureAwait(false);
        await context.HttpContext.RequestServices.GetRequiredService<OpenIdConnectSignIn>().SignInAsync(context).ConfigureAwait(false);
    }

    public static async Task RedirectToProviderForSignOutAsync(RedirectContext context, Func<RedirectContext, Task> own)
    {
        context.HttpContext.RequestServices.GetRequiredService<IdTokenHint>().Attach(context);
        await own(context).ConfigureAwait(false);
        ProviderSignOut.SkipIfUnsupported(context);
    }

    private static void CheckRenewal(
        HttpContext context, AuthenticationScheme scheme, IReadOnlyList<(UserSession Session, LoginKey Login)> logins) =>
        context.RequestServices.GetRequiredService<CookieRenewal>().CheckAtStart(context, scheme.Name, logins);

    // A redirect can't be taken back: here the app's event runs only if the request isn't a script's.
    private static Task RedirectAsync(CookieRedirect context, Func<CookieRedirect, Task> own, Func<HttpContext, Task> answerScriptAsync) =>
        context.HttpContext.RequestServices.GetRequiredService<SessionCookie>().IsScript(context)
            ? answerScriptAsync(context.HttpContext)
            : own(context);
}

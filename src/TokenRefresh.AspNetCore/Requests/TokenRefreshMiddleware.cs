using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>Answers a request whose API call failed because of the user's token.</summary>
internal sealed class TokenRefreshMiddleware(
    RequestDelegate next,
    UserSessionRegistry registry,
    LoginChecker checker,
    CookieLogins cookies,
    ILogger<TokenRefreshMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var use = SessionUse.Observe(context);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception e) when (!context.Response.HasStarted && Find(e) is not null)
        {
            if (!await TryAnswerAsync(context, Find(e)!, use).ConfigureAwait(false))
            {
                throw;
            }
        }
    }

    private async Task<bool> TryAnswerAsync(HttpContext context, HttpRequestException failure, SessionUse use)
    {
        switch (failure)
        {
            case TokenRefreshException { Failure: TokenRefreshFailure.Transient } transient:
                Log.Unavailable(logger, transient.Message);
                context.Response.Clear();
                await FailureResponse.SendUnavailableAsync(context, transient.RetryAfter).ConfigureAwait(false);
                return true;
            case TokenRefreshException { Failure: not TokenRefreshFailure.ReLoginRequired }:
                return false;
        }

        var (session, status) = await FindLoginAsync(context).ConfigureAwait(false);
        if (status is LoginStatus.Alive or LoginStatus.Unknown)
        {
            if (failure is TokenRefreshException || !use.IsNoted)
            {
                // The exception is about the login of another user, or about another API.
                return false;
            }

            Log.TokenNotAccepted(logger);
            context.Response.Clear();
            await FailureResponse.SendTokenNotAcceptedAsync(context).ConfigureAwait(false);
            return true;
        }

        if ((status is null && !use.IsNoted) || !await CanSignInHelpAsync(context, session, status).ConfigureAwait(false))
        {
            return false;
        }

        await RequireSignInAsync(context, session).ConfigureAwait(false);
        return true;
    }

    private async Task<bool> CanSignInHelpAsync(HttpContext context, UserSession session, LoginStatus? status)
    {
        if (status is null && context.User.Identity?.IsAuthenticated == true && session.OpenIdConnectScheme is null)
        {
            // The app signed this user in without tokens, so another login wouldn't help.
            return false;
        }

        var logins = await cookies.FindAliveAsync(context, session.CookieScheme!).ConfigureAwait(false);
        if (logins.All(login => login.Session != session) || !await IsAcceptedAsync(context, session).ConfigureAwait(false))
        {
            return true;
        }

        // The browser is signed in. After another login the same request would fail again, and so on.
        Log.UserReplaced(logger, session.Name, session.CookieScheme!);
        return false;
    }

    // The handler knows whether the app's own event rejected the cookie. It doesn't run claims transformations.
    private static async Task<bool> IsAcceptedAsync(HttpContext context, UserSession session)
    {
        var handlers = context.RequestServices.GetRequiredService<IAuthenticationHandlerProvider>();
        return await handlers.GetHandlerAsync(context, session.CookieScheme!).ConfigureAwait(false) is { } handler
            && (await handler.AuthenticateAsync().ConfigureAwait(false)).Succeeded;
    }

    private async Task RequireSignInAsync(HttpContext context, UserSession session)
    {
        Log.SignInRequired(logger);
        context.Response.Clear();
        if (!RequestKind.IsPage(context.Request))
        {
            await FailureResponse.SendSignInRequiredAsync(context).ConfigureAwait(false);
            return;
        }

        var request = context.Request;
        var page = LocalUrl.OrHome($"{request.PathBase}{request.Path}{request.QueryString}", request);
        var properties = new AuthenticationProperties { RedirectUri = page };
        await context.ChallengeAsync(session.OpenIdConnectScheme ?? session.CookieScheme, properties).ConfigureAwait(false);
    }

    /// <summary>The user's login that ended or, if none did, one that the user has.</summary>
    private async Task<(UserSession Session, LoginStatus? Status)> FindLoginAsync(HttpContext context)
    {
        (UserSession, LoginStatus?) found = (registry.All[0], null);
        foreach (var session in registry.All)
        {
            if (SessionClaims.Find(context.User, session) is not { } login)
            {
                continue;
            }

            var status = await checker.CheckAsync(session, login, context.RequestAborted).ConfigureAwait(false);
            found = (session, status);
            if (status == LoginStatus.Ended)
            {
                break;
            }
        }

        return found;
    }

    private static HttpRequestException? Find(Exception exception) => (HttpRequestException?)InnerExceptions.Find(
        exception, static e => e is TokenRefreshException or HttpRequestException { StatusCode: HttpStatusCode.Unauthorized });
}

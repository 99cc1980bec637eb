using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>The work of an OpenID Connect scheme's events for its session at a sign-in.</summary>
/// <remarks>
/// The tokens are known at TokenValidated, but the handler checks nonce and at_hash after that event. So the session is signed in at
/// TicketReceived: every check has passed, and the next step is the cookie.
/// </remarks>
internal sealed class OpenIdConnectSignIn(
    UserSessionRegistry registry,
    LoginReplacement replacement,
    LogoutRecords records,
    SessionChanges changes,
    TokenSessions sessions,
    IOptionsMonitor<TokenRefreshOptions> options,
    TimeProvider time,
    ILogger<OpenIdConnectSignIn> logger)
{
    /// <summary>
    /// Answers a script with 401, because a script can't show the provider's login page. For a page, notes which login the browser has:
    /// the provider's answer is a cross-site POST, which comes without the cookie.
    /// </summary>
    public async Task BeforeRedirectAsync(RedirectContext context)
    {
        if (registry.FindByOpenIdConnectScheme(context.Scheme.Name) is not { } session || context.Handled)
        {
            return;
        }

        if (!RequestKind.IsPage(context.Request))
        {
            context.HandleResponse();
            RemoveRedirectCookies(context);
            await FailureResponse.ChallengeAsync(context.HttpContext).ConfigureAwait(false);
            return;
        }

        // The handler takes the path of the request, which an attacker may have written as "//host".
        if (context.Properties.RedirectUri is ['/', ..] page)
        {
            context.Properties.RedirectUri = LocalUrl.OrHome(page, context.Request);
        }

        await replacement.NoteAsync(context.HttpContext, context.Properties, session).ConfigureAwait(false);
    }

    // The browser needs these cookies only when it returns from the login page. A script that polls would collect them until its requests
    // are too large.
    private static void RemoveRedirectCookies(RedirectContext context)
    {
        string?[] names = [context.Options.NonceCookie.Name, context.Options.CorrelationCookie.Name];
        var headers = context.Response.Headers;
        headers.SetCookie = headers.SetCookie
            .Where(cookie => !names.Any(name => name is not null && cookie!.StartsWith(name, StringComparison.Ordinal))).ToArray();
    }

    /// <summary>Keeps the provider's response until every check has passed.</summary>
    public void KeepTokens(TokenValidatedContext context)
    {
        if (registry.FindByOpenIdConnectScheme(context.Scheme.Name) is not null
            && context is { Result: null or { Succeeded: true }, TokenEndpointResponse: { } response, Options.ClientId: { } clientId })
        {
            new PendingLogin(ProviderLogin.Read(context.SecurityToken, clientId), response, time.GetUtcNow())
                .Keep(context.HttpContext, context.Scheme.Name);
        }
    }

    /// <summary>Signs the session in, and attaches its key to the principal that the cookie will hold.</summary>
    public async Task SignInAsync(TicketReceivedContext context)
    {
        if (registry.FindByOpenIdConnectScheme(context.Scheme.Name) is not { } session
            || context is not { Result: null or { Handled: false, Skipped: false }, Principal: { } principal })
        {
            return;
        }

        var pending = PendingLogin.Take(context.HttpContext, context.Scheme.Name);

        // The platform ignores a failure of the app in this event, and would write a cookie without a session.
        if ((context.Result?.Failure ?? FindFailure(session, pending)) is { } failure)
        {
            await RemoteLoginFailure.FailAsync(context, failure).ConfigureAwait(false);
            return;
        }

        var aborted = context.HttpContext.RequestAborted;
        var login = await records.BeginAsync(session, LoginKey.Of(pending!.Login, session.Options.Scope), aborted).ConfigureAwait(false);
        try
        {
            await replacement.SignOutAsync(context.HttpContext, context.Properties, session, login, principal).ConfigureAwait(false);
            login = await changes.SignInAsync(session, login, pending.ToTokenSet(), aborted).ConfigureAwait(false);
        }
        catch (TokenRefreshException e)
        {
            Log.LoginNotSaved(logger, session.Name, e.Message);
            context.HandleResponse();
            await FailureResponse.SendUnavailableAsync(context.HttpContext, e.RetryAfter).ConfigureAwait(false);
            return;
        }

        context.Principal = SessionClaims.Attach(principal, session, login);
        Log.UserSignedIn(logger, session.Name, context.Scheme.Name);
    }

    private AuthenticationFailureException? FindFailure(UserSession session, PendingLogin? pending)
    {
        if (pending is null or { AccessToken: null })
        {
            return new(
                $"The login brought no access token for session '{session.Name}'. "
                + $"Set ResponseType = \"code\" on the OpenID Connect scheme '{session.OpenIdConnectScheme}', "
                + "and let its handler redeem the code.");
        }

        // The configuration may have changed since the session was created, and be wrong.
        var current = sessions.FindOptions(session.Name) ?? options.Get(session.Name);
        if (pending.NeedsProof(current.Scheme))
        {
            return new(
                $"The provider issued an access token for session '{session.Name}' that needs a proof of possession. "
                + "Request a bearer token.");
        }

        if (pending.RefreshToken is null && session.Options.RequireRefreshToken)
        {
            var advice = "Allow the scope offline_access for this client and this user at the provider, "
                + "or set RequireRefreshToken = false: then a login ends with its access token.";
            Log.LoginWithoutRefreshToken(logger, session.Name, advice);
            return new($"The provider issued no refresh token for session '{session.Name}'. {advice}");
        }

        return null;
    }
}
